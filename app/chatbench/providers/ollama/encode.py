"""Our values as an Ollama request (ollama 0.6.3: _types.py, ChatRequest, Message, Tool, Options)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.messages import (
    FilePart,
    ImagePart,
    InlineData,
    Message,
    Part,
    RefusalPart,
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
    function_tool,
    is_text,
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

_OPTIONS = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "seed": "seed",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
    "max_output_tokens": "num_predict",
}
"""Our names of parameters → the names of Ollama's options."""
LEAST_WINDOW = 8_192
USUAL_WINDOW = 32_768
UNKNOWN_WINDOW = 131_072
"""Tokens. See `context_size`."""
_ROOM_TO_ANSWER = 4_096
_IMAGE_TOKENS = 2_048
_BYTES_A_TOKEN = 3


def request_fields(call: Call) -> JsonObject:
    """The body of `POST /api/chat`. Raises BadRequest for media it has no place for.

    `truncate` and `shift` false: what is too long is refused by name, instead of being cut off
    unseen. Servers before 0.12.6 do not know them, and cut.
    """
    request, given = call.request, call.request.parameters
    messages = list(_messages(request, call.endpoint))
    tools = _tools(request)
    fields: JsonObject = {
        "model": request.model.id,
        "messages": messages,
        "stream": request.stream,
        "truncate": False,
        "shift": False,
        "options": _options(given),
    }
    if tools:
        fields["tools"] = tools
    if request.response_schema is not None:
        fields["format"] = request.response_schema
    elif given.json_mode:
        fields["format"] = "json"
    if given.reasoning_effort is not None:
        fields["think"] = _think(given.reasoning_effort, call.info)
    fields.update(logprobs_of(given))
    fields["options"]["num_ctx"] = context_size(fields, call.info, given)
    return fields


def context_size(fields: JsonObject, info: ModelInfo, given: Parameters) -> int:
    """`num_ctx`, in tokens, which is always sent: Ollama's own default is small, and memory for the
    whole of it is set aside when the model is loaded.

    The model's window up to 32,768 tokens (8,192 where nobody told the window). A request that is
    estimated to need more doubles it until it fits or the window (131,072 if unknown) is reached:
    in doublings, because every change loads the model anew. `extra_body` `{"options": {"num_ctx":
    …}}` overrides it.
    """
    most = info.context_window or UNKNOWN_WINDOW
    size = min(most, USUAL_WINDOW if info.context_window else LEAST_WINDOW)
    messages = fields["messages"]
    pictures = sum(len(message.get("images", ())) for message in messages)
    spoken = [{k: v for k, v in message.items() if k != "images"} for message in messages]
    words = len(msgspec.json.encode([spoken, fields.get("tools"), fields.get("format")]))
    needed = words // _BYTES_A_TOKEN + pictures * _IMAGE_TOKENS
    needed += given.max_output_tokens or _ROOM_TO_ANSWER
    while size < needed and size < most:
        size = min(size * 2, most)
    return size


def _options(given: Parameters) -> JsonObject:
    options = renamed(given, _OPTIONS)
    if given.stop:
        options["stop"] = list(given.stop)
    return options


def _think(effort: str, info: ModelInfo) -> bool | str:
    """A level for models that know levels (gpt-oss), on or off for the others."""
    if effort == "none":
        return False
    return effort if "low" in info.efforts else True


def _tools(request: Request) -> list[JsonObject]:
    """Ollama has no field for a choice of tools: those that may not be chosen are not shown."""
    shown = request.tools
    if request.tool_choice == "none":
        shown = ()
    elif isinstance(request.tool_choice, NamedTool):
        shown = tuple(tool for tool in shown if tool.name == request.tool_choice.name)
    return [function_tool(tool, {"type": "object", "properties": {}, **tool.parameters}) for tool in shown]


def _messages(request: Request, endpoint: Endpoint) -> Iterator[JsonObject]:
    if request.system:
        yield {"role": "system", "content": request.system}
    for message in paired(request.messages):
        if message.role == "assistant":
            yield from _assistant(message.parts, endpoint)
        elif message.role == "tool":
            yield from _tool_results(message, endpoint)
        elif message.role in ("system", "developer"):
            if message.text:
                yield {"role": "system", "content": message.text}
        else:
            content = _content(message.parts, endpoint)
            if content["content"] or "images" in content:
                yield {"role": "user", **content}


def _content(parts: Sequence[Part], endpoint: Endpoint) -> JsonObject:
    """Words as one text, pictures beside them."""
    words: list[str] = []
    images: list[str] = []
    for part in parts:
        if isinstance(part, TextPart | RefusalPart):
            words.append(part.text)
        elif isinstance(part, ImagePart):
            images.append(_image(part, endpoint))
        elif isinstance(part, FilePart) and is_text(part.media_type):
            words.append(_written_out(part, endpoint))
        elif not isinstance(part, ThinkingPart | UnknownPart | ToolCallPart | ToolResultPart):
            raise refused_media(part, endpoint, "text and pictures")
    content = "\n\n".join(filter(None, words))
    return {"content": content, "images": images} if images else {"content": content}


def _image(part: ImagePart, endpoint: Endpoint) -> str:
    source = media_source(part, endpoint)
    if not isinstance(source, InlineData):
        raise refused_media(part, endpoint, "pictures only as files at hand, not by address")
    return base64_of(source)


def _written_out(part: FilePart, endpoint: Endpoint) -> str:
    source = media_source(part, endpoint)
    if not isinstance(source, InlineData):
        raise refused_media(part, endpoint, "files only at hand, not by address")
    return words_of_file(part.name, source)


def _assistant(parts: Sequence[Part], endpoint: Endpoint) -> Iterator[JsonObject]:
    text = "".join(part.text for part in parts if isinstance(part, TextPart | RefusalPart))
    calls = [part for part in parts if isinstance(part, ToolCallPart)]
    if not text and not calls:
        return
    message: JsonObject = {"role": "assistant", **({"content": text} if text else {})}
    thoughts = [part.text for part in parts if isinstance(part, ThinkingPart) and state_for(part, endpoint)]
    if thinking := "\n\n".join(filter(None, thoughts)):
        message["thinking"] = thinking
    if calls:
        message["tool_calls"] = [
            {"function": {"name": call.name, "arguments": arguments_of(call)}} for call in calls
        ]
    yield message


def _tool_results(message: Message, endpoint: Endpoint) -> Iterator[JsonObject]:
    """One message a result, in the order of the calls, which is all that tells them apart."""
    for part in message.parts:
        if isinstance(part, ToolResultPart):
            yield {"role": "tool", "tool_name": part.name, **_content(part.parts, endpoint)}
