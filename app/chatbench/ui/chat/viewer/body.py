"""What a viewer's window shows of one file, and what it can do with it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QStackedLayout, QVBoxLayout, QWidget

from chatbench.core.errors import ChatbenchError
from chatbench.ui.chat.transcript.find import FindBar
from chatbench.ui.widgets import Label, Surface


class Body(QWidget):
    """Says that it is being read until `show_content`, or why it cannot be. ``changed()`` when its size or
    the pages in view have changed."""

    changed = Signal()
    zooms = False
    """Whether it can be drawn larger and smaller."""
    finds = False
    """Whether there are words to be found."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.note = Label(self.tr("Reading…"), color="text2", wrap=True)
        self.note.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.note.setMargin(24)
        self._keys: QWidget | None = None
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.note)

    def show_content(self, content: QWidget, keys: QWidget | None = None) -> None:
        """There is something to see, and perhaps something that takes the keyboard."""
        self._stack.addWidget(content)
        self._stack.setCurrentWidget(content)
        self._keys = keys
        self.take_keyboard()

    def take_keyboard(self) -> None:
        """Have the keyboard where one moves about."""
        (self._keys or self).setFocus()

    def refuse(self, error: ChatbenchError | str) -> None:
        """It cannot be shown."""
        words = error if isinstance(error, str) else f"{error.message} {error.hint}".strip()
        self.note.setText(words)
        self._stack.setCurrentWidget(self.note)

    @property
    def percent(self) -> int | None:
        """How large it is drawn; None where it has one size."""
        return None

    def zoom_by(self, factor: float) -> None:
        """Larger or smaller."""

    def fit(self) -> None:
        """As large as there is room."""

    def whole(self) -> None:
        """As large as it is."""

    def open_find(self) -> None:
        """Open the field to find words."""

    def find_step(self, step: int) -> None:
        """The next hit (1) or the one before (-1)."""

    def copy(self) -> None:
        """Put what is selected, or else what is in view, on the clipboard."""


def with_bar(bar: FindBar, content: QWidget) -> QWidget:
    """A field to find above what it is for."""
    page = Surface("page")
    column = QVBoxLayout()
    column.setSpacing(0)
    page.set_layout(column)
    column.addWidget(bar)
    column.addWidget(content, 1)
    return page
