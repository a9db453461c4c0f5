"""The quick chat's window: small, above all others, away at Escape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication, QEvent, QRect, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication, QHideEvent, QKeyEvent

from chatbench.ui.chat.quick.pane import QuickPane
from chatbench.ui.chat.quick.place import QuickPlace
from chatbench.ui.theme import theme
from chatbench.ui.theme.tokens import RAIL_FROM
from chatbench.ui.window import MainWindow, PaneSpec, bring_to_front

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatbench.services import Services
    from chatbench.ui.chat.openings import Openings

_USUAL: Final = QSize(440, 600)


class QuickWindow(MainWindow):
    """`hidden()` when it is put away: closing it does that too, until `closes_itself`."""

    hidden = Signal()

    def __init__(
        self, services: Services, openings: Openings, place: QuickPlace, shortcuts: Mapping[str, str]
    ) -> None:
        self.pane = QuickPane(services, openings)
        title = QCoreApplication.translate("QuickWindow", "Quick chat")
        super().__init__([PaneSpec("quick", title, "zap", self.pane.build)], shortcuts=shortcuts)
        self.closes_itself = False
        self._brought = False
        self.setWindowFlag(Qt.WindowType.WindowStaysOnTopHint)
        self._narrow()
        self._restore(place)
        self.show_section("quick")
        theme().changed.connect(self._narrow)

    def bring(self) -> None:
        """Shows it, with the keyboard where one writes."""
        bring_to_front(self)
        self.pane.focus_composer()
        self._brought = True

    def toggle(self) -> None:
        """Brings it; puts it away where it is in front, or was brought and nothing came before it since.
        (A desktop tells late, or never, that it let a window come to the front.)"""
        if self.isVisible() and (self._brought or self.isActiveWindow()):
            self.hide()
        else:
            self.bring()

    def place(self) -> QuickPlace:
        """Where it stands, to be remembered."""
        at = self.pos()
        return QuickPlace(
            size=(self.width(), self.height()), position=(at.x(), at.y()), chat=self.pane.kept_id()
        )

    def _narrow(self) -> None:
        """It has no rail, however wide it is drawn."""
        self.setMaximumWidth(theme().breakpoint(RAIL_FROM) - 1)

    def _restore(self, place: QuickPlace) -> None:
        self.resize(_USUAL if place.size is None else QSize(*(min(edge, 4000) for edge in place.size)))
        if place.position is None:
            return
        wanted = QRect(*place.position, self.width(), self.height())
        # A screen that was there may be gone.
        if any(screen.availableGeometry().contains(wanted.center()) for screen in QGuiApplication.screens()):
            self.move(wanted.topLeft())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and not event.modifiers():
            self.hide()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if event.type() in {QEvent.Type.WindowDeactivate, QEvent.Type.Hide}:
            self._brought = False
        return super().event(event)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if not event.spontaneous():
            self.hidden.emit()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.closes_itself:
            super().closeEvent(event)
        else:
            event.ignore()
            self.hide()
