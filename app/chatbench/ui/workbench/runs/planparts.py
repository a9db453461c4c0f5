"""Parts of the form of a run: its models with what they are varied by, and its checks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCompleter, QHBoxLayout, QVBoxLayout, QWidget

from chatbench.core.checks import Check
from chatbench.core.params import Parameters
from chatbench.core.runs import PlanModel
from chatbench.ui.widgets import Button, ElidedLabel, IconButton, Label, LineField, Select
from chatbench.ui.workbench.runs.checkform import CheckDialog


def read_grid(text: str) -> dict[str, tuple[Any, ...]]:
    """`temperature 0, 0.7; seed 1` as values by the names of parameters. Raises ValueError with what is
    wrong."""
    found: dict[str, tuple[Any, ...]] = {}
    for part in filter(None, (one.strip() for one in text.replace("\n", ";").split(";"))):
        name, _, values = part.replace("=", " ", 1).partition(" ")
        if name not in Parameters.__struct_fields__:
            raise ValueError(name)
        told = tuple(_value(one.strip()) for one in values.split(",") if one.strip())
        if not told:
            raise ValueError(part)
        for value in told:
            try:
                msgspec.convert({name: value}, Parameters)
            except msgspec.ValidationError as error:
                raise ValueError(f"{name}: {error}") from error
        found[name] = told
    return found


def written_grid(grid: dict[str, tuple[Any, ...]]) -> str:
    """The same as text."""
    return "; ".join(f"{name} {', '.join(map(_written, values))}" for name, values in grid.items())


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


class ModelRows(QWidget):
    """The models of a plan, a line each. `edited()`."""

    edited = Signal()

    def __init__(self, names: Sequence[str], chosen: Sequence[PlanModel]) -> None:
        """`names` are the models to choose from (`provider/model-id`)."""
        super().__init__()
        self._models: list[PlanModel] = []
        self.grids: list[LineField] = []
        self.problem = Label(font="small", color="danger", wrap=True)
        self.problem.hide()
        self.choice = Select(name=self.tr("Model to add"))
        self.choice.setEditable(True)
        self.choice.setInsertPolicy(Select.InsertPolicy.NoInsert)
        self.choice.addItems(list(names))
        self.choice.setCurrentText("")
        line = self.choice.lineEdit()
        assert line is not None
        line.setPlaceholderText(self.tr("Add a model: provider/model-id"))
        completer = QCompleter(list(names), self.choice)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.choice.setCompleter(completer)
        line.returnPressed.connect(self._add_named)
        self.choice.activated.connect(lambda _at: self._add_named())
        self.add_button = Button(self.tr("Add"), icon="plus")
        self.add_button.clicked.connect(self._add_named)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(0)
        last = QHBoxLayout()
        last.addWidget(self.choice, 1)
        last.addWidget(self.add_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(self._rows)
        column.addLayout(last)
        column.addWidget(self.problem)
        self.set_models(chosen)

    def set_models(self, models: Sequence[PlanModel]) -> None:
        """Shows these."""
        self._models = list(models)
        _empty(self._rows)
        self.grids = []
        for at, model in enumerate(models):
            row = QWidget()
            line = QHBoxLayout(row)
            # Room for the ring of what has the focus.
            line.setContentsMargins(0, 4, 4, 4)
            line.addWidget(ElidedLabel(model.model, weight=500), 1)
            grid = LineField(written_grid(model.grid), name=self.tr("Parameters of {0}").format(model.model))
            grid.setPlaceholderText(self.tr("temperature 0, 0.7; seed 1"))
            grid.setToolTip(self.tr("Several values of a parameter make a column each"))
            grid.textChanged.connect(lambda _text: self.edited.emit())
            self.grids.append(grid)
            line.addWidget(grid, 1)
            gone = IconButton("x", self.tr("Leave out {0}").format(model.model), size="row")
            gone.clicked.connect(partial(self._remove, at))
            line.addWidget(gone)
            self._rows.addWidget(row)

    def models(self) -> tuple[PlanModel, ...]:
        """As they stand there; a grid that cannot be read is told below, and left out."""
        found, wrong = [], ""
        for model, grid in zip(self._models, self.grids, strict=True):
            try:
                told = read_grid(grid.text())
            except ValueError as error:
                wrong = self.tr("{0}: this is no parameter with values: {1}").format(model.model, error)
                told = {}
            found.append(msgspec.structs.replace(model, grid=told))
        self.problem.setText(wrong)
        self.problem.setVisible(bool(wrong))
        return tuple(found)

    @property
    def is_wrong(self) -> bool:
        """Whether a grid cannot be read."""
        return bool(self.problem.text())

    def _add_named(self) -> None:
        name = self.choice.currentText().strip()
        if name:
            self.set_models((*self.models(), PlanModel(model=name)))
            self.choice.setCurrentText("")
            self.edited.emit()

    def _remove(self, at: int) -> None:
        models = list(self.models())
        del models[at]
        self.set_models(models)
        self.edited.emit()


class CheckRows(QWidget):
    """The checks of a plan, in their order. `edited()`; `tried()`: what they find of answers that are there
    is wanted."""

    edited = Signal()
    tried = Signal()

    def __init__(self, graders: Sequence[str]) -> None:
        super().__init__()
        self._graders = list(graders)
        self.checks: tuple[Check, ...] = ()
        self.told = Label(font="small", color="text2", wrap=True)
        self.told.hide()
        self.add_button = Button(self.tr("Add a check…"), icon="plus")
        self.add_button.clicked.connect(lambda: self.edit(None))
        self.try_button = Button(self.tr("Try on finished cells"), kind="quiet")
        self.try_button.clicked.connect(self.tried)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(0)
        last = QHBoxLayout()
        last.addWidget(self.add_button)
        last.addWidget(self.try_button)
        last.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(self._rows)
        column.addLayout(last)
        column.addWidget(self.told)

    def set_checks(self, checks: Sequence[Check]) -> None:
        """Shows these."""
        self.checks = tuple(checks)
        self.say("")
        _empty(self._rows)
        for at, check in enumerate(self.checks):
            row = QWidget()
            line = QHBoxLayout(row)
            # Room for the ring of what has the focus.
            line.setContentsMargins(0, 4, 4, 4)
            line.addWidget(ElidedLabel(f"{at + 1}  {check.title}"), 1)
            edit = IconButton("pencil", self.tr("Edit {0}").format(check.title), size="row")
            edit.clicked.connect(partial(self.edit, at))
            gone = IconButton("trash-2", self.tr("Remove {0}").format(check.title), size="row")
            gone.clicked.connect(partial(self._remove, at))
            line.addWidget(edit)
            line.addWidget(gone)
            self._rows.addWidget(row)
        self.edited.emit()

    def edit(self, at: int | None) -> CheckDialog:
        """Opens the form of a check, or of a new one."""
        dialog = CheckDialog(None if at is None else self.checks[at], self._graders, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.saved.connect(partial(self._take, at))
        dialog.open()
        return dialog

    def say(self, words: str) -> None:
        """What trying them found."""
        self.told.setText(words)
        self.told.setVisible(bool(words))

    def _take(self, at: int | None, check: Check) -> None:
        checks = list(self.checks)
        if at is None:
            checks.append(check)
        else:
            checks[at] = check
        self.set_checks(checks)

    def _remove(self, at: int) -> None:
        self.set_checks([*self.checks[:at], *self.checks[at + 1 :]])


def _empty(layout: QVBoxLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
