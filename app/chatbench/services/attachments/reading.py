"""What is made of stored files, each once: their words, pages, smaller pictures, thumbnails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import TypeVar
from weakref import WeakValueDictionary

import msgspec

from chatbench.core.messages import ImagePart
from chatbench.core.models import ImageLimits
from chatbench.documents import images
from chatbench.documents.confined import confined, confined_stream
from chatbench.documents.pdf import LIMITS, PagePicture, PageText, PdfFacts
from chatbench.documents.photos import ConvertedPicture
from chatbench.documents.reading import markdown_of
from chatbench.services.attachments.takes import PDF
from chatbench.storage.files import FileStore
from chatbench.storage.renditions import PAGE_BREAK, Made, Rendition, RenditionStore

T = TypeVar("T")
Progress = Callable[[int, int], None]
"""Is called with units done and units in all."""
_DRAWING = msgspec.structs.replace(LIMITS, seconds=300.0)
_JSON = "application/json"
_decode_facts = msgspec.json.Decoder(PdfFacts).decode


class Turns:
    """One lock for each file and what is done with it, as long as anybody waits for it."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    def of(self, sha256: str, what: str) -> asyncio.Lock:
        key = sha256, what
        lock = self._locks.get(key)
        if lock is None:
            lock = self._locks[key] = asyncio.Lock()
        return lock


class Reading:
    """By the file's SHA-256. Everything raises AttachmentRefused for what cannot be read, and
    StorageError. What several ask for at once is made once."""

    def __init__(self, files: FileStore, renditions: RenditionStore) -> None:
        self._files = files
        self._renditions = renditions
        self._turns = Turns()

    async def facts(self, sha256: str, name: str) -> PdfFacts:
        """Of a PDF."""

        async def make() -> Sequence[Made]:
            data = await self._files.read(sha256)
            facts = await confined("pdf_facts", data, "", name, name=name, limits=LIMITS)
            return [Made(msgspec.json.encode(facts), _JSON)]

        (kept,) = await self._kept(sha256, "facts", make)
        return _decode_facts(await self._files.read(kept.sha256))

    async def words(
        self, sha256: str, media_type: str, name: str, on_progress: Progress | None = None
    ) -> str:
        """The text of a document, pages of a PDF with `PAGE_BREAK` between them; from then on the search
        finds it."""
        async with self._turns.of(sha256, "words"):
            known = await self._renditions.text(sha256)
            if known is not None:
                return known
            data = await self._files.read(sha256)
            if media_type == PDF:
                text = PAGE_BREAK.join(await _pages_of(data, name, on_progress))
            else:
                text = (await markdown_of(data, name)).markdown.replace(PAGE_BREAK, "\n")
            await self._renditions.keep_text(sha256, text)
            return text

    async def known_words(self, sha256: str) -> str | None:
        """The text, if it was read before."""
        return await self._renditions.text(sha256)

    async def pages(
        self, sha256: str, name: str, numbers: Sequence[int], edge: int, on_progress: Progress | None = None
    ) -> list[Rendition]:
        """Pages of a PDF as JPEG pictures, in that order."""
        async with self._turns.of(sha256, f"pages/{edge}"):
            known = {n: await self._renditions.find(sha256, _page_recipe(n, edge)) for n in numbers}
            missing = tuple(number for number, found in known.items() if not found)
            if missing:
                data = await self._files.read(sha256)
                stream = confined_stream(
                    "pdf_pictures", data, missing, 600, edge, "", "image/jpeg", name,
                    name=name, limits=_DRAWING, on_progress=on_progress,
                )  # fmt: skip
                async with aclosing(stream) as drawn:
                    async for page in drawn:
                        recipe = _page_recipe(page.number, edge)
                        known[page.number] = await self._renditions.keep(sha256, recipe, [_made_of(page)])
            return [known[number][0] for number in numbers]

    async def subset(self, sha256: str, name: str, numbers: Sequence[int], written: str) -> Rendition:
        """A PDF of some pages, which are called `written`."""

        async def make() -> Sequence[Made]:
            data = await self._files.read(sha256)
            made = await confined("pdf_subset", data, tuple(numbers), "", name, name=name, limits=LIMITS)
            return [Made(made, PDF)]

        (kept,) = await self._kept(sha256, f"subset/{written}", make)
        return kept

    async def picture(self, part: ImagePart, sha256: str, limits: ImageLimits) -> Rendition:
        """A picture as a model with these limits takes it."""

        async def make() -> Sequence[Made]:
            data = await self.decodable(sha256, part.name)
            ready = await asyncio.to_thread(images.prepare, data, limits, part.name)
            return [Made(ready.data, ready.media_type, ready.width, ready.height)]

        types = "+".join(kind.removeprefix("image/") for kind in limits.media_types)
        recipe = f"picture/{limits.max_edge}/{limits.max_bytes}/{types}"
        (kept,) = await self._kept(sha256, recipe, make)
        return kept

    async def decodable(self, sha256: str, name: str) -> bytes:
        """A picture as PNG, JPEG, WebP or GIF: as it is where it is one, else made into one."""
        data = await self._files.read(sha256)
        if images.recognise(data[:16]) is not None:
            return data

        async def make() -> Sequence[Made]:
            made: ConvertedPicture = await confined("picture", data, name, name=name)
            return [Made(made.data, made.media_type, made.width, made.height, " ".join(made.notes))]

        (kept,) = await self._kept(sha256, "decodable", make)
        return await self._files.read(kept.sha256)

    async def thumbnail(self, sha256: str, media_type: str, name: str, width: int, height: int) -> bytes:
        """A PNG: of a picture exactly that large, cropped; of a PDF its first page, within."""

        async def make() -> Sequence[Made]:
            if media_type == PDF:
                data = await self._files.read(sha256)
                page: PagePicture = await confined(
                    "pdf_thumbnail", data, 1, max(width, height), "", name, name=name, limits=LIMITS
                )
                return [_made_of(page)]
            data = await self.decodable(sha256, name)
            made = await asyncio.to_thread(images.thumbnail, data, width, height, name)
            return [Made(made, "image/png", width, height)]

        (kept,) = await self._kept(sha256, f"thumbnail/{width}x{height}", make)
        return await self._files.read(kept.sha256)

    async def _kept(
        self, sha256: str, recipe: str, make: Callable[[], Awaitable[Sequence[Made]]]
    ) -> tuple[Rendition, ...]:
        async with self._turns.of(sha256, recipe):
            known = await self._renditions.find(sha256, recipe)
            return known or await self._renditions.keep(sha256, recipe, await make())


async def _pages_of(data: bytes, name: str, on_progress: Progress | None) -> list[str]:
    found: list[str] = []
    stream = confined_stream(
        "pdf_text", data, None, "", name, name=name, limits=LIMITS, on_progress=on_progress
    )
    async with aclosing(stream) as pages:
        async for page in pages:
            assert isinstance(page, PageText)
            found.append(page.text.replace(PAGE_BREAK, "\n"))
    return found


def _page_recipe(number: int, edge: int) -> str:
    return f"page/{number}/{edge}"


def _made_of(page: PagePicture) -> Made:
    return Made(page.data, page.media_type, page.width, page.height, f"page {page.number}")
