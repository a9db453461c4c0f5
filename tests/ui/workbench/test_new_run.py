"""The form of a new run: what it says of the plan, what it says of what is wrong, and its start."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from tests.loopback.server import LoopbackServer
from tests.services.conftest import loop
from tests.ui.chat.quiet import done
from tests.ui.workbench.runs_kit import Runner, prompt, shown, triage

from chatbench.core.checks import Check
from chatbench.core.prompts import Prompt
from chatbench.core.runs import PlanModel
from chatbench.services import Services
from chatbench.ui.workbench.runs import NewRunDialog
from chatbench.ui.workbench.runs.checkform import CheckDialog
from chatbench.ui.workbench.runs.planparts import read_grid, written_grid


@pytest.fixture
def dialog(services: Services, server: LoopbackServer, run_async: Runner) -> Iterator[NewRunDialog]:
    """Of a prompt in two versions, on a data set of two rows."""
    services.endpoints.save(loop(server))

    async def made() -> tuple[str, str]:
        first = await services.prompts.save(None, prompt("{{n}}"), name="Triage", folder="", note="one")
        model = Prompt(messages=prompt("{{n}} in {{language}}").messages, models=("loop/m",))
        await services.prompts.save(first.prompt_id, model, name="Triage", folder="", note="two")
        dataset = await services.datasets.create("Tickets", rows=[{"n": "a"}, {"n": "b"}])
        return first.prompt_id, dataset.id

    prompt_id, dataset_id = run_async(made())
    with shown(QWidget, run_async) as window:
        make = lambda: NewRunDialog(services, prompt_id, dataset_id=dataset_id, parent=window)  # noqa: E731
        with shown(make, run_async, (700, 800)) as found:
            yield found


def settle(dialog: NewRunDialog, run_async: Runner, do: Callable[[], object]) -> None:
    run_async(done(do))
    run_async(dialog.settled())


def test_it_begins_with_the_newest_version_and_says_what_is_missing(
    dialog: NewRunDialog, run_async: Runner
) -> None:
    run_async(dialog.settled())
    assert [one.planned.version for one in dialog.form.prompts.chosen()] == [2]
    assert list(dialog.form.values.fields) == ["language"]
    assert "language" in dialog.form.data.rows["data"].error()
    assert not dialog.start.isEnabled()
    settle(dialog, run_async, lambda: QTest.keyClicks(dialog.form.values.fields["language"], "German"))
    assert dialog.form.data.rows["data"].error() == ""
    assert dialog.told.text().startswith("2 calls · ≈ ")
    assert dialog.start.isEnabled()


def test_a_grid_multiplies_the_calls_and_a_wrong_one_is_told_at_the_models(
    dialog: NewRunDialog, run_async: Runner
) -> None:
    dialog.form.values.fields["language"].setText("German")
    settle(dialog, run_async, lambda: QTest.keyClicks(dialog.form.models.grids[0], "temperature 0, 0.5, 1"))
    assert dialog.plan().models == (PlanModel(model="loop/m", grid={"temperature": (0, 0.5, 1)}),)
    assert dialog.told.text().startswith("6 calls")
    settle(dialog, run_async, lambda: dialog.form.models.grids[0].setText("warmth 3"))
    assert "warmth" in dialog.form.models.problem.text()
    assert not dialog.start.isEnabled()


def test_a_model_nobody_knows_is_told_at_the_models(dialog: NewRunDialog, run_async: Runner) -> None:
    line = dialog.form.models.choice.lineEdit()
    assert line is not None

    def add() -> None:
        QTest.keyClicks(line, "nobody/x")
        QTest.keyClick(line, Qt.Key.Key_Return)

    settle(dialog, run_async, add)
    assert [one.model for one in dialog.plan().models] == ["loop/m", "nobody/x"]
    assert "nobody" in dialog.form.rows["models"].error()


def test_a_budget_that_is_no_number_is_told_at_its_field(dialog: NewRunDialog, run_async: Runner) -> None:
    settle(dialog, run_async, lambda: QTest.keyClicks(dialog.form.limits.budget, "much"))
    assert "much" in dialog.form.limits.rows["budget"].error()
    assert not dialog.start.isEnabled()


def test_start_begins_the_run(
    dialog: NewRunDialog, services: Services, server: LoopbackServer, run_async: Runner
) -> None:
    server.script(triage("low"), triage("low"))
    begun: list[str] = []
    dialog.started.connect(begun.append)
    settle(dialog, run_async, lambda: dialog.form.values.fields["language"].setText("German"))
    run_async(done(dialog.start.click))
    run = run_async(services.runs.wait(begun[0]))
    assert (run.done, run.plan.name) == (2, "Triage")
    said = sorted(asked.json["messages"][-1]["content"] for asked in server.asked)
    assert said == ["a in German", "b in German"]


def test_a_check_is_made_from_the_form_of_its_kind(dialog: NewRunDialog, run_async: Runner) -> None:
    opened: list[CheckDialog] = []
    run_async(done(lambda: opened.append(dialog.form.checks.edit(None))))
    (form,) = opened

    def fill() -> None:
        form.kind.setCurrentIndex(form.kind.findData("length"))
        QTest.keyClicks(form.fields["option.max"].widget, "x")
        form.save.click()

    run_async(done(fill))
    assert form.isVisible(), "x is no number"
    field = form.fields["option.max"].widget

    def mend() -> None:
        QTest.keyClick(field, Qt.Key.Key_Backspace)
        QTest.keyClicks(field, "80")
        form.negate.click()
        form.save.click()

    settle(dialog, run_async, mend)
    assert dialog.form.checks.checks == (Check(kind="length", options={"max": 80}, negate=True),)


def test_checks_are_tried_on_the_answers_that_are_there(
    dialog: NewRunDialog, services: Services, server: LoopbackServer, run_async: Runner
) -> None:
    server.script(triage("low"), triage("high"))
    begun: list[str] = []
    dialog.started.connect(begun.append)
    settle(dialog, run_async, lambda: dialog.form.values.fields["language"].setText("German"))
    run_async(done(dialog.start.click))
    run_async(services.runs.wait(begun[0]))
    dialog.form.checks.set_checks([Check(kind="contains", value="high", name="says high")])
    run_async(done(dialog.form.checks.try_button.click))
    assert dialog.form.checks.told.text() == "On the 2 answers of run 1:\nsays high passes 1"
    assert len(server.asked) == 2


def test_grids_read_back_as_they_were_written() -> None:
    grid = read_grid("temperature 0, 0.5; reasoning_effort=low, high")
    assert grid == {"temperature": (0, 0.5), "reasoning_effort": ("low", "high")}
    assert read_grid(written_grid(grid)) == grid
