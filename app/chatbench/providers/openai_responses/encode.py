"""Our values as a Responses request (response_create_params.py, response_input_item_param.py)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeGuard

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.messages import (
    FilePart,
    ImagePart,
    InlineData,
    MediaPart,
    Part,
    RefusalPart,
    RemoteUrl,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
    UnknownPart,
)
from chatbench.core.requests import Request
from chatbench.providers.encoding import (
    base64_of,
    calling_of,
    data_url,
    json_schema_of,
    media_source,
    refused_media,
    state_for,
)
from chatbench.providers.turns import paired
from chatbench.providers.wire import Call

JsonObject = dict[str, Any]


TAKES = frozenset(
    {
        "temperature", "top_p", "max_output_tokens", "reasoning_effort", "verbosity", "logprobs",
        "top_logprobs", "json_mode", "strict_tools", "service_tier", "user", "metadata",
        "prompt_cache_key", "cache_pattern", "cache_ttl", "background", "extra_body",
        "parallel_tool_calls",
    }
)  # fmt: skip
_NAMES = {
    "temperature": "temperature",
    "top_p": "top_p",
    "max_output_tokens": "max_output_tokens",
    "top_logprobs": "top_logprobs",
    "service_tier": "service_tier",
    "user": "safety_identifier",
    "metadata": "metadata",
    "prompt_cache_key": "prompt_cache_key",
    "background": "background",
}
_USER_MESSAGES = {"last_user_message": 1, "last_2_user_messages": 2, "last_3_user_messages": 3}
_COUNTED = frozenset(
    {"model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls", "reasoning", "text"}
)


def request_fields(call: Call) -> JsonObject:
    """The body of `POST /responses`. Nothing is stored, unless the provider is to work on by
    itself. Raises BadRequest for sound and moving pictures."""
    request, parameters = call.request, call.request.parameters
    fields: JsonObject = {"model": request.model.id, "input": list(_input(call)), "store": False}
    if request.stream:
        fields["stream"] = True
    given = msgspec.to_builtins(parameters)
    for name, value in given.items():
        if name in _NAMES:
            fields[_NAMES[name]] = value
    if parameters.background:
        fields["store"] = True
    include: list[str] = []
    if parameters.logprobs or parameters.top_logprobs is not None:
        include.append("message.output_text.logprobs")
    _set_reasoning(call, fields, include)
    if include:
        fields["include"] = include
    if text := _text_settings(request):
        fields["text"] = text
    if request.tools:
        _set_tools(request, fields)
    if parameters.cache_pattern is not None:
        _mark(fields, call)
    elif request.system:
        fields["instructions"] = request.system
    return fields


def counted_fields(call: Call) -> JsonObject:
    """The body of `POST /responses/input_tokens` (input_token_count_params.py)."""
    return {name: value for name, value in request_fields(call).items() if name in _COUNTED}


def _set_reasoning(call: Call, fields: JsonObject, include: list[str]) -> None:
    effort, info = call.request.parameters.reasoning_effort, call.info
    if effort is not None:
        fields["reasoning"] = {"effort": effort}
    if info.efforts or info.thinking in ("optional", "always"):
        include.append("reasoning.encrypted_content")
        if effort != "none" and call.endpoint.quirks.reasoning_summary:
            fields["reasoning"] = {**fields.get("reasoning", {}), "summary": "auto"}


def _text_settings(request: Request) -> JsonObject:
    settings: JsonObject = {}
    schema = request.response_schema
    if schema is not None:
        settings["format"] = {"type": "json_schema", **json_schema_of(schema)}
    elif request.parameters.json_mode:
        settings["format"] = {"type": "json_object"}
    if request.parameters.verbosity is not None:
        settings["verbosity"] = request.parameters.verbosity
    return settings


def _set_tools(request: Request, fields: JsonObject) -> None:
    overridden = request.parameters.strict_tools
    fields["tools"] = [
        {
            "type": "function",
            "name": tool.name,
            "description": tool.description,
            "parameters": tool.parameters or {"type": "object", "properties": {}},
            "strict": tool.strict if overridden is None else overridden,
        }
        for tool in request.tools
    ]
    fields.update(calling_of(request, lambda name: {"type": "function", "name": name}))


def _mark(fields: JsonObject, call: Call) -> None:
    """Marks where the provider may keep the prompt. `instructions` have no place for a mark: they
    go as the first message instead. The tools come before all of it and are covered."""
    parameters, system = call.request.parameters, call.request.system
    longer = {"ttl": "12h"} if parameters.cache_ttl == "1h" else {}
    mark = {"prompt_cache_breakpoint": {"mode": "explicit", **longer}}
    if parameters.cache_pattern == "system_and_tools" and system:
        content = [{"type": "input_text", "text": system, **mark}]
        role = "developer" if call.endpoint.quirks.developer_role else "system"
        fields["input"].insert(0, {"role": role, "content": content})
    elif system:
        fields["instructions"] = system
    if count := _USER_MESSAGES.get(parameters.cache_pattern or "", 0):
        for item in [item for item in fields["input"] if item.get("role") == "user"][-count:]:
            item["content"][-1] = {**item["content"][-1], **mark}


def _input(call: Call) -> Iterator[JsonObject]:
    endpoint = call.endpoint
    system = "developer" if endpoint.quirks.developer_role else "system"
    roles = {"system": system, "developer": "developer"}
    custom: set[str] = set()
    for message in paired(call.request.messages):
        if message.role == "assistant":
            custom = {part.call_id for part in message.parts if _is_custom(part, endpoint)}
            yield from _assistant_items(message.parts, endpoint)
        elif message.role == "tool":
            yield from _results(message.parts, endpoint, custom)
        else:
            yield from _given(roles.get(message.role, "user"), message.parts, endpoint)


def _is_custom(part: Part, endpoint: Endpoint) -> TypeGuard[ToolCallPart]:
    return isinstance(part, ToolCallPart) and state_for(part, endpoint).get("type") == "custom_tool_call"


def _results(parts: Sequence[Part], endpoint: Endpoint, custom: set[str]) -> Iterator[JsonObject]:
    for part in parts:
        if isinstance(part, ToolResultPart):
            kind = "custom_tool_call_output" if part.call_id in custom else "function_call_output"
            yield {"type": kind, "call_id": part.call_id, "output": _output(part, endpoint)}


def _given(role: str, parts: Sequence[Part], endpoint: Endpoint) -> Iterator[JsonObject]:
    """Items of a message that did not come from a model."""
    content: list[JsonObject] = []
    for part in parts:
        match part:
            case TextPart(text=text) | RefusalPart(text=text):
                if text:
                    content.append({"type": "input_text", "text": text})
            case ThinkingPart() | UnknownPart() | ToolCallPart() | ToolResultPart():
                pass
            case _:
                content.append(_media(part, endpoint))
    if content:
        yield {"role": role, "content": content}


def _media(part: MediaPart, endpoint: Endpoint) -> JsonObject:
    if not isinstance(part, ImagePart | FilePart):
        raise refused_media(part, endpoint, "text, pictures and files")
    source = media_source(part, endpoint)
    if isinstance(part, ImagePart):
        image: JsonObject = {"type": "input_image", "detail": part.detail or "auto"}
        if isinstance(source, InlineData):
            return {**image, "image_url": data_url(source, part.media_type)}
        if isinstance(source, RemoteUrl):
            return {**image, "image_url": source.url}
        return {**image, "file_id": source.file_id}
    if isinstance(source, InlineData):
        return {
            "type": "input_file",
            "filename": part.name or "file",
            "file_data": data_url(source, part.media_type),
        }
    if isinstance(source, RemoteUrl):
        return {"type": "input_file", "file_url": source.url}
    return {"type": "input_file", "file_id": source.file_id}


def _output(part: ToolResultPart, endpoint: Endpoint) -> str | list[JsonObject]:
    if all(isinstance(piece, TextPart) for piece in part.parts):
        return "".join(piece.text for piece in part.parts if isinstance(piece, TextPart))
    return [
        {"type": "input_text", "text": piece.text} if isinstance(piece, TextPart) else _media(piece, endpoint)
        for piece in part.parts
    ]


def _assistant_items(parts: Sequence[Part], endpoint: Endpoint) -> Iterator[JsonObject]:
    """Items of an answer. Those of this provider go back verbatim, with their ids.

    Ids and reasoning go back together or not at all: the provider refuses a message whose
    reasoning is missing, and reasoning that nothing follows (an answer that broke off).
    """
    whole = _is_whole(parts, endpoint)
    words: list[TextPart | RefusalPart] = []
    shown: list[JsonObject] = []
    for part in parts:
        state = state_for(part, endpoint) if whole else {}
        if isinstance(part, TextPart | RefusalPart):
            if words and state.get("id") != state_for(words[-1], endpoint).get("id"):
                yield from _message(words, endpoint, whole)
                words = []
            words.append(part)
            continue
        yield from _message(words, endpoint, whole)
        words = []
        match part:
            case ThinkingPart():
                if item := state.get("item"):
                    yield item
            case UnknownPart():
                if state and isinstance(part.data, dict):
                    yield {name: value for name, value in part.data.items() if value is not None}
            case ToolCallPart():
                bare = {"type": "custom_tool_call"} if _is_custom(part, endpoint) else {}
                yield _call_item(part, state or bare)
            case ToolResultPart():
                pass
            case ImagePart(source=InlineData() as source) if item := state.get("item"):
                yield {**item, "result": base64_of(source)}
            case _:
                shown.append(_media(part, endpoint))
    yield from _message(words, endpoint, whole)
    if shown:
        yield {"role": "user", "content": shown}


def _is_whole(parts: Sequence[Part], endpoint: Endpoint) -> bool:
    reasoning = [part for part in parts if isinstance(part, ThinkingPart)]
    items = [state_for(part, endpoint).get("item") or {} for part in reasoning]
    if not all(item.get("encrypted_content") for item in items):
        return False
    last = parts[-1] if parts else None
    return last is not None and not isinstance(last, ThinkingPart) and bool(state_for(last, endpoint))


def _message(
    words: Sequence[TextPart | RefusalPart], endpoint: Endpoint, whole: bool
) -> Iterator[JsonObject]:
    if not any(part.text for part in words):
        return
    state = state_for(words[0], endpoint)
    phase = {"phase": state["phase"]} if state.get("phase") else {}
    if not whole or not state.get("id"):
        yield {"role": "assistant", "content": "".join(part.text for part in words), **phase}
        return
    content = [
        {"type": "refusal", "refusal": part.text}
        if isinstance(part, RefusalPart)
        else {"type": "output_text", "text": part.text, "annotations": _annotations(part, endpoint)}
        for part in words
    ]
    yield {
        "type": "message",
        "id": state["id"],
        "role": "assistant",
        "status": state.get("status") or "completed",
        "content": content,
        **phase,
    }


def _annotations(part: TextPart, endpoint: Endpoint) -> list[JsonObject]:
    kept = state_for(part, endpoint).get("annotations")
    return kept or [
        {
            "type": "url_citation",
            "url": citation.url,
            "title": citation.title,
            "start_index": citation.start,
            "end_index": citation.end,
        }
        for citation in part.citations
        if citation.url and citation.start is not None and citation.end is not None
    ]


def _call_item(part: ToolCallPart, state: JsonObject) -> JsonObject:
    kept = {name: value for name, value in state.items() if name != "provider"}
    if kept.get("type") == "custom_tool_call":
        return {**kept, "call_id": part.call_id, "name": part.name, "input": part.arguments}
    return {
        **kept,
        "type": "function_call",
        "call_id": part.call_id,
        "name": part.name,
        "arguments": part.arguments or "{}",
    }
