"""The entry in the system's tray, where there is one. Without one nothing is made."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QMenu, QSystemTrayIcon


class Tray(QObject):
    """A press shows the quick chat; the menu has that, the window, and the end of the program."""

    def __init__(
        self, icon: QIcon, quick: Callable[[], object], main: Callable[[], object], end: Callable[[], object]
    ) -> None:
        super().__init__()
        self.menu = QMenu()
        self.menu.addAction(self.tr("Quick chat")).triggered.connect(quick)
        self.menu.addAction(self.tr("Open Chatbench")).triggered.connect(main)
        self.menu.addSeparator()
        self.menu.addAction(self.tr("Quit")).triggered.connect(end)
        self.icon = QSystemTrayIcon(icon, self)
        self.icon.setToolTip("Chatbench")
        self.icon.setContextMenu(self.menu)
        self._quick = quick
        self.icon.activated.connect(self._pressed)
        self.icon.show()

    def _pressed(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason == QSystemTrayIcon.ActivationReason.Trigger:
            self._quick()

    def close(self) -> None:
        """Takes the entry away."""
        self.icon.hide()
        self.menu.deleteLater()
        self.deleteLater()


def tray_is_there() -> bool:
    """Whether this system has a tray now."""
    return QSystemTrayIcon.isSystemTrayAvailable()
