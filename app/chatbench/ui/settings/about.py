"""About: which program this is, and what it is made of."""

from __future__ import annotations

import platform

from PySide6.QtCore import qVersion
from PySide6.QtGui import QGuiApplication

from chatbench import __version__
from chatbench.services import Services
from chatbench.ui.settings.form import SettingsPage
from chatbench.ui.widgets import Button, ElidedLabel, Label


class AboutPage(SettingsPage):
    """Versions, to be read out or copied into a report."""

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.set_title(self.tr("About Chatbench"))
        facts = {
            self.tr("Chatbench"): __version__,
            self.tr("Qt"): qVersion(),
            self.tr("Python"): platform.python_version(),
            self.tr("System"): platform.platform(),
        }
        for label, value in facts.items():
            self.form.add(label, ElidedLabel(value))
        self.report = "\n".join(f"{label} {value}" for label, value in facts.items())
        copy = Button(self.tr("Copy"), icon="copy")
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.report))
        self.add("version", "", copy)
        self.body.addWidget(
            Label(
                self.tr(
                    "Chatbench is free software under the MIT licence. It uses Qt (LGPL), "
                    "the icons of Lucide (ISC) and the other libraries that its package names, "
                    "each under its own licence."
                ),
                font="small",
                color="text2",
                wrap=True,
            )
        )
        self.body.addStretch(1)
