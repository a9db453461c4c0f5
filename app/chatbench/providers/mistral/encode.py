"""Our values as a Mistral request (mistralai 3.7.0: chatcompletionrequest.py, contentchunk.py)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

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
from chatbench.providers.encoding import (
    base64_of,
    content_of,
    data_url,
    function_call,
    function_tools,
    image_url,
    is_text,
    json_schema_of,
    logprobs_of,
    media_source,
    refused_media,
    renamed,
    state_for,
    words_of_file,
)
from chatbench.providers.turns import paired
from chatbench.providers.wire import Call

JsonObject = dict[str, Any]

_FIELDS = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "max_output_tokens": "max_tokens",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
    "seed": "random_seed",
    "reasoning_effort": "reasoning_effort",
    "n": "n",
    "service_tier": "service_tier",
    "metadata": "metadata",
    "prompt_cache_key": "prompt_cache_key",
}
"""Our names of parameters → Mistral's."""
_CALL_ID = re.compile(r"[A-Za-z0-9]{9}\Z")


def request_fields(call: Call) -> JsonObject:
    """The body of `POST /v1/chat/completions`. Raises BadRequest for media it has no chunk for."""
    request, given = call.request, call.request.parameters
    fields: JsonObject = {"model": request.model.id, "messages": _messages(call)}
    if request.stream:
        fields["stream"] = True
    fields.update(renamed(given, _FIELDS))
    if given.stop:
        fields["stop"] = list(given.stop)
    fields.update(logprobs_of(given))
    if request.response_schema is not None:
        schema = json_schema_of(request.response_schema)
        fields["response_format"] = {"type": "json_schema", "json_schema": schema}
    elif given.json_mode:
        fields["response_format"] = {"type": "json_object"}
    fields.update(function_tools(request, says_lax=False))
    return fields


def _messages(call: Call) -> list[JsonObject]:
    """The turns; an answer at the end is marked as the beginning of the one that is asked for."""
    endpoint, turns = call.endpoint, paired(call.request.messages)
    ids = _call_ids(turns, endpoint)
    sent: list[JsonObject] = []
    if call.request.system:
        sent.append({"role": "system", "content": call.request.system})
    for message in turns:
        if message.role == "assistant":
            sent.extend(_assistant(message.parts, ids, endpoint))
        elif message.role == "tool":
            sent.extend(_tool_results(message, ids, endpoint))
        elif message.role in ("system", "developer"):
            if message.text:
                sent.append({"role": "system", "content": message.text})
        elif content := _content(message.parts, endpoint):
            sent.append({"role": "user", "content": content})
    if sent and sent[-1]["role"] == "assistant" and not sent[-1].get("tool_calls"):
        sent[-1]["prefix"] = True
    return sent


def _call_ids(turns: Sequence[Message], endpoint: Endpoint) -> dict[str, str]:
    """Our ids of tool calls → Mistral's: its own as they came, others in the only form it takes,
    nine letters and digits."""
    calls = [part for turn in turns for part in turn.parts if isinstance(part, ToolCallPart)]
    return {
        part.call_id: part.call_id
        if _CALL_ID.match(part.call_id) or state_for(part, endpoint)
        else hashlib.sha256(part.call_id.encode("utf-8", "surrogatepass")).hexdigest()[:9]
        for part in calls
    }


def _content(parts: Sequence[Part], endpoint: Endpoint) -> str | list[JsonObject]:
    content: list[JsonObject] = []
    for part in parts:
        if isinstance(part, TextPart | RefusalPart):
            if part.text:
                content.append({"type": "text", "text": part.text})
        elif isinstance(part, ImagePart | FilePart | AudioPart):
            content.append(_media(part, endpoint))
        elif not isinstance(part, ThinkingPart | UnknownPart | ToolCallPart | ToolResultPart):
            raise refused_media(part, endpoint, "text, pictures, documents and sound")
    return content_of(content)


def _media(part: MediaPart, endpoint: Endpoint) -> JsonObject:
    source = media_source(part, endpoint)
    if isinstance(source, ProviderFile):
        return {"type": "file", "file_id": source.file_id}
    if isinstance(part, AudioPart):
        sound = source.url if isinstance(source, RemoteUrl) else base64_of(source)
        return {"type": "input_audio", "input_audio": sound}
    if isinstance(part, ImagePart):
        return image_url(part, source, "high" if part.detail == "original" else part.detail)
    if isinstance(source, InlineData) and is_text(part.media_type):
        return {"type": "text", "text": words_of_file(part.name, source)}
    url = source.url if isinstance(source, RemoteUrl) else data_url(source, part.media_type)
    named = {"document_name": part.name} if part.name else {}
    return {"type": "document_url", "document_url": url, **named}


def _assistant(parts: Sequence[Part], ids: Mapping[str, str], endpoint: Endpoint) -> Iterator[JsonObject]:
    chunks = [chunk for part in parts for chunk in _answer_chunk(part, endpoint)]
    calls = [part for part in parts if isinstance(part, ToolCallPart)]
    if all(chunk["type"] == "thinking" for chunk in chunks) and not calls:
        # Nothing was said: an answer that was stopped while thinking.
        return
    message: JsonObject = {"role": "assistant"}
    if all(chunk["type"] == "text" for chunk in chunks):
        message["content"] = "".join(chunk["text"] for chunk in chunks)
    else:
        message["content"] = chunks
    if calls:
        message["tool_calls"] = [function_call(part, ids[part.call_id]) for part in calls]
    yield message


def _answer_chunk(part: Part, endpoint: Endpoint) -> Iterator[JsonObject]:
    state = state_for(part, endpoint)
    if isinstance(part, TextPart | RefusalPart):
        yield from _words(part.text, state.get("references", ()))
    elif isinstance(part, ThinkingPart) and "chunk" in state:
        inner: list[JsonObject] = [{"type": "text", "text": part.text}] if part.text else []
        yield {"type": "thinking", "thinking": [*inner, *state.get("inner", ())], **state["chunk"]}


def _words(text: str, references: Sequence[JsonObject]) -> Iterator[JsonObject]:
    """The text with its references where they stood."""
    begun = 0
    for reference in references:
        if before := text[begun : reference["at"]]:
            yield {"type": "text", "text": before}
        yield reference["chunk"]
        begun = max(begun, reference["at"])
    if rest := text[begun:]:
        yield {"type": "text", "text": rest}


def _tool_results(message: Message, ids: Mapping[str, str], endpoint: Endpoint) -> Iterator[JsonObject]:
    """One message a result, pictures and files included."""
    for part in message.parts:
        if isinstance(part, ToolResultPart):
            yield {
                "role": "tool",
                "tool_call_id": ids.get(part.call_id, part.call_id),
                "name": part.name,
                "content": _content(part.parts, endpoint),
            }
