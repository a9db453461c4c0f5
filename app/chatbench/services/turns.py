"""What a turn is made of: its question, its empty answers, what a branch sends, what it is called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from chatbench.core.conversations import Conversation, Draft, Lane, TreeMessage
from chatbench.core.errors import StorageError
from chatbench.core.ids import new_id
from chatbench.core.messages import Message, Part, TextPart
from chatbench.core.models import GUIDE, ModelRef
from chatbench.core.params import Parameters
from chatbench.storage.rows import plain
from chatbench.storage.turns import now_ms

TITLE_LENGTH = 60


def context(path: Sequence[TreeMessage]) -> list[Message]:
    """What a branch sends: nothing before the first question, no empty answers."""
    sent: list[Message] = []
    for message in path:
        if not message.parts or (message.role == "assistant" and not sent):
            continue
        sent.append(Message(role=message.role, parts=message.parts))
    return sent


def title_from(draft: Draft) -> str:
    """The first words of a question, at a word's end; the first file's name without words."""
    line = " ".join(draft.text.split())
    if not line:
        return next((getattr(part, "name", "") for part in draft.attachments), "")
    if len(line) <= TITLE_LENGTH:
        return line
    cut = line[:TITLE_LENGTH].rsplit(" ", 1)[0] if " " in line[:TITLE_LENGTH] else line[:TITLE_LENGTH]
    return f"{cut.rstrip(',;:.')}…"


def message_in(conversation: Conversation, message_id: str) -> TreeMessage:
    for message in conversation.messages:
        if message.id == message_id:
            return message
    raise StorageError("There is no such message in this conversation.", "It may have been deleted.")


def changed_lane(
    lane: Lane, model: ModelRef | None, system: str | None, parameters: Parameters | None
) -> Lane:
    return msgspec.structs.replace(
        lane,
        model=model or lane.model,
        system=lane.system if system is None else plain(system),
        parameters=lane.parameters if parameters is None else parameters,
    )


class Sent(NamedTuple):
    """The messages of one send, and where the lanes stand after it."""

    questions: list[TreeMessage]
    answers: list[TreeMessage]
    lanes: list[Lane]


def sent(conversation: Conversation, draft: Draft, turn_id: str) -> Sent:
    """One question for each distinct place the lanes stand on, and an empty answer per lane.

    With `draft.edits` the question stands beside that message. Raises StorageError where that is
    not there.
    """
    found = Sent([], [], [])
    by_parent: dict[str | None, TreeMessage] = {}
    for lane in conversation.lanes:
        parent = lane.leaf
        if draft.edits is not None:
            parent = message_in(conversation, draft.edits).parent_id
        if parent not in by_parent:
            by_parent[parent] = question_after(conversation.id, parent, turn_id, draft)
            found.questions.append(by_parent[parent])
        answer = empty_answer(lane, by_parent[parent])
        found.answers.append(answer)
        found.lanes.append(msgspec.structs.replace(lane, leaf=answer.id))
    return found


def question_after(conversation_id: str, parent: str | None, turn_id: str, draft: Draft) -> TreeMessage:
    # Half a surrogate pair, as a broken paste or argument brings it, fits no request.
    words: tuple[Part, ...] = (TextPart(text=plain(draft.text)),) if draft.text else ()
    now = now_ms()
    return TreeMessage(
        id=new_id(),
        conversation_id=conversation_id,
        parent_id=parent,
        turn_id=turn_id,
        role="user",
        parts=(*draft.attachments, *words),
        created_at=now,
        finished_at=now,
    )


def empty_answer(lane: Lane, question: TreeMessage) -> TreeMessage:
    return TreeMessage(
        id=new_id(),
        conversation_id=question.conversation_id,
        parent_id=question.id,
        turn_id=question.turn_id,
        role="assistant",
        state="streaming",
        lane_id=lane.id,
        model=lane.model or GUIDE,
        system=lane.system,
        parameters=lane.parameters,
        created_at=now_ms(),
    )
