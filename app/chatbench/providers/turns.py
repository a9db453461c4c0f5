"""Conversations in the order the vendors demand: every tool call answered, right after it came.

Anthropic, Gemini and OpenAI's Responses all refuse a request in which a call has no result or a
result no call. A conversation may well hold such a thing (an answer that was stopped, a turn cut
away), so it is mended here rather than refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from chatbench.core.messages import Message, Part, TextPart, ToolCallPart, ToolResultPart

NOT_RUN = "This tool was not run."


def paired(messages: Sequence[Message]) -> list[Message]:
    """The messages with each assistant's calls answered in the message that follows.

    Results move into a "tool" message right behind their calls, in the order of the calls; a
    call without one gets the error result `NOT_RUN`; a result without a call becomes words.
    """
    if not _speaks_of_tools(messages):
        return [message for message in messages if message.parts]
    answers = {
        part.call_id: part
        for message in messages
        for part in message.parts
        if isinstance(part, ToolResultPart)
    }
    asked: set[str] = set()
    mended: list[Message] = []
    for message in messages:
        calls: list[ToolCallPart] = []
        if message.role == "assistant":
            calls = [part for part in message.parts if isinstance(part, ToolCallPart)]
        asked.update(call.call_id for call in calls)
        rest = tuple(_without_answered(message.parts, asked))
        if rest:
            mended.append(msgspec.structs.replace(message, parts=rest))
        if calls:
            results = tuple(_answer(call, answers) for call in calls)
            mended.append(Message(role="tool", parts=results))
    return mended


def _speaks_of_tools(messages: Sequence[Message]) -> bool:
    for message in messages:
        for part in message.parts:
            if isinstance(part, ToolCallPart | ToolResultPart):
                return True
    return False


def _without_answered(parts: Iterable[Part], asked: set[str]) -> Iterator[Part]:
    for part in parts:
        if not isinstance(part, ToolResultPart):
            yield part
        elif part.call_id not in asked:
            yield TextPart(text=f"Result of {part.name or 'a tool'}:\n")
            yield from part.parts


def _answer(call: ToolCallPart, answers: dict[str, ToolResultPart]) -> ToolResultPart:
    result = answers.get(call.call_id)
    if result is None:
        words = (TextPart(text=NOT_RUN),)
        return ToolResultPart(call_id=call.call_id, name=call.name, parts=words, is_error=True)
    return result if result.name else msgspec.structs.replace(result, name=call.name)
