"""A prompt written, tried on the rows of a data set, saved and run, by keys alone in the whole window."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QWidget
from tests.loopback import openai_chat, replies
from tests.loopback.server import LoopbackServer
from tests.scenarios.window import Run, add_loopback, opened, press, until

from chatbench.ui.workbench.naming import NameDialog
from chatbench.ui.workbench.pane import WorkbenchPane
from chatbench.ui.workbench.prompts.page import PromptPage
from chatbench.ui.workbench.runs import NewRunDialog

Widget = TypeVar("Widget", bound=QWidget)
CONTROL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier


async def the_open(kind: type[Widget]) -> Widget:
    """The dialog or menu of that kind that is in view."""

    def found() -> list[Widget]:
        return [one for one in QApplication.topLevelWidgets() if isinstance(one, kind) and one.isVisible()]

    await until(found, kind.__name__)
    return found()[-1]


async def taken(window: QWidget, words: str) -> None:
    """Goes down the menu that is open, to an entry, and takes it. No window manager is there to give the
    keyboard back to the window."""
    menu = await the_open(QMenu)
    press(menu, Qt.Key.Key_Down)
    while menu.activeAction().text() != words:
        press(menu, Qt.Key.Key_Down)
    press(menu, Qt.Key.Key_Return)
    await until(lambda: not menu.isVisible(), "the menu to close")
    window.activateWindow()


def tab_to(window: QWidget, name: str) -> QWidget:
    """Presses Tab until the keyboard is at what is called so."""
    for _ in range(60):
        focus = QApplication.focusWidget()
        if focus is not None and focus.accessibleName().startswith(name):
            return focus
        press(focus or window, Qt.Key.Key_Tab)
    raise AssertionError(f"Tab does not come to {name!r}")


def test_a_prompt_is_written_tried_on_rows_saved_and_run_by_keys(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            window, services = session.window, session.services
            add_loopback(session, server.base_url("openai_chat"))
            await services.datasets.create("Tickets", (), ({"text": "Lost"}, {"text": "Late"}))
            window.activateWindow()
            press(window, Qt.Key.Key_2, CONTROL)
            window.commands["workbench.new_prompt"].trigger()
            pane = window.show_section("workbench").main
            assert isinstance(pane, WorkbenchPane)
            await until(lambda: isinstance(pane.current_view(), PromptPage), "the page")
            page = pane.current_view()
            assert isinstance(page, PromptPage)
            await until(lambda: page.is_ready, "its words")
            words = tab_to(window, "Words of the message: User")
            QTest.keyClicks(words, "Sort this: {{ticket}}")
            await until(lambda: page.editor.count.text() == "1 variable", "the variable")
            press(tab_to(window, "Data set beside the prompt"), Qt.Key.Key_Space)
            await taken(window, "Tickets")
            await until(lambda: page.data.dataset is not None, "the data set")
            assert page.editor.variables.missing() == {"ticket"}
            press(tab_to(window, "Type, default and column of ticket"), Qt.Key.Key_Space)
            await taken(window, "Column text")
            source = page.editor.variables.source("ticket")
            assert source is not None
            await until(source.hasFocus, "the keyboard at the column")
            assert source.shown() == "Lost"
            press(source, Qt.Key.Key_PageDown, ALT)
            await until(lambda: source.shown() == "Late", "the next row")
            server.told["model-a"] = replies.events(
                openai_chat.answer(openai_chat.pieces("delivery"), model="model-a")
            )
            page.running.choose_models(["loopback/model-a"])
            press(tab_to(window, "Run once"), Qt.Key.Key_Return)
            await until(lambda: [one for one in page.beside.trials if one.is_over], "the answer")
            assert server.asked[-1].json["messages"][-1]["content"] == "Sort this: Late"
            assert page.beside.trials[0].text() == "delivery"
            press(page.editor, Qt.Key.Key_S, CONTROL)
            note = await the_open(NameDialog)
            QTest.keyClicks(note.field, "sorts tickets")
            press(note.field, Qt.Key.Key_Return)
            await until(lambda: not page.is_changed, "the version")
            window.activateWindow()
            saved = await services.prompts.version(page.prompt_id)
            assert (saved.note, saved.prompt.columns) == ("sorts tickets", {"ticket": "text"})
            press(tab_to(window, "Run on a dataset…"), Qt.Key.Key_Return)
            dialog = await the_open(NewRunDialog)
            await dialog.asked()
            await dialog.settled()
            assert dialog.forecast is not None
            assert (dialog.forecast.rows, dialog.forecast.problems) == (2, ()), "the rows beside the prompt"
            press(dialog, Qt.Key.Key_Escape)
            await until(lambda: not dialog.isVisible(), "the dialog to close")

    run_async(scenario())
