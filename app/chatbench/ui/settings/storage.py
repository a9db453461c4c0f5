"""Storage: where everything is kept, and whether it is sound."""

from __future__ import annotations

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QWidget

from chatbench.core.errors import StorageError
from chatbench.services import Services
from chatbench.ui.aio import spawn
from chatbench.ui.settings.form import SettingsPage
from chatbench.ui.widgets import Button, ElidedLabel, Flow, Label, announce
from chatbench.ui.widgets.forms import words_of


class StoragePage(SettingsPage):
    """The profile's folder, its database, and what keeps the keys."""

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.set_title(self.tr("Storage"))
        folder = str(services.profile.folder)
        path = ElidedLabel(folder, font="code")
        row = self.add("folder", self.tr("Profile"), path)
        row.set_hint(self.tr("Chats, pictures, settings and logs. Keys are not in it."))
        buttons = QWidget()
        flow = Flow(buttons)
        self.open_folder = Button(self.tr("Open the folder"), icon="folder-open")
        self.open_folder.clicked.connect(
            lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(services.profile.folder)))
        )
        copy = Button(self.tr("Copy the path"), icon="copy")
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(folder))
        flow.addWidget(self.open_folder)
        flow.addWidget(copy)
        self.add("open_folder", "", buttons)
        self.check = Button(self.tr("Check the database"), icon="database")
        self.check.clicked.connect(lambda: spawn(self._check(), name="check-database"))
        self.check_row = self.add("database", self.tr("Database"), self.check)
        self.keyring = Label(color="text2", wrap=True)
        self.add("keyring", self.tr("Keys"), self.keyring)
        self.body.addStretch(1)

    def refresh(self) -> None:
        """Asks what keeps the keys."""
        spawn(self._tell_of_keyring(), name="keyring-state")

    async def _tell_of_keyring(self) -> None:
        state = await self.services.endpoints.keyring_state()
        self.keyring.setText(state.message)

    async def _check(self) -> None:
        self.check.set_busy(True)
        self.check.setEnabled(False)
        self.check_row.set_error("")
        try:
            wrong = await self.services.profile.check()
        except StorageError as error:
            wrong = [words_of(error)]
        finally:
            self.check.set_busy(False)
            self.check.setEnabled(True)
        told = "\n".join(wrong[:20]) if wrong else self.tr("Checked just now: nothing is wrong.")
        if wrong:
            self.check_row.set_error(told)
        self.check_row.set_hint("" if wrong else told)
        announce(self, told, at_once=bool(wrong))
