"""Mistral's live list of models as capability rows (basemodelcard.py, modelcapabilities.py)."""

from __future__ import annotations

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
    capabilities: _Capabilities | None = None
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
    return [_row(card, endpoint) for card in cards if _chats(card)]


def _chats(card: _Card) -> bool:
    """A card without capabilities comes from who stands in for Mistral, and may be any model."""
    return not card.archived and (card.capabilities is None or bool(card.capabilities.completion_chat))


def _row(card: _Card, endpoint: Endpoint) -> ModelInfo:
    can = card.capabilities
    if can is None:
        return ModelInfo(ref=ModelRef(endpoint.id, card.id), source="live")
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
    if not can.reasoning:
        return msgspec.structs.replace(row, thinking="no")
    if card.id.startswith("magistral"):
        # It always reasons, and there is nothing to choose.
        return msgspec.structs.replace(row, thinking="always")
    return msgspec.structs.replace(row, thinking="optional", efforts=("none", "high"))
