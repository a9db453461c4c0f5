"""Icons: Lucide by name from the ``lucide`` distribution, drawn in the theme's colours.

The package is never imported (it pulls in an XML parser): its archive of SVG texts is
read directly, one member at a time, when an icon is first drawn. Three ways to use one::

    icon("copy")                      # QIcon for actions and buttons; follows the theme
    draw(painter, "copy", rect, "text2")          # in a paint event
    pixmap("copy", 16, theme().color("text2"), ratio=2.0)

Stroke widths are the design's: 1.6 of 24 from 20 px up, 1.75 below, 2.4 for small ticks
and crosses. Two marks of our own: ``draw_gauge`` ("being written now") and ``draw_ring``
(progress of background work).
"""

from __future__ import annotations

import mmap
import struct
import zlib
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from PySide6.QtCore import QByteArray, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QIconEngine, QImage, QPainter, QPen, QPixmap
from PySide6.QtSvg import QSvgRenderer

from chatbench.ui.theme import ColorRole, theme

_RENAMED: Final = {"wrap-text": "text-wrap", "file-audio": "file-headphone"}
"""Names of the design that newer Lucide versions gave to the same drawing under another name."""

GAUGE_SIZE: Final = QSize(11, 9)
_GAUGE_STEPS: Final = ((5, 9, 6), (8, 6, 9), (6, 8, 4), (9, 5, 7))


class UnknownIcon(LookupError):
    """No icon has this name: a mistake in the program."""


@lru_cache(maxsize=1)
def _archive() -> mmap.mmap:
    spec = find_spec("lucide")
    if spec is None or not spec.submodule_search_locations:
        raise UnknownIcon("the lucide distribution is not installed")
    path = Path(spec.submodule_search_locations[0]) / "lucide.zip"
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _member(name: str) -> bytes:
    """One file of the archive, found from the end of its central directory.

    Opening it with zipfile costs 20 ms (its import and 1,700 entries), this 0.1 ms.
    Layout: APPNOTE.TXT 4.3.7 (local header) and 4.3.12 (central directory header).
    """
    data = _archive()
    wanted = name.encode()
    at = data.rfind(wanted)
    while at >= 46:
        head = data[at - 46 : at]
        if head.startswith(b"PK\x01\x02"):
            method, packed = struct.unpack_from("<H", head, 10)[0], struct.unpack_from("<I", head, 20)[0]
            (local,) = struct.unpack_from("<I", head, 42)
            name_size, extra_size = struct.unpack_from("<HH", data, local + 26)
            start = local + 30 + name_size + extra_size
            body = data[start : start + packed]
            return zlib.decompress(body, -15) if method == 8 else body
        at = data.rfind(wanted, 0, at)
    raise UnknownIcon(name)


@lru_cache(maxsize=256)
def svg(name: str) -> str:
    """The SVG text of an icon, as drawn by Lucide. Raises UnknownIcon."""
    return _member(f"{_RENAMED.get(name, name)}.svg").decode()


def _stroke(name: str, size: float) -> float:
    if size >= 20:
        return 1.6
    return 2.4 if size <= 14 and name in {"check", "x"} else 1.75


@lru_cache(maxsize=1024)
def _rendered(name: str, size: int, rgba: int, ratio: float, filled: bool) -> QPixmap:
    color = QColor.fromRgba(rgba)
    text = svg(name).replace("currentColor", color.name())
    text = text.replace('stroke-width="2"', f'stroke-width="{_stroke(name, size)}"', 1)
    if filled:
        text = text.replace('fill="none"', f'fill="{color.name()}"', 1)
    edge = round(size * ratio)
    image = QImage(edge, edge, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setOpacity(color.alphaF())
    QSvgRenderer(QByteArray(text.encode())).render(painter, QRectF(0, 0, edge, edge))
    painter.end()
    drawn = QPixmap.fromImage(image)
    drawn.setDevicePixelRatio(ratio)
    return drawn


def pixmap(name: str, size: int, color: QColor, ratio: float = 1.0, *, filled: bool = False) -> QPixmap:
    """An icon ``size`` logical pixels square, for a device pixel ratio; cached.

    ``filled`` fills the outline too (a favourite's star). Raises UnknownIcon.
    """
    return _rendered(name, size, color.rgba(), ratio, filled)


def draw(
    painter: QPainter,
    name: str,
    rect: QRect | QRectF,
    color: ColorRole | QColor = "text2",
    *,
    filled: bool = False,
) -> None:
    """Draw an icon centred in ``rect``, as large as its shorter side, on whole device pixels."""
    ratio = device_ratio(painter)
    box = QRectF(rect)
    size = int(min(box.width(), box.height()))
    shade = color if isinstance(color, QColor) else theme().color(color)
    x = round((box.x() + (box.width() - size) / 2) * ratio) / ratio
    y = round((box.y() + (box.height() - size) / 2) * ratio) / ratio
    painter.drawPixmap(QPointF(x, y), pixmap(name, size, shade, ratio, filled=filled))


def device_ratio(painter: QPainter) -> float:
    """Device pixels per logical pixel under ``painter``, as it is scaled now.

    ``painter.device()`` would tell too, at the price of 3 ms on its first use in a widget.
    """
    return abs(painter.deviceTransform().m11()) or 1.0


class _ThemedEngine(QIconEngine):
    """Draws an icon when it is needed, in the colours in force then."""

    def __init__(self, name: str, color: ColorRole) -> None:
        super().__init__()
        self._name = name
        self._color = color

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        role: ColorRole = "disabled" if mode == QIcon.Mode.Disabled else self._color
        draw(painter, self._name, rect, role)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        return self.scaledPixmap(size, mode, state, 1.0)

    def scaledPixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float) -> QPixmap:
        role: ColorRole = "disabled" if mode == QIcon.Mode.Disabled else self._color
        edge = round(min(size.width(), size.height()) / scale)
        return pixmap(self._name, edge, theme().color(role), scale)

    def clone(self) -> QIconEngine:
        return _ThemedEngine(self._name, self._color)

    def key(self) -> str:
        return f"chatbench:{self._name}"

    def isNull(self) -> bool:
        return False


def icon(name: str, color: ColorRole = "text2") -> QIcon:
    """An icon for a QAction or a Qt button: drawn lazily, follows the theme."""
    return QIcon(_ThemedEngine(name, color))


def draw_gauge(
    painter: QPainter, rect: QRect | QRectF, step: int = 0, color: ColorRole | QColor = "accent"
) -> None:
    """The gauge, centred in ``rect``: three bars that mean "being written now"."""
    box = QRectF(rect)
    unit = theme().icon_size(100) / 100
    left = round(box.center().x() - GAUGE_SIZE.width() * unit / 2)
    foot = round(box.center().y() + GAUGE_SIZE.height() * unit / 2)
    shade = color if isinstance(color, QColor) else theme().color(color)
    for index, height in enumerate(_GAUGE_STEPS[step % len(_GAUGE_STEPS)]):
        bar = QRectF(left + index * 4 * unit, foot - height * unit, 3 * unit, height * unit)
        painter.fillRect(bar, shade)


def draw_ring(painter: QPainter, rect: QRect | QRectF, fraction: float) -> None:
    """The ring, 8 px across with a stroke of 2, centred in ``rect``; ``fraction`` is 0 to 1."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    center = QRectF(rect).center()
    circle = QRectF(center.x() - 3, center.y() - 3, 6, 6)
    painter.setPen(QPen(theme().color("line"), 2))
    painter.drawEllipse(circle)
    painter.setPen(QPen(theme().color("accent"), 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
    painter.drawArc(circle, 90 * 16, round(-360 * 16 * max(0.0, min(1.0, fraction))))
    painter.restore()
