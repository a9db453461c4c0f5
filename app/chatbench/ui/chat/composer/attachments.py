"""What is attached, and what becomes of it: read, checked, refused, judged again for another model."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage, QPixmap
from shiboken6 import isValid

from chatbench.core.errors import AttachmentRefused, ChatbenchError
from chatbench.core.messages import FilePart, ImagePart, Part, StoredFile, user
from chatbench.core.models import ModelInfo
from chatbench.services import Services
from chatbench.services.attachments import Candidate
from chatbench.ui.aio import spawn
from chatbench.ui.chat.composer.files import offered, png_of

THUMB_SIZE = (76, 48)
"""Width and height of a picture in the composer, at text size 1."""


@dataclass(eq=False)
class Attachment:
    """One file in the composer. `part` is what is sent; only while `state` is "ready"."""

    name: str
    state: Literal["loading", "ready", "refused"] = "loading"
    part: Part | None = None
    reason: str = ""
    source: Path | QImage | None = field(default=None, repr=False)
    """Kept while another model may take what this one refused."""
    picture: QPixmap | None = field(default=None, repr=False)


class Attachments(QObject):
    """The list behind the strip. ``changed()`` when files come, go or change; ``redrawn(Attachment)``
    when only the look of one did."""

    changed = Signal()
    redrawn = Signal(object)

    def __init__(self, services: Services, conversation_id: str, parent: QObject) -> None:
        super().__init__(parent)
        self._services = services
        self._conversation_id = conversation_id
        self._info: ModelInfo | None = None
        self.items: list[Attachment] = []

    @property
    def parts(self) -> tuple[Part, ...]:
        """What would be sent."""
        return tuple(item.part for item in self.items if item.part is not None and item.state == "ready")

    @property
    def kept_back(self) -> bool:
        """Whether something that was taken in stays here only because of the present model: to
        send the words without it would lose it."""
        refused = (item for item in self.items if item.state == "refused")
        return any(item.part is not None or item.source is not None for item in refused)

    @property
    def loading(self) -> bool:
        """Whether something is still being read."""
        return any(item.state == "loading" for item in self.items)

    def replace(self, parts: tuple[Part, ...]) -> None:
        """Shows other attachments, which are in the store."""
        self.items = [Attachment(getattr(part, "name", ""), "ready", part) for part in parts]
        self._judge_all()
        for item in self.items:
            self._draw(item)
        self.changed.emit()

    def set_model(self, info: ModelInfo) -> None:
        """Judges everything again for another model."""
        self._info = info
        if self.items:
            self._judge_all()
            self.changed.emit()

    def remove(self, item: Attachment) -> None:
        """Takes one away."""
        if item in self.items:
            self.items.remove(item)
            self.changed.emit()

    def put_back(self, item: Attachment, place: int) -> None:
        """Undoes `remove`: it stands where it stood, judged for the present model."""
        if item not in self.items:
            self.items.insert(place, item)
            self._judge(item)
            self.changed.emit()

    def add_path(self, path: Path) -> None:
        """Reads a file in the background; raises nothing, a refusal stands in the strip."""
        self._add(Attachment(path.name, source=path))

    def add_picture(self, image: QImage, name: str) -> None:
        """Attaches a picture that has no file, as PNG."""
        self._add(Attachment(name, source=image))

    def add_text(self, text: str, name: str) -> None:
        """Attaches words as a file; every model takes it."""
        self._keep(Attachment(name), partial(self._stored, text, name, "text/plain"))

    def add_conversation(self, conversation_id: str, title: str) -> None:
        """Attaches what was said in another conversation, as Markdown."""

        async def told() -> FilePart:
            text = await self._services.exchange.text(conversation_id, "markdown")
            return await self._stored(text, title, "text/markdown")

        self._keep(Attachment(title), told)

    async def _stored(self, text: str, name: str, media_type: str) -> FilePart:
        return await self._services.attachments.attach_text(
            text, name, media_type=media_type, conversation_id=self._conversation_id
        )

    def _keep(self, item: Attachment, store: Callable[[], Awaitable[FilePart]]) -> None:
        self.items.append(item)
        spawn(self._kept(item, store), name="attach")
        self.changed.emit()

    async def _kept(self, item: Attachment, store: Callable[[], Awaitable[FilePart]]) -> None:
        try:
            item.part = await store()
            item.state = "ready"
        except ChatbenchError as error:
            item.state, item.reason = "refused", _sentences(error)
        if isValid(self) and item in self.items:
            self.changed.emit()

    def tokens(self, item: Attachment) -> int | None:
        """About how many tokens a text takes at the present model; None for anything else."""
        if self._info is None or not isinstance(item.part, FilePart):
            return None
        models, ref = self._services.models, self._info.ref
        return models.estimate(ref, [user("", item.part)]).tokens - models.estimate(ref, [user("")]).tokens

    def _add(self, item: Attachment) -> None:
        self.items.append(item)
        self._read(item)
        self.changed.emit()

    def _read(self, item: Attachment) -> None:
        item.state, item.reason = "loading", ""
        source = item.source
        named = Candidate(name=item.name, media_type="image/png")
        item.reason = self._verdict(offered(source).candidate if isinstance(source, Path) else named)
        if item.reason:
            item.state = "refused"
        else:
            spawn(self._take_in(item), name="attach")

    async def _take_in(self, item: Attachment) -> None:
        info = self._info
        assert info is not None
        source, service = item.source, self._services.attachments
        try:
            if isinstance(source, Path):
                part: Part = await service.attach_path(source, info, conversation_id=self._conversation_id)
            else:
                assert source is not None
                data = await asyncio.to_thread(png_of, source)
                part = await service.attach_bytes(
                    data, item.name, info, conversation_id=self._conversation_id
                )
        except ChatbenchError as error:
            item.state, item.reason = "refused", _sentences(error)
            if info.may_take("image"):
                # The file is to blame, and no other model would take it.
                item.source = None
        else:
            item.state, item.part, item.source = "ready", part, None
        if isValid(self) and item in self.items:
            if info is not self._info:
                self._judge(item)
            self._draw(item)
            self.changed.emit()

    def _judge_all(self) -> None:
        for item in self.items:
            self._judge(item)

    def _judge(self, item: Attachment) -> None:
        if isinstance(item.part, ImagePart):
            part = item.part
            candidate = Candidate(name=part.name, media_type=part.media_type, size=part.size or None)
            item.reason = self._verdict(candidate)
            item.state = "refused" if item.reason else "ready"
        elif item.state == "refused" and item.source is not None:
            self._read(item)

    def _verdict(self, candidate: Candidate) -> str:
        """Why the present model refuses it; "" if it does not."""
        assert self._info is not None
        verdict = self._services.attachments.judge([candidate], self._info)[0]
        return "" if verdict.accepted else verdict.reason

    def _draw(self, item: Attachment) -> None:
        if isinstance(item.part, ImagePart) and isinstance(item.part.source, StoredFile):
            spawn(self._thumbnail(item, item.part.source.sha256), name="thumbnail")

    async def _thumbnail(self, item: Attachment, sha256: str) -> None:
        width, height = THUMB_SIZE
        try:
            # Three times the size at most: sharp on every screen and at every text size.
            data = await self._services.attachments.thumbnail(sha256, 3 * width, 3 * height)
        except ChatbenchError as error:
            item.state, item.reason = "refused", _sentences(error)
            if isValid(self):
                self.changed.emit()
            return
        image = QImage.fromData(data)
        if isValid(self):
            item.picture = QPixmap.fromImage(image)
            self.redrawn.emit(item)


def _sentences(error: ChatbenchError) -> str:
    hint = "" if isinstance(error, AttachmentRefused) and error.models else error.hint
    return f"{error.message} {hint}".strip()
