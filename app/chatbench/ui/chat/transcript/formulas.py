"""Formulas as pictures: drawn once on a worker thread, kept by source, size, colour and ratio."""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, NamedTuple

from PySide6.QtCore import QByteArray, QObject, QRectF, Qt, Signal
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

from chatbench.rendering.maths import MathError, math_svg
from chatbench.ui.chat.transcript.worker import worker

_VIEW_BOX = re.compile(rb'viewBox="([-\d.e]+) ([-\d.e]+) ([-\d.e]+) ([-\d.e]+)"')
_KEPT: Final = 400
_MAX_EDGE: Final = 4096


class FormulaKey(NamedTuple):
    """What a picture of a formula depends on."""

    tex: str
    pixels: float
    color: str
    display: bool
    ratio: float


@dataclass(frozen=True, slots=True)
class Formula:
    """A drawn formula; sizes in logical pixels, ``ascent`` above the baseline. No image: not drawn."""

    image: QImage | None
    width: float = 0.0
    ascent: float = 0.0
    descent: float = 0.0


NOT_DRAWN: Final = Formula(None)


def draw(key: FormulaKey) -> Formula:
    """The picture of a formula; ``NOT_DRAWN`` for what is no valid TeX. For a worker thread."""
    try:
        svg = math_svg(key.tex, key.pixels, key.color, display=key.display)
    except MathError:
        return NOT_DRAWN
    found = _VIEW_BOX.search(svg)
    if found is None:
        return NOT_DRAWN
    _x, y, width, height = (float(number) for number in found.groups())
    if not (0 < width * key.ratio <= _MAX_EDGE and 0 < height * key.ratio <= _MAX_EDGE):
        return NOT_DRAWN
    image = QImage(
        max(1, round(width * key.ratio)),
        max(1, round(height * key.ratio)),
        QImage.Format.Format_ARGB32_Premultiplied,
    )
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    QSvgRenderer(QByteArray(svg)).render(painter, QRectF(image.rect()))
    painter.end()
    image.setDevicePixelRatio(key.ratio)
    return Formula(image, width, -y, height + y)


class Formulas(QObject):
    """The pictures there are, and the ones being drawn; ``ready(key)`` tells of each that arrives."""

    ready = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._drawn: OrderedDict[FormulaKey, Formula] = OrderedDict()
        self._asked: set[FormulaKey] = set()

    def get(self, key: FormulaKey) -> Formula | None:
        """The picture, or None while it is being drawn."""
        found = self._drawn.get(key)
        if found is not None:
            self._drawn.move_to_end(key)
        elif key not in self._asked:
            self._asked.add(key)
            worker().submit(lambda: draw(key), lambda formula: self._take(key, formula))
        return found

    def _take(self, key: FormulaKey, formula: Formula | None) -> None:
        self._asked.discard(key)
        self._drawn[key] = formula or NOT_DRAWN
        while len(self._drawn) > _KEPT:
            self._drawn.popitem(last=False)
        self.ready.emit(key)


_formulas: Formulas | None = None


def formulas() -> Formulas:
    """The pictures all transcripts share."""
    global _formulas
    if _formulas is None:
        _formulas = Formulas()
    return _formulas
