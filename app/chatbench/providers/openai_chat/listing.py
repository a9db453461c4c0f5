"""Lists of models: OpenAI's four fields, and the much richer rows of others.

OpenRouter: `context_length`, `architecture`, `supported_parameters`, `top_provider`; Mistral:
`capabilities`, `max_context_length`; vLLM: `max_model_len`; llama.cpp: `meta.n_ctx_train`;
Groq: `context_window`; Together: a bare array.
"""

from __future__ import annotations

import re
from typing import Any

from chatbench.core.endpoints import Endpoint
from chatbench.core.models import Modality, ModelInfo, ModelRef
from chatbench.providers.decoding import any_json, invalid, read_json
from chatbench.providers.naming import field, words

_OTHER_KINDS = re.compile(
    r"embed|whisper|tts|dall-e|moderation|rerank|transcri|speech|gpt-image|sora|realtime", re.IGNORECASE
)
_PARAMETERS = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "max_tokens": "max_output_tokens",
    "max_completion_tokens": "max_output_tokens",
    "stop": "stop",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
    "seed": "seed",
    "verbosity": "verbosity",
}
_MODALITIES: dict[str, Modality] = {
    "text": "text", "image": "image", "file": "file", "pdf": "file", "audio": "audio", "video": "video",
}  # fmt: skip


def listed(body: bytes, endpoint: Endpoint) -> list[ModelInfo]:
    """Chat models only, in the server's order. Raises InvalidResponse."""
    value = read_json(any_json, body, endpoint)
    rows = value if isinstance(value, list) else field(value, "data")
    if rows is None:
        rows = field(value, "models")
    if not isinstance(rows, list):
        raise invalid(endpoint, body)
    return [info for row in rows if (info := _info(row, endpoint)) is not None]


def _info(row: object, endpoint: Endpoint) -> ModelInfo | None:
    model_id = words(row, "id", "name")
    kind = words(row, "type", "task")
    if not model_id or (
        kind and kind not in ("chat", "language", "code", "text-generation", "model", "base")
    ):
        return None
    capabilities = field(row, "capabilities")
    if _OTHER_KINDS.search(model_id) or field(capabilities, "completion_chat") is False:
        return None
    architecture = field(row, "architecture")
    supported = field(row, "supported_parameters")
    top = field(row, "top_provider")
    return ModelInfo(
        ref=ModelRef(endpoint.id, model_id),
        name=_name(row, model_id),
        context_window=_number(row, "context_length", "context_window", "max_model_len", "max_context_length")
        or _number(field(row, "meta"), "n_ctx", "n_ctx_train"),
        max_output_tokens=_number(top, "max_completion_tokens") or _number(row, "max_completion_tokens"),
        inputs=_inputs(architecture, capabilities),
        tools=_tools(supported, capabilities),
        parameters=_parameters(supported),
        local=endpoint.local,
        shutdown_on=words(row, "expiration_date", "deprecation", "shutdown_date")[:10],
        source="live",
    )


def _name(row: object, model_id: str) -> str:
    name = words(row, "display_name") or words(row, "name")
    return "" if name == model_id else name


def _number(row: object, *names: str) -> int | None:
    for name in names:
        value = field(row, name)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    return None


def _inputs(architecture: object, capabilities: object) -> frozenset[Modality]:
    told = field(architecture, "input_modalities")
    found = {_MODALITIES[item] for item in told if item in _MODALITIES} if isinstance(told, list) else set()
    if field(capabilities, "vision") is True or (
        isinstance(capabilities, list) and {"vision", "multimodal"} & set(map(str, capabilities))
    ):
        found.add("image")
    return frozenset({"text", *found})


def _tools(supported: object, capabilities: object) -> bool | None:
    if isinstance(supported, list):
        return "tools" in supported
    told: Any = field(capabilities, "function_calling")
    return told if isinstance(told, bool) else None


def _parameters(supported: object) -> frozenset[str] | None:
    if not isinstance(supported, list):
        return None
    return frozenset(_PARAMETERS[name] for name in supported if name in _PARAMETERS)
