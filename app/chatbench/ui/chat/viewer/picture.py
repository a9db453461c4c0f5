"""A picture that is zoomed at the pointer and moved by hand."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QBuffer, QByteArray, QEvent, QIODevice, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QGuiApplication,
    QImage,
    QImageReader,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QGestureEvent, QPinchGesture, QWidget

from chatbench.ui.theme import theme
from chatbench.ui.widgets import ring_inside

MOST: Final = 32.0
"""Pixels of the screen to one of the picture, at most."""
STEP: Final = 1.25
_ARROW: Final = 60
_SQUARE: Final = 8
_MOST_PIXELS: Final = 40_000_000
_Key = Qt.Key


def decoded(data: bytes) -> list[QImage]:
    """A picture, upright, and its halves down to where it is small: what is drawn small is drawn from one of
    these. Empty where it cannot be read. For a worker thread."""
    buffer = QBuffer()
    buffer.setData(QByteArray(data))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer)
    reader.setAutoTransform(True)
    whole = reader.size()
    if whole.width() * whole.height() > _MOST_PIXELS:
        share = (_MOST_PIXELS / (whole.width() * whole.height())) ** 0.5
        reader.setScaledSize(QSize(int(whole.width() * share), int(whole.height() * share)))
    image = reader.read()
    if image.isNull():
        return []
    form = (
        QImage.Format.Format_ARGB32_Premultiplied if image.hasAlphaChannel() else QImage.Format.Format_RGB32
    )
    levels = [image.convertToFormat(form)]
    while max(levels[-1].width(), levels[-1].height()) > 512:
        half = levels[-1].size() / 2
        levels.append(
            levels[-1].scaled(
                half.expandedTo(QSize(1, 1)),
                Qt.AspectRatioMode.IgnoreAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
        )
    return levels


class PictureView(QAbstractScrollArea):
    """`scale` is pixels of the screen to one of the picture; None while it fits. ``zoomed()`` when it
    changes, ``turned(±1)`` when an arrow is pressed that has nothing left to move."""

    focus_ring = "inside"
    zoomed = Signal()
    turned = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._levels: list[QImage] = []
        self._scale: float | None = None
        self._drag: QPointF | None = None
        self.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.viewport().grabGesture(Qt.GestureType.PinchGesture)

    # What it shows

    def show_levels(self, levels: list[QImage]) -> None:
        """Show a picture as `decoded` made it, as large as fits; [] for none."""
        self._levels = levels
        self.fit()

    @property
    def image(self) -> QImage | None:
        """The whole picture."""
        return self._levels[0] if self._levels else None

    @property
    def fits(self) -> bool:
        """Whether it is as large as the window has room for."""
        return self._scale is None

    @property
    def scale(self) -> float:
        """Pixels of the screen to one of the picture, as it is drawn now."""
        return self._fitting() if self._scale is None else self._scale

    def _fitting(self) -> float:
        if self.image is None:
            return 1.0
        ratio, room = self.devicePixelRatioF(), self.maximumViewportSize()
        wide = room.width() * ratio / max(1, self.image.width())
        high = room.height() * ratio / max(1, self.image.height())
        return min(wide, high, 1.0)

    # Zooming

    def fit(self) -> None:
        """As large as there is room, and no larger than it is."""
        self._scale = None
        self._measure()
        self.zoomed.emit()

    def zoom_to(self, scale: float, at: QPointF | None = None) -> None:
        """Another size; what is under a point of the viewport (its middle) stays there."""
        if self.image is None:
            return
        at = at or QRectF(self.viewport().rect()).center()
        before, place = self.scale, self._place()
        spot = (at - place.topLeft()) / before
        self._scale = min(max(scale, min(0.02, self._fitting())), max(MOST, before))
        self._measure()
        wanted = spot * self._scale - at
        self.horizontalScrollBar().setValue(round(wanted.x()))
        self.verticalScrollBar().setValue(round(wanted.y()))
        self.zoomed.emit()

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        """Larger or smaller by a factor."""
        self.zoom_to(self.scale * factor, at)

    def _measure(self) -> None:
        whole, room = self._drawn(), self.maximumViewportSize()
        for bar, size, most in (
            (self.horizontalScrollBar(), whole.width(), room.width()),
            (self.verticalScrollBar(), whole.height(), room.height()),
        ):
            bar.setRange(0, max(0, round(size - most)))
            bar.setPageStep(most)
            bar.setSingleStep(_ARROW)
        self.viewport().update()

    def _drawn(self) -> QRectF:
        """How large the picture is in logical pixels."""
        if self.image is None:
            return QRectF()
        share = self.scale / self.devicePixelRatioF()
        return QRectF(0, 0, self.image.width() * share, self.image.height() * share)

    def _place(self) -> QRectF:
        """Where the picture stands in the viewport, measured in pixels of the screen where `scale` is."""
        whole, view = self._drawn(), self.viewport().size()
        x = (
            (view.width() - whole.width()) / 2
            if whole.width() <= view.width()
            else -self.horizontalScrollBar().value()
        )
        y = (
            (view.height() - whole.height()) / 2
            if whole.height() <= view.height()
            else -self.verticalScrollBar().value()
        )
        return whole.translated(x, y)

    # Drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), theme().color("sunken"))
        if self._levels:
            place = self._place()
            shown = place.intersected(QRectF(event.rect()))
            if self._levels[0].hasAlphaChannel():
                painter.setBrushOrigin(place.topLeft())
                painter.fillRect(shown, self._squares())
            level = self._level()
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self.scale < 3)
            share = place.width() / level.width(), place.height() / level.height()
            inner = shown.translated(-place.topLeft())
            source = QRectF(
                inner.x() / share[0],
                inner.y() / share[1],
                inner.width() / share[0],
                inner.height() / share[1],
            )
            painter.drawImage(shown, level, source)
        ring_inside(painter, self, self.viewport().rect(), theme().corner("control"))
        painter.end()

    def _level(self) -> QImage:
        """The smallest picture that has as many pixels as are drawn."""
        wanted = self._drawn().width() * self.devicePixelRatioF()
        enough = [one for one in self._levels if one.width() >= wanted]
        return enough[-1] if enough else self._levels[0]

    def _squares(self) -> QBrush:
        """What shows that there is nothing."""
        tile = QPixmap(2 * _SQUARE, 2 * _SQUARE)
        tile.fill(theme().color("page"))
        painter = QPainter(tile)
        for x, y in ((0, 0), (_SQUARE, _SQUARE)):
            painter.fillRect(x, y, _SQUARE, _SQUARE, theme().color("line"))
        painter.end()
        return QBrush(tile)

    # The pointer and the keyboard

    def wheelEvent(self, event: QWheelEvent) -> None:
        held = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if not event.pixelDelta().isNull() and not held:
            self._move_by(-QPointF(event.pixelDelta()))
        else:
            self.zoom_by(STEP ** (event.angleDelta().y() / 120), event.position())
        event.accept()

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QNativeGestureEvent):
            if event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
                self.zoom_by(1 + event.value(), event.position())
                return True
        elif isinstance(event, QGestureEvent):
            pinch = event.gesture(Qt.GestureType.PinchGesture)
            if isinstance(pinch, QPinchGesture):
                middle = self.viewport().mapFromGlobal(pinch.centerPoint().toPoint())
                self.zoom_by(pinch.scaleFactor(), QPointF(middle))
                return True
        return super().viewportEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._movable():
            self._drag = event.position()
            self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drag is not None:
            self._move_by(self._drag - event.position())
            self._drag = event.position()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._drag = None
        self.viewport().unsetCursor()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self.fits:
            self.zoom_to(1.0, event.position())
        else:
            self.fit()

    def _movable(self) -> bool:
        return bool(self.horizontalScrollBar().maximum() or self.verticalScrollBar().maximum())

    def _move_by(self, by: QPointF) -> None:
        self.horizontalScrollBar().setValue(round(self.horizontalScrollBar().value() + by.x()))
        self.verticalScrollBar().setValue(round(self.verticalScrollBar().value() + by.y()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            _Key.Key_Left: QPoint(-_ARROW, 0),
            _Key.Key_Right: QPoint(_ARROW, 0),
            _Key.Key_Up: QPoint(0, -_ARROW),
            _Key.Key_Down: QPoint(0, _ARROW),
        }
        step = steps.get(_Key(event.key()))
        if step is None or event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            event.ignore()
        elif step.x() and not self.horizontalScrollBar().maximum():
            mirrored = QGuiApplication.isRightToLeft()
            self.turned.emit(1 if (step.x() > 0) != mirrored else -1)
        else:
            self._move_by(QPointF(step))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._measure()
        if self.fits:
            self.zoomed.emit()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self.viewport().update()
