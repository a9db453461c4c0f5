"""The workbench as a section of the window: its list, its tabs, and what is done with both."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit
from tests.ui.chat.quiet import until_quiet
from tests.ui.workbench.section_kit import Opened

from chatbench.core.prompts import Prompt, PromptMessage
from chatbench.services import Services
from chatbench.ui.workbench.arrangement import WorkbenchPlace
from chatbench.ui.workbench.pane import WorkbenchPane
from chatbench.ui.workbench.prompts.page import PromptPage
from chatbench.ui.workbench.runs.newrun import NewRunDialog

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

Runner = Callable[[Coroutine[Any, Any, Any]], Any]
Do = Callable[[Callable[[], object]], None]
HELLO = Prompt(messages=(PromptMessage(text="Say hello to {{name}}"),))


def saved(services: Services, run_async: Runner, name: str, folder: str = "") -> str:
    return str(run_async(services.prompts.save(None, HELLO, name=name, folder=folder)).prompt_id)


def titles(pane: WorkbenchPane) -> list[str]:
    return [row.title for row in pane.sidebar.view.rows()]


def undo(pane: WorkbenchPane) -> None:
    button = pane.window_.notices.shown()[-1].button
    assert button is not None
    button.click()


def test_nothing_of_it_is_made_before_it_is_shown(opened: Opened) -> None:
    assert opened.workbench._pane is None
    assert opened.workbench.place() == WorkbenchPlace()


def test_prompts_are_listed_by_folder_and_opened_in_tabs(
    opened: Opened, services: Services, run_async: Runner, do: Do
) -> None:
    saved(services, run_async, "Expense", "Finance")
    first = saved(services, run_async, "Hello")
    do(opened.workbench.show)
    pane = opened.pane
    assert titles(pane) == ["Prompts", "Hello", "Finance", "Expense"]
    pane.sidebar.view.setFocus()
    pane.sidebar.view.set_current(f"prompt:{first}")
    do(lambda: QTest.keyClick(pane.sidebar.view, Qt.Key.Key_Return))
    assert [tab.title for tab in pane.tabs.tabs()] == ["Hello"]
    assert pane.prompt_in_view() == first


def test_what_was_open_is_open_again_and_what_is_gone_is_not(
    services: Services, run_async: Runner, do: Do, qtbot: QtBot
) -> None:
    one, other = saved(services, run_async, "One"), saved(services, run_async, "Other")
    was = WorkbenchPlace(
        tabs=(f"prompt:{one}", "prompt:gone", f"prompt:{other}"), current=f"prompt:{other}", arrangement="run"
    )
    made = Opened(services, was)
    qtbot.addWidget(made.window)
    assert made.workbench.place() == was
    do(made.workbench.show)
    pane = made.pane
    assert pane.place() == WorkbenchPlace(
        tabs=(f"prompt:{one}", f"prompt:{other}"), current=f"prompt:{other}", arrangement="run"
    )


def test_a_prompt_is_made_named_moved_deleted_and_taken_back(
    opened: Opened, services: Services, run_async: Runner, do: Do
) -> None:
    do(opened.workbench.show)
    pane = opened.pane
    do(pane.sidebar.new_button.click)
    key = pane.open_keys()[0]
    view = pane.sidebar.view
    view.setFocus()
    view.set_current(key)
    QTest.keyClick(view, Qt.Key.Key_F2)
    field = view.findChild(QLineEdit)
    assert field is not None
    field.setText("Triage")
    do(lambda: QTest.keyClick(field, Qt.Key.Key_Return))
    assert [tab.title for tab in pane.tabs.tabs()] == ["Triage"]
    run_async(pane.filing.move(key.partition(":")[2], "Support"))
    do(pane.sidebar.refresh)
    assert titles(pane) == ["Support", "Triage"]
    view.set_current(key)
    do(lambda: QTest.keyClick(view, Qt.Key.Key_Delete))
    assert pane.open_keys() == []
    assert run_async(services.prompts.entries()) == []
    do(lambda: undo(pane))
    assert pane.open_keys() == [key]
    assert [one.path for one in run_async(services.prompts.entries())] == ["Support/Triage"]


def test_a_prompt_dropped_on_a_folder_moves_there(
    opened: Opened, services: Services, run_async: Runner, do: Do
) -> None:
    saved(services, run_async, "Expense", "Finance")
    hello = saved(services, run_async, "Hello")
    do(opened.workbench.show)
    pane = opened.pane
    view = pane.sidebar.view
    view.resize(240, 300)
    place = [row.key for row in view.rows()].index(f"prompt:{hello}")
    held = view.visualRect(view.model().index(place, 0)).center()
    folder = view.visualRect(view.model().index(2, 0)).center()
    QTest.mousePress(view.viewport(), Qt.MouseButton.LeftButton, pos=held)
    QTest.mouseMove(view.viewport(), folder)
    do(lambda: QTest.mouseRelease(view.viewport(), Qt.MouseButton.LeftButton, pos=folder))
    assert run_async(services.prompts.get(hello)).folder == "Finance"


def test_control_w_closes_the_tab_in_view(
    opened: Opened, services: Services, run_async: Runner, do: Do
) -> None:
    do(opened.workbench.show)
    hello = saved(services, run_async, "Hello")
    do(lambda: opened.pane.open_prompt(hello))
    view = opened.pane.current_view()
    assert view is not None
    do(lambda: QTest.keyClick(view, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier))
    assert opened.pane.open_keys() == []


def test_files_are_taken_in_as_what_they_are(
    opened: Opened, services: Services, run_async: Runner, do: Do, tmp_path: Path
) -> None:
    do(opened.workbench.show)
    pane = opened.pane
    written = {
        "greet.toml": 'prompt = "Hello {{name}}"\n',
        "openai.json": '{"messages": [{"role": "user", "content": "Hi"}]}',
        "rows.csv": "input,expected\na,b\n",
        "rows.json": '[{"input": "a"}]',
        "broken.xlsx": "no workbook",
    }
    for name, text in written.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "first.txt").write_text("Dear Ada")
    dropped = [tmp_path / name for name in (*written, "letters")]
    do(lambda: pane.sidebar.view.files_dropped.emit(dropped))
    assert sorted(one.name for one in run_async(services.prompts.entries())) == ["greet", "openai"]
    assert sorted(one.name for one in run_async(services.datasets.all())) == ["letters", "rows", "rows 2"]
    assert len(pane.open_keys()) == 5
    assert [one.text.startswith("broken.xlsx:") for one in pane.window_.notices.shown()] == [True]


def test_a_prompt_is_exported_in_the_format_that_was_asked_for(
    opened: Opened, services: Services, run_async: Runner, do: Do, tmp_path: Path
) -> None:
    hello = saved(services, run_async, "Hello")
    do(opened.workbench.show)
    run_async(opened.pane.taking.write(hello, tmp_path / "hello.yaml", "yaml"))
    assert "Say hello to {{name}}" in (tmp_path / "hello.yaml").read_text()


def test_an_empty_folder_stays_until_it_is_removed(opened: Opened, do: Do) -> None:
    do(opened.workbench.show)
    pane = opened.pane
    pane.sidebar.folders.add("Later")
    do(pane.sidebar.refresh)
    assert titles(pane) == ["Later"]
    assert opened.workbench.place().folders == ("Later",)
    do(lambda: pane.filing.delete(pane.sidebar.view.rows()[0]))
    assert titles(pane) == []
    assert pane.sidebar.empty.text()


def test_words_find_prompts_by_their_text(
    opened: Opened, services: Services, run_async: Runner, do: Do
) -> None:
    saved(services, run_async, "One")
    other = Prompt(messages=(PromptMessage(text="Count the sheep"),))
    run_async(services.prompts.save(None, other, name="Two"))
    do(opened.workbench.show)
    pane = opened.pane
    do(lambda: QTest.keyClicks(pane.sidebar.search, "sheep"))
    assert titles(pane) == ["Prompts", "Two"]
    do(lambda: QTest.keyClicks(pane.sidebar.search, "nowhere"))
    assert pane.sidebar.empty.text() == "Nothing found."


def test_a_run_is_planned_for_the_prompt_in_view(
    opened: Opened, services: Services, run_async: Runner, do: Do
) -> None:
    do(opened.workbench.show)
    pane = opened.pane
    do(pane.run_on_dataset)
    assert "Open the prompt" in pane.window_.notices.shown()[-1].text
    hello = saved(services, run_async, "Hello")
    do(lambda: pane.open_prompt(hello))
    page = pane.current_view()
    assert isinstance(page, PromptPage)

    async def planned() -> None:
        page.editor.run_dataset.click()
        await asyncio.sleep(0)
        dialog = pane.findChild(NewRunDialog)
        assert dialog is not None
        assert dialog.isVisible()
        dialog.reject()
        await until_quiet()

    run_async(planned())
    assert pane.open_keys() == [f"prompt:{hello}"]
