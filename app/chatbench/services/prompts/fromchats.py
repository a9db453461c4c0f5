"""Prompts and test cases from what was said in a chat."""

from __future__ import annotations

from typing import Any, NamedTuple

from chatbench.core.conversations import Conversation, TreeMessage
from chatbench.core.errors import ConfigurationError
from chatbench.core.messages import AudioPart, FilePart, ImagePart, MediaPart, VideoPart
from chatbench.core.prompts import Prompt, PromptMessage
from chatbench.templates.language import literal

_MEDIA = (ImagePart, FilePart, AudioPart, VideoPart)


class Case(NamedTuple):
    """A turn as a row: `values` by variable, files as plain values, and the answer that is expected."""

    values: dict[str, Any]
    expected: str


def prompt_of(conversation: Conversation, lane_id: str = "", *, examples: bool = True) -> Prompt:
    """What a lane (the first without an id) would ask now: its system prompt, its last question, and with
    `examples` what was said before it. The words mean themselves, braces too.

    Raises ConfigurationError where nothing was asked.
    """
    lane = next((one for one in conversation.lanes if one.id == lane_id or not lane_id), None)
    path = conversation.path(lane.leaf) if lane is not None and lane.leaf is not None else []
    asked = [at for at, one in enumerate(path) if one.role == "user"]
    if lane is None or not asked:
        raise ConfigurationError("Nothing was asked in this chat yet.", "Ask something first.")
    said = path[: asked[-1] + 1] if examples else path[asked[-1] : asked[-1] + 1]
    above = (PromptMessage(role="system", text=literal(lane.system)),) if lane.system else ()
    return Prompt(
        messages=(*above, *(_message(one) for one in said if one.text or _media(one))),
        parameters=lane.parameters,
        models=(str(lane.model),) if lane.model is not None else (),
    )


def case_of(
    conversation: Conversation, answer_id: str, *, variable: str = "input", files: str = "file"
) -> Case:
    """A question and its answer as a row: the words as one variable, the files (a list of several) as
    another. Raises ConfigurationError for what is no answer of this chat."""
    by_id = {one.id: one for one in conversation.messages}
    answer = by_id.get(answer_id)
    question = by_id.get(answer.parent_id or "") if answer is not None else None
    if answer is None or question is None or answer.role != "assistant" or not answer.text:
        raise ConfigurationError("This is no answer to a question.", "Choose an answer with words.")
    values: dict[str, Any] = {variable: question.text}
    media = [one.to_dict() for one in _media(question)]
    if media:
        values[files] = media[0] if len(media) == 1 else media
    return Case(values, answer.text)


def _message(message: TreeMessage) -> PromptMessage:
    return PromptMessage(role=message.role, text=literal(message.text), attachments=tuple(_media(message)))


def _media(message: TreeMessage) -> list[MediaPart]:
    return [one for one in message.parts if isinstance(one, _MEDIA)]
