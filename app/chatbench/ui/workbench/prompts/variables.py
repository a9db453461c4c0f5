"""The variables of a prompt: each with its name, a field for the value it is tried with, and its settings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFileDialog,
    QGridLayout,
    QPlainTextEdit,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from chatbench.core.prompts import Variable
from chatbench.ui.theme import theme
from chatbench.ui.widgets import Button, IconButton, Label, LineField, Select
from chatbench.ui.workbench.prompts.place import PlaceLabel

_LINES: Final = 3


class ValueField(QWidget):
    """The field for one value. `changed()` with every edit; `file_chosen(path)` where one is to be stored."""

    changed = Signal()
    file_chosen = Signal(object)

    def __init__(self, variable: Variable, value: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.variable = variable
        self._value = value
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        self.fault = Label(font="small", color="danger", wrap=True)
        self.fault.hide()
        self.field = self._make(value)
        self.field.setAccessibleDescription(variable.description)
        self.field.setToolTip(variable.description)
        column.addWidget(self.field)
        column.addWidget(self.fault)

    def _make(self, value: Any) -> QWidget:
        variable, name = self.variable, self.variable.name
        if variable.type in ("long_text", "json"):
            return self._long(name, value)
        if variable.type == "choice" and variable.choices:
            return self._choice(name, value)
        if variable.type in ("file", "image"):
            button = Button(self._file_words(), icon="image" if variable.type == "image" else "paperclip")
            button.setAccessibleName(self.tr("{0}: choose a file").format(name))
            button.clicked.connect(self._choose_file)
            return button
        line = LineField("" if value is None else str(value), name=name)
        line.setPlaceholderText(self._hint())
        line.textChanged.connect(self._written)
        return line

    def _long(self, name: str, value: Any) -> QPlainTextEdit:
        told = value if isinstance(value, str) or value is None else json.dumps(value, ensure_ascii=False)
        field = QPlainTextEdit(told or "")
        field.setAccessibleName(name)
        field.setPlaceholderText(self._hint())
        field.setTabChangesFocus(True)
        field.setFixedHeight(theme().line("ui") * _LINES + 16)
        if self.variable.type == "json":
            field.setFont(theme().font("code"))
            field.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        field.textChanged.connect(self._written)
        return field

    def _choice(self, name: str, value: Any) -> Select:
        select = Select(name=name)
        select.addItem(self._hint() or self.tr("Choose…"), "")
        for choice in self.variable.choices:
            select.addItem(choice, choice)
        select.setCurrentIndex(max(0, select.findData(value if value is not None else "")))
        select.currentIndexChanged.connect(self._written)
        return select

    def _hint(self) -> str:
        default = self.variable.default
        if default is None:
            return self.tr("may be left empty") if self.variable.optional else ""
        return default if isinstance(default, str) else json.dumps(default, ensure_ascii=False)

    def value(self) -> Any:
        """What is filled in; None for nothing."""
        field = self.field
        if isinstance(field, Button):
            return self._value
        if isinstance(field, Select):
            return field.currentData() or None
        text = field.toPlainText() if isinstance(field, QPlainTextEdit) else field.text()  # type: ignore[attr-defined]
        return text or None

    def set_value(self, value: Any) -> None:
        """A stored file, or None."""
        self._value = value
        if isinstance(self.field, Button):
            self.field.set_label(self._file_words())
        self.changed.emit()

    def _file_words(self) -> str:
        if isinstance(self._value, Mapping):
            return str(self._value.get("name") or self.tr("a file"))
        return self.tr("Choose a file…")

    def _written(self) -> None:
        self.fault.setText(self._problem())
        self.fault.setVisible(bool(self.fault.text()))
        self.changed.emit()

    def _problem(self) -> str:
        told = self.value()
        if told is None:
            return ""
        try:
            if self.variable.type == "json":
                json.loads(told)
            elif self.variable.type == "number":
                float(told)
        except (ValueError, RecursionError) as error:
            return (
                self.tr("no JSON: {0}").format(error)
                if self.variable.type == "json"
                else self.tr("no number")
            )
        return ""

    def _choose_file(self) -> None:
        dialog = QFileDialog(self.window(), self.variable.name)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.filesSelected.connect(lambda names: self.file_chosen.emit(Path(names[0])))
        dialog.open()


class VariableRows(QWidget):
    """A row for each variable. `changed()` when a value did; `settings_wanted(Variable)`; `file_chosen(name,
    path)` for a value that is a file."""

    changed = Signal()
    settings_wanted = Signal(object)
    file_chosen = Signal(str, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kept: dict[str, Any] = {}
        self._fields: dict[str, ValueField] = {}
        self._variables: tuple[Variable, ...] = ()
        self._settings: list[IconButton] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(1, 1)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)

    def field(self, name: str) -> ValueField:
        """That of a variable which is there."""
        return self._fields[name]

    def controls(self) -> list[QWidget]:
        """What the keyboard reaches, from the top."""
        pairs = zip(self._fields.values(), self._settings, strict=True)
        return [one for field, settings in pairs for one in (field.field, settings)]

    def values(self) -> dict[str, Any]:
        """What is filled in, by name."""
        filled = {name: field.value() for name, field in self._fields.items()}
        return {name: value for name, value in filled.items() if value is not None}

    def all_values(self) -> dict[str, Any]:
        """The same, with what was filled in for variables that are away."""
        return {**self._kept, **self.values()}

    def expect(self, values: Mapping[str, Any]) -> None:
        """What stands in these fields when they are offered."""
        self._kept |= values

    def missing(self) -> frozenset[str]:
        """The variables that have no value and need one."""
        filled = self.values()
        return frozenset(
            one.name
            for one in self._variables
            if one.name not in filled and one.default is None and not one.optional
        )

    def offer(self, variables: Sequence[Variable]) -> None:
        """One row for each of these; what was filled in stays."""
        if tuple(variables) == self._variables:
            return
        self._kept |= self.values()
        self._variables = tuple(variables)
        same = {name: one for name, one in self._fields.items() if one.variable in self._variables}
        while (item := self._grid.takeAt(0)) is not None:
            if (gone := item.widget()) is not None and gone not in same.values():
                gone.hide()
                gone.deleteLater()
        self._settings = []
        self._fields = {one.name: same.get(one.name) or self._make(one) for one in self._variables}
        for at, (name, field) in enumerate(self._fields.items()):
            label = PlaceLabel(name)
            label.setToolTip(field.variable.description)
            settings = IconButton(
                "sliders-horizontal", self.tr("Type, default and description of {0}").format(name), size="row"
            )
            settings.clicked.connect(
                lambda _checked=False, one=field: self.settings_wanted.emit(one.variable)
            )
            self._settings.append(settings)
            tall = isinstance(field.field, QPlainTextEdit)
            side = Qt.AlignmentFlag.AlignTop if tall else Qt.AlignmentFlag.AlignVCenter
            self._grid.addWidget(label, at, 0, side)
            self._grid.addWidget(field, at, 1)
            self._grid.addWidget(settings, at, 2, side)

    def _make(self, variable: Variable) -> ValueField:
        field = ValueField(variable, self._kept.get(variable.name), self)
        field.changed.connect(self.changed)
        field.file_chosen.connect(lambda path: self.file_chosen.emit(variable.name, path))
        return field
