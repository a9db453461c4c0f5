"""A run in the window: a cell of it opened, its charts, its answers rated, other checks on them."""

from __future__ import annotations

from collections.abc import AsyncIterator

from PySide6.QtWidgets import QWidget
from tests.scenarios.window import until
from tests.ui.workbench.stored_runs import columns_of, stored, triage_cells, triage_rows

from chatbench.core.runs import CellKey
from chatbench.ui.session import Session
from chatbench.ui.workbench.pane import WorkbenchPane
from chatbench.ui.workbench.runs import RunView

MODELS = ("loopback/model-a", "loopback/model-b")
ROWS = 24


async def show_run(session: Session) -> RunView:
    """A run that was paused, beside the one before it, with a cell and what differs in it."""
    services, columns = session.services, columns_of(MODELS)
    await stored(services, triage_rows(ROWS), columns, triage_cells(1))
    made = triage_cells(2, failing=0.1)
    run = await stored(
        services, triage_rows(ROWS), columns,
        lambda run, place: made(run, place) if place < 2 * ROWS - 3 else None, state="paused",
    )  # fmt: skip
    await services.runs.rate(run.id, CellKey(0, 0), 4)
    pane = session.window.show_section("workbench").main
    assert isinstance(pane, WorkbenchPane)
    pane.open_run(run.id)

    def shown() -> RunView | None:
        view = pane.current_view()
        return view if isinstance(view, RunView) and view.statistics is not None else None

    await until(shown, "the run")
    view = shown()
    assert view is not None
    view.open_cell(CellKey(0, 0))
    await view.panel.settled()
    view.panel.difference.choice.setCurrentIndex(view.panel.difference.choice.count() - 1)
    view.comparison.begin_with_earlier()
    await view.settled()
    await view.comparison.settled()
    await view.panel.settled()
    return view


async def run_dialogs(view: RunView) -> AsyncIterator[tuple[str, QWidget]]:
    """One after the other, each with its name."""
    charts = view.acts.show_charts()
    await charts.settled()
    for kind in ("value", "heat", "spread", "ratings"):
        charts.show_chart(kind, "time")
        yield f"run: charts, {kind}", charts
    charts.face.set_current("table")
    charts.show_chart("spread", "time")
    yield "run: charts, table", charts
    charts.reject()
    rating = view.acts.rate_answers()
    await rating.settled()
    yield "run: rating", rating
    rating.reject()
    checks = view.acts.recheck()
    yield "run: other checks", checks
    checks.reject()
