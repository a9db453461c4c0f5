"""The trash of the workbench: prompts, data sets and runs come back, or go for good."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from tests.ui.workbench.section_kit import Opened
from tests.ui.workbench.stored_runs import columns_of, stored, triage_cells, triage_rows

from chatbench.core.prompts import Prompt, PromptMessage
from chatbench.services import Services
from chatbench.ui.workbench.trash import WorkbenchTrash

Runner = Callable[[Coroutine[Any, Any, Any]], Any]
Do = Callable[[Callable[[], object]], None]
HELLO = Prompt(messages=(PromptMessage(text="Hello"),))


def shown(opened: Opened, do: Do) -> WorkbenchTrash:
    do(opened.window.commands["workbench.trash"].trigger)
    (dialog,) = opened.pane.findChildren(WorkbenchTrash)
    return dialog


def titles(dialog: WorkbenchTrash) -> list[str]:
    return [row.title for row in dialog.list.model_.rows]


def test_what_was_deleted_comes_back(opened: Opened, services: Services, run_async: Runner, do: Do) -> None:
    prompt = run_async(services.prompts.save(None, HELLO, name="Greeting")).prompt_id
    dataset = run_async(services.datasets.create("Names", (), ({"name": "Ada"},))).id
    run_async(services.prompts.delete(prompt))
    run_async(services.datasets.delete(dataset))
    dialog = shown(opened, do)
    assert titles(dialog) == ["Prompts", "Greeting", "Datasets", "Names"]
    assert dialog.list.current().title == "Greeting"
    do(dialog.restore.click)
    assert titles(dialog) == ["Datasets", "Names"]
    assert [one.name for one in run_async(services.prompts.entries())] == ["Greeting"]
    assert opened.pane.tabs.current() == f"prompt:{prompt}"
    do(lambda: QTest.keyClick(dialog.list, Qt.Key.Key_Return))
    assert [one.name for one in run_async(services.datasets.all())] == ["Names"]
    assert dialog.told.text() == "The trash is empty."
    assert not dialog.empty.isEnabled()
    do(dialog.reject)


def test_what_goes_for_good_is_asked_for_twice(
    opened: Opened, services: Services, run_async: Runner, do: Do
) -> None:
    for name in ("Names", "Places"):
        run_async(services.datasets.delete(run_async(services.datasets.create(name)).id))
    prompt = run_async(services.prompts.save(None, HELLO, name="Greeting")).prompt_id
    run_async(services.prompts.delete(prompt))
    run = run_async(stored(services, triage_rows(2), columns_of(["a/b"]), triage_cells(1)))
    run_async(services.runs.delete(run.id))
    dialog = shown(opened, do)
    assert [row.kind for row in dialog.list.model_.rows] == [
        "folder", "prompt", "head", "dataset", "dataset", "head", "run",
    ]  # fmt: skip
    do(lambda: dialog.list.setCurrentIndex(dialog.list.model_.index(4)))
    do(dialog.delete.click)
    assert dialog.delete.label() == "Yes, delete it for good"
    do(lambda: QTest.keyClick(dialog.list, Qt.Key.Key_Up))
    assert dialog.delete.label() == "Delete for good", "another one: nothing is asked for any more"
    do(dialog.delete.click)
    do(dialog.delete.click)
    assert [one.name for one in run_async(services.datasets.trashed())] == ["Places"]
    assert dialog.list.current().title == "Places", "the next one is marked"
    do(dialog.empty.click)
    assert dialog.empty.label() == "Delete all 3 for good"
    do(dialog.empty.click)
    assert run_async(services.datasets.trashed()) == []
    assert run_async(services.prompts.trashed()) == []
    assert run_async(services.runs.trashed()) == []
    assert titles(dialog) == []
    do(dialog.reject)
