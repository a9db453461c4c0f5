"""What differs between two texts, word by word: what came, and, struck through, what went."""

from __future__ import annotations

import json
from typing import Final

import msgspec
from PySide6.QtWidgets import QVBoxLayout, QWidget

from chatbench.rendering.differences import differences
from chatbench.services.prompts import PromptDifference, SettingDifference
from chatbench.ui.widgets import Label
from chatbench.ui.workbench.differing import DifferenceText, Run
from chatbench.ui.workbench.prompts.card import role_label
from chatbench.ui.workbench.rows import tr

_MOST_COMPARED: Final = 20_000


class DifferenceView(QWidget):
    """All messages of two prompts, and the settings that differ."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(6)

    def show_difference(self, difference: PromptDifference) -> None:
        """Instead of that before."""
        while (item := self._column.takeAt(0)) is not None:
            if (gone := item.widget()) is not None:
                gone.hide()
                gone.deleteLater()
        for one in difference.messages:
            message = one.after or one.before
            assert message is not None
            head = role_label(message.role)
            if one.before is None:
                head = self.tr("{0} · new").format(head)
            elif one.after is None:
                head = self.tr("{0} · gone").format(head)
            elif not one.changed:
                head = self.tr("{0} · the same").format(head)
            self._column.addWidget(Label(head, font="small", weight=600))
            text = DifferenceText(head)
            self._column.addWidget(text)
            text.show_runs((piece.kind, piece.text) for piece in one.pieces)
        for setting in difference.settings:
            name = _label(setting.name)
            self._column.addWidget(Label(name, font="small", weight=600))
            text = DifferenceText(name)
            self._column.addWidget(text)
            text.show_runs(_runs(setting))
        if not difference.changed:
            self._column.addWidget(Label(self.tr("Nothing differs."), font="small", color="text3"))
        self._column.addStretch(1)


def _runs(setting: SettingDifference) -> list[Run]:
    """What is written on lines is compared by its words, all else stands side by side."""
    before, after = _shown(setting.before), _shown(setting.after)
    if "\n" in before and "\n" in after and len(before) + len(after) < _MOST_COMPARED:
        return [(piece.kind, piece.text) for piece in differences(before, after)]
    return [("removed", before), ("same", " → "), ("added", after)]


def _shown(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, str | int):
        return str(value)
    plain = msgspec.to_builtins(value)
    simple = isinstance(plain, list | tuple) and all(isinstance(one, str) for one in plain)
    return ", ".join(plain) if simple else json.dumps(plain, ensure_ascii=False, indent=2)


def _label(name: str) -> str:
    words = {
        "temperature": tr("Temperature"),
        "max_output_tokens": tr("Longest answer"),
        "top_p": tr("Top p"),
        "seed": tr("Seed"),
        "stop": tr("Stop at"),
        "reasoning_effort": tr("Reasoning effort"),
        "variables": tr("Variables"),
        "response_schema": tr("Answer schema"),
        "tools": tr("Tools"),
        "models": tr("Models"),
        "dataset": tr("Data set"),
        "columns": tr("Columns of variables"),
    }
    return words.get(name, name.replace("_", " "))
