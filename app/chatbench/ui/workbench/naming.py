"""A question for a few words: the name of a folder, tags."""

from __future__ import annotations

from typing import Final

from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from chatbench.ui.theme import theme
from chatbench.ui.widgets import Button, Label, LineField
from chatbench.ui.widgets.dialogs import last_line

_WIDTH: Final = 360


class NameDialog(QDialog):
    """Opened by `aio.ask`, which deletes it; `text()` is what was written. Empty words are an answer only
    where `may_be_empty`."""

    def __init__(
        self, title: str, label: str, text: str, do: str, parent: QWidget, *, may_be_empty: bool = False
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setMinimumWidth(theme().scaled(_WIDTH))
        self._may_be_empty = may_be_empty
        self.field = LineField(text, name=label)
        self.field.selectAll()
        self.field.textChanged.connect(self._offer)
        cancel = Button(self.tr("Cancel"))
        cancel.clicked.connect(self.reject)
        self.do = Button(do, kind="primary")
        self.do.clicked.connect(self.accept)
        self.field.returnPressed.connect(self.do.click)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(8)
        column.addWidget(Label(label, font="small", color="text2"))
        column.addWidget(self.field)
        column.addLayout(last_line(cancel, self.do))
        self._offer()
        self.field.setFocus()

    def text(self) -> str:
        return self.field.text().strip()

    def _offer(self) -> None:
        self.do.setEnabled(self._may_be_empty or bool(self.text()))
