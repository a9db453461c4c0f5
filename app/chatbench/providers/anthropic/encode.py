"""Our values as an Anthropic request (anthropic 2.11.0: types/message_create_params.py and its parts)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from chatbench.core.endpoints import Endpoint
from chatbench.core.messages import (
    FilePart,
    ImagePart,
    InlineData,
    MediaPart,
    Message,
    Part,
    RefusalPart,
    RemoteUrl,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
    UnknownPart,
)
from chatbench.core.models import ModelInfo
from chatbench.core.params import Parameters
from chatbench.core.requests import Request
from chatbench.core.tools import NamedTool
from chatbench.providers.encoding import (
    arguments_of,
    base64_of,
    media_source,
    refused_media,
    state_for,
)
from chatbench.providers.turns import paired
from chatbench.providers.wire import Call

JsonObject = dict[str, Any]
CURRENT_VERSION = "2026-10-21"
SAMPLING_VERSION = "2023-06-01"
"""The version that still takes temperature, top_p and top_k, from models before Claude 4.7."""
CAREFUL_MAX_TOKENS = 8_192
WHOLE_MAX_TOKENS = 21_333
"""The most that is generated within ten minutes, after which an answer has to be streamed."""
IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
SAMPLING = ("temperature", "top_p", "top_k")


def version_for(parameters: Parameters) -> str:
    """The `anthropic-version` to speak: the old one only where a sampling parameter was set."""
    sampled = any(getattr(parameters, name) is not None for name in SAMPLING)
    return SAMPLING_VERSION if sampled else CURRENT_VERSION


def request_fields(call: Call) -> JsonObject:
    """The body of `POST /v1/messages`. Raises BadRequest for media Anthropic has no block for."""
    request = call.request
    given = request.parameters
    thinking = _thinking(given, call.info)
    fields: JsonObject = {
        "model": request.model.id,
        "max_tokens": _max_tokens(call, thinking),
        "messages": _messages(request.messages, call.endpoint),
    }
    if request.stream:
        fields["stream"] = True
    if system := _system(request):
        fields["system"] = system
    for name in SAMPLING:
        if (value := getattr(given, name)) is not None:
            fields[name] = value
    if given.stop:
        fields["stop_sequences"] = list(given.stop)
    if thinking:
        fields["thinking"] = thinking
    if output := _output_config(request):
        fields["output_config"] = output
    fields.update(_tools(request))
    return fields


def _thinking(given: Parameters, info: ModelInfo) -> JsonObject | None:
    """Adaptive for today's models, a budget for those that know no other way.

    Where thinking cannot be turned off it is asked for by name, because its words are withheld
    unless a summary is requested.
    """
    if given.reasoning_effort == "none" or given.thinking_budget == 0:
        return {"type": "disabled"}
    if info.thinking_budget:
        if given.thinking_budget is None:
            return None
        return {"type": "enabled", "budget_tokens": given.thinking_budget}
    wanted = given.reasoning_effort is not None and info.thinking == "optional"
    if info.thinking == "always" or wanted:
        return {"type": "adaptive", "display": "summarized"}
    return None


def _max_tokens(call: Call, thinking: JsonObject | None) -> int:
    given, most = call.request.parameters.max_output_tokens, call.info.max_output_tokens
    if given is not None:
        return given
    budget = thinking.get("budget_tokens", 0) if thinking else 0
    wanted: int = most or CAREFUL_MAX_TOKENS + budget
    return wanted if call.request.stream else max(min(wanted, WHOLE_MAX_TOKENS), budget + 1)


def _output_config(request: Request) -> JsonObject:
    config: JsonObject = {}
    effort = request.parameters.reasoning_effort
    if effort not in {None, "none"}:
        config["effort"] = effort
    if request.response_schema is not None:
        config["format"] = {"type": "json_schema", "schema": request.response_schema}
    return config


def _tools(request: Request) -> JsonObject:
    if not request.tools:
        return {}
    tools: list[JsonObject] = []
    for tool in request.tools:
        described: JsonObject = {
            "name": tool.name,
            "description": tool.description,
            "input_schema": {"type": "object", **tool.parameters},
        }
        if tool.strict:
            described["strict"] = True
        tools.append(described)
    choice: JsonObject = {"type": "auto"}
    if isinstance(request.tool_choice, NamedTool):
        choice = {"type": "tool", "name": request.tool_choice.name}
    elif request.tool_choice != "auto":
        choice = {"type": "any" if request.tool_choice == "required" else "none"}
    if request.parallel_tool_calls is not None and choice["type"] != "none":
        choice["disable_parallel_tool_use"] = not request.parallel_tool_calls
    return {"tools": tools} if choice == {"type": "auto"} else {"tools": tools, "tool_choice": choice}


def _system(request: Request) -> str:
    """The system prompt, with system messages of the conversation behind it."""
    later = [message.text for message in request.messages if message.role == "system"]
    return "\n\n".join(text for text in (request.system, *later) if text.strip())


def _messages(messages: Sequence[Message], endpoint: Endpoint) -> list[JsonObject]:
    """Turns by role, alternating; within a user's turn tool results stand first, as demanded.

    A picture in an answer cannot be sent back as one, so the next user turn shows it.
    """
    turns: list[JsonObject] = []
    shown: list[JsonObject] = []
    for message in paired([m for m in messages if m.role != "system"]):
        if message.role == "assistant":
            role, blocks = "assistant", list(_answer_blocks(message.parts, shown, endpoint))
        else:
            role, blocks = "user", [*shown, *_blocks(message.parts, endpoint)]
            shown = []
        _append(turns, role, blocks)
    _append(turns, "user", shown)
    for turn in turns:
        if turn["role"] == "user":
            turn["content"].sort(key=lambda block: block["type"] != "tool_result")
        else:
            _drop_trailing_thinking(turn["content"])
    return [turn for turn in turns if turn["content"]]


def _append(turns: list[JsonObject], role: str, blocks: list[JsonObject]) -> None:
    if not blocks:
        return
    if turns and turns[-1]["role"] == role:
        turns[-1]["content"].extend(blocks)
    else:
        turns.append({"role": role, "content": blocks})


def _drop_trailing_thinking(blocks: list[JsonObject]) -> None:
    """An answer that was stopped while thinking ends in a block that no turn may end with."""
    while blocks and blocks[-1]["type"] in {"thinking", "redacted_thinking"}:
        blocks.pop()


def _answer_blocks(
    parts: Sequence[Part], shown: list[JsonObject], endpoint: Endpoint
) -> Iterator[JsonObject]:
    for part in parts:
        match part:
            case ThinkingPart():
                yield from _thought(part, state_for(part, endpoint))
            case UnknownPart():
                if state_for(part, endpoint) and isinstance(part.data, dict):
                    yield part.data
            case ToolCallPart():
                state = state_for(part, endpoint)
                kept = {name: value for name, value in state.items() if name != "provider"}
                yield {**kept, **_tool_use(part)}
            case TextPart(text=text):
                if text.strip():
                    cited = state_for(part, endpoint).get("citations")
                    yield {"type": "text", "text": text, **({"citations": cited} if cited else {})}
            case RefusalPart(text=text):
                if text.strip():
                    yield {"type": "text", "text": text}
            case ToolResultPart():
                pass
            case _:
                shown.append(_media(part, endpoint))


def _thought(part: ThinkingPart, state: JsonObject) -> Iterator[JsonObject]:
    """A thinking block goes back as it came or, unsigned or from elsewhere, not at all."""
    if data := state.get("data"):
        yield {"type": "redacted_thinking", "data": data}
    elif signature := state.get("signature"):
        yield {"type": "thinking", "thinking": part.text, "signature": signature}


def _blocks(parts: Sequence[Part], endpoint: Endpoint) -> Iterator[JsonObject]:
    for part in parts:
        match part:
            case TextPart(text=text) | RefusalPart(text=text):
                if text.strip():
                    yield {"type": "text", "text": text}
            case ToolResultPart():
                yield _tool_result(part, endpoint)
            case ThinkingPart() | UnknownPart() | ToolCallPart():
                pass
            case _:
                yield _media(part, endpoint)


def _tool_use(part: ToolCallPart) -> JsonObject:
    return {"type": "tool_use", "id": part.call_id, "name": part.name, "input": arguments_of(part)}


def _tool_result(part: ToolResultPart, endpoint: Endpoint) -> JsonObject:
    result: JsonObject = {"type": "tool_result", "tool_use_id": part.call_id}
    if content := list(_blocks(part.parts, endpoint)):
        result["content"] = content
    if part.is_error:
        result["is_error"] = True
    return result


def _media(part: MediaPart, endpoint: Endpoint) -> JsonObject:
    if isinstance(part, ImagePart):
        return {"type": "image", "source": _source(part, endpoint, part.media_type in IMAGES)}
    if isinstance(part, FilePart):
        text = part.media_type.startswith("text/") or part.media_type == "application/json"
        if text and isinstance(part.source, InlineData):
            words = part.source.data.decode("utf-8", "replace")
            source: JsonObject = {"type": "text", "media_type": "text/plain", "data": words}
        else:
            source = _source(part, endpoint, part.media_type == "application/pdf")
        return {"type": "document", "source": source, **({"title": part.name} if part.name else {})}
    raise refused_media(part, endpoint, "pictures, PDF files and text")


def _source(part: ImagePart | FilePart, endpoint: Endpoint, known: bool) -> JsonObject:
    source = media_source(part, endpoint)
    if isinstance(source, RemoteUrl):
        return {"type": "url", "url": source.url}
    if not isinstance(source, InlineData):
        return {"type": "file", "file_id": source.file_id}
    if not known:
        raise refused_media(part, endpoint, "PNG, JPEG, GIF and WebP pictures, PDF files and text")
    return {"type": "base64", "media_type": part.media_type, "data": base64_of(source)}
