"""What the reader does with a message: copy apart, everything the row under it and its menu offer."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtWidgets import QMenu
from shiboken6 import isValid

from chatbench.core.conversations import TreeMessage
from chatbench.core.models import GUIDE, ModelRef
from chatbench.core.params import Parameters
from chatbench.services.context import Summary
from chatbench.ui.aio import spawn
from chatbench.ui.chat.conversation.branches import branch_rows
from chatbench.ui.chat.conversation.offers import Offer, deeds, fill, offers, ways
from chatbench.ui.chat.conversation.otherwise import AskOtherwise
from chatbench.ui.chat.conversation.quoting import insert_quotation
from chatbench.ui.chat.conversation.sent import SentDialog
from chatbench.ui.chat.conversation.source import siblings_in
from chatbench.ui.chat.conversation.summarising import SummariseDialog
from chatbench.ui.chat.conversation.tree import TreeDialog
from chatbench.ui.chat.picker import ModelPicker
from chatbench.ui.chat.transcript.actions import below
from chatbench.ui.chat.transcript.outline import open_outline

if TYPE_CHECKING:
    from chatbench.ui.chat.conversation.lane import LaneView
    from chatbench.ui.chat.conversation.view import ConversationView
    from chatbench.ui.notices import Notice


_TELLING = frozenset({"details", "fork", "inspect", "settings", "ways"})
"""What would tell which model has answered."""


class MessageActs(QObject):
    """The acts of one conversation's messages, in whichever lane they are asked for."""

    def __init__(self, view: ConversationView) -> None:
        super().__init__(view)
        self._view = view
        self._services = view.services
        self._deleted: dict[str, Notice] = {}
        """What was deleted here and not taken back yet, and what says so; the last comes last."""

    def listen(self, lane: LaneView) -> None:
        """Does what is asked for in a lane."""
        lane.transcript.action_requested.connect(lambda message, action: self.act(lane, message, action))
        lane.transcript.more_requested.connect(
            lambda message_id, at: self.show_menu(lane, lane.source.message(message_id), at)
        )
        lane.transcript.menu_opening.connect(partial(self._add_to, lane))

    def show_context(self) -> None:
        """What the current lane will send next, item by item."""
        view = self._view
        if not view.compare.judging.may_tell():
            return
        dialog = SentDialog(self._services, view.id, view.lane.id, view.drafts.unsent, view)
        dialog.summary_wanted.connect(self.summarise)
        dialog.open()

    def regenerate_last(self) -> None:
        """Another answer to the last question."""
        last = self._view.source.path
        if last and not self._view.streaming:
            self.regenerate(last[-1])

    def add_draft(self, role: Literal["user", "assistant"], everywhere: bool = False) -> None:
        """What stands in the composer becomes a message that nobody is asked, if it can."""
        if self._view.composer.can_add:
            self.add(role, everywhere)

    def act(self, lane: LaneView, message_id: str, action: str) -> None:
        """Does one of the transcript's actions."""
        message = lane.source.message(message_id)
        if message is not None:
            self._do(lane, message, action)

    def _do(self, lane: LaneView, message: TreeMessage, action: str) -> None:
        view = self._view
        if action in _TELLING and not view.compare.judging.may_tell():
            return
        deeds(view, lane, message)[action]()

    def answer_meant(self, lane: LaneView) -> TreeMessage | None:
        """The answer that an action without a message is about: the one the keyboard is at, at the end of
        the words the last, else the one in view."""
        transcript = lane.transcript
        current = transcript.marks.current
        if current is not None and current < len(transcript.stack.ids):
            message = lane.source.message(transcript.stack.ids[current])
            if message is not None and message.role == "assistant":
                return message
        if transcript.stack.following or transcript.stack.at_end():
            return next((one for one in reversed(lane.source.path) if one.role == "assistant"), None)
        return lane.answer_in_view()

    # Menus.

    def show_menu(self, lane: LaneView, message: TreeMessage | None, at: QPoint) -> None:
        """All that can be done with a message."""
        if message is not None:
            menu = self._menu()
            self._fill(menu, lane, message, offers(self._view, lane, message))
            menu.popup(at)

    def _add_to(self, lane: LaneView, message_id: str, menu: QMenu) -> None:
        """The same in the menu that opens at a place of its words."""
        message = lane.source.message(message_id)
        if message is not None:
            self._fill(menu, lane, message, offers(self._view, lane, message))

    def show_ways(self, lane: LaneView, message: TreeMessage) -> None:
        """How an answer can be asked for again."""
        if not self._view.streaming:
            menu = self._menu()
            self._fill(menu, lane, message, [list(ways(message, again=False))])
            menu.popup(below(lane.transcript, message.id, "ways"))

    def _fill(self, menu: QMenu, lane: LaneView, message: TreeMessage, groups: list[list[Offer]]) -> None:
        fill(menu, groups, partial(self._do, lane, message))

    def has_outline(self, lane: LaneView) -> bool:
        """Whether the answer meant in a lane has headings enough to be listed."""
        message = self.answer_meant(lane)
        return message is not None and lane.transcript.headings.enough(message.id)

    def show_outline(self, lane: LaneView, message: TreeMessage) -> None:
        """Lists the headings of an answer, to go to one."""
        if open_outline(lane.transcript, message.id) is None:
            words = self.tr("There is no outline: the answer has fewer than three headings.")
            self._view.window_frame.notices.show_notice(words)

    def _menu(self) -> QMenu:
        menu = QMenu(self._view)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return menu

    # Asking again.

    def regenerate(
        self, message: TreeMessage, model: ModelRef | None = None, parameters: Parameters | None = None
    ) -> None:
        """Another answer beside this one."""
        view, chat = self._view, self._services.chat
        view.questions.ask(partial(chat.regenerate, view.id, message.id, model=model, parameters=parameters))

    def retry(self, lane: LaneView, message: TreeMessage) -> None:
        """The same again after a failure: another answer, or another continuation of what it continues."""
        before = message.continues
        if before and any(one.id == before for one in self._view.conversation.messages):
            chat = self._services.chat
            self._view.questions.ask(partial(chat.continue_answer, self._view.id, before, lane_id=lane.id))
        else:
            self.regenerate(message)

    def regenerate_with(self, message: TreeMessage) -> None:
        """Asks for a model, then for another answer from it; the lane's own model stays."""
        if self._view.streaming or not self._view.compare.judging.may_tell():
            return
        picker = ModelPicker(self._services, self._view)
        picker.chosen.connect(partial(self.regenerate, message))
        picker.key_wanted.connect(self._view.provider_wanted)
        picker.closed.connect(picker.deleteLater)
        picker.open_for(message.model or GUIDE, self._view.composer.line.model)

    def regenerate_otherwise(self, message: TreeMessage) -> None:
        """Asks for parameters, then for another answer with them; the lane keeps its own."""
        if not self._view.streaming and self._view.compare.judging.may_tell():
            spawn(self._ask_otherwise(message), owner=self, name="ask-otherwise")

    async def _ask_otherwise(self, short: TreeMessage) -> None:
        for message in await self._services.history.messages([short.id]):
            model = message.model or self._view.lane.model or GUIDE
            dialog = AskOtherwise(self._services, model, message.parameters, self._view)
            dialog.asked.connect(partial(self.regenerate, message))
            dialog.key_wanted.connect(self._view.provider_wanted)
            dialog.open()

    def go_on(self, lane: LaneView, message: TreeMessage) -> None:
        """Has an answer that was cut off continued, beside it."""
        view, chat = self._view, self._services.chat
        view.questions.ask(partial(chat.continue_answer, view.id, message.id, lane_id=lane.id))

    def retry_now(self, message: TreeMessage) -> None:
        """The next attempt at once, where one is waited for."""
        answer = self._services.chat.live(message.id)
        if answer is not None:
            answer.retry_now()

    # Words of one's own.

    def add(self, role: Literal["user", "assistant"], everywhere: bool) -> None:
        """What stands in the composer becomes a message of the current lane, or of all, and nobody is
        asked."""
        view = self._view
        draft, lanes = view.drafts.take(), None if everywhere else [view.lane.id]

        async def write() -> None:
            try:
                await view.settled()
                await self._services.chat.write(view.id, lanes, role, draft)
            except BaseException:
                view.drafts.give_back(draft)
                raise
            view.drafts.sent(draft)

        view.drafts.sending = spawn(write(), name="add-message")

    def quote(self, lane: LaneView, message: TreeMessage) -> None:
        """What is selected in it, or else all of it, stands as a quotation in the composer."""
        transcript = lane.transcript
        chosen, here = transcript.marks.selection, transcript.stack.index_of(message.id)
        selected = transcript.selected_text()
        if chosen is not None and {one.message for one in chosen.ordered()} == {here} and selected.strip():
            self._quote(selected)
        else:
            spawn(self._quote_whole(message.id), owner=self, name="quote")

    def quote_selection(self, lane: LaneView) -> None:
        """The same for what is selected, in however many messages; without a selection, for the answer in
        view."""
        selected = lane.transcript.selected_text()
        if selected.strip():
            self._quote(selected)
            return
        message = self.answer_meant(lane)
        if message is not None:
            self.quote(lane, message)

    async def _quote_whole(self, message_id: str) -> None:
        for message in await self._services.history.messages([message_id]):
            self._quote(message.text)

    def _quote(self, text: str) -> None:
        insert_quotation(self._view.composer.editor, text)
        self._view.composer.setFocus()

    # What is sent of it.

    def leave_out(self, message: TreeMessage) -> None:
        """Not sent from now on, or sent again."""
        context, out = self._services.context, message.id not in self._view.marks.unsent
        spawn(context.leave_out(self._view.id, message.id, out), name="leave-out")

    def summarise(self, message_id: str) -> None:
        """Asks for a summary to be sent in place of everything down to a message."""
        view = self._view
        if not view.compare.judging.may_tell():
            return
        dialog = SummariseDialog(self._services, view.id, message_id, view.lane.model or GUIDE, view)
        dialog.made.connect(self._summarised)
        dialog.key_wanted.connect(view.provider_wanted)
        dialog.open()

    def _summarised(self, summary: Summary) -> None:
        context, view = self._services.context, self._view

        def undo() -> None:
            spawn(context.unsummarise(view.id, summary.id), name="unsummarise")

        words = self.tr("From now on a summary is sent in place of what it covers.")
        view.window_frame.notices.show_notice(words, action=(self.tr("Undo"), undo))

    # Branches.

    def fork(self, lane: LaneView, message: TreeMessage) -> None:
        """A new conversation with everything down to the message; it is shown."""
        if not self._view.compare.judging.may_tell():
            return

        async def part() -> None:
            await self._view.settled()
            title = self._fork_title(self._view.conversation.summary.title)
            made = await self._services.chat.fork(self._view.id, message.id, lane_id=lane.id, title=title)
            self._view.conversation_wanted.emit(made.id)

        spawn(part(), name="fork")

    def _fork_title(self, title: str) -> str:
        """Told from the first chat's where a tab or a list shows only the beginning."""
        words = self.tr("Fork: {0}")
        return title if not title or title.startswith(words.format("")) else words.format(title)

    def step_branch(self, lane: LaneView, message: TreeMessage, step: int) -> None:
        """Shows the sibling before (-1) or after (1) a message."""
        conversation = self._view.conversation
        siblings = siblings_in(conversation, message)
        at = next(n for n, one in enumerate(siblings) if one.id == message.id) + step
        if 0 <= at < len(siblings):
            self._view.changes.move(lane, conversation.newest_leaf(siblings[at].id))

    def show_tree(self, lane: LaneView, message: TreeMessage | None = None) -> None:
        """All branches of the conversation, to jump from; the lane then shows the chosen one."""
        view = self._view
        rows = branch_rows(view.conversation, [one.id for one in lane.source.path])
        here = message or self.answer_meant(lane)
        dialog = TreeDialog(self._services, rows, here.id if here else "", view.names_hidden, view)
        dialog.chosen.connect(lambda chosen: spawn(view.show_message(chosen), owner=view, name="jump"))
        dialog.open()

    def delete(self, message: TreeMessage) -> None:
        """Hides a message, with Undo."""
        view, history = self._view, self._services.history

        async def hide() -> None:
            await history.delete_message(view.id, message.id)
            undo = self.tr("Undo"), partial(self._undelete, message.id)
            told = view.window_frame.notices.show_notice(self.tr("Message deleted."), action=undo)
            self._deleted[message.id] = told

        spawn(hide(), name="delete-message")

    def undo_delete(self) -> None:
        """Takes back the last deletion that was not taken back yet."""
        if self._deleted:
            self._undelete(next(reversed(self._deleted)))

    def is_back(self, message_id: str) -> None:
        """A message that was deleted is there again: nothing offers to bring it back any more."""
        told = self._deleted.pop(message_id, None)
        if told is not None and isValid(told):
            told.dismiss()

    def _undelete(self, message_id: str) -> None:
        self.is_back(message_id)
        spawn(self._services.history.undelete_message(self._view.id, message_id), name="undelete")
