"""Files being taken in: read within limits, recognised by their bytes, stored once."""

from __future__ import annotations

import asyncio
from mimetypes import guess_extension
from pathlib import Path

from chatbench.core.errors import AttachmentRefused, HoldsFiles, PasswordNeeded
from chatbench.core.messages import AudioPart, FilePart, ImagePart, MediaPart, StoredFile, VideoPart
from chatbench.documents import images, kinds
from chatbench.documents.confined import confined
from chatbench.documents.pdf import LIMITS, PdfFacts
from chatbench.documents.photos import ConvertedPicture
from chatbench.documents.reading import sound_of
from chatbench.services.attachments.judging import Candidate
from chatbench.services.attachments.looking import apart
from chatbench.services.attachments.reading import Reading
from chatbench.services.attachments.takes import MAX_DOCUMENT_BYTES, MAX_FILM_BYTES, Kind, kind_of
from chatbench.storage.files import FileStore
from chatbench.storage.rows import plain

_HEAD = 1 << 16
_MiB = 1024 * 1024


class Taking:
    """Makes parts of files. Everything raises AttachmentRefused with the reason (PasswordNeeded for an
    encrypted PDF, HoldsFiles for a folder or an archive), and StorageError."""

    def __init__(self, files: FileStore, reading: Reading) -> None:
        self._files = files
        self._reading = reading

    async def from_path(
        self,
        path: Path,
        conversation_id: str,
        *,
        in_memory: bool = False,
        password: str = "",
        media_type: str = "",
    ) -> MediaPart:
        """`in_memory`: nothing of it touches the disk. `media_type` is what it is where its bytes do not
        tell; "" where nobody said."""
        media_type, data = await apart(lambda: _looked_at(path, media_type), path.name)
        return await self._taken(
            data if data is not None else path, media_type, path.name, conversation_id, in_memory, password
        )

    async def from_bytes(
        self,
        data: bytes,
        name: str,
        conversation_id: str,
        *,
        in_memory: bool = False,
        password: str = "",
        media_type: str = "",
    ) -> MediaPart:
        """As `from_path`."""
        media_type = media_type or await asyncio.to_thread(kinds.media_type_of, data, name)
        _check_size(name, media_type, len(data))
        return await self._taken(data, media_type, name, conversation_id, in_memory, password)

    async def from_text(
        self, text: str, name: str, media_type: str, conversation_id: str, *, in_memory: bool = False
    ) -> FilePart:
        """Words that have no file."""
        data = plain(text).encode()
        sha256 = await self._files.put(
            data, name=name, media_type=media_type, conversation_id=conversation_id, in_memory=in_memory
        )
        return FilePart(
            source=StoredFile(sha256=sha256), media_type=media_type, name=plain(name), size=len(data)
        )

    async def _taken(
        self,
        data: bytes | Path,
        media_type: str,
        name: str,
        conversation_id: str,
        in_memory: bool,
        password: str,
    ) -> MediaPart:
        kind, name, media_type = kind_of(media_type), plain(name), plain(media_type)
        _refuse(kind, media_type, name)
        facts: images.ImageFacts | PdfFacts | None = None
        if isinstance(data, bytes) and kind == "picture":
            facts = await _looked_through(data, name)
        elif isinstance(data, bytes) and kind == "pdf":
            data, facts = await _opened(data, name, password)
        if isinstance(facts, images.ImageFacts):
            media_type = facts.media_type
        try:
            sha256 = await self._files.put(
                data, name=name, media_type=media_type, conversation_id=conversation_id, in_memory=in_memory
            )
            size = await asyncio.to_thread(_size, data)
        except OSError as error:
            raise _unreadable(name, error) from error
        source = StoredFile(sha256=sha256)
        if isinstance(facts, images.ImageFacts):
            return ImagePart(
                source=source, media_type=facts.media_type, name=name, size=size, width=facts.width,
                height=facts.height,
            )  # fmt: skip
        if kind in ("sound", "film"):
            told = await sound_of(data, name)
            lasting = AudioPart if kind == "sound" else VideoPart
            return lasting(source=source, media_type=media_type, name=name, size=size, seconds=told.seconds)
        if kind == "document":
            # Read now, so that what cannot be read is found now.
            await self._reading.words(sha256, media_type, _read_as(name, media_type))
        pages = facts.pages if facts is not None else 0
        return FilePart(source=source, media_type=media_type, name=name, size=size, page_count=pages)


async def _looked_through(data: bytes, name: str) -> images.ImageFacts:
    """Of a picture. Those of the four kinds are decoded here, the others in a process of their own."""
    other = images.recognise_other(data)
    if other is None:
        return await asyncio.to_thread(images.inspect, data, name)
    made: ConvertedPicture = await confined("picture", data, name, name=name)
    return images.ImageFacts(media_type=other, width=made.width, height=made.height, size=len(data))


async def _opened(data: bytes, name: str, password: str) -> tuple[bytes, PdfFacts]:
    """A PDF without a password, and its facts. Raises PasswordNeeded."""
    facts: PdfFacts = await confined("pdf_facts", data, password, name, name=name, limits=LIMITS)
    if facts.needs_password:
        told = "is encrypted, and this is not its password" if password else "is encrypted"
        raise PasswordNeeded(f"{name} {told}.", "Give its password, or attach a copy without one.")
    if facts.encrypted:
        data = await confined("pdf_unlocked", data, password, name, name=name, limits=LIMITS)
    return data, facts


def _read_as(name: str, media_type: str) -> str:
    """A name by whose ending a text is read as what somebody says it is."""
    if not kinds.is_text(media_type) or media_type in ("text/plain", kinds.media_type_named(name)):
        return name
    return f"{name}{guess_extension(media_type) or ''}"


def _refuse(kind: Kind, media_type: str, name: str) -> None:
    called = name or "This file"
    if kind == "archive":
        raise HoldsFiles(f"{called} is an archive.", "Choose what of it is to be attached.")
    if kind == "unknown":
        raise AttachmentRefused(
            f"{called} is neither text nor any kind of file that is known.",
            "Save it as PDF or as text, and attach that.",
        )


def _looked_at(path: Path, told: str) -> tuple[str, bytes | None]:
    """Kind and bytes of a file; of sound and film the kind alone. `told` is what somebody said it is."""
    name = plain(path.name)
    try:
        if path.is_dir():
            raise HoldsFiles(f"{name} is a folder.", "Choose which of its files.")
        if not path.is_file():
            raise AttachmentRefused(f"{name} is not a file.", "Choose a file.")
        size = path.stat().st_size
        if size == 0:
            raise AttachmentRefused(f"{name} is empty.", "Choose another file.")
        with path.open("rb") as file:
            head = file.read(_HEAD)
            media_type = told or kinds.media_type_of(head, name)
            _check_size(name, media_type, size)
            if kind_of(media_type) in ("sound", "film"):
                return media_type, None
            # It may be longer by now.
            data = head + file.read(MAX_DOCUMENT_BYTES)
        _check_size(name, media_type, len(data))
        return told or kinds.media_type_of(data, name), data
    except OSError as error:
        raise _unreadable(name, error) from error


def _unreadable(name: str, error: OSError) -> AttachmentRefused:
    return AttachmentRefused(f"{name} cannot be read: {error.strerror or error}.", "Choose another file.")


def _check_size(name: str, media_type: str, size: int) -> None:
    most = MAX_FILM_BYTES if kind_of(media_type) in ("sound", "film") else MAX_DOCUMENT_BYTES
    if size > most:
        raise AttachmentRefused(
            f"{name or 'This file'} is larger than {most // _MiB} MiB.", "Save it smaller and try again."
        )


def _size(data: bytes | Path) -> int:
    return len(data) if isinstance(data, bytes) else data.stat().st_size


def candidate_of(part: MediaPart) -> Candidate:
    """What is judged of a file that was taken in."""
    return Candidate(name=part.name, media_type=part.media_type, size=part.size or None)
