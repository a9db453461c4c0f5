"""The card of one attachment: its picture, its name, what is sent of it, and what can be done about it."""

from __future__ import annotations

from functools import partial
from typing import Final

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QEnterEvent,
    QFocusEvent,
    QFontMetrics,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLineEdit, QStyle, QWidget

from chatbench.core.models import ModelInfo
from chatbench.ui import icons
from chatbench.ui.chat.composer.attachment import Attachment
from chatbench.ui.chat.composer.attachments import THUMB_SIZE
from chatbench.ui.chat.composer.sendwords import icon_of, name_of, spoken, status
from chatbench.ui.quantities import ABOUT
from chatbench.ui.theme import ColorRole, theme
from chatbench.ui.widgets import Button, LineField, PaintedButton, box, describe, gauge_clock, ring_inside
from chatbench.ui.widgets.paint import draw_title

_WIDTH: Final = 236
_WIDE: Final = 312
_PAD: Final = 8
_ROW_GAP: Final = 6


class FileCard(QWidget):
    """One attachment. Enter or a click opens how it is sent, Delete or Backspace takes it away, the arrows
    move to the next, with Alt they move it. ``moved(Attachment, int)`` brings the step, ``dragged
    (Attachment, QPoint)`` where the pointer has it on the parent."""

    focus_ring = "inside"
    remove_wanted = Signal(object)
    step_wanted = Signal(object, int)
    moved = Signal(object, int)
    dragged = Signal(object, QPoint)
    opened = Signal(object)
    menu_wanted = Signal(object, QPoint)
    unlocked = Signal(object, str)
    model_wanted = Signal(object)

    def __init__(self, item: Attachment, parent: QWidget) -> None:
        super().__init__(parent)
        self.item = item
        self._pressed_at: QPoint | None = None
        self._dragging = False
        self._others: tuple[ModelInfo, ...] = ()
        self.row: QWidget | None = None
        """A password field, or ways out of a refusal."""
        self.password: LineField | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._corners: tuple[_Corner, _Corner] | None = None
        self.follow()

    def follow(self, others: tuple[ModelInfo, ...] = ()) -> None:
        """Shows the item's present state; `others` are models that would take what this one refuses."""
        item = self.item
        describe(self, spoken(item))
        told = self.tr("Enter: how it is sent. Alt and the arrows move it. Delete takes it away.")
        self.setAccessibleDescription(told)
        if self._corners is not None:
            self._name_corners()
        self._rebuild(others)
        self._join_clock()
        self.updateGeometry()
        self.update()

    @property
    def cross(self) -> _Corner:
        """Takes it away. Corners are made when a card is first pointed at: there may be hundreds."""
        return self._both()[0]

    @property
    def more(self) -> _Corner:
        """Opens how it is sent."""
        return self._both()[1]

    def _both(self) -> tuple[_Corner, _Corner]:
        if self._corners is None:
            cross, more = self._corners = (_Corner("x", self), _Corner("ellipsis", self))
            cross.clicked.connect(lambda: self.remove_wanted.emit(self.item))
            more.clicked.connect(lambda: self.opened.emit(self.item))
            cross.hide()
            more.hide()
            self._name_corners()
            self._place()
        return self._corners

    def _name_corners(self) -> None:
        describe(self.cross, self.tr("Remove {0}").format(name_of(self.item)))
        describe(self.more, self.tr("How {0} is sent").format(name_of(self.item)))

    def _rebuild(self, others: tuple[ModelInfo, ...]) -> None:
        unlocking = self.item.state == "loading" and self.password is not None
        wanted = "locked" if self.item.state == "locked" or unlocking else "refused" if others else ""
        if self.row is not None and (self.row.objectName() != wanted or others != self._others):
            if self.row.isAncestorOf(QApplication.focusWidget() or self):
                self.setFocus(Qt.FocusReason.OtherFocusReason)
            self.row.hide()
            self.row.deleteLater()
            self.row = self.password = None
        self._others = others
        if self.row is None and wanted:
            self.row = self._password_row() if wanted == "locked" else self._ways_out(others)
            self.row.setObjectName(wanted)
            self.row.show()
            self._place()

    def _password_row(self) -> QWidget:
        row = QWidget(self)
        name = name_of(self.item)
        self.password = field = LineField(name=self.tr("Password of {0}").format(name), parent=row)
        field.setEchoMode(QLineEdit.EchoMode.Password)
        field.returnPressed.connect(self._unlock)
        button = Button(self.tr("Open"), size="small", parent=row)
        button.setAccessibleName(self.tr("Open {0}").format(name))
        button.clicked.connect(self._unlock)
        _lined(row, field, button)
        return row

    def _unlock(self) -> None:
        if self.password is not None and self.password.text():
            password = self.password.text()
            self.password.clear()
            self.unlocked.emit(self.item, password)

    def _ways_out(self, others: tuple[ModelInfo, ...]) -> QWidget:
        row = QWidget(self)
        buttons: list[QWidget] = []
        for info in others[:1]:
            button = Button(self.tr("Use {0}").format(info.title), size="small", parent=row)
            button.clicked.connect(partial(self.model_wanted.emit, info.ref))
            buttons.append(button)
        drop = Button(self.tr("Remove"), kind="quiet", size="small", parent=row)
        drop.clicked.connect(lambda: self.remove_wanted.emit(self.item))
        _lined(row, *buttons, drop, stretched=True)
        return row

    # Its size.

    def sizeHint(self) -> QSize:
        width = _WIDE if self.row is not None or self.item.state == "refused" else _WIDTH
        height = theme().scaled(THUMB_SIZE[1])
        if self.row is not None:
            height += self.row.sizeHint().height() + _ROW_GAP
        return QSize(theme().scaled(width), height)

    def _place(self) -> None:
        direction, whole = self.layoutDirection(), self.rect()
        edge = 24
        for place, corner in enumerate(self._corners or ()):
            rect = QRect(self.width() - edge, place * (theme().scaled(THUMB_SIZE[1]) - edge), edge, edge)
            corner.setGeometry(QStyle.visualRect(direction, whole, rect))
        if self.row is not None:
            top = theme().scaled(THUMB_SIZE[1])
            self.row.setGeometry(_PAD, top, self.width() - 2 * _PAD, self.row.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def _join_clock(self) -> None:
        if (self.item.state == "loading" or self.item.counting) and self.isVisible():
            gauge_clock().join(self)
        else:
            gauge_clock().leave(self)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._join_clock()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        gauge_clock().leave(self)

    # Keys and the pointer.

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            # A key that is held down has emptied the words; it shall not take the files as well.
            if event.isAutoRepeat():
                return
            self.remove_wanted.emit(self.item)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            forward = (key == Qt.Key.Key_Right) == (self.layoutDirection() == Qt.LayoutDirection.LeftToRight)
            alt = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
            (self.moved if alt else self.step_wanted).emit(self.item, 1 if forward else -1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._open()
        else:
            super().keyPressEvent(event)

    def _open(self) -> None:
        if self.password is not None:
            self.password.setFocus(Qt.FocusReason.OtherFocusReason)
        elif self.item.part is not None:
            self.opened.emit(self.item)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed_at, self._dragging = event.position().toPoint(), False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position().toPoint()
        if self._pressed_at is None:
            return
        if (at - self._pressed_at).manhattanLength() >= QApplication.startDragDistance():
            self._dragging = True
        if self._dragging:
            self.dragged.emit(self.item, self.mapToParent(at))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        clicked = self._pressed_at is not None and not self._dragging
        self._pressed_at, self._dragging = None, False
        if clicked and self.rect().contains(event.position().toPoint()):
            self._open()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        self.menu_wanted.emit(
            self.item, self.mapToGlobal(self.rect().bottomLeft() if by_key else event.pos())
        )

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self._bare(shown=True)

    def leaveEvent(self, event: object) -> None:
        self._bare(shown=self.hasFocus())

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._bare(shown=True)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._bare(shown=self.underMouse())
        self.update()

    def _bare(self, *, shown: bool = False) -> None:
        """Whether its corners can be pressed."""
        if shown or self._corners is not None:
            self.cross.setVisible(shown)
            self.more.setVisible(shown and self.item.part is not None)

    # Its look.

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        radius = theme().corner("control")
        refused = self.item.state == "refused"
        box(painter, self.rect(), radius, "dangersoft" if refused else "sunken", None if refused else "line")
        width, height = theme().scaled(THUMB_SIZE[0]), theme().scaled(THUMB_SIZE[1])
        pictured = self.item.picture is not None and not refused
        mark = width if pictured else theme().icon_size(16) + 2 * _PAD
        thumb = QStyle.visualRect(self.layoutDirection(), self.rect(), QRect(0, 0, mark, height))
        if pictured:
            self._draw_picture(painter, thumb, radius)
        elif self.item.state == "loading":
            icons.draw_gauge(painter, thumb, gauge_clock().step)
        else:
            edge = theme().icon_size(16)
            place = QRect(0, 0, edge, edge)
            place.moveCenter(thumb.center())
            name = "circle-alert" if refused else icon_of(self.item.name, self.item.part)
            icons.draw(painter, "lock" if self.item.state == "locked" else name, place, self._color)
        self._draw_words(painter, mark + (_PAD if pictured else 0), height)
        ring_inside(painter, self, self.rect(), radius)
        painter.end()

    @property
    def _color(self) -> ColorRole:
        return "danger" if self.item.state == "refused" else "text2"

    def _draw_picture(self, painter: QPainter, rect: QRect, radius: int) -> None:
        picture = self.item.picture
        assert picture is not None
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        shape = QPainterPath()
        shape.addRoundedRect(QRectF(rect).adjusted(1, 1, 0, -1), radius, radius)
        painter.save()
        painter.setClipPath(shape)
        filled = picture.size().scaled(rect.size(), Qt.AspectRatioMode.KeepAspectRatioByExpanding)
        # Of a page the upper part tells which it is.
        left = rect.x() - (filled.width() - rect.width()) // 2
        painter.drawPixmap(QRect(QPoint(left, rect.y()), filled), picture)
        painter.restore()

    def _draw_words(self, painter: QPainter, left: int, height: int) -> None:
        """The name over one or two lines of what is sent."""
        direction = self.layoutDirection()
        name, small = theme().metrics("small", 500), theme().metrics("micro")
        width = max(
            1, self.width() - left - (24 if self._corners is not None and self.cross.isVisible() else _PAD)
        )
        lines = _broken(status(self.item), small, width)
        y = max(0, (height - name.height() - len(lines) * small.height()) // 2)
        painter.setFont(theme().font("small", 500))
        painter.setPen(theme().color("danger" if self.item.state == "refused" else "text"))
        shown = name.elidedText(name_of(self.item), Qt.TextElideMode.ElideMiddle, width)
        room = QStyle.visualRect(direction, self.rect(), QRect(left, y, width, name.height()))
        draw_title(painter, room, shown, direction)
        painter.setFont(theme().font("micro"))
        painter.setPen(theme().color(self._color))
        y += name.height()
        for line in lines:
            room = QStyle.visualRect(direction, self.rect(), QRect(left, y, width, small.height()))
            draw_title(painter, room, line, direction)
            y += small.height()


def _broken(text: str, metrics: QFontMetrics, width: int) -> list[str]:
    """One line, or two of which the second is cut where it is too long; all of it is in the tooltip."""
    text = text.replace(ABOUT, ABOUT.replace(" ", "\u00a0"))
    if metrics.horizontalAdvance(text) <= width:
        return [text] if text else []
    first, rest = "", text.split(" ")
    while rest and metrics.horizontalAdvance(f"{first} {rest[0]}".strip()) <= width:
        first = f"{first} {rest.pop(0)}".strip()
    lines = [first, metrics.elidedText(" ".join(rest), Qt.TextElideMode.ElideRight, width)]
    return [line for line in lines if line]


def _lined(row: QWidget, *widgets: QWidget, stretched: bool = False) -> None:
    line = QHBoxLayout(row)
    line.setContentsMargins(0, 0, 0, _ROW_GAP)
    line.setSpacing(6)
    for widget in widgets:
        line.addWidget(widget)
    if stretched:
        line.addStretch(1)


class _Corner(PaintedButton):
    """A disc with a mark, 24 to hit and 16 to see."""

    def __init__(self, icon: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._mark = icon
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def sizeHint(self) -> QSize:
        return QSize(24, 24)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        disc = QRect(4, 4, 16, 16)
        box(painter, disc, 8, self.state_fill("raised") or "raised", "btnline")
        icons.draw(painter, self._mark, disc.adjusted(3, 3, -3, -3), "text")
        painter.end()
