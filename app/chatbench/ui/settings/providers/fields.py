"""Editors of an endpoint's fields that are more than one line of text."""

from __future__ import annotations

from typing import Any, Final, get_args, get_origin, get_type_hints

import msgspec
from PySide6.QtCore import QCoreApplication, QEvent, QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPlainTextEdit, QSizePolicy, QVBoxLayout, QWidget

from chatbench.core.endpoints import Quirks
from chatbench.ui.theme import theme
from chatbench.ui.widgets import Button, IconButton, Label, LineField, SegmentControl, Select, Switch

OTHER: Final = "other"
X_API_KEY: Final = "header:x-api-key"

QUIRK_WIRES: Final[dict[str, frozenset[str]]] = {
    "max_tokens_field": frozenset({"openai_chat"}),
    "stream_usage": frozenset({"openai_chat"}),
    "tools": frozenset({"openai_chat"}),
    "developer_role": frozenset({"openai_chat", "openai_responses"}),
    "reasoning_summary": frozenset({"openai_responses"}),
    "api_version": frozenset({"openai_chat", "openai_responses", "gemini"}),
    "file_storage": frozenset({"openai_responses", "anthropic", "gemini", "mistral"}),
    "batch_jobs": frozenset({"openai_responses", "anthropic", "gemini", "mistral"}),
}
"""The wires that heed each difference; a field that is not named here is offered for all."""


def tr(text: str) -> str:
    """A text outside any widget, in the reader's language."""
    return QCoreApplication.translate("provider fields", text)


def wire_name(wire: str) -> str:
    """A wire as people know it."""
    return {
        "openai_responses": tr("OpenAI responses"),
        "openai_chat": tr("OpenAI chat completions"),
        "anthropic": tr("Anthropic messages"),
        "gemini": tr("Google Gemini"),
        "mistral": tr("Mistral chat"),
        "cohere": tr("Cohere chat"),
        "ollama": tr("Ollama"),
    }.get(wire, wire)


def quirk_label(name: str) -> str:
    """A difference as a sentence."""
    return {
        "max_tokens_field": tr("Wants max_completion_tokens"),
        "stream_usage": tr("Reports usage while streaming"),
        "tools": tr("Knows tools"),
        "developer_role": tr("Takes instructions from “developer”"),
        "reasoning_summary": tr("Gives summaries of its reasoning"),
        "api_version": tr("API version"),
        "file_storage": tr("Keeps files for later requests"),
        "batch_jobs": tr("Takes batches at a lower price"),
    }.get(name, name)


class AuthEditor(QWidget):
    """How the key is sent: `changed()`; `value()` as an endpoint writes it."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        options = [
            ("bearer", tr("Authorization: Bearer")), (X_API_KEY, "x-api-key"),
            (OTHER, tr("Other header…")), ("none", tr("No key")),
        ]  # fmt: skip
        self.choice = Select(name=tr("Send the key as"))
        for key, label in options:
            self.choice.addItem(label, key)
        self.segments = SegmentControl(options, name=tr("Send the key as"), form=True)
        self.header = LineField(name=tr("Name of the header"), mono=True)
        self.header.setPlaceholderText("x-goog-api-key")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.segments)
        column.addWidget(self.choice)
        column.addWidget(self.header)
        self.segments.changed.connect(self._picked)
        self.choice.activated.connect(lambda place: self._picked(str(self.choice.itemData(place))))
        self.header.textChanged.connect(self.changed)
        self._fold()

    def value(self) -> str:
        """ "bearer", "none" or "header:NAME"."""
        current = self.segments.current()
        return f"header:{self.header.text().strip()}" if current == OTHER else current

    def show_value(self, auth: str) -> None:
        """Without `changed`."""
        known = auth in {"bearer", "none", X_API_KEY}
        blocked = QSignalBlocker(self.header)
        self.header.setText("" if known else auth.removeprefix("header:"))
        del blocked
        self._set(auth if known else OTHER)

    def _set(self, key: str) -> None:
        self.segments.set_current(key)
        self.choice.setCurrentIndex(self.choice.findData(key))
        self.header.setVisible(key == OTHER)

    def _picked(self, key: str) -> None:
        self._set(key)
        if key == OTHER:
            self.header.setFocus()
        self.changed.emit()

    def _fold(self) -> None:
        narrow = self.width() < self.segments.sizeHint().width()
        goes, comes = (self.segments, self.choice) if narrow else (self.choice, self.segments)
        # What is shown is laid out at once, as far as the window: with both in view the form would be
        # a line too high for a moment, and a scroll bar that comes and goes for it has no end.
        goes.hide()
        comes.show()

    def minimumSizeHint(self) -> Any:
        return self.choice.sizeHint()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._fold()
        return super().event(event)


class HeadersEditor(QWidget):
    """Names and values; a value is hidden once it is written, for it may be a secret."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[_HeaderLine] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(6)
        self.add = Button(tr("Add a header"), icon="plus", kind="quiet")
        self.add.clicked.connect(self._begin)
        self._column.addWidget(self.add)

    def value(self) -> dict[str, str]:
        """The headers with a name."""
        told = ((line.name.text().strip(), line.content.text()) for line in self._lines)
        return {name: content for name, content in told if name}

    def show_value(self, headers: dict[str, str]) -> None:
        """Without `changed`; what is being typed stays if it says the same."""
        if headers == self.value():
            return
        for line in tuple(self._lines):
            self._drop(line)
        for name, value in headers.items():
            self._append(name, value)

    def lines(self) -> list[_HeaderLine]:
        """The rows in view."""
        return list(self._lines)

    def _begin(self) -> None:
        self._append("", "").name.setFocus()

    def _append(self, name: str, value: str) -> _HeaderLine:
        line = _HeaderLine(name, value)
        line.changed.connect(self.changed)
        line.removed.connect(lambda: self._remove(line))
        self._lines.append(line)
        self._column.insertWidget(len(self._lines) - 1, line)
        return line

    def _drop(self, line: _HeaderLine) -> None:
        self._lines.remove(line)
        self._column.removeWidget(line)
        line.hide()
        line.deleteLater()

    def _remove(self, line: _HeaderLine) -> None:
        self._drop(line)
        self.add.setFocus()
        self.changed.emit()


class _HeaderLine(QWidget):
    changed = Signal()
    removed = Signal()

    def __init__(self, name: str, value: str) -> None:
        super().__init__()
        self.name = LineField(name, name=tr("Name of the header"), mono=True)
        self.name.setPlaceholderText(tr("X-Team"))
        self.content = LineField(value, name=tr("Value of the header"), mono=True)
        self.content.setEchoMode(QLineEdit.EchoMode.PasswordEchoOnEdit)
        self.content.setPlaceholderText(tr("value"))
        remove = IconButton("minus", tr("Remove this header"))
        remove.clicked.connect(self.removed)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self.name, 2)
        row.addWidget(self.content, 3)
        row.addWidget(remove, 0, Qt.AlignmentFlag.AlignVCenter)
        self.name.textChanged.connect(self.changed)
        self.content.textChanged.connect(self.changed)


class ModelsEditor(QWidget):
    """Asked from the server, or written down one a line."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.choice = Select(name=tr("Models"))
        self.choice.addItem(tr("from the server, at /models"), "server")
        self.choice.addItem(tr("written down"), "written")
        self.names = QPlainTextEdit()
        self.names.setAccessibleName(tr("Names of models, one a line"))
        self.names.setPlaceholderText(tr("one name a line"))
        self.names.setTabChangesFocus(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.choice)
        column.addWidget(self.names)
        self.choice.activated.connect(self._picked)
        self.names.textChanged.connect(self.changed)
        self._wear()

    def value(self) -> tuple[str, ...]:
        """The names written down; () where the server is asked."""
        if self.choice.currentData() == "server":
            return ()
        lines = (line.strip() for line in self.names.toPlainText().splitlines())
        return tuple(dict.fromkeys(filter(None, lines)))

    def show_value(self, models: tuple[str, ...]) -> None:
        """Without `changed`; what is being typed stays if it says the same."""
        if models == self.value() and (models or not self.names.hasFocus()):
            self.names.setVisible(bool(models) or self.choice.currentData() == "written")
            return
        blocked = QSignalBlocker(self.names)
        self.names.setPlainText("\n".join(models))
        del blocked
        self.choice.setCurrentIndex(1 if models else 0)
        self.names.setVisible(bool(models))

    def reset(self) -> None:
        """Another provider: nothing typed is kept."""
        blocked = QSignalBlocker(self.names)
        self.names.clear()
        del blocked
        self.choice.setCurrentIndex(0)
        self.names.hide()

    def _picked(self, place: int) -> None:
        self.names.setVisible(place == 1)
        if place == 1:
            self.names.setFocus()
        self.changed.emit()

    def _wear(self) -> None:
        self.names.setFont(theme().font("code"))
        self.names.setFixedHeight(theme().line("code") * 5 + 12)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and hasattr(self, "names"):
            self._wear()


class QuirksEditor(QWidget):
    """A switch or a field for each difference, made from the type of `Quirks`. What is no switch
    and no word (the refused parameters) is kept as it is in the file."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.switches: dict[str, Switch] = {}
        self.texts: dict[str, LineField] = {}
        self._lines: dict[str, QWidget] = {}
        self._literals: dict[str, tuple[Any, Any]] = {}
        self._kept = Quirks()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(2)
        for name, kind in get_type_hints(Quirks).items():
            if name not in Quirks.__struct_fields__ or get_origin(kind) is tuple:
                continue
            line = self._text(name) if kind is str else self._switch(name, get_args(kind))
            self._lines[name] = line
            column.addWidget(line)

    def _switch(self, name: str, words: tuple[Any, ...]) -> QWidget:
        switch = Switch(quirk_label(name), form=True)
        if words:
            self._literals[name] = (words[0], words[1])
        switch.toggled.connect(self.changed)
        self.switches[name] = switch
        return switch

    def _text(self, name: str) -> QWidget:
        holder = QWidget()
        field = LineField(name=quirk_label(name), mono=True)
        field.setPlaceholderText(tr("the current one"))
        field.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        field.textChanged.connect(self.changed)
        self.texts[name] = field
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 4, 0, 0)
        row.setSpacing(8)
        row.addWidget(Label(quirk_label(name)))
        row.addWidget(field, 1)
        return holder

    def value(self) -> Quirks:
        """The differences as they stand."""
        found: dict[str, Any] = {}
        for name, switch in self.switches.items():
            off, on = self._literals.get(name, (False, True))
            found[name] = on if switch.isChecked() else off
        found |= {name: field.text().strip() for name, field in self.texts.items()}
        return msgspec.structs.replace(self._kept, **found)

    def show_value(self, quirks: Quirks, wire: str) -> None:
        """Without `changed`; only what the wire heeds is offered."""
        self._kept = quirks
        for name, switch in self.switches.items():
            blocked = QSignalBlocker(switch)
            off_on = self._literals.get(name, (False, True))
            switch.setChecked(getattr(quirks, name) == off_on[1])
            del blocked
            switch.update()
        for name, field in self.texts.items():
            if field.text().strip() != getattr(quirks, name):
                blocked = QSignalBlocker(field)
                field.setText(getattr(quirks, name))
                del blocked
        for name, line in self._lines.items():
            line.setVisible(wire in QUIRK_WIRES.get(name, frozenset({wire})))

    @staticmethod
    def offered(wire: str) -> bool:
        """Whether the wire heeds any difference."""
        return any(wire in wires for wires in QUIRK_WIRES.values())
