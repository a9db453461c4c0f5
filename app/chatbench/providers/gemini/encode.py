"""Our values as a Gemini request (google-genai 3.4.0: types.py Content, Part, GenerationConfig, Tool)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from chatbench.core.endpoints import Endpoint
from chatbench.core.messages import (
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
from chatbench.providers.encoding import arguments_of, base64_of, media_source, state_for
from chatbench.providers.turns import paired
from chatbench.providers.wire import Call

JsonObject = dict[str, Any]
UNSIGNED = "skip_thought_signature_validator"
"""Stands where a call from another model has no signature, which Gemini 3 would refuse."""

_CONFIG = {
    "temperature": "temperature",
    "top_p": "topP",
    "top_k": "topK",
    "max_output_tokens": "maxOutputTokens",
    "presence_penalty": "presencePenalty",
    "frequency_penalty": "frequencyPenalty",
    "seed": "seed",
}
_MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY"}


def request_fields(call: Call) -> JsonObject:
    """The body of `:generateContent`, streamed or not; the model stands in the address."""
    request = call.request
    fields: JsonObject = {"contents": _contents(request.messages, call.endpoint)}
    if system := _system(request):
        fields["systemInstruction"] = {"parts": [{"text": system}]}
    if config := _generation_config(request, call.info):
        fields["generationConfig"] = config
    fields.update(_tools(request))
    return fields


def _system(request: Request) -> str:
    later = [message.text for message in request.messages if message.role == "system"]
    return "\n\n".join(text for text in (request.system, *later) if text)


def _generation_config(request: Request, info: ModelInfo) -> JsonObject:
    given = request.parameters
    config: JsonObject = {
        theirs: value for ours, theirs in _CONFIG.items() if (value := getattr(given, ours)) is not None
    }
    if given.stop:
        config["stopSequences"] = list(given.stop)
    if thinking := _thinking(given, info):
        config["thinkingConfig"] = thinking
    if request.response_schema is not None:
        config["responseMimeType"] = "application/json"
        config["responseJsonSchema"] = request.response_schema
    return config


def _thinking(given: Parameters, info: ModelInfo) -> JsonObject:
    """Never a level and a budget together: Gemini refuses both at once."""
    if given.thinking_budget is not None:
        shown = {"includeThoughts": True} if given.thinking_budget else {}
        return {**shown, "thinkingBudget": given.thinking_budget}
    if given.reasoning_effort == "none":
        return {"thinkingBudget": 0}
    if given.reasoning_effort is not None:
        return {"includeThoughts": True, "thinkingLevel": given.reasoning_effort.upper()}
    return {"includeThoughts": True} if info.thinking in {"optional", "always"} else {}


def _tools(request: Request) -> JsonObject:
    if not request.tools:
        return {}
    declared: list[JsonObject] = []
    for tool in request.tools:
        declaration: JsonObject = {"name": tool.name, "description": tool.description}
        if tool.parameters:
            declaration["parametersJsonSchema"] = tool.parameters
        declared.append(declaration)
    calling: JsonObject
    if isinstance(request.tool_choice, NamedTool):
        calling = {"mode": "ANY", "allowedFunctionNames": [request.tool_choice.name]}
    else:
        calling = {"mode": _MODES[request.tool_choice]}
    if calling["mode"] == "AUTO" and any(tool.strict for tool in request.tools):
        calling["mode"] = "VALIDATED"
    fields: JsonObject = {"tools": [{"functionDeclarations": declared}]}
    if calling["mode"] != "AUTO":
        fields["toolConfig"] = {"functionCallingConfig": calling}
    return fields


def _contents(messages: Sequence[Message], endpoint: Endpoint) -> list[JsonObject]:
    """Turns by role, alternating: "user" for everything that does not come from the model."""
    turns: list[JsonObject] = []
    ids: set[str] = set()
    for message in paired([m for m in messages if m.role != "system"]):
        role = "model" if message.role == "assistant" else "user"
        parts = list(_parts(message.parts, role, ids, endpoint))
        if not parts:
            continue
        if turns and turns[-1]["role"] == role:
            turns[-1]["parts"].extend(parts)
        else:
            turns.append({"role": role, "parts": parts})
    return turns


def _parts(parts: Sequence[Part], role: str, ids: set[str], endpoint: Endpoint) -> Iterator[JsonObject]:
    """`ids` collects the calls Gemini itself gave an id; only their results are sent with one."""
    for part in parts:
        state = state_for(part, endpoint)
        match part:
            case TextPart(text=text):
                yield from _signed_text(text, state, {})
            case RefusalPart(text=text):
                yield from _signed_text(text, {}, {})
            case ThinkingPart(text=text):
                if state.get("signed"):
                    yield from _signed_text(text, state, {"thought": True})
            case ToolCallPart():
                if role == "model":
                    ids.update(filter(None, (state.get("id"),)))
                    yield _function_call(part, state)
            case ToolResultPart():
                yield _function_response(part, ids, endpoint)
            case UnknownPart():
                if state and isinstance(part.data, dict):
                    yield part.data
            case _:
                signature = state.get("signature")
                yield {**_media(part, endpoint), **({"thoughtSignature": signature} if signature else {})}


def _signed_text(text: str, state: JsonObject, marks: JsonObject) -> Iterator[JsonObject]:
    """The words as they came: a piece that was signed goes back alone, with its signature."""
    done = 0
    for piece in state.get("signed") or ():
        start, end = piece["start"], piece["end"]
        if not done <= start <= end <= len(text):
            break
        if start > done:
            yield {"text": text[done:start], **marks}
        yield {"text": text[start:end], **marks, "thoughtSignature": piece["signature"]}
        done = end
    if text[done:]:
        yield {"text": text[done:], **marks}


def _function_call(part: ToolCallPart, state: JsonObject) -> JsonObject:
    call: JsonObject = {"name": part.name, "args": arguments_of(part)}
    if state.get("id"):
        call["id"] = state["id"]
    signature = state.get("signature") if state else UNSIGNED
    return {"functionCall": call, **({"thoughtSignature": signature} if signature else {})}


def _function_response(part: ToolResultPart, ids: set[str], endpoint: Endpoint) -> JsonObject:
    words = "".join(piece.text for piece in part.parts if isinstance(piece, TextPart))
    response: JsonObject = {
        "name": part.name,
        "response": {"error" if part.is_error else "output": words},
    }
    media = [_media(piece, endpoint) for piece in part.parts if not isinstance(piece, TextPart)]
    if media:
        response["parts"] = media
    if part.call_id in ids:
        response["id"] = part.call_id
    return {"functionResponse": response}


def _media(part: MediaPart, endpoint: Endpoint) -> JsonObject:
    source = media_source(part, endpoint)
    if isinstance(source, InlineData):
        return {"inlineData": {"mimeType": part.media_type, "data": base64_of(source)}}
    uri = source.url if isinstance(source, RemoteUrl) else source.file_id
    return {"fileData": {"mimeType": part.media_type, "fileUri": uri}}
