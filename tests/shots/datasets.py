"""A data set in the workbench, as it is photographed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from tests.scenarios.window import until
from tests.shots.stage import Stage, chart, staged

from chatbench.core.datasets import DataColumn
from chatbench.ui.workbench.datasets import DatasetView
from chatbench.ui.workbench.datasets.generating import GenerateDialog
from chatbench.ui.workbench.datasets.importing import ImportDialog
from chatbench.ui.workbench.pane import WorkbenchPane

COLUMNS = (
    DataColumn(name="ticket"),
    DataColumn(name="tier"),
    DataColumn(name="amount", type="number"),
    DataColumn(name="repeated", type="boolean"),
    DataColumn(name="order", type="json"),
    DataColumn(name="receipt", type="image"),
    DataColumn(name="expected", role="expected"),
    DataColumn(name="tags", role="tags"),
    DataColumn(name="split", role="split"),
)
TICKETS = (
    "Charged twice for the same parcel, order 4711",
    "Wo ist mein Paket? Seit drei Tagen „in Zustellung“",
    "Please change the e-mail on my account",
    "配達先を変更できますか。今夜は不在です",
    "Invoice shows the old VAT number, needs a new one by Friday",
    "لم يصل الطرد حتى الآن",
)


async def workbench_dataset(profile: Path, pictures: Path, scheme: str) -> None:
    """The grid with all types of columns, filtered, a file about to be taken in, rows by a model, nothing."""
    async with staged(profile, pictures, scheme, model=None) as stage:
        pane, view = await _tickets(stage, profile)
        view.grid.setFocus()
        view.grid.go_to(4, 0)
        await stage.shoot("workbench-dataset")
        view.grid.columns.set_filter("tier", "gold")
        view.acts.order_by("amount", descending=True)
        await stage.shoot("workbench-dataset-filtered")
        view.grid.columns.open_menu(1)
        await stage.shoot("workbench-dataset-column")
        path = profile / "more.csv"
        path.write_text("ticket,tier\nLate again,gold\nLost,silver,and more\nBroken\n")
        view.import_files([path])
        await stage.quiet(1)
        (dialog,) = view.findChildren(ImportDialog)
        await stage.shoot_of(dialog, "workbench-dataset-import")
        dialog.reject()
        view.generate()
        await until(lambda: view.findChildren(GenerateDialog), "the dialog")
        (asking,) = view.findChildren(GenerateDialog)
        await stage.shoot_of(asking, "workbench-dataset-generate")
        asking.reject()
        empty = await stage.session.services.datasets.create("Nothing yet")
        pane.open_dataset(empty.id)
        await stage.shoot("workbench-dataset-empty")


async def _tickets(stage: Stage, profile: Path) -> tuple[WorkbenchPane, DatasetView]:
    services = stage.session.services
    picture = await services.attachments.attach_path(chart(profile / "receipt.png", 30), None)
    rows: list[dict[str, Any]] = [
        {
            "ticket": TICKETS[number % len(TICKETS)],
            "tier": ("gold", "silver", "none")[number % 3],
            "amount": "unknown" if number == 7 else number * 3.5,
            "repeated": number % 4 == 0,
            "order": {"id": 4711 + number, "items": [1, 2]},
            "expected": ("urgent", "normal", "low")[number % 3],
            "tags": "mail, german" if number % 2 else "mail",
            "split": "train" if number % 5 else "test",
            **({"receipt": picture} if number % 3 == 0 else {}),
        }
        for number in range(2_400)
    ]
    made = await services.datasets.create("Tickets, October", COLUMNS, rows)
    parts = stage.window.show_section("workbench")
    pane = parts.main
    assert isinstance(pane, WorkbenchPane)
    pane.open_dataset(made.id)
    await until(lambda: isinstance(pane.current_view(), DatasetView), "the data set")
    view = pane.current_view()
    assert isinstance(view, DatasetView)
    await until(lambda: view.model.row_at(0), "its rows")
    await asyncio.sleep(0)
    return pane, view


DATASET_SCENES = (workbench_dataset,)
