"""The pane of one conversation: its lanes, and the composer below them. It shows what the services say
and asks them for everything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl, Signal
from PySide6.QtGui import QDesktopServices, QKeyEvent
from PySide6.QtWidgets import QStackedLayout, QVBoxLayout, QWidget
from shiboken6 import isValid

from chatbench.core.changes import Changes
from chatbench.core.conversations import Conversation, Lane, TreeMessage
from chatbench.core.marks import NO_MARKS
from chatbench.core.models import GUIDE, ModelRef
from chatbench.services import Services
from chatbench.services.history import Extent
from chatbench.ui.aio import Rereading, spawn
from chatbench.ui.chat.composer import Composer, DropZone
from chatbench.ui.chat.conversation.acts import MessageActs
from chatbench.ui.chat.conversation.aligning import FootAligning
from chatbench.ui.chat.conversation.attached import AttachedFiles
from chatbench.ui.chat.conversation.comparebar import CompareBar
from chatbench.ui.chat.conversation.comparison import Comparison
from chatbench.ui.chat.conversation.drafts import Drafts
from chatbench.ui.chat.conversation.edits import Edits
from chatbench.ui.chat.conversation.firstpage import FirstPage
from chatbench.ui.chat.conversation.lane import LaneView
from chatbench.ui.chat.conversation.lanechanges import LaneChanges
from chatbench.ui.chat.conversation.lanes import Lanes
from chatbench.ui.chat.conversation.prompts import Prompting
from chatbench.ui.chat.conversation.questions import Questions
from chatbench.ui.chat.conversation.queue import Queue
from chatbench.ui.chat.conversation.room import Room
from chatbench.ui.chat.conversation.source import ConversationSource
from chatbench.ui.chat.conversation.turns import Turns, shared_questions
from chatbench.ui.chat.conversation.turnstrip import TurnStrip
from chatbench.ui.chat.conversation.urging import Urging
from chatbench.ui.chat.saving import save_text
from chatbench.ui.chat.temporary import TemporaryLine
from chatbench.ui.chat.transcript.view import TranscriptView
from chatbench.ui.widgets import Surface

if TYPE_CHECKING:
    from chatbench.ui.window import MainWindow

FIRST_SCREEN = 40
"""Messages that are read before anything else: more than any screen holds."""


class ConversationView(Surface):
    """Made with the tail of a conversation (its last messages, whole).

    Signals: `changed` when title, state or lane have changed; `selected(message)` for the
    inspector; `provider_wanted(id)` when a key is missing; `conversation_wanted(id)` to show another."""

    changed = Signal()
    selected = Signal(object)
    provider_wanted = Signal(str)
    conversation_wanted = Signal(str)
    prompt_wanted = Signal(str)
    case_wanted = Signal(str)
    hands_on = False
    """Whether somebody takes what is wanted for the workbench."""

    def __init__(self, services: Services, window: MainWindow, conversation: Conversation) -> None:
        super().__init__("page")
        self.services = services
        self.window_frame = window
        self.conversation = conversation
        self.acts = MessageActs(self)
        self.files = AttachedFiles(self)
        self.compare = Comparison(self)
        self.lanes = Lanes(services, self)
        self.lanes.added.connect(self._listen_to)
        self.bar = CompareBar(self)
        self.strip = TurnStrip(self)
        self.composer = Composer(services, self, conversation_id=conversation.id)
        self.queue = Queue(self)
        self.prompting = Prompting(self)
        self._reading = Rereading(self._read, self, "reload")
        self.marks = NO_MARKS
        self.questions = Questions(self)
        self.changes = LaneChanges(self)
        self.drafts = Drafts(services, self.composer, conversation.id, self)
        self.turns = Turns(self)
        self.edits = Edits(self)
        self._foot = QWidget(self)
        QVBoxLayout(self._foot).setSpacing(8)
        self._aligning = FootAligning(self, self._foot)
        self.lanes.set_lanes(conversation.lanes)
        self._lay_out()
        self._connect()
        Urging(self)
        self.room = Room(self)
        self.drop_zone = DropZone(self, self.composer, services)
        self._disconnect = services.changes.connect(self._services_changed)

    @property
    def id(self) -> str:
        return self.conversation.id

    @property
    def lane(self) -> Lane:
        """The lane the reader has turned to."""
        return self.lanes.current.lane

    @property
    def source(self) -> ConversationSource:
        """The messages of that lane."""
        return self.lanes.current.source

    @property
    def transcript(self) -> TranscriptView:
        """The words of that lane."""
        return self.lanes.current.transcript

    @property
    def temporary(self) -> bool:
        """Whether nothing of it is written down."""
        return self.conversation.summary.temporary

    @property
    def streaming(self) -> bool:
        return bool(self.services.chat.live_in(self.id))

    @property
    def is_blank(self) -> bool:
        """Nothing was said here yet, and nothing is about to be."""
        return self.drafts.blank and not self.questions.any and not self.conversation.messages

    @property
    def is_unchosen(self) -> bool:
        """Nothing was said to the one lane, and its model is nobody's choice for this chat."""
        given = self.lane.model in (None, GUIDE, self.services.models.default())
        fresh = self.lanes.alone and not self.conversation.messages and not self.asking
        return fresh and given and not self.lane.system and not self.changes.any

    @property
    def asking(self) -> bool:
        """A question is on its way to the store."""
        return self.questions.under_way

    def _lay_out(self) -> None:
        self._upper = QStackedLayout()
        self._upper.addWidget(self.lanes)
        foot = self._foot.layout()
        assert foot is not None
        foot.addWidget(self.queue.list)
        foot.addWidget(self.composer)
        self.bar.hide()
        self.strip.hide()
        column = QVBoxLayout()
        column.setSpacing(0)
        self.set_layout(column)
        if self.temporary:
            column.addWidget(TemporaryLine(self))
        column.addWidget(self.bar)
        column.addWidget(self.strip)
        column.addLayout(self._upper, 1)
        column.addWidget(self._foot)
        self.window_frame.notices.stand_above(self._foot)
        self.first_page = FirstPage(self, self._upper, self._aligning)
        self._measure()

    def _connect(self) -> None:
        self.compare.listen()
        self.lanes.current_changed.connect(self._turned)
        self.strip.files_wanted.connect(self.files.show_question)
        self.strip.menu_wanted.connect(
            lambda at: self.acts.show_menu(self.lanes.current, self.strip.question, at)
        )
        composer = self.composer
        composer.send_requested.connect(lambda _draft: self._send())
        composer.add_requested.connect(self.acts.add)
        composer.stop_requested.connect(self.stop)
        self.queue.listen()
        composer.model_chosen.connect(self.choose_model)
        composer.lane_turned_to.connect(self._turn_to_lane)
        composer.lane_added.connect(self.compare.add_lane)
        composer.model_named.connect(self.compare.name_model)
        composer.effort_chosen.connect(self.changes.choose_effort)
        composer.edit_last_requested.connect(lambda: self.edits.edit_last(self.lanes.current))
        composer.key_wanted.connect(self.provider_wanted)

    def _listen_to(self, lane: LaneView) -> None:
        self.acts.listen(lane)
        self.files.listen(lane)
        for part in (lane.head, lane.foot):
            self.window_frame.notices.keep_clear(part)
        transcript = lane.transcript
        self._aligning.watch(transcript.viewport())
        transcript.link_chosen.connect(self.open_address)
        transcript.page_chosen.connect(self.open_address)
        transcript.set_line_numbers(self.services.preferences.current.line_numbers)
        transcript.line_numbers_changed.connect(lambda on: self.compare.keep(line_numbers=on))
        transcript.save_requested.connect(
            lambda text, name: spawn(save_text(self, text, name), owner=self, name="save-code")
        )
        lane.head.model_clicked.connect(lambda: self._pick_for(lane))
        self.compare.listen_to(lane)
        lane.foot.stop_clicked.connect(lambda: self.stop_lane(lane))

    # What is shown.

    def open(self) -> None:
        """Shows the end it was made with, then reads how all of it hangs together."""
        self._show(self.conversation, {}, self.conversation.messages)
        self.drafts.open(self.conversation)
        self.reload()

    async def show_message(self, message_id: str) -> None:
        """Scrolls to a message, in whatever lane and on whatever branch it stands."""
        await self._reading.ended()
        message = next((one for one in self.conversation.messages if one.id == message_id), None)
        if message is None:
            return
        self.acts.is_back(message_id)
        lane = next((one for one in self.lanes.views if message in one.source.path), None)
        if lane is None:
            lane = self.lanes.view(message.lane_id) or self.lanes.current
            self.changes.move(lane, self.conversation.newest_leaf(message_id, lane.id))
            await self.changes.settled()
            self.reload()
            await self._reading.ended()
        self.lanes.turn_to(lane)
        if message_id in lane.source.ids():
            lane.transcript.show_message(message_id)
        else:
            self.lanes.together.show_turn(message.turn_id)

    async def return_to(self, message_id: str, pixels: float) -> None:
        """Scrolls to where the reader was, when all of the conversation is known."""
        await self._reading.ended()
        if isValid(self):
            self.transcript.go_to_place(message_id, pixels)

    def reload(self) -> None:
        """Reads the outline again; several calls in a row read once."""
        self._reading.again()

    async def _read(self) -> None:
        history = self.services.history
        await self.changes.settled()
        writing = self.changes.writing
        conversation = await history.outline(self.id)
        extents = await history.extents(self.id)
        self.marks = await self.services.context.marks(self.id)
        stale: dict[str, None] = {}
        for lane in conversation.lanes:
            if (view := self.lanes.view(lane.id)) is not None:
                view.source.marks = self.marks
                stale |= dict.fromkeys(view.source.stale(conversation, lane))
        fresh = await history.messages(list(stale)) if stale else ()
        if self.changes.writing is not writing:
            await self._read()
            return
        self._show(conversation, extents, fresh)

    def _show(
        self, conversation: Conversation, extents: Mapping[str, Extent], fresh: Sequence[TreeMessage]
    ) -> None:
        self.conversation = conversation
        self.lanes.set_lanes(conversation.lanes)
        shared = shared_questions(conversation)
        for view in self.lanes.views:
            view.show_lane(conversation, conversation.lane(view.id), extents, fresh, shared)
            view.set_reading_width(self.services.preferences.current.reading_width)
        self.turns.forget()
        self.bar.setVisible(not self.lanes.alone)
        self.show_lanes()
        self.first_page.show()
        self.turns.show()
        self.queue.refresh()
        self.edits.refresh()
        self.compare.refresh()

    def show_lanes(self) -> None:
        """Which lanes there are, in which order, and whether their models' names are shown."""
        self.lanes.set_lanes(self.conversation.lanes)
        self.bar.set_lanes([(one.id, one.letter) for one in self.lanes.views])
        self.show_lane()
        self.changed.emit()

    @property
    def names_hidden(self) -> bool:
        """Blind mode: nothing may tell which lane is which model."""
        return self.compare.judging.hidden

    def show_lane(self) -> None:
        """The composer follows the current lane."""
        self.composer.set_model(self.lane.model or GUIDE)
        self.composer.set_lanes(
            [(one.id, one.letter, one.lane.model or GUIDE) for one in self.lanes.views],
            self.lane.id,
            blind=self.names_hidden,
        )
        self.composer.set_parameters(self.lane.parameters)
        self.composer.set_streaming(self.streaming or self.asking)
        spawn(self._show_context(), owner=self, name="context")

    async def _show_context(self) -> None:
        lanes = {one.id: one.lane for one in self.lanes.views} | {self.lane.id: self.lane}
        count = self.services.chat.context_tokens
        tokens = {lane: await count(self.id, one) for lane, one in lanes.items()}
        self.composer.set_context_tokens(tokens[self.lane.id], tokens)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        over = any(lane.transcript.hasFocus() for lane in self.lanes.views)
        if not (over and self.composer.type_on(event)):
            super().keyPressEvent(event)

    def _turned(self) -> None:
        """Composer and inspector follow the lane the reader turns to."""
        self.show_lane()
        self.turns.show()
        self.changed.emit()

    def _services_changed(self, changes: Changes) -> None:
        if self.id in changes.conversations:
            self.reload()
        elif changes.preferences:
            self._measure()
            self.compare.take_preferences()

    # What is asked for.

    def _send(self) -> None:
        """What stands in the composer leaves it, and comes back where it cannot be written."""
        if not self.asking:
            self.questions.ask_with(self.drafts.take())

    async def settled(self) -> None:
        """Waits until the question on its way and a change of the lane are in the store."""
        await self.questions.settled()
        await self.changes.settled()

    def stop(self) -> None:
        """Stops every answer of this conversation."""
        self.services.chat.stop(self.id)

    def stop_lane(self, lane: LaneView) -> None:
        """Stops the answer of one lane; the others go on."""
        for answer in self.services.chat.live_in(self.id):
            if answer.message.lane_id == lane.id:
                answer.stop()

    def _turn_to_lane(self, lane_id: str) -> None:
        view = self.lanes.view(lane_id)
        if view is not None:
            self.lanes.turn_to(view)

    def _pick_for(self, lane: LaneView) -> None:
        self.lanes.turn_to(lane)
        self.composer.open_picker()

    def choose_model(self, model: ModelRef) -> None:
        """From here on the current lane goes to another model."""
        self.changes.choose_model(model)

    def change_lane(self, lane: Lane) -> None:
        """The inspector's way to change system prompt and parameters."""
        self.changes.change(lane)

    def open_find(self) -> None:
        """Shows the bar that searches this conversation, all of it."""
        self.transcript.open_find()
        spawn(self._prepare_find(), owner=self, name="prepare-find")

    async def _prepare_find(self) -> None:
        await self.source.prepare_find()
        self.transcript.search(self.transcript.find_bar.field.text())

    def open_address(self, url: str) -> None:
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
        now = self.services.preferences.current
        for lane in self.lanes.views:
            lane.set_reading_width(now.reading_width)
            lane.transcript.set_line_numbers(now.line_numbers)
        self._aligning.apply()
