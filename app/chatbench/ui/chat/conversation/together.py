"""Lanes that scroll as one: in the same turn, or with their answers at the same height."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer

from chatbench.ui.chat.transcript.stack import FOOT

if TYPE_CHECKING:
    from chatbench.ui.chat.conversation.lane import LaneView
    from chatbench.ui.chat.conversation.lanes import Lanes

_LEAVING: Final = 24
"""Of a message that has no more than so many pixels in view, the end is past."""


class Together(QObject):
    """How the lanes of one conversation follow each other; `linked` says whether they do."""

    def __init__(self, lanes: Lanes) -> None:
        super().__init__(lanes)
        self._lanes = lanes
        self._linking = False
        self.linked = True
        self._aligned = False
        self._aligning = QTimer(self, singleShot=True, interval=0)
        self._aligning.timeout.connect(self._align_again)

    def watch(self, view: LaneView) -> None:
        """A lane that others follow, and that follows them."""
        view.scrolled.connect(lambda: self._scrolled(view))
        view.transcript.reshaped.connect(self.align_soon)

    def link(self, linked: bool) -> None:
        """Whether all scroll together."""
        self.linked = linked
        if linked and not self._lanes.alone:
            self._scrolled(self._lanes.current)

    def align(self, aligned: bool) -> None:
        """Whether the answers of the turn in view begin at the same height while all scroll together."""
        self._aligned = aligned
        self.align_soon()

    def align_soon(self) -> None:
        """Answers are higher or lower than they were."""
        self._aligning.start()

    def _align_again(self) -> None:
        self._level()
        glides = any(view.transcript.scrolling.gliding for view in self._lanes.views)
        if self._aligned and self.linked and not self._lanes.alone and not glides:
            self._scrolled(self._lanes.current)

    def _level(self) -> None:
        """Room below the last answers, so that the lower ones can stand beside the highest."""
        heights: dict[LaneView, float] = {}
        for view in self._lanes.views:
            view.transcript.arrange()
            stack = view.transcript.stack
            if self._aligned and not self._lanes.alone and stack.ids:
                heights[view] = round(stack.height_of(len(stack.ids) - 1))
        most = max(heights.values(), default=0.0)
        for view in self._lanes.views:
            room = view.transcript.viewport().height() - 2 * FOOT
            missing = min(most, room) - heights.get(view, most)
            view.transcript.scrolling.set_foot(FOOT + max(0.0, missing))

    def show_turn(self, turn_id: str) -> None:
        """Shows a turn in every lane that has it."""
        linking, self._linking = self._linking, True
        try:
            for view in self._lanes.views:
                view.show_turn(turn_id)
        finally:
            self._linking = linking
        self._lanes.scrolled.emit()

    def _scrolled(self, view: LaneView) -> None:
        if self._linking:
            return
        if self.linked and not self._lanes.alone:
            self._linking = True
            try:
                self._bring_along(view)
            finally:
                self._linking = False
        self._lanes.scrolled.emit()

    def _bring_along(self, leader: LaneView) -> None:
        """The others stand in the same turn, as far into it as they can; the end is the end of all."""
        if self._aligned:
            self._level()
        if leader.transcript.place() is None:
            for view in self._lanes.views:
                if view is not leader and not view.transcript.stack.following:
                    view.transcript.stack.follow()
                    view.transcript.moved()
            return
        if self._aligned and self._bring_beside(leader):
            return
        stack = leader.transcript.stack
        # What is about to leave is read no more: the one below it leads.
        row = next((one for one in stack.rows if one.top + stack.height_of(one.index) > _LEAVING), None)
        message = leader.source.message(stack.ids[row.index]) if row is not None else None
        for view in self._lanes.views:
            if view is leader or message is None or row is None:
                continue
            same = next(
                (m for m in view.source.path if m.turn_id == message.turn_id and m.role == message.role), None
            )
            if same is not None and row.top > 0:
                view.transcript.show_message(same.id)
            elif same is not None:
                view.transcript.go_to_place(same.id, -row.top)

    def _bring_beside(self, leader: LaneView) -> bool:
        """The answers of the turn in view begin at one height; False where there is none in view."""
        leader.transcript.arrange()
        message, stack = leader.answer_in_view(), leader.transcript.stack
        index = stack.index_of(message.id) if message is not None else None
        top = stack.top_of(index) if index is not None else None
        if message is None or top is None:
            return False
        for view in self._lanes.views:
            same = view.answer_to(message.turn_id)
            if view is not leader and same is not None:
                view.transcript.scrolling.show_at(same.id, top)
        return True
