"""Messages in the vendors' shapes, written by the wires' own encoders, and read back."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import BadRequest, FormatError
from chatbench.core.messages import Message, Part, ToolResultPart
from chatbench.core.models import ModelInfo, ModelRef
from chatbench.core.params import CachePattern, Parameters
from chatbench.core.requests import Request
from chatbench.core.transcripts import Loss, Reading, Turns, losses_between

Shape = Literal["openai_chat", "openai_responses", "anthropic", "gemini"]


def write(
    shape: Shape,
    messages: Sequence[Message],
    provider: str | None = None,
    cache_pattern: CachePattern | None = None,
) -> tuple[Any, Turns]:
    """System prompt, where the shape has a place of its own for it, and the turns."""
    wire = _wire(shape)
    endpoint = _endpoint(shape, wire, provider)
    given, parameters = messages, Parameters(cache_pattern=cache_pattern)
    try:
        system, turns = wire.written(_call(endpoint, given, parameters))
    except BadRequest:
        given = [_held(message, wire, endpoint) for message in messages]
        system, turns = wire.written(_call(endpoint, given, parameters))

    def losses() -> tuple[Loss, ...]:
        again = wire.read(*reversed(wire.written(_call(endpoint, given, Parameters()))), endpoint)
        return losses_between(messages, again.messages, wire.NAME, wire.REASONS)

    return system, Turns(turns, losses)


def read(shape: Shape, turns: Iterable[Any], system: Any = None, provider: str | None = None) -> Reading:
    """Raises FormatError, naming the turn."""
    if isinstance(turns, str | bytes | Mapping) or not isinstance(turns, Iterable):
        raise FormatError("A conversation is a list of turns.", "Give the list of messages.")
    wire, given = _wire(shape), list(turns)
    for number, turn in enumerate(given):
        if not isinstance(turn, Mapping):
            hint = "Give the list as it is sent to the provider."
            raise FormatError(f"Turn {number} of the conversation is no object.", hint)
    reading: Reading = wire.read(given, system, _endpoint(shape, wire, provider))
    return reading


def shape_of(turns: Any) -> Shape:
    """Which vendor's turns these are. Raises FormatError where they are no one's."""
    if not isinstance(turns, list) or not all(isinstance(turn, Mapping) for turn in turns):
        raise FormatError("A conversation is a list of objects.", "Give the messages as they are sent.")
    if any("parts" in turn or turn.get("role") == "model" for turn in turns):
        return "gemini"
    kinds = {str(block.get("type")) for turn in turns for block in _blocks(turn)}
    if any(turn.get("type", "message") != "message" for turn in turns) or kinds & _OF_RESPONSES:
        return "openai_responses"
    if kinds & _OF_ANTHROPIC:
        return "anthropic"
    if any("role" not in turn for turn in turns):
        raise FormatError("These turns are of no known shape.", "Say which vendor they are of.")
    return "openai_chat"


_OF_RESPONSES = {"input_text", "output_text", "input_image", "input_file"}
_OF_ANTHROPIC = {"tool_use", "tool_result", "thinking", "redacted_thinking", "image", "document"}


def _blocks(turn: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    content = turn.get("content")
    given = content if isinstance(content, list | tuple) else ()
    return [block for block in given if isinstance(block, Mapping)]


def _wire(shape: Shape) -> Any:
    return importlib.import_module(f"chatbench.providers.{shape}.transcript")


def _endpoint(shape: Shape, wire: Any, provider: str | None) -> Endpoint:
    return Endpoint(id=provider or wire.PROVIDER, name=wire.NAME, wire=shape, base_url="")


def _call(endpoint: Endpoint, messages: Sequence[Message], parameters: Parameters) -> Any:
    from chatbench.providers.wire import Call

    model = ModelRef(endpoint.id, "any")
    request = Request(model=model, messages=tuple(messages), parameters=parameters, stream=False)
    return Call(endpoint=endpoint, info=ModelInfo(ref=model), request=request)


def _held(message: Message, wire: Any, endpoint: Endpoint) -> Message:
    """The message without the media that the shape has no place for."""
    parts: list[Part] = []
    for part in message.parts:
        if isinstance(part, ToolResultPart):
            inner = tuple(p for p in part.parts if _holds(Message(role="user", parts=(p,)), wire, endpoint))
            parts.append(msgspec.structs.replace(part, parts=inner))
        elif _holds(Message(role=message.role, parts=(part,)), wire, endpoint):
            parts.append(part)
    return msgspec.structs.replace(message, parts=tuple(parts))


def _holds(message: Message, wire: Any, endpoint: Endpoint) -> bool:
    try:
        wire.written(_call(endpoint, [message], Parameters()))
    except BadRequest:
        return False
    return True
