"""The rows of a data set as a table model: pages of them, read as they come into view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from chatbench.core.changes import Changes
from chatbench.core.datasets import DataColumn, DataRow, Dataset, RowFilter, RowOrder
from chatbench.core.errors import ChatbenchError
from chatbench.services import Services
from chatbench.services.datasets.values import text_of
from chatbench.ui.aio import Rereading
from chatbench.ui.quantities import number
from chatbench.ui.workbench.datasets.words import role_word, type_word

PAGE: Final = 100
_BESIDE: Final = 1
"""So many pages before and behind those in view are kept."""
_SHOWN: Final = 400
"""Characters of a value that a cell can show."""
_Index = QModelIndex | QPersistentModelIndex
_ROOT: Final = QModelIndex()
_SEEN: Final = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
_WRITABLE: Final = _SEEN | Qt.ItemFlag.ItemIsEditable


def in_one_line(value: Any) -> str:
    """A value as far as a cell could show it."""
    text = text_of(value)[:_SHOWN]
    return text if text.isprintable() else " ".join(text.split())


class GridModel(QAbstractTableModel):
    """One row more than there are: whatever is written into the last one becomes a row. `described()` when
    what is known of the data set has changed, `gone()` when it is no longer there."""

    described = Signal()
    gone = Signal()
    edited = Signal(str, str, object)
    """Row id ("" for the last row), column, value: what was written into a cell."""

    def __init__(self, services: Services, dataset_id: str, parent: QObject) -> None:
        super().__init__(parent)
        self._services = services
        self.dataset_id = dataset_id
        self.dataset = Dataset(id=dataset_id, name="")
        self.total = 0
        self.order: tuple[RowOrder, ...] = ()
        self.where: tuple[RowFilter, ...] = ()
        self.known = False
        self._pages: dict[int, list[DataRow]] = {}
        self._fresh: set[int] = set()
        self._wanted = range(1)
        self._stale = True
        self._reading = Rereading(self._read, self, "dataset-rows")
        stop = self._stop = services.changes.connect(self._changed)
        self.destroyed.connect(lambda _gone: stop())

    # What there is.

    @property
    def columns(self) -> tuple[DataColumn, ...]:
        return self.dataset.columns

    def column_named(self, name: str) -> int:
        """Its place; -1 where there is none."""
        return next((at for at, one in enumerate(self.columns) if one.name == name), -1)

    def row_at(self, row: int) -> DataRow | None:
        """None where it has not been read yet, and for the last row."""
        page = self._pages.get(row // PAGE)
        place = row % PAGE
        return page[place] if page is not None and place < len(page) and row < self.total else None

    def value(self, row: int, column: int) -> Any:
        found = self.row_at(row)
        return None if found is None else found.values.get(self.columns[column].name)

    def is_last(self, row: int) -> bool:
        """Whether it is the row that is not there yet."""
        return row == self.total

    def held(self) -> int:
        """How many rows are in memory."""
        return sum(map(len, self._pages.values()))

    def rowCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() or not self.columns else self.total + 1

    def columnCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.columns)

    def flags(self, index: _Index) -> Qt.ItemFlag:
        row = index.row()
        return _WRITABLE if row == self.total or self.row_at(row) is not None else _SEEN

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return self.shown(index.row(), index.column())
        if role == Qt.ItemDataRole.EditRole:
            return text_of(self.value(index.row(), index.column()))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._said(index.row(), index.column())
        return None

    def shown(self, row: int, column: int) -> str:
        """A value in one line, as far as a cell could show it."""
        return in_one_line(self.value(row, column))

    def _said(self, row: int, column: int) -> str:
        if self.is_last(row):
            told = self.tr("new row")
        elif self.row_at(row) is None:
            told = self.tr("not read yet")
        else:
            told = self.shown(row, column) or self.tr("empty")
        return self.tr("{0}, row {1}: {2}").format(self.columns[column].name, number(row + 1), told)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return None
        if orientation == Qt.Orientation.Vertical:
            if not self.is_last(section):
                return number(section + 1)
            return "+" if role == Qt.ItemDataRole.DisplayRole else self.tr("New row")
        if not 0 <= section < len(self.columns):
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.name
        return f"{column.name}, {type_word(column.type)}, {role_word(column.role)}"

    def setData(self, index: _Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Shows it at once; whoever listens to `edited` writes it."""
        if role != Qt.ItemDataRole.EditRole:
            return False
        name = self.columns[index.column()].name
        row = self.row_at(index.row())
        if row is None:
            if not self.is_last(index.row()) or value in (None, ""):
                return False
            self.edited.emit("", name, value)
            return True
        if value == row.values.get(name) or (value == "" and name not in row.values):
            return False
        values = {**row.values, name: value}
        if value is None or value == "":
            values.pop(name)
        self._pages[index.row() // PAGE][index.row() % PAGE] = DataRow(id=row.id, values=values)
        self.dataChanged.emit(index, index)
        self.edited.emit(row.id, name, None if value == "" else value)
        return True

    # Reading.

    def want(self, first: int, last: int) -> None:
        """These rows are in view."""
        self._wanted = range(max(0, first) // PAGE, max(0, last) // PAGE + 1)
        for page in [page for page in self._pages if not self._near(page)]:
            del self._pages[page]
            self._fresh.discard(page)
        if self._next() is not None:
            self._reading.again()

    def arrange(self, order: Sequence[RowOrder], where: Sequence[RowFilter]) -> None:
        """Other rows, or in another order."""
        if (tuple(order), tuple(where)) != (self.order, self.where):
            self.order, self.where = tuple(order), tuple(where)
            self.refresh()

    def refresh(self) -> None:
        """Everything is read again; what is shown stays until then."""
        self._stale = True
        self._reading.again()

    def release(self) -> None:
        """Stops listening."""
        self._stop()

    def _changed(self, changes: Changes) -> None:
        if self.dataset_id in changes.datasets:
            self.refresh()

    def _near(self, page: int) -> bool:
        return self._wanted.start - _BESIDE <= page < self._wanted.stop + _BESIDE

    def _next(self) -> int | None:
        """The page to be read next: in view first."""
        last = max(0, self.total - 1) // PAGE
        beside = (self._wanted.stop, self._wanted.start - 1)
        if not self.total:
            return None
        missing = (page for page in (*self._wanted, *beside) if page not in self._fresh)
        return next((page for page in missing if 0 <= page <= last), None)

    async def _read(self) -> None:
        try:
            while self._stale or self._next() is not None:
                if self._stale:
                    self._stale = False
                    await self._describe()
                elif (page := self._next()) is not None:
                    await self._read_page(page)
        except ChatbenchError as error:
            self._services.notifier.error(error)
            self.gone.emit()

    async def _describe(self) -> None:
        dataset = await self._services.datasets.get(self.dataset_id)
        names = {column.name for column in dataset.columns}
        self.order = tuple(one for one in self.order if one.column in names)
        self.where = tuple(one for one in self.where if one.column in names)
        total = dataset.rows
        if self.where:
            total = await self._services.datasets.count(self.dataset_id, where=self.where)
        if not self._stale:
            self._take(dataset, total)

    def _take(self, dataset: Dataset, total: int) -> None:
        self._fresh.clear()
        if dataset.columns != self.columns or not self.known:
            self.beginResetModel()
            self.dataset, self.total, self.known = dataset, total, True
            self._pages.clear()
            self.endResetModel()
        else:
            self._resize(dataset, total)
        self.described.emit()

    def _resize(self, dataset: Dataset, total: int) -> None:
        if total > self.total:
            # What was the row that is not there yet is the first of them: who writes in it stays in it.
            self.beginInsertRows(_ROOT, self.total + 1, total)
        elif total < self.total:
            self.beginRemoveRows(_ROOT, total + 1, self.total)
        before, self.dataset, self.total = self.total, dataset, total
        if total > before:
            self.endInsertRows()
        elif total < before:
            for page in [page for page in self._pages if page * PAGE >= total]:
                del self._pages[page]
            self.endRemoveRows()

    async def _read_page(self, page: int) -> None:
        order, where = self.order, self.where
        rows = await self._services.datasets.rows(self.dataset_id, page * PAGE, PAGE, sort=order, where=where)
        if self._stale or (order, where) != (self.order, self.where) or not self._near(page):
            return
        self._fresh.add(page)
        self._pages[page] = rows
        last = min(self.total, (page + 1) * PAGE) - 1
        # Told of others, the view would paint all that it shows.
        if self.columns and page in self._wanted and last >= page * PAGE:
            self.dataChanged.emit(self.index(page * PAGE, 0), self.index(last, len(self.columns) - 1))
