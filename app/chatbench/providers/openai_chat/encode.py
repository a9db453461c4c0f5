"""Our values as a Chat Completions request (completion_create_params.py, chat_completion_*_param.py)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.messages import (
    AudioPart,
    FilePart,
    ImagePart,
    InlineData,
    MediaPart,
    Message,
    Part,
    ProviderFile,
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
from chatbench.providers.decoding import UNREADABLE
from chatbench.providers.encoding import (
    arguments_of,
    base64_of,
    data_url,
    json_schema_of,
    media_source,
    refused_media,
    state_for,
)
from chatbench.providers.turns import paired
from chatbench.providers.wire import Call

JsonObject = dict[str, Any]

_SAME_NAME = (
    "temperature", "top_p", "top_k", "presence_penalty", "frequency_penalty", "seed",
    "reasoning_effort", "verbosity",
)  # fmt: skip
_AUDIO_FORMATS = {"mpeg": "mp3", "x-wav": "wav", "wave": "wav", "vnd.wave": "wav", "mp4": "m4a"}


def request_fields(call: Call) -> JsonObject:
    """The body of `POST /chat/completions`. Raises BadRequest for media it has no place for."""
    request, quirks = call.request, call.endpoint.quirks
    fields: JsonObject = {"model": request.model.id, "messages": list(_messages(call))}
    if request.stream:
        fields["stream"] = True
        if quirks.stream_usage:
            fields["stream_options"] = {"include_usage": True}
    parameters = request.parameters
    for name in _SAME_NAME:
        if (value := getattr(parameters, name)) is not None:
            fields[name] = value
    if parameters.max_output_tokens is not None:
        fields[quirks.max_tokens_field] = parameters.max_output_tokens
    if parameters.stop:
        fields["stop"] = list(parameters.stop)
    if request.response_schema is not None:
        schema = json_schema_of(request.response_schema)
        fields["response_format"] = {"type": "json_schema", "json_schema": schema}
    if quirks.tools:
        fields.update(_tools(request))
    return fields


def _tools(request: Request) -> JsonObject:
    if not request.tools:
        return {}
    fields: JsonObject = {"tools": []}
    for tool in request.tools:
        function: JsonObject = {
            "name": tool.name,
            "description": tool.description,
            "parameters": tool.parameters or {"type": "object", "properties": {}},
        }
        if tool.strict:
            function["strict"] = True
        fields["tools"].append({"type": "function", "function": function})
    if isinstance(request.tool_choice, NamedTool):
        fields["tool_choice"] = {"type": "function", "function": {"name": request.tool_choice.name}}
    elif request.tool_choice != "auto":
        fields["tool_choice"] = request.tool_choice
    if request.parallel_tool_calls is not None:
        fields["parallel_tool_calls"] = request.parallel_tool_calls
    return fields


def _messages(call: Call) -> Iterator[JsonObject]:
    endpoint = call.endpoint
    instructor = "developer" if endpoint.quirks.developer_role else "system"
    if call.request.system:
        yield {"role": instructor, "content": call.request.system}
    for message in paired(call.request.messages):
        if message.role == "assistant":
            yield from _assistant(message.parts, endpoint)
        elif message.role == "tool":
            yield from _tool_results(message, endpoint)
        elif message.role == "system":
            if message.text:
                yield {"role": instructor, "content": message.text}
        elif content := _content(message.parts, endpoint):
            yield {"role": "user", "content": content}


def _content(parts: Sequence[Part], endpoint: Endpoint) -> str | list[JsonObject]:
    """A string where it is all words: some servers take nothing else."""
    content: list[JsonObject] = []
    for part in parts:
        if isinstance(part, TextPart | RefusalPart):
            if part.text:
                content.append({"type": "text", "text": part.text})
        elif isinstance(part, ImagePart | FilePart | AudioPart):
            content.append(_media(part, endpoint))
        elif not isinstance(part, ThinkingPart | UnknownPart | ToolCallPart | ToolResultPart):
            raise refused_media(part, endpoint, "text, pictures, files and sound")
    if all(item["type"] == "text" for item in content):
        return "\n\n".join(item["text"] for item in content)
    return content


def _media(part: MediaPart, endpoint: Endpoint) -> JsonObject:
    source = media_source(part, endpoint)
    if isinstance(source, ProviderFile):
        return {"type": "file", "file": {"file_id": source.file_id}}
    if isinstance(part, ImagePart):
        url = source.url if isinstance(source, RemoteUrl) else data_url(source, part.media_type)
        detail = {"detail": part.detail} if part.detail else {}
        return {"type": "image_url", "image_url": {"url": url, **detail}}
    if isinstance(part, FilePart):
        url = source.url if isinstance(source, RemoteUrl) else data_url(source, part.media_type)
        return {"type": "file", "file": {"filename": part.name or "file", "file_data": url}}
    if not isinstance(source, InlineData):
        raise refused_media(part, endpoint, "sound only as a file at hand")
    kind = part.media_type.partition("/")[2].lower()
    sound = {"data": base64_of(source), "format": _AUDIO_FORMATS.get(kind, kind)}
    return {"type": "input_audio", "input_audio": sound}


def _assistant(parts: Sequence[Part], endpoint: Endpoint) -> Iterator[JsonObject]:
    message: JsonObject = {"role": "assistant"}
    calls = [part for part in parts if isinstance(part, ToolCallPart)]
    words = [part for part in parts if isinstance(part, TextPart | RefusalPart) and part.text]
    if not calls and not words:
        return
    chunks = [chunk for part in parts for chunk in _thinking_chunk(part, endpoint)]
    if chunks:
        # In this form thinking stands among the words, and so do they.
        message["content"] = [*chunks, *({"type": "text", "text": part.text} for part in words)]
    else:
        message["content"] = "".join(part.text for part in words) or None
    message.update(_reasoning(parts, endpoint, with_calls=bool(calls)))
    if calls:
        message["tool_calls"] = [_tool_call(part) for part in calls]
    yield message


def _thinking_chunk(part: Part, endpoint: Endpoint) -> Iterator[JsonObject]:
    if isinstance(part, ThinkingPart) and "chunk" in (state := state_for(part, endpoint)):
        yield {"type": "thinking", "thinking": [{"type": "text", "text": part.text}], **state["chunk"]}


def _reasoning(parts: Sequence[Part], endpoint: Endpoint, *, with_calls: bool) -> JsonObject:
    """What the provider wants back of its reasoning: OpenRouter's details unchanged; the plain
    text only beside tool calls, where models that reason between calls go on from it."""
    fields: JsonObject = {}
    for part in parts:
        if not isinstance(part, ThinkingPart):
            continue
        state = state_for(part, endpoint)
        if details := state.get("reasoning_details"):
            fields.setdefault("reasoning_details", []).extend(details)
        elif with_calls and (name := state.get("field")):
            fields[name] = fields.get(name, "") + part.text
    return fields


def _tool_call(part: ToolCallPart) -> JsonObject:
    """Arguments as they came, where they are an object: some servers parse them and fail."""
    arguments = part.arguments
    try:
        readable = isinstance(msgspec.json.decode(arguments), dict)
    except UNREADABLE:
        readable = False
    if not readable:
        arguments = msgspec.json.encode(arguments_of(part)).decode()
    return {"id": part.call_id, "type": "function", "function": {"name": part.name, "arguments": arguments}}


def _tool_results(message: Message, endpoint: Endpoint) -> Iterator[JsonObject]:
    """One message a result. Pictures have no place in one and follow as the user's."""
    media: list[JsonObject] = []
    for part in message.parts:
        if not isinstance(part, ToolResultPart):
            continue
        text = "\n\n".join(piece.text for piece in part.parts if isinstance(piece, TextPart))
        shown = [piece for piece in part.parts if not isinstance(piece, TextPart)]
        if shown:
            media.append({"type": "text", "text": f"From the tool {part.name}:"})
            media.extend(_media(piece, endpoint) for piece in shown)
            text = text or "The result follows as a file."
        yield {"role": "tool", "tool_call_id": part.call_id, "content": text}
    if media:
        yield {"role": "user", "content": media}
