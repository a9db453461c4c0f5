"""What people think of answers, and the leaderboard that comes of it."""

from __future__ import annotations

import asyncio
from itertools import groupby

from chatbench.core.blind import hides_names
from chatbench.core.changes import Changes
from chatbench.core.conversations import Conversation
from chatbench.core.observe import Signal
from chatbench.core.ratings import Rating
from chatbench.evaluation.standings import Standing, standings
from chatbench.evaluation.strength import AVERAGE
from chatbench.storage.ratings import RatingStore

__all__ = ["AVERAGE", "Rating", "RatingService", "Standing"]


class RatingService:
    """Ratings stand with their answers; what the leaderboard needs of them outlives these."""

    def __init__(self, store: RatingStore, changes: Signal[Changes]) -> None:
        self._store = store
        self._changes = changes

    async def rate(self, message_id: str, rating: Rating | None, *, blind: bool = False) -> None:
        """Says what an answer is worth among those of its turn; None takes that back.

        There is one best answer a turn, and none beside ties: a new best or tie puts out what it
        contradicts. `blind`: the models' names were hidden; that of an answer which was there before
        `hide_names` was seen. Raises StorageError where there is no
        such answer, ConfigurationError for one that is not finished, that a person wrote or that was
        merged from others.
        """
        conversation_id = await self._store.rate(message_id, rating, blind)
        self._changes.emit(Changes(conversations=frozenset({conversation_id}), ratings=True))

    async def hide_names(self, conversation_id: str, since_ms: int | None) -> None:
        """Makes a conversation blind: window, terminal and exports do not name its models while the
        answers to its last question are not rated. None ends that.

        What was answered before `since_ms` (UTC, since the epoch) was seen with names and is not rated
        blind. Raises StorageError where there is no such conversation.
        """
        await self._store.hide_names(conversation_id, since_ms)
        self._changes.emit(Changes(conversations=frozenset({conversation_id})))

    async def hides_names(self, conversation: Conversation) -> bool:
        """Whether the models of a conversation are not to be named now."""
        return hides_names(conversation, await self._store.of_conversation(conversation.id))

    async def of_conversation(self, conversation_id: str) -> dict[str, Rating]:
        """Message id → rating, of those that have one."""
        return await self._store.of_conversation(conversation_id)

    async def leaderboard(self, *, blind_only: bool = False) -> tuple[Standing, ...]:
        """All models that were rated or compared, the highest score first; with `blind_only` from
        turns alone that were rated while names were hidden."""
        found = await self._store.all()
        by_turn = [list(answers) for _, answers in groupby(found, key=lambda answer: answer.turn_id)]
        if blind_only:
            by_turn = [turn for turn in by_turn if all(one.blind for one in turn if one.rating is not None)]
        rated = [[(answer.model, answer.rating) for answer in turn] for turn in by_turn]
        return await asyncio.to_thread(standings, rated)
