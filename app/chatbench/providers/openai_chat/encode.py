"""Our request as a Chat Completions body (types/chat/completion_create_params.py, openai 3.52.0)."""

from __future__ import annotations

from collections.abc import Iterable
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
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
    VideoPart,
)
from chatbench.core.params import Parameters
from chatbench.core.requests import Request
from chatbench.core.tools import NamedTool, ToolDefinition
from chatbench.providers.encoding import base64_of, data_url, media_source, refused_media, state_for
from chatbench.providers.turns import paired
from chatbench.providers.wire import Call

_AUDIO_FORMATS = {"audio/wav": "wav", "audio/x-wav": "wav", "audio/mpeg": "mp3", "audio/mp3": "mp3"}


def request_fields(call: Call) -> dict[str, Any]:
    """The body without the user's own extra fields."""
    request, quirks = call.request, call.endpoint.quirks
    fields: dict[str, Any] = {
        "model": request.model.id,
        "messages": messages_of(request, call.endpoint),
        **_parameters(request.parameters, quirks.max_tokens_field),
    }
    if request.stream:
        fields["stream"] = True
        if quirks.stream_usage:
            fields["stream_options"] = {"include_usage": True}
    if request.tools and quirks.tools:
        fields["tools"] = [_tool(tool) for tool in request.tools]
        fields["tool_choice"] = _tool_choice(request)
        if request.parallel_tool_calls is not None:
            fields["parallel_tool_calls"] = request.parallel_tool_calls
    if request.response_schema is not None:
        schema = {"name": "answer", "schema": request.response_schema, "strict": True}
        fields["response_format"] = {"type": "json_schema", "json_schema": schema}
    return fields


def _parameters(parameters: Parameters, max_tokens_field: str) -> dict[str, Any]:
    given = parameters.given()
    given.pop("extra_body", None)
    given.pop("thinking_budget", None)
    if "max_output_tokens" in given:
        given[max_tokens_field] = given.pop("max_output_tokens")
    if "stop" in given:
        given["stop"] = list(given["stop"])
    return given


def _tool(tool: ToolDefinition) -> dict[str, Any]:
    function: dict[str, Any] = {
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
    }
    if tool.strict:
        function["strict"] = True
    return {"type": "function", "function": function}


def _tool_choice(request: Request) -> Any:
    choice = request.tool_choice
    if isinstance(choice, NamedTool):
        return {"type": "function", "function": {"name": choice.name}}
    return choice


def messages_of(request: Request, endpoint: Endpoint) -> list[dict[str, Any]]:
    """Every message, the system prompt first. Raises BadRequest for what cannot be sent."""
    found: list[dict[str, Any]] = []
    if request.system:
        found.append({"role": _system_role(endpoint), "content": request.system})
    for message in paired(request.messages):
        match message.role:
            case "system":
                found.append({"role": _system_role(endpoint), "content": message.text})
            case "user":
                found.append({"role": "user", "content": _user_content(message.parts, endpoint)})
            case "assistant":
                found.extend(_assistant(message, endpoint))
            case "tool":
                found.extend(_tool_results(message, endpoint))
        if message.name and message.role in ("user", "assistant") and found:
            found[-1]["name"] = message.name
    return found


def _system_role(endpoint: Endpoint) -> str:
    return "developer" if endpoint.quirks.developer_role else "system"


def _user_content(parts: Iterable[Part], endpoint: Endpoint) -> str | list[dict[str, Any]]:
    sent = [told for part in parts if (told := _user_part(part, endpoint)) is not None]
    if len(sent) == 1 and sent[0]["type"] == "text":
        text: str = sent[0]["text"]
        return text
    return sent


def _user_part(part: Part, endpoint: Endpoint) -> dict[str, Any] | None:
    match part:
        case TextPart(text=text) | RefusalPart(text=text):
            return {"type": "text", "text": text} if text else None
        case ImagePart():
            return _image(part, endpoint)
        case FilePart():
            return _file(part, endpoint)
        case AudioPart():
            return _audio(part, endpoint)
        case VideoPart():
            raise refused_media(part, endpoint, "text, images, audio and files")
        case _:
            return None


def _image(part: ImagePart, endpoint: Endpoint) -> dict[str, Any]:
    source = media_source(part, endpoint)
    if isinstance(source, ProviderFile):
        raise refused_media(part, endpoint, "pictures as data or as an address")
    url = data_url(source, part.media_type) if isinstance(source, InlineData) else source.url
    image: dict[str, Any] = {"url": url}
    if part.detail:
        image["detail"] = part.detail
    return {"type": "image_url", "image_url": image}


def _file(part: FilePart, endpoint: Endpoint) -> dict[str, Any]:
    source = media_source(part, endpoint)
    if isinstance(source, ProviderFile):
        return {"type": "file", "file": {"file_id": source.file_id}}
    if not isinstance(source, InlineData):
        raise refused_media(part, endpoint, "files as data")
    name = part.name or "file"
    return {"type": "file", "file": {"filename": name, "file_data": data_url(source, part.media_type)}}


def _audio(part: AudioPart, endpoint: Endpoint) -> dict[str, Any]:
    source = media_source(part, endpoint)
    form = _AUDIO_FORMATS.get(part.media_type)
    if not isinstance(source, InlineData) or form is None:
        raise refused_media(part, endpoint, "wav and mp3 sound")
    return {"type": "input_audio", "input_audio": {"data": base64_of(source), "format": form}}


def _assistant(message: Message, endpoint: Endpoint) -> list[dict[str, Any]]:
    told: dict[str, Any] = {"role": "assistant"}
    text = "".join(part.text for part in message.parts if isinstance(part, TextPart))
    refusal = "".join(part.text for part in message.parts if isinstance(part, RefusalPart))
    calls = [part for part in message.parts if isinstance(part, ToolCallPart)]
    if text:
        told["content"] = text
    if refusal:
        told["refusal"] = refusal
    if calls:
        told["tool_calls"] = [
            {
                "id": call.call_id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments or "{}"},
            }
            for call in calls
        ]
    for part in message.parts:
        if isinstance(part, ThinkingPart) and (details := state_for(part, endpoint).get("reasoning_details")):
            told.setdefault("reasoning_details", []).extend(details)
    return [told] if len(told) > 1 else []


def _tool_results(message: Message, endpoint: Endpoint) -> list[dict[str, Any]]:
    """Results hold text only; their pictures follow in a user message."""
    found: list[dict[str, Any]] = []
    pictures: list[MediaPart] = []
    for part in message.parts:
        if isinstance(part, ToolResultPart):
            text = "\n".join(inner.text for inner in part.parts if isinstance(inner, TextPart))
            found.append({"role": "tool", "tool_call_id": part.call_id, "content": text})
            pictures.extend(inner for inner in part.parts if isinstance(inner, ImagePart | FilePart))
    if pictures:
        found.append({"role": "user", "content": [_user_part(part, endpoint) for part in pictures]})
    return found
