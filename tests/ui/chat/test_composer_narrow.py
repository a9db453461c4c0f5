"""The composer where there is little room: 480 pixels, and text of twice the size."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QVBoxLayout, QWidget
from tests.ui.chat.quiet import done

from chatbench.core.conversations import Draft
from chatbench.core.endpoints import Endpoint
from chatbench.core.models import ModelRef
from chatbench.services import Services
from chatbench.services.templates import Template
from chatbench.ui.chat.composer import Composer
from chatbench.ui.theme import theme
from chatbench.ui.widgets import Chip

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

Runner = Callable[[Coroutine[Any, Any, Any]], Any]
LONG = "an-uncommonly-long-name-of-a-model-70b-instruct-2026-01"
SIZES = [(480, 700, 1.0), (480, 700, 2.0), (360, 420, 1.0), (360, 420, 2.0), (1200, 800, 2.0)]


@pytest.fixture(params=SIZES, ids=lambda size: "x".join(map(str, size)))
def composer(
    request: pytest.FixtureRequest, qtbot: QtBot, services: Services, settle: Callable[[], None]
) -> Iterator[Composer]:
    width, height, factor = request.param
    theme().apply(text_factor=factor)
    services.endpoints.save(
        Endpoint(
            id="loop", name="Loop", wire="openai_chat", base_url="http://127.0.0.1:9/v1", auth="none",
            models=(LONG, *(f"model-{n}" for n in range(12))),
        )
    )  # fmt: skip
    window = QWidget()
    window.resize(width, height)
    qtbot.addWidget(window)
    composer = Composer(services, window)
    column = QVBoxLayout(window)
    column.setContentsMargins(16, 0, 16, 6)
    column.addStretch(1)
    column.addWidget(composer)
    composer.set_model(ModelRef("loop", LONG))
    window.show()
    composer.setFocus()
    for _ in range(3):
        QApplication.processEvents()
    yield composer
    settle()


def place_of(widget: QWidget, inside: QWidget) -> QRect:
    return QRect(widget.mapTo(inside, QPoint()), widget.size())


def cut_off(composer: Composer) -> list[str]:
    """The visible parts that reach out of the composer or are smaller than they can be."""
    found = []
    for widget in composer.findChildren(QWidget):
        if not widget.isVisible() or widget.parent() is composer.editor:
            continue
        least = widget.minimumSizeHint()
        small = widget.width() < least.width() or widget.height() < least.height()
        if small or not composer.rect().contains(place_of(widget, composer)):
            found.append(f"{type(widget).__name__} {widget.accessibleName()} {widget.geometry()} {least}")
    return found


def test_nothing_is_cut_off(composer: Composer) -> None:
    assert cut_off(composer) == []
    composer.set_draft(Draft(text="Words to send\n" * 3))
    composer.set_streaming(True)
    QApplication.processEvents()
    assert cut_off(composer) == []


def test_several_lanes_have_chips_that_do_not_lie_on_each_other(
    composer: Composer, run_async: Runner
) -> None:
    lanes = [(f"l{n}", "ABCD"[n], ModelRef("loop", LONG)) for n in range(4)]
    composer.set_lanes(lanes, "l0")
    QApplication.processEvents()
    assert cut_off(composer) == []
    chips = [place_of(chip, composer) for chip in composer.line.findChildren(Chip) if chip.isVisible()]
    chips.append(place_of(composer.line.add, composer))
    for number, one in enumerate(chips):
        assert not any(one.intersects(other) for other in chips[number + 1 :])
    shown = [chip for chip in composer.line.lanes.values() if chip.isVisible()]
    if composer.line.rest.isHidden():
        assert len(shown) == 4
        return
    assert shown == [composer.line.lanes["l0"]]
    assert composer.line.rest.accessibleName() == "3 more lanes"
    wanted: list[str] = []
    composer.line.lane_clicked.connect(wanted.append)
    QTest.mouseClick(composer.line.rest, Qt.MouseButton.LeftButton)
    (menu,) = composer.line.findChildren(QMenu)
    assert [action.text()[0] for action in menu.actions()] == ["B", "C", "D"]
    run_async(done(menu.actions()[1].trigger))
    menu.close()
    assert wanted == ["l2"]
    composer.set_lanes(lanes, "l2")
    assert [chip.isVisible() for chip in composer.line.lanes.values()] == [False, False, True, False]


def test_the_fields_of_a_prompt_are_as_wide_as_there_is_room(
    composer: Composer, services: Services, run_async: Runner
) -> None:
    services.templates.save("ask", Template(prompt="{{a_long_name_of_a_place}} {{b}}"))
    run_async(done(lambda: QTest.keyClicks(composer.editor, "/ask")))
    run_async(done(lambda: QTest.keyClick(composer.editor, Qt.Key.Key_Return)))
    for _ in range(3):
        QApplication.processEvents()
    assert composer.variables.names() == ("a_long_name_of_a_place", "b")
    for name in composer.variables.names():
        field = composer.variables.field(name)
        assert composer.variables.rect().contains(place_of(field, composer.variables)), name
        assert field.width() >= theme().scaled(48)


@pytest.mark.parametrize("sign", ["@", "/", "#"])
def test_the_list_never_leaves_the_window(
    composer: Composer, services: Services, run_async: Runner, sign: str
) -> None:
    for number in range(9):
        services.templates.save(f"prompt-{number}", Template(prompt="words " * 40))
        run_async(services.chat.new_conversation(title=f"A long title of a chat {number}"))
    for before in ("", "words " * 60):
        composer.set_draft(Draft(text=before))
        QApplication.processEvents()
        run_async(done(lambda: QTest.keyClicks(composer.editor, sign)))
        QApplication.processEvents()
        found = composer.completion.list
        if sign == "#" and found is None:
            continue
        assert found is not None
        window = composer.window()
        assert window.rect().contains(place_of(found.view, window))
        assert found.view.height() >= theme().control("palette-row")
        caret = composer.editor.viewport().mapTo(window, composer.editor.cursorRect().center())
        assert not place_of(found.view, window).contains(caret), "the words stay in sight"
        QTest.keyClick(composer.editor, Qt.Key.Key_Escape)


def test_words_that_wrap_leave_a_narrow_row_to_the_buttons(composer: Composer) -> None:
    composer.set_short(True)
    for _ in range(3):
        QApplication.processEvents()
    assert cut_off(composer) == []
    lowest = composer.height()
    assert composer.least_height(short=True) == lowest
    QTest.keyClicks(composer.editor, "words that need more than one row of their own ")
    QApplication.processEvents()
    assert cut_off(composer) == []
    assert composer.editor.hasFocus()
    assert composer.editor.width() >= theme().scaled(140)
    QTest.keyClick(composer.editor, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(composer.editor, Qt.Key.Key_Delete)
    for _ in range(3):
        QApplication.processEvents()
    assert composer.height() == lowest
