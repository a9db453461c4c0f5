"""The data set beside a prompt, and which of its rows the prompt is tried with."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QMenu, QSizePolicy, QVBoxLayout, QWidget

from chatbench.core.datasets import Dataset
from chatbench.ui.quantities import number
from chatbench.ui.widgets import Chip, IconButton, Label, flowing
from chatbench.ui.workbench.runs.countfield import CountField

_MOST_ROWS: Final = 10_000_000


class DataBeside(QWidget):
    """The head of a prompt's variables. `chosen(dataset_id)`, "" for none; `stepped(by)` and
    `row_wanted(number)`, counted from 1; `open_wanted(dataset_id)`."""

    chosen = Signal(str)
    stepped = Signal(int)
    row_wanted = Signal(int)
    open_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._datasets: Sequence[Dataset] = ()
        self._dataset: Dataset | None = None
        self.title = Label(self.tr("Variables"), weight=600)
        self.dataset = Chip(icon="table-2", menu=True)
        self.dataset.clicked.connect(self._open)
        self.row = CountField(self.tr("Row"), 1, _MOST_ROWS)
        self.row.counted.connect(self.row_wanted)
        self.of = Label(font="small", color="text2")
        self.back = IconButton("chevron-up", self.tr("Row before"), shortcut="Alt+PgUp")
        self.back.clicked.connect(lambda: self.stepped.emit(-1))
        self.on = IconButton("chevron-down", self.tr("Next row"), shortcut="Alt+PgDown")
        self.on.clicked.connect(lambda: self.stepped.emit(1))
        self._lay_out()
        self.show_data((), None, 0)

    def _lay_out(self) -> None:
        self.title.setMinimumHeight(self.dataset.sizeHint().height())
        word = Label(self.tr("Row"), font="small", color="text2")
        for label in (word, self.of):
            label.setMinimumHeight(self.row.sizeHint().height())
        self._line = flowing(word, self.row, self.of, self.back, self.on, gap=6)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(flowing(self.title, self.dataset, gap=8, end_from=1))
        column.addWidget(self._line)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)

    def controls(self) -> list[QWidget]:
        """What the keyboard reaches, from the top."""
        steps = [self.row, self.back, self.on] if self._dataset is not None else []
        return [self.dataset, *steps]

    def show_data(self, datasets: Sequence[Dataset], dataset: Dataset | None, place: int) -> None:
        """Those there are, the one beside the prompt, and the row of it, counted from 0."""
        self._datasets, self._dataset = datasets, dataset
        rows = dataset.rows if dataset is not None else 0
        name = dataset.name if dataset is not None else self.tr("No data set")
        self.dataset.set_label(name)
        self.dataset.setAccessibleName(self.tr("Data set beside the prompt: {0}").format(name))
        self.dataset.setEnabled(bool(datasets))
        self.dataset.setToolTip(
            self.tr("Columns of a data set fill the variables") if datasets else self.tr("There is none yet")
        )
        self._line.setVisible(dataset is not None)
        self.row.set_value(place + 1)
        self.row.setEnabled(rows > 0)
        self.of.setText(self.tr("of {0}").format(number(rows)))
        self.back.setEnabled(place > 0)
        self.on.setEnabled(place + 1 < rows)

    def _open(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setAccessibleName(self.tr("Data set beside the prompt"))
        current = self._dataset.id if self._dataset is not None else ""
        choices = [("", self.tr("No data set")), *((one.id, one.name) for one in self._datasets)]
        for dataset_id, name in choices:
            action = menu.addAction(name.replace("&", "&&"), partial(self.chosen.emit, dataset_id))
            action.setCheckable(True)
            action.setChecked(dataset_id == current)
        if current:
            menu.addSeparator()
            menu.addAction(self.tr("Open it"), partial(self.open_wanted.emit, current))
        menu.popup(self.dataset.mapToGlobal(self.dataset.rect().bottomLeft()))
