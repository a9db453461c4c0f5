"""Files taken in, written out, and rows by a model: all shown before anything is changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLineEdit
from tests.harness.waiting import until
from tests.loopback import openai_chat, replies
from tests.loopback.server import LoopbackServer
from tests.ui.chat.quiet import until_quiet
from tests.ui.workbench.datasets.conftest import CITIES, Bench

from chatbench.core.datasets import DataColumn
from chatbench.core.endpoints import Endpoint
from chatbench.core.models import ModelInfo, ModelRef
from chatbench.services.notices import Notice
from chatbench.ui.workbench.datasets.generating import GenerateDialog
from chatbench.ui.workbench.datasets.importing import ImportDialog

MODEL = ModelRef("loop", "writer")


def taken(bench: Bench, path: Path) -> ImportDialog:
    """The dialog for a file that was dropped."""
    bench.do(lambda: bench.view.import_files([path]))
    (dialog,) = [one for one in bench.view.findChildren(ImportDialog) if one.isVisible()]
    return dialog


def test_a_ragged_file_is_told_and_its_rows_are_added(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "more.csv"
    path.write_text("city,people\nRome,5\nLyon,6,7\nUlm\n")
    view = bench.open().view
    dialog = taken(bench, path)
    assert dialog.told.text() == "3 rows, 3 columns"
    assert (
        dialog.notes.toPlainText() == "Line 3 has 3 cells for 2 columns.\nLine 4 has 1 cells for 2 columns."
    )
    assert bench.values() == CITIES
    bench.do(lambda: dialog.ragged.setCurrentIndex(1))
    assert dialog.told.text() == "1 rows, 2 columns"
    bench.do(dialog.take.click)
    assert bench.values()[3:] == [{"city": "Rome", "people": 5}]
    assert view.model.dataset.undoes == "Add row"


def test_a_file_becomes_a_data_set_of_its_own(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "rivers.jsonl"
    path.write_text('{"river": "Po"}\n{"river": "Inn"}\n')
    view = bench.open().view
    made: list[str] = []
    view.opened.connect(made.append)
    dialog = taken(bench, path)
    assert not dialog.header.isVisible()
    dialog.where.set_current("new")
    dialog.where.changed.emit("new")
    assert dialog.name.text() == "rivers"
    bench.do(dialog.take.click)
    found = bench.run(bench.services.datasets.get(made[0]))
    assert (found.name, found.rows) == ("rivers", 2)
    assert bench.values() == CITIES


def test_what_cannot_be_read_says_why(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text("{")
    bench.open()
    dialog = taken(bench, path)
    assert "bad.json" in dialog.told.text()
    assert not dialog.take.isEnabled()
    dialog.reject()


def test_reading_that_is_given_up_leaves_nothing(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("n\n" + "1\n" * 20_000)
    bench.open()

    async def work() -> None:
        bench.view.import_files([path])
        (dialog,) = bench.view.findChildren(ImportDialog)
        assert dialog.busy
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
        await until_quiet()

    bench.run(work())
    assert [one.name for one in bench.run(bench.services.datasets.all())] == ["Cities"]


def test_a_data_set_is_written_to_a_file(bench: Bench, tmp_path: Path) -> None:
    view = bench.open(columns=(), rows=[{"a": "=1"}]).view
    said: list[Notice] = []
    bench.services.notifier.listen(said.append)

    async def work() -> None:
        view.actions_by_name["export"].trigger()
        await until(lambda: view.window().findChild(QFileDialog), "the dialog")
        dialog = view.window().findChild(QFileDialog)
        assert dialog is not None
        dialog.setDirectory(str(tmp_path))
        field = dialog.findChild(QLineEdit, "fileNameEdit")
        assert isinstance(field, QLineEdit)
        field.setText("out.csv")
        dialog.accept()
        await until_quiet()

    bench.run(work())
    assert (tmp_path / "out.csv").read_text() == "a\n'=1\n"
    assert (said[-1].text, "looked like formulas" in said[-1].hint) == ("out.csv written", True)


@pytest.fixture
def writer(bench: Bench, server: LoopbackServer) -> LoopbackServer:
    """A model that can be asked for rows, and is the usual one."""
    endpoint = Endpoint(
        id="loop", name="Loop", wire="openai_chat", base_url=server.base_url("openai_chat"), auth="none",
        rows=(ModelInfo(ref=MODEL, name="Writer", source="user"),),
    )  # fmt: skip
    bench.do(lambda: bench.services.endpoints.save(endpoint))
    bench.services.models.set_default(MODEL)
    return server


def writes(server: LoopbackServer, *rows: dict[str, Any]) -> None:
    server.script(replies.data(openai_chat.whole({"content": json.dumps({"items": rows})})))


def test_rows_by_a_model_are_ticked_before_they_are_added(bench: Bench, writer: LoopbackServer) -> None:
    view = bench.open(columns=(DataColumn(name="city"),), rows=[{"city": "Oslo"}]).view
    writes(writer, {"city": "Rome"}, {"city": "oslo"}, {"city": "Lyon"})
    bench.at(0, 0)
    bench.do(view.buttons[1].click)
    (dialog,) = view.findChildren(GenerateDialog)
    assert dialog.model.label() == "Writer"
    assert dialog.with_examples.isVisible()
    dialog.count.setValue(3)
    dialog.instructions.setPlainText("By the sea.")
    bench.do(dialog.ask.click)
    assert dialog.told.text() == "3 rows, price unknown · 1 are there already"
    assert dialog.add.label() == "Add 2 rows"
    assert bench.values() == [{"city": "Oslo"}]
    index = dialog.rows.index(2, 0)
    dialog.rows.setData(index, Qt.CheckState.Unchecked.value, Qt.ItemDataRole.CheckStateRole)
    assert dialog.add.label() == "Add 1 row"
    bench.do(dialog.add.click)
    assert bench.values() == [{"city": "Oslo"}, {"city": "Rome"}]
    asked = writer.asked[-1].json["messages"][1]["content"]
    assert "By the sea." in asked
    assert '{"city":"Oslo"}' in asked


def test_a_model_that_fails_says_so(bench: Bench, writer: LoopbackServer) -> None:
    view = bench.open(columns=(DataColumn(name="city"),), rows=[{"city": "Oslo"}]).view
    writer.script(replies.data({"error": {"message": "no such model", "code": "model_not_found"}}, 404))
    bench.do(view.generate)
    (dialog,) = view.findChildren(GenerateDialog)
    bench.do(dialog.ask.click)
    assert "no such model" in dialog.told.text() or "model" in dialog.told.text()
    assert dialog.ask.label() == "Generate"
    assert not dialog.add.isEnabled()
    dialog.reject()
