"""A plan in the form: one from elsewhere with all that it says, code that wants consent, batch prices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot
from tests.loopback.server import LoopbackServer
from tests.services.conftest import loop
from tests.ui.chat.quiet import done
from tests.ui.workbench.runs_kit import Runner, prompt, shown, triage

from chatbench.core.checks import Check
from chatbench.core.datasets import RowSelection
from chatbench.core.params import Parameters
from chatbench.core.runs import Plan, PlanData, PlanLimits, PlanModel, PlanPrompt, PlanUser
from chatbench.services import Services
from chatbench.services.runs import Forecast
from chatbench.ui.workbench.runs import NewRunDialog
from chatbench.ui.workbench.runs.consent import revealed
from chatbench.ui.workbench.runs.forecastwords import batch_words, forecast_words
from chatbench.ui.workbench.runs.planlimits import AmountField

CODE = 'def check(answer, row):\n    return "low" in answer\n'
PLAN = Plan(
    name="Tickets",
    prompts=(
        PlanPrompt(prompt=prompt("{{n}} in {{language}}"), name="first", values={"language": "German"}),
        PlanPrompt(prompt=prompt("Again: {{before}}"), name="second", outputs_of={"before": "first"}),
    ),
    data=PlanData(rows=({"n": "a"}, {"n": "b"}, {"n": "c"}), select=RowSelection(sample=2, seed=7)),
    models=(PlanModel(model="loop/m", parameters=Parameters(top_p=0.5), grid={"temperature": (0, 1)}),),
    checks=(Check(kind="python", value=CODE, name="low"), Check(kind="contains", value="low")),
    repeats=2,
    threshold=0.5,
    user=PlanUser(says=("Shorter.",)),
    limits=PlanLimits(concurrent=2, timeout=9.0, tokens_per_minute=5_000_000, budget=Decimal("2.50")),
    cache=True,
)


@pytest.fixture
def dialog(services: Services, server: LoopbackServer, run_async: Runner) -> Iterator[NewRunDialog]:
    """Of the plan above."""
    services.endpoints.save(loop(server))
    with shown(QWidget, run_async) as window:

        def make() -> NewRunDialog:
            return NewRunDialog(services, plan=PLAN, origin="From tickets.toml.", parent=window)

        with shown(make, run_async, (700, 900)) as found:
            yield found


def settle(dialog: NewRunDialog, run_async: Runner, do: Callable[[], object] = lambda: None) -> None:
    run_async(done(do))
    run_async(dialog.settled())


def test_a_plan_from_elsewhere_is_run_as_it_says(
    dialog: NewRunDialog, services: Services, run_async: Runner
) -> None:
    settle(dialog, run_async)
    assert dialog.plan() == PLAN
    assert dialog.form.values.fields == {}, "the plan fills its variables"
    assert "1 scripted" in dialog.form.user.text()


def test_code_is_shown_with_its_origin_and_nothing_starts_before_it_is_allowed(
    dialog: NewRunDialog, services: Services, run_async: Runner
) -> None:
    settle(dialog, run_async)
    assert not dialog.start.isEnabled()
    (card,) = dialog.form.consent.cards
    assert card.code.toPlainText() == CODE
    assert "From tickets.toml." in [label.text()[:18] for label in card.findChildren(type(dialog.told))]
    assert not services.checking.is_allowed(CODE)
    settle(dialog, run_async, card.allow.click)
    assert services.checking.is_allowed(CODE)
    assert dialog.form.consent.cards == []
    assert dialog.start.isEnabled()


def test_other_code_is_asked_about_again_and_can_be_left_out(
    dialog: NewRunDialog, services: Services, run_async: Runner
) -> None:
    settle(dialog, run_async, lambda: services.checking.allow(CODE))
    changed = Check(kind="python", value=CODE.replace("low", "high"), name="high")
    settle(dialog, run_async, lambda: dialog.form.checks.set_checks([PLAN.checks[0], changed]))
    (card,) = dialog.form.consent.cards
    assert "high" in card.code.toPlainText()
    settle(dialog, run_async, card.leave_out.click)
    assert dialog.plan().checks == (PLAN.checks[0],)
    assert dialog.start.isEnabled()


def test_signs_that_hide_what_code_does_are_written_out() -> None:
    assert revealed("a\t= 1\r\n# \u202e2\u200b") == ("a\t= 1\n# ⟦U+202E⟧2⟦U+200B⟧", True)
    assert revealed(CODE) == (CODE, False)


def test_a_plan_runs_on_its_own_rows(
    dialog: NewRunDialog, services: Services, server: LoopbackServer, run_async: Runner
) -> None:
    begun: list[str] = []
    dialog.started.connect(begun.append)
    settle(dialog, run_async, lambda: dialog.form.consent.cards[0].leave_out.click())
    first, second = dialog.form.prompts.chips

    def less() -> None:
        second.click()
        dialog.form.models.grids[0].setText("")
        dialog.form.limits.budget.setText("")
        dialog.form.repeats.setText("1")
        QTest.keyClick(dialog.form.repeats, Qt.Key.Key_Return)

    settle(dialog, run_async, less)
    assert first.isChecked()
    server.script(*[triage("low")] * 4)
    settle(dialog, run_async, dialog.start.click)
    run = run_async(services.runs.wait(begun[0]))
    assert (run.done, run.rows, run.reason) == (2, 2, "")
    assert server.asked[0].json["top_p"] == 0.5


def test_a_plan_of_a_data_set_begins_with_it(
    services: Services, server: LoopbackServer, run_async: Runner
) -> None:
    services.endpoints.save(loop(server))
    dataset = run_async(services.datasets.create("Tickets", rows=[{"n": "a"}]))
    run_async(services.datasets.create("Others", rows=[{"m": "a"}]))
    plan = Plan(
        prompts=(PlanPrompt(prompt=prompt("{{n}} {{m}}")),),
        data=PlanData(name="Tickets", select=RowSelection(where={"n": "a"}, limit=1)),
        models=(PlanModel(model="loop/m"),),
    )
    with (
        shown(QWidget, run_async) as window,
        shown(lambda: NewRunDialog(services, plan=plan, parent=window), run_async) as dialog,
    ):
        settle(dialog, run_async)
        assert dialog.plan().data == PlanData(id=dataset.id, name="Tickets", select=plan.data.select)
        assert list(dialog.form.values.fields) == ["m"]
        source = dialog.form.data.source
        settle(dialog, run_async, lambda: source.setCurrentIndex(source.findText("Others (1)")))
        assert dialog.plan().data.select == RowSelection(limit=1)
        assert list(dialog.form.values.fields) == ["n"]


def test_batch_jobs_are_chosen_and_what_cannot_go_by_them_is_told(
    dialog: NewRunDialog, run_async: Runner
) -> None:
    settle(dialog, run_async, dialog.form.batch.click)
    assert dialog.plan().batch
    assert dialog.forecast is not None
    assert dialog.forecast.notes
    told = "\n".join(label.text() for label in dialog.form.rows["batch"].findChildren(QLabel))
    assert dialog.forecast.notes[0] in told


def test_both_prices_are_told() -> None:
    one, half = Decimal("3.20"), Decimal("1.60")
    prices = Forecast(
        calls=10, cost=one, cost_with_cache=one, cost_in_batches=half, cost_at_once=one, seconds=60
    )
    assert "≈ $3.20 (in batches ≈ $1.60) · ≈ 1 min" in forecast_words(prices)
    chosen = msgspec.structs.replace(prices, cost=half, cost_with_cache=half, seconds=None)
    assert "≈ $1.60 (one by one ≈ $3.20) · up to a day" in forecast_words(chosen)
    assert batch_words(prices) == "≈ $3.20 one by one, ≈ $1.60 in batch jobs."
    assert batch_words(msgspec.structs.replace(prices, cost_in_batches=None)).startswith(
        "There is no batch price"
    )


@pytest.mark.parametrize(
    ("text", "amount"), [("", None), (" 0.5 ", Decimal("0.5")), ("1.5", None), ("NaN", None), ("-1", None)]
)
def test_a_number_is_read_or_told(qtbot: QtBot, text: str, amount: Decimal | None) -> None:
    field = AmountField("Score", Decimal(1))
    qtbot.addWidget(field)
    field.setText(text)
    assert field.amount() == amount
    assert bool(field.problem()) == (amount is None and bool(text))
