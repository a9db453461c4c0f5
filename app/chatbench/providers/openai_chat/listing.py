"""Lists of models as capability rows, with what each provider tells beside the id.

OpenAI and LM Studio tell the id alone; OpenRouter context, modalities and parameters; Groq and
vLLM the context; Mistral capabilities; llama.cpp the context in `meta`; Together a bare list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, get_args

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.models import Effort, Modality, ModelInfo, ModelRef
from chatbench.providers.decoding import any_json, invalid, read_json

JsonObject = dict[str, Any]

_NOT_FOR_CHAT = re.compile(
    r"embed|whisper|moderation|dall-e|(^|[-/])tts($|-)|transcribe|realtime|^gpt-(image|audio)|^chatgpt-image"
    r"|^sora|^babbage|^davinci|rerank|(^|[-/])ocr($|-)|voxtral-.*-(transcribe|tts)|flux|stable-diffusion"
)
_CHAT_TYPES = frozenset({"", "chat", "language", "code", "llm", "vlm", "base", "model"})
_PARAMETERS = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "stop": "stop",
    "seed": "seed",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
    "max_tokens": "max_output_tokens",
    "max_completion_tokens": "max_output_tokens",
    "verbosity": "verbosity",
}
_LEVELS: tuple[Effort, ...] = ("low", "medium", "high")
_WINDOWS = ("context_length", "context_window", "max_model_len", "max_context_length")


def models_of(body: bytes, endpoint: Endpoint) -> list[ModelInfo]:
    """The models that can chat, in the provider's order. Raises InvalidResponse."""
    value = read_json(any_json, body, endpoint)
    if isinstance(value, dict):
        names = [name for name in ("data", "models") if name in value]
        value = value[names[0]] or [] if names else None
    if not isinstance(value, list):
        raise invalid(endpoint, body)
    rows = (_row(told, endpoint) for told in value if isinstance(told, dict))
    return [row for row in rows if row is not None]


def _row(told: JsonObject, endpoint: Endpoint) -> ModelInfo | None:
    """None for a model that is retired or does not chat."""
    model_id = told.get("id") or told.get("name")
    if not isinstance(model_id, str) or not model_id or not _chats(model_id, told):
        return None
    row = ModelInfo(
        ref=ModelRef(endpoint.id, model_id),
        name=_name(model_id, told),
        context_window=_window(told),
        max_output_tokens=_first_count(_object(told, "top_provider"), told, names=("max_completion_tokens",)),
        inputs=_inputs(told),
        tools=_tools(told),
        local=endpoint.local,
        shutdown_on=_day(told),
        source="live",
    )
    return _with_parameters(row, told)


def _chats(model_id: str, told: JsonObject) -> bool:
    capabilities, outputs = (
        _object(told, "capabilities"),
        _strings(_object(told, "architecture"), "output_modalities"),
    )
    if told.get("active") is False or capabilities.get("completion_chat") is False:
        return False
    if told.get("supports_chat") is False or outputs and "text" not in outputs:
        return False
    kind = told.get("type")
    if isinstance(kind, str) and kind not in _CHAT_TYPES:
        return False
    return bool(outputs) or not _NOT_FOR_CHAT.search(model_id.lower())


def _name(model_id: str, told: JsonObject) -> str:
    """A local server's id may be the path of a file: its last step, without what a file ends in."""
    for field in ("display_name", "name"):
        if isinstance(name := told.get(field), str) and name and name != model_id:
            return name
    if model_id.startswith(("/", "~")) or "\\" in model_id or model_id.lower().endswith(".gguf"):
        return re.sub(r"\.gguf$", "", re.split(r"[\\/]", model_id)[-1], flags=re.IGNORECASE)
    return ""


def _window(told: JsonObject) -> int | None:
    meta, top = _object(told, "meta"), _object(told, "top_provider")
    # What the server has set aside counts, not what the model was trained with.
    return (
        _first_count(meta, names=("n_ctx",))
        or _first_count(told, top, names=_WINDOWS)
        or _first_count(meta, names=("n_ctx_train",))
    )


def _inputs(told: JsonObject) -> frozenset[Modality]:
    known: tuple[Modality, ...] = get_args(Modality)
    architecture, capabilities = _object(told, "architecture"), _object(told, "capabilities")
    listed = _strings(architecture, "input_modalities") or _strings(told, "input_modalities")
    found: set[Modality] = {kind for kind in known if kind in listed}
    if capabilities.get("vision") is True or told.get("supports_image_input") is True:
        found.add("image")
    if capabilities.get("audio") is True:
        found.add("audio")
    return frozenset({"text", *found})


def _tools(told: JsonObject) -> bool | None:
    if parameters := _strings(told, "supported_parameters"):
        return "tools" in parameters
    for value in (_object(told, "capabilities").get("function_calling"), told.get("supports_tools")):
        if isinstance(value, bool):
            return value
    return None


def _with_parameters(row: ModelInfo, told: JsonObject) -> ModelInfo:
    supported = _strings(told, "supported_parameters")
    if not supported:
        return row
    reasons = bool({"reasoning", "reasoning_effort"} & set(supported))
    return msgspec.structs.replace(
        row,
        parameters=frozenset(_PARAMETERS[name] for name in supported if name in _PARAMETERS),
        thinking="optional" if reasons else "no",
        efforts=_LEVELS if reasons else (),
    )


def _day(told: JsonObject) -> str:
    for name in ("shutdown_date", "deprecation", "expiration_date"):
        if isinstance(value := told.get(name), str):
            return value[:10]
    return ""


def _object(value: JsonObject, name: str) -> JsonObject:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def _strings(value: JsonObject, name: str) -> list[str]:
    found = value.get(name)
    return [item for item in found if isinstance(item, str)] if isinstance(found, list) else []


def _first_count(*objects: JsonObject, names: Iterable[str]) -> int | None:
    for name in names:
        for value in (told.get(name) for told in objects):
            if isinstance(value, int) and not isinstance(value, bool) and value > 0:
                return value
    return None
