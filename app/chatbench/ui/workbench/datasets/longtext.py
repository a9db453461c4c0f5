"""A long text, or JSON, in a window of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QPlainTextEdit, QVBoxLayout, QWidget

from chatbench.ui.quantities import number
from chatbench.ui.theme import theme
from chatbench.ui.widgets import Button, Label, announce
from chatbench.ui.widgets.dialogs import fit_dialog, last_line
from chatbench.ui.workbench.datasets.words import tr

_SIZE: Final = (640, 420)


class TextDialog(QDialog):
    """It deletes itself. `save` is given the value; None unsets. As `json`, only what is JSON is taken."""

    def __init__(
        self, title: str, value: Any, save: Callable[[Any], object], parent: QWidget, *, json: bool = False
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self._json = json
        self._done = save
        self._warned = False
        self.words = QPlainTextEdit(_written(value, json=json))
        self.words.setAccessibleName(title)
        self.words.setFont(theme().font("code" if json else "ui"))
        self.words.setTabChangesFocus(True)
        self.told = Label(font="small", color="text3", wrap=True)
        cancel = Button(self.tr("Cancel"))
        cancel.clicked.connect(self._leave)
        self.save = Button(self.tr("Save"), kind="primary", keys="Ctrl+Return")
        self.save.clicked.connect(self._save)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(10)
        column.addWidget(self.words, 1)
        column.addLayout(last_line(cancel, self.save, told=self.told))
        self._begun = self.words.toPlainText()
        self.words.textChanged.connect(self._judge)
        self._judge()
        fit_dialog(self, *_SIZE)

    def _judge(self) -> None:
        text = self.words.toPlainText()
        problem = problem_of(text) if self._json and text.strip() else ""
        self.save.setEnabled(not problem)
        self.told.set_color("danger" if problem else "text3")
        self.told.setText(problem or self.tr("{0} characters").format(number(len(text))))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        with_control = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if with_control and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self.save.isEnabled():
                self._save()
        elif (
            event.key() == Qt.Key.Key_Escape and self.words.toPlainText() != self._begun and not self._warned
        ):
            self._warned = True
            told = self.tr("Escape once more leaves it as it was.")
            self.told.setText(told)
            announce(self, told)
        else:
            super().keyPressEvent(event)

    def _leave(self) -> None:
        self.reject()

    def _save(self) -> None:
        text = self.words.toPlainText()
        if text != self._begun:
            self._done(_read(text) if self._json else text or None)
        self.accept()


def problem_of(text: str) -> str:
    """Why a text is no JSON, and where; "" where it is."""
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        return _place_of(text) or str(error)
    return ""


def _place_of(text: str) -> str:
    import json

    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return tr("Line {0}, column {1}: {2}").format(error.lineno, error.colno, error.msg)
    except RecursionError:
        return tr("It is nested too deeply.")
    return ""


def _read(text: str) -> Any:
    return msgspec.json.decode(text) if text.strip() else None


def _written(value: Any, *, json: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode() if json else str(value)
