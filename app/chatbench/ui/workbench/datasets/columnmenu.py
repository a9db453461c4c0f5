"""The menu of a column."""

from __future__ import annotations

from PySide6.QtCore import QPoint
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from chatbench.ui import icons
from chatbench.ui.workbench.datasets.acts import Acts
from chatbench.ui.workbench.datasets.grid import GridView
from chatbench.ui.workbench.datasets.model import GridModel
from chatbench.ui.workbench.datasets.words import ICONS, ROLES, TYPES, role_word, tr, type_word


class ColumnMenu(QMenu):
    """It deletes itself once it is closed. `insert` makes a column at a place."""

    def __init__(self, model: GridModel, grid: GridView, acts: Acts, at: int) -> None:
        super().__init__(grid)
        self.aboutToHide.connect(self.deleteLater)
        column = self._column = model.columns[at]
        self._model, self._acts = model, acts
        self.setAccessibleName(tr("Column {0}").format(column.name))
        self._add(tr("Rename"), "pencil").triggered.connect(lambda: grid.columns.rename(at))
        kinds = self.addMenu(icons.icon(ICONS[column.type], "text2"), tr("Type"))
        for kind in TYPES:
            one = kinds.addAction(type_word(kind))
            one.setCheckable(True)
            one.setChecked(kind == column.type)
            one.triggered.connect(lambda _on=False, kind=kind: acts.retype_column(column.name, kind))
        roles = self.addMenu(icons.icon("tag", "text2"), tr("Role"))
        for role in ROLES:
            one = roles.addAction(role_word(role))
            one.setCheckable(True)
            one.setChecked(role == column.role)
            one.triggered.connect(lambda _on=False, role=role: acts.set_role(column.name, role))
        self.addSeparator()
        self._add_orders()
        self.addSeparator()
        left = self._add(tr("Move to the left"), "arrow-left")
        left.setEnabled(at > 0)
        left.triggered.connect(lambda: acts.move_column(column.name, at - 1))
        right = self._add(tr("Move to the right"), "arrow-right")
        right.setEnabled(at < len(model.columns) - 1)
        right.triggered.connect(lambda: acts.move_column(column.name, at + 1))
        self.insert = self._add(tr("Insert column…"), "plus")
        self.addSeparator()
        self._add(tr("Delete column"), "trash-2").triggered.connect(lambda: acts.delete_column(column.name))

    def _add_orders(self) -> None:
        name = self._column.name
        now = next((one.descending for one in self._model.order if one.column == name), None)
        for words, icon, descending in (
            (tr("Sort upwards"), "arrow-up", False),
            (tr("Sort downwards"), "arrow-down", True),
            (tr("Do not sort"), "", None),
        ):
            action = self._add(words, icon)
            action.setCheckable(True)
            action.setChecked(now is descending)
            action.setEnabled(descending is not None or bool(self._model.order))
            action.triggered.connect(
                lambda _on=False, descending=descending: self._acts.order_by(name, descending)
            )
        keep = self._add(tr("Keep the rows in this order"), "")
        keep.setEnabled(bool(self._model.order))
        keep.triggered.connect(self._acts.keep_order)

    def _add(self, words: str, icon: str) -> QAction:
        action = QAction(words.replace("&", "&&"), self)
        if icon:
            action.setIcon(icons.icon(icon, "text2"))
        self.addAction(action)
        return action

    def open_at(self, point: QPoint) -> None:
        self.popup(point)
