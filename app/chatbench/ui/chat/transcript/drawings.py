"""SVG pictures in answers: drawn on a thread of their own, given up when they take too long."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, NamedTuple

from PySide6.QtCore import QByteArray, QCoreApplication, QObject, QRectF, QTimer, Signal
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

from chatbench.rendering.svgs import SvgError, safe_svg
from chatbench.ui.chat.transcript.worker import Worker
from chatbench.ui.theme import theme

WIDEST: Final = 812
HIGHEST: Final = 480
LONGEST_MS: Final = 2_000
_KEPT: Final = 40


class DrawingKey(NamedTuple):
    """What a picture depends on; ``scale`` is pixels of the screen to one of the picture."""

    code: str
    scale: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawn picture and its size in logical pixels at scale 1. No image: ``why`` it is not drawn."""

    image: QImage | None
    width: float = 0.0
    height: float = 0.0
    why: str = ""


def draw(key: DrawingKey) -> Drawing:
    """The picture of some SVG. For a worker thread."""
    try:
        safe = safe_svg(key.code)
    except SvgError as error:
        return Drawing(None, why=error.message)
    share = min(1.0, WIDEST / safe.width, HIGHEST / safe.height)
    width, height = safe.width * share, safe.height * share
    image = QImage(
        max(1, round(width * key.scale)),
        max(1, round(height * key.scale)),
        QImage.Format.Format_ARGB32_Premultiplied,
    )
    image.fill(theme().color("paper"))
    renderer = QSvgRenderer(QByteArray(safe.data))
    if not renderer.isValid():
        return Drawing(None, why="The picture cannot be drawn.")
    renderer.setAnimationEnabled(False)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    renderer.render(painter, QRectF(image.rect()))
    painter.end()
    return Drawing(image, width, height)


class Drawings(QObject):
    """The pictures there are, and those being drawn; ``ready(key)`` tells of each that is decided."""

    ready = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._drawn: OrderedDict[DrawingKey, Drawing] = OrderedDict()
        self._asked: set[DrawingKey] = set()
        self.worker = Worker(self)

    def get(self, key: DrawingKey) -> Drawing | None:
        """The picture, or None while it is being drawn."""
        found = self._drawn.get(key)
        if found is not None:
            self._drawn.move_to_end(key)
        elif key not in self._asked:
            self._asked.add(key)
            # Drawing cannot be stopped from outside; its bounds are in rendering.svgs. Whoever waits
            # for it is told after a while that it takes too long.
            QTimer.singleShot(LONGEST_MS, self, lambda: self._give_up(key))
            self.worker.submit(lambda: draw(key), lambda drawing: self._take(key, drawing))
        return found

    def _give_up(self, key: DrawingKey) -> None:
        if key in self._asked:
            self._take(key, Drawing(None, why="The picture takes too long to draw."))

    def _take(self, key: DrawingKey, drawing: Drawing | None) -> None:
        if key not in self._asked:
            return
        self._asked.discard(key)
        self._drawn[key] = drawing or Drawing(None, why="The picture cannot be drawn.")
        while len(self._drawn) > _KEPT:
            self._drawn.popitem(last=False)
        self.ready.emit(key)


_drawings: Drawings | None = None


def drawings() -> Drawings:
    """The pictures all transcripts share."""
    global _drawings
    if _drawings is None:
        _drawings = Drawings()
        app = QCoreApplication.instance()
        if app is not None:
            app.aboutToQuit.connect(_drawings.worker.stop)
    return _drawings
