"""Places in the words that are to be filled in: a field each, above the words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QSizePolicy, QWidget

from chatbench.ui.theme import theme
from chatbench.ui.widgets import Flow, Label, LineField

LONGEST_TEXT: Final = 20_000
"""A prompt is shorter; in what is longer nobody fills in places."""
_WIDTH: Final = 170
_PLACE: Final = re.compile(
    r"(?P<code>(?P<fence>`{3,}|~{3,}).*?(?:(?P=fence)|\Z)|`[^`\n]*`)"
    r"|\{\{\s*(?P<braced>\w[\w-]*)\s*\}\}"
    r"|\$(?:\{(?P<dollar>\w+)\}|(?P<bare>[A-Za-z_]\w*))",
    re.DOTALL,
)
"""A place, or code, in which there are none."""


def places(text: str) -> tuple[str, ...]:
    """The names of `{{name}}`, in order; what stands in code is code."""
    if len(text) > LONGEST_TEXT or "{{" not in text:
        return ()
    return tuple(dict.fromkeys(m["braced"] for m in _PLACE.finditer(text) if m["braced"]))


def dollar_places(text: str) -> tuple[str, ...]:
    """The names of `$name` and `${name}`, in order; `$5` is money."""
    if len(text) > LONGEST_TEXT:
        return ()
    found = (m["dollar"] or m["bare"] for m in _PLACE.finditer(text))
    return tuple(dict.fromkeys(name for name in found if name))


def filled(text: str, values: Mapping[str, str], dollars: frozenset[str] = frozenset()) -> str:
    """The text with what has a value filled in, `$name` only of the names `dollars`. What is filled
    in is not filled again."""
    given = {name: value for name, value in values.items() if value}
    if not given:
        return text

    def put(match: re.Match[str]) -> str:
        name = match["dollar"] or match["bare"]
        return given.get(match["braced"] or (name if name in dollars else ""), match[0])

    return _PLACE.sub(put, text)


class VariableFields(QWidget):
    """A field 28 high for each name. ``changed()`` when a value did, ``left()`` when Enter in the
    last one leads back to the words, ``fitted()`` when they need other room."""

    changed = Signal()
    left = Signal()
    fitted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._fields: dict[str, _Field] = {}
        self._kept: dict[str, str] = {}
        self.setAccessibleName(self.tr("Variables of the prompt"))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._flow = Flow(self)
        self.hide()

    def names(self) -> tuple[str, ...]:
        """The fields there are, in order."""
        return tuple(self._fields)

    def field(self, name: str) -> QLineEdit:
        """The field of a name that is there."""
        return self._fields[name].line

    def values(self) -> dict[str, str]:
        """What is filled in, by name."""
        return {name: field.line.text() for name, field in self._fields.items()}

    def expect(self, values: Mapping[str, str]) -> None:
        """What stands in these fields when they are offered."""
        self._kept |= values

    def offer(self, names: tuple[str, ...]) -> None:
        """One field for each of these. What was filled in stays, also while its place is away for a
        moment."""
        if names == self.names():
            return
        self._kept |= self.values()
        for name in [name for name in self._fields if name not in names]:
            gone = self._fields.pop(name)
            gone.hide()
            gone.deleteLater()
        self._fields = {name: self._fields.get(name) or self._make(name) for name in names}
        while self._flow.takeAt(0) is not None:
            pass
        before: QWidget = self
        for field in self._fields.values():
            self._flow.addWidget(field)
            QWidget.setTabOrder(before, field.line)
            before = field.line
        self._fit()
        self.setVisible(bool(names))

    def clear(self) -> None:
        """Forgets everything that was filled in."""
        self.offer(())
        self._kept = {}

    def focus_first(self) -> bool:
        """Puts the cursor into the first empty field; False where there is none."""
        for field in self._fields.values():
            if not field.line.text():
                field.line.setFocus(Qt.FocusReason.TabFocusReason)
                return True
        return False

    def _make(self, name: str) -> _Field:
        field = _Field(name, self._kept.get(name, ""), self)
        field.line.textChanged.connect(self.changed)
        field.line.installEventFilter(self)
        field.show()
        return field

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.KeyPress:
            return False
        if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            return False
        if not self.focus_first():
            self.left.emit()
        return True

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._fit()

    def _fit(self) -> None:
        for field in self._fields.values():
            field.setMaximumWidth(max(1, self.width()))
        height = self._flow.heightForWidth(self.width())
        if height != self.minimumHeight():
            self.setFixedHeight(height)
            self.fitted.emit()


class _Field(QWidget):
    """The name, and the field for what stands in its place."""

    def __init__(self, name: str, value: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.line = _Line(value, name=name)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 6, 0)
        row.setSpacing(6)
        row.addWidget(Label(name, font="small", color="text2"))
        row.addWidget(self.line)


class _Line(LineField):
    """As low as a field in a bar."""

    def sizeHint(self) -> QSize:
        return QSize(theme().scaled(_WIDTH), theme().control("field"))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().scaled(48), theme().control("field"))
