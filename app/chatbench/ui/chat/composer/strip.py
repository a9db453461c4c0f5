"""The attachments above the words: thumbs that say what is wrong with them."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QEnterEvent,
    QFocusEvent,
    QHideEvent,
    QKeyEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QSizePolicy, QStyle, QWidget

from chatbench.core.messages import FilePart
from chatbench.ui import icons
from chatbench.ui.chat.composer.attachments import THUMB_SIZE, Attachment, Attachments
from chatbench.ui.chat.picker.rows import left_to_right
from chatbench.ui.quantities import ABOUT, number
from chatbench.ui.theme import theme
from chatbench.ui.widgets import PaintedButton, announce, box, describe, gauge_clock, ring_inside
from chatbench.ui.widgets.paint import draw_title

_GAP: Final = 6
_CARD: Final = 250
_FILE: Final = 168


class AttachmentStrip(QWidget):
    """Shows the list in rows as wide as it is; hidden while there is nothing. ``removed(Attachment, int)``
    with its place when the reader has taken one away, ``emptied()`` when the focus was on the last."""

    emptied = Signal()
    removed = Signal(object, int)

    def __init__(self, attachments: Attachments, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._attachments = attachments
        self._thumbs: list[Thumb] = []
        self.setAccessibleName(self.tr("Attachments"))
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setSizePolicy(policy)
        attachments.changed.connect(self._follow)
        attachments.redrawn.connect(self._redraw)
        self.hide()

    def thumbs(self) -> list[Thumb]:
        """The thumbs in view, in order."""
        return list(self._thumbs)

    def focus_last(self) -> None:
        """Puts the focus on the last one, and tells how it is taken away."""
        if self._thumbs:
            last = self._thumbs[-1]
            last.setFocus(Qt.FocusReason.BacktabFocusReason)
            theme().show_keyboard_focus(last)
            announce(last, self.tr("{0}. Backspace again removes it.").format(last.accessibleName()))

    def _follow(self) -> None:
        # Qt sorts only after what takes the focus; otherwise new thumbs end the window's order.
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        known = {id(thumb.item): thumb for thumb in self._thumbs}
        before, self._thumbs = self._thumbs, []
        for item in self._attachments.items:
            thumb = known.get(id(item))
            if thumb is None:
                thumb = Thumb(item, self, self._attachments)
                thumb.remove_wanted.connect(self._remove)
                thumb.step_wanted.connect(self._step)
                thumb.show()
            thumb.follow()
            QWidget.setTabOrder(self._thumbs[-1] if self._thumbs else self, thumb)
            self._thumbs.append(thumb)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        for thumb in before:
            if thumb not in self._thumbs:
                thumb.hide()
                thumb.deleteLater()
        self.setVisible(bool(self._thumbs))
        self._arrange()

    def _redraw(self, item: Attachment) -> None:
        for thumb in self._thumbs:
            if thumb.item is item:
                thumb.update()

    def _remove(self, item: Attachment) -> None:
        place = next((n for n, thumb in enumerate(self._thumbs) if thumb.item is item), 0)
        focused = self._thumbs[place].hasFocus() if self._thumbs else False
        self._attachments.remove(item)
        self.removed.emit(item, place)
        if focused and self._thumbs:
            next_one = self._thumbs[min(place, len(self._thumbs) - 1)]
            next_one.setFocus(Qt.FocusReason.TabFocusReason)
            theme().show_keyboard_focus(next_one)
        elif focused:
            self.emptied.emit()

    def _step(self, item: Attachment, step: int) -> None:
        place = next(n for n, thumb in enumerate(self._thumbs) if thumb.item is item)
        self._thumbs[(place + step) % len(self._thumbs)].setFocus(Qt.FocusReason.TabFocusReason)

    def _arrange(self) -> None:
        x = y = 0
        for thumb in self._thumbs:
            size = thumb.sizeHint()
            width = min(size.width(), max(1, self.width()))
            if x and x + width > self.width():
                x, y = 0, y + size.height() + _GAP
            place = QRect(x, y, width, size.height())
            thumb.setGeometry(QStyle.visualRect(self.layoutDirection(), self.rect(), place))
            x += width + _GAP
        height = y + (self._thumbs[-1].height() if self._thumbs else 0)
        if height != self.minimumHeight() or height != self.maximumHeight():
            self.setFixedHeight(height)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._arrange()


class Thumb(QWidget):
    """One attachment. Delete or Backspace takes it away, the arrows move to the next."""

    focus_ring = "inside"
    remove_wanted = Signal(object)
    step_wanted = Signal(object, int)

    def __init__(self, item: Attachment, parent: QWidget, attachments: Attachments) -> None:
        super().__init__(parent)
        self.item = item
        self._attachments = attachments
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.cross = _Cross(self)
        self.cross.clicked.connect(lambda: self.remove_wanted.emit(self.item))
        self.cross.hide()
        self.follow()

    def follow(self) -> None:
        """Shows the item's present state."""
        item = self.item
        name = item.name or self.tr("Picture")
        if item.state == "loading":
            said = self.tr("{0}, being read").format(name)
        elif item.state == "refused":
            said = self.tr("{0}, refused. {1}").format(name, item.reason)
        else:
            said = f"{name}, {facts}" if (facts := self.facts()) else name
        describe(self, said)
        self.setAccessibleDescription(self.tr("Delete takes it away"))
        self.cross.name(self.tr("Remove {0}").format(name))
        self._join_clock()
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        width, height = THUMB_SIZE
        if self.item.state == "refused":
            width = _CARD
        elif isinstance(self.item.part, FilePart):
            width = _FILE
        return QSize(theme().scaled(width), theme().scaled(height))

    def facts(self) -> str:
        """How much of the context a text takes, about; "" for a picture."""
        tokens = self._attachments.tokens(self.item)
        if tokens is None:
            return ""
        words = self.tr("{0} token") if tokens == 1 else self.tr("{0} tokens")
        return words.format(left_to_right(ABOUT + number(tokens)))

    def _join_clock(self) -> None:
        if self.item.state == "loading" and self.isVisible():
            gauge_clock().join(self)
        else:
            gauge_clock().leave(self)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._join_clock()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        gauge_clock().leave(self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            # A key that is held down has emptied the words; it shall not take the files as well.
            if event.isAutoRepeat():
                return
            self.remove_wanted.emit(self.item)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            forward = (key == Qt.Key.Key_Right) == (self.layoutDirection() == Qt.LayoutDirection.LeftToRight)
            self.step_wanted.emit(self.item, 1 if forward else -1)
        else:
            super().keyPressEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self.cross.show()

    def leaveEvent(self, event: object) -> None:
        self.cross.setVisible(self.hasFocus())

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.cross.show()
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.cross.setVisible(self.underMouse())
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        edge = self.cross.sizeHint()
        x = 0 if self.layoutDirection() == Qt.LayoutDirection.RightToLeft else self.width() - edge.width()
        self.cross.setGeometry(QRect(QPoint(x, 0), edge))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        radius = theme().corner("control")
        if self.item.state == "refused":
            self._draw_refusal(painter)
        elif self.item.picture is not None:
            self._draw_picture(painter, radius)
        elif isinstance(self.item.part, FilePart):
            self._draw_file(painter, radius)
        else:
            box(painter, self.rect(), radius, "sunken", "line")
            if self.item.state == "loading":
                icons.draw_gauge(painter, self.rect(), gauge_clock().step)
            else:
                edge = theme().icon_size(16)
                icons.draw(
                    painter, "image", QRect(0, (self.height() - edge) // 2, self.width(), edge), "text3"
                )
        ring_inside(painter, self, self.rect(), radius)
        painter.end()

    def _draw_picture(self, painter: QPainter, radius: int) -> None:
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        shape = QPainterPath()
        shape.addRoundedRect(QRectF(self.rect()), radius, radius)
        painter.save()
        painter.setClipPath(shape)
        assert self.item.picture is not None
        painter.drawPixmap(self.rect(), self.item.picture)
        painter.restore()
        box(painter, self.rect(), radius, None, "line")

    def _draw_file(self, painter: QPainter, radius: int) -> None:
        """The name over its tokens, and what it is."""
        box(painter, self.rect(), radius, "sunken", "line")
        chat = isinstance(self.item.part, FilePart) and self.item.part.media_type == "text/markdown"
        edge, pad = theme().icon_size(16), theme().scaled(10)
        direction = self.layoutDirection()
        mark = QRect(pad, (self.height() - edge) // 2, edge, edge)
        icons.draw(
            painter,
            "message-square" if chat else "file-text",
            QStyle.visualRect(direction, self.rect(), mark),
            "text2",
        )
        left = mark.right() + 1 + theme().scaled(8)
        name, facts = theme().metrics("small", 500).height(), theme().metrics("micro").height()
        top = (self.height() - name - facts) // 2
        width = self.width() - left - pad
        painter.setFont(theme().font("small", 500))
        painter.setPen(theme().color("text"))
        room = QStyle.visualRect(direction, self.rect(), QRect(left, top, width, name))
        draw_title(painter, room, self.item.name, direction)
        painter.setFont(theme().font("micro"))
        painter.setPen(theme().color("text2"))
        room = QStyle.visualRect(direction, self.rect(), QRect(left, top + name, width, facts))
        draw_title(painter, room, self.facts(), direction)

    def _draw_refusal(self, painter: QPainter) -> None:
        box(painter, self.rect(), theme().corner("control"), "dangersoft")
        line = theme().metrics("micro").height()
        inner = self.rect().adjusted(8, (self.height() - 3 * line) // 2, -8, 0)
        edge = theme().icon_size(14)
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        mark = QRect(
            inner.right() + 1 - edge if rtl else inner.x(), inner.y() + (line - edge) // 2, edge, edge
        )
        icons.draw(painter, "circle-alert", mark, "danger")
        words = inner.adjusted(0 if rtl else edge + 6, 0, -(edge + 6) if rtl else 0, 0)
        painter.setPen(theme().color("danger"))
        for row, (text, weight) in enumerate(self._lines(words.width())):
            painter.setFont(theme().font("micro", weight))
            place = QRect(words.x(), words.y() + row * line, words.width(), line)
            painter.drawText(place, Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignVCenter, text)

    def _lines(self, width: int) -> list[tuple[str, int]]:
        """The name and two lines of the reason, with their weights; all of it is in the tooltip."""
        name, reason = theme().metrics("micro", 600), theme().metrics("micro")
        right = Qt.TextElideMode.ElideRight
        first, rest = "", self.item.reason.split(" ")
        while rest and reason.horizontalAdvance(f"{first} {rest[0]}".strip()) <= width:
            first = f"{first} {rest.pop(0)}".strip()
        return [
            (name.elidedText(self.item.name, Qt.TextElideMode.ElideMiddle, width), 600),
            (first, 400),
            (reason.elidedText(" ".join(rest), right, width), 400),
        ]


class _Cross(PaintedButton):
    """A disc with a cross, 24 to hit and 16 to see."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def name(self, name: str) -> None:
        describe(self, name)

    def sizeHint(self) -> QSize:
        return QSize(24, 24)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        disc = QRect(4, 4, 16, 16)
        box(painter, disc, 8, self.state_fill("raised") or "raised", "btnline")
        icons.draw(painter, "x", disc.adjusted(3, 3, -3, -3), "text")
        painter.end()
