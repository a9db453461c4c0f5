"""Words of a person's own among the answers, answers that go on, and conversations that part."""

from __future__ import annotations

from typing import Literal

import msgspec

from chatbench.core.changes import Changes
from chatbench.core.conversations import Conversation, Draft, Lane, TreeMessage
from chatbench.core.errors import ConfigurationError
from chatbench.core.ids import new_id
from chatbench.core.messages import MediaPart, Part, TextPart, ToolCallPart, ToolResultPart, text_of
from chatbench.services.chat.sending import Sending
from chatbench.services.turns import (
    Sent,
    Turn,
    empty_answer,
    question_after,
    question_of,
    refuse_unsettled,
    settled,
    showing,
    title_from,
)
from chatbench.storage.rows import plain
from chatbench.storage.turns import now_ms


class Rewriting(Sending):
    """Changes that leave everything there is as it is: each makes a sibling, a message below, or
    another conversation. Going back is `HistoryService.move_lane`."""

    async def edit_answer(
        self, conversation_id: str, message_id: str, text: str, *, lane_id: str | None = None
    ) -> TreeMessage:
        """Another answer beside this one with a person's words, marked as `edited`. The lane that
        shows the answer (or `lane_id`) stands on it then.

        Raises StorageError; ConfigurationError for no words, a question, or an answer that is still
        coming in.
        """
        conversation = await self._outline(conversation_id)
        short = settled(conversation, message_id)
        if short.role != "assistant":
            raise ConfigurationError("This is not an answer.", "Edit a question by sending it anew.")
        if not text.strip():
            raise ConfigurationError("An answer cannot be empty.", "Delete the message instead.")
        (old,) = await self._store.messages([message_id])
        lane, now = showing(conversation, short, lane_id), now_ms()
        edited = TreeMessage(
            id=new_id(),
            conversation_id=conversation_id,
            parent_id=short.parent_id,
            turn_id=old.turn_id,
            role="assistant",
            parts=_reworded(old.parts, plain(text)),
            lane_id=lane.id,
            model=old.model,
            system=old.system,
            parameters=old.parameters,
            edited=True,
            created_at=now,
            finished_at=now,
        )
        await self._written([], [edited], lane)
        return edited

    async def write(
        self, conversation_id: str, lane_id: str, role: Literal["user", "assistant"], draft: Draft
    ) -> TreeMessage:
        """A message at the end of the lane that nobody is asked for: a question to go on from, or an
        answer in a person's words (`edited`, of no model). Clears the composer's draft.

        Raises StorageError; ConfigurationError for an empty draft, a lane that is not there, and
        one whose answer is still coming in.
        """
        conversation = await self._outline(conversation_id)
        lane = conversation.lane(lane_id)
        refuse_unsettled(conversation, [lane])
        message = question_after(conversation_id, lane.leaf, new_id(), draft)
        if not message.parts:
            raise ConfigurationError("There is nothing to add.", "Write something first.")
        if role == "assistant":
            message = msgspec.structs.replace(message, role=role, lane_id=lane.id, edited=True)
        title = "" if conversation.summary.title or role == "assistant" else title_from(draft)
        await self._written([message], [], lane, title)
        return message

    async def continue_answer(
        self,
        conversation_id: str,
        message_id: str,
        *,
        lane_id: str | None = None,
        initiator: object | None = None,
    ) -> Turn:
        """An answer that was cut off goes on: one beside it that begins with its words, asked of the
        same model with the same parameters. The lane stands on it then.

        Raises StorageError; ConfigurationError for a question, an answer without words, and one
        that is still coming in. A failing call does not raise, its message carries the error.
        """
        self._underway.refuse_while_closing()
        conversation = await self._outline(conversation_id)
        short = settled(conversation, message_id)
        (old,) = await self._store.messages([message_id])
        if short.role != "assistant" or not text_of(old.parts).strip():
            raise ConfigurationError("There are no words to go on from.", "Ask for a new answer instead.")
        lane = showing(conversation, short, lane_id)
        more = msgspec.structs.replace(
            empty_answer(lane, question_of(conversation, short)),
            parts=old.parts,
            model=old.model or lane.model,
            system=old.system if old.model else lane.system,
            parameters=old.parameters if old.model else lane.parameters,
            edited=old.edited,
            continues=old.id,
            prompt=old.prompt,
        )
        moved = msgspec.structs.replace(lane, leaf=more.id)
        return await self._begun(conversation_id, Sent([], [more], [moved]), initiator=initiator, before=old)

    async def fork(
        self, conversation_id: str, message_id: str, *, lane_id: str | None = None, title: str | None = None
    ) -> Conversation:
        """A new conversation with a copy of everything down to this message, and one lane like that
        which shows it (or `lane_id`). Files are referenced, not copied; what the answers cost stays
        counted where they were asked. `title` None: the same title. Of a temporary conversation it is
        temporary too.

        Raises StorageError, ConfigurationError while the message is still coming in.
        """
        conversation = await self._outline(conversation_id)
        message = settled(conversation, message_id)
        like = showing(conversation, message, lane_id)
        path = await self._store.path(conversation_id, message_id)
        forked, copies = new_id(), _copies(path)
        lane = msgspec.structs.replace(like, id=new_id(), position=0, leaf=copies[-1].id)
        messages = [
            msgspec.structs.replace(
                one, conversation_id=forked, lane_id=lane.id if one.role == "assistant" else ""
            )
            for one in copies
        ]
        name = conversation.summary.title if title is None else title
        made = await self._store.create(
            name,
            lane,
            conversation_id=forked,
            messages=messages,
            temporary=conversation.summary.temporary,
        )
        self._changes.emit(Changes(conversations=frozenset({forked})))
        return made

    async def _written(
        self, drafted: list[TreeMessage], answers: list[TreeMessage], lane: Lane, title: str = ""
    ) -> None:
        """Writes messages that are whole already, and moves the lane to them."""
        (message,) = (*drafted, *answers)
        moved = msgspec.structs.replace(lane, leaf=message.id)
        await self._store.begin_turn(message.conversation_id, drafted, answers, [moved], title=title)
        self._changes.emit(Changes(conversations=frozenset({message.conversation_id})))


def _reworded(parts: tuple[Part, ...], text: str) -> tuple[Part, ...]:
    """The words in place of the first words; what a model thought and signed is not a person's."""
    kept = [part for part in parts if isinstance(part, TextPart | MediaPart | ToolCallPart | ToolResultPart)]
    first = next((n for n, part in enumerate(kept) if isinstance(part, TextPart)), len(kept))
    rest = [part for part in kept[first:] if not isinstance(part, TextPart)]
    return (*kept[:first], TextPart(text=text), *rest)


def _copies(path: tuple[TreeMessage, ...]) -> list[TreeMessage]:
    """The branch under new ids."""
    ids = {message.id: new_id() for message in path}
    turns = {message.turn_id: new_id() for message in path}
    return [
        msgspec.structs.replace(
            message,
            id=ids[message.id],
            parent_id=ids.get(message.parent_id or ""),
            turn_id=turns[message.turn_id],
            state="interrupted" if message.state == "streaming" else message.state,
            continues=ids.get(message.continues, ""),
            copy_of=message.id,
        )
        for message in path
    ]
