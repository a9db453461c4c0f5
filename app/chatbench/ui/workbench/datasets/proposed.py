"""Rows that a model proposes, each with a tick."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QAbstractItemView, QFrame, QTableView, QWidget

from chatbench.core.datasets import DataColumn
from chatbench.services.datasets import ProposedRow
from chatbench.services.datasets.values import text_of
from chatbench.ui.quantities import number
from chatbench.ui.theme import theme

_SHOWN: Final = 300
_Index = QModelIndex | QPersistentModelIndex
_ROOT: Final = QModelIndex()


class ProposedModel(QAbstractTableModel):
    """The rows a model wrote, each with a tick; what is there already has none at first."""

    def __init__(self, columns: Sequence[DataColumn], parent: QObject) -> None:
        super().__init__(parent)
        self._names = [column.name for column in columns]
        self._rows: tuple[ProposedRow, ...] = ()
        self._wanted: list[bool] = []

    def take(self, rows: Sequence[ProposedRow]) -> None:
        """More of the same proposal."""
        before = len(self._rows)
        if len(rows) > before:
            self.beginInsertRows(_ROOT, before, len(rows) - 1)
            self._rows = tuple(rows)
            self._wanted += [not row.duplicate for row in rows[before:]]
            self.endInsertRows()

    def clear(self) -> None:
        self.beginResetModel()
        self._rows, self._wanted = (), []
        self.endResetModel()

    def wanted(self) -> list[dict[str, Any]]:
        return [row.values for row, wanted in zip(self._rows, self._wanted, strict=True) if wanted]

    def want_all(self, wanted: bool) -> None:
        self._wanted = [wanted] * len(self._rows)
        if self._rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, 0))

    def rowCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._names)

    def flags(self, index: _Index) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags | Qt.ItemFlag.ItemIsUserCheckable if index.column() == 0 else flags

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self._rows[index.row()]
        text = " ".join(text_of(row.values.get(self._names[index.column()]))[:_SHOWN].split())
        if role == Qt.ItemDataRole.DisplayRole:
            return text
        if role == Qt.ItemDataRole.AccessibleTextRole:
            told = self.tr("{0}, row {1}: {2}").format(self._names[index.column()], index.row() + 1, text)
            return f"{told}, {self.tr('there already')}" if row.duplicate else told
        if role == Qt.ItemDataRole.ToolTipRole and row.duplicate:
            return self.tr("The data set says the same already.")
        if role == Qt.ItemDataRole.ForegroundRole and row.duplicate:
            return theme().color("text3")
        if role == Qt.ItemDataRole.CheckStateRole and index.column() == 0:
            return Qt.CheckState.Checked if self._wanted[index.row()] else Qt.CheckState.Unchecked
        return None

    def setData(self, index: _Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.CheckStateRole:
            return False
        self._wanted[index.row()] = Qt.CheckState(value) == Qt.CheckState.Checked
        self.dataChanged.emit(index, index)
        return True

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return self._names[section] if orientation == Qt.Orientation.Horizontal else number(section + 1)


class ProposedTable(QTableView):
    """Shows them."""

    def __init__(self, rows: ProposedModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setModel(rows)
        self.setAccessibleName(self.tr("Rows the model wrote"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setShowGrid(False)
        self.setFont(theme().font("small"))
        head = self.horizontalHeader()
        head.setStretchLastSection(True)
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignVCenter)
        head.setDefaultSectionSize(theme().scaled(180))
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(theme().control("row"))
