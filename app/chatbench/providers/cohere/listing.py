"""Cohere's live list of models as capability rows (types/get_model_response.py)."""

from __future__ import annotations

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


class _Listed(msgspec.Struct):
    name: str | None = None
    endpoints: list[str] | None = None
    context_length: float | None = None
    features: list[str] | None = None


class _Page(msgspec.Struct):
    models: list[_Listed]
    next_page_token: str | None = None


_page = msgspec.json.Decoder(_Page)


def models_of(body: bytes, endpoint: Endpoint) -> tuple[list[ModelInfo], str | None]:
    """The models of one page that chat, and the token of the next page. Raises InvalidResponse."""
    page = read_json(_page, body, endpoint)
    rows = [
        _row(told.name, told, endpoint)
        for told in page.models
        if told.name and (told.endpoints is None or "chat" in told.endpoints)
    ]
    return rows, page.next_page_token or None


def _row(name: str, told: _Listed, endpoint: Endpoint) -> ModelInfo:
    row = ModelInfo(
        ref=ModelRef(endpoint.id, name),
        context_window=int(told.context_length or 0) or None,
        parameters=_SAMPLING,
        source="live",
    )
    can = told.features
    if can is None:
        return row
    inputs: set[Modality] = {"text", "image"} if "vision" in can else {"text"}
    row = msgspec.structs.replace(row, inputs=frozenset(inputs), tools="tools" in can)
    if "reasoning" not in can:
        return msgspec.structs.replace(row, thinking="no")
    return msgspec.structs.replace(row, thinking="optional", efforts=("none", "medium"), thinking_budget=True)
