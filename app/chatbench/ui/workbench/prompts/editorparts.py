"""What stands above and below a prompt's messages: its versions, and what is done with it."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from chatbench.ui.widgets import Button, IconButton, Label, flowing
from chatbench.ui.workbench.prompts.versions import VersionList


class VersionHead(QWidget):
    """The versions, and what is done with them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.versions = VersionList()
        self.compare = Button(self.tr("Compare"), kind="quiet", size="small", icon="git-compare")
        self.save = Button(self.tr("Save"), kind="quiet", size="small", icon="save")
        self.more = IconButton("ellipsis", self.tr("More for this prompt"))
        title = Label(self.tr("Versions"), weight=600)
        title.setMinimumHeight(self.save.sizeHint().height())
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 8, 14, 8)
        column.setSpacing(4)
        column.addWidget(flowing(title, self.compare, self.save, self.more, gap=4, end_from=1))
        column.addWidget(self.versions)


class RunFoot(QWidget):
    """Running it, what that takes, and why it cannot be."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.run_once = Button(self.tr("Run once"), icon="play")
        self.run_dataset = Button(self.tr("Run on a dataset…"), icon="grid-3x3")
        self.estimate = Label(font="small", color="text2")
        self.estimate.setMinimumHeight(self.run_once.sizeHint().height())
        self.trouble = Label(font="small", color="danger", wrap=True)
        self.trouble.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 8, 14, 8)
        column.setSpacing(8)
        column.addWidget(self.trouble)
        column.addWidget(flowing(self.run_once, self.run_dataset, self.estimate, gap=8, end_from=2))
