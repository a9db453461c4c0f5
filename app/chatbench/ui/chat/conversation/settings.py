"""What two lanes are asked with differently: in few words in a lane's head, and as a list."""

from __future__ import annotations

import json
from typing import Any

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from chatbench.core.conversations import Lane
from chatbench.core.models import ModelRef
from chatbench.rendering.differences import differences, parameter_differences
from chatbench.services import Services
from chatbench.ui.chat.conversation.marked import Marked, MarkedLine
from chatbench.ui.chat.inspector.parameters import specs
from chatbench.ui.theme import theme
from chatbench.ui.widgets import Label, Popup
from chatbench.ui.widgets.tooltips import escape

_NAMED = ("temperature", "top_p", "reasoning_effort", "max_output_tokens")
_PROMPT = 2_000


def tr(words: str) -> str:
    """Words of this module, translated."""
    return QCoreApplication.translate("LaneSettings", words)


def changed_words(lane: Lane) -> dict[str, str]:
    """What of a lane differs from the defaults, a few words each: by name, "others" for the rest."""
    given = lane.parameters.given()
    forms = {
        "temperature": tr("Temperature {0:g}"),
        "top_p": tr("Top p {0:g}"),
        "reasoning_effort": tr("effort {0}"),
        "max_output_tokens": tr("at most {0} tokens"),
    }
    words = {name: form.format(given[name]) for name, form in forms.items() if name in given}
    if others := sum(name not in _NAMED for name in given):
        words["others"] = tr("{0} more set").format(others)
    if lane.system:
        words["system"] = tr("system prompt")
    return words


def marked_words(lane: Lane, base: Lane | None) -> list[Marked]:
    """The same, with what `base` does not have or has otherwise marked, then what only `base` has."""
    mine = changed_words(lane)
    if base is None:
        return [Marked(words) for words in mine.values()]
    differs = {one.name if one.name in (*_NAMED, "system") else "others"
               for one in parameter_differences(base, lane) if one.name != "model"}  # fmt: skip
    theirs = changed_words(base)
    found = [Marked(words, "added" if name in differs else "") for name, words in mine.items()]
    return found + [Marked(words, "removed") for name, words in theirs.items() if name not in mine]


class SettingsPopup(Popup):
    """Model, system prompt and parameters of two lanes, as far as they differ."""

    def __init__(
        self, services: Services, base: Lane, base_letter: str, lane: Lane, letter: str, parent: QWidget
    ) -> None:
        super().__init__(parent, name=tr("How lane {0} differs from lane {1}").format(letter, base_letter))
        self._services = services
        grid = self.grid = QGridLayout()
        grid.setContentsMargins(16, 12, 16, 14)
        grid.setHorizontalSpacing(18)
        grid.setVerticalSpacing(8)
        found = parameter_differences(base, lane)
        if not found:
            grid.addWidget(Label(tr("Both are asked alike."), font="small", color="text3"), 0, 0)
        else:
            for column, words in (
                (1, tr("Lane {0}").format(base_letter)),
                (2, tr("Lane {0}").format(letter)),
            ):
                grid.addWidget(Label(words, font="small", weight=600), 0, column)
        for row, one in enumerate(found, 1):
            if one.name == "system":
                self._add_system(row, base.system, lane.system)
            else:
                self._add(
                    row, self._label(one.name), self._words(one.name, one.a), self._words(one.name, one.b)
                )
        self.body.addLayout(grid)

    def _add(self, row: int, label: str, before: str, after: str) -> None:
        self.grid.addWidget(Label(label, font="small", color="text2"), row, 0)
        for column, words, change in ((1, before, "removed"), (2, after, "added")):
            mark = Marked(words or tr("default"), change if words else "")  # type: ignore[arg-type]
            line = MarkedLine([mark], color="text3")
            line.setMaximumWidth(theme().scaled(220))
            self.grid.addWidget(line, row, column, Qt.AlignmentFlag.AlignLeading)

    def _add_system(self, row: int, before: str, after: str) -> None:
        label = Label(tr("System prompt"), font="small", color="text2")
        self.grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
        words = Label(font="small", wrap=True)
        words.setTextFormat(Qt.TextFormat.RichText)
        words.setText(_prompts(before[:_PROMPT], after[:_PROMPT]))
        words.setAccessibleName(tr("System prompt, from {0} to {1}").format(before or "–", after or "–"))
        words.setMinimumWidth(theme().scaled(280))
        words.setMaximumWidth(theme().scaled(420))
        self.grid.addWidget(words, row, 1, 1, 2)

    def _label(self, name: str) -> str:
        labels = {spec.name: spec.label for spec in specs()} | {"model": tr("Model")}
        return labels.get(name, name)

    def _words(self, name: str, value: Any) -> str:
        if value is None:
            return ""
        if isinstance(value, ModelRef):
            return self._services.models.info(value).title
        write = next((spec.write for spec in specs() if spec.name == name), None)
        return write(value) if write is not None else json.dumps(value, ensure_ascii=False, default=str)


def _prompts(before: str, after: str) -> str:
    """Both system prompts as one text: what was added underlined, what was removed struck through."""
    style = {
        "added": f"background:{theme().hex('addbg')};text-decoration:underline",
        "removed": f"background:{theme().hex('rembg')};text-decoration:line-through",
    }
    out = []
    for piece in differences(before, after):
        words = escape(piece.text).replace("\n", "<br>")
        mark = style.get(piece.kind)
        out.append(words if mark is None else f'<span style="{mark}">{words}</span>')
    return "".join(out)
