"""Our values as a Chat Completions request (completion_create_params.py, chat_completion_*_param.py)."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from chatbench.core.endpoints import Endpoint, Quirks
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
from chatbench.providers.encoding import (
    base64_of,
    content_of,
    data_url,
    function_call,
    function_tools,
    image_url,
    json_schema_of,
    media_source,
    refused_media,
    state_for,
)
from chatbench.providers.openai_chat import marks
from chatbench.providers.turns import paired
from chatbench.providers.wire import Call

JsonObject = dict[str, Any]

_SAME_NAME = frozenset(
    {
        "temperature", "top_p", "top_k", "stop", "presence_penalty", "frequency_penalty", "seed",
        "reasoning_effort", "verbosity", "n", "logprobs", "service_tier", "metadata",
        "prompt_cache_key",
    }
)  # fmt: skip
TAKES = _SAME_NAME | {
    "max_output_tokens", "logit_bias", "top_logprobs", "json_mode", "strict_tools", "user",
    "cache_pattern", "cache_ttl", "extra_body", "parallel_tool_calls", "name",
}  # fmt: skip
_AUDIO_FORMATS = {"mpeg": "mp3", "x-wav": "wav", "wave": "wav", "vnd.wave": "wav", "mp4": "m4a"}


def request_fields(call: Call) -> JsonObject:
    """The body of `POST /chat/completions`. Raises BadRequest for media it has no place for."""
    request, quirks = call.request, call.endpoint.quirks
    parameters = request.parameters
    messages = list(_messages(call))
    if parameters.cache_pattern is not None:
        marks.set_on(messages, parameters)
    fields: JsonObject = {"model": request.model.id, "messages": messages}
    if request.stream:
        fields["stream"] = True
        if quirks.stream_usage:
            fields["stream_options"] = {"include_usage": True}
    given = msgspec.to_builtins(parameters)
    if given:
        _encode_parameters(given, fields, quirks)
    if request.response_schema is not None:
        schema = json_schema_of(request.response_schema)
        fields["response_format"] = {"type": "json_schema", "json_schema": schema}
    if request.tools and quirks.tools:
        fields.update(function_tools(request, says_lax=True))
    return fields


def _encode_parameters(given: JsonObject, fields: JsonObject, quirks: Quirks) -> None:
    """`given` are the parameters that were set, by our names."""
    for name, value in given.items():
        if name in _SAME_NAME:
            fields[name] = value
    if "max_output_tokens" in given:
        fields[quirks.max_tokens_field] = given["max_output_tokens"]
    if "top_logprobs" in given:
        fields.update(logprobs=True, top_logprobs=given["top_logprobs"])
    if "logit_bias" in given:
        # Whole numbers are what the type asks for, so those are sent as such.
        fields["logit_bias"] = {
            token: int(bias) if float(bias).is_integer() else bias
            for token, bias in given["logit_bias"].items()
        }
    if given.get("json_mode"):
        fields["response_format"] = {"type": "json_object"}
    if "user" in given:
        # Only where OpenAI's newer words are known; everywhere else the older one is.
        fields["safety_identifier" if quirks.developer_role else "user"] = given["user"]


def _messages(call: Call) -> Iterator[JsonObject]:
    """Pictures in an answer have no place in it and follow as the user's, behind tool results."""
    endpoint = call.endpoint
    instructor = "developer" if endpoint.quirks.developer_role else "system"
    if call.request.system:
        yield {"role": instructor, "content": call.request.system}
    shown: list[JsonObject] = []
    for message in paired(call.request.messages):
        named = {"name": message.name} if message.name else {}
        role = message.role
        if role == "tool":
            results, media = _tool_results(message, endpoint)
            yield from results
            shown += media
            continue
        if shown:
            yield {"role": "user", "content": shown}
            shown = []
        if role == "assistant":
            if answer := _assistant(message.parts, endpoint):
                yield {**answer, **named}
            shown = [
                _media(part, endpoint) for part in message.parts if isinstance(part, ImagePart | FilePart)
            ]
        elif role == "user":
            if content := _content(message.parts, endpoint):
                yield {"role": "user", "content": content, **named}
        elif message.text:
            yield {"role": instructor, "content": message.text, **named}
    if shown:
        yield {"role": "user", "content": shown}


def _content(parts: Sequence[Part], endpoint: Endpoint) -> str | list[JsonObject]:
    if len(parts) == 1 and isinstance(parts[0], TextPart):
        return parts[0].text
    content: list[JsonObject] = []
    for part in parts:
        if isinstance(part, TextPart | RefusalPart):
            if part.text:
                content.append({"type": "text", "text": part.text})
        elif isinstance(part, ImagePart | FilePart | AudioPart):
            content.append(_media(part, endpoint))
        elif not isinstance(part, ThinkingPart | UnknownPart | ToolCallPart | ToolResultPart):
            raise refused_media(part, endpoint, "text, pictures, files and sound")
    return content_of(content)


def _media(part: MediaPart, endpoint: Endpoint) -> JsonObject:
    source = media_source(part, endpoint)
    if isinstance(source, ProviderFile):
        return {"type": "file", "file": {"file_id": source.file_id}}
    if isinstance(part, ImagePart):
        return image_url(part, source, part.detail)
    if isinstance(part, FilePart):
        url = source.url if isinstance(source, RemoteUrl) else data_url(source, part.media_type)
        return {"type": "file", "file": {"filename": part.name or "file", "file_data": url}}
    if not isinstance(source, InlineData):
        raise refused_media(part, endpoint, "sound only as a file at hand")
    kind = part.media_type.partition("/")[2].lower()
    sound = {"data": base64_of(source), "format": _AUDIO_FORMATS.get(kind, kind)}
    return {"type": "input_audio", "input_audio": sound}


def _assistant(parts: Sequence[Part], endpoint: Endpoint) -> JsonObject | None:
    """None for an answer of which nothing can be said again."""
    message: JsonObject = {"role": "assistant"}
    calls = [part for part in parts if isinstance(part, ToolCallPart)]
    words: list[str] = []
    for part in parts:
        match part:
            case RefusalPart() if part.text and state_for(part, endpoint):
                message["refusal"] = message.get("refusal", "") + part.text
            case TextPart(text=text) | RefusalPart(text=text):
                words.append(text)
            case AudioPart():
                if kept := _kept_audio(part, endpoint):
                    message["audio"] = kept
                else:
                    words.append(part.transcript)
    words = [text for text in words if text]
    if not calls and not words and len(message) == 1:
        return None
    chunks = [chunk for part in parts for chunk in _thinking_chunk(part, endpoint)]
    if chunks:
        # In this form thinking stands among the words, and so do they.
        message["content"] = [*chunks, *({"type": "text", "text": text} for text in words)]
    else:
        message["content"] = "".join(words) or None
    message.update(_reasoning(parts, endpoint, with_calls=bool(calls)))
    if calls:
        message["tool_calls"] = [_tool_call(part, endpoint) for part in calls]
    return message


def _kept_audio(part: AudioPart, endpoint: Endpoint) -> JsonObject | None:
    """The id under which the provider still keeps what it said."""
    state = state_for(part, endpoint)
    until = state.get("expires_at")
    gone = isinstance(until, int) and until <= time.time()
    return {"id": state["id"]} if state.get("id") and not gone else None


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


def _tool_call(part: ToolCallPart, endpoint: Endpoint) -> JsonObject:
    state = state_for(part, endpoint)
    if state.get("type") == "custom":
        custom = {"name": part.name, "input": part.arguments}
        return {"id": part.call_id, "type": "custom", "custom": custom}
    extra = {"extra_content": state["extra_content"]} if "extra_content" in state else {}
    return {**function_call(part, part.call_id), **extra}


def _tool_results(message: Message, endpoint: Endpoint) -> tuple[list[JsonObject], list[JsonObject]]:
    """One message a result, and the media of all: they have no place in one."""
    results: list[JsonObject] = []
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
        results.append({"role": "tool", "tool_call_id": part.call_id, "content": text})
    return results, media
