"""What the reader thinks of answers that stand beside each other, with the models' names or without."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from shiboken6 import isValid

from chatbench.core.conversations import TreeMessage
from chatbench.services.ratings import Rating
from chatbench.ui.aio import spawn
from chatbench.ui.widgets import announce

if TYPE_CHECKING:
    from chatbench.ui.chat.conversation.lane import LaneView
    from chatbench.ui.chat.conversation.view import ConversationView


class Judging(QObject):
    """The ratings of one conversation, and its blind mode: names, providers and prices stay hidden, and
    the lanes stand in a random order, until the answers of the last turn are rated.

    `hidden_changed`: whether names are hidden.
    """

    hidden_changed = Signal(bool)

    def __init__(self, view: ConversationView) -> None:
        super().__init__(view)
        self._view = view
        self._services = view.services
        self._ratings: dict[str, Rating] = {}
        self._asked = 0
        """How often ratings were read; only what was read last is right."""
        self._writing = asyncio.Lock()
        self._blind = False
        self._shown: set[str] = set()
        """Turns whose names were shown after they had been hidden."""
        self._spared: set[str] = set()
        """Turns that were rated while blind mode was on: they stay as they are shown."""
        self.hidden = False
        """Whether names are hidden now."""

    def listen(self) -> None:
        """Does what the line above the lanes offers."""
        self._view.bar.tie_clicked.connect(self.tie)
        self._view.bar.blind_changed.connect(self.set_blind)
        for moved in (self._view.lanes.scrolled, self._view.lanes.current_changed):
            moved.connect(self.show)

    def listen_to(self, lane: LaneView) -> None:
        """Does what a lane's foot offers."""
        lane.foot.rated.connect(lambda rating: self.rate(lane, rating))
        lane.set_blind(self.hidden)

    # Ratings

    def rate(self, lane: LaneView, rating: Rating | None) -> None:
        """Says what the answer in view of a lane is worth; None takes it back."""
        message = lane.answer_in_view()
        if message is not None:
            self._write([(message, rating or None)])

    def tie(self) -> None:
        """Says that the answers of the turn in view are equally good, but for bad ones; or takes it
        back."""
        answers = self._rateable(self._view.turn_in_view())
        tied = [one for one in answers if self._ratings.get(one.id) == "tie"]
        if tied:
            self._write([(one, None) for one in tied])
            return
        good = [one for one in answers if self._ratings.get(one.id) != "bad"]
        self._write([(one, "tie") for one in (good if len(good) > 1 else answers)])

    def _write(self, ratings: Sequence[tuple[TreeMessage, Rating | None]]) -> None:
        spawn(self._rate(ratings), name="rate")

    async def _rate(self, ratings: Sequence[tuple[TreeMessage, Rating | None]]) -> None:
        async with self._writing:
            try:
                blind = self.hidden and ratings[0][0].turn_id not in self._shown
                for message, rating in ratings:
                    await self._services.ratings.rate(message.id, rating, blind=blind)
            finally:
                if isValid(self):
                    self.refresh()

    def refresh(self) -> None:
        """The conversation, or a rating, has changed."""
        self.settle()
        if not self._view.lanes.alone:
            self._asked += 1
            spawn(self._read(self._asked), owner=self, name="ratings")

    async def _read(self, asked: int) -> None:
        found = await self._services.ratings.of_conversation(self._view.id)
        if asked != self._asked:
            return
        self._ratings = found
        self.settle()
        self.show()

    def show(self) -> None:
        """Feet and bar tell how the answers in view are rated."""
        for lane in self._view.lanes.views:
            lane.set_ratings(self._ratings)
        answers = self._rateable(self._view.turn_in_view())
        tied = sum(self._ratings.get(one.id) == "tie" for one in answers)
        self._view.bar.set_tie(tied > 1, possible=len(answers) > 1)

    def _rateable(self, turn_id: str) -> list[TreeMessage]:
        """The answers of a turn that a model gave whole, one a lane."""
        return [
            one
            for one in self._view.answers(turn_id).values()
            if one.state == "done" and one.model is not None and not one.edited
        ]

    # Blind mode

    def set_blind(self, blind: bool) -> None:
        """Hides the names, or shows them and the lanes in their own order."""
        if blind == self._blind:
            return
        self._blind = blind
        self._spared = set()
        if not blind:
            self._shown.add(self._last_turn())
            self._view.lanes.set_order(())
            self._view.show_lanes()
        self.settle()
        if blind and not self.hidden:
            words = self.tr("Names are hidden from the next question on.")
            self._view.window_frame.notices.show_notice(words)

    def may_tell(self) -> bool:
        """Whether models may be named now; says why where they may not."""
        if self.hidden:
            words = self.tr("Offered when the answers are rated.")
            self._view.window_frame.notices.show_notice(words)
        return not self.hidden

    def settle(self) -> None:
        """Hides or shows names as blind mode and the ratings want it."""
        turn = self._last_turn()
        alone = self._view.lanes.alone
        if self._blind and turn and self._is_decided(turn):
            self._spared.add(turn)
            if self.hidden:
                self._shown.add(turn)
        hidden = self._blind and not alone and turn not in self._spared
        if hidden == self.hidden:
            return
        self.hidden = hidden
        if hidden:
            ids = [lane.id for lane in self._view.conversation.lanes]
            self._view.lanes.set_order(random.sample(ids, len(ids)))
        for lane in self._view.lanes.views:
            lane.set_blind(hidden)
        self._view.show_lanes()
        self.hidden_changed.emit(hidden)
        if not hidden and self._blind:
            announce(self._view, self._names())

    def _names(self) -> str:
        """Who was who, for a reader who does not see the heads change."""
        return ", ".join(lane.head.accessibleName() for lane in self._view.lanes.views)

    def _last_turn(self) -> str:
        last = [lane.source.path[-1] for lane in self._view.lanes.views if lane.source.path]
        return max(last, key=lambda message: message.created_at).turn_id if last else ""

    def _is_decided(self, turn_id: str) -> bool:
        """Whether something was said that tells the answers apart."""
        answers = {one.id for one in self._view.answers(turn_id).values()}
        marks = [self._ratings.get(one) for one in answers]
        bad = marks.count("bad")
        return "best" in marks or "tie" in marks or (bad > 0 and bad >= len(marks) - 1)
