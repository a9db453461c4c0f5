"""Output items of a response as our parts."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.messages import (
    Citation,
    ImagePart,
    InlineData,
    Part,
    ProviderState,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    UnknownPart,
)
from chatbench.providers.decoding import any_json, read_json
from chatbench.providers.openai_responses.objects import Annotation, Content, Item, read_item

JsonObject = dict[str, Any]


def parts_of(raw: msgspec.Raw, item: Item, endpoint: Endpoint) -> Iterator[Part]:
    """The parts of a complete item, each with what the provider wants back of it."""
    provider = endpoint.id
    match item.type:
        case "message":
            yield from _message_parts(raw, item, endpoint)
        case "reasoning":
            texts = [piece.text for piece in item.content or item.summary or () if piece.text]
            state = {"provider": provider, "item": _kept(raw, endpoint)}
            yield ThinkingPart(text="\n\n".join(texts), redacted=not texts, provider_state=state)
        case "function_call":
            state = _kept(raw, endpoint, without=("type", "call_id", "name", "arguments"))
            yield _call(item, item.arguments, {**state, "provider": provider})
        case "custom_tool_call":
            state = _kept(raw, endpoint, without=("call_id", "name", "input"))
            yield _call(item, item.input, {**state, "provider": provider})
        case "image_generation_call" if picture := _picture(item):
            state = {"provider": provider, "item": _kept(raw, endpoint, without=("result",))}
            kind = item.output_format or "png"
            media_type = "image/svg+xml" if kind == "svg" else f"image/{kind}"
            yield ImagePart(
                source=InlineData(data=picture),
                media_type=media_type,
                size=len(picture),
                provider_state=state,
            )
        case _:
            yield unknown(raw, endpoint)


def begun(raw: msgspec.Raw, endpoint: Endpoint) -> Part | None:
    """The part that an item begins with; None for a message, whose contents begin one by one."""
    item = read_item(raw, endpoint)
    match item.type:
        case "message":
            return None
        case "reasoning":
            return ThinkingPart()
        case "function_call" | "custom_tool_call":
            return _call(item, "", {})
        case _:
            return unknown(raw, endpoint)


def unknown(raw: msgspec.Raw, endpoint: Endpoint) -> UnknownPart:
    """An item of a kind that is kept and sent back, and not understood."""
    data = read_json(any_json, bytes(raw), endpoint)
    kind = str(data.get("type", "")) if isinstance(data, dict) else ""
    return UnknownPart(kind=kind, data=data, provider_state={"provider": endpoint.id})


def citation_of(told: Annotation) -> Citation:
    return Citation(
        url=told.url, title=told.title or told.filename, start=told.start_index, end=told.end_index
    )


def _message_parts(raw: msgspec.Raw, item: Item, endpoint: Endpoint) -> Iterator[Part]:
    state: ProviderState = {"provider": endpoint.id}
    if item.id is not None:
        state["id"] = item.id
    if item.phase is not None:
        state["phase"] = item.phase
    if item.status is not None:
        state["status"] = item.status
    for position, content in enumerate(item.content or ()):
        if content.type == "output_text":
            yield _text(raw, position, content, state, endpoint)
        elif content.type == "refusal":
            yield RefusalPart(text=content.refusal, provider_state=state)
        else:
            yield UnknownPart(kind=content.type, data=_content(raw, position, endpoint))


def _text(
    raw: msgspec.Raw, position: int, content: Content, state: ProviderState, endpoint: Endpoint
) -> TextPart:
    told = content.annotations
    if not told:
        return TextPart(text=content.text, provider_state=state)
    if any(annotation.type != "url_citation" for annotation in told):
        # Files are cited by ids that a citation has no place for.
        state = {**state, "annotations": _content(raw, position, endpoint)["annotations"]}
    return TextPart(text=content.text, citations=tuple(map(citation_of, told)), provider_state=state)


def _content(raw: msgspec.Raw, position: int, endpoint: Endpoint) -> Any:
    return read_json(any_json, bytes(raw), endpoint)["content"][position]


def _call(item: Item, arguments: str, state: ProviderState) -> ToolCallPart:
    return ToolCallPart(
        call_id=item.call_id or item.id or "", name=item.name, arguments=arguments, provider_state=state
    )


def _kept(raw: msgspec.Raw, endpoint: Endpoint, without: tuple[str, ...] = ()) -> JsonObject:
    """The item as it came, but for what is null or named."""
    return {
        name: value
        for name, value in read_json(any_json, bytes(raw), endpoint).items()
        if value is not None and name not in without
    }


def _picture(item: Item) -> bytes:
    try:
        return base64.b64decode(item.result or "", validate=True)
    except (binascii.Error, ValueError):
        return b""
