"""What a prompt is sent with besides its messages: parameters, the schema of the answer, tools."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

import msgspec
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QPlainTextEdit, QVBoxLayout, QWidget

from chatbench.core.errors import ChatbenchError
from chatbench.core.params import Parameters
from chatbench.core.prompts import Prompt
from chatbench.core.tools import ToolDefinition
from chatbench.services.schemas import read_schema
from chatbench.ui.quantities import number
from chatbench.ui.theme import theme
from chatbench.ui.widgets import Label, LineField, Pill, Section

_LOOKED_AFTER_MS: Final = 250
_LINES: Final = 6


class ParameterFields(QWidget):
    """`changed(Parameters)`; a field that is empty leaves the provider's own default."""

    changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parameters = Parameters()
        self._fields: dict[str, LineField] = {}
        self.trouble = Label(font="small", color="danger", wrap=True)
        self.trouble.hide()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(6)
        names = (
            ("temperature", self.tr("Temperature"), self.tr("0 to 2")),
            ("max_output_tokens", self.tr("Longest answer"), self.tr("in tokens")),
            ("top_p", self.tr("Top p"), self.tr("0 to 1")),
            ("seed", self.tr("Seed"), ""),
            ("stop", self.tr("Stop at"), '"END"'),
            ("reasoning_effort", self.tr("Reasoning effort"), self.tr("low, medium, high …")),
        )
        for place, (key, label, hint) in enumerate(names):
            field = LineField(name=label)
            field.setPlaceholderText(hint)
            field.textEdited.connect(self._read)
            self._fields[key] = field
            grid.addWidget(Label(label, font="small", color="text2"), place, 0)
            grid.addWidget(field, place, 1)
        grid.addWidget(self.trouble, len(names), 0, 1, 2)
        grid.setColumnStretch(1, 1)

    def field(self, name: str) -> LineField:
        return self._fields[name]

    def show_parameters(self, parameters: Parameters) -> None:
        """Shows these; what has no field here stays as it is."""
        self._parameters = parameters
        for name, field in self._fields.items():
            value = getattr(parameters, name)
            told = (
                ", ".join(json.dumps(one, ensure_ascii=False) for one in value)
                if name == "stop" and value
                else ""
            )
            field.setText(told or ("" if value is None else str(value)))

    def _read(self) -> None:
        told = {name: self._value(name) for name in self._fields}
        others = {name: one for name, one in self._parameters.to_dict().items() if name not in told}
        try:
            given = {name: value for name, value in told.items() if value is not None}
            found = Parameters.from_dict({**others, **given})
        except ChatbenchError as error:
            self.trouble.setText(f"{error.message} {error.hint}".strip())
            self.trouble.show()
            return
        self.trouble.hide()
        self._parameters = found
        self.changed.emit(found)

    def _value(self, name: str) -> Any:
        text = self._fields[name].text().strip()
        if not text:
            return None
        if name == "stop":
            try:
                return msgspec.json.decode(f"[{text}]", type=list[str])
            except msgspec.MsgspecError:
                return [one.strip() for one in text.split(",") if one.strip()]
        if name == "reasoning_effort":
            return text.lower()
        try:
            return int(text) if name in ("max_output_tokens", "seed") else float(text.replace(",", "."))
        except ValueError:
            return text


class JsonField(QWidget):
    """JSON that is looked through while it is written: `changed(value)` when it can be read and `check` finds
    nothing, None for nothing at all. `judged(problem)` tells which it is."""

    changed = Signal(object)
    judged = Signal(str)

    def __init__(
        self, name: str, hint: str, check: Callable[[Any], str], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._check = check
        self._value: Any = None
        self.text = QPlainTextEdit()
        self.text.setAccessibleName(name)
        self.text.setPlaceholderText(hint)
        self.text.setTabChangesFocus(True)
        self.text.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        self.text.setFont(theme().font("code-small"))
        self.text.setFixedHeight(theme().line("code-small") * _LINES + 16)
        self.trouble = Label(font="small", color="danger", wrap=True)
        self.trouble.hide()
        self._soon = QTimer(self, singleShot=True, interval=_LOOKED_AFTER_MS)
        self._soon.timeout.connect(self.look)
        self.text.textChanged.connect(self._soon.start)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.text)
        column.addWidget(self.trouble)

    def show_value(self, value: Any) -> None:
        """Shows it, as people write it; the same is left as it stands."""
        if value != self._value or not self.text.toPlainText():
            self._value = value
            told = "" if value is None else json.dumps(value, ensure_ascii=False, indent=2)
            self.text.setPlainText(told)
            self._soon.stop()
            self._tell("")

    def look(self) -> None:
        """Looks it through at once."""
        self._soon.stop()
        text = self.text.toPlainText().strip()
        try:
            value = json.loads(text) if text else None
        except (ValueError, RecursionError) as error:
            self._tell(self.tr("No JSON: {0}").format(error))
            return
        problem = "" if value is None else self._check(value)
        self._tell(problem)
        if not problem and value != self._value:
            self._value = value
            self.changed.emit(value)

    def _tell(self, problem: str) -> None:
        self.trouble.setText(problem)
        self.trouble.setVisible(bool(problem))
        self.judged.emit(problem)


class SettingSections(QWidget):
    """The three sections below a prompt's messages. `changed(field, value)` of the prompt."""

    changed = Signal(str, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.parameters = ParameterFields()
        self.parameters.changed.connect(lambda found: self._take("parameters", found))
        self.schema = JsonField(
            self.tr("Schema of the answer"), self.tr('{"type": "object", "properties": {…}}'), _schema_problem
        )
        self.schema.changed.connect(lambda value: self._take("response_schema", value))
        self.schema.judged.connect(self._judge_schema)
        self.tools = JsonField(
            self.tr("Tools"),
            self.tr('[{"name": "search", "description": "…", "parameters": {…}}]'),
            _tools_problem,
        )
        self.tools.changed.connect(lambda value: self._take("tools", _tools(value)))
        self.schema_pill = Pill()
        self._prompt = Prompt()
        self._column = column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.parameters_section = self._section(self.tr("Parameters"), self.parameters)
        self.schema_section = self._section(self.tr("Answer schema"), self.schema)
        self.schema_section.set_action(self.schema_pill)
        self.tools_section = self._section(self.tr("Tools"), self.tools)
        for section in (self.parameters_section, self.schema_section, self.tools_section):
            self.add(section)

    def _section(self, title: str, inside: QWidget) -> Section:
        section = Section(title, is_open=False, parent=self)
        section.body.addWidget(inside)
        return section

    def add(self, section: Section) -> None:
        """Puts one more below the others."""
        layout = section.layout()
        assert layout is not None
        layout.setContentsMargins(0, 8, 0, 10)
        self._column.addWidget(section)

    def show_prompt(self, prompt: Prompt) -> None:
        """Shows what this one is sent with."""
        self._prompt = prompt
        self.parameters.show_parameters(prompt.parameters)
        self.schema.show_value(prompt.response_schema)
        self.tools.show_value([msgspec.to_builtins(one) for one in prompt.tools] or None)
        self._tell()

    def _take(self, field: str, value: Any) -> None:
        self._prompt = msgspec.structs.replace(self._prompt, **{field: value})
        self._tell()
        self.changed.emit(field, value)

    def _judge_schema(self, problem: str) -> None:
        self._tell()
        if problem:
            self.schema_pill.set_state(self.tr("invalid"), "danger")
            self.schema_pill.show()

    def _tell(self) -> None:
        prompt = self._prompt
        self.parameters_section.set_fact(parameter_words(prompt.parameters) or self.tr("the provider's own"))
        has = prompt.response_schema is not None
        self.schema_pill.set_state(self.tr("valid"), "success")
        self.schema_pill.setVisible(has)
        self.schema_section.set_fact("" if has else self.tr("none"))
        self.tools_section.set_fact(number(len(prompt.tools)) if prompt.tools else self.tr("none"))


def parameter_words(parameters: Parameters) -> str:
    """`temperature 0, longest answer 200`."""
    from PySide6.QtCore import QCoreApplication

    words = {
        "temperature": QCoreApplication.translate("Workbench", "temperature {0}"),
        "max_output_tokens": QCoreApplication.translate("Workbench", "longest answer {0}"),
        "seed": QCoreApplication.translate("Workbench", "seed {0}"),
        "stop": QCoreApplication.translate("Workbench", "stops at {0}"),
        "reasoning_effort": QCoreApplication.translate("Workbench", "effort {0}"),
    }
    other = QCoreApplication.translate("Workbench", "{0} {1}")

    def told(name: str, value: Any) -> str:
        shown = f"{value:g}" if isinstance(value, float) else str(value)
        if name in words:
            return words[name].format(number(value) if name == "max_output_tokens" else shown)
        return other.format(name.replace("_", " "), shown)

    return ", ".join(told(name, value) for name, value in parameters.given().items())


def _schema_problem(value: Any) -> str:
    try:
        read_schema(json.dumps(value))
    except ChatbenchError as error:
        return error.message
    return ""


def _tools(value: Any) -> tuple[ToolDefinition, ...]:
    return () if value is None else msgspec.convert(value, tuple[ToolDefinition, ...])


def _tools_problem(value: Any) -> str:
    try:
        _tools(value)
    except (msgspec.ValidationError, ValueError, ChatbenchError) as error:
        return str(error)
    return ""
