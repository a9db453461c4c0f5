"""The composer under real keys, an input method, the clipboard and the mouse."""

from __future__ import annotations

import random
from collections.abc import Callable, Coroutine, Iterator
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QEvent, QMimeData, Qt
from PySide6.QtGui import QGuiApplication, QInputMethodEvent, QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QVBoxLayout, QWidget

from chatbench.core.changes import Changes
from chatbench.core.conversations import Draft
from chatbench.core.models import GUIDE, ModelRef
from chatbench.core.params import Parameters
from chatbench.services import Services
from chatbench.services.models import Estimate
from chatbench.ui.chat.composer import Composer
from chatbench.ui.chat.composer.editor import LONGEST_LINE
from chatbench.ui.theme import theme

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

Runner = Callable[[Coroutine[Any, Any, Any]], Any]

SONNET = ModelRef("anthropic", "claude-sonnet-4-5")
ENTER = Qt.Key.Key_Return
CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


class Heard:
    """What a composer asked for, in order."""

    def __init__(self, composer: Composer) -> None:
        self.sent: list[Draft] = []
        self.drafts: list[Draft] = []
        self.efforts: list[object] = []
        self.said: list[str] = []
        composer.send_requested.connect(self.sent.append)
        composer.draft_changed.connect(self.drafts.append)
        composer.effort_chosen.connect(self.efforts.append)
        composer.stop_requested.connect(lambda: self.said.append("stop"))
        composer.edit_last_requested.connect(lambda: self.said.append("edit last"))


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    window = QWidget()
    window.resize(820, 900)
    qtbot.addWidget(window)
    return window


@pytest.fixture
def composer(window: QWidget, services: Services, settle: Callable[[], None]) -> Iterator[Composer]:
    composer = Composer(services, window)
    column = QVBoxLayout(window)
    column.addStretch(1)
    column.addWidget(composer)
    window.show()
    composer.setFocus()
    yield composer
    settle()


@pytest.fixture
def heard(composer: Composer) -> Heard:
    return Heard(composer)


def press(composer: Composer, key: Qt.Key, modifiers: Qt.KeyboardModifier | None = None) -> None:
    QTest.keyClick(composer.editor, key, modifiers or Qt.KeyboardModifier.NoModifier)


def test_enter_sends_and_shift_enter_breaks_the_line(composer: Composer, heard: Heard) -> None:
    QTest.keyClicks(composer.editor, "one")
    press(composer, ENTER, SHIFT)
    QTest.keyClicks(composer.editor, "two")
    assert heard.sent == []
    press(composer, ENTER)
    assert [draft.text for draft in heard.sent] == ["one\ntwo"]
    assert composer.draft().text == "one\ntwo", "the owner clears it once the words are safe"
    assert [draft.text for draft in heard.drafts][-1] == "one\ntwo"


def test_nothing_is_sent_from_an_empty_field_or_by_a_key_held_down(composer: Composer, heard: Heard) -> None:
    press(composer, ENTER)
    QTest.keyClicks(composer.editor, "   ")
    press(composer, ENTER)
    assert heard.sent == []
    assert not composer.send_button.send.isEnabled()
    QTest.keyClicks(composer.editor, "word")
    assert composer.send_button.send.isEnabled()
    held = QKeyEvent(QEvent.Type.KeyPress, ENTER, Qt.KeyboardModifier.NoModifier, "\r", True)
    QApplication.sendEvent(composer.editor, held)
    assert heard.sent == []
    QTest.mouseClick(composer.send_button.send, Qt.MouseButton.LeftButton)
    assert len(heard.sent) == 1


def test_the_key_that_sends_is_chosen_at_the_button_and_kept(
    composer: Composer, heard: Heard, services: Services
) -> None:
    QTest.mouseClick(composer.send_button.choose, Qt.MouseButton.LeftButton)
    (menu,) = composer.send_button.findChildren(QMenu)
    first, second = menu.actions()
    assert (first.isChecked(), second.isChecked()) == (True, False)
    second.trigger()
    menu.close()
    assert services.preferences.current.send_with == "ctrl+enter"
    QTest.keyClicks(composer.editor, "a")
    press(composer, ENTER)
    assert heard.sent == []
    press(composer, ENTER, CONTROL)
    assert [draft.text for draft in heard.sent] == ["a\n"]
    services.preferences.replace(send_with="enter")
    press(composer, ENTER)
    assert len(heard.sent) == 2, "another window's choice holds here too"


def test_an_enter_of_the_input_method_never_sends(composer: Composer, heard: Heard) -> None:
    composer.editor.insertPlainText("好")
    QApplication.sendEvent(composer.editor, QInputMethodEvent("shi jie", []))
    press(composer, ENTER)
    press(composer, Qt.Key.Key_Up)
    press(composer, Qt.Key.Key_Escape)
    assert heard.sent == []
    assert heard.said == []
    committed = QInputMethodEvent("", [])
    committed.setCommitString("世界")
    QApplication.sendEvent(composer.editor, committed)
    press(composer, ENTER)
    assert [draft.text for draft in heard.sent] == ["好世界"]


def test_up_edits_the_last_message_only_from_an_empty_field(composer: Composer, heard: Heard) -> None:
    press(composer, Qt.Key.Key_Up)
    assert heard.said == ["edit last"]
    QTest.keyClicks(composer.editor, "x")
    press(composer, Qt.Key.Key_Up)
    assert heard.said == ["edit last"]


def test_escape_means_nothing_here(composer: Composer, heard: Heard) -> None:
    unheard = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(composer.editor, unheard)
    assert heard.said == []
    assert not unheard.isAccepted(), "it may mean something to whoever stands around"


def test_stop_stands_in_sends_place_while_an_answer_is_written(composer: Composer, heard: Heard) -> None:
    composer.set_streaming(True)
    assert composer.send_button.stop.isVisible()
    assert not composer.send_button.send.isVisible()
    QTest.mouseClick(composer.send_button.stop, Qt.MouseButton.LeftButton)
    assert heard.said == ["stop"]
    queued = []
    composer.queue_requested.connect(lambda draft: queued.append(draft.text))
    QTest.keyClicks(composer.editor, "next")
    assert composer.send_button.send.isVisible()
    assert composer.send_button.send.label() == "Queue"
    assert not composer.send_button.stop.isVisible()
    QTest.mouseClick(composer.line.stop, Qt.MouseButton.LeftButton)
    assert heard.said == ["stop", "stop"]
    press(composer, ENTER)
    assert (queued, heard.sent) == (["next"], [])
    composer.set_streaming(False)
    assert not composer.line.stop.isVisible()
    assert composer.send_button.send.label() == "Send"
    press(composer, ENTER)
    assert [draft.text for draft in heard.sent] == ["next"]


def test_it_grows_to_a_third_of_the_window_then_scrolls(composer: Composer, window: QWidget) -> None:
    QApplication.processEvents()
    assert composer.box.height() == 84
    heights = []
    for _ in range(4):
        press(composer, ENTER, SHIFT)
        heights.append(composer.box.height())
    line = theme().line("prose")
    assert [b - a for a, b in pairwise(heights)] == [line] * 3
    composer.set_draft(Draft(text="word\n" * 100))
    QApplication.processEvents()
    assert window.height() / 3 - line < composer.box.height() <= window.height() / 3
    bar = composer.editor.verticalScrollBar()
    assert bar.maximum() > 0
    assert bar.value() == bar.maximum(), "the cursor is at the end, in sight"
    window.resize(820, 500)
    QApplication.processEvents()
    assert composer.box.height() <= 500 / 3
    composer.set_draft(Draft())
    QApplication.processEvents()
    assert composer.box.height() == 84


def test_a_line_that_wraps_counts_as_the_lines_it_takes(composer: Composer, window: QWidget) -> None:
    composer.set_draft(Draft(text="word " * 60))
    QApplication.processEvents()
    wide = composer.editor.height()
    assert wide >= 3 * theme().line("prose")
    window.resize(420, 900)
    QApplication.processEvents()
    assert composer.editor.height() > wide


def _pasted(kind: str) -> str:
    if kind == "lines":
        return "short line of words\n" * 260_000
    if kind == "one line":
        return "word " * 1_000_000
    return "x" * 5_000_000


@pytest.mark.parametrize("kind", ["lines", "one line", "one word"])
def test_five_megabytes_are_pasted_whole_and_never_laid_out_whole(
    composer: Composer, heard: Heard, kind: str
) -> None:
    text = _pasted(kind)
    clipboard = QGuiApplication.clipboard()
    clipboard.setText(text)
    QTest.keyClick(composer.editor, Qt.Key.Key_V, CONTROL)
    assert heard.drafts[-1].text == text
    document = composer.editor.document()
    assert document.blockCount() < 5_000
    block, longest = document.begin(), 0
    while block.isValid():
        longest = max(longest, block.length())
        block = block.next()
    assert longest < 2 * LONGEST_LINE
    QTest.keyClick(composer.editor, Qt.Key.Key_A, CONTROL)
    QTest.keyClick(composer.editor, Qt.Key.Key_C, CONTROL)
    assert clipboard.text() == text, "what is copied has no seams"
    composer.set_draft(Draft(text=text))
    assert composer.draft().text == text
    clipboard.clear()


def test_any_text_comes_back_as_it_went_in(composer: Composer) -> None:
    dice = random.Random(7)
    for _ in range(20):
        pieces = [
            dice.choice(["\n", "\n\n", "word ", "中文", "x" * dice.randrange(50_000)]) for _ in range(60)
        ]
        text = "".join(pieces)
        composer.editor.set_text("")
        mime = QMimeData()
        mime.setText(text)
        composer.editor.insertFromMimeData(mime)
        assert composer.editor.text() == text


def test_the_estimate_is_counted_after_typing_and_told_in_words(
    composer: Composer, window: QWidget, qtbot: QtBot
) -> None:
    qtbot.waitUntil(lambda: composer.line.estimate.text() == "Stays on this computer · no charge")
    composer.set_model(SONNET)
    composer.set_context_tokens(5_000)
    qtbot.waitUntil(lambda: composer.line.estimate.text() == "≈ 5,003 tokens · ≈ $0.0150")
    QTest.keyClicks(composer.editor, "four plain short words")
    qtbot.waitUntil(lambda: composer.line.estimate.text() == "≈ 5,013 tokens · ≈ $0.0150")
    composer.set_model(ModelRef("openai", "a-model-of-tomorrow"))
    qtbot.waitUntil(lambda: composer.line.estimate.text().endswith(" tokens · price unknown"))


def test_the_estimate_is_for_all_lanes_a_send_goes_to(composer: Composer, qtbot: QtBot) -> None:
    estimate = composer.line.estimate
    haiku = ModelRef("anthropic", "claude-haiku-4-5")
    composer.set_lanes([("a", "A", GUIDE), ("b", "B", SONNET), ("c", "C", haiku)], "a")
    composer.set_context_tokens(10, {"a": 10, "b": 5_000, "c": 10_000})
    qtbot.waitUntil(lambda: estimate.text() == "≈ 15,019 tokens · ≈ $0.0250")
    assert "all lanes" in estimate.toolTip()
    composer.set_lanes([("a", "A", GUIDE), ("b", "B", ModelRef("openai", "a-model-of-tomorrow"))], "a")
    qtbot.waitUntil(lambda: estimate.text().endswith(" tokens · price unknown"))
    composer.set_lanes([("a", "A", GUIDE), ("b", "B", GUIDE)], "a")
    qtbot.waitUntil(lambda: estimate.text() == "Stays on this computer · no charge")
    composer.set_lanes([("a", "A", GUIDE), ("b", "B", SONNET)], "a")
    composer.set_context_tokens(10, {"a": 10, "b": 180_000})
    qtbot.waitUntil(lambda: estimate.text() == "≈ 180,003 tokens, 90 % of the context window")
    composer.set_lanes([("a", "A", GUIDE)], "a")
    composer.set_model(GUIDE)
    qtbot.waitUntil(lambda: estimate.text() == "Stays on this computer · no charge")
    assert "all lanes" not in estimate.toolTip()


def test_who_is_written_to_is_told_after_models_were_looked_for(
    composer: Composer, services: Services
) -> None:
    for count, told in ((1, "Write a message"), (2, "Write to both lanes"), (3, "Write to all 3 lanes")):
        composer.set_model(SONNET)
        composer.set_lanes([(f"l{n}", "ABC"[n], SONNET) for n in range(count)], "l0")
        assert composer.editor.hint() == told
        services.changes.emit(Changes(models=True))
        assert composer.editor.hint() == told


def test_from_four_fifths_of_the_context_window_it_warns(composer: Composer) -> None:
    line = composer.line
    line.show_estimate(Estimate(tokens=158_000, cost=Decimal("0.5"), free=False, share=0.79))
    assert "context" not in line.estimate.text()
    line.show_estimate(Estimate(tokens=160_000, cost=Decimal("0.5"), free=False, share=0.8))
    assert line.estimate.text() == "≈ 160,000 tokens, 80 % of the context window"


def test_effort_is_offered_only_where_the_model_offers_it(composer: Composer, heard: Heard) -> None:
    composer.set_model(ModelRef("openai", "gpt-4o"))
    assert not composer.line.effort.isVisible()
    composer.set_model(GUIDE)
    assert not composer.line.effort.isVisible(), "the guide needs none"
    composer.set_parameters(Parameters(reasoning_effort="medium"))
    assert composer.line.effort.isVisible()
    assert composer.line.effort.label() == "Effort: medium"
    QTest.mouseClick(composer.line.effort, Qt.MouseButton.LeftButton)
    (menu,) = composer.line.findChildren(QMenu)
    assert [action.text() for action in menu.actions()] == ["The model's default", "None", "Medium"]
    menu.actions()[2].trigger()
    menu.actions()[0].trigger()
    menu.close()
    assert heard.efforts == ["medium", None]
    assert composer.line.effort.label() == "Effort: medium", "the owner decides"
    composer.set_model(ModelRef("openai", "gpt-5"))
    composer.set_parameters(Parameters(reasoning_effort="max"))
    assert composer.line.effort.isVisible()
    assert composer.line.effort.label() == "Effort: default", "the model does not offer it"


def test_one_token_is_no_tokens(composer: Composer) -> None:
    composer.recipients.estimating.blockSignals(True)
    composer.line.show_estimate(Estimate(tokens=1, cost=None, free=False, share=None))
    assert composer.line.estimate.text() == "≈ 1 token · price unknown"


def test_the_line_shortens_as_room_ends(composer: Composer, window: QWidget) -> None:
    line = composer.line
    composer.recipients.estimating.blockSignals(True)
    composer.set_model(ModelRef("openai", "gpt-5"))
    composer.set_parameters(Parameters(reasoning_effort="medium"))
    line.show_estimate(Estimate(tokens=4310, cost=Decimal("0.021"), free=False, share=0.01))
    seen = []
    for width in (800, 412, 362, 272):
        window.resize(width, 900)
        QApplication.processEvents()
        seen.append((line.effort.label(), line.estimate.text() if line.estimate.isVisible() else ""))
        right = max(child.geometry().right() for child in (line.model, line.effort))
        assert right < line.width()
    assert seen[0] == ("Effort: medium", "≈ 4,310 tokens · ≈ $0.0210")
    assert seen[1][0] == "Medium"
    assert seen[2] == ("Medium", "≈ 4,310 · ≈ $0.0210")
    assert seen[3] == ("Medium", "")


def test_a_missing_key_shows_at_the_model(composer: Composer) -> None:
    assert composer.line.model.accessibleName() == "Guide, built in"
    composer.set_model(SONNET)
    assert composer.line.model.accessibleName() == "Claude Sonnet 4.5. No key yet"
    assert composer.line.model.toolTip() == "No key yet"


def test_every_part_has_a_name_and_tab_walks_through_them(composer: Composer) -> None:
    composer.set_draft(Draft(text="words"))
    composer.set_parameters(Parameters(reasoning_effort="medium"))
    walk: list[str] = []
    widget: QWidget | None = composer.editor
    for _ in range(9):
        assert widget is not None
        walk.append(widget.accessibleName())
        QTest.keyClick(widget, Qt.Key.Key_Tab)
        widget = QApplication.focusWidget()
    assert walk == [
        "Message",
        "Attach",
        "Put in a saved prompt",
        "Send",
        "Choose the key that sends",
        "Guide, built in",
        "Add a lane",
        "Effort: medium",
        "Message",
    ]


def test_no_timer_runs_while_nothing_is_typed(composer: Composer, qtbot: QtBot) -> None:
    QTest.keyClicks(composer.editor, "a")
    assert composer.recipients.estimating.isActive()
    qtbot.waitUntil(lambda: not composer.recipients.estimating.isActive())


@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_words_stand_on_lines_of_the_themes_height(composer: Composer, factor: float) -> None:
    theme().apply(text_factor=factor)
    composer.set_draft(Draft(text="one\ntwo\nthree"))
    QApplication.processEvents()
    editor = composer.editor
    tops = []
    block = editor.document().begin()
    while block.isValid():
        tops.append(editor.blockBoundingGeometry(block).top())
        block = block.next()
    line = theme().line("prose")
    assert [b - a for a, b in pairwise(tops)] == [line, line]
    assert editor.height() == 3 * line


def test_a_change_of_text_size_lays_everything_out_anew(composer: Composer, window: QWidget) -> None:
    window.resize(1100, 900)
    composer.set_parameters(Parameters(reasoning_effort="medium"))
    QApplication.processEvents()
    before = composer.line.model.height(), composer.box.height()
    theme().apply(text_factor=2.0)
    QApplication.processEvents()
    assert composer.line.model.height() > before[0]
    assert composer.box.height() > before[1]
    assert composer.line.model.geometry().right() < composer.line.effort.geometry().left()
    assert composer.line.rect().contains(composer.line.model.geometry())
