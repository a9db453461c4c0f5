"""Runs of the workbench, as they are photographed: under way, over, paused, failed, beside each other."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from tests.loopback import openai_chat
from tests.scenarios.window import until
from tests.shots.stage import Stage, staged
from tests.ui.workbench.stored_runs import Made, columns_of, stored, triage_cells, triage_rows

from chatbench.core.endpoints import Endpoint
from chatbench.core.runs import Cell, CellKey, CellRating, PlanLimits, Run
from chatbench.services.runs import Measure
from chatbench.ui.workbench.pane import WorkbenchPane
from chatbench.ui.workbench.runs import RunView

MODELS = ("loopback/gpt-5-mini", "loopback/claude-haiku-4.5", "loopback/gpt-5-nano")
ROWS = 240
DONE = 506
"""Cells of the run that is under way."""


def _until(place: int, made: Made) -> Made:
    def some(run: Run, at: int) -> Cell | None:
        return made(run, at) if at < place else None

    return some


async def _opened(stage: Stage, run: Run) -> RunView:
    pane = stage.window.show_section("workbench").main
    assert isinstance(pane, WorkbenchPane)
    pane.open_run(run.id)

    def view() -> RunView | None:
        found = pane.current_view()
        shown = isinstance(found, RunView) and found.id == run.id and found.run is not None
        return found if shown and isinstance(found, RunView) and found.statistics is not None else None

    await until(view, "the run")
    found = view()
    assert found is not None
    return found


def _at_loopback(stage: Stage) -> None:
    stage.session.services.endpoints.save(
        Endpoint(
            id="loopback", name="Loopback", wire="openai_chat", auth="none",
            base_url=stage.server.base_url("openai_chat"),
            models=tuple(model.partition("/")[2] for model in MODELS),
        )
    )  # fmt: skip


async def run_under_way(profile: Path, pictures: Path, scheme: str) -> None:
    """Cells being written, failed ones, those that wait; paused by a budget; nothing asked yet."""
    async with staged(profile, pictures, scheme, model=None) as stage:
        _at_loopback(stage)
        services = stage.session.services
        columns = columns_of(MODELS)
        empty = await stored(services, triage_rows(ROWS), columns, _until(0, triage_cells(0)), state="paused")
        spent = await stored(
            services, triage_rows(ROWS), columns, _until(300, triage_cells(1)), state="paused",
            reason="The budget of $0.12 for the run is spent.", limits=PlanLimits(),
        )  # fmt: skip
        lost = await stored(
            services, triage_rows(ROWS), columns, _until(60, triage_cells(1, failing=1.1)), state="paused",
            reason="20 calls in a row failed for loopback: no key is set.",
        )  # fmt: skip
        for run, name in ((empty, "empty"), (spent, "paused-by-budget"), (lost, "failed")):
            await _opened(stage, run)
            await stage.shoot(f"run-{name}")
        run = await stored(
            services, triage_rows(ROWS), columns, _until(DONE, triage_cells(2)), state="paused",
            limits=PlanLimits(concurrent=3),
        )  # fmt: skip
        stage.server.words = openai_chat.pieces('{"priority": "urgent", "reason": "Money is lost."}' * 3)
        stage.server.pace = 5.0
        view = await _opened(stage, run)
        assert services.runs.live(run.id) is None
        await services.runs.resume(run.id)
        await until(lambda: view.is_live and len(view._model.writing()) == 3, "cells being written")
        view.grid.go_to(CellKey(163, 1))
        view.grid.verticalScrollBar().setValue(view.grid.rowHeight(0) * 162)
        await stage.shoot("run-under-way")
        stage.window.resize(480, 900)
        await stage.shoot("run-under-way-narrow-480")
        await services.runs.pause(run.id, at_once=True)


async def workbench_run(profile: Path, pictures: Path, scheme: str) -> None:
    """A run that is over: its table, a cell, what changed since the last one, its charts."""
    async with staged(profile, pictures, scheme, model=None) as stage:
        await _results(stage, "")


async def workbench_run_large(profile: Path, pictures: Path, scheme: str) -> None:
    """The same with text at 200 %."""
    async with staged(profile, pictures, scheme, model=None, text_scale=2.0) as stage:
        await _results(stage, "-200-percent")


async def workbench_run_arabic(profile: Path, pictures: Path, scheme: str) -> None:
    """The same from right to left."""
    async with staged(profile, pictures, scheme, model=None) as stage:
        QApplication.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        await _results(stage, "-right-to-left")


async def _results(stage: Stage, suffix: str) -> None:
    services = stage.session.services
    _at_loopback(stage)
    columns = columns_of(MODELS)
    await stored(services, triage_rows(ROWS), columns, triage_cells(3))
    run = await stored(services, triage_rows(ROWS), columns, triage_cells(4))
    ratings: tuple[CellRating, ...] = ("up", 4, 1, "down", 5)
    for row, rating in enumerate(ratings):
        await services.runs.rate(run.id, CellKey(row, row % 2), rating)
    view = await _opened(stage, run)
    await stage.shoot(f"run-done{suffix}")
    view.open_cell(CellKey(2, 1))
    view.grid.go_to(CellKey(2, 1))
    await view.panel.settled()
    await stage.shoot(f"run-cell{suffix}")
    view.panel.difference.choice.setCurrentIndex(3)
    await view.panel.settled()
    await stage.shoot(f"run-difference{suffix}")
    view.close_cell()
    view.comparison.begin_with_earlier()
    await view.comparison.settled()
    await stage.shoot(f"run-compared{suffix}")
    view.comparison.end()
    await _dialogs(stage, view, suffix)


async def _dialogs(stage: Stage, view: RunView, suffix: str) -> None:
    charts = view.acts.show_charts()
    await charts.settled()
    await stage.shoot(f"run-charts-value{suffix}")
    drawn: tuple[tuple[str, Measure], ...] = (("heat", "passed"), ("heat", "time"), ("spread", "time"))
    for kind, measure in drawn:
        charts.show_chart(kind, measure)
        charts.strips.setFocus(Qt.FocusReason.TabFocusReason)
        charts.strips.go_to(1, 7)
        await stage.shoot(f"run-charts-{kind}-{measure}{suffix}")
    charts.face.set_current("table")
    charts.show_chart("spread", "time")
    await stage.shoot(f"run-charts-table{suffix}")
    charts.reject()
    rating = view.acts.rate_answers()
    await rating.settled()
    await stage.shoot(f"run-rating{suffix}")
    rating.reject()
    checks = view.acts.recheck()
    await checks.try_them()
    await stage.shoot(f"run-other-checks{suffix}")
    checks.reject()


RUN_SCENES = (run_under_way, workbench_run, workbench_run_large, workbench_run_arabic)
