"""The parameters of a lane: one row each, changed in place."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, get_args

import msgspec
from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from chatbench.core.models import ModelInfo
from chatbench.core.params import CachePattern, Parameters, fit
from chatbench.ui.chat.inspector.words import tr, why_left_out
from chatbench.ui.quantities import number, read_number
from chatbench.ui.theme import theme
from chatbench.ui.widgets import FactRow, Label, PaintedButton, Select, box

DEFAULT: Final = ""


@dataclass(frozen=True)
class ParameterSpec:
    """How one parameter is called, read from words and written as words.

    `read` raises ValueError with what to write instead.
    """

    name: str
    label: str
    read: Callable[[str], Any]
    write: Callable[[Any], str] = str
    hint: str = ""


def _number(least: float, most: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            value = float(text.replace(",", "."))
        except ValueError:
            value = float("nan")
        if not least <= value <= most:
            raise ValueError(tr("a number from {0} to {1}").format(f"{least:g}", f"{most:g}"))
        return value

    return read


def _whole(least: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        found = read_number(text)
        if found is None:
            digits = "".join(text.replace(",", "").replace("\u202f", "").split())
            found = int(digits) if digits.lstrip("-").isdecimal() else None
        if found is None or found < least:
            raise ValueError(tr("a whole number from {0}").format(number(least)))
        return found

    return read


def _stops(text: str) -> tuple[str, ...]:
    try:
        found = msgspec.json.decode(f"[{text}]", type=tuple[str, ...])
    except msgspec.MsgspecError:
        found = tuple(part.strip() for part in text.split(",") if part.strip())
    if not found or len(found) > 16:
        raise ValueError(tr('one to sixteen texts, such as "END", "\\n\\n"'))
    return found


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ValueError(tr('a JSON object, such as {"user": "a"}'))  # noqa: TRY004 - words, not a type
    return found


def _joined(texts: tuple[str, ...]) -> str:
    return ", ".join(json.dumps(text, ensure_ascii=False) for text in texts)


def _shortest(value: float) -> str:
    return f"{value:g}"


def _compact(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)


def specs() -> tuple[ParameterSpec, ...]:
    """Every parameter that a chat is offered, in the order of the rows."""
    tokens = tr("in tokens")
    return (
        ParameterSpec("reasoning_effort", tr("Reasoning effort"), str),
        ParameterSpec("thinking_budget", tr("Thinking budget"), _whole(0), number, tokens),
        ParameterSpec("temperature", tr("Temperature"), _number(0, 2), _shortest, tr("0 to 2")),
        ParameterSpec("top_p", tr("Top p"), _number(0, 1), _shortest, tr("0 to 1")),
        ParameterSpec("top_k", tr("Top k"), _whole(1), number),
        ParameterSpec("max_output_tokens", tr("Longest answer"), _whole(1), number, tokens),
        ParameterSpec("stop", tr("Stop at"), _stops, _joined, '"END", "\\n\\n"'),
        ParameterSpec("presence_penalty", tr("Presence penalty"), _number(-2, 2), _shortest, tr("−2 to 2")),
        ParameterSpec("frequency_penalty", tr("Frequency penalty"), _number(-2, 2), _shortest, tr("−2 to 2")),
        ParameterSpec("seed", tr("Seed"), _whole(0), str),
        ParameterSpec("verbosity", tr("Verbosity"), str),
        ParameterSpec("service_tier", tr("Service tier"), str),
        ParameterSpec("cache_pattern", tr("Cache marks"), str),
        ParameterSpec("extra_body", tr("Extra fields"), _object, _compact, '{"user": "a"}'),
    )


def choices(name: str, info: ModelInfo) -> tuple[str, ...]:
    """The words a parameter takes, where it takes only some; () for those that are typed."""
    if name == "reasoning_effort":
        return info.efforts
    return _CHOICES.get(name, ())


def refused(name: str, parameters: Parameters, info: ModelInfo) -> str:
    """Why `info` is not sent this parameter, in words; "" where it is (or would be, once set)."""
    trial = getattr(parameters, name)
    if trial is None:
        words = choices(name, info)
        trial = words[0] if words else _TRIAL.get(name, 1)
    wanted = msgspec.structs.replace(parameters, **{name: trial})
    return next((why_left_out(item.reason) for item in fit(wanted, info)[1] if item.name == name), "")


_CHOICES: Final = {
    "verbosity": ("low", "medium", "high"),
    "service_tier": ("auto", "default", "flex", "priority"),
    "cache_pattern": get_args(CachePattern),
}
NOT_OFFERED: Final = frozenset({
    "n", "logit_bias", "logprobs", "top_logprobs", "json_mode", "strict_tools", "user", "metadata",
    "prompt_cache_key", "cache_ttl", "background",
})  # fmt: skip
"""For programs: a chat shows one answer, in words. "Extra fields" takes them where somebody insists."""
_TRIAL: Final[dict[str, Any]] = {"stop": ("x",), "extra_body": {}, "reasoning_effort": "medium"}


class _EditableFact(PaintedButton):
    """A fact one can press to change it."""

    focus_ring = "inside"

    def __init__(self, label: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.fact = FactRow(label, parent=self)
        self.fact.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.fact)

    def sizeHint(self) -> QSize:
        return QSize(theme().scaled(160), max(24, theme().control("inspector-row")))

    def paintEvent(self, event: QPaintEvent) -> None:
        fill = self.state_fill(None)
        if fill is not None:
            painter = QPainter(self)
            box(painter, self.rect(), theme().corner("inline"), fill)
            painter.end()


class ParameterRow(QWidget):
    """`changed(name, value)` with None for the provider's default."""

    changed = Signal(str, object)

    def __init__(self, spec: ParameterSpec, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.spec = spec
        self._value: Any = None
        self._words: tuple[str, ...] = ()
        self._editor: QLineEdit | Select | None = None
        self._button = _EditableFact(spec.label, self)
        self._button.clicked.connect(self.edit)
        self._plain = FactRow(spec.label, parent=self)
        self._edit_row = QHBoxLayout()
        self._edit_row.setContentsMargins(0, 2, 0, 2)
        self._edit_label = Label(spec.label, font="small", color="text2")
        self._edit_row.addWidget(self._edit_label, 1)
        self._edit_label.hide()
        self._error = Label(font="small", color="danger", wrap=True)
        self._error.setContentsMargins(0, 0, 0, 4)
        self._error.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._button)
        column.addWidget(self._plain)
        column.addLayout(self._edit_row)
        column.addWidget(self._error)

    @property
    def editing(self) -> bool:
        """Whether its field is open."""
        return self._editor is not None

    def show_value(self, value: Any, words: tuple[str, ...], refusal: str) -> None:
        """The value in force (None: the provider's default), and why it is not sent, if so."""
        self._value, self._words = value, words
        offered = not refusal
        if not self.editing:
            self._button.setVisible(offered or value is not None)
        self._plain.setVisible(not offered and value is None)
        self._plain.set_value(tr("not offered"), tone="text3")
        self._plain.setToolTip(refusal)
        if value is None:
            self._button.fact.set_value(tr("default"), tone="text3")
        elif refusal:
            self._button.fact.set_value(tr("not offered"), struck=self.spec.write(value), tone="warning")
        else:
            self._button.fact.set_value(self.spec.write(value), struck=tr("default"))
        self._button.setAccessibleName(self._button.fact.accessibleName())
        self._button.setAccessibleDescription(refusal or tr("Press to change"))
        self._button.setToolTip(refusal)

    def edit(self) -> None:
        """Opens the field in place of the value."""
        if self.editing:
            return
        editor = self._make_choice() if self._words else self._make_field()
        editor.setFixedWidth(theme().scaled(132))
        editor.installEventFilter(self)
        self._editor = editor
        self._button.hide()
        self._edit_label.show()
        self._edit_row.addWidget(editor)
        editor.setFocus(Qt.FocusReason.TabFocusReason)

    def _make_field(self) -> QLineEdit:
        field = QLineEdit("" if self._value is None else self.spec.write(self._value), self)
        field.setAccessibleName(self.spec.label)
        field.setPlaceholderText(self.spec.hint or tr("default"))
        field.selectAll()
        field.returnPressed.connect(lambda: self._commit(keep_focus=True))
        return field

    def _make_choice(self) -> Select:
        choice = Select(name=self.spec.label, compact=True, parent=self)
        choice.addItem(tr("default"), DEFAULT)
        for word in self._words:
            choice.addItem(word, word)
        choice.setCurrentIndex(max(0, choice.findData(self._value)))
        choice.activated.connect(lambda _place: self._commit(keep_focus=True))
        return choice

    def commit(self) -> bool:
        """Takes what stands in the open field, as leaving it would; False where that is no value."""
        self._commit()
        return not self.editing

    def _commit(self, *, keep_focus: bool = False) -> None:
        editor = self._editor
        if editor is None:
            return
        text = str(editor.currentData()) if isinstance(editor, Select) else editor.text().strip()
        try:
            value = self.spec.read(text) if text else None
        except ValueError as error:
            self._error.setText(tr("This takes {0}.").format(error))
            self._error.show()
            editor.setAccessibleDescription(self._error.text())
            return
        self._close(keep_focus)
        if value != self._value:
            self.changed.emit(self.spec.name, value)

    def flush(self) -> None:
        """Tells of what was typed, now; what it does not take is let go."""
        self._commit()
        self._close(keep_focus=False)

    def _close(self, keep_focus: bool) -> None:
        editor, self._editor = self._editor, None
        if editor is None:
            return
        self._error.hide()
        self._edit_label.hide()
        self._button.show()
        if keep_focus:
            self._button.setFocus(Qt.FocusReason.TabFocusReason)
        editor.removeEventFilter(self)
        self._edit_row.removeWidget(editor)
        editor.hide()
        editor.deleteLater()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is not self._editor:
            return False
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() == Qt.Key.Key_Escape:
                self._close(keep_focus=True)
                return True
        elif event.type() == QEvent.Type.FocusOut and isinstance(watched, QLineEdit):
            self._commit()
        return False
