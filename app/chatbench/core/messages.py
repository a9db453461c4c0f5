"""Messages and their parts: pure values, without identity, storage or any vendor's shape.

Every part keeps `provider_state`: what the vendor must get back verbatim (signatures, encrypted
reasoning, item ids). It carries the provider's id under the key "provider" and is replayed only
to that provider.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Role = Literal["system", "developer", "user", "assistant", "tool"]
ProviderState = dict[str, Any]


class Value(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of the immutable values that are stored as JSON."""


class InlineData(Value, frozen=True, tag="inline", tag_field="kind"):
    """Bytes at hand: what a wire can send."""

    data: bytes


class StoredFile(Value, frozen=True, tag="stored", tag_field="kind"):
    """A file of the profile's content-addressed store, by the SHA-256 of its bytes (hex)."""

    sha256: str


class RemoteUrl(Value, frozen=True, tag="url", tag_field="kind"):
    """An address that the provider itself fetches."""

    url: str


class ProviderFile(Value, frozen=True, tag="provider_file", tag_field="kind"):
    """A file that was uploaded to one provider before."""

    provider: str
    file_id: str


MediaSource = InlineData | StoredFile | RemoteUrl | ProviderFile


class Citation(Value, frozen=True):
    """Where a passage of an answer comes from; `start` and `end` are character offsets, if known."""

    url: str = ""
    title: str = ""
    cited_text: str = ""
    start: int | None = None
    end: int | None = None


class TextPart(Value, frozen=True, tag="text", tag_field="type"):
    """Words, as Markdown source."""

    text: str = ""
    citations: tuple[Citation, ...] = ()
    provider_state: ProviderState = {}


class ThinkingPart(Value, frozen=True, tag="thinking", tag_field="type"):
    """Reasoning. `redacted`: the provider keeps the words to itself. `seconds`: how long it took."""

    text: str = ""
    redacted: bool = False
    seconds: float | None = None
    provider_state: ProviderState = {}


class RefusalPart(Value, frozen=True, tag="refusal", tag_field="type"):
    """The model declines, in its own words."""

    text: str = ""
    provider_state: ProviderState = {}


class ImagePart(Value, frozen=True, tag="image", tag_field="type"):
    """A picture; width and height in pixels, size in bytes (0 where unknown)."""

    source: MediaSource
    media_type: str
    name: str = ""
    size: int = 0
    width: int = 0
    height: int = 0
    detail: Literal["", "auto", "low", "high", "original"] = ""
    provider_state: ProviderState = {}


class FilePart(Value, frozen=True, tag="file", tag_field="type"):
    """A document or any other file; size in bytes (0 where unknown)."""

    source: MediaSource
    media_type: str
    name: str = ""
    size: int = 0
    provider_state: ProviderState = {}


class AudioPart(Value, frozen=True, tag="audio", tag_field="type"):
    """Sound; `transcript` is what the provider heard or said."""

    source: MediaSource
    media_type: str
    name: str = ""
    size: int = 0
    seconds: float | None = None
    transcript: str = ""
    provider_state: ProviderState = {}


class VideoPart(Value, frozen=True, tag="video", tag_field="type"):
    """Moving pictures."""

    source: MediaSource
    media_type: str
    name: str = ""
    size: int = 0
    seconds: float | None = None
    provider_state: ProviderState = {}


class ToolCallPart(Value, frozen=True, tag="tool_call", tag_field="type"):
    """The model asks for a tool. `arguments` is the raw JSON text as it came."""

    call_id: str
    name: str
    arguments: str = ""
    provider_state: ProviderState = {}


class ToolResultPart(Value, frozen=True, tag="tool_result", tag_field="type"):
    """What a tool answered to the call with the same `call_id`."""

    call_id: str
    name: str = ""
    parts: tuple[TextPart | ImagePart | FilePart, ...] = ()
    is_error: bool = False
    provider_state: ProviderState = {}


class UnknownPart(Value, frozen=True, tag="unknown", tag_field="type"):
    """Something this version does not know: kept as the provider sent it, never dropped."""

    kind: str
    data: Any = None
    provider_state: ProviderState = {}


MediaPart = ImagePart | FilePart | AudioPart | VideoPart
Part = (
    TextPart
    | ThinkingPart
    | RefusalPart
    | ImagePart
    | FilePart
    | AudioPart
    | VideoPart
    | ToolCallPart
    | ToolResultPart
    | UnknownPart
)


class Message(Value, frozen=True):
    """One message of a request or an answer."""

    role: Role
    parts: tuple[Part, ...] = ()
    name: str = ""

    @property
    def text(self) -> str:
        """The words of all text parts, joined without a separator."""
        return text_of(self.parts)


def text_of(parts: tuple[Part, ...] | list[Part]) -> str:
    """The words of all text parts (thinking and refusals left out), joined without a separator."""
    return "".join(part.text for part in parts if isinstance(part, TextPart))


def thinking_of(parts: tuple[Part, ...] | list[Part]) -> str:
    """The words of all thinking parts, blocks separated by an empty line."""
    return "\n\n".join(part.text for part in parts if isinstance(part, ThinkingPart) and part.text)


def user(text: str, *media: MediaPart) -> Message:
    """A user message: the attachments first, as the providers advise, then the words."""
    words: tuple[Part, ...] = (TextPart(text=text),) if text else ()
    return Message(role="user", parts=(*media, *words))


def assistant(text: str) -> Message:
    """An assistant message of one text part."""
    return Message(role="assistant", parts=(TextPart(text=text),))
