"""Rows by a model: asked for, looked at, and those that are wanted added."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from chatbench.core.datasets import Dataset
from chatbench.core.errors import ChatbenchError
from chatbench.core.models import ModelRef
from chatbench.services import Services
from chatbench.services.datasets import Proposal
from chatbench.ui.aio import spawn
from chatbench.ui.quantities import estimate, number
from chatbench.ui.theme import theme
from chatbench.ui.widgets import Button, Chip, Label, Meter, Switch, announce
from chatbench.ui.widgets.dialogs import fit_dialog, last_line
from chatbench.ui.workbench.datasets.dialogs import number_field
from chatbench.ui.workbench.datasets.proposed import ProposedModel, ProposedTable

if TYPE_CHECKING:
    from chatbench.ui.workbench.hands import PickModel

_SIZE: Final = (760, 600)
_MOST: Final = 1_000
_USUAL: Final = 10


class GenerateDialog(QDialog):
    """It deletes itself. `added(rows)` when rows were added; before that the data set is as it was.
    `examples` are ids of rows that the model may be shown."""

    added = Signal(int)

    def __init__(
        self,
        services: Services,
        dataset: Dataset,
        examples: Sequence[str],
        pick_model: PickModel | None,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Generate rows"))
        self._services, self._dataset, self._pick = services, dataset, pick_model
        self._examples = tuple(examples)
        self._task: asyncio.Task[None] | None = None
        self._model_ref = services.models.default()
        self.model = Chip(menu=True)
        self.count = number_field()
        self.count.setRange(1, _MOST)
        self.count.setValue(_USUAL)
        self.count.setAccessibleName(self.tr("Number of rows"))
        self.instructions = self._instructions()
        self.with_examples = self._examples_switch()
        self.ask = Button(self.tr("Generate"), icon="sparkles")
        self.told = Label(
            self.tr("Nothing is added before you have seen it."), font="small", color="text2", wrap=True
        )
        self.meter = Meter(height=6)
        self.meter.hide()
        self.rows = ProposedModel(dataset.columns, self)
        self.table = ProposedTable(self.rows)
        self.every = Button(self.tr("Tick all"), kind="link", size="small")
        self.none = Button(self.tr("Tick none"), kind="link", size="small")
        self.cancel = Button(self.tr("Cancel"))
        self.add = Button(self.tr("Add rows"), kind="primary")
        self._connect()
        self._lay_out()
        self._judge()

    def _instructions(self) -> QPlainTextEdit:
        field = QPlainTextEdit()
        field.setAccessibleName(self.tr("Instructions"))
        field.setPlaceholderText(
            self.tr("What the rows should be like: subjects, difficulty, languages, what is rare")
        )
        field.setTabChangesFocus(True)
        field.setFixedHeight(theme().line("ui") * 4 + 16)
        return field

    def _examples_switch(self) -> Switch:
        count = len(self._examples)
        words = self.tr("Show it the {0} rows that are chosen as examples").format(number(count))
        switch = Switch(self.tr("Show it the row that is chosen as an example") if count == 1 else words)
        switch.setChecked(bool(self._examples))
        return switch

    def _connect(self) -> None:
        self.model.clicked.connect(self._choose_model)
        self.ask.clicked.connect(self.generate)
        self.rows.dataChanged.connect(lambda *_: self._judge())
        self.every.clicked.connect(lambda: self.rows.want_all(True))
        self.none.clicked.connect(lambda: self.rows.want_all(False))
        self.cancel.clicked.connect(self.reject)
        self.add.clicked.connect(self._add)

    def _lay_out(self) -> None:
        first = QHBoxLayout()
        first.setSpacing(8)
        first.addWidget(Label(self.tr("Model"), color="text2"))
        first.addWidget(self.model)
        first.addStretch(1)
        second = QHBoxLayout()
        second.setSpacing(8)
        second.addWidget(Label(self.tr("Rows"), color="text2"))
        second.addWidget(self.count)
        second.addStretch(1)
        second.addWidget(self.ask)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(10)
        column.addLayout(first)
        column.addWidget(self.instructions)
        column.addWidget(self.with_examples)
        column.addLayout(second)
        self.with_examples.setVisible(bool(self._examples))
        column.addWidget(self.told)
        column.addWidget(self.meter)
        column.addWidget(self.table, 1)
        column.addLayout(last_line(self.cancel, self.add, begins=(self.every, self.none)))
        fit_dialog(self, *_SIZE)

    # What it asks with.

    def _choose_model(self) -> None:
        if self._pick is not None:
            self._pick(self.model, self._model_ref, self.take_model)

    def take_model(self, ref: ModelRef) -> None:
        """The rows are asked of this one."""
        self._model_ref = ref
        self._judge()

    @property
    def busy(self) -> bool:
        return self._task is not None and not self._task.done()

    def _judge(self) -> None:
        ref = self._model_ref
        name = self._services.models.info(ref).name or ref.id if ref else self.tr("Choose a model")
        self.model.set_label(name)
        self.model.setEnabled(self._pick is not None and not self.busy)
        wanted, total = len(self.rows.wanted()), self.rows.rowCount()
        self.ask.set_label(
            self.tr("Stop") if self.busy else self.tr("Generate again") if total else self.tr("Generate")
        )
        self.ask.setEnabled(ref is not None)
        self.add.setEnabled(bool(wanted) and not self.busy)
        self.add.set_label(
            self.tr("Add 1 row") if wanted == 1 else self.tr("Add {0} rows").format(number(wanted))
        )
        for button in (self.every, self.none):
            button.setVisible(bool(total))

    # Asking.

    def generate(self) -> None:
        """Asks, or stops asking; what came before stays."""
        if self.busy and self._task is not None:
            self._task.cancel()
        elif self._model_ref is not None:
            self.rows.clear()
            self.told.set_color("text2")
            self.told.setText(self.tr("Asking…"))
            self.meter.set_fraction(0)
            self.meter.show()
            self._task = spawn(
                self._generate(self._model_ref), owner=self, name="dataset-generate", on_error=self._fail
            )
            self._task.add_done_callback(lambda _task: self._ended())
            self._judge()

    async def _generate(self, ref: ModelRef) -> None:
        shown = self._examples if self.with_examples.isChecked() else ()
        proposal = await self._services.datasets.generate(
            self._dataset.id, ref, self.count.value(), self.instructions.toPlainText(), examples=shown,
            on_progress=self._take,
        )  # fmt: skip
        self._take(proposal)
        announce(self, self.told.text())

    def _take(self, proposal: Proposal) -> None:
        self.rows.take(proposal.rows)
        self.meter.set_fraction(len(proposal.rows) / self.count.value())
        twice = sum(row.duplicate for row in proposal.rows)
        told = [self.tr("{0} rows, {1}").format(number(len(proposal.rows)), estimate(proposal.cost))]
        if twice:
            told.append(self.tr("{0} are there already").format(number(twice)))
        if proposal.problem:
            told.append(proposal.problem)
        self.told.setText(" · ".join(told))
        self._judge()

    def _fail(self, error: BaseException) -> None:
        if not isinstance(error, ChatbenchError):
            raise error
        self.told.set_color("danger")
        self.told.setText(f"{error.message} {error.hint}".strip())
        announce(self, self.told.text(), at_once=True)

    def _ended(self) -> None:
        from shiboken6 import isValid

        if isValid(self):
            self._task = None
            self.meter.hide()
            if self.told.text() == self.tr("Asking…"):
                self.told.setText(self.tr("Stopped."))
            self._judge()

    def _add(self) -> None:
        wanted = self.rows.wanted()
        if wanted:
            self._task = spawn(self._write(wanted), owner=self, name="dataset-add", on_error=self._fail)
            self._judge()

    async def _write(self, wanted: list[dict[str, Any]]) -> None:
        await self._services.datasets.save_rows(self._dataset.id, wanted)
        self.added.emit(len(wanted))
        self._task = None
        self.accept()

    def done(self, result: int) -> None:
        if self._task is not None:
            self._task.cancel()
        super().done(result)
