"""Words that have too little room: cut off by their own widget or by one around it."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QLabel,
    QLineEdit,
    QMenu,
    QToolButton,
    QWidget,
)

from chatbench.ui.chat.conversation.lanes import Lanes
from chatbench.ui.widgets import Chip, ElidedLabel, Pill

SLACK = 1
"""Pixels by which a font's measures may differ from its ink."""


def clipped(root: QWidget) -> Iterator[str]:
    """What below a widget is in view and not to be read in whole, by name."""
    for widget in [root, *root.findChildren(QWidget)]:
        if not widget.isVisible() or widget.visibleRegion().isEmpty():
            continue
        words = _words(widget)
        if not words:
            continue
        if why := _too_small(widget, words) or _cut_off(widget, root):
            yield f"{type(widget).__name__} {words[:50]!r}: {why}"


def _words(widget: QWidget) -> str:
    if isinstance(widget, QLineEdit):
        return widget.text() or widget.placeholderText()
    if isinstance(widget, QMenu):
        return " ".join(action.text() for action in widget.actions())
    if isinstance(widget, QToolButton):
        return ""
    return widget.text() if isinstance(widget, QLabel | QAbstractButton | ElidedLabel | Pill) else ""


def _too_small(widget: QWidget, words: str) -> str:
    """Why the widget itself has too little room; what is shortened on purpose tells all in its tooltip."""
    hint, size = widget.sizeHint(), widget.size()
    if isinstance(widget, ElidedLabel | Chip):
        short = hint.width() > size.width() + SLACK
        return "shortened, and no tooltip tells the rest" if short and not widget.toolTip() else ""
    if isinstance(widget, QLineEdit):
        # Words of the reader's own scroll; what is long of a hint Qt shortens.
        needed = 0 if widget.text() else widget.fontMetrics().horizontalAdvance(words)
        short = needed > size.width() - size.height()
        return "a shortened hint, and no tooltip tells the rest" if short and not widget.toolTip() else ""
    if widget.hasHeightForWidth():
        needed = widget.heightForWidth(size.width())
        return f"{needed} high in {size.height()}" if needed > size.height() + SLACK else ""
    if hint.width() > size.width() + SLACK:
        return f"{hint.width()} wide in {size.width()}"
    return f"{hint.height()} high in {size.height()}" if hint.height() > size.height() + SLACK else ""


def _cut_off(widget: QWidget, root: QWidget) -> str:
    """Why a widget around it shows only a part of it; what can be scrolled to is whole."""
    place, around = widget.rect(), widget
    while around is not root and not around.isWindow() and (outer := around.parentWidget()) is not None:
        place = QRect(around.mapToParent(place.topLeft()), place.size())
        around = outer
        area = around.parentWidget()
        if isinstance(area, QAbstractScrollArea) and area.viewport() is around:
            return "" if _wide_enough(area, widget) else "cut off sideways"
        if isinstance(around, Lanes):
            return ""
        if not around.rect().adjusted(-SLACK, -SLACK, SLACK, SLACK).contains(place):
            return f"cut off by {type(around).__name__} {around.size().toTuple()}: {place.getRect()}"
    return ""


def _wide_enough(area: QAbstractScrollArea, widget: QWidget) -> bool:
    """Whether it can be seen in all its width without scrolling sideways."""
    left = widget.mapTo(area, QPoint()).x()
    return left >= -SLACK and left + widget.width() <= area.width() + SLACK
