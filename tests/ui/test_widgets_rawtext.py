"""Words that are read: as high as they are long, marked while they grow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor

from chatbench.ui.widgets import RawText
from chatbench.ui.widgets.rawtext import FittedText

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.fixture
def text(qtbot: QtBot) -> FittedText:
    made = FittedText("Answer", most_lines=5)
    qtbot.addWidget(made)
    made.resize(200, 20)
    made.show()
    return made


def test_it_is_as_high_as_its_words_up_to_its_most_lines(text: FittedText) -> None:
    line = text.fontMetrics().lineSpacing()
    assert text.height() == line + 2
    text.set_text("one\ntwo")
    assert abs(text.height() - 2 * line) <= 4
    text.set_text("many words that do not fit into one line of two hundred pixels")
    assert text.height() >= 2 * line
    assert text.verticalScrollBarPolicy() == Qt.ScrollBarPolicy.ScrollBarAlwaysOff
    text.set_text("line\n" * 400)
    assert text.height() == 5 * line + 2
    assert text.verticalScrollBarPolicy() == Qt.ScrollBarPolicy.ScrollBarAsNeeded
    text.set_text("one")
    assert text.height() <= line + 4


def test_what_is_marked_stays_marked_while_more_is_written(text: FittedText) -> None:
    text.set_text("Hello")
    cursor = text.textCursor()
    cursor.setPosition(4, QTextCursor.MoveMode.KeepAnchor)
    text.setTextCursor(cursor)
    text.set_text("Hello world")
    assert (text.toPlainText(), text.textCursor().selectedText()) == ("Hello world", "Hell")
    text.set_text("Other words")
    assert (text.toPlainText(), text.textCursor().hasSelection()) == ("Other words", False)


def test_raw_words_run_from_left_to_right(qtbot: QtBot) -> None:
    raw = RawText("Raw")
    qtbot.addWidget(raw)
    assert raw.layoutDirection() == Qt.LayoutDirection.LeftToRight
    assert raw.isReadOnly()
