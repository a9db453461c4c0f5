"""Files that the desktop asks this program to open: dropped on its icon, or chosen to be opened with it."""

from __future__ import annotations

import os
from collections.abc import Sequence

from PySide6.QtCore import QEvent, Signal
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication

from chatbench.ui.wish import Wish


class Application(QApplication):
    """`asked(Wish)` for each file, as macOS tells of them; other systems name them on the command line.
    What comes before somebody listens is kept until `begin`.

    The application hears of them itself: a filter on it would be asked about every event of every widget.
    """

    asked = Signal(object)

    def __init__(self, arguments: Sequence[str]) -> None:
        super().__init__(arguments)
        self._early: list[Wish] | None = []

    def begin(self) -> None:
        """Somebody listens."""
        early, self._early = self._early or [], None
        for wish in early:
            self.asked.emit(wish)

    def event(self, event: QEvent) -> bool:
        if not isinstance(event, QFileOpenEvent) or not event.file():
            return super().event(event)
        wish = Wish.of(False, [event.file()], os.environ)
        if self._early is not None:
            self._early.append(wish)
        else:
            self.asked.emit(wish)
        return True
