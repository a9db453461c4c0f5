"""The turns of lanes beside each other: which there are, which is in view, and the question above them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject

from chatbench.core.conversations import Conversation, TreeMessage
from chatbench.core.messages import user
from chatbench.core.models import GUIDE
from chatbench.ui.aio import spawn
from chatbench.ui.chat.conversation.notes import lane_of_origin

if TYPE_CHECKING:
    from chatbench.ui.chat.conversation.view import ConversationView

_NO_TURN: Final = ("", 0, 0, False)


class Turns(QObject):
    """The turns of one conversation; where there is one lane, nothing stands above it."""

    def __init__(self, view: ConversationView) -> None:
        super().__init__(view)
        self._view = view
        self._all: tuple[TreeMessage, ...] | None = None
        self._turn = _NO_TURN
        """The question above the lanes, its place, how many there are, and whether names are hidden."""
        view.lanes.scrolled.connect(self.show)
        view.strip.turn_wanted.connect(self.step)

    def forget(self) -> None:
        """The conversation was read anew."""
        self._all = None

    def all(self) -> tuple[TreeMessage, ...]:
        """The question of every turn that any lane has gone through, in order."""
        if self._all is None:
            asked = {
                m.turn_id: m for lane in self._view.lanes.views for m in lane.source.path if m.role == "user"
            }
            self._all = tuple(sorted(asked.values(), key=lambda m: (m.created_at, m.id)))
        return self._all

    def answers(self, turn_id: str) -> dict[str, TreeMessage]:
        """Lane id → the answer it shows in a turn, of those that have one; the same one once, in the lane
        that gave it."""
        shown = {lane.id: lane.answer_to(turn_id) for lane in self._view.lanes.views}
        found: dict[str, TreeMessage] = {}
        for lane_id, message in shown.items():
            if message is None or any(message.id == one.id for one in found.values()):
                continue
            given_here = shown.get(message.lane_id)
            own = given_here is not None and given_here.id == message.id
            found[message.lane_id if own else lane_id] = message
        return found

    def in_view(self) -> str:
        """The turn the reader looks at in the current lane; "" in an empty conversation."""
        message = self._view.lanes.current.answer_in_view()
        return message.turn_id if message is not None else ""

    def step(self, step: int) -> None:
        """Shows the turn before (-1) or after (1) the one in view, in all lanes."""
        turns = [one.turn_id for one in self.all()]
        here = self.in_view()
        if here in turns and 0 <= (at := turns.index(here) + step) < len(turns):
            self._view.lanes.together.show_turn(turns[at])

    def show(self) -> None:
        """Puts the question of the turn in view above the lanes."""
        if self._view.lanes.alone:
            self._view.strip.show_turn(None, 0, 0)
            self._turn = _NO_TURN
            return
        turns = self.all()
        here = self.in_view()
        at = next((n for n, one in enumerate(turns) if one.turn_id == here), len(turns) - 1)
        before, self._turn = self._turn, (
            turns[at].id if turns else "", at + 1, len(turns), self._view.names_hidden,
        )  # fmt: skip
        if self._turn == before and self._view.strip.question is not None:
            return
        spawn(self._show_question(*self._turn), owner=self, name="turn")

    async def _show_question(self, message_id: str, place: int, count: int, hidden: bool) -> None:
        # The outline has no words.
        found = await self._view.services.history.messages([message_id]) if message_id else []
        if self._turn == (message_id, place, count, hidden):
            models, asked = self._view.services.models, [user(one.text) for one in found]
            tokens = models.estimate(self._view.lane.model or GUIDE, asked).tokens if asked else 0
            question = found[0] if found else None
            self._view.strip.show_turn(question, place, count, tokens, self._origin(question))

    def _origin(self, question: TreeMessage | None) -> str:
        """Whose words a question is made of that was an answer; "" for the person's own."""
        if question is None or not question.sent_from:
            return ""
        view = self._view
        # Lanes whose names are hidden stand in another order than they had when it was sent.
        letter = "" if view.names_hidden else lane_of_origin(view.conversation, question)
        return self.tr("From lane {0}").format(letter) if letter else self.tr("From another lane")


def shared_questions(conversation: Conversation) -> frozenset[str]:
    """The questions that all lanes were asked at once: they stand once, above the lanes."""
    if len(conversation.lanes) < 2:
        return frozenset()
    asked = [
        {message.turn_id: message.id for message in conversation.path(lane.leaf) if message.role == "user"}
        for lane in conversation.lanes
    ]
    turns = set.intersection(*[set(one) for one in asked])
    return frozenset(one[turn] for one in asked for turn in turns)
