"""A run's table for Qt: a row for each row and repeat, a column for each column of the run."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from chatbench.core.runs import CellKey, CellRating, Run
from chatbench.ui import quantities
from chatbench.ui.workbench.runs.comparing import Came
from chatbench.ui.workbench.runs.pages import Pages
from chatbench.ui.workbench.runs.shown import ShownCell, ShownRow, one_line

_Index = QModelIndex | QPersistentModelIndex
_NOWHERE: Final = QModelIndex()
_TOLD: Final = 2000
_WAITING: Final = ShownCell("waiting", "")


class Roles(IntEnum):
    """What is asked of an index besides Qt's own."""

    CELL = Qt.ItemDataRole.UserRole + 1
    KEY = Qt.ItemDataRole.UserRole + 2


class CellModel(QAbstractTableModel):
    """Its rows are those of the run in their order, each as often as it is repeated; or some of them."""

    def __init__(self, run: Run, pages: Pages, parent: QObject) -> None:
        super().__init__(parent)
        self.run = run
        self._pages = pages
        self._rows: Sequence[int] = range(run.rows)
        self._places: dict[int, int] = {}
        self._texts: Mapping[CellKey, str] = {}
        self._since: dict[CellKey, float] = {}
        self._told: set[int] = set()
        self.checks = tuple(check.title for check in run.plan.checks)
        self.changed_rows: Mapping[int, Came] = {}
        """How rows came out that are otherwise than in what the run is compared with."""
        pages.arrived.connect(self._arrived)

    # What Qt asks

    def rowCount(self, parent: _Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._rows) * self.run.plan.repeats

    def columnCount(self, parent: _Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.run.columns)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        key = self.key(index.row(), index.column())
        if role == Roles.KEY:
            return key
        if role in (Roles.CELL, Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            cell = self.cell(key)
            if role == Roles.CELL:
                return cell
            return cell.text if role == Qt.ItemDataRole.DisplayRole else self.told(key, cell)
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return None
        if orientation == Qt.Orientation.Horizontal:
            column = self.run.columns[section]
            return f"{column.label}, {column.model}"
        row, _ = self.line(section)
        shown = self._pages.row(row)
        came = self.changed_rows.get(row)
        marked = f"({self.came(came)})" if came is not None else ""
        words = (quantities.number(row + 1), marked, shown.words if shown is not None else "")
        return " ".join(filter(None, words))

    # What the window asks

    def came(self, came: Came) -> str:
        """How a row came out, in a word."""
        words: dict[Came, str] = {
            "better": self.tr("better"),
            "worse": self.tr("worse"),
            "both": self.tr("better and worse"),
            "otherwise": self.tr("judged otherwise"),
        }
        return words[came]

    def line(self, section: int) -> tuple[int, int]:
        """Row of the run and repeat that stand in this row of the table."""
        at, repeat = divmod(section, self.run.plan.repeats)
        return self._rows[at], repeat

    def key(self, section: int, column: int) -> CellKey:
        """The cell that stands there."""
        row, repeat = self.line(section)
        return CellKey(row, column, repeat)

    def at(self, key: CellKey) -> QModelIndex:
        """Where the cell stands; nowhere if its row is filtered out."""
        at = self._place(key.row)
        if at is None:
            return QModelIndex()
        return self.index(at * self.run.plan.repeats + key.repeat, key.column)

    def row(self, row: int) -> ShownRow | None:
        """What a row of the run says; None until it has been read."""
        return self._pages.row(row)

    def cell(self, key: CellKey) -> ShownCell:
        """What a cell is now: what it was, unless it is being written."""
        text = self._texts.get(key)
        if text is not None:
            ms = round((time.monotonic() - self._since[key]) * 1000)
            return ShownCell("running", one_line(text), total_ms=ms)
        return self._pages.cell(key) or _WAITING

    def is_there(self, row: int) -> bool:
        """Whether it has been read."""
        return self._pages.row(row) is not None

    def told(self, key: CellKey, cell: ShownCell) -> str:
        """A cell in words, its checks by name."""
        column = self.run.columns[key.column]
        parts = [self.tr("Row {0}, {1}, {2}").format(key.row + 1, column.label, column.model)]
        if cell.state == "waiting":
            parts.append(self.tr("waiting"))
        elif cell.state == "running":
            parts.append(self.tr("being written: {0}").format(cell.text))
        elif cell.state == "failed":
            parts.append(self.tr("failed: {0}").format(cell.reason))
        else:
            parts.append(cell.text)
            words = {"1": self.tr("passed"), "0": self.tr("failed"), "-": self.tr("not judged")}
            parts += [f"{name} {words[tick]}" for name, tick in zip(self.checks, cell.ticks, strict=False)]
            parts.append(self.tr("from the cache") if cell.from_cache else quantities.estimate(cell.cost))
            if cell.total_ms is not None:
                parts.append(quantities.duration(cell.total_ms / 1000))
            if cell.rating is not None:
                parts.append(self._rated(cell.rating))
        return "; ".join(parts)

    def _rated(self, rating: CellRating) -> str:
        if isinstance(rating, int):
            return self.tr("rated {0} of 5").format(rating)
        return self.tr("rated good") if rating == "up" else self.tr("rated bad")

    def show_rows(self, rows: Sequence[int] | None) -> None:
        """Only these rows of the run; None: all of them."""
        self.beginResetModel()
        self._rows = range(self.run.rows) if rows is None else rows
        self._places = {} if rows is None else {row: at for at, row in enumerate(rows)}
        self.endResetModel()

    def shown_rows(self) -> list[int] | None:
        """The rows of the run that are not left out; None: all of them."""
        return list(self._rows) if self.is_filtered else None

    @property
    def is_filtered(self) -> bool:
        """Whether some rows are left out."""
        return not isinstance(self._rows, range)

    def set_run(self, run: Run) -> None:
        """The same run, further on; another table where its rows or columns are others."""
        if (run.rows, run.columns) != (self.run.rows, self.run.columns):
            self.beginResetModel()
            self.run, self._pages.run = run, run
            self._rows, self._places = range(run.rows), {}
            self.endResetModel()
        self.run = run
        self._pages.run = run
        self.checks = tuple(check.title for check in run.plan.checks)

    def set_texts(self, texts: Mapping[CellKey, str]) -> None:
        """The cells that are being written, with their words so far."""
        touched = {key for key in (*texts, *self._texts) if texts.get(key) != self._texts.get(key)}
        now = time.monotonic()
        self._since = {key: self._since.get(key, now) for key in texts}
        self._texts = texts
        for key in touched:
            index = self.at(key)
            if index.isValid():
                self.dataChanged.emit(index, index)

    def writing(self) -> tuple[CellKey, ...]:
        """The cells that are being written."""
        return tuple(self._texts)

    def _place(self, row: int) -> int | None:
        if not self.is_filtered:
            return row if row < len(self._rows) else None
        return self._places.get(row)

    def _arrived(self, rows: Sequence[int]) -> None:
        places = sorted(place for row in rows if (place := self._place(row)) is not None)
        if not places:
            return
        repeats, last = self.run.plan.repeats, len(self.run.columns) - 1
        first_line, last_line = places[0] * repeats, (places[-1] + 1) * repeats - 1
        self.dataChanged.emit(self.index(first_line, 0), self.index(last_line, last))
        if not self._told.issuperset(rows):
            self._told = set(rows) | (self._told if len(self._told) < _TOLD else set())
            self.headerDataChanged.emit(Qt.Orientation.Vertical, first_line, last_line)
