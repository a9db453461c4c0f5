"""A run from its beginning to its file, by keys and mouse in the whole window."""

from __future__ import annotations

import asyncio
import csv
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QMenu, QWidget
from tests.loopback.replies import Reply
from tests.loopback.server import LoopbackServer
from tests.scenarios.window import PATIENCE_S, Run, add_loopback, click, opened, press, until
from tests.services.batched import batched, jobs_at, prepare, taken

from chatbench.core.prompts import Prompt, PromptMessage
from chatbench.core.runs import CellKey
from chatbench.ui.session import Session
from chatbench.ui.workbench.pane import WorkbenchPane
from chatbench.ui.workbench.prompts.page import PromptPage
from chatbench.ui.workbench.runs import NewRunDialog, RunView
from chatbench.ui.workbench.runs.checkform import CheckDialog

Widget = TypeVar("Widget", bound=QWidget)
MODELS = ("loopback/model-a", "loopback/model-b")
ROWS = 4
CELLS = 2 * ROWS


class Patient(LoopbackServer):
    """Answers nothing before it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self._gate = asyncio.Event()

    def let_go(self) -> None:
        self._loop.call_soon_threadsafe(self._gate.set)

    async def _send(self, reply: Reply, writer: asyncio.StreamWriter) -> bool:
        await self._gate.wait()
        return await super()._send(reply, writer)


async def the_open(kind: type[Widget]) -> Widget:
    """The dialog or menu of that kind that is in view."""

    def found() -> list[Widget]:
        return [one for one in QApplication.topLevelWidgets() if isinstance(one, kind) and one.isVisible()]

    await until(found, kind.__name__)
    return found()[-1]


async def chosen(menu_of: QWidget, words: str) -> None:
    """Opens a menu by its button and takes an entry by keys, through those inside of others."""
    click(menu_of)
    menu = await the_open(QMenu)
    for name in words.split(" / "):
        press(menu, Qt.Key.Key_Down)
        while not menu.activeAction().text().startswith(name):
            press(menu, Qt.Key.Key_Down)
        inner = menu.activeAction().menu()
        press(menu, Qt.Key.Key_Return)
        if isinstance(inner, QMenu):
            await until(inner.isVisible, "the inner menu")
            menu = inner


async def begun(session: Session) -> RunView:
    """A run of two columns on four rows, one cell at once, with a check."""
    services = session.services
    prompt = Prompt(messages=(PromptMessage(text="Ticket {{n}}"),), models=MODELS)
    saved = await services.prompts.save(None, prompt, name="Triage")
    await services.datasets.create("Tickets", rows=[{"n": f"ticket {at}"} for at in range(ROWS)])
    pane = session.window.show_section("workbench").main
    assert isinstance(pane, WorkbenchPane)
    pane.open_prompt(saved.prompt_id)

    def page() -> PromptPage | None:
        found = pane.current_view()
        return found if isinstance(found, PromptPage) and found.is_ready else None

    await until(page, "the prompt")
    shown = page()
    assert shown is not None
    click(shown.editor.run_dataset)
    dialog = await the_open(NewRunDialog)
    await dialog.asked()
    source = dialog.form.data.source
    while source.currentText().partition(" ")[0] != "Tickets":
        press(source, Qt.Key.Key_Down)
    click(dialog.form.checks.add_button)
    check = await the_open(CheckDialog)
    QTest.keyClicks(check.fields["value"].widget, "low")
    click(check.save)
    at_once = dialog.form.limits.at_once
    at_once.setFocus()
    QTest.keyClicks(at_once, "1")
    await until(dialog.start.isEnabled, "the forecast")
    await dialog.settled()
    click(dialog.start)
    await until(lambda: shown.findChildren(RunView), "the run beside the prompt")
    (view,) = shown.findChildren(RunView)
    await until(lambda: view.run is not None and view.is_live, "its cells")
    return view


def test_a_run_is_made_watched_paused_read_rated_compared_and_written(tmp_path: Path, run_async: Run) -> None:
    async def scenario(server: Patient) -> None:
        async with opened(tmp_path / "profile") as session:
            session.window.resize(1400, 860)
            session.window.activateWindow()
            add_loopback(session, server.base_url("openai_chat"))
            server.words, server.pace = ["low, ", *["and so on "] * 15], 20.0
            view = await begun(session)
            server.let_go()
            await until(lambda: any(view.shown(key).text for key in view._model.writing()), "words")
            click(view.head.pause)
            await until(lambda: view.head.reason.text() == "Paused by you", "the pause")
            assert view.head.resume.isVisible()
            before = len(server.asked)
            assert 0 < before < CELLS
            assert view.head.done.words.text() == f"{before} done"
            server.words, server.pace = ["high"], 0.0
            click(view.head.resume)
            await until(lambda: view.head.done.words.text() == f"{CELLS} done", "the end")
            assert len(server.asked) == CELLS, "nothing is asked twice"
            await until(lambda: not view.is_live, "the rest of it")
            cells = await session.services.runs.cells(view.id)
            low = ["low" in cell.text for cell in cells]
            assert 0 < sum(low) < CELLS, "some are right and some are not"
            await read(session, view, low)
            await compared_and_written(view, low, tmp_path / "run.csv")

    patient = Patient()
    with patient:
        run_async(scenario(patient))


async def read(session: Session, view: RunView, low: list[bool]) -> None:
    """A cell is opened by the mouse and rated by a key; the rows that failed are filtered."""
    grid, last = view.grid, CellKey(ROWS - 1, 1)
    spot = grid.visualRect(view._model.at(last)).center()
    QTest.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    QTest.mouseDClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    await until(lambda: view.panel.cell is not None and view.panel.cell.key == last, "the cell")
    press(grid, Qt.Key.Key_2)
    await until(lambda: view.panel.rating.marks[2].isChecked(), "the rating")
    (cell,) = await session.services.runs.cells(view.id, [last])
    assert (cell.passed, cell.rating) == (low[-1], 2)
    press(grid, Qt.Key.Key_Escape)
    assert not view.panel.isVisible()
    click(view.foot.failed)
    failed = [row for row in range(ROWS) if not all(low[2 * row : 2 * row + 2])]
    await until(lambda: view.foot.rows.text() == f"{len(failed)} of {ROWS} rows", "the rows that failed")
    assert view.rows_shown() == failed
    click(view.foot.failed)
    await until(lambda: view.rows_shown() is None, "all rows")


async def compared_and_written(view: RunView, low: list[bool], path: Path) -> None:
    """The second column beside the first, in words; then everything as a table."""
    await chosen(view.head.compare, "Triage v1 · loopback/model-b")
    await until(view.comparison.isVisible, "the comparison")
    pairs = list(zip(low[::2], low[1::2], strict=True))
    came = {
        row: "better" if second else "worse" for row, (first, second) in enumerate(pairs) if first != second
    }
    assert view._model.changed_rows == came
    assert ("the same on 4 rows" in view.comparison.words.text()) == (not came)
    await chosen(view.head.more, "Export / CSV")
    dialog = await the_open(QFileDialog)
    line = dialog.findChild(QLineEdit)
    assert line is not None
    line.setText(str(path))
    press(line, Qt.Key.Key_Return)
    await until(path.exists, "the file")
    await until(lambda: len(path.read_text("utf-8").splitlines()) > CELLS, "its lines")
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert ["low" in line["answer"] for line in lines] == low
    assert [line["rating"] for line in lines] == [""] * (CELLS - 1) + ["2"]


def test_a_run_whose_answers_came_while_the_program_was_closed_takes_them_at_the_next_start(
    run_async: Run, tmp_path: Path, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            started = await prepare(session.services, server).runs.start(batched(3))
            await taken(server)
        for job in jobs_at(server):
            server.batches.finish(job)
        async with opened(tmp_path) as session:
            async with asyncio.timeout(PATIENCE_S):
                ended = await session.services.runs.get(started.id)
                while ended.state != "done":
                    await asyncio.sleep(0.01)
                    ended = await session.services.runs.get(started.id)
            assert ended.done == 3
        assert len(jobs_at(server)) == 1

    run_async(scenario())
