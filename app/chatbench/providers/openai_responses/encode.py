"""Our values as a Responses request (response_create_params.py, response_input_item_param.py)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

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
from chatbench.core.tools import NamedTool
from chatbench.providers.encoding import data_url, json_schema_of, media_source, refused_media, state_for
from chatbench.providers.turns import paired
from chatbench.providers.wire import Call

JsonObject = dict[str, Any]


def request_fields(call: Call) -> JsonObject:
    """The body of `POST /responses`. Raises BadRequest for sound and moving pictures."""
    request = call.request
    fields: JsonObject = {
        "model": request.model.id,
        "input": [item for items in _turns(call) for item in items],
        "store": False,
    }
    if request.stream:
        fields["stream"] = True
    if request.system:
        fields["instructions"] = request.system
    for name in ("max_output_tokens", "temperature", "top_p"):
        if (value := getattr(request.parameters, name)) is not None:
            fields[name] = value
    fields.update(_reasoning(call))
    if text := _text_settings(request):
        fields["text"] = text
    fields.update(_tools(request))
    return fields


def _reasoning(call: Call) -> JsonObject:
    effort, info = call.request.parameters.reasoning_effort, call.info
    reasons = info.thinking in {"optional", "always"} or bool(info.efforts)
    fields: JsonObject = {}
    if effort is not None:
        fields["reasoning"] = {"effort": effort}
    if reasons:
        fields["include"] = ["reasoning.encrypted_content"]
        if effort != "none" and call.endpoint.quirks.reasoning_summary:
            fields["reasoning"] = {**fields.get("reasoning", {}), "summary": "auto"}
    return fields


def _text_settings(request: Request) -> JsonObject:
    settings: JsonObject = {}
    schema = request.response_schema
    if schema is not None:
        settings["format"] = {"type": "json_schema", **json_schema_of(schema)}
    if request.parameters.verbosity is not None:
        settings["verbosity"] = request.parameters.verbosity
    return settings


def _tools(request: Request) -> JsonObject:
    if not request.tools:
        return {}
    fields: JsonObject = {
        "tools": [
            {
                "type": "function",
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters or {"type": "object", "properties": {}},
                "strict": tool.strict,
            }
            for tool in request.tools
        ]
    }
    if isinstance(request.tool_choice, NamedTool):
        fields["tool_choice"] = {"type": "function", "name": request.tool_choice.name}
    elif request.tool_choice != "auto":
        fields["tool_choice"] = request.tool_choice
    if request.parallel_tool_calls is not None:
        fields["parallel_tool_calls"] = request.parallel_tool_calls
    return fields


def _turns(call: Call) -> Iterator[Iterator[JsonObject]]:
    endpoint = call.endpoint
    for message in paired(call.request.messages):
        if message.role == "assistant":
            yield _assistant_items(message.parts, endpoint)
        elif message.role == "system":
            yield _given("developer" if endpoint.quirks.developer_role else "system", message.parts, endpoint)
        else:
            yield _given("user", message.parts, endpoint)


def _given(role: str, parts: Sequence[Part], endpoint: Endpoint) -> Iterator[JsonObject]:
    """Items of a message that did not come from a model."""
    content: list[JsonObject] = []
    for part in parts:
        match part:
            case ToolResultPart():
                yield _tool_result(part, endpoint)
            case ToolCallPart():
                yield _call_item(part, {})
            case TextPart(text=text) | RefusalPart(text=text):
                if text:
                    content.append({"type": "input_text", "text": text})
            case ThinkingPart() | UnknownPart():
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


def _tool_result(part: ToolResultPart, endpoint: Endpoint) -> JsonObject:
    output: str | list[JsonObject]
    if all(isinstance(piece, TextPart) for piece in part.parts):
        output = "".join(piece.text for piece in part.parts if isinstance(piece, TextPart))
    else:
        output = [
            {"type": "input_text", "text": piece.text}
            if isinstance(piece, TextPart)
            else _media(piece, endpoint)
            for piece in part.parts
        ]
    return {"type": "function_call_output", "call_id": part.call_id, "output": output}


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
                yield _call_item(part, state)
            case ToolResultPart():
                yield _tool_result(part, endpoint)
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
        else {"type": "output_text", "text": part.text, "annotations": _annotations(part)}
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


def _annotations(part: TextPart) -> list[JsonObject]:
    return [
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
    return {
        **{name: value for name, value in state.items() if name != "provider"},
        "type": "function_call",
        "call_id": part.call_id,
        "name": part.name,
        "arguments": part.arguments or "{}",
    }
