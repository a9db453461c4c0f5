"""Words of a person's own among the answers, answers that go on, and conversations that part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from chatbench.core.changes import Changes
from chatbench.core.conversations import Conversation, Draft, Lane, TreeMessage
from chatbench.core.errors import ConfigurationError
from chatbench.core.ids import new_id
from chatbench.core.messages import MediaPart, Message, Part, TextPart, ToolCallPart, ToolResultPart, text_of
from chatbench.services.chat.sending import Sending
from chatbench.services.turns import (
    Sent,
    Turn,
    chosen,
    empty_answer,
    message_in,
    question_after,
    question_of,
    questions,
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
        moved = msgspec.structs.replace(lane, leaf=edited.id)
        await self._store.begin_turn(conversation_id, [], [edited], [moved])
        self._changes.emit(Changes(conversations=frozenset({conversation_id})))
        return edited

    async def edit_question(self, conversation_id: str, draft: Draft) -> tuple[TreeMessage, ...]:
        """Other words beside the question `draft.edits`, and nobody is asked. The lanes that show its
        turn stand on them then; where they have parted, each beside its own. Clears the edit under way.

        Raises StorageError; ConfigurationError for an empty draft and for an answer.
        """
        conversation = await self._outline(conversation_id)
        old = message_in(conversation, draft.edits or "")
        if old.role != "user":
            raise ConfigurationError("This is not a question.", "Edit the answer instead.")
        shown = [
            lane
            for lane in conversation.lanes
            if any(m.turn_id == old.turn_id and m.role == "user" for m in conversation.path(lane.leaf))
        ]
        asked = questions(conversation, shown or [showing(conversation, old)], draft, new_id())
        return await self._added(conversation, asked, draft)

    async def write(
        self,
        conversation_id: str,
        lanes: Sequence[str] | None,
        role: Literal["user", "assistant"],
        draft: Draft,
    ) -> tuple[TreeMessage, ...]:
        """A message at the end of these lanes (None: of all) that nobody is asked for: a question to go
        on from, one for each distinct place they stand on, or an answer for each in a person's words
        (`edited`, of no model). All are of one turn. Clears the composer's draft.

        Raises StorageError; ConfigurationError for an empty draft, a lane that is not there, and
        one whose answer is still coming in.
        """
        conversation = await self._outline(conversation_id)
        asked = chosen(conversation, lanes)
        refuse_unsettled(conversation, asked)
        turn_id = new_id()
        if role == "user":
            return await self._added(conversation, questions(conversation, asked, draft, turn_id), draft)
        answers = [
            (lane, msgspec.structs.replace(
                question_after(conversation_id, lane.leaf, turn_id, draft),
                role=role, lane_id=lane.id, edited=True,
            ))
            for lane in asked
        ]  # fmt: skip
        return await self._added(conversation, answers, draft)

    async def _added(
        self, conversation: Conversation, added: Sequence[tuple[Lane, TreeMessage]], draft: Draft
    ) -> tuple[TreeMessage, ...]:
        """Writes what a person wrote for each of these lanes, and moves them to it."""
        messages = list({message.id: message for _, message in added}.values())
        if not messages[0].parts:
            raise ConfigurationError("There is nothing to add.", "Write something first.")
        untitled = not conversation.summary.title and messages[0].role == "user"
        moved = [msgspec.structs.replace(lane, leaf=message.id) for lane, message in added]
        await self._store.begin_turn(
            conversation.id, messages, [], moved,
            title=title_from(draft) if untitled else "", edit=draft.edits is not None,
        )  # fmt: skip
        self._changes.emit(Changes(conversations=frozenset({conversation.id})))
        return tuple(messages)

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

    async def begin_with(
        self, title: str, lane: Lane, talk: Sequence[Message], *, source: str, last: TreeMessage | None = None
    ) -> Conversation:
        """A new conversation that begins with what was said elsewhere, each question a turn of its own; what
        that cost is counted there, as `copy_of` says by its `source`. `last` has what is known of the last
        answer: its tokens, an error; its words are those of the talk."""
        conversation_id, turn_id, now = new_id(), new_id(), now_ms()
        messages: list[TreeMessage] = []
        for said in talk:
            asks = said.role == "user"
            turn_id = new_id() if asks else turn_id
            known = last if last is not None and said is talk[-1] and not asks else None
            told: dict[str, Any] = {
                "id": new_id(),
                "conversation_id": conversation_id,
                "parent_id": messages[-1].id if messages else None,
                "turn_id": turn_id,
                "role": "user" if asks else "assistant",
                "parts": said.parts,
                "lane_id": "" if asks else lane.id,
                "created_at": now,
            }
            if not asks:
                told |= {"model": lane.model, "system": lane.system, "parameters": lane.parameters}
                told |= {"finished_at": now, "copy_of": source}
            messages.append(TreeMessage(**told) if known is None else msgspec.structs.replace(known, **told))
        lane = msgspec.structs.replace(lane, leaf=messages[-1].id if messages else None)
        made = await self._store.create(title, lane, conversation_id=conversation_id, messages=messages)
        self._changes.emit(Changes(conversations=frozenset({conversation_id})))
        return made


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
            sent_from=ids.get(message.sent_from, message.sent_from),
            copy_of=message.id,
        )
        for message in path
    ]
