"""A strip of bars for each column of a run, all on one scale: rows by their values, or values by how often
they occur."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QStyle, QToolTip, QWidget

from chatbench.ui.theme import theme
from chatbench.ui.theme.ring import draw_ring
from chatbench.ui.widgets import announce
from chatbench.ui.widgets.paint import draw_title
from chatbench.ui.widgets.tooltips import escape

_STRIP: Final = 52
_GAP: Final = 10
_NAMES: Final = 190
_AXIS: Final = 24
_TINT: Final = 0.35
"""The strongest a tile is coloured: a bar before it still has three times its contrast."""
_LEAST_BAR: Final = 2.0


class Tile(NamedTuple):
    """One bar: `share` of its strip's height (None: nothing is known), and the same in words."""

    share: float | None
    words: str


class Strip(NamedTuple):
    """The bars of one column of the run."""

    name: str
    tiles: tuple[Tile, ...]


class Strips(NamedTuple):
    """`ticks` stand below, each at its share of the width. `ground` is what a tile is filled with around its
    bar: nothing; the tint of its value; or what is missing of its share, in the colour of failures. With a
    ground, a tile without a bar is crossed out, for 0 is a value there."""

    strips: tuple[Strip, ...]
    ticks: tuple[tuple[float, str], ...]
    ground: Literal["", "tint", "missing"] = ""


class StripChart(QWidget):
    """Arrows go from bar to bar and have each told; `chosen(column, place)`: Enter, or a click. Bars stand
    from left to right in every language, as charts do."""

    chosen = Signal(int, int)

    def __init__(self) -> None:
        super().__init__()
        self._shown = Strips((), ())
        self._at = (0, 0)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.MinimumExpanding)

    def show_strips(self, shown: Strips, name: str) -> None:
        """Instead of those before."""
        self._shown = shown
        self._at = (0, 0)
        self.setAccessibleName(name)
        self._tell()
        self.setMinimumHeight(self._high(theme().scaled(_STRIP) * 2 // 3))
        self.updateGeometry()
        self.update()

    def current(self) -> tuple[int, int]:
        """Column and place of the bar that the keyboard is at."""
        return self._at

    def go_to(self, column: int, place: int) -> None:
        """Has a bar be the current one; beyond the ends, the last one there."""
        strips = self._shown.strips
        if not strips:
            return
        column = min(max(column, 0), len(strips) - 1)
        count = len(strips[column].tiles)
        self._at = column, min(max(place, 0), max(0, count - 1))
        self._tell()
        self.update()

    def place(self, column: int, place: int) -> QRectF:
        """Where the tile of a bar stands."""
        plot = self._plot(column)
        count = max(1, len(self._shown.strips[column].tiles))
        left = plot.left() + plot.width() * place / count
        return QRectF(left, plot.top(), plot.width() / count, plot.height())

    def sizeHint(self) -> QSize:
        return QSize(theme().scaled(640), self._high(theme().scaled(_STRIP)))

    def _high(self, strip: int) -> int:
        return len(self._shown.strips) * (strip + _GAP) + theme().scaled(_AXIS)

    def _names_wide(self) -> int:
        return min(theme().scaled(_NAMES), self.width() // 3)

    def _plot(self, column: int) -> QRectF:
        names, count = self._names_wide(), max(1, len(self._shown.strips))
        each = min((self.height() - theme().scaled(_AXIS)) / count, 2.5 * theme().scaled(_STRIP))
        left = 8 if self.layoutDirection() == Qt.LayoutDirection.RightToLeft else names
        return QRectF(left, column * each, self.width() - names - 8, each - _GAP)

    def _tile_at(self, point: QPointF) -> tuple[int, int] | None:
        for column, strip in enumerate(self._shown.strips):
            plot = self._plot(column)
            if strip.tiles and plot.contains(point):
                place = int((point.x() - plot.left()) / plot.width() * len(strip.tiles))
                return column, min(place, len(strip.tiles) - 1)
        return None

    def _told(self, at: tuple[int, int]) -> str:
        strip = self._shown.strips[at[0]]
        return f"{strip.name}: {strip.tiles[at[1]].words}" if strip.tiles else strip.name

    def _tell(self) -> None:
        words = self._told(self._at) if self._shown.strips else ""
        self.setAccessibleDescription(words)
        if words and self.hasFocus():
            announce(self, words)

    # What it looks like

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        direction = self.layoutDirection()
        for column, strip in enumerate(self._shown.strips):
            plot = self._plot(column)
            painter.setFont(theme().font("small", 600))
            painter.setPen(theme().color("text"))
            names = QRect(0, int(plot.top()), self._names_wide() - 12, int(plot.height()))
            draw_title(
                painter, QStyle.visualRect(direction, self.rect(), names), strip.name, direction
            )  # fmt: skip
            for place, tile in enumerate(strip.tiles):
                self._paint_tile(painter, self.place(column, place), tile)
            base = QRectF(plot.left(), plot.bottom(), plot.width(), 1)
            painter.fillRect(base, theme().color("linectl"))
        self._paint_ticks(painter)
        if self.hasFocus() and self._shown.strips and self._shown.strips[self._at[0]].tiles:
            self._paint_ring(painter, self.place(*self._at))
        painter.end()

    def _paint_ring(self, painter: QPainter, tile: QRectF) -> None:
        """With some of the ground between it and the bar, whose colour it shares."""
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme().color("chrome"), 3))
        painter.drawRect(tile.adjusted(-1.5, -1.5, 0.5, 1.5))
        draw_ring(painter, theme(), tile.adjusted(-5, -5, 4, 5), 3)

    def _paint_tile(self, painter: QPainter, area: QRectF, tile: Tile) -> None:
        gap = 1.0 if area.width() >= 5 else 0.0
        area = area.adjusted(0, 0, -gap, 0)
        if tile.share is None:
            middle = QRectF(area.center().x() - 2, area.center().y(), 4, 1)
            painter.fillRect(middle, theme().color("text3"))
            return
        ground = self._shown.ground
        if ground == "tint":
            tint = QColor(theme().color("chart-1"))
            tint.setAlphaF(0.05 + (_TINT - 0.05) * tile.share)
            painter.fillRect(area, tint)
        elif ground == "missing" and tile.share < 1:
            painter.fillRect(area, theme().color("dangersoft"))
            painter.fillRect(QRectF(area.left(), area.top(), area.width(), 3), theme().color("danger"))
        if tile.share > 0:
            high = max(_LEAST_BAR, area.height() * tile.share)
            bar = QRectF(area.left(), area.bottom() - high, area.width(), high)
            painter.fillRect(bar, theme().color("chart-1"))
        elif ground:
            half = min(4.0, area.width() / 2 - 0.5)
            painter.setPen(theme().color("danger"))
            middle_at = QPointF(area.center().x(), area.bottom() - half - 2)
            for up in (half, -half):
                painter.drawLine(middle_at + QPointF(-half, up), middle_at + QPointF(half, -up))

    def _paint_ticks(self, painter: QPainter) -> None:
        if not self._shown.strips:
            return
        painter.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        last = self._plot(len(self._shown.strips) - 1)
        painter.setFont(theme().font("micro"))
        painter.setPen(theme().color("text2"))
        metrics = theme().metrics("micro")
        used = float("-inf")
        for share, words in self._shown.ticks:
            wide = metrics.horizontalAdvance(words)
            left = last.left() + last.width() * share - wide / 2
            left = min(max(left, last.left()), last.right() - wide)
            if left >= used:
                painter.drawText(QPointF(left, last.bottom() + 6 + metrics.ascent()), words)
                used = left + wide + 12

    # Keys and mouse

    def keyPressEvent(self, event: QKeyEvent) -> None:
        column, place = self._at
        steps = {
            Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0),
            Qt.Key.Key_Down: (1, 0), Qt.Key.Key_Home: (0, -place), Qt.Key.Key_End: (0, 1_000_000),
        }  # fmt: skip
        key = Qt.Key(event.key())
        if key in steps:
            down, right = steps[key]
            self.go_to(column + down, place + right)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self._shown.strips:
            self.chosen.emit(*self._at)
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = self._tile_at(event.position())
        if at is not None and event.button() == Qt.MouseButton.LeftButton:
            self.go_to(*at)
            self.chosen.emit(*at)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            at = self._tile_at(QPointF(event.pos()))
            if at is not None:
                QToolTip.showText(event.globalPos(), f"<p>{escape(self._told(at))}</p>", self)
                return True
        return super().event(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._tell()
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()
