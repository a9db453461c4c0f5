"""What the reader does with the lanes: adds and closes them, continues with one of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QMenu

from chatbench.core.models import ModelRef
from chatbench.ui.aio import spawn
from chatbench.ui.chat.conversation.contrast import Contrast
from chatbench.ui.chat.conversation.judging import Judging

if TYPE_CHECKING:
    from chatbench.ui.chat.conversation.lane import LaneView
    from chatbench.ui.chat.conversation.lanes import Arrangement
    from chatbench.ui.chat.conversation.view import ConversationView


class Comparison(QObject):
    """The acts on the lanes of one conversation."""

    def __init__(self, view: ConversationView) -> None:
        super().__init__(view)
        self._view = view
        self._services = view.services
        self.judging = Judging(view)
        self.contrast = Contrast(view)

    def listen(self) -> None:
        """Does what the line above the lanes offers."""
        bar, lanes = self._view.bar, self._view.lanes
        bar.linked_changed.connect(lanes.link)
        bar.arrangement_chosen.connect(self._arrange)
        self.judging.listen()
        self.contrast.listen()
        self.judging.hidden_changed.connect(bar.set_hidden)

    def listen_to(self, lane: LaneView) -> None:
        """Does what the head and the foot of a lane offer."""
        lane.head.menu_wanted.connect(lambda: self.show_lane_menu(lane))
        lane.foot.continue_clicked.connect(lambda: self.continue_with(lane))
        lane.foot.ask_clicked.connect(lambda: self.ask_too(lane))
        self.judging.listen_to(lane)
        self.contrast.listen_to(lane)

    def refresh(self) -> None:
        """The conversation was read anew."""
        self._view.bar.set_busy(self._view.streaming)
        self.judging.refresh()
        self.contrast.refresh()

    def _arrange(self, arrangement: Arrangement) -> None:
        self._view.lanes.arrange(arrangement)
        self._view.bar.set_arrangement(arrangement)

    def show_leaderboard(self) -> None:
        """Which models' answers were rated best, in all chats."""
        from chatbench.ui.chat.conversation.leaderboard import Leaderboard

        Leaderboard(self._services, self._view).open()

    def add_lane(self, model: ModelRef) -> None:
        """One more lane, which stands where the current one stands."""
        view = self._view
        adding = self._services.lanes.add(view.id, model=model, like=view.lane.id)
        self._write(adding, "add-lane")

    def ask_too(self, lane: LaneView) -> None:
        """Has a lane that was added later answer the question the others have answered."""
        message = lane.answer_in_view()
        if message is not None:
            view = self._view
            view.ask(partial(self._services.chat.regenerate, view.id, message.id, lanes=(lane.id,)))

    def close(self, lane: LaneView) -> None:
        """Takes a lane away; its branch stays in the tree. With Undo."""
        closing = self._services.lanes.close(self._view.id, lane.id)
        words = self.tr("Lane {0} closed. Its answers stay as branches.").format(lane.letter)
        self._write(self._with_undo(closing, words), "close-lane")

    def continue_with(self, lane: LaneView) -> None:
        """Goes on with the answer in view in this lane alone. With Undo."""
        message = lane.answer_in_view()
        if message is None:
            return
        words = self.tr("The chat goes on with {0}. The other answers stay as branches.").format(lane.letter)
        going_on = self._services.lanes.continue_with(self._view.id, message.id)
        self._write(self._with_undo(going_on, words), "continue-with")

    async def _with_undo(self, closing: Awaitable[tuple[str, ...]], words: str) -> None:
        view, lanes = self._view, self._services.lanes
        closed = await closing

        def undo() -> None:
            self._write(lanes.reopen(view.id, *closed), "reopen-lanes")

        if closed:
            view.window_frame.notices.show_notice(words, action=(self.tr("Undo"), undo))

    def _write(self, work: Awaitable[object], name: str) -> None:
        async def done() -> None:
            await work

        spawn(done(), name=name)

    def show_lane_menu(self, lane: LaneView) -> None:
        """Everything that can be done with a lane."""
        menu = QMenu(self._view)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for acts in (self._lane_acts(lane), self._compare_acts(lane)):
            for words, act, offered in acts:
                action = menu.addAction(words, act)
                action.setEnabled(offered)
            menu.addSeparator()
        more = lane.head.more
        menu.popup(more.mapToGlobal(more.rect().bottomLeft()))

    def _compare_acts(self, lane: LaneView) -> list[tuple[str, Callable[[], object], bool]]:
        offered = not self._view.names_hidden
        words = self.tr("Settings that differ from lane {0}…")
        return [
            (words.format(other.letter), partial(self.contrast.show_settings, lane, other), offered)
            for other in self._view.lanes.views
            if other is not lane
        ]

    def _lane_acts(self, lane: LaneView) -> list[tuple[str, Callable[[], object], bool]]:
        message = lane.answer_in_view()
        streaming = lane.live() is not None
        answered = message is not None and not streaming
        return [
            (self.tr("Regenerate"), partial(self._regenerate, lane), answered),
            (self.tr("Stop"), partial(self._view.stop_lane, lane), streaming),
            (self.tr("Continue with this lane"), partial(self.continue_with, lane), answered),
            (self.tr("Close this lane"), partial(self.close, lane), not streaming),
        ]

    def _regenerate(self, lane: LaneView) -> None:
        message = lane.answer_in_view()
        if message is not None:
            self._view.acts.regenerate(message)
