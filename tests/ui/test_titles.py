"""Titles run as their letters do, whatever direction the interface has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from chatbench.ui.theme import theme
from chatbench.ui.widgets.paint import base_direction, draw_title

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

LTR, RTL = Qt.LayoutDirection.LeftToRight, Qt.LayoutDirection.RightToLeft
HEBREW = (
    "\u05ea\u05e8\u05d2\u05d5\u05dd \u05d7\u05d5\u05d6\u05d4 (v2) "
    "\u05e9\u05db\u05d9\u05e8\u05d5\u05ea \u05d0\u05e8\u05d5\u05da"
)


@pytest.mark.parametrize(
    ("text", "direction"),
    [("", LTR), ("12 %", LTR), ("Plan", LTR), (HEBREW, RTL), ("7 \u0627\u0644", RTL), ("A \u05d0", LTR)],
)
def test_the_first_letter_tells(text: str, direction: Qt.LayoutDirection) -> None:
    assert base_direction(text) == direction


def _inked(qapp: QApplication, text: str, width: int) -> QImage:
    image = QImage(width, 30, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    painter.setLayoutDirection(LTR)  # as a widget gives it
    painter.setFont(theme().font("ui"))
    draw_title(painter, QRect(0, 0, width, 30), text, LTR)
    painter.end()
    return image


def _dots_at(image: QImage, columns: range) -> bool:
    """Whether ink stands only near the baseline in these columns: an ellipsis, no letters."""
    white = QColor("white").rgb()
    rows = [y for x in columns for y in range(image.height()) if image.pixel(x, y) != white]
    return bool(rows) and max(rows) - min(rows) <= 4


def test_what_is_cut_is_the_end(qapp: QApplication) -> None:
    hebrew = _inked(qapp, HEBREW, 90)
    white = QColor("white").rgb()
    inked = [x for x in range(90) if any(hebrew.pixel(x, y) != white for y in range(30))]
    assert _dots_at(hebrew, range(inked[0], inked[0] + 8)), "the ellipsis stands at the left, where it ends"
    latin = _inked(qapp, "A title that is much too long for it", 90)
    inked = [x for x in range(90) if any(latin.pixel(x, y) != white for y in range(30))]
    assert _dots_at(latin, range(inked[-1] - 7, inked[-1] + 1))
