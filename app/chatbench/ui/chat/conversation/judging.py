"""What the reader thinks of answers that stand beside each other, with the models' names or without."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject, Signal
from shiboken6 import isValid

from chatbench.core.blind import is_decided, lane_order
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
        self._read_once = False
        self._writing = asyncio.Lock()
        self._keeping = 0
        """Writes of blind mode that are under way: until they are done, what is read is older."""
        self._unseen = False
        """Such a write has ended, and what is read next may have been asked for before that."""
        self._spared: set[str] = set()
        """Turns that were rated while blind mode was on: they stay as they are shown."""
        self._since = view.conversation.blind_since
        """Since when blind mode is on, in UTC milliseconds."""
        self._order: tuple[str, ...] = ()
        self.hidden = self._blind and len(view.conversation.lanes) > 1
        """Whether names are hidden now: wherever blind mode is on, until the ratings are known."""

    @property
    def _blind(self) -> bool:
        return self._since is not None

    def listen(self) -> None:
        """Does what the line above the lanes offers."""
        self._view.bar.tie_clicked.connect(self.tie)
        self._view.bar.blind_changed.connect(self.set_blind)
        self._shuffle()
        self._view.lanes.set_lanes(self._view.conversation.lanes)
        for moved in (self._view.lanes.scrolled, self._view.lanes.current_changed):
            moved.connect(self.show)

    def listen_to(self, lane: LaneView) -> None:
        """Does what a lane's foot offers."""
        lane.foot.rated.connect(lambda rating: self.rate(lane, rating))
        # The outline does not know what was edited: whether two can tie is known with the words.
        lane.source.loaded.connect(lambda _ids: self.show())
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
        answers = self._rateable(self._view.turns.in_view())
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
                blind = self.hidden
                for message, rating in ratings:
                    await self._services.ratings.rate(message.id, rating, blind=blind)
            finally:
                if isValid(self):
                    self._read_again()

    def refresh(self) -> None:
        """The conversation was read anew."""
        self._take(self._view.conversation.blind_since)
        self._read_again()

    def _read_again(self) -> None:
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
        self._read_once = True
        self.show()

    def show(self) -> None:
        """Feet and bar tell how the answers in view are rated."""
        for lane in self._view.lanes.views:
            lane.set_ratings(self._ratings)
        answers = self._rateable(self._view.turns.in_view())
        tied = sum(self._ratings.get(one.id) == "tie" for one in answers)
        self._view.bar.set_tie(tied > 1, possible=len(answers) > 1)

    def _rateable(self, turn_id: str) -> list[TreeMessage]:
        """The answers of a turn that a model gave whole and of itself, one a lane."""
        found: list[TreeMessage] = []
        for lane_id, short in self._view.turns.answers(turn_id).items():
            lane = self._view.lanes.view(lane_id)
            one = (lane.source.message(short.id) if lane is not None else None) or short
            if one.state == "done" and one.model is not None and not one.edited and not one.prompt:
                found.append(one)
        return found

    # Blind mode

    def set_blind(self, blind: bool) -> None:
        """Hides the names, or shows them and the lanes in their own order."""
        if blind == self._blind:
            return
        self._spared = set()
        self._keep(time.time_ns() // 1_000_000 if blind else None)
        self.settle()
        if blind and not self.hidden:
            words = self.tr("Names are hidden from the next question on.")
            self._view.window_frame.notices.show_notice(words)

    def _take(self, read: int | None) -> None:
        """What was read says since when names are hidden; once it may be older than what was written."""
        if self._keeping:
            return
        if read == self._since or not self._unseen:
            self._since = read
        self._unseen = False

    def _keep(self, since: int | None) -> None:
        self._since = since
        self._keeping += 1
        spawn(self._kept(since), name="blind")

    async def _kept(self, since: int | None) -> None:
        try:
            async with self._writing:
                await self._services.ratings.hide_names(self._view.id, since)
        finally:
            self._keeping -= 1
            self._unseen = True

    def _shuffle(self) -> bool:
        """Puts hidden lanes in an order by chance; returns whether it is another than before.
        They keep it when they are named, until the next start."""
        if self.hidden or not self._blind or not self._read_once:
            blind = msgspec.structs.replace(self._view.conversation, blind_since=self._since)
            before, self._order = self._order, lane_order(blind) if self.hidden else ()
            self._view.lanes.set_order(self._order)
            return self._order != before
        return False

    def _tell(self) -> None:
        self._view.bar.blind.setChecked(self._blind)
        self.hidden_changed.emit(self.hidden)

    def may_tell(self) -> bool:
        """Whether models may be named now; says why where they may not."""
        if self.hidden:
            words = self.tr("Offered when the answers are rated.")
            self._view.window_frame.notices.show_notice(words)
        return not self.hidden

    def settle(self) -> None:
        """Hides or shows names as blind mode and the ratings want it."""
        view, turn = self._view, self._last_turn()
        if self._blind and turn and self._is_decided(turn):
            self._spared.add(turn)
        hidden = self._blind and not view.lanes.alone and turn not in self._spared
        changed, self.hidden = hidden != self.hidden, hidden
        if changed:
            for lane in view.lanes.views:
                lane.set_blind(hidden)
        if self._shuffle() or changed:
            view.show_lanes()
            view.turns.show()
        self._tell()
        if changed and not hidden and self._blind and self._read_once:
            # What is there now was seen with names, whatever becomes of its ratings.
            self._keep(time.time_ns() // 1_000_000)
            announce(view, self._names())

    def _names(self) -> str:
        """Who was who, for a reader who does not see the heads change."""
        return ", ".join(lane.head.accessibleName() for lane in self._view.lanes.views)

    def _last_turn(self) -> str:
        last = [lane.source.path[-1] for lane in self._view.lanes.views if lane.source.path]
        return max(last, key=lambda message: message.created_at).turn_id if last else ""

    def _is_decided(self, turn_id: str) -> bool:
        """Whether something was said that tells the answers apart."""
        answers = {one.id for one in self._view.turns.answers(turn_id).values()}
        return is_decided([self._ratings.get(one) for one in answers])
