"""Buttons: with words (primary, ordinary, destructive, quiet, link) and with an icon alone."""

from __future__ import annotations

from typing import Final, Literal

from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtGui import QAction, QHideEvent, QKeyEvent, QKeySequence, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from chatbench.ui import icons
from chatbench.ui.theme import ColorRole, ControlRole, FontRole, theme
from chatbench.ui.widgets.gauge import gauge_clock
from chatbench.ui.widgets.keys import draw_keys, key_names, keys_width
from chatbench.ui.widgets.paint import box, draw_title
from chatbench.ui.widgets.tooltips import describe

ButtonKind = Literal["primary", "ordinary", "destructive", "quiet", "link"]
ButtonSize = Literal["small", "normal", "large"]

_HEIGHT: Final[dict[ButtonSize, ControlRole]] = {
    "small": "button-small",
    "normal": "button",
    "large": "button-large",
}
_PADDING: Final[dict[ButtonSize, int]] = {"small": 8, "normal": 10, "large": 12}
_GAP: Final = 6


class PaintedButton(QAbstractButton):
    """What painted buttons share: hover repaints, a gauge while busy, fills by state.

    Tab reaches them, Space and Enter press them; a press with the pointer leaves the focus
    where the words are written.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._busy = False
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    @property
    def busy(self) -> bool:
        """Whether the gauge stands in the icon's place."""
        return self._busy

    def set_busy(self, busy: bool) -> None:
        """Show the gauge instead of the icon; the button keeps its width and still works."""
        self._busy = busy
        self._follow()
        self.update()

    def hovered(self) -> bool:
        """Whether the pointer is over the button and it can be pressed."""
        return self.isEnabled() and self.underMouse()

    def state_fill(self, rest: ColorRole | None) -> ColorRole | None:
        """The fill for the present state; ``rest`` is the one with no pointer over it."""
        if self.isEnabled() and self.isDown():
            return "pressed"
        if self.isChecked():
            return "selected"
        return "hover" if self.hovered() else rest

    def draw_mark(self, painter: QPainter, name: str, rect: QRect, color: ColorRole) -> None:
        """Draw the icon, or the gauge while busy."""
        if self._busy:
            icons.draw_gauge(painter, rect, gauge_clock().step, color)
        elif name:
            icons.draw(painter, name, rect, color)

    def _follow(self) -> None:
        if self._busy and self.isVisible():
            gauge_clock().join(self)
        else:
            gauge_clock().leave(self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.isAutoRepeat():
            self.click()
        else:
            super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._busy:
            self._follow()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if self._busy:
            gauge_clock().leave(self)


def _one_cap(keys: QKeySequence | str) -> list[str]:
    names = key_names(keys)
    return [" ".join(names)] if names else []


class Button(PaintedButton):
    """A button with words, and perhaps an icon before them and keys after them.

    The words are shown as they are: an ampersand is an ampersand.
    """

    def __init__(
        self,
        label: str,
        *,
        kind: ButtonKind = "ordinary",
        size: ButtonSize = "normal",
        icon: str = "",
        keys: str = "",
        stretch: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._kind: ButtonKind = kind
        self._size: ButtonSize = size
        self._icon = icon
        self._keys = _one_cap(keys)
        self._label = ""
        if stretch:
            self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.set_label(label)

    def label(self) -> str:
        """The words."""
        return self._label

    def set_label(self, label: str) -> None:
        """Change the words."""
        self._label = label
        self.setText(label.replace("&", "&&"))
        self.setAccessibleName(label)
        self.updateGeometry()
        self.update()

    def set_kind(self, kind: ButtonKind) -> None:
        """Change what kind of button it is (the one primary button of a view may move)."""
        self._kind = kind
        self.update()

    def set_icon(self, name: str) -> None:
        """Change the icon before the words; "" for none."""
        self._icon = name
        self.updateGeometry()
        self.update()

    def set_keys(self, keys: QKeySequence | str) -> None:
        """Show a shortcut at the right end."""
        self._keys = _one_cap(keys)
        self.updateGeometry()
        self.update()

    @property
    def _font(self) -> FontRole:
        return "small" if self._size == "small" else "ui"

    def _mark_edge(self) -> int:
        return theme().icon_size(13 if self._size == "small" else 14)

    def sizeHint(self) -> QSize:
        width = theme().metrics(self._font, 500).horizontalAdvance(self._label)
        width += 2 * theme().scaled(_PADDING[self._size])
        if self._icon:
            width += self._mark_edge() + (theme().icon_size(_GAP) if self._label else 0)
        if self._keys:
            width += keys_width(self._keys) + 2 * _GAP
        return QSize(max(24, width + 1), theme().control(_HEIGHT[self._size]))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def _colors(self) -> tuple[ColorRole | None, ColorRole | None, ColorRole]:
        """Fill, border and words for the present state."""
        if self._kind == "primary":
            if not self.isEnabled():
                return "hover", None, "text3"
            down, over = self.isDown(), self.hovered()
            return ("accentpressed" if down else "accenthover" if over else "accent"), None, "onaccent"
        if self._kind == "link":
            return self.state_fill(None), None, "accenttext" if self.isEnabled() else "disabled"
        quiet = self._kind == "quiet"
        border: ColorRole | None = None if quiet else "btnline"
        if self.isChecked():
            border = "accent"
        words: ColorRole = "danger" if self._kind == "destructive" else "text2" if quiet else "text"
        return self.state_fill(None if quiet else "raised"), border, words if self.isEnabled() else "disabled"

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        fill, border, words = self._colors()
        if fill is not None or border is not None:
            box(painter, self.rect(), theme().corner("control"), fill, border)
        self._draw_contents(painter, words)
        painter.end()

    def _draw_contents(self, painter: QPainter, words: ColorRole) -> None:
        metrics = theme().metrics(self._font, 500)
        padding = theme().scaled(_PADDING[self._size])
        edge = self._mark_edge() if self._icon or self._busy else 0
        lead = edge + theme().icon_size(_GAP) if edge and self._label else edge
        inner = self.rect().adjusted(padding, 0, -padding, 0)
        if self._keys:
            caps = QRect(0, inner.y(), keys_width(self._keys), inner.height())
            caps.moveRight(inner.right())
            if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
                caps.moveLeft(self.width() - caps.x() - caps.width())
            draw_keys(painter, caps, self._keys)
            inner.setRight(inner.right() - keys_width(self._keys) - _GAP)
        left_aligned = bool(self._keys)
        room = max(0, inner.width() - lead)
        shown = metrics.elidedText(self._label, Qt.TextElideMode.ElideRight, room + 1)
        used = lead + metrics.horizontalAdvance(shown)
        x = inner.x() if left_aligned else inner.x() + max(0, (inner.width() - used) // 2)
        mark, text = QRect(x, 0, edge, self.height()), QRect(x + lead, 0, room + 1, self.height())
        if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            mark.moveLeft(self.width() - mark.x() - mark.width())
            text.moveLeft(self.width() - text.x() - text.width())
        if edge:
            self.draw_mark(painter, self._icon or "loader-circle", mark, self._mark_color(words))
        painter.setPen(theme().color(words))
        painter.setFont(theme().font(self._font, 500))
        draw_title(painter, text, self._label, self.layoutDirection())

    def _mark_color(self, words: ColorRole) -> ColorRole:
        return "accent" if self._busy and self._kind != "primary" else words


IconButtonSize = Literal["toolbar", "row", "code"]
_ICON_BUTTON: Final[dict[IconButtonSize, tuple[ControlRole, int, int]]] = {
    "toolbar": ("icon-button", 28, 16),
    "row": ("icon-button-row", 28, 15),
    "code": ("icon-button-code", 26, 14),
}


class IconButton(PaintedButton):
    """A borderless button with an icon; its name is in the tooltip and read out."""

    def __init__(
        self,
        icon: str,
        name: str,
        *,
        size: IconButtonSize = "toolbar",
        shortcut: str = "",
        checkable: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._icon = icon
        self._size: IconButtonSize = size
        self._color: ColorRole = "text2"
        self._action: QAction | None = None
        self._offered = True
        self.setCheckable(checkable)
        describe(self, name, shortcut)

    @classmethod
    def for_action(
        cls, action: QAction, *, size: IconButtonSize = "toolbar", parent: QWidget | None = None
    ) -> IconButton:
        """A button that does ``action`` and follows its state, name, icon and shortcut."""
        name = action.property("icon_name") or ""
        button = cls(name, action.text(), size=size, checkable=action.isCheckable(), parent=parent)
        button.follow(action)
        return button

    def follow(self, action: QAction) -> None:
        """Do ``action`` when pressed; show its state."""
        self._action = action
        self.clicked.connect(action.trigger)
        action.changed.connect(self._take_state)
        self._take_state()

    def _take_state(self) -> None:
        action = self._action
        if action is None:
            return
        self.setEnabled(action.isEnabled())
        if action.isVisible() != self._offered:
            # Only a change: showing a button that has no parent yet would open a window.
            self._offered = action.isVisible()
            self.setVisible(self._offered)
        self.setChecked(action.isChecked())
        self._icon = str(action.property("icon_name") or self._icon)
        reason = "" if action.isEnabled() else str(action.property("reason") or "")
        describe(self, action.text().replace("&&", "&"), action.shortcut(), reason)
        self.update()

    def nextCheckState(self) -> None:
        if self._action is None:
            super().nextCheckState()

    def set_icon(self, icon: str, color: ColorRole = "text2") -> None:
        """Change the icon and its colour."""
        self._icon, self._color = icon, color
        self.update()

    def set_name(self, name: str, shortcut: QKeySequence | str | None = None, reason: str = "") -> None:
        """Change the accessible name and tooltip."""
        describe(self, name, shortcut, reason)

    def sizeHint(self) -> QSize:
        role, width, _ = _ICON_BUTTON[self._size]
        height = theme().control(role)
        return QSize(max(theme().scaled(width), height), height)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        fill = self.state_fill(None)
        checked = self.isChecked()
        if fill is not None:
            box(painter, self.rect(), theme().corner("control"), fill, "accent" if checked else None)
        edge = theme().icon_size(_ICON_BUTTON[self._size][2])
        color: ColorRole = "disabled" if not self.isEnabled() else "accenttext" if checked else self._color
        mark = QRect((self.width() - edge) // 2, (self.height() - edge) // 2, edge, edge)
        self.draw_mark(painter, self._icon, mark, color)
        painter.end()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in {QEvent.Type.StyleChange, QEvent.Type.EnabledChange}:
            self.update()
