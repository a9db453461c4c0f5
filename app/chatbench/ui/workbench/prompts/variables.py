"""The variables of a prompt: each with its name, what it is tried with, and its settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QMenu, QPlainTextEdit, QSizePolicy, QWidget

from chatbench.core.prompts import Variable
from chatbench.services.runs import row_values
from chatbench.ui.widgets import IconButton
from chatbench.ui.workbench.prompts.columnvalue import ColumnValue
from chatbench.ui.workbench.prompts.place import PlaceLabel
from chatbench.ui.workbench.prompts.valuefield import ValueField


class VariableRows(QWidget):
    """A row for each variable: a field, or the column of the data set beside the prompt that fills it.
    `changed()` when a value did; `settings_wanted(Variable)`; `file_chosen(name, path)` for a value that is
    a file; `column_chosen(name, column)`, "" for the field; `arranged()` when other controls stand there."""

    changed = Signal()
    settings_wanted = Signal(object)
    file_chosen = Signal(str, object)
    column_chosen = Signal(str, str)
    arranged = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kept: dict[str, Any] = {}
        self._fields: dict[str, ValueField] = {}
        self._sources: dict[str, ColumnValue] = {}
        self._variables: tuple[Variable, ...] = ()
        self._controls: list[QWidget] = []
        self._names: tuple[str, ...] = ()
        self._columns: dict[str, str] = {}
        self._row: Mapping[str, Any] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(1, 1)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)

    def field(self, name: str) -> ValueField:
        """That of a variable which is there, also while a column fills it."""
        return self._fields[name]

    def source(self, name: str) -> ColumnValue | None:
        """The column that fills a variable."""
        return self._sources.get(name)

    def focus(self, name: str) -> None:
        """The keyboard goes to what fills a variable."""
        (self._sources.get(name) or self._fields[name].field).setFocus(Qt.FocusReason.OtherFocusReason)

    def controls(self) -> list[QWidget]:
        """What the keyboard reaches, from the top."""
        return list(self._controls)

    # Values.

    def values(self) -> dict[str, Any]:
        """What the prompt is tried with, by name: the row in view before what is filled in."""
        found = row_values(self._filled_in(), self._columns, self._row)
        return {name: value for name, value in found.items() if name in self._fields and value is not None}

    def _filled_in(self) -> dict[str, Any]:
        filled = {name: field.value() for name, field in self._fields.items()}
        return {name: value for name, value in filled.items() if value is not None}

    def all_values(self) -> dict[str, Any]:
        """What is filled in, also for variables that are away or filled by a column."""
        return {**self._kept, **self._filled_in()}

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

    # What there is.

    def offer(self, variables: Sequence[Variable]) -> None:
        """One row for each of these; what was filled in stays."""
        if tuple(variables) == self._variables:
            return
        self._kept |= self._filled_in()
        self._variables = tuple(variables)
        same = {name: one for name, one in self._fields.items() if one.variable in self._variables}
        for name, gone in self._fields.items():
            if name not in same:
                gone.hide()
                gone.deleteLater()
        self._fields = {one.name: same.get(one.name) or self._make(one) for one in self._variables}
        self._arrange()

    def show_row(self, names: Sequence[str], columns: Mapping[str, str], values: Mapping[str, Any]) -> None:
        """The columns of the data set beside the prompt (none: there is no data set), the prompt's own
        `columns`, and the row in view."""
        before = self._names, self._filled_by()
        self._names, self._columns, self._row = tuple(names), dict(columns), dict(values)
        if (self._names, self._filled_by()) != before:
            self._arrange()
        for source in self._sources.values():
            source.show_value(self._row.get(source.column))
        self.changed.emit()

    def _filled_by(self) -> dict[str, str]:
        """Variable → column, of those that a column fills."""
        found = {one.name: self._columns.get(one.name, one.name) for one in self._variables}
        return {
            name: column if column in self._names else name
            for name, column in found.items()
            if column and (column in self._names or name in self._names)
        }

    def _arrange(self) -> None:
        while self._grid.takeAt(0) is not None:
            pass
        for gone in (*self.findChildren(PlaceLabel), *self.findChildren(IconButton), *self._sources.values()):
            gone.hide()
            gone.deleteLater()
        filled = self._filled_by()
        self._sources, self._controls = {}, []
        for at, (name, field) in enumerate(self._fields.items()):
            shown: QWidget = field
            field.setVisible(name not in filled)
            field.set_absent(bool(self._names) and name not in filled)
            if name in filled:
                shown = self._sources[name] = self._source(name, filled[name])
            self._put(at, field, shown)
        self.arranged.emit()

    def _put(self, at: int, field: ValueField, shown: QWidget) -> None:
        tall = shown is field and isinstance(field.field, QPlainTextEdit)
        side = Qt.AlignmentFlag.AlignTop if tall else Qt.AlignmentFlag.AlignVCenter
        label = PlaceLabel(field.variable.name)
        label.setToolTip(field.variable.description)
        name = field.variable.name
        more = IconButton(
            "sliders-horizontal", self.tr("Type, default and column of {0}").format(name), size="row"
        )
        more.clicked.connect(lambda: self._open_more(field.variable, more))
        self._grid.addWidget(label, at, 0, side)
        self._grid.addWidget(shown, at, 1)
        self._grid.addWidget(more, at, 2, side)
        # A layout shows what is new in it later: until then the keyboard could not go there.
        shown.show()
        self._controls += [field.field if shown is field else shown, more]

    def _source(self, name: str, column: str) -> ColumnValue:
        source = ColumnValue(name, column, self)
        source.show_value(self._row.get(column))
        variable = self._fields[name].variable
        source.clicked.connect(lambda: self._open_more(variable, source))
        return source

    def _open_more(self, variable: Variable, anchor: QWidget) -> None:
        """Where there is no data set, nothing is to be chosen."""
        if not self._names:
            self.settings_wanted.emit(variable)
            return
        name = variable.name
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setAccessibleName(self.tr("What fills {0}").format(name))
        current = self._filled_by().get(name, "")
        for column in self._names:
            shown = self.tr("Column {0}").format(column.replace("&", "&&"))
            action = menu.addAction(shown, partial(self._choose, name, column))
            action.setCheckable(True)
            action.setChecked(column == current)
        menu.addSeparator()
        written = menu.addAction(self.tr("What is written here"), partial(self._choose, name, ""))
        written.setCheckable(True)
        written.setChecked(not current)
        menu.addSeparator()
        menu.addAction(
            self.tr("Type, default and description…"), partial(self.settings_wanted.emit, variable)
        )
        menu.popup(anchor.mapToGlobal(anchor.rect().bottomLeft()))

    def _choose(self, name: str, column: str) -> None:
        self.column_chosen.emit(name, column)
        if name in self._fields:
            self.focus(name)

    def _make(self, variable: Variable) -> ValueField:
        field = ValueField(variable, self._kept.get(variable.name), self)
        field.changed.connect(self.changed)
        field.file_chosen.connect(lambda path: self.file_chosen.emit(variable.name, path))
        return field
