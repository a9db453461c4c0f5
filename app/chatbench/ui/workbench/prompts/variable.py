"""The settings of one variable: what kind of value it takes, its default, and what it is for."""

from __future__ import annotations

import json
from typing import Any, Final, get_args

import msgspec
from PySide6.QtWidgets import QDialog, QFormLayout, QVBoxLayout, QWidget

from chatbench.core.prompts import Variable, VariableType
from chatbench.ui.theme import theme
from chatbench.ui.widgets import Button, Label, LineField, Select, Switch
from chatbench.ui.widgets.dialogs import last_line

_WIDTH: Final = 420


class VariableDialog(QDialog):
    """Opened by `aio.ask`, which deletes it; `variable` is what was accepted."""

    def __init__(self, variable: Variable, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Variable {0}").format(variable.name))
        self.setMinimumWidth(theme().scaled(_WIDTH))
        self.variable = variable
        self.kind = Select(name=self.tr("Type"))
        for kind in get_args(VariableType):
            self.kind.addItem(self._label(kind), kind)
        self.kind.setCurrentIndex(self.kind.findData(variable.type))
        self.kind.currentIndexChanged.connect(self._show)
        self.default = LineField(_written(variable.default), name=self.tr("Default"))
        self.default.setPlaceholderText(self.tr("none: a value is needed"))
        self.description = LineField(variable.description, name=self.tr("Description"))
        self.choices = LineField(", ".join(variable.choices), name=self.tr("Choices"))
        self.choices.setPlaceholderText(self.tr("a comma between them"))
        self.optional = Switch(self.tr("May be left empty"))
        self.optional.setChecked(variable.optional)
        self.trouble = Label(font="small", color="danger", wrap=True)
        self.trouble.hide()
        self.save = Button(self.tr("Save"), kind="primary")
        self.save.clicked.connect(self._save)
        self._lay_out()
        self._show()

    def _lay_out(self) -> None:
        self._form = QFormLayout()
        self._form.setHorizontalSpacing(12)
        self._form.setVerticalSpacing(8)
        for label, field in (
            (self.tr("Type"), self.kind),
            (self.tr("Choices"), self.choices),
            (self.tr("Default"), self.default),
            (self.tr("Description"), self.description),
        ):
            self._form.addRow(Label(label, font="small", color="text2"), field)
        self._form.addRow(self.optional)
        cancel = Button(self.tr("Cancel"))
        cancel.clicked.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(10)
        column.addLayout(self._form)
        column.addWidget(self.trouble)
        column.addLayout(last_line(cancel, self.save))

    def _label(self, kind: str) -> str:
        return {
            "text": self.tr("Text"),
            "long_text": self.tr("Long text"),
            "number": self.tr("Number"),
            "choice": self.tr("Choice"),
            "file": self.tr("File"),
            "image": self.tr("Image"),
            "json": self.tr("JSON"),
        }[kind]

    def _show(self) -> None:
        kind = self.kind.currentData()
        self._form.setRowVisible(self.choices, kind == "choice")
        self._form.setRowVisible(self.default, kind not in ("file", "image"))

    def _save(self) -> None:
        kind = self.kind.currentData()
        choices = tuple(dict.fromkeys(one.strip() for one in self.choices.text().split(",") if one.strip()))
        try:
            default = _read(kind, self.default.text(), choices)
        except (ValueError, RecursionError):
            self.trouble.setText(self.tr("This default is none that the variable can have."))
            self.trouble.show()
            return
        self.variable = msgspec.structs.replace(
            self.variable,
            type=kind,
            default=default,
            description=self.description.text().strip(),
            choices=choices if kind == "choice" else (),
            optional=self.optional.isChecked(),
        )
        self.accept()


def _written(default: Any) -> str:
    if default is None:
        return ""
    return default if isinstance(default, str) else json.dumps(default, ensure_ascii=False)


def _read(kind: str, text: str, choices: tuple[str, ...]) -> Any:
    """Raises ValueError for what is none."""
    if not text or kind in ("file", "image"):
        return None
    if kind == "json":
        return json.loads(text)
    if kind == "number":
        value = float(text)
        return int(value) if value.is_integer() else value
    if kind == "choice" and choices and text not in choices:
        raise ValueError(text)
    return text
