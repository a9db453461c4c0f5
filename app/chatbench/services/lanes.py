"""Models side by side: lanes added, closed, opened again, spread over the values of a parameter."""

from __future__ import annotations

from collections.abc import Iterable
from types import EllipsisType
from typing import Any

import msgspec

from chatbench.core.changes import Changes
from chatbench.core.conversations import Conversation, Lane
from chatbench.core.errors import ConfigurationError
from chatbench.core.ids import new_id
from chatbench.core.models import ModelRef
from chatbench.core.observe import Signal
from chatbench.core.params import Parameters
from chatbench.services.chat import ChatService
from chatbench.services.turns import changed_lane, message_in, showing
from chatbench.storage.conversations import ConversationStore


class LaneService:
    """Which models a conversation asks. Nothing here changes a message: a closed lane's branch
    stays in the tree, and `reopen` undoes every closing.

    All methods raise StorageError where there is no such conversation, and ConfigurationError where
    it has no such lane.
    """

    def __init__(self, store: ConversationStore, chat: ChatService, changes: Signal[Changes]) -> None:
        self._store = store
        self._chat = chat
        self._changes = changes

    async def add(
        self,
        conversation_id: str,
        *,
        model: ModelRef | None = None,
        like: str | None = None,
        parameters: Parameters | None = None,
        system: str | None = None,
        leaf: str | EllipsisType | None = ...,
    ) -> Lane:
        """One more lane behind the others, taken from the lane `like` (None: the first) in all
        that is not given; it stands where that stands unless `leaf` says where.

        Nothing is asked: `ChatService.regenerate(…, lanes=(new.id,))` has it answer what the
        others have answered. Raises ConfigurationError where the conversation would hold more than
        `MOST_LANES`.
        """
        conversation = await self._store.outline(conversation_id)
        taken = changed_lane(_lane(conversation, like), model, system, parameters)
        if isinstance(leaf, str):
            leaf = message_in(conversation, leaf).id
        stands = taken.leaf if isinstance(leaf, EllipsisType) else leaf
        (lane,) = await self._added(conversation_id, [msgspec.structs.replace(taken, leaf=stands)])
        return lane

    async def close(self, conversation_id: str, *lane_ids: str) -> tuple[str, ...]:
        """Takes lanes out of the view and stops their answers; returns those that were open.

        Raises ConfigurationError where none would be left.
        """
        closed = await self._store.close_lanes(conversation_id, lane_ids)
        for lane_id in closed:
            self._chat.stop(conversation_id, lane_id)
        if closed:
            self._announce(conversation_id)
        return tuple(closed)

    async def reopen(self, conversation_id: str, *lane_ids: str) -> None:
        """Undoes `close` and `continue_with`: the lanes are back in their places, and stand where
        they stood. Raises ConfigurationError where they would be more than `MOST_LANES`."""
        await self._store.reopen_lanes(conversation_id, lane_ids)
        self._announce(conversation_id)

    async def continue_with(self, conversation_id: str, message_id: str) -> tuple[str, ...]:
        """Goes on with the lane that shows this answer and closes the others; returns those, for
        `reopen`. A lane that shows another branch turns to the answer's."""
        conversation = await self._store.outline(conversation_id)
        lane = showing(conversation, message_in(conversation, message_id))
        if all(message.id != message_id for message in conversation.path(lane.leaf)):
            await self._store.set_leaf(lane.id, conversation.newest_leaf(message_id, lane.id))
            self._announce(conversation_id)
        others = [one.id for one in conversation.lanes if one.id != lane.id]
        return await self.close(conversation_id, *others) if others else ()

    async def sweep(
        self, conversation_id: str, lane_id: str, parameter: str, values: Iterable[Any]
    ) -> tuple[Lane, ...]:
        """A lane like `lane_id` for each value of the parameter that it does not have itself, all
        or none; `close` undoes it. What was asked before is asked again by
        `ChatService.regenerate(…, lanes=…)`.

        Raises UnknownParameter, ConfigurationError for a value of the wrong kind and for too many.
        """
        conversation = await self._store.outline(conversation_id)
        lane = _lane(conversation, lane_id)
        given = lane.parameters.to_dict()
        others: list[Parameters] = []
        for value in values:
            parameters = Parameters.from_dict({**given, parameter: value})
            if parameters not in (lane.parameters, *others):
                others.append(parameters)
        if not others:
            raise ConfigurationError(f"{parameter}: there is no other value.", "Give at least one more.")
        new = [msgspec.structs.replace(lane, parameters=one) for one in others]
        return tuple(await self._added(conversation_id, new))

    async def _added(self, conversation_id: str, like: list[Lane]) -> list[Lane]:
        lanes = [msgspec.structs.replace(lane, id=new_id(), closed=False) for lane in like]
        added = await self._store.add_lanes(conversation_id, lanes)
        self._announce(conversation_id)
        return added

    def _announce(self, conversation_id: str) -> None:
        self._changes.emit(Changes(conversations=frozenset({conversation_id})))


def _lane(conversation: Conversation, lane_id: str | None) -> Lane:
    return conversation.lanes[0] if lane_id is None else conversation.lane(lane_id)
