"""The dialog for "same question, other parameters": one lane for each value of a parameter."""

from __future__ import annotations

import re
from typing import Any, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from chatbench.core.conversations import MOST_LANES, Lane
from chatbench.core.models import ModelInfo
from chatbench.core.params import Parameters
from chatbench.ui.chat.inspector.parameters import ParameterSpec, choices, refused, specs
from chatbench.ui.theme import theme
from chatbench.ui.widgets import Button, Label, LineField, Select, Switch

_SUGGESTED: Final = {
    "temperature": "0, 0.5, 1",
    "top_p": "0.5, 0.9, 1",
    "presence_penalty": "-1, 0, 1",
    "frequency_penalty": "-1, 0, 1",
    "seed": "1, 2, 3",
}
_UNSWEPT: Final = frozenset({"stop", "extra_body", "cache_pattern", "service_tier"})
"""Their values are texts with commas, or change nothing in an answer."""


class SweepDialog(QDialog):
    """``sweep_wanted(parameter, values, ask)``; ``ask``: the new lanes are to answer the last question.
    It deletes itself."""

    sweep_wanted = Signal(str, object, bool)

    def __init__(
        self, lane: Lane, info: ModelInfo, *, open_lanes: int, asked: bool, parent: QWidget | None = None
    ) -> None:
        """``asked``: there is a question to ask again."""
        super().__init__(parent)
        self._lane = lane
        self._info = info
        self._room = MOST_LANES - open_lanes
        self._values: list[Any] = []
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Same question, other parameters"))
        self._specs = {spec.name: spec for spec in specs() if self._offered(spec)}
        self.parameter = Select(name=self.tr("Parameter"))
        for spec in self._specs.values():
            self.parameter.addItem(spec.label, spec.name)
        start = "temperature" if "temperature" in self._specs else next(iter(self._specs), "")
        self.parameter.setCurrentIndex(max(0, self.parameter.findData(start)))
        self.values = LineField(name=self.tr("Values"))
        self.ask = Switch(self.tr("Ask the last question in the new lanes"))
        self.ask.setChecked(asked)
        self.ask.setVisible(asked)
        self.note = Label(font="small", color="text3", wrap=True)
        self._lay_out()
        self.parameter.currentIndexChanged.connect(self._suggest)
        self.values.textChanged.connect(self._judge)
        self.values.returnPressed.connect(self._add)
        self._suggest()
        self.values.setFocus()
        self.values.selectAll()

    def _offered(self, spec: ParameterSpec) -> bool:
        return spec.name not in _UNSWEPT and not refused(spec.name, Parameters(), self._info)

    def _lay_out(self) -> None:
        self.setMinimumWidth(theme().scaled(440))
        form = QGridLayout()
        form.setHorizontalSpacing(12)
        form.setVerticalSpacing(8)
        form.setColumnStretch(1, 1)
        for row, (words, field) in enumerate(
            ((self.tr("Parameter"), self.parameter), (self.tr("Values"), self.values))
        ):
            form.addWidget(Label(words, color="text2"), row, 0)
            form.addWidget(field, row, 1)
        form.addWidget(self.note, 2, 1)
        form.addWidget(self.ask, 3, 1)
        cancel = Button(self.tr("Cancel"))
        self.add = Button("", kind="primary")
        cancel.clicked.connect(self.reject)
        self.add.clicked.connect(self._add)
        last = QHBoxLayout()
        last.setSpacing(6)
        last.addStretch(1)
        last.addWidget(cancel)
        last.addWidget(self.add)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(14)
        column.addLayout(form)
        column.addLayout(last)

    def _suggest(self) -> None:
        name = self._name()
        words = choices(name, self._info)
        self.values.setText(", ".join(words) if words else _SUGGESTED.get(name, ""))
        self._judge()

    def _name(self) -> str:
        return str(self.parameter.currentData() or "")

    def _judge(self) -> None:
        problem = self._read()
        count = len(self._values)
        if not problem and count > self._room:
            problem = self._no_room()
        if not problem and not count:
            problem = self.tr("The lane has this value itself. Name others.")
        one, many = self.tr("Add 1 lane"), self.tr("Add {0} lanes").format(count)
        self.add.set_label(one if count == 1 else many)
        self.add.setEnabled(not problem)
        self.add.setToolTip(problem)
        self.note.setText(problem or self.tr("Separate values by commas."))
        self.note.set_color("danger" if problem else "text3")

    def _no_room(self) -> str:
        if self._room < 1:
            return self.tr("There is no room for another lane. Close one first.")
        one, many = self.tr("There is room for 1 more lane."), self.tr("There is room for {0} more lanes.")
        return one if self._room == 1 else many.format(self._room)

    def _read(self) -> str:
        """Takes the values that the lane does not have itself; what is wrong with them otherwise."""
        name, self._values = self._name(), []
        spec, words = self._specs.get(name), choices(self._name(), self._info)
        if spec is None:
            return self.tr("This model takes no parameters.")
        for text in filter(None, re.split(r"[,;\s]+", self.values.text())):
            try:
                value = spec.read(text)
            except ValueError as error:
                return self.tr("{0} takes {1}.").format(spec.label, error)
            if words and value not in words:
                return self.tr("{0} takes {1}.").format(spec.label, ", ".join(words))
            if value not in (getattr(self._lane.parameters, name), *self._values):
                self._values.append(value)
        return "" if self.values.text().strip() else self.tr("Name at least one value.")

    def _add(self) -> None:
        if self.add.isEnabled():
            self.sweep_wanted.emit(self._name(), tuple(self._values), self.ask.isChecked())
            self.accept()
