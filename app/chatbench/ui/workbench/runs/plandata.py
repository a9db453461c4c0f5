"""The rows of a plan: of which data set, and which of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

import msgspec
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from chatbench.core.datasets import Dataset
from chatbench.core.runs import PlanData
from chatbench.ui import quantities
from chatbench.ui.widgets import LineField, Select
from chatbench.ui.widgets.forms import Form, FormRow
from chatbench.ui.workbench.runs.countfield import CountField

_MOST_ROWS: Final = 10_000_000
_SOME_ROWS: Final = 20
_OWN: Final = "plan"


class DataChoice(QObject):
    """The fields about the rows, for a form. `edited()`; `chosen()` where the columns may be others."""

    edited = Signal()
    chosen = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.source = Select(name=self.tr("Data set"))
        self.which = Select(name=self.tr("Which rows"))
        self.count = CountField(self.tr("How many rows"), 1, _MOST_ROWS)
        self.tags = LineField(name=self.tr("Tags"))
        self.split = LineField(name=self.tr("Split"))
        self.rows: dict[str, FormRow] = {}
        self._datasets: list[Dataset] = []
        self._planned = PlanData()
        self._own_columns: frozenset[str] = frozenset()
        for text, key in (
            (self.tr("All rows"), ""),
            (self.tr("The first"), "limit"),
            (self.tr("A random sample of"), "sample"),
        ):
            self.which.addItem(text, key)
        self.count.set_value(_SOME_ROWS)
        self.count.hide()

    def add_to(self, form: Form) -> None:
        """Puts its rows into a form."""
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.which, 1)
        row.addWidget(self.count)
        tags_hint = self.tr("With a comma between them; empty: any.")
        split_hint = self.tr("train, test …; empty: any.")
        self.rows = {
            "data": form.add(self.tr("Data set"), self.source),
            "rows": form.add(self.tr("Rows"), line),
            "tags": form.add(self.tr("With tags"), self.tags, hint=tags_hint),
            "split": form.add(self.tr("Of the split"), self.split, hint=split_hint),
        }
        self.source.currentIndexChanged.connect(lambda _at: self._choose())
        self.which.currentIndexChanged.connect(lambda _at: self._count())
        self.count.counted.connect(lambda _count: self.edited.emit())
        for field in (self.tags, self.split):
            field.textChanged.connect(lambda _text: self.edited.emit())

    def offer(
        self, datasets: Sequence[Dataset], planned: PlanData, columns: Collection[str] = (), *, wanted: str
    ) -> None:
        """Once: the data sets of the library, and what a plan brings along: rows of its own or a file, of
        which the `columns` are known. `wanted` is the id of the data set to begin with; "" the plan's own
        rows where it has some."""
        self._datasets, self._planned = list(datasets), planned
        self._own_columns = frozenset(columns)
        self.source.blockSignals(True)
        if planned.rows or planned.file:
            self.source.addItem(self._own_words(), _OWN)
        else:
            self.source.addItem(self.tr("None: the values below"), "")
        for one in datasets:
            self.source.addItem(f"{one.name} ({quantities.number(one.rows)})", one.id)
        self.source.setCurrentIndex(max(0, self.source.findData(wanted)))
        self.source.blockSignals(False)
        self._show_selection()
        self._choose()

    def _own_words(self) -> str:
        if self._planned.file:
            return self.tr("The file {0}").format(self._planned.file)
        return self.tr("The plan’s own ({0})").format(quantities.number(len(self._planned.rows)))

    def data(self) -> PlanData:
        """What the fields say."""
        dataset = self.dataset()
        if dataset is None and not self._is_own():
            return PlanData()
        select = self._planned.select if self._is_planned() else PlanData().select
        kind = str(self.which.currentData())
        select = msgspec.structs.replace(
            select,
            tags=tuple(one.strip() for one in self.tags.text().split(",") if one.strip()),
            split=self.split.text().strip(),
            # A sample of the first so many can only be planned in a file.
            limit=self.count.value() if kind == "limit" else (select.limit if kind == "sample" else None),
            sample=self.count.value() if kind == "sample" else None,
        )
        if dataset is None:
            return msgspec.structs.replace(self._planned, select=select)
        return PlanData(id=dataset.id, name=dataset.name, select=select)

    def columns(self) -> frozenset[str]:
        """The names of the columns of what is chosen."""
        dataset = self.dataset()
        if dataset is not None:
            return frozenset(one.name for one in dataset.columns)
        return self._own_columns if self._is_own() else frozenset()

    def dataset(self) -> Dataset | None:
        """The data set that is chosen."""
        wanted = self.source.currentData()
        return next((one for one in self._datasets if one.id == wanted), None)

    def _is_own(self) -> bool:
        return bool(self.source.currentData() == _OWN)

    def _is_planned(self) -> bool:
        dataset = self.dataset()
        named = self._planned.id or self._planned.name
        return self._is_own() or (dataset is not None and named in (dataset.id, dataset.name))

    def _show_selection(self) -> None:
        select = self._planned.select
        self.tags.setText(", ".join(select.tags))
        self.split.setText(select.split)
        for key, count in (("sample", select.sample), ("limit", select.limit)):
            if count is not None:
                self.which.setCurrentIndex(self.which.findData(key))
                self.count.set_value(count)
                return

    def _choose(self) -> None:
        dataset = self.dataset()
        roles = {one.role for one in dataset.columns} if dataset is not None else set(self._own_columns)
        self.rows["rows"].setVisible(dataset is not None or self._is_own())
        self.rows["tags"].setVisible("tags" in roles or bool(self.tags.text()))
        self.rows["split"].setVisible("split" in roles or bool(self.split.text()))
        self.chosen.emit()

    def _count(self) -> None:
        self.count.setVisible(bool(self.which.currentData()))
        self.edited.emit()
