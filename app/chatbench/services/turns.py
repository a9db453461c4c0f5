"""What a turn is made of: its question, its empty answers, what it is called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from chatbench.core.conversations import Conversation, Draft, Lane, TreeMessage
from chatbench.core.errors import ConfigurationError, StorageError
from chatbench.core.ids import new_id
from chatbench.core.messages import Part, TextPart
from chatbench.core.models import GUIDE, ModelRef
from chatbench.core.params import Parameters
from chatbench.core.secrets import Secret
from chatbench.rendering.beginnings import beginning
from chatbench.services.answers import Answer
from chatbench.storage.rows import plain
from chatbench.storage.turns import now_ms

TITLE_LENGTH = 60


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """One send: the user message it stands under and a live answer per lane. Where lanes have parted
    each has a question of its own (`answers[n].message.parent_id`), and this is the first's."""

    id: str
    conversation_id: str
    user_message_id: str
    answers: tuple[Answer, ...]


class How(msgspec.Struct, frozen=True, kw_only=True):
    """How an answer is asked for, of which nothing is written down: streamed or whole, after which
    JSON Schema, with which key in place of the provider's own."""

    stream: bool = True
    schema: dict[str, Any] | None = None
    key: Secret | None = None


STREAMED = How()


def title_from(draft: Draft) -> str:
    """The first words of a question, at a word's end; the first file's name without words."""
    line = beginning(draft.text, 2 * TITLE_LENGTH)
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


def counterpart(conversation: Conversation, question: TreeMessage, lane: Lane) -> TreeMessage:
    """The question of the same turn as the lane has it; `question` itself where it has none."""
    path = conversation.path(lane.leaf)
    return next((m for m in path if m.turn_id == question.turn_id and m.role == "user"), question)


def questions(
    conversation: Conversation, lanes: Sequence[Lane], draft: Draft, turn_id: str
) -> list[tuple[Lane, TreeMessage]]:
    """Each lane with its question: one for each distinct place these lanes stand on.

    With `draft.edits` the question stands beside that message, in lanes that have parted beside
    theirs of the same turn. Raises StorageError where it is not there.
    """
    edited = None if draft.edits is None else message_in(conversation, draft.edits)
    found: list[tuple[Lane, TreeMessage]] = []
    by_parent: dict[str | None, TreeMessage] = {}
    for lane in lanes:
        parent = lane.leaf if edited is None else counterpart(conversation, edited, lane).parent_id
        if parent not in by_parent:
            by_parent[parent] = question_after(conversation.id, parent, turn_id, draft)
        found.append((lane, by_parent[parent]))
    return found


def sent(conversation: Conversation, lanes: Sequence[Lane], draft: Draft, turn_id: str) -> Sent:
    """The `questions` of these lanes, and an empty answer per lane. Raises StorageError as they do."""
    found = Sent([], [], [])
    for lane, question in questions(conversation, lanes, draft, turn_id):
        if question not in found.questions:
            found.questions.append(question)
        answer = empty_answer(lane, question)
        found.answers.append(answer)
        found.lanes.append(msgspec.structs.replace(lane, leaf=answer.id))
    return found


def answered_again(
    conversation: Conversation,
    lanes: Sequence[Lane],
    question: TreeMessage,
    model: ModelRef | None,
    parameters: Parameters | None,
    prompt: str = "",
) -> Sent:
    """One more empty answer per lane, to the question as that lane has it. `model` and `parameters`
    hold for these answers, and so does the `prompt` asked in place of the question; the lanes keep
    theirs."""
    found = Sent([], [], [])
    for lane in lanes:
        asked = changed_lane(lane, model, None, parameters)
        empty = empty_answer(asked, counterpart(conversation, question, lane))
        answer = msgspec.structs.replace(empty, prompt=prompt)
        found.answers.append(answer)
        found.lanes.append(msgspec.structs.replace(lane, leaf=answer.id))
    return found


def chosen(conversation: Conversation, ids: Sequence[str] | None) -> list[Lane]:
    """The open lanes of these ids, in their order; all of them for None. Raises ConfigurationError
    for an id that is not among them, and for none at all."""
    if ids is None:
        return list(conversation.lanes)
    wanted = {conversation.lane(one).id for one in ids}
    if not wanted:
        raise ConfigurationError("No model was chosen.", "Choose at least one.")
    return [lane for lane in conversation.lanes if lane.id in wanted]


def showing(conversation: Conversation, message: TreeMessage, lane_id: str | None = None) -> Lane:
    """The open lane that a message belongs to: `lane_id` if given, else whose answer it is, else the
    first that shows it, else the first. Raises ConfigurationError for a lane that is not there."""
    lanes = conversation.lanes
    if lane_id is not None:
        return conversation.lane(lane_id)
    own = next((lane for lane in lanes if lane.id == message.lane_id), None)
    shown = (lane for lane in lanes if any(m.id == message.id for m in conversation.path(lane.leaf)))
    return own or next(shown, lanes[0])


def settled(conversation: Conversation, message_id: str) -> TreeMessage:
    """The message, over. Raises StorageError where it is not there, ConfigurationError while it is
    still coming in."""
    message = message_in(conversation, message_id)
    if message.state == "streaming":
        raise still_coming()
    return message


def refuse_unsettled(conversation: Conversation, lanes: Sequence[Lane]) -> None:
    """Raises ConfigurationError where one of the lanes stands on an answer that is still coming in."""
    coming = {message.id for message in conversation.messages if message.state == "streaming"}
    if any(lane.leaf in coming for lane in lanes):
        raise still_coming()


def still_coming() -> ConfigurationError:
    return ConfigurationError("This answer is still coming in.", "Wait for its end, or stop it.")


def question_of(conversation: Conversation, message: TreeMessage) -> TreeMessage:
    """The question that an answer answers; a question itself. Raises ConfigurationError where
    nothing stands above the answer."""
    if message.role == "user":
        return message
    if message.parent_id is None:
        raise ConfigurationError("Nothing was asked before this message.", "Ask something first.")
    return message_in(conversation, message.parent_id)


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
