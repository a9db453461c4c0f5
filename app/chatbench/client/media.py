"""Images and files on their way into a message: from a path, an address, bytes, base64 or a file id.

Nothing is read before it is needed, and nothing is ever fetched: an address goes to the provider as
it is. What a file is, its bytes say, not its name.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from collections.abc import Iterable
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import msgspec

from chatbench.client.sync import background, synced
from chatbench.core.errors import AttachmentRefused, FormatError
from chatbench.core.messages import (
    AudioPart,
    Detail,
    FilePart,
    ImagePart,
    InlineData,
    MediaPart,
    MediaSource,
    ProviderFile,
    RemoteUrl,
    VideoPart,
    media_part,
)
from chatbench.documents import images, kinds, pdf
from chatbench.documents.parts import bytes_of, data_of, media_type_at
from chatbench.documents.pdf.ranges import parse_pages

if TYPE_CHECKING:
    from chatbench.client.environment import Environment
    from chatbench.client.files import ProviderFiles

Given = str | bytes | bytearray | memoryview | os.PathLike[str]

_ADDRESS = re.compile(r"(?:https?|gs|s3)://", re.IGNORECASE)
_SHORTEST_BASE64 = 32
_any_part: Any = ImagePart | FilePart | AudioPart | VideoPart


class File:
    """A file for a message: a document, sound, a film, or a picture that is to be sent as it is.

    `data` is a path, an address (http, https, gs), a data URL, base64 text or bytes; a file that a
    provider keeps already is named by `file_id` and `provider` instead. Reading raises
    AttachmentRefused.
    """

    def __init__(
        self,
        data: Given | None = None,
        *,
        media_type: str | None = None,
        filename: str | None = None,
        file_id: str | None = None,
        provider: str = "openai",
    ) -> None:
        if (data is None) == (file_id is None):
            raise AttachmentRefused("A file has either data or a file id.", "Give one of the two.")
        self._path: Path | None = None
        self._bytes: bytes | None = None
        self._remote: RemoteUrl | ProviderFile | None = None
        self._media_type = media_type
        self._fingerprint: str | None = None
        self.name = filename or ""
        if file_id is not None:
            self._remote = ProviderFile(provider=provider, file_id=file_id)
        elif isinstance(data, bytes | bytearray | memoryview):
            self._bytes = bytes(data)
        elif isinstance(data, str):
            self._take(data)
        elif data is not None:
            self._path = Path(data)
        if self._path is not None:
            self.name = filename or self._path.name

    def _take(self, text: str) -> None:
        if text[:5].lower() == "data:":
            self._media_type, self._bytes = _from_data_url(text, self._media_type)
        elif _ADDRESS.match(text):
            self._remote = RemoteUrl(url=text)
        elif (decoded := _file_in_base64(text)) is not None:
            self._bytes = decoded
        else:
            self._path = _at_home(text)

    @property
    def url(self) -> str | None:
        """The address that the provider fetches, if it is one."""
        return self._remote.url if isinstance(self._remote, RemoteUrl) else None

    @property
    def file_id(self) -> str | None:
        """The provider's own name for it, if the provider keeps it."""
        return self._remote.file_id if isinstance(self._remote, ProviderFile) else None

    @property
    def data(self) -> bytes:
        """The bytes, read at the first call. Raises AttachmentRefused where they cannot be, or are
        not here but at an address or a provider."""
        if self._bytes is None:
            if self._path is None:
                raise AttachmentRefused(
                    f"{self.url or self.file_id} is not on this computer, and is not fetched.",
                    "Download it first, or leave it to the provider.",
                )
            self._bytes = _read(self._path)
        return self._bytes

    @property
    def media_type(self) -> str:
        """As was said, or by the bytes; of an address by its ending, "" where that tells nothing."""
        if self._media_type is None:
            if self._remote is None:
                self._media_type = kinds.media_type_of(self.data, self.name)
            else:
                self._media_type = media_type_at(self.url or "")
        return self._media_type

    @property
    def size(self) -> int | None:
        """Bytes; None for what is not on this computer."""
        return None if self._remote is not None else len(self.data)

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of the bytes, or of the address or id that stands for them."""
        if self._fingerprint is None:
            remote = self._remote
            named = self.data if remote is None else msgspec.json.encode(remote)
            self._fingerprint = hashlib.sha256(named).hexdigest()
        return self._fingerprint

    @property
    def source(self) -> MediaSource:
        return self._remote or InlineData(data=self.data)

    def part(self) -> MediaPart:
        """As a part of a message: an image, sound or a film where the bytes are one, else a file."""
        media_type = self.media_type
        if media_type.startswith("image/") and self._remote is None:
            return Image(self.data, filename=self.name).part()
        kind: Any = {"image": ImagePart, "audio": AudioPart, "video": VideoPart}.get(
            media_type.partition("/")[0], FilePart
        )
        part: MediaPart = kind(source=self.source, media_type=media_type, name=self.name, size=self.size or 0)
        return part

    async def as_remote(
        self,
        provider: str,
        *,
        expires_in: timedelta | None = None,
        environment: Environment | None = None,
    ) -> File:
        """Uploads it, and returns it as the file that the provider keeps from now on, under its
        `file_id`. The environment is the default one where none is given.

        Raises AttachmentRefused where it cannot be read, and as `ProviderFiles.upload` does.
        """
        data = await asyncio.to_thread(lambda: self.data)
        told = await _files_at(environment, provider).upload(
            data, self.name, self.media_type, expires_in=expires_in
        )
        about: dict[str, Any] = {"media_type": self.media_type, "filename": self.name}
        return type(self)(file_id=told.id, provider=provider, **about)

    as_remote_sync = synced(as_remote)

    async def delete(self, *, environment: Environment | None = None) -> None:
        """Makes the provider forget it. Raises AttachmentRefused for a file that no provider keeps,
        and `ProviderError`s."""
        if not isinstance(self._remote, ProviderFile):
            raise AttachmentRefused(
                f"{self.name or 'The file'} is at no provider.", "Nothing needs to be deleted."
            )
        await _files_at(environment, self._remote.provider).delete(self._remote.file_id)

    delete_sync = synced(delete)

    def to_dict(self) -> dict[str, Any]:
        """As plain values that JSON takes, the bytes in base64."""
        return self.part().to_dict()

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Back from `to_dict`. Raises FormatError."""
        try:
            part = msgspec.convert(values, _any_part)
        except (msgspec.ValidationError, ValueError) as error:
            raise FormatError(f"This is no file: {error}", "Give what to_dict made, as it was.") from error
        return cls.from_part(part)

    @classmethod
    def from_part(cls, part: MediaPart) -> Self:
        """Of a part whose bytes are at hand or elsewhere, but not in a profile."""
        about: dict[str, Any] = {"media_type": part.media_type or None, "filename": part.name}
        match part.source:
            case InlineData(data=data):
                return cls(data, **about)
            case RemoteUrl(url=url):
                return cls(url, **about)
            case ProviderFile(provider=provider, file_id=file_id):
                return cls(file_id=file_id, provider=provider, **about)
        raise AttachmentRefused(
            f"{part.name or 'The file'} lies in a profile and is not at hand.", "Read it from there first."
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, File) and self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __repr__(self) -> str:
        named = self.name or self.url or self.file_id or f"{len(self._bytes or b'')} bytes"
        return f"{type(self).__name__}({named!r})"


class Image(File):
    """A picture: PNG, JPEG, WebP or GIF where its bytes are at hand; BMP, TIFF, HEIC, AVIF and SVG are made
    into one of these, by a process of its own, when they are needed. See `File` for what `data` is.

    `detail` is how closely the model is to look, where its provider lets one say; `max_size` pixels
    that the longer edge may have.
    """

    def __init__(
        self, data: Given | None = None, *, detail: Detail = "", max_size: int | None = None, **about: Any
    ) -> None:
        super().__init__(data, **about)
        self.detail: Detail = "" if detail == "auto" else detail
        self._max_size = max_size
        self._facts: images.ImageFacts | None = None
        self._is_ready = False
        if max_size is not None and self._remote is not None:
            raise AttachmentRefused(
                f"{self.url or self.file_id} is not on this computer and cannot be made smaller.",
                "Download it first.",
            )
        if max_size is not None and max_size < 1:
            raise AttachmentRefused("A picture has at least one pixel.", "Give pixels of its longer edge.")

    @property
    def data(self) -> bytes:
        """The bytes as they are sent. Raises AttachmentRefused."""
        if not self._is_ready:
            data = super().data
            if images.recognise_other(data) is not None:
                from chatbench.documents.confined import confined

                data = background.run(confined("picture", data, self.name, name=self.name)).data
            if self._max_size is not None:
                data = images.resized(data, self._max_size, self.name)
            if data is not self._bytes:
                self._bytes, self._media_type = data, None
            self._is_ready, self._max_size = True, None
        return super().data

    @property
    def facts(self) -> images.ImageFacts:
        """Kind, width and height in pixels, and size in bytes. Raises AttachmentRefused where it is
        no picture, damaged, or not on this computer."""
        if self._facts is None:
            self._facts = images.inspect(self.data, self.name)
        return self._facts

    def resize(self, max_size: int) -> Image:
        """The picture with its longer edge at `max_size` pixels at most, made when it is needed.
        Raises AttachmentRefused for one that is not on this computer."""
        here: Given | None = self._path if self._bytes is None else self._bytes
        return Image(
            here or self.url,
            file_id=self.file_id,
            filename=self.name,
            detail=self.detail,
            max_size=min(max_size, self._max_size or max_size),
        )

    @classmethod
    async def from_pdf(
        cls,
        data: Given | File,
        *,
        dpi: int = 200,
        target_size: int | None = 1024,
        pages: str | Iterable[int] | None = None,
        password: str = "",
    ) -> list[Self]:
        """The pages of a PDF as JPEGs: drawn at `dpi`, the longer edge at `target_size` pixels at most.
        `pages` counts from 1, as numbers or as one writes them ("1-3, 7, -1"); all where it is None.

        Raises AttachmentRefused: no PDF, damaged, its password missing or wrong, a page that it has not.
        """
        from chatbench.documents.confined import confined, confined_stream

        file = data if isinstance(data, File) else File(data)
        content = await asyncio.to_thread(lambda: file.data)
        name = file.name or "The PDF"
        if isinstance(pages, str):
            facts = await confined("pdf_facts", content, password, name, name=name, limits=pdf.LIMITS)
            # Without its password nothing is known of it, which is said by who draws it.
            pages = None if facts.needs_password else parse_pages(pages, facts.pages)
        wanted = None if pages is None else tuple(pages)
        stream = confined_stream(
            "pdf_pictures", content, wanted, dpi, target_size, password, "image/jpeg", name,
            name=name, limits=pdf.LIMITS,
        )  # fmt: skip
        async with aclosing(stream) as pictures:
            stem = Path(file.name).stem or "page"
            return [cls(one.data, filename=f"{stem}-{one.number}.jpg") async for one in pictures]

    from_pdf_sync = classmethod(synced(from_pdf.__func__))  # type: ignore[attr-defined]

    def part(self) -> ImagePart:
        if self._remote is not None:
            media_type = self.media_type or "image/*"
            return ImagePart(source=self._remote, media_type=media_type, name=self.name, detail=self.detail)
        facts = self.facts
        return ImagePart(
            source=InlineData(data=self.data),
            media_type=facts.media_type,
            name=self.name,
            size=facts.size,
            width=facts.width,
            height=facts.height,
            detail=self.detail,
        )

    @classmethod
    def from_part(cls, part: MediaPart) -> Self:
        image = super().from_part(part)
        image.detail = part.detail if isinstance(part, ImagePart) else ""
        return image


def _files_at(environment: Environment | None, provider: str) -> ProviderFiles:
    from chatbench.client.defaults import default_environment
    from chatbench.client.files import ProviderFiles

    return ProviderFiles(environment or default_environment(), provider)


def _at_home(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError:  # ~name of nobody: a file may well be called so
        return Path(text)


def _read(path: Path) -> bytes:
    called = path.name or str(path)
    try:
        if not path.is_file():
            reason = "is not a file" if path.exists() else "does not exist"
            raise AttachmentRefused(f"{path} {reason}.", "Check the path, or give bytes.")
        if path.stat().st_size > images.MAX_FILE_BYTES:
            limit = images.MAX_FILE_BYTES // 1024 // 1024
            raise AttachmentRefused(f"{called} is larger than {limit} MiB.", "Make it smaller and try again.")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise AttachmentRefused(f"{called} cannot be read: {reason}.", "Give another file.") from error


def _file_in_base64(text: str) -> bytes | None:
    """None where the text may as well be a path: too short, or no file of a known kind."""
    decoded = bytes_of(text) if len(text) >= _SHORTEST_BASE64 else None
    return decoded if decoded and kinds.media_type_of(decoded) != kinds.UNKNOWN else None


def _from_data_url(text: str, media_type: str | None) -> tuple[str | None, bytes]:
    found = data_of(text)
    if found is None:
        raise AttachmentRefused("The data URL is damaged.", "Give data:TYPE;base64,…, or the bytes.")
    return media_type or found[0] or None, found[1]


@media_part.register(str)
@media_part.register(bytes)
@media_part.register(bytearray)
@media_part.register(memoryview)
@media_part.register(os.PathLike)
def _given(
    data: Given,
    kind: Literal["image", "file", "audio"],
    *,
    detail: Detail = "",
    max_size: int | None = None,
    media_type: str | None = None,
    filename: str | None = None,
) -> MediaPart:
    if kind == "image":
        return _file(
            Image(data, media_type=media_type, filename=filename), kind, detail=detail, max_size=max_size
        )
    return _file(File(data, media_type=media_type, filename=filename), kind)


@media_part.register(File)
def _file(
    data: File,
    kind: Literal["image", "file", "audio"],
    *,
    detail: Detail = "",
    max_size: int | None = None,
    media_type: str | None = None,
    filename: str | None = None,
) -> MediaPart:
    if kind == "image" and not isinstance(data, Image):
        data = Image.from_part(data.part())
    if isinstance(data, Image) and max_size is not None:
        data = data.resize(max_size)
    part = data.part()
    changes: dict[str, Any] = {"media_type": media_type, "name": filename}
    if isinstance(part, ImagePart):
        changes["detail"] = detail
    elif kind == "audio" and not isinstance(part, AudioPart):
        raise AttachmentRefused(
            f"{data.name or 'The file'} is {part.media_type or 'of an unknown kind'}, not sound.",
            "Attach it as a file, or say its media_type.",
        )
    return msgspec.structs.replace(part, **{name: value for name, value in changes.items() if value})
