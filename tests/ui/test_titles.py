"""Titles run as their letters do, whatever direction the interface has."""

from __future__ import annotations

from statistics import correlation
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QRegion
from PySide6.QtWidgets import QWidget

from chatbench.ui.theme import theme
from chatbench.ui.widgets import ElidedLabel, FactRow, Label, LineField, SearchField
from chatbench.ui.widgets.paint import base_direction, draw_title

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

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


def _fact(words: str) -> QWidget:
    return FactRow("", words)


def _aside(words: str) -> QWidget:
    return FactRow("", "", aside=words)


def _ink(widget: QWidget, direction: Qt.LayoutDirection, width: int) -> tuple[QRect, QImage]:
    """Where the words of a widget stand, and their picture on white."""
    widget.setLayoutDirection(direction)
    widget.resize(width, max(24, widget.sizeHint().height()))
    image = QImage(widget.size(), QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    widget.render(image, QPoint(), QRegion(), QWidget.RenderFlag.DrawChildren)
    white = QColor("white").rgb()
    columns = [x for x in range(width) if any(image.pixel(x, y) != white for y in range(image.height()))]
    rect = QRect(columns[0], 0, columns[-1] - columns[0] + 1, image.height())
    return rect, image.copy(rect)


def _profile(image: QImage) -> list[float]:
    """How much ink there is in each column and those beside it: what fractions of a pixel leave alike."""
    ink = [
        sum(255 - QColor(image.pixel(x, y)).lightness() for y in range(image.height()))
        for x in range(image.width())
    ]
    return [sum(ink[max(0, x - 2) : x + 3]) for x in range(len(ink))]


@pytest.mark.parametrize("make", [_fact, _aside, ElidedLabel, Label])
@pytest.mark.parametrize("words", ["<$0.0001", "≈ 105", "0.09 s", "Ready…", HEBREW])
def test_words_and_figures_read_alike_at_the_other_side(
    qtbot: QtBot, make: Callable[[str], QWidget], words: str
) -> None:
    widget = make(words)
    qtbot.addWidget(widget)
    there, left_to_right = _ink(widget, LTR, 400)
    here, right_to_left = _ink(widget, RTL, 400)
    first, second = _profile(left_to_right), _profile(right_to_left)
    assert correlation(*zip(*zip(first, second, strict=False), strict=True)) > 0.8, "in the same order"
    assert abs(here.left() - (399 - there.right())) <= 2, "at the mirrored place"


def test_a_long_latin_line_is_cut_at_its_end_in_either_direction(qtbot: QtBot) -> None:
    label = ElidedLabel("A title that is much too long for it")
    qtbot.addWidget(label)
    for direction in (LTR, RTL):
        _, image = _ink(label, direction, 90)
        assert _dots_at(image, range(image.width() - 8, image.width()))


def test_the_hint_of_a_field_stands_where_reading_begins_and_latin_words_at_the_left(qtbot: QtBot) -> None:
    for field in (SearchField("Search chats"), LineField()):
        qtbot.addWidget(field)
        field.setLayoutDirection(RTL)
        assert field.alignment() & Qt.AlignmentFlag.AlignRight
        field.setText("tea")
        assert not field.alignment() & Qt.AlignmentFlag.AlignRight
        field.clear()
        field.setLayoutDirection(LTR)
        assert not field.alignment() & Qt.AlignmentFlag.AlignRight
