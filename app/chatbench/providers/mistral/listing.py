"""Mistral's live list of models as capability rows (basemodelcard.py, modelcapabilities.py)."""

from __future__ import annotations

from typing import Any

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.models import Modality, ModelInfo, ModelRef
from chatbench.providers.decoding import read_json


class _Capabilities(msgspec.Struct):
    completion_chat: bool | None = False
    function_calling: bool | None = False
    reasoning: bool | None = False
    vision: bool | None = False
    audio: bool | None = False


class _Card(msgspec.Struct):
    id: str
    name: str | None = None
    capabilities: _Capabilities = msgspec.field(default_factory=_Capabilities)
    max_context_length: int | None = None
    deprecation: str | None = None
    archived: bool | None = False


class _List(msgspec.Struct):
    data: list[_Card]


_list = msgspec.json.Decoder(_List)
_cards = msgspec.json.Decoder(list[_Card])
_SAMPLING = frozenset(
    {
        "temperature", "top_p", "top_k", "max_output_tokens", "stop", "presence_penalty",
        "frequency_penalty", "seed", "extra_body",
    }
)  # fmt: skip


def models_of(body: bytes, endpoint: Endpoint) -> list[ModelInfo]:
    """The models that chat, in Mistral's order; each alias is a card of its own. Raises
    InvalidResponse."""
    cards: list[_Card] = (
        read_json(_cards, body, endpoint)
        if body.lstrip()[:1] == b"["
        else read_json(_list, body, endpoint).data
    )
    return [_row(card, endpoint) for card in cards if card.capabilities.completion_chat and not card.archived]


def _row(card: _Card, endpoint: Endpoint) -> ModelInfo:
    can = card.capabilities
    inputs: set[Modality] = {"text"}
    if can.vision:
        inputs.add("image")
    if can.audio:
        inputs.add("audio")
    row = ModelInfo(
        ref=ModelRef(endpoint.id, card.id),
        name=card.name if card.name and card.name != card.id else "",
        context_window=card.max_context_length,
        inputs=frozenset(inputs),
        tools=bool(can.function_calling),
        shutdown_on=(card.deprecation or "")[:10],
        parameters=_SAMPLING,
        source="live",
    )
    return msgspec.structs.replace(row, **_thinking(card))


def _thinking(card: _Card) -> dict[str, Any]:
    """Magistral always reasons and has nothing to choose; the others reason when told to."""
    if not card.capabilities.reasoning:
        return {"thinking": "no"}
    if card.id.startswith("magistral"):
        return {"thinking": "always"}
    return {"thinking": "optional", "efforts": ("none", "high")}
