"""The send button: "Send ⏎" with its menu; while an answer is written "Stop", or "Queue ⏎" for words."""

from __future__ import annotations

from functools import partial
from typing import Final, Literal

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QStyle, QWidget

from chatbench.ui import icons
from chatbench.ui.theme import ColorRole, theme
from chatbench.ui.widgets import PaintedButton, box, describe, key_names

SendWith = Literal["enter", "ctrl+enter"]
_PADDING: Final = 12
_GAP: Final = 8


class SendButton(QWidget):
    """``send_clicked()``, ``stop_clicked()``, ``keys_chosen(str)``: "enter" or "ctrl+enter", and
    ``add_clicked(str, everywhere)``: the words stand in the chat as "user" or "assistant", in the lane in
    use or in all, and nobody is asked."""

    send_clicked = Signal()
    stop_clicked = Signal()
    keys_chosen = Signal(str)
    add_clicked = Signal(str, bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._keys: SendWith = "enter"
        self._streaming = False
        self._adds = False
        self._lane = ""
        self.send = _Face("corner-down-left", "start", self)
        self.choose = _Face("chevron-down", "end", self)
        self.stop = _Face("square", "whole", self)
        self.stop.hide()
        describe(self.choose, self.tr("Choose the key that sends"))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for face in (self.send, self.choose, self.stop):
            row.addWidget(face)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.send.clicked.connect(self.send_clicked)
        self.stop.clicked.connect(self.stop_clicked)
        self.choose.clicked.connect(self._open_menu)
        self.stop.set_label(self.tr("Stop"))
        describe(self.stop, self.tr("Stop the answer; what has come is kept"))
        self.send.set_label(self.tr("Send"))

    def set_lane(self, letter: str) -> None:
        """The lane in use of several; "" where there is one."""
        self._lane = letter

    def set_keys(self, keys: SendWith) -> None:
        """The key that sends, shown on the button."""
        self._keys = keys
        self.send.set_modifier(key_names("Ctrl+A")[0] if keys == "ctrl+enter" else "")

    def set_streaming(self, streaming: bool, *, queues: bool = False) -> None:
        """Whether Stop stands in Send's place, or, with words that can wait, Queue."""
        self.send.set_label(self.tr("Queue") if streaming and queues else self.tr("Send"))
        streaming = streaming and not queues
        if streaming == self._streaming:
            return
        self._streaming = streaming
        focused = self.send.hasFocus() or self.stop.hasFocus()
        self.send.setVisible(not streaming)
        self.choose.setVisible(not streaming)
        self.stop.setVisible(streaming)
        if focused:
            (self.stop if streaming else self.send).setFocus(Qt.FocusReason.OtherFocusReason)

    def set_ready(self, ready: bool, reason: str = "", *, adds: bool = False) -> None:
        """Whether there is something to send; ``reason`` says why not. ``adds``: it can also stand in
        the chat without being sent."""
        self._adds = adds
        self.send.setEnabled(ready)
        self.choose.set_quiet(not ready)
        keys = "Ctrl+Return" if self._keys == "ctrl+enter" else "Return"
        describe(self.send, self.send.label(), keys, reason)

    def _open_menu(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        group = QActionGroup(menu)
        for keys, words in (
            ("enter", self.tr("Enter sends, Shift+Enter breaks the line")),
            ("ctrl+enter", self.tr("Ctrl+Enter sends, Enter breaks the line")),
        ):
            action = QAction(words, group)
            action.setCheckable(True)
            action.setChecked(keys == self._keys)
            action.triggered.connect(lambda _checked=False, chosen=keys: self.keys_chosen.emit(chosen))
            menu.addAction(action)
        if self._adds:
            self._offer_to_add(menu)
        size = menu.sizeHint()
        corner = self.choose.mapToGlobal(QPoint(self.choose.width() - size.width(), -size.height() - 6))
        menu.popup(corner)

    def _offer_to_add(self, menu: QMenu) -> None:
        """Without sending: to the lane in use, or of several to all."""
        for role, alone, here, everywhere in (
            (
                "user",
                self.tr("Add without sending"),
                self.tr("Add to lane {0} without sending"),
                self.tr("Add to all lanes without sending"),
            ),
            (
                "assistant",
                self.tr("Add as an answer"),
                self.tr("Add to lane {0} as an answer"),
                self.tr("Add to all lanes as an answer"),
            ),
        ):
            menu.addSeparator()
            words = here.format(self._lane) if self._lane else alone
            menu.addAction(words, partial(self.add_clicked.emit, role, False))
            if self._lane:
                menu.addAction(everywhere, partial(self.add_clicked.emit, role, True))


class _Face(PaintedButton):
    """One half of the split button, or the whole of an ordinary one 30 high."""

    ring_corner = 6

    def __init__(self, icon: str, part: Literal["start", "end", "whole"], parent: QWidget) -> None:
        super().__init__(parent)
        self._icon = icon
        self._part = part
        self._label = ""
        self._modifier = ""
        self._quiet = False

    def label(self) -> str:
        return self._label

    def set_label(self, label: str) -> None:
        self._label = label
        self.setAccessibleName(label)
        self.updateGeometry()
        self.update()

    def set_modifier(self, name: str) -> None:
        self._modifier = name
        self.updateGeometry()
        self.update()

    def set_quiet(self, quiet: bool) -> None:
        """Look as the disabled half beside it does, and still work."""
        self._quiet = quiet
        self.update()

    def _edge(self) -> int:
        return theme().icon_size(14)

    def sizeHint(self) -> QSize:
        height = theme().control("send-button")
        if self._part == "end":
            return QSize(max(24, self._edge() + theme().scaled(12)), height)
        width = 2 * theme().scaled(_PADDING) + self._edge() + _GAP
        width += theme().metrics("ui", 600).horizontalAdvance(self._label) + 1
        if self._modifier:
            width += theme().metrics("micro").horizontalAdvance(self._modifier) + 4
        return QSize(width, height)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def _colors(self) -> tuple[ColorRole, ColorRole]:
        """Fill and words."""
        if self._part == "whole":
            return self.state_fill("raised") or "raised", "text"
        if self._quiet:
            return self.state_fill("hover") or "hover", "text3"
        if not self.isEnabled():
            return "hover", "text3"
        return (
            "accentpressed" if self.isDown() else "accenthover" if self.hovered() else "accent"
        ), "onaccent"

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        fill, words = self._colors()
        radius = theme().corner("control")
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        shape = self.rect()
        if self._part != "whole":
            # The inner side is square: the rounded box reaches past it and is cut off.
            outwards = radius + 2
            on_left = (self._part == "start") != rtl
            shape = shape.adjusted(0 if on_left else -outwards, 0, outwards if on_left else 0, 0)
        box(painter, shape, radius, fill, "btnline" if self._part == "whole" else None)
        if self._part == "end":
            self._draw_divider(painter, words, rtl)
        else:
            self._draw_words(painter, words)
        painter.end()

    def _draw_divider(self, painter: QPainter, words: ColorRole, rtl: bool) -> None:
        x = self.width() - 1 if rtl else 0
        line = theme().color("btnline" if words == "text3" else words)
        painter.setOpacity(1.0 if words == "text3" else 0.35)
        inset = 7 if words == "text3" else 0
        painter.fillRect(QRect(x, inset, 1, self.height() - 2 * inset), line)
        painter.setOpacity(1.0)
        mark = QRect((self.width() - self._edge()) // 2, 0, self._edge(), self.height())
        icons.draw(painter, self._icon, mark, words)

    def _draw_words(self, painter: QPainter, words: ColorRole) -> None:
        area = self.rect().adjusted(theme().scaled(_PADDING), 0, -theme().scaled(_PADDING), 0)
        width = theme().metrics("ui", 600).horizontalAdvance(self._label) + 1
        text = QRect(area.x(), 0, width, self.height())
        mark = QRect(area.right() + 1 - self._edge(), 0, self._edge(), self.height())
        if self._part == "whole":
            mark.moveLeft(area.x())
            text.moveLeft(mark.right() + 1 + _GAP)
        painter.setPen(theme().color(words))
        painter.setFont(theme().font("ui", 600))
        visual = QStyle.visualRect
        painter.drawText(
            visual(self.layoutDirection(), self.rect(), text), Qt.AlignmentFlag.AlignCenter, self._label
        )
        icons.draw(painter, self._icon, visual(self.layoutDirection(), self.rect(), mark), words)
        if self._modifier:
            painter.setFont(theme().font("micro"))
            room = theme().metrics("micro").horizontalAdvance(self._modifier) + 2
            keys = QRect(mark.x() - room - 2, 0, room, self.height())
            keys = visual(self.layoutDirection(), self.rect(), keys)
            painter.drawText(keys, Qt.AlignmentFlag.AlignCenter, self._modifier)
