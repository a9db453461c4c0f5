"""Writes what was said through the Python API to the profile's history, where that is asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from chatbench.client.environment import Environment
from chatbench.core.conversations import Lane, TreeMessage
from chatbench.core.ids import new_id
from chatbench.core.messages import InlineData, MediaPart, Message, Part, StoredFile
from chatbench.core.requests import Request, Response
from chatbench.storage.conversations import ConversationStore
from chatbench.storage.files import FileStore
from chatbench.storage.turns import now_ms

_TITLE = 60
_FROM_RESPONSE = (
    "left_out", "stop_reason", "stop_detail", "response_id", "model_answered", "usage", "cost",
    "timings", "attempts", "error",
)  # fmt: skip


class Recorder:
    """One conversation of the history, made by the first answer that is recorded."""

    def __init__(self, environment: Environment, *, counted: bool) -> None:
        """`counted`: what calls cost is in the ledger already. Raises ConfigurationError where the
        environment has no database."""
        database = environment.need_database()
        self._store = ConversationStore(database, environment.profile.owner)
        self._files = FileStore(environment.profile.files, database)
        self._source = None if counted else "api"
        self._lane: Lane | None = None
        self._one_by_one = asyncio.Lock()
        self.conversation_id = ""

    async def record(self, request: Request, new: Sequence[Message], response: Response) -> None:
        """Writes the new messages of `request` and their answer, behind what was written before.
        Raises StorageError."""
        async with self._one_by_one:
            await self._record(request, new, response)

    async def _record(self, request: Request, new: Sequence[Message], response: Response) -> None:
        lane = self._lane
        if lane is None:
            lane = Lane(id=new_id(), model=request.model, system=request.system)
            conversation = await self._store.create(_title(new), lane)
            self.conversation_id = conversation.id
        lane = msgspec.structs.replace(
            lane, model=request.model, system=request.system, parameters=request.parameters
        )
        turn, now, leaf = new_id(), now_ms(), lane.leaf
        questions: list[TreeMessage] = []
        for message in new:
            parts = tuple([await self._stored(part) for part in message.parts])
            question = TreeMessage(
                id=new_id(),
                conversation_id=self.conversation_id,
                parent_id=leaf,
                turn_id=turn,
                role="assistant" if message.role == "assistant" else "user",
                parts=parts,
                created_at=now,
                finished_at=now,
            )
            questions.append(question)
            leaf = question.id
        answer = TreeMessage(
            id=new_id(),
            conversation_id=self.conversation_id,
            parent_id=leaf,
            turn_id=turn,
            role="assistant",
            state="streaming",
            lane_id=lane.id,
            model=response.model,
            system=request.system,
            parameters=request.parameters,
            created_at=now,
        )
        lane = msgspec.structs.replace(lane, leaf=answer.id)
        await self._store.begin_turn(self.conversation_id, questions, [answer], [lane])
        parts = tuple([await self._stored(part) for part in response.parts])
        told = {name: getattr(response, name) for name in _FROM_RESPONSE}
        state = "failed" if response.is_error else "done"
        ended = msgspec.structs.replace(answer, parts=parts, state=state, finished_at=now_ms(), **told)
        await self._store.finish(ended, source=self._source)
        self._lane = lane

    async def _stored(self, part: Part) -> Part:
        """Media go to the profile's files; the history holds their hash."""
        if isinstance(part, MediaPart) and isinstance(part.source, InlineData):
            sha256 = await self._files.put(part.source.data, name=part.name, media_type=part.media_type)
            return msgspec.structs.replace(part, source=StoredFile(sha256=sha256))
        return part


def _title(messages: Sequence[Message]) -> str:
    words = " ".join(" ".join(message.text for message in messages if message.role == "user").split())
    return words if len(words) <= _TITLE else f"{words[:_TITLE].rsplit(' ', 1)[0]}…"
