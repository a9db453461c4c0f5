"""Keyboard focus: who has it, and the ring around it (shown only when the keyboard moved it)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QScrollArea,
    QWidget,
)
from shiboken6 import isValid

if TYPE_CHECKING:
    from PySide6.QtWidgets import QFocusFrame

    from chatbench.ui.theme.current import Theme
    from chatbench.ui.theme.style import RingStyle

_KEPT_CLEAR: Final = 8
"""Pixels around what has the focus that stay in view: the ring."""
_OWN_BORDER: Final = (QLineEdit, QAbstractScrollArea, QAbstractSpinBox, QComboBox)
"""Fields show their focus by their border; lists draw it inside the current row."""


class KeyboardFocus(QObject):
    """Knows which widget the keyboard has focused, and puts the ring around it.

    A widget chooses by class attributes: ``focus_ring`` is "outside" (the default), "inside"
    (it paints the ring itself, asking ``theme().keyboard_focused(self)``) or "none";
    ``ring_corner`` is its own corner radius in pixels.
    """

    def __init__(self, app: QApplication, theme: Theme) -> None:
        super().__init__(theme)
        self._theme = theme
        self._style: RingStyle | None = None
        self._frame: QFocusFrame | None = None
        self._widget: QWidget | None = None
        app.focusChanged.connect(self._focus_changed)

    def holds(self, widget: QWidget) -> bool:
        """Whether ``widget`` has the focus and got it from the keyboard."""
        return self._widget is widget

    def _focus_changed(self, _old: QWidget | None, now: QWidget | None) -> None:
        self._drop()
        if now is None:
            return
        window = now.window()
        # Qt sets this attribute when Tab, an arrow or a shortcut moves the focus. Taken back,
        # it keeps Fusion from drawing a dotted rectangle of its own inside the ring.
        if not window.testAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange):
            return
        window.setAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange, False)
        self.show_at(now)

    def show_at(self, now: QWidget) -> None:
        """Takes the focus that ``now`` has for the keyboard's: another key than Tab, an arrow or a
        shortcut has moved it."""
        self._drop()
        self._widget = now
        self._bring_into_view(now)
        ring = getattr(now, "focus_ring", "none" if isinstance(now, _OWN_BORDER) else "outside")
        if ring == "outside" and now.parentWidget() is not None:
            self._show(now)
        else:
            _repaint(now)

    @staticmethod
    def _bring_into_view(widget: QWidget) -> None:
        """Qt scrolls only when the focus moves inside the scroll area, not when it comes from outside."""
        around = widget.parentWidget()
        while around is not None:
            if isinstance(around, QScrollArea):
                around.ensureWidgetVisible(widget, _KEPT_CLEAR, _KEPT_CLEAR)
            around = around.parentWidget()

    def _show(self, widget: QWidget) -> None:
        from PySide6.QtWidgets import QFocusFrame

        from chatbench.ui.theme.style import RingStyle

        if self._style is None:
            self._style = RingStyle(self._theme)
            self._style.setParent(self)
        self._frame = QFocusFrame(widget.parentWidget())
        self._frame.setStyle(self._style)
        self._frame.setWidget(widget)

    def _drop(self) -> None:
        if self._frame is not None and isValid(self._frame):
            self._frame.setWidget(None)  # type: ignore[arg-type]
            self._frame.deleteLater()
        self._frame = None
        if self._widget is not None and isValid(self._widget):
            _repaint(self._widget)
        self._widget = None


def _repaint(widget: QWidget) -> None:
    """What is seen of a scrolling widget is another one inside it."""
    widget.update()
    if isinstance(widget, QAbstractScrollArea):
        widget.viewport().update()
