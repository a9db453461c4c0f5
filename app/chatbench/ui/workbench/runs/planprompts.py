"""The prompts of a plan: which of them are run, and the values that no column fills."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from chatbench.core.prompts import Prompt, Variable
from chatbench.core.runs import PlanPrompt
from chatbench.services.prompts import TemplateError, variables_of
from chatbench.services.runs import row_values
from chatbench.ui.widgets import Chip, Flow, LineField
from chatbench.ui.widgets.forms import Form, FormRow


class PromptOption(NamedTuple):
    """A prompt that can be run: `place` is where it stands in the plan, `prompt` what is sent; None where it
    was not found."""

    label: str
    planned: PlanPrompt
    prompt: Prompt | None
    place: int = 0


class PromptChoice(QWidget):
    """A chip for each prompt. `edited()` when others are chosen."""

    edited = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.options: list[PromptOption] = []
        self.chips: list[Chip] = []
        self._flow = Flow(self)
        policy = self.sizePolicy()
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def offer(self, options: Sequence[PromptOption], chosen: Collection[int]) -> None:
        """Once. `chosen` are the places of those that are run to begin with."""
        self.options = list(options)
        for option in options:
            chip = Chip(option.label[:60], checkable=True)
            chip.setChecked(option.place in chosen)
            chip.toggled.connect(lambda _on: self.edited.emit())
            self.chips.append(chip)
            self._flow.addWidget(chip)

    def chosen(self) -> list[PromptOption]:
        """In the order of the plan."""
        ticked = [option for option, chip in zip(self.options, self.chips, strict=True) if chip.isChecked()]
        return sorted(ticked, key=lambda option: option.place)


class ValueFields(QWidget):
    """A field for each variable that no column fills. `edited()`."""

    edited = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, LineField] = {}
        self.rows: dict[str, FormRow] = {}
        self._form = Form()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addWidget(self._form)

    def values(self) -> dict[str, str]:
        """What stands in them; those that are empty left out."""
        return {name: field.text() for name, field in self.fields.items() if field.text()}

    def filled(self, options: Iterable[PromptOption]) -> tuple[PlanPrompt, ...]:
        """The prompts of these with the values."""
        told = self.values()
        return tuple(
            msgspec.structs.replace(one.planned, values={**one.planned.values, **told}) for one in options
        )

    def ask_for(self, wanted: dict[str, Variable]) -> None:
        """Shows fields for these; what is written stays."""
        if list(wanted) == list(self.fields):
            return
        before = {name: field.text() for name, field in self.fields.items()}
        form = Form()
        self.fields, self.rows = {}, {}
        for name, variable in wanted.items():
            field = LineField(before.get(name, ""), name=name)
            field.setPlaceholderText("" if variable.default is None else str(variable.default))
            field.textChanged.connect(lambda _text: self.edited.emit())
            self.fields[name] = field
            self.rows[name] = form.add(f"{{{{{name}}}}}", field, hint=variable.description)
        self._column.replaceWidget(self._form, form)
        self._form.hide()
        self._form.deleteLater()
        self._form = form
        self.setVisible(bool(self.fields))


def unfilled(options: Iterable[PromptOption], columns: Collection[str]) -> dict[str, Variable]:
    """The variables that neither a column, nor the plan, nor another prompt fills, by name."""
    wanted: dict[str, Variable] = {}
    row = dict.fromkeys(columns, "")
    for option in options:
        if option.prompt is None:
            continue
        planned = option.planned
        known = row_values(planned.values, {**option.prompt.columns, **planned.columns}, row)
        try:
            variables = variables_of(option.prompt)
        except TemplateError:
            continue
        for one in variables:
            if one.name not in known and one.name not in planned.outputs_of:
                wanted.setdefault(one.name, one)
    return wanted
