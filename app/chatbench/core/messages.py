"""Messages and their parts: pure values, without identity, storage or any vendor's shape.

Every part keeps `provider_state`: what the vendor must get back verbatim (signatures, encrypted
reasoning, item ids). It carries the provider's id under the key "provider" and is replayed only
to that provider.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch
from typing import Any, Literal

import msgspec

from chatbench.core.errors import ConfigurationError
from chatbench.core.values import Plain

Role = Literal["system", "developer", "user", "assistant", "tool"]
ProviderState = dict[str, Any]
Detail = Literal["", "auto", "low", "high", "original"]
FileForm = Literal["", "native", "text", "pages"]
"""How a document goes to a model: as it is, as its words, as pictures of its pages; "" is the best
form that the model takes."""


class Value(Plain, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Base of the immutable values that are stored as JSON: trees, which hold no circle."""


class InlineData(Value, frozen=True, tag="inline", tag_field="kind", gc=True, weakref=True):
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
    detail: Detail = ""
    provider_state: ProviderState = {}


class FilePart(Value, frozen=True, tag="file", tag_field="type"):
    """A document or any other file; size in bytes (0 where unknown).

    `form` is how it is to be sent, `pages` which of its pages ("1-3,7"; "" is all), `page_count` how
    many it has (0 where unknown).
    """

    source: MediaSource
    media_type: str
    name: str = ""
    size: int = 0
    form: FileForm = ""
    pages: str = ""
    page_count: int = 0
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


@singledispatch
def media_part(
    data: object,
    kind: Literal["image", "file", "audio"],
    *,
    detail: Detail = "",
    max_size: int | None = None,
    media_type: str | None = None,
    filename: str | None = None,
) -> MediaPart:
    """`data` as a part of a message. Here only parts are known; whoever can read paths, addresses
    and bytes registers them. `max_size`: pixels of the longer edge. Raises ConfigurationError."""
    if not isinstance(data, ImagePart | FilePart | AudioPart | VideoPart) or max_size is not None:
        raise ConfigurationError(
            f"{type(data).__name__} cannot be attached as {kind}.",
            "Give a path, an address, bytes, an Image or a File.",
        )
    changes: dict[str, Any] = {"media_type": media_type, "name": filename}
    if isinstance(data, ImagePart):
        changes["detail"] = detail
    return msgspec.structs.replace(data, **{name: value for name, value in changes.items() if value})


class Message(Value, frozen=True):
    """One message of a request or an answer. Every `with_…` gives a new message with more in it.

    Images, files and sound may be given as a path, an address (which the provider fetches), bytes,
    a data URL, an `Image` or `File`, or a part. Raises AttachmentRefused where they cannot be read.
    """

    role: Role
    parts: tuple[Part, ...] = ()
    name: str = ""

    @classmethod
    def system(cls, text: str, name: str = "") -> Message:
        return cls(role="system", name=name).with_text(text)

    @classmethod
    def developer(cls, text: str, name: str = "") -> Message:
        return cls(role="developer", name=name).with_text(text)

    @classmethod
    def user(
        cls, text: str = "", image: object = None, file: object = None, audio: object = None, name: str = ""
    ) -> Message:
        """Attachments, each one or a list, stand before the words, as the providers advise."""
        message = cls(role="user", name=name)
        for one in _each(image):
            message = message.with_image(one)
        for one in _each(file):
            message = message.with_file(one)
        for one in _each(audio):
            message = message.with_audio(one)
        return message.with_text(text)

    @classmethod
    def assistant(cls, text: str = "", name: str = "") -> Message:
        return cls(role="assistant", name=name).with_text(text)

    ai = assistant

    def with_part(self, *parts: Part) -> Message:
        return msgspec.structs.replace(self, parts=(*self.parts, *parts))

    def with_text(self, text: str) -> Message:
        """No words, no part."""
        return self.with_part(TextPart(text=text)) if text else self

    def with_image(self, data: object, detail: Detail = "auto", max_size: int | None = None) -> Message:
        """`max_size` in pixels: a picture with a longer edge is made smaller."""
        return self.with_part(
            media_part(data, "image", detail="" if detail == "auto" else detail, max_size=max_size)
        )

    def with_file(self, data: object, media_type: str | None = None, filename: str | None = None) -> Message:
        """A file of any kind; where none is given, the bytes tell which."""
        return self.with_part(media_part(data, "file", media_type=media_type, filename=filename))

    def with_audio(self, data: object, media_type: str | None = None, filename: str | None = None) -> Message:
        return self.with_part(media_part(data, "audio", media_type=media_type, filename=filename))

    def with_remote_file(
        self,
        file_id: str,
        provider: str = "openai",
        media_type: str = "application/pdf",
        filename: str = "",
    ) -> Message:
        """A file that was uploaded to `provider` before, by the id it got there."""
        source = ProviderFile(provider=provider, file_id=file_id)
        kind = ImagePart if media_type.startswith("image/") else FilePart
        return self.with_part(kind(source=source, media_type=media_type, name=filename))

    def with_tool_call(self, call_id: str, name: str, arguments: str | dict[str, Any]) -> Message:
        """`arguments` as JSON text or as an object."""
        if not isinstance(arguments, str):
            arguments = msgspec.json.encode(arguments).decode()
        return self.with_part(ToolCallPart(call_id=call_id, name=name, arguments=arguments))

    def with_tool_result(
        self, call_id: str, result: object, *, name: str = "", is_error: bool = False
    ) -> Message:
        """`result` in words, as a part or a list of parts, or anything else as JSON."""
        return self.with_part(
            ToolResultPart(call_id=call_id, name=name, parts=_told(result), is_error=is_error)
        )

    def with_thinking(self, content: str) -> Message:
        return self.with_part(ThinkingPart(text=content))

    @property
    def text(self) -> str:
        """The words of all text parts, joined without a separator."""
        return text_of(self.parts)


def _each(given: object) -> Sequence[object]:
    if given is None:
        return ()
    return given if isinstance(given, list | tuple) else (given,)


def _told(result: object) -> tuple[TextPart | ImagePart | FilePart, ...]:
    """What a tool answered, as parts."""
    if isinstance(result, TextPart | ImagePart | FilePart):
        return (result,)
    if isinstance(result, list | tuple) and result:
        shown = tuple(part for part in result if isinstance(part, TextPart | ImagePart | FilePart))
        if len(shown) == len(result):
            return shown
    if isinstance(result, str):
        return (TextPart(text=result),)
    try:
        words = msgspec.json.encode(result).decode()
    except (TypeError, ValueError) as error:
        raise ConfigurationError(
            f"A tool cannot answer with {type(result).__name__}.", "Give words, parts, or what JSON takes."
        ) from error
    return (TextPart(text=words),)


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
