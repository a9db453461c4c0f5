"""Our values as a Gemini request (google-genai 3.4.0: types.py Content, Part, GenerationConfig, Tool)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from chatbench.core.endpoints import Endpoint
from chatbench.core.messages import (
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
    merged,
    renamed,
    state_for,
    tier_of,
)
from chatbench.providers.gemini.addresses import CURRENT_VERSION, joined, version_for
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
    "n": "candidateCount",
}
TAKES = frozenset(
    {
        *_CONFIG, "stop", "reasoning_effort", "thinking_budget", "logprobs", "top_logprobs", "json_mode",
        "strict_tools", "service_tier", "metadata", "extra_body",
    }
)  # fmt: skip
_TIERS = {
    "auto": None,
    "default": "standard",
    "standard": "standard",
    "standard_only": "standard",
    "flex": "flex",
    "priority": "priority",
}
"""Others' words for a tier, in Google's; None leaves the choice to Google."""
_GENERATION = re.compile(r"gemini-(\d+)")
_RESOLUTIONS = {
    "low": "MEDIA_RESOLUTION_LOW",
    "high": "MEDIA_RESOLUTION_HIGH",
    "original": "MEDIA_RESOLUTION_ULTRA_HIGH",
}
_INSTRUCTING = ("system", "developer")
_MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY"}


def request_fields(call: Call) -> JsonObject:
    """The body of `:generateContent`, streamed or not; the model stands in the address. Raises
    BadRequest for files that are not at hand, and for a service tier that Gemini does not offer."""
    request = call.request
    given = request.parameters
    fields: JsonObject = {"contents": _contents(request.messages, _Recipient.of(call))}
    if system := _system(request):
        fields["systemInstruction"] = {"parts": [{"text": system}]}
    if config := _generation_config(request, call.info):
        fields["generationConfig"] = config
    if given.service_tier is not None and (tier := tier_of(given.service_tier, _TIERS, call.endpoint)):
        fields["serviceTier"] = tier
    if given.metadata:
        fields["labels"] = given.metadata
    fields.update(_tools(request))
    return fields


def counted_fields(call: Call, model: str) -> JsonObject:
    """The body of `:countTokens`: the words alone, or the whole request where it has more than
    these. `model` is the path of the model, which a whole request names again."""
    fields = merged(request_fields(call), call.request.parameters.extra_body or {})
    if fields.keys() <= {"contents", "generationConfig"} and call.request.response_schema is None:
        return {"contents": fields["contents"]}
    return {"generateContentRequest": {"model": model, **fields}}


def _system(request: Request) -> str:
    """All instructions: Gemini has one place for them, before the conversation."""
    later = [message.text for message in request.messages if message.role in _INSTRUCTING]
    return "\n\n".join(text for text in (request.system, *later) if text.strip())


def _generation_config(request: Request, info: ModelInfo) -> JsonObject:
    given = request.parameters
    config = renamed(given, _CONFIG)
    if given.stop:
        config["stopSequences"] = list(given.stop)
    if given.logprobs or given.top_logprobs is not None:
        config["responseLogprobs"] = True
    if given.top_logprobs:
        config["logprobs"] = given.top_logprobs
    if thinking := _thinking(given, info):
        config["thinkingConfig"] = thinking
    if given.json_mode or request.response_schema is not None:
        config["responseMimeType"] = "application/json"
    if request.response_schema is not None:
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
    strict = request.parameters.strict_tools
    if strict is None:
        strict = any(tool.strict for tool in request.tools)
    if strict and calling["mode"] == "AUTO":
        calling["mode"] = "VALIDATED"
    fields: JsonObject = {"tools": [{"functionDeclarations": declared}]}
    if calling["mode"] != "AUTO":
        fields["toolConfig"] = {"functionCallingConfig": calling}
    return fields


class _Recipient(NamedTuple):
    """Who is written to: an endpoint, in a version, and a model that may take some more."""

    endpoint: Endpoint
    version: str
    resolutions: bool
    """Each picture can be looked at more or less closely (from Gemini 3 on, not yet in v1)."""

    @classmethod
    def of(cls, call: Call) -> _Recipient:
        version = version_for(call.endpoint, call.request.api_version)
        found = _GENERATION.search(call.request.model.id)
        later = found is not None and int(found[1]) >= 3
        return cls(call.endpoint, version, later and version != CURRENT_VERSION)


def _contents(messages: Sequence[Message], to: _Recipient) -> list[JsonObject]:
    """Turns by role, alternating: "user" for everything that does not come from the model."""
    turns: list[JsonObject] = []
    ids: set[str] = set()
    for message in paired([m for m in messages if m.role not in _INSTRUCTING]):
        role = "model" if message.role == "assistant" else "user"
        parts = list(_parts(message.parts, role, ids, to))
        if not parts:
            continue
        if turns and turns[-1]["role"] == role:
            turns[-1]["parts"].extend(parts)
        else:
            turns.append({"role": role, "parts": parts})
    return turns


def _parts(parts: Sequence[Part], role: str, ids: set[str], to: _Recipient) -> Iterator[JsonObject]:
    """`ids` collects the calls Gemini itself gave an id; only their results are sent with one."""
    for part in parts:
        state = state_for(part, to.endpoint)
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
                yield _function_response(part, ids, to)
            case UnknownPart():
                if state and isinstance(part.data, dict):
                    yield part.data
            case _:
                signature = state.get("signature")
                yield {**_media(part, to), **({"thoughtSignature": signature} if signature else {})}


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


def _function_response(part: ToolResultPart, ids: set[str], to: _Recipient) -> JsonObject:
    words = "".join(piece.text for piece in part.parts if isinstance(piece, TextPart))
    response: JsonObject = {
        "name": part.name,
        "response": {"error" if part.is_error else "output": words},
    }
    media = [_media(piece, to) for piece in part.parts if not isinstance(piece, TextPart)]
    if media:
        response["parts"] = media
    if part.call_id in ids:
        response["id"] = part.call_id
    return {"functionResponse": response}


def _media(part: MediaPart, to: _Recipient) -> JsonObject:
    source = media_source(part, to.endpoint)
    media: JsonObject
    if isinstance(source, InlineData):
        media = {"inlineData": {"mimeType": part.media_type, "data": base64_of(source)}}
    else:
        uri = source.url if isinstance(source, RemoteUrl) else source.file_id
        if uri.startswith("files/"):
            uri = joined(to.endpoint, uri, (), to.version)
        media = {"fileData": {"mimeType": part.media_type, "fileUri": uri}}
    if isinstance(part, ImagePart) and part.detail in _RESOLUTIONS and to.resolutions:
        media["mediaResolution"] = {"level": _RESOLUTIONS[part.detail]}
    return media
