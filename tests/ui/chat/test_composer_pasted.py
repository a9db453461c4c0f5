"""Long pastes: offered to be kept as a file; undo, redo and dragging words after them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget
from tests.ui.chat.quiet import done

from chatbench.core.conversations import Draft
from chatbench.core.messages import FilePart, StoredFile
from chatbench.services import Services
from chatbench.ui.chat.composer import Composer
from chatbench.ui.chat.composer.pasted import LONG

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

Runner = Callable[[Coroutine[Any, Any, Any]], Any]
CONTROL = Qt.KeyboardModifier.ControlModifier
TEXT = "A line of a long text.\n" * (LONG // 20)


@pytest.fixture
def composer(qtbot: QtBot, services: Services, settle: Callable[[], None]) -> Iterator[Composer]:
    window = QWidget()
    window.resize(820, 700)
    qtbot.addWidget(window)
    composer = Composer(services, window)
    column = QVBoxLayout(window)
    column.addStretch(1)
    column.addWidget(composer)
    window.show()
    composer.setFocus()
    QApplication.processEvents()
    yield composer
    settle()


def paste(composer: Composer, text: str) -> None:
    QGuiApplication.clipboard().setText(text)
    QTest.keyClick(composer.editor, Qt.Key.Key_V, CONTROL)
    QGuiApplication.clipboard().clear()


def test_a_long_paste_becomes_a_file(composer: Composer, services: Services, run_async: Runner) -> None:
    QTest.keyClicks(composer.editor, "before ")
    paste(composer, TEXT)
    offer = composer.paste_offer
    assert offer.isVisible()
    assert offer.keep.accessibleName() == "Keep as a file"
    QTest.keyClicks(composer.editor, "after")
    assert offer.isVisible(), "what is typed behind it does not change it"
    run_async(done(lambda: QTest.mouseClick(offer.keep, Qt.MouseButton.LeftButton)))
    assert not offer.isVisible()
    assert composer.editor.text() == "before after"
    assert composer.editor.hasFocus()
    (part,) = composer.draft().attachments
    assert isinstance(part, FilePart)
    assert isinstance(part.source, StoredFile)
    assert (part.name, part.media_type) == ("Pasted text.txt", "text/plain")
    assert run_async(services.attachments.original(part.source.sha256)).decode() == TEXT
    composer.editor.undo()
    assert composer.editor.text() == f"before {TEXT}after", "the words come back; the file stays too"


def test_the_offer_goes_when_it_is_declined_undone_or_changed(composer: Composer) -> None:
    paste(composer, "x" * (LONG - 1))
    assert not composer.paste_offer.isVisible(), "not long"
    composer.set_draft(Draft())
    paste(composer, TEXT)
    QTest.mouseClick(composer.paste_offer.decline, Qt.MouseButton.LeftButton)
    assert not composer.paste_offer.isVisible()
    assert composer.editor.text() == TEXT
    composer.set_draft(Draft())
    paste(composer, TEXT)
    composer.editor.undo()
    assert composer.editor.text() == ""
    assert not composer.paste_offer.isVisible()
    composer.editor.redo()
    assert composer.editor.text() == TEXT
    composer.set_draft(Draft())
    paste(composer, TEXT)
    cursor = composer.editor.textCursor()
    cursor.setPosition(50)
    composer.editor.setTextCursor(cursor)
    QTest.keyClicks(composer.editor, "!")
    assert not composer.paste_offer.isVisible()
    composer.set_draft(Draft())
    paste(composer, TEXT)
    composer.set_draft(Draft(text="other"))
    assert not composer.paste_offer.isVisible()


@pytest.mark.parametrize("kind", ["x" * 3_000_000, "line\n" * 100_000, "会议" * 500_000])
def test_a_huge_paste_is_one_step_of_undo_and_redo(composer: Composer, kind: str) -> None:
    QTest.keyClicks(composer.editor, "one")
    paste(composer, kind)
    QTest.keyClicks(composer.editor, "two")
    composer.editor.undo()
    composer.editor.undo()
    assert composer.editor.text() == "one"
    composer.editor.redo()
    assert composer.editor.text() == f"one{kind}"
    composer.editor.undo()
    composer.editor.undo()
    assert composer.editor.text() == ""


def test_a_paste_stands_in_place_of_the_selection(composer: Composer) -> None:
    QTest.keyClicks(composer.editor, "keep replace")
    QTest.keyClick(composer.editor, Qt.Key.Key_Left, CONTROL | Qt.KeyboardModifier.ShiftModifier)
    paste(composer, "new")
    assert composer.editor.text() == "keep new"
    composer.editor.undo()
    assert composer.editor.text() == "keep replace"


def drop(composer: Composer, mime: QMimeData, at: QPoint) -> bool:
    """Drags over the words and lets go; whether it was taken."""
    actions = Qt.DropAction.CopyAction | Qt.DropAction.MoveAction
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    viewport = composer.editor.viewport()
    enter = QDragEnterEvent(at, actions, mime, left, none)
    QApplication.sendEvent(viewport, enter)
    if not enter.isAccepted():
        return False
    QApplication.sendEvent(viewport, QDragMoveEvent(at, actions, mime, left, none))
    drop = QDropEvent(QPointF(at), actions, mime, left, none)
    QApplication.sendEvent(viewport, drop)
    return drop.isAccepted()


def test_words_are_dropped_where_they_are_let_go(composer: Composer, run_async: Runner) -> None:
    QTest.keyClicks(composer.editor, "first last")
    cursor = composer.editor.textCursor()
    cursor.setPosition(6)
    at = composer.editor.cursorRect(cursor).center()
    mime = QMimeData()
    mime.setText("middle ")
    mime.setHtml("<b>middle </b>")
    assert drop(composer, mime, at)
    assert composer.editor.text() == "first middle last", "as plain words"
    composer.editor.undo()
    assert composer.editor.text() == "first last"
    long = QMimeData()
    long.setText(TEXT)
    assert drop(composer, long, at)
    assert composer.paste_offer.isVisible(), "long words that are dropped may become a file too"
