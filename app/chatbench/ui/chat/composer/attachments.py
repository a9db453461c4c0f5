"""What is attached, and what becomes of it: read, checked, refused, judged again for another model."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage, QPixmap
from shiboken6 import isValid

from chatbench.core.errors import ChatbenchError, HoldsFiles, PasswordNeeded
from chatbench.core.messages import AudioPart, FilePart, ImagePart, MediaPart, Part, StoredFile, VideoPart
from chatbench.core.models import Modality, ModelInfo, ModelRef
from chatbench.services import Services
from chatbench.ui.aio import spawn
from chatbench.ui.chat.composer.attachment import Attachment, Gets, Progress, Take
from chatbench.ui.chat.composer.files import png_of
from chatbench.ui.chat.composer.slots import Slots

THUMB_SIZE = (64, 56)
"""Width and height of the picture on a card, at text size 1."""
_MODALITIES: Final[dict[type, Modality]] = {AudioPart: "audio", VideoPart: "video"}


class Attachments(QObject):
    """The list behind the strip. ``changed()`` when files come, go or change; ``redrawn(Attachment)``
    when only the look of one did; ``choice_wanted(Path)`` for a folder or an archive, of which files are
    to be chosen."""

    changed = Signal()
    redrawn = Signal(object)
    choice_wanted = Signal(object)

    def __init__(self, services: Services, conversation_id: str, parent: QObject) -> None:
        super().__init__(parent)
        self.services = services
        self._conversation_id = conversation_id
        self._lanes: tuple[tuple[str, ModelInfo], ...] = ()
        self._blind = False
        self._slots = Slots()
        self.items: list[Attachment] = []

    # What there is.

    @property
    def parts(self) -> tuple[Part, ...]:
        """What a draft keeps: everything that was taken in."""
        return tuple(item.part for item in self.items if item.part is not None and item.state != "loading")

    @property
    def unread(self) -> tuple[str, ...]:
        """Names of what was not taken in, or not yet: of these a draft can keep no more."""
        return tuple(item.name for item in self.items if item.part is None)

    @property
    def kept_back(self) -> bool:
        """Whether something that was taken in stays here only because of the present model: to
        send the words without it would lose it."""
        return any(item.state == "refused" and item.part is not None for item in self.items)

    @property
    def loading(self) -> bool:
        """Whether something is still being read."""
        return any(item.state == "loading" for item in self.items)

    @property
    def locked(self) -> bool:
        """Whether something waits for its password."""
        return any(item.state == "locked" for item in self.items)

    def held_back(self) -> str | None:
        """Why they cannot be sent as they are; None where they can."""
        if self.locked:
            item = next(item for item in self.items if item.state == "locked")
            return self.tr("Give the password of {0}, or remove it.").format(item.name)
        if self.kept_back:
            item = next(item for item in self.items if item.state == "refused" and item.part is not None)
            name = item.name or self.tr("A picture")
            return self.tr("{0} cannot go to this model. Remove it, or choose another model.").format(name)
        return None

    @property
    def blind(self) -> bool:
        """Whether no model may be named."""
        return self._blind

    def tokens(self, model: ModelRef) -> tuple[int, int]:
        """About how many tokens they take at the model of a lane, and of how many files nobody knows it."""
        told = [item.tokens_at(model) for item in self.items if item.state == "ready"]
        known = [tokens for tokens in told if tokens is not None]
        return sum(known), len(told) - len(known)

    def ways_out(self, item: Attachment) -> tuple[ModelInfo, ...]:
        """Other models that would take what the present one refuses."""
        if item.state != "refused" or self._blind or not item.gets:
            return ()
        modality = _MODALITIES.get(type(item.part), "image")
        return self.services.attachments.models_that_take(item.gets[0].info, modality)

    # For whom.

    def set_model(self, info: ModelInfo) -> None:
        """Judges everything again for another model, which alone is asked."""
        self.set_lanes((("", info),))

    def set_lanes(self, lanes: Sequence[tuple[str, ModelInfo]], *, blind: bool = False) -> None:
        """Judges everything for the models of these lanes, by their letters, the lane in use first."""
        if tuple(lanes) == self._lanes and blind == self._blind:
            return
        self._lanes, self._blind = tuple(lanes), blind
        for item in self.items:
            self._judge_again(item)

    # Coming and going.

    def replace(self, parts: tuple[Part, ...], unread: Sequence[str] = ()) -> None:
        """Shows other attachments, which are in the store, and names of some that are not."""
        for item in self.items:
            _stop(item)
        self.items = [Attachment(getattr(part, "name", ""), "ready", part) for part in parts]
        lost = self.tr("It was not read, and could not be kept. Attach it again.")
        self.items += [Attachment(name, "refused", reason=lost) for name in unread]
        for item in self.items:
            self._judge_again(item)
        self.changed.emit()

    def remove(self, item: Attachment) -> None:
        """Takes one away; what was being read of it is read no further."""
        if item in self.items:
            _stop(item)
            self.items.remove(item)
            self.changed.emit()

    def put_back(self, item: Attachment, place: int) -> None:
        """Undoes `remove`: it stands where it stood, judged for the present model."""
        if item in self.items:
            return
        self.items.insert(place, item)
        if item.part is not None:
            if tuple((one.letter, one.info) for one in item.gets) != self._lanes or item.uncounted:
                self._judge_again(item)
        elif item.state == "loading":
            self._begin(item)
        self.changed.emit()

    def move(self, item: Attachment, place: int) -> None:
        """Puts one at another place among the others."""
        place = max(0, min(place, len(self.items) - 1))
        if item in self.items and self.items.index(item) != place:
            self.items.remove(item)
            self.items.insert(place, item)
            self.changed.emit()

    def revise(self, item: Attachment, part: MediaPart) -> None:
        """Sends it otherwise: in another form, other pages of it, in more or less detail."""
        if item in self.items and part != item.part:
            item.part = part
            self._judge_again(item)
            self.changed.emit()

    def unlock(self, item: Attachment, password: str) -> None:
        """Reads one again, with this password."""
        if item.state == "locked" and password:
            self._begin(item, password)
            self.changed.emit()

    # Ways in.

    def add_path(self, path: Path) -> None:
        """Reads a file in the background; raises nothing, a refusal stands in the strip."""
        self.add(path.name, partial(self._from_path, path), path)

    def add_paths(self, paths: Sequence[Path]) -> None:
        """Several, in this order."""
        self._add([Attachment(path.name, take=partial(self._from_path, path), path=path) for path in paths])

    def add_picture(self, image: QImage, name: str) -> None:
        """Attaches a picture that has no file, as PNG."""

        async def take(_password: str, _progress: Progress) -> MediaPart:
            return await self._from_bytes(await asyncio.to_thread(png_of, image), name)

        self.add(name, take)

    def add_bytes(self, data: bytes, name: str) -> None:
        """Attaches a file that lies nowhere."""

        async def take(password: str, _progress: Progress) -> MediaPart:
            return await self._from_bytes(data, name, password)

        self.add(name, take)

    def add_text(self, text: str, name: str) -> None:
        """Attaches words as a file; every model takes it."""
        self.add(name, lambda _password, _progress: self._stored(text, name, "text/plain"))

    def add_conversation(self, conversation_id: str, title: str) -> None:
        """Attaches what was said in another conversation, as Markdown."""

        async def take(_password: str, _progress: Progress) -> FilePart:
            text = await self.services.exchange.text(conversation_id, "markdown")
            return await self._stored(text, title, "text/markdown")

        self.add(title, take)

    def add_address(self, url: str, name: str) -> None:
        """Fetches what is at an address of the web, and attaches it."""

        async def take(password: str, progress: Progress) -> MediaPart:
            return await self.services.attachments.attach_url(
                url, None, conversation_id=self._conversation_id, password=password, on_progress=progress
            )

        self.add(name, take)

    def add_part(self, part: MediaPart) -> None:
        """Attaches what is in the store already."""
        item = Attachment(part.name, "ready", part)
        self.items.append(item)
        self._judge_again(item)
        self.changed.emit()

    def add(self, name: str, take: Take, path: Path | None = None) -> None:
        """Attaches what `take` reads."""
        self._add([Attachment(name, take=take, path=path)])

    def _add(self, items: Sequence[Attachment]) -> None:
        self.items += items
        for item in items:
            self._begin(item)
        self.changed.emit()

    async def _from_path(self, path: Path, password: str, _progress: Progress) -> MediaPart:
        return await self.services.attachments.attach_path(
            path, None, conversation_id=self._conversation_id, password=password
        )

    async def _from_bytes(self, data: bytes, name: str, password: str = "") -> MediaPart:
        return await self.services.attachments.attach_bytes(
            data, name, None, conversation_id=self._conversation_id, password=password
        )

    async def _stored(self, text: str, name: str, media_type: str) -> FilePart:
        return await self.services.attachments.attach_text(
            text, name, media_type=media_type, conversation_id=self._conversation_id
        )

    # Reading.

    def _begin(self, item: Attachment, password: str = "") -> None:
        _stop(item)
        item.state, item.reason = "loading", ""
        item.task = spawn(self._read(item, password), name="attach", owner=self)

    def _judge_again(self, item: Attachment) -> None:
        if isinstance(item.part, MediaPart) and self._lanes:
            _stop(item)
            item.task = spawn(self._judged(item), name="judge-attachment", owner=self)

    async def _read(self, item: Attachment, password: str) -> None:
        assert item.take is not None
        async with self._slots.turn():
            try:
                item.part = await item.take(password, partial(self._progressed, item))
            except PasswordNeeded as error:
                item.state, item.reason = "locked", _sentence(error, password)
            except HoldsFiles as error:
                self._hand_over(item, error)
            except ChatbenchError as error:
                item.state, item.reason = "refused", f"{error.message} {error.hint}".strip()
            else:
                # What it was read from may be large.
                item.take = None
                item.name, item.done, item.total = getattr(item.part, "name", item.name), 0, 0
                await self._judge(item)
                return
        self.changed.emit()

    def _hand_over(self, item: Attachment, error: HoldsFiles) -> None:
        """Of a folder or an archive files are chosen; from elsewhere than this computer none can be."""
        if item.path is None:
            item.state = "refused"
            item.reason = self.tr("{0} Download it, and attach files of it.").format(error.message)
            return
        self.items.remove(item)
        self.choice_wanted.emit(item.path)

    async def _judged(self, item: Attachment) -> None:
        async with self._slots.turn():
            await self._judge(item)

    async def _judge(self, item: Attachment) -> None:
        """Shows it, then tells what each model gets; where words have to be counted for that, at last."""
        try:
            await self._draw(item)
            item.gets = await self._seen(item)
            self._take_verdict(item)
            self.changed.emit()
            if item.uncounted:
                await self._count(item)
        except ChatbenchError as error:
            item.state, item.reason, item.gets = "refused", f"{error.message} {error.hint}".strip(), ()
            self.changed.emit()

    async def _count(self, item: Attachment) -> None:
        assert isinstance(item.part, FilePart)
        service = self.services.attachments
        item.counting = True
        try:
            item.scan = (await service.facts(item.part)).is_scan
            self.changed.emit()
            await service.words(item.part, partial(self._progressed, item))
            item.gets = await self._seen(item)
        finally:
            item.counting, item.done, item.total = False, 0, 0
        self.changed.emit()

    async def _seen(self, item: Attachment) -> tuple[Gets, ...]:
        part, service = item.part, self.services.attachments
        assert isinstance(part, MediaPart)
        # Words of a PDF take their time; those of anything else were read when it came.
        at_once = not item.is_pdf
        return tuple(
            [
                Gets(letter, info, await service.outlook(part, info, read=at_once))
                for letter, info in self._lanes
            ]
        )

    def _take_verdict(self, item: Attachment) -> None:
        """What no model takes is refused. What one of several lanes takes may be sent."""
        if any(one.outlook.chosen is not None for one in item.gets):
            item.state, item.reason = "ready", ""
            return
        seen = item.gets[0].outlook
        would = "" if self._blind else ", ".join(seen.models)
        # A model without its name begins a sentence in lower case.
        told = seen.refusal[:1].upper() + seen.refusal[1:]
        item.state = "refused"
        item.reason = self.tr("{0} {1} would.").format(told, would) if would else told

    def _progressed(self, item: Attachment, done: int, total: int) -> None:
        item.done, item.total = done, total
        if isValid(self):
            self.redrawn.emit(item)

    async def _draw(self, item: Attachment) -> None:
        part = item.part
        pictured = isinstance(part, ImagePart) or item.is_pdf
        if item.picture is not None or not pictured:
            return
        assert isinstance(part, MediaPart)
        if not isinstance(part.source, StoredFile):
            return
        width, height = THUMB_SIZE
        # Three times the size at most: sharp on every screen and at every text size.
        data = await self.services.attachments.thumbnail(
            part.source.sha256, 3 * width, 3 * height, media_type=part.media_type, name=part.name
        )
        item.picture = QPixmap.fromImage(QImage.fromData(data))
        self.redrawn.emit(item)


def _stop(item: Attachment) -> None:
    if item.task is not None:
        item.task.cancel()


def _sentence(error: PasswordNeeded, password: str) -> str:
    """What is asked, or that it was not the password."""
    return error.message if password else ""
