"""Input methods in the composer, with the events in the orders that they send them.

The ones of Linux (ibus, fcitx) take the key and send only what it did, or let a key through after what it
committed; those of macOS and Windows send the key's press or release beside the commit. None of it may send
a message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QInputMethodEvent, QKeyEvent, QTextCharFormat
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from chatbench.services import Services
from chatbench.ui.chat.composer import Composer

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

ENTER = Qt.Key.Key_Return


@pytest.fixture
def sent() -> list[str]:
    return []


@pytest.fixture
def composer(
    qtbot: QtBot, services: Services, settle: Callable[[], None], sent: list[str]
) -> Iterator[Composer]:
    window = QWidget()
    window.resize(820, 700)
    qtbot.addWidget(window)
    composer = Composer(services, window)
    composer.send_requested.connect(lambda draft: sent.append(draft.text))
    column = QVBoxLayout(window)
    column.addStretch(1)
    column.addWidget(composer)
    window.show()
    composer.setFocus()
    QApplication.processEvents()
    yield composer
    settle()


def compose(composer: Composer, shown: str, committed: str = "") -> None:
    """What an input method shows as being composed, and what it commits."""
    underlined = QTextCharFormat()
    underlined.setUnderlineStyle(QTextCharFormat.UnderlineStyle.SingleUnderline)
    kind = QInputMethodEvent.AttributeType
    attributes = [
        QInputMethodEvent.Attribute(kind.TextFormat, 0, len(shown), underlined),
        QInputMethodEvent.Attribute(kind.Cursor, len(shown), 1, None),
    ]
    event = QInputMethodEvent(shown, attributes if shown else [])
    if committed:
        event.setCommitString(committed)
    QApplication.sendEvent(composer.editor, event)


def key(composer: Composer, code: Qt.Key, text: str = "", *, release: bool = False) -> None:
    """One half of a key press, as a platform hands it on."""
    kind = QEvent.Type.KeyRelease if release else QEvent.Type.KeyPress
    QApplication.sendEvent(composer.editor, QKeyEvent(kind, code, Qt.KeyboardModifier.NoModifier, text))


def test_the_enter_that_commits_is_kept_by_the_input_method(composer: Composer, sent: list[str]) -> None:
    """ibus and fcitx: the press never comes, the release does."""
    compose(composer, "ni hao")
    compose(composer, "", "你好")
    key(composer, ENTER, "\r", release=True)
    assert sent == []
    assert composer.editor.text() == "你好"
    QTest.keyClick(composer.editor, ENTER)
    assert sent == ["你好"]


def test_the_press_may_come_before_the_commit(composer: Composer, sent: list[str]) -> None:
    """The key arrives while words are composed, then what it commits."""
    compose(composer, "にほん")
    key(composer, ENTER, "\r")
    compose(composer, "", "日本")
    key(composer, ENTER, "\r", release=True)
    assert sent == []
    assert composer.editor.text() == "日本"


def test_raw_letters_are_committed_by_enter(composer: Composer, sent: list[str]) -> None:
    """Pinyin: Enter takes the letters as they are; the composition ends and commits in two events."""
    compose(composer, "hello")
    key(composer, ENTER, "\r")
    compose(composer, "hello")
    compose(composer, "", "hello")
    assert sent == []
    assert composer.editor.text() == "hello"
    QTest.keyClick(composer.editor, ENTER)
    assert sent == ["hello"]


def test_a_commit_while_the_next_word_is_composed(composer: Composer, sent: list[str]) -> None:
    """Korean: each syllable is committed as the next one begins."""
    compose(composer, "한")
    compose(composer, "그", "한")
    key(composer, ENTER, "\r")
    assert sent == [], "the last syllable is still open"
    compose(composer, "", "글")
    assert composer.editor.text() == "한글"
    QTest.keyClick(composer.editor, ENTER)
    assert sent == ["한글"]


def test_a_composition_that_is_given_up_leaves_the_words(composer: Composer, sent: list[str]) -> None:
    QTest.keyClicks(composer.editor, "kept ")
    compose(composer, "ni")
    key(composer, Qt.Key.Key_Escape)
    compose(composer, "")
    assert composer.editor.text() == "kept "
    QTest.keyClick(composer.editor, ENTER)
    assert sent == ["kept "]


def test_a_composition_at_a_click_elsewhere_is_over(composer: Composer, sent: list[str]) -> None:
    compose(composer, "ni hao")
    composer.attach_button.setFocus()
    compose(composer, "", "你好")
    composer.editor.setFocus()
    QTest.keyClick(composer.editor, ENTER)
    assert sent == ["你好"]


@pytest.mark.parametrize("control", [False, True])
def test_a_dead_key_makes_a_letter_and_sends_nothing(
    composer: Composer, sent: list[str], control: bool
) -> None:
    composer.editor.send_with_control = control
    compose(composer, "´")
    compose(composer, "", "é")
    assert (composer.editor.text(), sent) == ("é", [])
    held = Qt.KeyboardModifier.ControlModifier if control else Qt.KeyboardModifier.NoModifier
    QTest.keyClick(composer.editor, ENTER, held)
    assert sent == ["é"]


def test_what_is_composed_is_no_part_of_the_draft(composer: Composer) -> None:
    drafts: list[str] = []
    composer.draft_changed.connect(lambda draft: drafts.append(draft.text))
    compose(composer, "ni hao")
    assert composer.draft().text == ""
    assert all(text == "" for text in drafts)
    compose(composer, "", "你好")
    assert drafts[-1] == "你好"
