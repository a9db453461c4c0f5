"""The command that shows the quick chat, to be bound to keys in the system's own settings."""

from __future__ import annotations

import shlex

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QWidget

from chatbench.services import Services
from chatbench.ui.widgets import Button, ElidedLabel, announce


class QuickCommand(QWidget):
    """The words, and a button that copies them."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        profile = services.profile
        chosen = [] if profile.name == "Default" else ["--profile", str(profile.folder)]
        self.command = shlex.join(["chatbench", *chosen, "quick"])
        self.copy_button = Button(self.tr("Copy"), icon="copy")
        self.copy_button.setAccessibleName(self.tr("Copy the command of the quick chat"))
        self.copy_button.clicked.connect(self._copy)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(ElidedLabel(self.command, font="code"), 1)
        row.addWidget(self.copy_button)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.command)
        announce(self, self.tr("Copied."))
