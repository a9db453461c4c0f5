"""A data set of 100,000 rows in its grid: scrolled by the wheel and by pages, dragged from end to end."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMainWindow, QWidget
from tests.benchmarks.measuring import Passes, stall
from tests.benchmarks.rows import Measured
from tests.scenarios.window import until

from chatbench.core.datasets import DataColumn
from chatbench.main import build
from chatbench.ui import aio
from chatbench.ui.app import make_application
from chatbench.ui.workbench.datasets import DatasetView
from chatbench.ui.workbench.datasets.model import PAGE

ROWS = 100_000
NOTCHES, NOTCH_S = 400, 0.016
PAGES, PAGE_S = 120, 0.03
JUMPS = 60
IDLE_S = 2.0
_WORDS = "Charged twice for the same parcel, order 4711; the customer asks for the money back by Friday. "


def dataset_scroll_frame_ms() -> Measured:
    """The cost of a frame on the GUI thread while eight columns of 100,000 rows go by; beside it the most
    rows that are in memory, and whether all that is in view at the end has been read."""
    profile = Path.home() / "profile"
    busy: list[float] = []
    idle: list[float] = []
    held: list[int] = []

    async def scenario() -> int:
        services = build(profile)
        await services.profile.ready()
        made = await services.datasets.create("Rows", _columns(), _rows())
        window = QMainWindow()
        view = DatasetView(services, made.id, window)
        window.setCentralWidget(view)
        window.resize(1400, 900)
        window.show()
        await until(lambda: view.model.row_at(0), "the first rows")
        await asyncio.sleep(0.5)
        passes = Passes()
        passes.start()
        await _scroll(view, held)
        busy.extend(passes.stop())
        await until(lambda: view.model.row_at(view.grid.rowAt(0)), "the rows in view")
        passes.start()
        await asyncio.sleep(IDLE_S)
        idle.extend(passes.stop())
        view.release()
        window.close()
        await services.aclose()
        return 0

    aio.run(make_application(), scenario)
    longest = ", ".join(f"{cost:.1f}" for cost in sorted(busy)[:-6:-1])
    return Measured(
        stall(busy, idle),
        besides={"rows in memory": (max(held), 4 * PAGE)},
        notes=(f"{len(busy)} passes, the longest {longest} ms",),
    )


async def _scroll(view: DatasetView, held: list[int]) -> None:
    grid = view.grid
    bar = grid.verticalScrollBar()
    for _ in range(NOTCHES):
        _roll(grid.viewport())
        held.append(view.model.held())
        await asyncio.sleep(NOTCH_S)
    grid.setFocus()
    for _ in range(PAGES):
        QTest.keyClick(grid, Qt.Key.Key_PageDown)
        held.append(view.model.held())
        await asyncio.sleep(PAGE_S)
    for at in range(JUMPS):
        bar.setValue(bar.maximum() * (at * 37 % JUMPS) // JUMPS)
        held.append(view.model.held())
        await asyncio.sleep(PAGE_S)


def _columns() -> list[DataColumn]:
    return [
        DataColumn(name="ticket"), DataColumn(name="tier"), DataColumn(name="amount", type="number"),
        DataColumn(name="repeated", type="boolean"), DataColumn(name="order", type="json"),
        DataColumn(name="expected", role="expected"), DataColumn(name="tags", role="tags"),
        DataColumn(name="split", role="split"),
    ]  # fmt: skip


def _rows() -> list[dict[str, Any]]:
    return [
        {
            "ticket": f"{number}: {_WORDS * (1 + number % 4)}", "tier": ("gold", "silver")[number % 2],
            "amount": number * 1.5, "repeated": number % 3 == 0, "order": {"id": number, "items": [1, 2, 3]},
            "expected": "urgent", "tags": "mail, german", "split": "train" if number % 5 else "test",
        }
        for number in range(ROWS)
    ]  # fmt: skip


def _roll(viewport: QWidget) -> None:
    """One notch of the wheel, downwards."""
    at = QPoint(viewport.width() // 2, viewport.height() // 2)
    event = QWheelEvent(
        QPointF(at), QPointF(viewport.mapToGlobal(at)), QPoint(), QPoint(0, -120),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(viewport, event)
