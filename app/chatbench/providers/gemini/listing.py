"""Gemini's live list of models as capability rows (google-genai 3.4.0: types.py Model)."""

from __future__ import annotations

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.models import Effort, Modality, ModelInfo, ModelRef
from chatbench.providers.decoding import read_json

_SEES_ALL: frozenset[Modality] = frozenset({"text", "image", "file", "audio", "video"})


class _Listed(msgspec.Struct, rename="camel"):
    name: str
    display_name: str = ""
    input_token_limit: int | None = None
    output_token_limit: int | None = None
    supported_generation_methods: list[str] | None = None
    temperature: float | None = None
    max_temperature: float | None = None
    top_p: float | None = None
    top_k: float | None = None
    thinking: bool | None = None


class _Page(msgspec.Struct, rename="camel"):
    models: list[_Listed] = []
    next_page_token: str | None = None


_page = msgspec.json.Decoder(_Page)


def models_of(body: bytes, endpoint: Endpoint) -> tuple[list[ModelInfo], str | None]:
    """The models of one page that can be talked to, and the token of the next page."""
    page = read_json(_page, body, endpoint)
    rows = [
        _row(model, endpoint)
        for model in page.models
        if model.supported_generation_methods is None
        or "generateContent" in model.supported_generation_methods
    ]
    return rows, page.next_page_token or None


def _row(model: _Listed, endpoint: Endpoint) -> ModelInfo:
    """What the list tells; that Gemini models see pictures, sound and files it does not say."""
    name = model.name.removeprefix("models/")
    budgeted = name.startswith("gemini-2.5")
    levels: tuple[Effort, ...] = ("low", "medium", "high")
    taken = {"max_output_tokens", "stop", "seed", "extra_body"}
    if model.temperature is not None or model.max_temperature is not None:
        taken.add("temperature")
    taken.update(field for field in ("top_p", "top_k") if getattr(model, field) is not None)
    return ModelInfo(
        ref=ModelRef(endpoint.id, name),
        name=model.display_name,
        context_window=model.input_token_limit,
        max_output_tokens=model.output_token_limit,
        inputs=_SEES_ALL if name.startswith("gemini-") else frozenset({"text"}),
        thinking=None if model.thinking is None else "optional" if model.thinking else "no",
        thinking_budget=bool(model.thinking) and budgeted,
        efforts=levels if model.thinking and not budgeted else (),
        parameters=frozenset(taken),
        source="live",
    )
