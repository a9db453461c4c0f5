"""The pages of a PDF under one another, however many: only those in view are drawn."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Final

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from chatbench.ui.chat.viewer.sheets import EDGES, Sheets
from chatbench.ui.quantities import number
from chatbench.ui.theme import theme
from chatbench.ui.widgets import box, draw_pill, pill_width, ring_inside

STEP: Final = 1.25
MOST: Final = 6.0
_GAP: Final = 14
_EDGE: Final = 16
_LINE: Final = 60
_POINT: Final = 96 / 72
"""Logical pixels to a point, at 100 %."""
_UNKNOWN: Final = (595.0, 842.0)
_Key = Qt.Key


class PagesView(QAbstractScrollArea):
    """`zoom` 1 is the size on paper; None: as wide as there is room. ``moved()`` when other pages are in
    view, or they are drawn in another size."""

    focus_ring = "inside"
    moved = Signal()

    def __init__(
        self, sheets: Sheets, sizes: Sequence[tuple[float, float]], count: int, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._sheets = sheets
        self._sizes = [*sizes[:count], *[_UNKNOWN] * max(0, count - len(sizes))]
        self._widest = max((wide for wide, _high in self._sizes), default=_UNKNOWN[0])
        self._tops: list[float] = []
        self._zoom: float | None = None
        self._drag: QPointF | None = None
        self.sent: frozenset[int] | None = None
        """Pages that are sent, from 1; None where all are."""
        self._hits: Mapping[int, int] = {}
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        sheets.drawn.connect(self._update_page)
        self._measure()

    @property
    def count(self) -> int:
        """How many pages there are."""
        return len(self._sizes)

    @property
    def fits(self) -> bool:
        """Whether pages are as wide as there is room."""
        return self._zoom is None

    @property
    def zoom(self) -> float:
        """How large pages are drawn, 1 as on paper."""
        if self._zoom is not None:
            return self._zoom
        room = self.maximumViewportSize().width() - self.verticalScrollBar().sizeHint().width() - 2 * _EDGE
        return min(MOST, max(0.1, room / (self._widest * _POINT)))

    def current(self) -> int:
        """The page in the middle of what is in view, from 1."""
        middle = self.verticalScrollBar().value() + self.viewport().height() / 3
        return max(1, min(self.count, bisect_right(self._tops, middle)))

    def go_to(self, page: int) -> None:
        """Show the top of a page."""
        page = max(1, min(self.count, page))
        self.verticalScrollBar().setValue(round(self._tops[page - 1] - _GAP))

    def sheet(self, page: int) -> QImage | None:
        """A page as it is drawn now."""
        return self._sheets.page(page)

    def show_hits(self, hits: Mapping[int, int]) -> None:
        """Say at each page how many hits it has."""
        self._hits = hits
        self.viewport().update()

    # Zooming

    def fit(self) -> None:
        """As wide as there is room."""
        self._rescale(None, QPointF(0, self.viewport().height() / 3))

    def zoom_to(self, zoom: float, at: QPointF | None = None) -> None:
        """Another size; what is at a point of the viewport stays there."""
        middle = QPointF(self.viewport().width() / 2, self.viewport().height() / 3)
        self._rescale(min(MOST, max(0.1, zoom)), at or middle)

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        """Larger or smaller by a factor."""
        self.zoom_to(self.zoom * factor, at)

    def _rescale(self, zoom: float | None, at: QPointF) -> None:
        across, down = self.horizontalScrollBar(), self.verticalScrollBar()
        page = max(1, bisect_right(self._tops, down.value() + at.y()))
        place = self._rect(page)
        share = (QPointF(0, down.value()) + at - place.topLeft()).y() / max(1.0, place.height())
        aside = (across.value() + at.x() - place.x()) / max(1.0, place.width())
        self._zoom = zoom
        self._measure()
        place = self._rect(page)
        down.setValue(round(place.y() + share * place.height() - at.y()))
        across.setValue(round(place.x() + aside * place.width() - at.x()))
        self.moved.emit()

    def _measure(self) -> None:
        scale = self.zoom * _POINT
        steps = [round(high * scale) + _GAP for _wide, high in self._sizes]
        self._tops = [float(top) for top in accumulate(steps, initial=_GAP)]
        room, whole = (
            self.maximumViewportSize(),
            QSize(round(self._widest * scale) + 2 * _EDGE, round(self._tops[-1])),
        )
        wide = room.width() - (
            self.verticalScrollBar().sizeHint().width() if whole.height() > room.height() else 0
        )
        across, down = self.horizontalScrollBar(), self.verticalScrollBar()
        across.setRange(0, max(0, whole.width() - wide))
        across.setPageStep(wide)
        across.setSingleStep(_LINE)
        down.setRange(0, max(0, whole.height() - room.height()))
        down.setPageStep(room.height())
        down.setSingleStep(_LINE)
        self._ask()
        self.viewport().update()

    def _rect(self, page: int) -> QRectF:
        """Where a page stands, from the top of all."""
        wide, high = self._sizes[page - 1]
        scale = self.zoom * _POINT
        width = round(wide * scale)
        whole = max(self.viewport().width(), round(self._widest * scale) + 2 * _EDGE)
        return QRectF((whole - width) // 2, self._tops[page - 1], width, round(high * scale))

    def in_view(self) -> range:
        """The pages of which something is in view."""
        top = self.verticalScrollBar().value()
        first = max(1, bisect_right(self._tops, top))
        last = min(self.count, bisect_right(self._tops, top + self.viewport().height()))
        return range(first, max(first, last) + 1)

    def _ask(self) -> None:
        """What is in view is drawn, then what comes next."""
        if not self.count or not self.isVisible():
            return
        seen = self.in_view()
        beside = [seen[-1] + 1, seen[0] - 1, seen[-1] + 2]
        ratio = self.devicePixelRatioF()
        wishes = []
        for page in [*seen, *(one for one in beside if 1 <= one <= self.count)]:
            size = self._rect(page).size() * ratio
            share = min(1.0, EDGES[-1] / max(size.width(), size.height()))
            wishes.append((page, max(1, round(size.width() * share)), max(1, round(size.height() * share))))
        self._sheets.want(wishes)

    # Drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), theme().color("sunken"))
        shift = QPointF(-self.horizontalScrollBar().value(), -self.verticalScrollBar().value())
        for page in self.in_view() if self.count else ():
            place = self._rect(page).translated(shift)
            if place.adjusted(-2, -2, 2, 2).intersects(QRectF(event.rect())):
                self._paint_page(painter, page, place)
        ring_inside(painter, self, self.viewport().rect(), theme().corner("control"))
        painter.end()

    def _paint_page(self, painter: QPainter, page: int, place: QRectF) -> None:
        sheet = self._sheets.page(page)
        painter.fillRect(place, theme().color("paper"))
        if sheet is not None:
            painter.drawImage(place, sheet)
        else:
            painter.setFont(theme().font("title"))
            painter.setPen(theme().color("linectl"))
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, number(page))
        left_out = self.sent is not None and page not in self.sent
        if left_out:
            veil = QColor(theme().color("sunken"))
            veil.setAlphaF(0.62)
            painter.fillRect(place, veil)
        frame = place.adjusted(-1, -1, 1, 1)
        if self.sent is not None and not left_out:
            box(painter, place.adjusted(-3, -3, 3, 3), 4, None, "accent", 2)
        else:
            box(painter, frame, 1, None, "btnline")
        self._paint_pills(painter, page, place, left_out=left_out)

    def _paint_pills(self, painter: QPainter, page: int, place: QRectF, *, left_out: bool) -> None:
        """What is said at a page's upper right corner."""
        right = place.right() - 8
        for words in (
            self.tr("{0} hits").format(number(self._hits[page])) if self._hits.get(page, 0) > 1 else "",
            self.tr("1 hit") if self._hits.get(page) == 1 else "",
            self.tr("not sent") if left_out else "",
        ):
            if words:
                width = pill_width(words)
                at = QRect(round(right - width), round(place.y() + 8), width, theme().control("pill"))
                draw_pill(painter, at, words)
                right -= width + 6

    def _update_page(self, page: int) -> None:
        if page in self.in_view():
            self.viewport().update()
        self._ask()

    # The pointer and the keyboard

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom_by(STEP ** (event.angleDelta().y() / 120), event.position())
            event.accept()
        else:
            super().wheelEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        zooming = Qt.NativeGestureType.ZoomNativeGesture
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == zooming:
            self.zoom_by(1 + event.value(), event.position())
            return True
        return super().viewportEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._drag = event.position()
            self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drag is not None:
            by = (self._drag - event.position()).toPoint()
            self._drag = event.position()
            self._move_by(by)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._drag = None
        self.viewport().unsetCursor()

    def _move_by(self, by: QPoint) -> None:
        self.horizontalScrollBar().setValue(self.horizontalScrollBar().value() + by.x())
        self.verticalScrollBar().setValue(self.verticalScrollBar().value() + by.y())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, bar = _Key(event.key()), self.verticalScrollBar()
        page = max(_LINE, self.viewport().height() - _LINE)
        back = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        steps = {
            _Key.Key_Left: QPoint(-_LINE, 0),
            _Key.Key_Right: QPoint(_LINE, 0),
            _Key.Key_Up: QPoint(0, -_LINE),
            _Key.Key_Down: QPoint(0, _LINE),
            _Key.Key_PageUp: QPoint(0, -page),
            _Key.Key_PageDown: QPoint(0, page),
            _Key.Key_Space: QPoint(0, -page if back else page),
            _Key.Key_Home: QPoint(0, -bar.maximum()),
            _Key.Key_End: QPoint(0, bar.maximum()),
        }
        if key not in steps or event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            event.ignore()
        else:
            self._move_by(steps[key])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        page, top = self.current(), self.verticalScrollBar().value()
        into = (top - self._tops[page - 1]) / max(1.0, self._rect(page).height()) if self.count else 0.0
        self._measure()
        if self.count:
            self.verticalScrollBar().setValue(round(self._tops[page - 1] + into * self._rect(page).height()))
        self.moved.emit()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self._ask()
        self.viewport().update()
        self.moved.emit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._ask()
