"""Files on their way to a model: taken in, judged, stored once, made ready for sending."""

from __future__ import annotations

import asyncio
import html
import mimetypes
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import msgspec

from chatbench.client.catalogue import Catalogue
from chatbench.core.errors import AttachmentRefused
from chatbench.core.messages import (
    FilePart,
    ImagePart,
    InlineData,
    Message,
    Part,
    StoredFile,
    TextPart,
)
from chatbench.core.models import ModelInfo
from chatbench.documents import images
from chatbench.providers.encoding import is_text
from chatbench.storage.files import FileStore
from chatbench.storage.rows import plain

_THUMBNAILS_KEPT = 200


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A file over the window: its name, kind and size in bytes are all that is known before the
    drop (`size` None where even that is not)."""

    name: str
    media_type: str
    size: int | None = None


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a candidate will be attached; `reason` says what happens to it or why not, and
    `models` names models that would take it."""

    candidate: Candidate
    accepted: bool
    reason: str
    models: tuple[str, ...] = ()


class AttachmentService:
    """Takes files in, and hands them to requests in the form the model takes."""

    def __init__(self, files: FileStore, catalogue: Catalogue) -> None:
        self._files = files
        self._catalogue = catalogue
        self._thumbnails: OrderedDict[tuple[str, int, int], bytes] = OrderedDict()

    def judge(self, candidates: Sequence[Candidate], info: ModelInfo) -> tuple[Verdict, ...]:
        """What would happen to each file at this model, from names, kinds and sizes alone."""
        return tuple(self._judge(candidate, info) for candidate in candidates)

    def _judge(self, candidate: Candidate, info: ModelInfo) -> Verdict:
        if candidate.media_type not in images.MEDIA_TYPES.values():
            return Verdict(
                candidate=candidate,
                accepted=False,
                reason="Only PNG, JPEG, WebP and GIF pictures can be attached.",
            )
        if not info.may_take("image"):
            models = self.models_that_see(info)
            others = f" {', '.join(models)} would." if models else ""
            return Verdict(
                candidate=candidate,
                accepted=False,
                reason=f"{info.title} does not take images.{others}",
                models=models,
            )
        if candidate.size is not None and candidate.size > images.MAX_FILE_BYTES:
            limit = images.MAX_FILE_BYTES // 1024 // 1024
            return Verdict(candidate=candidate, accepted=False, reason=f"Larger than {limit} MiB.")
        shrunk = candidate.size is not None and candidate.size > info.images.max_bytes
        reason = "Sent as an image, made smaller." if shrunk else "Sent as an image."
        if not info.takes("image"):
            reason += f" Whether {info.title} sees it is not known."
        return Verdict(candidate=candidate, accepted=True, reason=reason)

    def models_that_see(self, info: ModelInfo) -> tuple[str, ...]:
        """Up to two models of the same provider that take images."""
        same = self._catalogue.models(info.ref.provider)
        return tuple(m.title for m in same if m.takes("image") and m.ref != info.ref)[:2]

    async def attach_path(
        self, path: Path, info: ModelInfo, *, store: bool = True, conversation_id: str = ""
    ) -> ImagePart:
        """Reads and checks a file, and stores it; without `store` the part holds the bytes that
        this model is sent, and the profile nothing. `conversation_id` is where it is for: a
        temporary one has its files in memory. Raises AttachmentRefused with the reason."""
        data = await asyncio.to_thread(_read, path)
        if store:
            return await self.attach_bytes(data, path.name, info, conversation_id=conversation_id)
        self._check(data, path.name, info)
        held = ImagePart(source=InlineData(data=data), media_type="", name=path.name)
        return await _prepared(held, data, info)

    async def attach_bytes(
        self, data: bytes, name: str, info: ModelInfo, *, conversation_id: str = ""
    ) -> ImagePart:
        """Checks and stores a picture as it came, for the conversation if that is known. Raises
        AttachmentRefused with the reason."""
        self._check(data, name, info)
        facts = await asyncio.to_thread(images.inspect, data, name)
        sha256 = await self._files.put(
            data, name=name, media_type=facts.media_type, conversation_id=conversation_id
        )
        return ImagePart(
            source=StoredFile(sha256=sha256),
            media_type=facts.media_type,
            name=name,
            size=facts.size,
            width=facts.width,
            height=facts.height,
        )

    async def attach_text(
        self, text: str, name: str, *, media_type: str = "text/plain", conversation_id: str = ""
    ) -> FilePart:
        """Stores a text as a file beside the words; every model is sent it as words. Raises
        StorageError."""
        data = plain(text).encode()
        sha256 = await self._files.put(
            data, name=name, media_type=media_type, conversation_id=conversation_id
        )
        return FilePart(
            source=StoredFile(sha256=sha256), media_type=media_type, name=plain(name), size=len(data)
        )

    def _check(self, data: bytes, name: str, info: ModelInfo) -> None:
        media_type = images.recognise(data[:16])
        guessed = media_type or mimetypes.guess_type(name)[0] or "application/octet-stream"
        candidate = Candidate(name=name, media_type=guessed, size=len(data))
        verdict = self._judge(candidate, info)
        if not verdict.accepted:
            raise AttachmentRefused(
                f"{name or 'This file'} was not attached. {verdict.reason}",
                "Choose a model that takes it." if verdict.models else "",
                models=verdict.models,
            )

    async def thumbnail(self, sha256: str, width: int, height: int) -> bytes:
        """A PNG of exactly this many pixels. Raises AttachmentRefused, StorageError."""
        key = (sha256, width, height)
        found = self._thumbnails.get(key)
        if found is None:
            data = await self._files.read(sha256)
            found = await asyncio.to_thread(images.thumbnail, data, width, height)
        self._thumbnails[key] = found
        self._thumbnails.move_to_end(key)
        if len(self._thumbnails) > _THUMBNAILS_KEPT:
            self._thumbnails.popitem(last=False)
        return found

    async def keep(self, conversation_id: str) -> None:
        """Stores the files of a temporary conversation that is to be kept. Raises DiskFull, ReadOnly,
        StorageError."""
        await self._files.keep(conversation_id)

    async def forget(self, conversation_id: str) -> None:
        """Lets go of the files of a temporary conversation that was forgotten, where no other one
        shows them."""
        await self._files.forget_unused(conversation_id)

    async def original(self, sha256: str) -> bytes:
        """The file as it was attached. Raises StorageError."""
        return await self._files.read(sha256)

    async def inlined(self, messages: Sequence[Message], info: ModelInfo) -> tuple[Message, ...]:
        """The messages with every stored picture as the bytes this model is sent, and every stored
        text as words under its name.

        Raises AttachmentRefused where the model does not take one, or not so many; StorageError.
        """
        count = sum(isinstance(part, ImagePart) for message in messages for part in message.parts)
        if info.may_take("image") and count > info.images.max_count:
            raise AttachmentRefused(
                f"{info.title} takes {info.images.max_count} pictures at most, and this conversation "
                f"holds {count}.",
                "Start a new conversation, or choose another model.",
            )
        return tuple([await self._inlined(message, info) for message in messages])

    async def _inlined(self, message: Message, info: ModelInfo) -> Message:
        if not any(isinstance(getattr(part, "source", None), StoredFile) for part in message.parts):
            return message
        parts = [await self._inline_part(part, info) for part in message.parts]
        return msgspec.structs.replace(message, parts=tuple(parts))

    async def _inline_part(self, part: Part, info: ModelInfo) -> Part:
        if isinstance(part, FilePart) and isinstance(part.source, StoredFile) and is_text(part.media_type):
            return _written_out(part.name, await self._files.read(part.source.sha256))
        if not isinstance(part, ImagePart) or not isinstance(part.source, StoredFile):
            return part
        if not info.may_take("image"):
            models = self.models_that_see(info)
            raise AttachmentRefused(
                f"{info.title} does not take images, and this conversation holds {part.name or 'one'}.",
                f"Choose {' or '.join(models)}." if models else "Choose a model that sees images.",
                models=models,
            )
        return await _prepared(part, await self._files.read(part.source.sha256), info)


async def _prepared(part: ImagePart, data: bytes, info: ModelInfo) -> ImagePart:
    ready = await asyncio.to_thread(images.prepare, data, info.images, part.name)
    return msgspec.structs.replace(
        part,
        source=InlineData(data=ready.data),
        media_type=ready.media_type,
        width=ready.width,
        height=ready.height,
        size=len(ready.data),
    )


def _written_out(name: str, data: bytes) -> TextPart:
    """A text between marks: a model must see where it ends and the question begins."""
    words = data.decode("utf-8", "replace").strip("\n")
    return TextPart(text=f'<attachment name="{html.escape(name)}">\n{words}\n</attachment>')


def _read(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise AttachmentRefused(f"{path.name} is not a file.", "Choose a file.")
        if path.stat().st_size > images.MAX_FILE_BYTES:
            raise AttachmentRefused(
                f"{path.name} is larger than {images.MAX_FILE_BYTES // 1024 // 1024} MiB.",
                "Save it smaller and try again.",
            )
        return path.read_bytes()
    except OSError as error:
        raise AttachmentRefused(
            f"{path.name} cannot be read: {error.strerror or error}.", "Choose another file."
        ) from error
