"""The pane of one conversation. It shows what the services say and asks them for everything."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPoint, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QMenu, QStackedLayout, QVBoxLayout, QWidget

from chatbench.core.changes import Changes
from chatbench.core.conversations import Conversation, Draft, Lane, TreeMessage
from chatbench.core.messages import TextPart
from chatbench.core.models import GUIDE, Effort, ModelRef
from chatbench.services import Services
from chatbench.services.chat import Turn
from chatbench.services.history import Extent
from chatbench.ui.aio import spawn
from chatbench.ui.chat.composer import Composer, DropZone
from chatbench.ui.chat.conversation.drafts import Drafts
from chatbench.ui.chat.conversation.saving import save_text
from chatbench.ui.chat.conversation.source import ConversationSource
from chatbench.ui.chat.picker import ModelPicker
from chatbench.ui.chat.transcript.frame import frame_for
from chatbench.ui.chat.transcript.links import ask_before_opening
from chatbench.ui.chat.transcript.view import TranscriptView
from chatbench.ui.widgets import Surface, announce

if TYPE_CHECKING:
    from chatbench.ui.window import MainWindow

EDGE = 16
FIRST_SCREEN = 40
"""Messages that are read before anything else: more than any screen holds."""


def welcome_title() -> str:
    """What the very first chat is called until something is asked in it."""
    return QCoreApplication.translate("ConversationView", "Welcome")


class ConversationView(Surface):
    """Made with the tail of a conversation (its last messages, whole).

    Signals: `changed` when title, state or lane have changed; `selected(message)` for the
    inspector; `provider_wanted(id)` when a key is missing."""

    changed = Signal()
    selected = Signal(object)
    provider_wanted = Signal(str)

    def __init__(self, services: Services, window: MainWindow, conversation: Conversation) -> None:
        super().__init__("page")
        self.services = services
        self.window_frame = window
        self.conversation = conversation
        self.lane: Lane = conversation.lanes[0]
        self.source = ConversationSource(services, self)
        self.transcript = TranscriptView(self)
        self.composer = Composer(services, self)
        self._welcome: QWidget | None = None
        self._loading: asyncio.Task[None] | None = None
        self._stale = False
        self._asking: asyncio.Task[None] | None = None
        self._lane_write: asyncio.Task[None] | None = None
        self.drafts = Drafts(services, self.composer, conversation.id, self)
        self._lay_out()
        self._connect()
        self.drop_zone = DropZone(self, self.composer, services)
        self._disconnect = services.changes.connect(self._services_changed)

    @property
    def id(self) -> str:
        return self.conversation.id

    @property
    def streaming(self) -> bool:
        return bool(self.services.chat.live_in(self.id))

    @property
    def is_blank(self) -> bool:
        """Nothing was said here yet, and nothing is about to be."""
        return self.drafts.blank and self._asking is None and not self.conversation.messages

    @property
    def asking(self) -> bool:
        """A question is on its way to the store."""
        return self._asking is not None and not self._asking.done()

    def _lay_out(self) -> None:
        self._upper = QStackedLayout()
        self._upper.addWidget(self.transcript)
        self._foot = QWidget(self)
        QHBoxLayout(self._foot).addWidget(self.composer)
        # The scroll bar has its room from the start: nothing moves aside when it is first needed.
        self.transcript.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.transcript.viewport().installEventFilter(self)
        column = QVBoxLayout()
        column.setSpacing(0)
        self.set_layout(column)
        column.addLayout(self._upper, 1)
        column.addWidget(self._foot)
        self.window_frame.notices.stand_above(self._foot)
        self._measure()

    def _connect(self) -> None:
        self.source.loaded.connect(self.transcript.loaded)
        self.source.thumbnail_ready.connect(self.transcript.thumbnail_ready)
        self.transcript.set_source(self.source)
        self.transcript.action_requested.connect(self._act)
        self.transcript.more_requested.connect(self._show_menu)
        self.transcript.link_chosen.connect(self._open_address)
        self.transcript.save_requested.connect(
            lambda text, name: spawn(save_text(self, text, name), owner=self, name="save-code")
        )
        self.transcript.find_bar.closed.connect(self.source.forget_find)
        composer = self.composer
        composer.send_requested.connect(lambda _draft: self._send())
        composer.stop_requested.connect(self.stop)
        composer.model_chosen.connect(self.choose_model)
        composer.effort_chosen.connect(self._choose_effort)
        composer.edit_last_requested.connect(self._edit_last)
        composer.edit_cancelled.connect(self.drafts.end_edit)
        composer.key_wanted.connect(self.provider_wanted)

    # What is shown.

    def open(self) -> None:
        """Shows the end it was made with, then reads how all of it hangs together."""
        self._show(self.conversation, self.lane, {}, self.conversation.messages)
        self.drafts.open(self.conversation)
        self.reload()

    async def show_message(self, message_id: str) -> None:
        """Scrolls to a message, on whatever branch it stands."""
        if self._loading is not None:
            await asyncio.wait({self._loading})
        if message_id not in self.source.ids():
            if all(message.id != message_id for message in self.conversation.messages):
                return
            self._move_to(self.conversation.newest_leaf(message_id))
            await self._lane_settled()
            self.reload()
            assert self._loading is not None
            await asyncio.wait({self._loading})
        self.transcript.show_message(message_id)

    def lane_of(self, conversation: Conversation) -> Lane:
        """This pane's lane in a newly read conversation."""
        return next((one for one in conversation.lanes if one.id == self.lane.id), conversation.lanes[0])

    def reload(self) -> None:
        """Reads the outline again; several calls in a row read once."""
        self._stale = True
        if self._loading is None or self._loading.done():
            self._loading = spawn(self._read_while_stale(), owner=self, name="reload")

    async def _read_while_stale(self) -> None:
        while self._stale:
            self._stale = False
            await self._read()

    async def _lane_settled(self) -> None:
        """Waits until a change of the lane is written: whoever reads before would undo it."""
        while (writing := self._lane_write) is not None and not writing.done():
            await asyncio.wait({writing})

    async def _read(self) -> None:
        history = self.services.history
        await self._lane_settled()
        writing = self._lane_write
        conversation = await history.outline(self.id)
        extents = await history.extents(self.id)
        lane = self.lane_of(conversation)
        stale = self.source.stale(conversation, lane)
        fresh = await history.messages(stale) if stale else ()
        if self._lane_write is not writing:
            await self._read()
            return
        self._show(conversation, lane, extents, fresh)

    def _show(
        self,
        conversation: Conversation,
        lane: Lane,
        extents: Mapping[str, Extent],
        fresh: Sequence[TreeMessage],
    ) -> None:
        self.conversation, self.lane = conversation, lane
        self.source.show(conversation, lane, extents, fresh)
        self.transcript.refresh()
        self._show_lane()
        self._show_welcome()
        self.changed.emit()

    def _show_lane(self) -> None:
        model = self.lane.model or GUIDE
        self.composer.set_model(model)
        self.composer.set_parameters(self.lane.parameters)
        self.composer.set_streaming(self.streaming or self.asking)
        spawn(self._show_context(), owner=self, name="context")

    async def _show_context(self) -> None:
        tokens = await self.services.chat.context_tokens(self.id, self.lane)
        self.composer.set_context_tokens(tokens)

    def _show_welcome(self) -> None:
        """The guide's first page stands in an empty chat with the guide."""
        wanted = self.lane.model == GUIDE and not self.source.ids()
        if wanted and self._welcome is None:
            from chatbench.ui.chat.welcome import WelcomeView

            welcome = WelcomeView(self.services, self)
            welcome.model_chosen.connect(self.choose_model)
            welcome.question_asked.connect(lambda text: self._ask(partial(self._asked, Draft(text=text))))
            welcome.provider_wanted.connect(self.provider_wanted)
            welcome.link_activated.connect(self._ask_about_link)
            welcome.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
            self._welcome = welcome
            self._upper.addWidget(welcome)
        if self._welcome is not None:
            self._upper.setCurrentWidget(self._welcome if wanted else self.transcript)

    def _services_changed(self, changes: Changes) -> None:
        if self.id in changes.conversations:
            self.reload()
        elif changes.preferences:
            self._measure()

    # What is asked for.

    def _send(self) -> None:
        """What stands in the composer leaves it, and comes back where it cannot be written."""
        if not self.asking:
            draft = self.drafts.take()
            self._ask(partial(self._asked, draft), draft)

    async def _asked(self, draft: Draft) -> Turn:
        if not self.conversation.messages and self.conversation.summary.title == welcome_title():
            # It was the guide's own title; the question names the chat.
            await self.services.history.rename(self.id, "")
        return await self.services.chat.send(self.id, draft, initiator=self)

    def _ask(self, ask: Callable[[], Awaitable[Turn]], taken: Draft | None = None) -> None:
        """Begins a turn, one at a time. It is begun even if this pane is closed meanwhile."""
        if self.asking:
            return
        self.composer.set_streaming(True)
        self.transcript.jump_to_end()
        self._asking = self.drafts.sending = spawn(self._begin(ask, taken), name="ask")

    async def _begin(self, ask: Callable[[], Awaitable[Turn]], taken: Draft | None) -> None:
        try:
            await self._lane_settled()
            turn = await ask()
        except BaseException:
            if taken is not None:
                self.drafts.give_back(taken)
            self.composer.set_streaming(self.streaming)
            raise
        if taken is not None:
            self.drafts.sent(taken)
        self.reload()
        spawn(self._await_end(turn), owner=self, name="answer")

    async def _await_end(self, turn: Turn) -> None:
        await self.services.chat.wait(turn)
        self._announce_end(turn.answers[0].message)

    def _announce_end(self, message: TreeMessage) -> None:
        words = {
            "done": self.tr("The answer is complete."),
            "stopped": self.tr("The answer was stopped."),
            "interrupted": self.tr("The answer was interrupted."),
            "failed": self.tr("The answer failed."),
        }.get(message.state, "")
        announce(self, words, at_once=message.state == "failed")

    def stop(self) -> None:
        """Stops every answer of this conversation."""
        self.services.chat.stop(self.id)

    def choose_model(self, model: ModelRef) -> None:
        """From here on this conversation goes to another model."""
        self._change_lane(msgspec.structs.replace(self.lane, model=model))

    def _choose_effort(self, effort: Effort | None) -> None:
        parameters = msgspec.structs.replace(self.lane.parameters, reasoning_effort=effort)
        self._change_lane(msgspec.structs.replace(self.lane, parameters=parameters))

    def change_lane(self, lane: Lane) -> None:
        """The inspector's way to change system prompt and parameters."""
        self._change_lane(msgspec.structs.replace(lane, leaf=self.lane.leaf))

    def _change_lane(self, lane: Lane) -> None:
        self.lane = lane
        self._show_lane()
        self._show_welcome()
        self._lane_write = spawn(self.services.history.update_lane(self.id, lane), name="update-lane")

    def _act(self, message_id: str, action: str) -> None:
        message = self.source.message(message_id)
        if message is None:
            return
        acts: dict[str, Callable[[], object]] = {
            "regenerate": partial(self._regenerate, message),
            "retry": partial(self._regenerate, message),
            "edit": partial(self._edit, message),
            "previous-branch": partial(self._step_branch, message, -1),
            "next-branch": partial(self._step_branch, message, 1),
            "delete": partial(self._delete, message),
            "inspect": partial(self.selected.emit, message),
            "details": partial(self.selected.emit, message),
            "retry-with": partial(self._regenerate_with, message),
            "settings": lambda: self.provider_wanted.emit((message.model or GUIDE).provider),
            "stop": self.stop,
            "retry-now": partial(self._retry_now, message),
        }
        acts[action]()

    def _show_menu(self, message_id: str, at: QPoint) -> None:
        """The rest of what can be done with a message."""
        message = self.source.message(message_id)
        if message is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if message.role == "assistant" and not self.streaming:
            menu.addAction(self.tr("Regenerate with…"), partial(self._regenerate_with, message))
        menu.addAction(self.tr("Inspect"), partial(self.selected.emit, message))
        if not self.streaming:
            menu.addSeparator()
            menu.addAction(self.tr("Delete"), partial(self._delete, message))
        menu.popup(at)

    def _regenerate(self, message: TreeMessage, model: ModelRef | None = None) -> None:
        self._ask(partial(self.services.chat.regenerate, self.id, message.id, model=model))

    def _regenerate_with(self, message: TreeMessage) -> None:
        """Asks for a model, then for another answer from it; the chat's own model stays."""
        picker = ModelPicker(self.services, self)
        picker.chosen.connect(partial(self._regenerate, message))
        picker.key_wanted.connect(self.provider_wanted)
        picker.closed.connect(picker.deleteLater)
        picker.open_for(message.model or GUIDE, self.composer.line.model)

    def open_find(self) -> None:
        """Shows the bar that searches this conversation, all of it."""
        self.transcript.open_find()
        spawn(self._prepare_find(), owner=self, name="prepare-find")

    async def _prepare_find(self) -> None:
        await self.source.prepare_find()
        self.transcript.search(self.transcript.find_bar.field.text())

    def regenerate_last(self) -> None:
        """Another answer to the last question."""
        last = self.conversation.path(self.lane.leaf)
        if last and not self.streaming:
            self._regenerate(last[-1])

    def _retry_now(self, message: TreeMessage) -> None:
        answer = self.services.chat.live(message.id)
        if answer is not None:
            answer.retry_now()

    def _edit_last(self) -> None:
        asked = [m for m in self.conversation.path(self.lane.leaf) if m.role == "user"]
        if asked:
            self._edit(asked[-1])

    def _edit(self, message: TreeMessage) -> None:
        spawn(self._begin_edit(message.id), owner=self, name="begin-edit")

    async def _begin_edit(self, message_id: str) -> None:
        for message in await self.services.history.messages([message_id]):
            others = tuple(part for part in message.parts if not isinstance(part, TextPart))
            self.drafts.edit(Draft(text=message.text, attachments=others, edits=message_id))
            self.composer.setFocus()

    def _step_branch(self, message: TreeMessage, step: int) -> None:
        siblings = self.conversation.siblings(message.id)
        at = next(n for n, one in enumerate(siblings) if one.id == message.id) + step
        if 0 <= at < len(siblings):
            self._move_to(self.conversation.newest_leaf(siblings[at].id))

    def _move_to(self, leaf: str) -> None:
        moving = self.services.history.move_lane(self.id, self.lane.id, leaf)
        self._lane_write = spawn(moving, name="move-lane")

    def _delete(self, message: TreeMessage) -> None:
        async def hide() -> None:
            await self.services.history.delete_message(self.id, message.id)
            self.window_frame.notices.show_notice(self.tr("Message deleted."), action=(self.tr("Undo"), undo))

        def undo() -> None:
            spawn(self.services.history.undelete_message(self.id, message.id), name="undelete")

        spawn(hide(), name="delete-message")

    def _ask_about_link(self, url: str) -> None:
        dialog = ask_before_opening(url, url, self)
        if dialog is not None:
            dialog.chosen.connect(self._open_address)

    def _open_address(self, url: str) -> None:
        """The reader has seen where it leads."""
        QDesktopServices.openUrl(QUrl(url))

    # What is kept.

    async def save_draft(self) -> None:
        """Keeps what is written here and not sent. Raises StorageError."""
        await self.drafts.save()

    def release(self) -> None:
        """Stops listening; the answers go on without this pane."""
        self._disconnect()

    def focus_composer(self) -> None:
        self.composer.setFocus()

    def _measure(self) -> None:
        self.transcript.set_reading_width(self.services.preferences.current.reading_width)
        self._align()

    def _align(self) -> None:
        """The composer spans what the words and the facts beside them span above it."""
        viewport = self.transcript.viewport()
        frame = frame_for(viewport.width())
        left = viewport.x() + min(frame.column_x, frame.margin_x)
        right = viewport.x() + max(frame.column_x + frame.column, frame.margin_x + frame.margin)
        layout = self._foot.layout()
        assert layout is not None
        layout.setContentsMargins(left, 0, max(EDGE, self.transcript.width() - right), 6)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Move):
            self._align()
        return False

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.LayoutDirectionChange, QEvent.Type.StyleChange):
            self._align()
