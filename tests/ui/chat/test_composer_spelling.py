"""Spelling in the composer: what is marked, what is not, suggestions, own words; real keys and mouse."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent, QInputMethodEvent, QTextCharFormat
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QVBoxLayout, QWidget
from tests.documents.test_spelling import write
from tests.ui.chat.quiet import done, until_quiet

from chatbench.core.conversations import Draft
from chatbench.services import Services
from chatbench.ui.chat.composer import Composer
from chatbench.ui.chat.composer.spelling import words_of
from chatbench.ui.theme import theme

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

Runner = Callable[[Coroutine[Any, Any, Any]], Any]
WORDS = ("a", "all", "are", "the", "lanes", "model", "models", "is", "here", "we", "write", "good", "words")


@pytest.fixture
def services(services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    write(tmp_path / "hunspell", "en_US", *WORDS)
    monkeypatch.setenv("DICPATH", str(tmp_path / "hunspell"))
    return services


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


@pytest.fixture
def looked(composer: Composer, run_async: Runner) -> Callable[[], list[str]]:
    """What is marked once the moment after the last key is over."""

    async def look() -> list[str]:
        over = asyncio.Event()
        composer.spelling._timer.timeout.connect(over.set)
        if composer.spelling._timer.isActive():
            await over.wait()
        await until_quiet()
        return composer.spelling.marked()

    return lambda: run_async(look())


@pytest.fixture
def typed(composer: Composer, run_async: Runner) -> Callable[[str], None]:
    """Types letters."""
    return lambda text: run_async(done(lambda: QTest.keyClicks(composer.editor, text)))


Looked = Callable[[], list[str]]
Type = Callable[[str], None]


def test_words_nobody_knows_get_a_wavy_line(
    composer: Composer, looked: Looked, typed: Type, run_async: Runner
) -> None:
    typed("The lnaes are good ")
    assert looked() == ["lnaes"]
    (mark,) = composer.editor.extraSelections()
    assert mark.cursor.selectedText() == "lnaes"
    look = mark.format
    assert look.underlineStyle() == QTextCharFormat.UnderlineStyle.WaveUnderline
    assert look.underlineColor() == theme().color("danger")
    before = composer.editor.grab().toImage()
    run_async(done(lambda: [QTest.keyClick(composer.editor, Qt.Key.Key_Backspace) for _ in range(20)]))
    assert looked() == []
    assert composer.editor.extraSelections() == []
    typed("The model are good ")
    assert looked() == []
    assert composer.editor.grab().toImage() != before


def test_the_word_that_is_being_written_is_not_wrong_yet(
    composer: Composer, looked: Looked, typed: Type, run_async: Runner
) -> None:
    typed("the lna")
    assert looked() == []
    run_async(done(lambda: QTest.keyClick(composer.editor, Qt.Key.Key_Home)))
    assert looked() == ["lna"]
    run_async(done(lambda: QTest.keyClick(composer.editor, Qt.Key.Key_End)))
    assert looked() == []
    typed(" the ")
    QApplication.sendEvent(composer.editor, QInputMethodEvent("ni hao", []))
    assert looked() == [], "while words are composed nothing is marked anew"
    QApplication.sendEvent(composer.editor, QInputMethodEvent("", []))
    assert looked() == ["lna"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("We write godo words", ["We", "write", "godo", "words"]),
        ("don't and don’t", ["don't", "and", "don’t"]),
        ("e\u0301te\u0301 naïve", ["e\u0301te\u0301", "naïve"]),
        ("`lnae` and ``a ` lnae``", ["and"]),
        ("`` a ` b `` cc ``` dd `ee` ``` ff `gg", ["cc", "ff", "gg"]),
        ("(see well-knwon words…) and/or 3rd", ["see", "well", "knwon", "words"]),
        ("see https://exampel.org/lnae?q=1 and www.exampel.org", ["see", "and"]),
        ("write to me@exampel.org or exampel.com", ["write", "to", "or"]),
        ("the file src/lnae_view.py or C:\\temp", ["the", "file", "or"]),
        ("call lnaeView() with HTML, JSON5 and iPhone", ["call", "with", "and"]),
        ("@claude /prompt #chat $name {{name}} --optoin", []),
        ("a I x", []),
        ("会议 здрасте", ["会议", "здрасте"]),
    ],
)
def test_only_prose_is_checked(line: str, words: list[str]) -> None:
    found = list(words_of(line))
    assert [word for word, _ in found] == words
    assert all(line[place:].startswith(word) for word, place in found)


@pytest.mark.parametrize("letter", ["x", "`", "` ", "a.", "x ", "'a", "@/"])
def test_a_line_of_anything_takes_time_by_its_length(letter: str) -> None:
    def took(length: int) -> float:
        line = letter * (length // len(letter))
        best = 1.0
        for _ in range(5):
            began = time.thread_time()
            list(words_of(line))
            best = min(best, time.thread_time() - began)
        return best

    assert took(64_000) < 40 * took(8_000)


def test_fenced_code_is_code(composer: Composer, looked: Looked) -> None:
    composer.set_draft(Draft(text="lnae one\n```python\nlnae two\n```\nlnae three\n"))
    assert looked() == ["lnae", "one", "lnae", "three"]


def menu_of(composer: Composer, run_async: Runner, place: int, *, by_key: bool = False) -> QMenu:
    """The menu of the place in the words, by the mouse or by the key, with all that comes later."""
    editor = composer.editor
    cursor = editor.textCursor()
    cursor.setPosition(place)

    def ask() -> None:
        if by_key:
            editor.setTextCursor(cursor)
        at = QPoint(0, 0) if by_key else editor.cursorRect(cursor).center()
        reason = QContextMenuEvent.Reason.Keyboard if by_key else QContextMenuEvent.Reason.Mouse
        event = QContextMenuEvent(reason, at, editor.viewport().mapToGlobal(at))
        QApplication.sendEvent(editor.viewport(), event)

    run_async(done(ask))
    return next(menu for menu in editor.findChildren(QMenu) if menu.isVisible())


@pytest.mark.parametrize("by_key", [False, True])
def test_the_menu_offers_what_was_meant(
    composer: Composer, looked: Looked, typed: Type, run_async: Runner, by_key: bool
) -> None:
    typed("All modles here ")
    assert looked() == ["modles"]
    menu = menu_of(composer, run_async, 6, by_key=by_key)
    texts = [action.text() for action in menu.actions() if not action.isSeparator()]
    assert texts[0] == "models"
    assert "Looking for suggestions…" not in texts
    assert "Add “modles” to the dictionary" in texts
    assert len(texts) > texts.index("Add “modles” to the dictionary") + 4, "cut, copy and the rest"
    run_async(done(menu.actions()[0].trigger))
    menu.close()
    assert composer.editor.text() == "All models here "
    assert looked() == []
    composer.editor.undo()
    assert composer.editor.text() == "All modles here "


def test_a_word_that_is_added_is_right_from_now_on(
    composer: Composer, looked: Looked, typed: Type, run_async: Runner, services: Services
) -> None:
    typed("the Chatbnch is here ")
    assert looked() == ["Chatbnch"]
    menu = menu_of(composer, run_async, 6)
    add = next(action for action in menu.actions() if action.text().startswith("Add"))
    run_async(done(add.trigger))
    menu.close()
    assert looked() == []
    assert run_async(services.spelling.unknown({"Chatbnch"})) == frozenset()


def test_a_right_word_has_the_ordinary_menu(
    composer: Composer, looked: Looked, typed: Type, run_async: Runner
) -> None:
    typed("the model ")
    assert looked() == []
    menu = menu_of(composer, run_async, 2)
    assert not any("dictionary" in action.text() for action in menu.actions())
    menu.close()


def test_it_is_turned_off_and_on_in_the_settings(
    composer: Composer, looked: Looked, typed: Type, services: Services
) -> None:
    typed("lnae ")
    assert looked() == ["lnae"]
    services.preferences.replace(spelling="off")
    assert looked() == []
    services.preferences.replace(spelling="en_US")
    assert looked() == ["lnae"]


def test_of_megabytes_only_what_is_in_sight_is_looked_at(
    composer: Composer, looked: Looked, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    unknown = services.spelling.unknown

    async def counted(words: set[str]) -> frozenset[str]:
        asked.append(len(words))
        return await unknown(words)

    monkeypatch.setattr(services.spelling, "unknown", counted)
    for text in (
        "".join(
            f"{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}{chr(97 + n // 676 % 26)} " for n in range(500_000)
        ),
        "".join(f"line {chr(97 + n % 26)}{chr(97 + n // 26 % 26)}\n" for n in range(200_000)),
    ):
        composer.set_draft(Draft(text=text + "lnae "))
        assert looked()[-1] == "lnae"
    assert max(asked) < 3_000


def test_the_marks_follow_the_sight(composer: Composer, looked: Looked) -> None:
    composer.set_draft(Draft(text="begni\n" + "the\n" * 200 + "endd \n"))
    assert looked() == ["endd"]
    composer.editor.verticalScrollBar().setValue(0)
    assert looked() == ["begni"]


def test_no_timer_is_left_running(composer: Composer, looked: Looked, typed: Type) -> None:
    typed("a")
    assert composer.spelling._timer.isActive()
    looked()
    assert not composer.spelling._timer.isActive()
