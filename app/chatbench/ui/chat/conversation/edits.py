"""Messages being edited where they stand: a question to be asked again, an answer in other words."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt

from chatbench.core.conversations import Draft, TreeMessage
from chatbench.core.messages import TextPart
from chatbench.core.models import GUIDE
from chatbench.ui.aio import spawn
from chatbench.ui.chat.conversation.overlay import OverMessage, holds_focus
from chatbench.ui.chat.conversation.reasking import Reasking
from chatbench.ui.chat.conversation.rewriting import Rewriting

if TYPE_CHECKING:
    from chatbench.ui.chat.conversation.lane import LaneView
    from chatbench.ui.chat.conversation.view import ConversationView


_NO_LIMIT = 16_777_215


class Edits(QObject):
    """The one question and the one answer of a conversation that are being edited.

    A question that all lanes share is edited above them, any other in its lane. What is written is kept
    on the disk until it is sent or given up, and stands there again after a restart.
    """

    def __init__(self, view: ConversationView) -> None:
        super().__init__(view)
        self._view = view
        self._services = view.services
        self.rewriting: Rewriting | None = None
        self.reasking: Reasking | None = None
        self._over: OverMessage | None = None
        view.drafts.edit_returned.connect(self.resume)
        view.strip.edit_wanted.connect(self.edit_above)

    def refresh(self) -> None:
        """The conversation was read anew."""
        if self.rewriting is not None:
            self.rewriting.place()
        if self.reasking is not None:
            self.reasking.set_streaming(self._view.streaming or self._view.asking)
            self._stand(self.reasking)

    # A question

    def edit_last(self, lane: LaneView) -> None:
        """Edits the lane's last question."""
        asked = [m for m in lane.source.path if m.role == "user"]
        if asked:
            self.edit(asked[-1])

    def edit_in_view(self, lane: LaneView) -> None:
        """Edits the question of the turn that is looked at in a lane."""
        answer = self._view.acts.answer_meant(lane)
        turn = answer.turn_id if answer is not None else ""
        asked = [m for m in lane.source.path if m.role == "user" and turn in ("", m.turn_id)]
        if asked:
            self.edit(asked[-1])

    def edit_above(self) -> None:
        """Edits the question that stands above the lanes."""
        shown = self._view.strip.question
        if shown is not None:
            self.edit(shown)

    def edit(self, message: TreeMessage) -> None:
        """Edits a question where it stands."""
        spawn(self._edit(message.id), owner=self, name="begin-edit")

    def resume(self, draft: Draft) -> None:
        """Goes on with an edit that was begun before."""
        spawn(self._edit(draft.edits or "", draft), owner=self, name="resume-edit")

    async def _edit(self, message_id: str, draft: Draft | None = None) -> None:
        for message in await self._services.history.messages([message_id]):
            others = tuple(part for part in message.parts if not isinstance(part, TextPart))
            was = Draft(text=message.text, attachments=others, edits=message_id)
            if self.reasking is not None and self.reasking.message_id == message_id and draft is None:
                self.reasking.editor.setFocus()
                return
            self._leave()
            self._open(was, draft or was)

    def _open(self, was: Draft, draft: Draft) -> None:
        view = self._view
        info = self._services.models.info(view.lane.model or GUIDE)
        sheet = self.reasking = Reasking(self._services, view.id, was, draft, info, view)
        sheet.asked.connect(self._ask)
        sheet.saved.connect(self._save)
        sheet.changed.connect(view.drafts.keep_edit)
        sheet.left.connect(self._leave)
        sheet.grown.connect(self._place)
        sheet.set_streaming(view.streaming or view.asking)
        if not view.names_hidden:
            spawn(self._count(sheet, was.edits or ""), owner=sheet, name="reask-context")
        view.drafts.keep_edit(draft)
        self._show_turn_of(was.edits or "")
        self._stand(sheet)
        sheet.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    async def _count(self, sheet: Reasking, message_id: str) -> None:
        view = self._view
        lane = view.lane
        before = await view.services.chat.context_tokens(view.id, lane, before=message_id)
        sheet.set_before(lane.model or GUIDE, before)

    def _show_turn_of(self, message_id: str) -> None:
        """Brings the question to where it can be seen."""
        view = self._view
        message = next((one for one in view.conversation.messages if one.id == message_id), None)
        if message is None:
            return
        if view.lanes.alone:
            stack = view.transcript.stack
            index = stack.index_of(message_id)
            view.transcript.arrange()
            if index is not None and all(row.index != index for row in stack.rows):
                view.transcript.show_message(message_id)
        elif view.turns.in_view() != message.turn_id:
            view.lanes.together.show_turn(message.turn_id)

    def _stand(self, sheet: Reasking) -> None:
        """Puts it where its question is: above the lanes, over it in its lane, or nowhere now."""
        view, message_id = self._view, sheet.message_id
        shared = any(lane.source.is_shared(message_id) for lane in view.lanes.views)
        lane = next((one for one in view.lanes.views if message_id in one.source.ids()), None)
        transcript = lane.transcript if lane is not None and not shared else None
        if self._over is not None and self._over.transcript is not transcript:
            self._over.leave()
            self._over = None
        view.strip.hold(sheet if shared else None)
        if transcript is not None and self._over is None:
            sheet.setMinimumHeight(0)
            sheet.setMaximumHeight(_NO_LIMIT)
            self._over = OverMessage(sheet, transcript, message_id, sheet.height_over)
        elif not shared and transcript is None:
            sheet.setParent(view)
            sheet.hide()
        self._place()

    def _place(self) -> None:
        sheet = self.reasking
        if self._over is not None:
            self._over.place()
        elif sheet is not None and self._view.strip.held is sheet:
            sheet.setFixedHeight(sheet.height_over(0, max(160, self._view.window().height() // 3)))

    def _close(self) -> None:
        """Takes it away."""
        sheet, self.reasking = self.reasking, None
        if sheet is None:
            return
        view = self._view
        focused = holds_focus(sheet)
        if self._over is not None:
            self._over.leave()
            self._over = None
        view.strip.hold(None)
        sheet.hide()
        sheet.deleteLater()
        if focused:
            view.composer.setFocus(Qt.FocusReason.OtherFocusReason)

    def _leave(self) -> None:
        """Gives it up; what was written can be had again."""
        sheet = self.reasking
        if sheet is None:
            return
        draft = sheet.draft()
        self._close()
        self._view.drafts.keep_edit(Draft())
        if draft != sheet.was:
            words = self.tr("The question is as it was.")
            again = (self.tr("Edit further"), partial(self.resume, draft))
            self._view.window_frame.notices.show_notice(words, action=again)

    def _ask(self, draft: Draft) -> None:
        view = self._view
        if not (view.asking or view.streaming):
            self._close()
            view.drafts.take_edit()
            view.questions.ask_with(draft)

    def _save(self, draft: Draft) -> None:
        view = self._view
        self._close()
        view.drafts.take_edit()

        async def write() -> None:
            try:
                await view.settled()
                await self._services.chat.edit_question(view.id, draft)
            except BaseException:
                view.drafts.give_back(draft)
                raise
            view.drafts.sent(draft)

        view.drafts.sending = spawn(write(), name="edit-question")

    # An answer

    def rewrite(self, lane: LaneView, message: TreeMessage) -> None:
        """Its words can be changed where they stand; saving them makes a branch, marked as edited."""
        spawn(self._begin_rewriting(lane, message.id), owner=lane, name="begin-rewriting")

    async def _begin_rewriting(self, lane: LaneView, message_id: str) -> None:
        for message in await self._services.history.messages([message_id]):
            if self.rewriting is not None:
                self.rewriting.end()
            self.rewriting = Rewriting(lane.transcript, message)
            self.rewriting.saved.connect(partial(self._rewritten, lane.id))
            self.rewriting.ended.connect(self._rewriting_ended)

    def _rewriting_ended(self) -> None:
        self.rewriting = None

    def _rewritten(self, lane_id: str, message_id: str, text: str) -> None:
        async def write() -> None:
            await self._view.settled()
            await self._services.chat.edit_answer(self._view.id, message_id, text, lane_id=lane_id)

        spawn(write(), name="edit-answer")
