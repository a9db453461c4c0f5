"""Ollama's models as capability rows (_types.py: ListResponse, ShowResponse)."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.models import Modality, ModelInfo, ModelRef
from chatbench.providers.decoding import read_json

_SAMPLING = frozenset(
    {
        "temperature", "top_p", "top_k", "max_output_tokens", "stop", "presence_penalty",
        "frequency_penalty", "seed", "extra_body",
    }
)  # fmt: skip
_NUM_CTX = re.compile(r"^num_ctx\s+(\d{1,9})\b", re.MULTILINE)
_NOT_FOR_CHAT = re.compile(r"embed|minilm|bge-|rerank", re.IGNORECASE)


class _Listed(msgspec.Struct):
    model: str | None = None
    name: str | None = None
    remote_host: str | None = None


class _List(msgspec.Struct):
    models: list[_Listed] | None


class _Details(msgspec.Struct):
    family: str | None = None


class _Shown(msgspec.Struct):
    capabilities: list[str] | None = None
    model_info: dict[str, Any] | None = None
    parameters: str | None = None
    details: _Details | None = None


_list = msgspec.json.Decoder(_List)
_shown = msgspec.json.Decoder(_Shown)


def models_of(body: bytes, endpoint: Endpoint) -> list[ModelInfo]:
    """The installed models, in Ollama's order (latest change first). Those with a `remote_host` run
    in Ollama's cloud, and are not local. Raises InvalidResponse."""
    listed = read_json(_list, body, endpoint).models or ()
    named = [(told.model or told.name or "", bool(told.remote_host)) for told in listed]
    return [
        ModelInfo(
            ref=ModelRef(endpoint.id, name),
            parameters=_SAMPLING,
            local=endpoint.local and not remote,
            source="live",
        )
        for name, remote in named
        if name and not _NOT_FOR_CHAT.search(name)
    ]


def described(row: ModelInfo, body: bytes) -> ModelInfo | None:
    """The row with what `/api/show` says; None for a model that does not chat. What is no
    description leaves the row as it is."""
    try:
        shown = _shown.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return row
    row = msgspec.structs.replace(row, context_window=_window(shown))
    can = shown.capabilities
    if can is None:
        return row
    if "completion" not in can:
        return None
    inputs: set[Modality] = {"text", "image"} if "vision" in can else {"text"}
    row = msgspec.structs.replace(row, inputs=frozenset(inputs), tools="tools" in can)
    if "thinking" not in can:
        return msgspec.structs.replace(row, thinking="no")
    family = shown.details.family if shown.details else None
    if family == "gptoss" or row.ref.id.startswith("gpt-oss"):
        return msgspec.structs.replace(row, thinking="always", efforts=("low", "medium", "high"))
    return msgspec.structs.replace(row, thinking="optional", efforts=("none", "medium"))


def _window(shown: _Shown) -> int | None:
    """What whoever made the model set aside counts before what it was trained with."""
    if chosen := _NUM_CTX.search(shown.parameters or ""):
        return int(chosen[1]) or None
    for name, value in (shown.model_info or {}).items():
        if name.endswith(".context_length") and type(value) is int and value > 0:
            return value
    return None
