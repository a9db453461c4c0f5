"""The words of the composer begin at the side they are read from, whatever the window's own is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from chatbench.ui.chat.composer.editor import Editor

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

LEFT, RIGHT = Qt.LayoutDirection.LeftToRight, Qt.LayoutDirection.RightToLeft
ARABIC, HEBREW = "مرحبا بالعالم", "שלום עולם"


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    window = QWidget()
    window.resize(420, 320)
    qtbot.addWidget(window)
    return window


@pytest.fixture
def editor(window: QWidget) -> Editor:
    editor = Editor(window)
    column = QVBoxLayout(window)
    column.addWidget(editor)
    column.addStretch(1)
    window.show()
    editor.setFocus()
    QApplication.processEvents()
    return editor


def type_words(editor: Editor, text: str) -> None:
    """As an input method commits them, one after the other; a line break by its keys."""
    for letter in text:
        if letter == "\n":
            QTest.keyClick(editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
        else:
            event = QInputMethodEvent("", [])
            event.setCommitString(letter)
            QApplication.sendEvent(editor, event)
    QApplication.processEvents()


def side(editor: Editor) -> str:
    """Where the words of the present line stand, or the cursor where there are none."""
    cursor, room = editor.textCursor(), editor.viewport().rect()
    assert room.contains(editor.cursorRect()), "it is seen"
    rect = editor.cursorRect()
    if cursor.block().text():
        rect = cursor.block().layout().lineAt(0).naturalTextRect().toAlignedRect()
    if rect.left() <= 2:
        return "left"
    return "right" if rect.right() >= room.right() - 2 else "between"


def ink(editor: Editor, direction: Qt.LayoutDirection) -> bool:
    """Whether something is painted in the quarter at the beginning."""
    picture = editor.viewport().grab().toImage()
    ground = picture.pixel(picture.width() // 2, picture.height() - 1)
    width = picture.width() // 4
    left = 0 if direction == LEFT else picture.width() - width
    return any(
        picture.pixel(x, y) != ground for x in range(left, left + width) for y in range(picture.height())
    )


@pytest.mark.parametrize(("direction", "wanted"), [(LEFT, "left"), (RIGHT, "right")])
def test_an_empty_field_has_cursor_and_hint_at_its_beginning(
    window: QWidget, editor: Editor, direction: Qt.LayoutDirection, wanted: str
) -> None:
    window.setLayoutDirection(direction)
    QApplication.processEvents()
    assert side(editor) == wanted
    editor.set_hint("Write")
    editor.clearFocus()
    assert ink(editor, direction)
    assert not ink(editor, RIGHT if direction == LEFT else LEFT)


@pytest.mark.parametrize("direction", [LEFT, RIGHT])
@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (ARABIC, "right"), (HEBREW, "right"), ("hello", "left"), (f"{ARABIC} then Latin", "right"),
        (f"Latin then {ARABIC}", "left"), (f"12. {HEBREW}", "right"), ("12. word", "left"),
        (f"{ARABIC}\n", "right"), (f"{ARABIC}\n12", "right"), ("Latin\n", "left"), ("Latin\n12", "left"),
        (f"{ARABIC}\nLatin", "left"), (f"Latin\n{ARABIC}", "right"), ("你好", "left"),
    ],
)  # fmt: skip
def test_words_begin_at_their_side(
    window: QWidget, editor: Editor, direction: Qt.LayoutDirection, text: str, wanted: str
) -> None:
    window.setLayoutDirection(direction)
    type_words(editor, text)
    assert editor.text() == text
    assert side(editor) == wanted


def test_where_nothing_tells_the_window_does(window: QWidget, editor: Editor) -> None:
    type_words(editor, "12")
    assert side(editor) == "left"
    window.setLayoutDirection(RIGHT)
    QApplication.processEvents()
    assert side(editor) == "right"
    window.setLayoutDirection(LEFT)
    QApplication.processEvents()
    assert side(editor) == "left"


def test_every_line_of_a_paragraph_that_wraps_begins_at_the_right(editor: Editor) -> None:
    editor.set_text(f"{ARABIC} " * 12)
    QApplication.processEvents()
    block = editor.document().firstBlock()
    layout = block.layout()
    assert layout.lineCount() > 2
    for number in range(layout.lineCount()):
        cursor = editor.textCursor()
        cursor.setPosition(layout.lineAt(number).textStart())
        rect = editor.cursorRect(cursor)
        assert rect.right() >= editor.viewport().width() - 3


def test_the_mouse_meets_the_letters_that_are_seen(editor: Editor) -> None:
    editor.set_text(ARABIC)
    QApplication.processEvents()
    for position in range(len(ARABIC) + 1):
        cursor = editor.textCursor()
        cursor.setPosition(position)
        rect = editor.cursorRect(cursor)
        QTest.mouseClick(
            editor.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, rect.center()
        )
        assert editor.cursorRect() == rect
    start = QRect(0, 0, 4, editor.viewport().height()).center()
    QTest.mouseClick(editor.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, start)
    assert editor.textCursor().position() == len(ARABIC), "far left is the end"
    QTest.mouseClick(
        editor.viewport(),
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
        QPoint(editor.viewport().width() - 2, start.y()),
    )
    assert editor.textCursor().position() == 0
