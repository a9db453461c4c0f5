"""The form of one check, made from what its kind says of itself."""

from __future__ import annotations

import json
from functools import partial
from typing import Any, Final

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from chatbench.core.checks import Check
from chatbench.services.runs import KINDS, CheckField, CheckKind, check_problems
from chatbench.ui.theme import theme
from chatbench.ui.widgets import Button, Label, LineField, Select, Switch
from chatbench.ui.widgets.dialogs import fit_dialog
from chatbench.ui.widgets.forms import Form, FormRow, scrolling

_SIZE: Final = (560, 560)
_LONG: Final = frozenset({"long_text", "json", "texts"})


class Wrong(ValueError):
    """What stands in a field cannot be what it is meant to be."""


class FieldOfCheck(QWidget):
    """A field for one value: of a check's value or of one of its options."""

    edited = Signal()

    def __init__(self, field: CheckField, value: Any) -> None:
        super().__init__()
        self.field = field
        self.widget = self._made()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.widget)
        if isinstance(self.widget, Switch):
            row.addStretch(1)
        self._fill(value if value is not None else field.default)
        self.setFocusProxy(self.widget)

    def value(self) -> Any:
        """What stands there; None for nothing, or for what holds anyway. Raises Wrong."""
        kind, widget = self.field.type, self.widget
        if isinstance(widget, Switch):
            return widget.isChecked() if widget.isChecked() != bool(self.field.default) else None
        if isinstance(widget, Select):
            chosen = widget.currentData()
            return None if chosen == self.field.default else chosen
        text = widget.toPlainText() if isinstance(widget, QPlainTextEdit) else ""
        text = widget.text() if isinstance(widget, LineField) else text
        if not text.strip():
            return None
        if kind == "texts":
            lines = [line for line in text.split("\n") if line.strip()]
            return lines[0] if len(lines) == 1 else lines
        if kind in ("number", "integer", "json", "any"):
            return self._read(text.strip())
        return text

    def _read(self, text: str) -> Any:
        kind = self.field.type
        if kind == "any" or "{{" in text:
            return text
        try:
            told = json.loads(text)
        except ValueError as error:
            words = self.tr("This is no JSON: {0}.") if kind == "json" else self.tr("“{1}” is no number.")
            raise Wrong(words.format(error, text)) from error
        wanted = {"integer": int, "number": int | float, "json": dict | list}[kind]
        if isinstance(told, bool) or not isinstance(told, wanted):
            words = (
                self.tr("“{0}” is no whole number.") if kind == "integer" else self.tr("“{0}” is no number.")
            )
            raise Wrong(words.format(text) if kind != "json" else self.tr("Write an object."))
        return told

    def _made(self) -> QWidget:
        field = self.field
        if field.type == "boolean":
            switch = Switch(field.label)
            switch.toggled.connect(lambda _on: self.edited.emit())
            return switch
        if field.type == "choice":
            select = Select(name=field.label)
            for choice in field.choices:
                select.addItem(choice or self.tr("any"), choice)
            select.currentIndexChanged.connect(lambda _at: self.edited.emit())
            return select
        if field.type in _LONG:
            text = QPlainTextEdit()
            text.setAccessibleName(field.label)
            text.setTabChangesFocus(True)
            text.setFixedHeight(theme().line("ui") * 4 + 14)
            if field.type == "json":
                text.setFont(theme().font("code"))
            text.textChanged.connect(self.edited)
            return text
        line = LineField(name=field.label)
        line.textChanged.connect(lambda _text: self.edited.emit())
        return line

    def _fill(self, value: Any) -> None:
        widget = self.widget
        if isinstance(widget, Switch):
            widget.setChecked(bool(value))
        elif isinstance(widget, Select):
            widget.setCurrentIndex(max(0, widget.findData(value)))
        elif value is not None:
            told = (
                "\n".join(value) if isinstance(value, list | tuple) and self.field.type == "texts" else value
            )
            words = told if isinstance(told, str) else json.dumps(told, ensure_ascii=False, indent=1)
            if isinstance(widget, QPlainTextEdit):
                widget.setPlainText(words)
            elif isinstance(widget, LineField):
                widget.setText(words)


class CheckDialog(QDialog):
    """`saved(Check)`: nothing is kept here. It deletes itself."""

    saved = Signal(object)

    def __init__(self, check: Check | None, graders: list[str], parent: QWidget) -> None:
        """`graders` are the models to choose from."""
        super().__init__(parent)
        self._check = check or Check(kind="contains")
        self._graders = graders
        self.setWindowTitle(self.tr("Edit the check") if check is not None else self.tr("Add a check"))
        self.kind = Select(name=self.tr("Kind"))
        for kind in KINDS.values():
            self.kind.addItem(f"{kind.group}: {kind.title}", kind.name)
        self.kind.setCurrentIndex(self.kind.findData(self._check.kind))
        self.kind.currentIndexChanged.connect(self._change_kind)
        self.problem = Label(font="small", color="danger", wrap=True)
        self.problem.hide()
        self._holder = QWidget()
        self._column = QVBoxLayout(self._holder)
        self._column.setContentsMargins(0, 0, 8, 0)
        self.form: Form
        self.fields: dict[str, FieldOfCheck] = {}
        self._rows: dict[str, FormRow] = {}
        self.save = Button(self.tr("Save"), kind="primary")
        self.save.clicked.connect(self._save)
        cancel = Button(self.tr("Cancel"))
        cancel.clicked.connect(self.reject)
        foot = QHBoxLayout()
        foot.addWidget(self.problem, 1)
        foot.addStretch(0)
        foot.addWidget(cancel)
        foot.addWidget(self.save)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(12)
        column.addWidget(self.kind)
        column.addWidget(scrolling(self._holder), 1)
        column.addLayout(foot)
        self._fill()
        fit_dialog(self, *_SIZE)

    def check(self) -> Check:
        """What the form says. Raises Wrong, having said so at the field."""
        kind = KINDS[self.kind.currentData()]
        told: dict[str, Any] = {}
        wrong = ""
        for name, field in self.fields.items():
            try:
                told[name] = field.value()
                self._rows[name].set_error("")
            except Wrong as error:
                wrong = str(error)
                self._rows[name].set_error(wrong)
        if wrong:
            raise Wrong(wrong)
        own = {"threshold", "weight", "repeats"}
        options = {
            name.removeprefix("option."): value
            for name, value in told.items()
            if name.startswith("option.") and value is not None
        }
        return Check(
            kind=kind.name,
            value=told.get("value"),
            name=self.name.text().strip(),
            options=options,
            negate=self.negate.isChecked(),
            required=self.required.isChecked(),
            grader=str(self.grader.currentText()) if kind.is_graded else "",
            **{name: told[name] for name in own if told.get(name) is not None},
        )

    def _change_kind(self) -> None:
        name = self.name.text()
        self._check = Check(kind=self.kind.currentData(), name=name)
        self._fill()

    def _fill(self) -> None:
        check, kind = self._check, KINDS[self._check.kind]
        while (item := self._column.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.hide()
                old.deleteLater()
        self.fields, self._rows = {}, {}
        self.form = Form()
        self._column.addWidget(Label(kind.description, font="small", color="text2", wrap=True))
        self._column.addWidget(self.form)
        self._column.addStretch(1)
        if kind.value is not None:
            self._add("value", kind.value, check.value)
        for option in kind.options:
            self._add(f"option.{option.name}", option, check.options.get(option.name))
        self._add_judging(check, kind)
        self.name = LineField(check.name, name=self.tr("Name"))
        self.name.setPlaceholderText(kind.title)
        self.form.add(self.tr("Name"), self.name)
        self.negate = Switch(self.tr("Passes where it would fail (not)"))
        self.negate.setChecked(check.negate)
        self.required = Switch(self.tr("Required: without it the cell does not pass"))
        self.required.setChecked(check.required)
        for switch in (self.negate, self.required):
            self.form.add("", switch)

    def _add_judging(self, check: Check, kind: CheckKind) -> None:
        """Who judges, from what score on, and how much it counts."""
        self.grader = Select(name=self.tr("Grader"))
        self.grader.setEditable(True)
        if kind.is_graded:
            self.grader.addItems(self._graders)
            self.grader.setCurrentText(check.grader or (self._graders[0] if self._graders else ""))
            self.form.add(self.tr("Grader"), self.grader, hint=self.tr("The model that grades."))
            repeats = CheckField(
                name="repeats", type="integer", label=self.tr("Asked how often"), default=1, least=1, most=25
            )
            self._add("repeats", repeats, check.repeats)
        if kind.threshold is not None:
            words = self.tr("Passes from a score of (0 to 1; usually {0})").format(kind.threshold)
            field = CheckField(name="threshold", type="number", label=self.tr("Threshold"), description=words)
            self._add("threshold", field, check.threshold)
        weight = CheckField(name="weight", type="number", label=self.tr("Weight"), default=1.0)
        self._add("weight", weight, check.weight)

    def _add(self, name: str, field: CheckField, value: Any) -> None:
        widget = self.fields[name] = FieldOfCheck(field, value)
        label = "" if field.type == "boolean" else field.label
        self._rows[name] = self.form.add(label, widget, hint=field.description)
        widget.edited.connect(partial(self._rows[name].set_error, ""))

    def _save(self) -> None:
        try:
            check = self.check()
        except (Wrong, msgspec.ValidationError):
            return
        wrong = check_problems(check)
        self.problem.setText("\n".join(wrong))
        self.problem.setVisible(bool(wrong))
        if not wrong:
            self.saved.emit(check)
            self.accept()
