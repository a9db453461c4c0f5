"""Files dropped on the list: configurations and plans are offered to be run, a table is shown first."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest
from PySide6.QtWidgets import QDialog
from tests.scenarios.window import until
from tests.ui.chat.quiet import until_quiet
from tests.ui.workbench.section_kit import Opened

from chatbench.core.checks import Check
from chatbench.core.runs import PlanModel
from chatbench.services import Services
from chatbench.services.prompts.exchange import kind_of
from chatbench.ui.workbench.datasets.importing import ImportDialog
from chatbench.ui.workbench.runs.newrun import NewRunDialog

Dialog = TypeVar("Dialog", bound=QDialog)
Runner = Callable[[Coroutine[Any, Any, Any]], Any]
Do = Callable[[Callable[[], object]], None]
FOO = """
description: Greetings
prompts: ["Hello {{name}}", "Good day {{name}}"]
providers: ["ollama:chat:tiny"]
tests:
  - vars: {name: Ann}
    assert: [{type: contains, value: Ann}]
  - vars: {name: Bob}
    assert: [{type: contains, value: Bob}]
  - vars: {name: Eve}
    assert: [{type: is-json}]
"""
PLAN = """
name = "Nightly"
models = ["ollama/tiny"]
[[prompts]]
text = "Say {{n}}"
[data]
rows = [{ n = "a" }]
[[checks]]
kind = "python"
value = "check.py"
"""


async def dropped(opened: Opened, paths: list[Path]) -> NewRunDialog:
    """The form that comes up for them."""
    opened.pane.sidebar.view.files_dropped.emit(paths)
    return await shown(opened, NewRunDialog)


async def shown(opened: Opened, kind: type[Dialog]) -> Dialog:
    def visible() -> list[Dialog]:
        return [one for one in opened.pane.findChildren(kind) if one.isVisible()]

    await until(visible, "the dialog")
    return visible()[0]


def test_a_configuration_of_promptfoo_becomes_runs_of_prompts_in_the_library(
    opened: Opened, services: Services, run_async: Runner, do: Do, tmp_path: Path
) -> None:
    do(opened.workbench.show)
    (tmp_path / "foo.yaml").write_text(FOO)

    async def offered() -> None:
        first = await dropped(opened, [tmp_path / "foo.yaml"])
        await first.asked()
        plan = first.plan()
        entries = await services.prompts.entries()
        assert {one.id for one in plan.prompts} == {one.id for one in entries}
        assert [one.prompt for one in plan.prompts] == [None, None]
        assert plan.models == (PlanModel(model="ollama/tiny"),)
        assert [row["name"] for row in plan.data.rows] == ["Ann", "Bob"]
        assert plan.checks == (Check(kind="contains", value="{{ check_1 }}"),)
        assert "1 of 2" in first.windowTitle()
        first.reject()
        await until_quiet()
        assert [one for one in opened.pane.findChildren(NewRunDialog) if one.isVisible()] == []

    run_async(offered())


def test_a_plan_is_offered_with_the_code_it_brings_along(
    opened: Opened, services: Services, run_async: Runner, do: Do, tmp_path: Path
) -> None:
    do(opened.workbench.show)
    (tmp_path / "nightly.toml").write_text(PLAN)
    (tmp_path / "check.py").write_text("def check(answer, row):\n    return True\n")
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n")

    async def offered() -> None:
        dialog = await dropped(opened, [tmp_path / "nightly.toml", tmp_path / "rows.csv"])
        await dialog.asked()
        assert [one.name for one in await services.datasets.all()] == ["rows"], (
            "it does not wait for the form"
        )
        assert dialog.plan().name == "Nightly"
        (card,) = dialog.form.consent.cards
        assert card.code.toPlainText().startswith("def check(answer, row):")
        assert await services.prompts.entries() == []
        dialog.reject()
        await until_quiet()

    run_async(offered())


def test_a_table_alone_is_looked_at_first(
    opened: Opened, services: Services, run_async: Runner, do: Do, tmp_path: Path
) -> None:
    do(opened.workbench.show)
    (tmp_path / "rows.csv").write_text("question,expected\na,b\nc,d\n")
    do(lambda: opened.pane.sidebar.view.files_dropped.emit([tmp_path / "rows.csv"]))
    dialog = run_async(shown(opened, ImportDialog))
    assert dialog.told.text() == "2 rows, 2 columns"
    assert not dialog.where.isVisible()
    assert run_async(services.datasets.all()) == []
    do(dialog.take.click)
    (dataset,) = run_async(services.datasets.all())
    assert opened.pane.open_keys() == [f"dataset:{dataset.id}"]


def test_a_folder_of_prompts_is_linked_and_one_of_other_files_is_a_table(
    opened: Opened, services: Services, run_async: Runner, do: Do, tmp_path: Path
) -> None:
    do(opened.workbench.show)
    repo = tmp_path / "repo"
    repo.mkdir()
    (repo / "pyproject.toml").write_text("[project]\n")
    assert kind_of(repo) == "table"
    (repo / "a.yaml").write_text("prompt: Hello\n")
    do(lambda: opened.pane.sidebar.view.files_dropped.emit([repo]))
    assert [one.path for one in run_async(services.prompts.entries())] == ["repo/a"]
    notice = opened.pane.window_.notices.shown()[-1]
    assert notice.text == "repo is linked: 1 prompt."
    assert notice.button is not None
    do(notice.button.click)
    assert repo not in run_async(services.prompts.folders())


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("a.toml", 'prompt = "Hello"', "prompts"),
        ("a.toml", 'prompts = ["Hello"]\nmodels = ["x/y"]', "plan"),
        ("a.toml", 'prompts = ["Hello"]\nproviders = ["openai:x"]', "prompts"),
        ("a.toml", "no toml", "prompts"),
        ("a.yml", "- anything", "prompts"),
        ("a.json", '{"prompts": [], "providers": []}', "prompts"),
        ("a.json", '[{"input": 1}]', "table"),
        ("a.csv", "a,b", "table"),
    ],
)
def test_a_file_tells_what_it_holds(tmp_path: Path, name: str, text: str, kind: str) -> None:
    (tmp_path / name).write_text(text)
    assert kind_of(tmp_path / name) == kind
