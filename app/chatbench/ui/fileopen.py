"""Files that the desktop asks this program to open: dropped on its icon, or chosen to be opened with it."""

from __future__ import annotations

import os

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication

from chatbench.ui.wish import Wish


class FileOpenings(QObject):
    """`asked(Wish)` for each file, as macOS tells of them; other systems name them on the command line.
    What comes before somebody listens is kept until `begin`."""

    asked = Signal(object)

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._early: list[Wish] | None = []
        app.installEventFilter(self)

    def begin(self) -> None:
        """Somebody listens."""
        early, self._early = self._early or [], None
        for wish in early:
            self.asked.emit(wish)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not isinstance(event, QFileOpenEvent) or not event.file():
            return False
        wish = Wish.of(False, [event.file()], os.environ)
        if self._early is not None:
            self._early.append(wish)
        else:
            self.asked.emit(wish)
        return True
