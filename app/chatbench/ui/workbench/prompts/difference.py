"""What differs between two texts, word by word: what came, and, struck through, what went."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from chatbench.services.prompts import PromptDifference
from chatbench.ui.widgets import Label
from chatbench.ui.workbench.differing import DifferenceText
from chatbench.ui.workbench.prompts.card import role_label


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
            name = setting.name.replace("_", " ")
            self._column.addWidget(Label(name, font="small", weight=600))
            text = DifferenceText(name)
            self._column.addWidget(text)
            before, after = _shown(setting.before), _shown(setting.after)
            text.show_runs((("removed", before), ("same", " → "), ("added", after)))
        if not difference.changed:
            self._column.addWidget(Label(self.tr("Nothing differs."), font="small", color="text3"))
        self._column.addStretch(1)


def _shown(value: object) -> str:
    return "–" if value is None else str(value)
