"""Anthropic's live list of models as capability rows (types/model_info.py, model_capabilities.py)."""

from __future__ import annotations

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.models import Effort, Modality, ModelInfo, ModelRef
from chatbench.providers.decoding import read_json


class _Support(msgspec.Struct, frozen=True):
    supported: bool = False


_NO = _Support()


class _Effort(msgspec.Struct):
    supported: bool = False
    low: _Support = _NO
    medium: _Support = _NO
    high: _Support = _NO
    xhigh: _Support | None = None
    max: _Support = _NO


class _Types(msgspec.Struct):
    adaptive: _Support = _NO
    disabled: _Support = _NO
    enabled: _Support = _NO


class _Thinking(msgspec.Struct):
    supported: bool = False
    types: _Types = msgspec.field(default_factory=_Types)


class _Capabilities(msgspec.Struct):
    image_input: _Support = _NO
    pdf_input: _Support = _NO
    thinking: _Thinking = msgspec.field(default_factory=_Thinking)
    effort: _Effort = msgspec.field(default_factory=_Effort)


class _Listed(msgspec.Struct):
    id: str
    display_name: str = ""
    lifecycle: str = "active"
    max_input_tokens: int | None = None
    max_tokens: int | None = None
    retires_at: str | None = None
    capabilities: _Capabilities | None = None


class _Page(msgspec.Struct):
    data: list[_Listed]
    has_more: bool = False
    last_id: str | None = None


_page = msgspec.json.Decoder(_Page)


def models_of(body: bytes, endpoint: Endpoint) -> tuple[list[ModelInfo], str | None]:
    """The models of one page that are not retired, and the id after which the next page begins."""
    page = read_json(_page, body, endpoint)
    rows = [_row(model, endpoint) for model in page.data if model.lifecycle != "retired"]
    return rows, page.last_id if page.has_more else None


def _row(model: _Listed, endpoint: Endpoint) -> ModelInfo:
    row = ModelInfo(
        ref=ModelRef(endpoint.id, model.id),
        name=model.display_name,
        context_window=model.max_input_tokens,
        max_output_tokens=model.max_tokens,
        tools=True,
        shutdown_on=(model.retires_at or "")[:10],
        source="live",
    )
    can = model.capabilities
    if can is None:
        return row
    inputs: set[Modality] = {"text"}
    if can.image_input.supported:
        inputs.add("image")
    if can.pdf_input.supported:
        inputs.add("file")
    types = can.thinking.types
    switchable = types.disabled.supported or not types.adaptive.supported
    return msgspec.structs.replace(
        row,
        inputs=frozenset(inputs),
        thinking=("optional" if switchable else "always") if can.thinking.supported else "no",
        thinking_budget=types.enabled.supported and not types.adaptive.supported,
        efforts=_efforts(can),
        parameters=_parameters(can.thinking),
    )


def _efforts(can: _Capabilities) -> tuple[Effort, ...]:
    effort = can.effort
    offered: list[Effort] = []
    if can.thinking.supported and can.thinking.types.disabled.supported:
        offered.append("none")
    if effort.supported:
        levels: tuple[tuple[Effort, _Support | None], ...] = (
            ("low", effort.low),
            ("medium", effort.medium),
            ("high", effort.high),
            ("xhigh", effort.xhigh),
            ("max", effort.max),
        )
        offered.extend(name for name, level in levels if level is not None and level.supported)
    return tuple(offered)


def _parameters(thinking: _Thinking) -> frozenset[str]:
    """Models that can be given a thinking budget, or cannot think, still take sampling."""
    taken = {"max_output_tokens", "stop", "extra_body"}
    if thinking.types.enabled.supported or not thinking.supported:
        taken |= {"temperature", "top_p", "top_k"}
    return frozenset(taken)
