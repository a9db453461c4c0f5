"""From what a caller writes to a `Request`: prompts in all their forms, fragments, schemas, tools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import msgspec

from chatbench.client.foreign import refuse_foreign
from chatbench.client.routing import Route
from chatbench.core.errors import ConfigurationError, FormatError
from chatbench.core.messages import MediaPart, Message, TextPart, ToolCallPart, ToolResultPart
from chatbench.core.params import Parameters
from chatbench.core.requests import Request
from chatbench.core.tools import NamedTool, ToolChoice, ToolDefinition

_OTHER_NAMES = {
    "max_tokens": "max_output_tokens",
    "max_new_tokens": "max_output_tokens",
    "max_completion_tokens": "max_output_tokens",
    "effort": "reasoning_effort",
    "stop_sequences": "stop",
}
"""What others call them; the field has more names for one thing than it has things."""


@runtime_checkable
class Transcript(Protocol):
    """Messages with a system prompt of their own: `Conversation` is one."""

    @property
    def messages(self) -> Sequence[Message]: ...


Prompt = str | Message | Sequence[Message] | Transcript | Request


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What goes with a prompt, in the caller's words, and the client's where the caller said
    nothing. `named` is what was said for this very call: it wins over what a `Request` holds."""

    system: str = ""
    fragments: Sequence[str] = ()
    system_fragments: Sequence[str] = ()
    attachments: Sequence[Any] = ()
    schema: Any = None
    tools: Sequence[Any] = ()
    tool_choice: Any = "auto"
    parallel_tool_calls: bool | None = None
    parameters: Parameters = Parameters()
    extra_headers: Mapping[str, str] = {}
    extra_query: Mapping[str, str] = {}
    api_version: str = ""
    stream: bool = True
    named: frozenset[str] = frozenset()


def parameters_of(base: Parameters | Mapping[str, Any] | None, named: Mapping[str, Any]) -> Parameters:
    """Parameters given as a value, as a dictionary, and by name, the last winning.

    Raises UnknownParameter, with near names or ours; ConfigurationError for a value of the wrong
    kind.
    """
    if isinstance(base, Parameters):
        start = base
    else:
        start = Parameters.from_dict(_renamed(base)) if base else Parameters()
    return start.merged(Parameters.from_dict(_renamed(named))) if named else start


def _renamed(named: Mapping[str, Any]) -> dict[str, Any]:
    refuse_foreign(named)
    return {_OTHER_NAMES.get(name, name): value for name, value in named.items()}


def request_of(prompt: Any, asked: Asked, route: Route) -> Request:
    """The request to one model. Raises ConfigurationError for what is no prompt, InvalidSchema,
    InvalidHeader, AttachmentRefused, and FormatError for text that no request can hold, all before
    anything is sent."""
    if isinstance(prompt, Request):
        request = _asked_of(prompt, asked, route)
        _refuse_halves(request.messages, request.system)
        return request
    messages, system = _messages(prompt)
    system = "\n\n".join(filter(None, (*asked.system_fragments, asked.system, system)))
    if asked.fragments or asked.attachments:
        messages = _with_last_user(messages, asked)
    if not messages:
        raise ConfigurationError("There is nothing to ask.", "Give a prompt, or a message.")
    _refuse_halves(messages, system)
    parameters = asked.parameters
    if route.parameters is not asked.parameters:
        parameters = route.parameters.merged(asked.parameters)
    return Request(
        model=route.model,
        messages=messages,
        system=system,
        parameters=parameters,
        tools=tuple(map(_tool, asked.tools)),
        tool_choice=_choice(asked.tool_choice),
        parallel_tool_calls=asked.parallel_tool_calls,
        response_schema=None if asked.schema is None else _schema(asked.schema),
        stream=asked.stream,
        extra_headers=dict(asked.extra_headers),
        extra_query=dict(asked.extra_query),
        api_version=asked.api_version,
    )


def _asked_of(request: Request, asked: Asked, route: Route) -> Request:
    """A request as it is, but for what was said for this call."""
    changes: dict[str, Any] = {}
    if request.model != route.model or asked.parameters.given():
        merged = route.parameters.merged(request.parameters).merged(asked.parameters)
        changes = {"model": route.model, "parameters": merged}
    for name in asked.named & {"system", "api_version", "parallel_tool_calls", "stream"}:
        changes[name] = getattr(asked, name)
    if asked.extra_headers:
        changes["extra_headers"] = {**asked.extra_headers, **request.extra_headers}
    if asked.extra_query:
        changes["extra_query"] = {**asked.extra_query, **request.extra_query}
    if asked.tools:
        changes["tools"] = tuple(map(_tool, asked.tools))
    if "tool_choice" in asked.named:
        changes["tool_choice"] = _choice(asked.tool_choice)
    if asked.schema is not None:
        changes["response_schema"] = _schema(asked.schema)
    if asked.fragments or asked.attachments:
        changes["messages"] = _with_last_user(request.messages, asked)
    if asked.system_fragments:
        system = changes.get("system", request.system)
        changes["system"] = "\n\n".join(filter(None, (*asked.system_fragments, system)))
    return msgspec.structs.replace(request, **changes) if changes else request


def _messages(prompt: Any) -> tuple[tuple[Message, ...], str]:
    if isinstance(prompt, str):
        return ((Message(role="user", parts=(TextPart(text=prompt),)),) if prompt else ()), ""
    if isinstance(prompt, Message):
        return (prompt,), ""
    if isinstance(prompt, Transcript):
        return tuple(prompt.messages), ""
    if isinstance(prompt, Sequence) and all(isinstance(item, Message) for item in prompt):
        return tuple(prompt), ""
    raise ConfigurationError(
        f"A {type(prompt).__name__} is no prompt.", "Give a text, a Message, a Conversation or a Request."
    )


def _refuse_halves(messages: Sequence[Message], system: str) -> None:
    """Halves of surrogate pairs, as text has that was decoded wrongly, cannot be sent."""
    if not system.isascii():
        _encoded(system)
    for message in messages:
        for part in message.parts:
            if type(part) is TextPart:
                if not part.text.isascii():
                    _encoded(part.text)
            elif isinstance(part, ToolCallPart):
                _encoded(part.arguments)
            elif isinstance(part, ToolResultPart):
                for inner in part.parts:
                    _encoded(getattr(inner, "text", ""))


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise FormatError(
            f"Character {error.start + 1:,} of the prompt is no character ({text[error.start]!a}).",
            "Decode the text as UTF-8, or replace what cannot be decoded.",
        ) from error


def _with_last_user(messages: tuple[Message, ...], asked: Asked) -> tuple[Message, ...]:
    """Fragments and attachments come before the words of the last question."""
    media = tuple(_part(item) for item in asked.attachments)
    pieces = tuple(TextPart(text=text) for text in asked.fragments if text)
    if messages and messages[-1].role == "user":
        last = messages[-1]
        return (*messages[:-1], msgspec.structs.replace(last, parts=(*media, *pieces, *last.parts)))
    return (*messages, Message(role="user", parts=(*media, *pieces)))


def _part(item: Any) -> MediaPart:
    if isinstance(item, MediaPart):
        return item
    from chatbench.client.media import File

    return item.part() if isinstance(item, File) else File(item).part()


def _schema(schema: Any) -> dict[str, Any]:
    from chatbench.client.schemas import schema_of
    from chatbench.client.strictness import strict_schema

    return strict_schema(schema_of(schema))


def _tool(tool: Any) -> ToolDefinition:
    if isinstance(tool, ToolDefinition):
        return tool
    from chatbench.client.schemas import tool_definition

    return tool_definition(tool)


def _choice(choice: Any) -> ToolChoice:
    if choice in ("auto", "none", "required") or isinstance(choice, NamedTool):
        return choice  # type: ignore[no-any-return]
    if isinstance(choice, str):
        return NamedTool(choice)
    raise ConfigurationError(
        f"{choice!r} is no choice of a tool.", "Use auto, none, required, or a tool's name."
    )
