"""The composer stands under the words: as wide as they and the facts beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QAbstractScrollArea, QWidget

from chatbench.ui.chat.conversation.room import BESIDE_LANES
from chatbench.ui.chat.transcript.frame import frame_for

if TYPE_CHECKING:
    from chatbench.ui.chat.conversation.view import ConversationView

EDGE: Final = 16


class FootAligning(QObject):
    """Keeps the foot of a conversation aligned with what stands above it."""

    def __init__(self, view: ConversationView, foot: QWidget) -> None:
        super().__init__(view)
        self._view = view
        self._foot = foot
        self._page: QAbstractScrollArea | None = None
        view.installEventFilter(self)
        self.watch(view.lanes)

    def watch(self, widget: QWidget) -> None:
        """Aligns anew whenever this one is elsewhere or of another size."""
        widget.installEventFilter(self)

    def stand_under(self, page: QAbstractScrollArea | None) -> None:
        """What stands in the place of the words; None while they are there."""
        if page is not self._page:
            self._page = page
            if page is not None:
                self.watch(page.viewport())
            self.apply()

    def apply(self) -> None:
        """The composer spans what the words and the facts beside them span above it."""
        view = self._view
        alone = view.lanes.alone
        left = right = EDGE
        if alone:
            # Lanes that are out of view keep the width they had.
            viewport = (self._page or view.transcript).viewport()
            frame = frame_for(viewport.width())
            left = viewport.x() + min(frame.column_x, frame.margin_x)
            right = viewport.x() + max(frame.column_x + frame.column, frame.margin_x + frame.margin)
            right = max(EDGE, view.width() - right)
        layout = self._foot.layout()
        assert layout is not None
        above, below = BESIDE_LANES
        layout.setContentsMargins(left, 0 if alone else above, right, below)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._view:
            if event.type() in (QEvent.Type.LayoutDirectionChange, QEvent.Type.StyleChange):
                self.apply()
        elif event.type() in (QEvent.Type.Resize, QEvent.Type.Move):
            self.apply()
        return False
