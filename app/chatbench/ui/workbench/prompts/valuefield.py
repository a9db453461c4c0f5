"""The field for the value that a variable is tried with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QPlainTextEdit, QVBoxLayout, QWidget

from chatbench.core.prompts import Variable
from chatbench.ui.theme import theme
from chatbench.ui.widgets import Button, Label, LineField, Select

_LINES: Final = 3


class ValueField(QWidget):
    """The field for one value. `changed()` with every edit; `file_chosen(path)` where one is to be stored."""

    changed = Signal()
    file_chosen = Signal(object)

    def __init__(self, variable: Variable, value: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.variable = variable
        self._value = value
        self._absent = False
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        self.fault = Label(font="small", color="danger", wrap=True)
        self.fault.hide()
        self.field = self._make(value)
        self._describe()
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

    def set_absent(self, absent: bool) -> None:
        """Whether the data set beside the prompt has no column for it."""
        if absent == self._absent:
            return
        self._absent = absent
        if isinstance(self.field, Select):
            self.field.setItemText(0, self._hint() or self.tr("Choose…"))
        elif isinstance(self.field, LineField | QPlainTextEdit):
            self.field.setPlaceholderText(self._hint())
        self._describe()

    def _describe(self) -> None:
        told = [self.variable.description, self._hint() if self._absent else ""]
        self.field.setAccessibleDescription(" ".join(filter(None, told)))

    def _hint(self) -> str:
        default = self.variable.default
        if default is None and self.variable.optional:
            return self.tr("may be left empty")
        if default is None:
            return self.tr("not in the data set") if self._absent else ""
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
