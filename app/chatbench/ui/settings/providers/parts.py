"""What stands above and below the form of a provider."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QVBoxLayout, QWidget

from chatbench.core.endpoints import Endpoint
from chatbench.ui.widgets import Button, ElidedLabel, Label, Mark, Pill


class ProviderHead(QWidget):
    """The provider's name, where it is kept, and what can be done with it as a whole."""

    back_requested = Signal()
    duplicate_requested = Signal()
    remove_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.back = Button(self.tr("Providers"), icon="chevron-left", kind="quiet", size="small")
        self.back.clicked.connect(self.back_requested)
        self._title = ElidedLabel(font="title", weight=600)
        self._pill = Pill()
        self._file = ElidedLabel(font="small", color="text3", elide=Qt.TextElideMode.ElideMiddle)
        self.duplicate = Button(self.tr("Duplicate"), icon="copy")
        self.duplicate.clicked.connect(self.duplicate_requested)
        self.remove = Button(self.tr("Remove"), icon="trash-2", kind="destructive")
        self.remove.clicked.connect(self.remove_requested)
        first = QHBoxLayout()
        first.setSpacing(8)
        first.addWidget(self._title)
        first.addWidget(self._pill)
        first.addStretch(1)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addLayout(first)
        words.addWidget(self._file)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.duplicate)
        buttons.addWidget(self.remove)
        buttons.addStretch(0)
        self._line = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._line.setSpacing(8)
        self._line.addLayout(words, 1)
        self._line.addLayout(buttons)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.back, 0, Qt.AlignmentFlag.AlignLeading)
        column.addLayout(self._line)

    def set_folded(self, *, folded: bool) -> None:
        """Whether the buttons stand below the words."""
        down, across = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
        self._line.setDirection(down if folded else across)

    def show_endpoint(self, endpoint: Endpoint, *, own: bool) -> None:
        """A provider that is kept; `own`: none of its id comes with Chatbench."""
        self._title.set_text(endpoint.name)
        self._pill.set_state(self.tr("added by you") if own else self.tr("changed by you"))
        self._pill.setVisible(not endpoint.shipped)
        kept = self.tr("Kept as {0}").format(f"providers/{endpoint.id}.toml")
        self._file.set_text(self.tr("Comes with Chatbench") if endpoint.shipped else kept)
        self.duplicate.show()
        self.remove.set_label(self.tr("Remove") if own else self.tr("As shipped"))
        self.remove.setVisible(not endpoint.shipped)

    def show_draft(self) -> None:
        """One that is not kept yet."""
        self._title.set_text(self.tr("New provider"))
        self._file.set_text(self.tr("Not kept yet: it needs a name and an address."))
        for widget in (self._pill, self.duplicate, self.remove):
            widget.hide()


class SavedFoot(QWidget):
    """Says when what was typed was kept, or why not; Undo goes one step back."""

    undo_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._mark = Mark("check", "success", size=14)
        self._words = Label(font="small", color="text2", wrap=True)
        self.undo = Button(self.tr("Undo"), icon="undo-2")
        self.undo.clicked.connect(self.undo_requested)
        row = QHBoxLayout(self)
        row.setContentsMargins(28, 7, 24, 7)
        row.setSpacing(8)
        row.addWidget(self._mark)
        row.addWidget(self._words, 1)
        row.addWidget(self.undo)

    def say(self, words: str, *, failed: bool = False, can_undo: bool = False) -> None:
        """ "" for nothing kept yet."""
        self._words.setText(words or self.tr("Saved as you type."))
        self._words.set_color("danger" if failed else "text2")
        if failed:
            self._mark.set_icon("circle-alert", "danger")
        else:
            self._mark.set_icon("check", "success")
        self._mark.setVisible(bool(words))
        self.undo.setVisible(can_undo)
