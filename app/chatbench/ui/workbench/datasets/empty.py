"""What stands where there is no column yet: what can be dropped, pasted or begun."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QVBoxLayout, QWidget

from chatbench.ui.widgets import Button, Label


class EmptyState(QWidget):
    """Three ways to begin."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        told = Label(
            self.tr(
                "Nothing is in it yet. Drop a table here (CSV, TSV, JSON lines, JSON, XLSX, Parquet), paste "
                "cells from a spreadsheet, or begin with a column."
            ),
            font="small", color="text3", wrap=True,
        )  # fmt: skip
        told.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.choose = Button(self.tr("Choose a file…"), icon="upload", kind="quiet")
        self.paste = Button(self.tr("Paste"), icon="clipboard-paste", kind="quiet")
        self.column = Button(self.tr("Add a column…"), icon="plus", kind="quiet")
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 48, 24, 24)
        column.setSpacing(8)
        column.addWidget(told)
        for button in (self.choose, self.paste, self.column):
            column.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """What was copied is pasted with any of the buttons in focus."""
        if event.matches(QKeySequence.StandardKey.Paste):
            self.paste.click()
        else:
            super().keyPressEvent(event)
