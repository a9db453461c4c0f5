"""Pages of a PDF as they are drawn: asked for a few at a time, the ones in view first, a few kept."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QImage

from chatbench.core.errors import ChatbenchError
from chatbench.core.messages import FilePart
from chatbench.services import Services
from chatbench.ui.aio import spawn

EDGES: Final = (1568, 3136)
"""Pixels of the longer edge: pages are drawn in these sizes and stored, and made smaller from them. The
first is also what models are sent."""
_KEPT: Final = 12
_AT_ONCE: Final = 3
Wish = tuple[int, int, int]
"""A page, from 1, and its width and height in pixels of the screen."""


def scaled(data: bytes, width: int, height: int) -> QImage:
    """A picture so large. For a worker thread."""
    image = QImage.fromData(data)
    if image.isNull():
        return image
    return image.scaled(
        width,
        height,
        Qt.AspectRatioMode.IgnoreAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    ).convertToFormat(QImage.Format.Format_RGB32)


class Sheets(QObject):
    """The pages of one file. ``drawn(page)`` when one is there; ``failed(words)`` when none can be drawn."""

    drawn = Signal(int)
    failed = Signal(str)

    def __init__(self, services: Services, part: FilePart, parent: QObject) -> None:
        super().__init__(parent)
        self._services = services
        self._part = part
        self._pages: OrderedDict[int, QImage] = OrderedDict()
        self._wishes: tuple[Wish, ...] = ()
        self._task: asyncio.Task[None] | None = None
        self._broken = False

    def page(self, number: int) -> QImage | None:
        """A page as it was drawn last, perhaps of another size."""
        found = self._pages.get(number)
        if found is not None:
            self._pages.move_to_end(number)
        return found

    def want(self, wishes: Sequence[Wish]) -> None:
        """These are in view, or soon will be, in this order; nothing else is drawn any more."""
        self._wishes = tuple(wishes)
        idle = self._task is None or self._task.done()
        if idle and self._missing() and not self._broken:
            self._task = spawn(self._draw(), owner=self, name="draw-pages")

    def _missing(self) -> list[Wish]:
        return [wish for wish in self._wishes if not self._has(wish)]

    def _has(self, wish: Wish) -> bool:
        image = self._pages.get(wish[0])
        return image is not None and (image.width(), image.height()) == wish[1:]

    async def _draw(self) -> None:
        while missing := self._missing()[:_AT_ONCE]:
            edge = next((one for one in EDGES if one >= max(missing[0][1:])), EDGES[-1])
            numbers = [wish[0] for wish in missing]
            try:
                found = await self._services.attachments.pages(self._part, numbers, edge)
            except ChatbenchError as error:
                self._broken = True
                self.failed.emit(f"{error.message} {error.hint}".strip())
                return
            for wish, data in zip(missing, found, strict=True):
                # Drawn for another size than is wanted by now, it is still better than none.
                self._keep(wish[0], await asyncio.to_thread(scaled, data, *wish[1:]))

    def _keep(self, number: int, image: QImage) -> None:
        self._pages[number] = image
        self._pages.move_to_end(number)
        wanted = {wish[0] for wish in self._wishes}
        for old in list(self._pages):
            if len(self._pages) <= _KEPT:
                break
            if old not in wanted:
                del self._pages[old]
        self.drawn.emit(number)
