"""Chips (a choice that can be opened or switched) and pills (a state in a word)."""

from __future__ import annotations

from typing import Final, Literal

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QHideEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QSizePolicy, QStyle, QWidget

from chatbench.ui import icons
from chatbench.ui.theme import ColorRole, FontRole, theme
from chatbench.ui.widgets.buttons import PaintedButton
from chatbench.ui.widgets.gauge import gauge_clock
from chatbench.ui.widgets.paint import box, draw_title

_PADDING: Final = 7
_GAP: Final = 6


class Chip(PaintedButton):
    """24 high: icon, words, perhaps a chevron. Bordered when it defines the request.

    A ``strong`` one names what stands below it. ``set_off`` greys an option that is off;
    ``set_problem`` shows ``circle-alert`` and the reason as the tooltip. ``clicked`` opens the choice
    or the fix.
    """

    def __init__(
        self,
        label: str = "",
        *,
        icon: str = "",
        bordered: bool = True,
        menu: bool = False,
        checkable: bool = False,
        strong: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._icon = icon
        self._bordered = bordered
        self._strong = strong
        self._menu = menu
        self._off = False
        self._problem = ""
        self._label = ""
        self.setCheckable(checkable)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.set_label(label)

    def label(self) -> str:
        """The words."""
        return self._label

    def set_label(self, label: str) -> None:
        """Change the words (plain text; shortened at the end when there is no room)."""
        self._label = label
        self.setText(label.replace("&", "&&"))
        self._describe()
        self.updateGeometry()
        self.update()

    def set_icon(self, name: str) -> None:
        """Change the icon; "" for none."""
        self._icon = name
        self.updateGeometry()
        self.update()

    def set_off(self, off: bool) -> None:
        """Whether the option is off: its words turn ``text3``."""
        self._off = off
        self.update()

    def set_problem(self, reason: str) -> None:
        """Show that something is wrong with the choice; "" when it is right again."""
        self._problem = reason
        self.setToolTip(reason)
        self._describe()
        self.updateGeometry()
        self.update()

    def _describe(self) -> None:
        self.setAccessibleName(f"{self._label}. {self._problem}" if self._problem else self._label)

    def _weight(self) -> int:
        return 600 if self._strong else 500 if self._bordered else 400

    @property
    def _font(self) -> FontRole:
        return "ui" if self._strong else "small"

    def _ends(self) -> tuple[int, int]:
        """Width before and after the words."""
        edge = theme().icon_size(13)
        gap = _GAP if self._label else 0
        before = theme().scaled(_PADDING) + (edge + gap if self._icon or self._problem else 0)
        after = theme().scaled(_PADDING) + (edge + _GAP - 2 if self._menu else 0)
        return before, after

    def sizeHint(self) -> QSize:
        words = theme().metrics(self._font, self._weight()).horizontalAdvance(self._label)
        return QSize(max(24, sum(self._ends()) + words + 1), theme().control("chip"))

    def minimumSizeHint(self) -> QSize:
        least = sum(self._ends()) + theme().scaled(24)
        return QSize(min(least, self.sizeHint().width()), theme().control("chip"))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        fill = self.state_fill("page" if self._bordered else None)
        border: ColorRole | None = "accent" if self.isChecked() else "btnline" if self._bordered else None
        if fill is not None or border is not None:
            box(painter, self.rect(), theme().corner("control"), fill, border)
        words: ColorRole = "text" if self._bordered or self._strong else "text3" if self._off else "text2"
        if not self.isEnabled():
            words = "disabled"
        self._draw_contents(painter, words)
        painter.end()

    def _draw_contents(self, painter: QPainter, words: ColorRole) -> None:
        before, after = self._ends()
        edge = theme().icon_size(13)
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        mark = QRect(theme().scaled(_PADDING), 0, edge, self.height())
        chevron = QRect(self.width() - after + _GAP - 2, 0, edge, self.height())
        text = QRect(before, 0, max(0, self.width() - before - after) + 1, self.height())
        for rect in (mark, chevron, text):
            if rtl:
                rect.moveLeft(self.width() - rect.x() - rect.width())
        if self._problem:
            icons.draw(painter, "circle-alert", mark, "danger")
        else:
            self.draw_mark(painter, self._icon, mark, "text2" if words == "text" else words)
        if self._menu:
            icons.draw(painter, "chevron-down", chevron, "text3" if self.isEnabled() else "disabled")
        painter.setFont(theme().font(self._font, self._weight()))
        painter.setPen(theme().color(words))
        draw_title(painter, text, self._label, self.layoutDirection())


Tone = Literal["neutral", "accent", "success", "warning", "danger"]

_TONES: Final[dict[Tone, tuple[ColorRole, ColorRole]]] = {
    "neutral": ("hover", "text2"),
    "accent": ("selected", "accenttext"),
    "success": ("successsoft", "success"),
    "warning": ("warningsoft", "warning"),
    "danger": ("dangersoft", "danger"),
}
_TONE_ICONS: Final[dict[Tone, str]] = {"success": "check", "danger": "x", "warning": "circle-alert"}


GAUGE: Final = "gauge"
"""In place of an icon's name: the mark of what is being written now."""


def pill_width(text: str, icon: str = "") -> int:
    """Width of a pill, for layouts that are painted."""
    mark = theme().icon_size(11) + 4 if icon else 0
    return theme().metrics("micro", 500).horizontalAdvance(text) + mark + 2 * theme().scaled(6) + 1


def draw_pill(painter: QPainter, rect: QRect, text: str, tone: Tone = "neutral", icon: str = "") -> None:
    """Paint a pill that fills ``rect``."""
    fill, words = _TONES[tone]
    box(painter, rect, theme().corner("inline"), fill)
    inner = rect.adjusted(theme().scaled(6), 0, -theme().scaled(6), 0)
    if icon:
        edge = theme().icon_size(11)
        mark = QRect(inner.x(), inner.y(), edge, inner.height())
        mark = QStyle.visualRect(painter.layoutDirection(), inner, mark)
        if icon == GAUGE:
            icons.draw_gauge(painter, mark, gauge_clock().step, words)
        else:
            icons.draw(painter, icon, mark, words)
        rest = inner.adjusted(edge + 4, 0, 0, 0)
        inner = QStyle.visualRect(painter.layoutDirection(), inner, rest)
    painter.setFont(theme().font("micro", 500))
    painter.setPen(theme().color(words))
    draw_title(painter, inner, text, painter.layoutDirection())


class Pill(QWidget):
    """A state: a word on its soft colour, with the shape that tells it without colour."""

    def __init__(
        self, text: str = "", tone: Tone = "neutral", icon: str | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.set_state(text, tone, icon)

    def set_state(self, text: str, tone: Tone = "neutral", icon: str | None = None) -> None:
        """Change word and tone; ``icon`` None takes the tone's own, "" shows none."""
        self._text, self._tone = text, tone
        self._icon = _TONE_ICONS.get(tone, "") if icon is None else icon
        self.setAccessibleName(text)
        self._follow()
        self.updateGeometry()
        self.update()

    def _follow(self) -> None:
        if self._icon == GAUGE and self.isVisible():
            gauge_clock().join(self)
        else:
            gauge_clock().leave(self)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._follow()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        gauge_clock().leave(self)

    def text(self) -> str:
        """The word."""
        return self._text

    def sizeHint(self) -> QSize:
        return QSize(pill_width(self._text, self._icon), theme().control("pill"))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        draw_pill(painter, self.rect(), self._text, self._tone, self._icon)
        painter.end()
