"""The drop zone: says before the drop what would happen to each file."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QMimeData, QObject, QPoint, Qt
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QWidget

from chatbench.services import Services
from chatbench.services.attachments import Candidate, Verdict
from chatbench.ui.chat.composer.composer import Composer
from chatbench.ui.chat.composer.files import carries_files, carries_picture, offered_files
from chatbench.ui.chat.composer.sheet import Sheet, title_words
from chatbench.ui.theme import theme
from chatbench.ui.widgets import announce


class DropZone(QWidget):
    """Lies over ``pane`` down to the composer while files are dragged over either of them.

    It reads names, kinds and sizes only; the composer reads the accepted files after the drop.
    """

    def __init__(self, pane: QWidget, composer: Composer, services: Services) -> None:
        super().__init__(pane)
        self._pane = pane
        self._composer = composer
        self._services = services
        self._verdicts: tuple[Verdict, ...] = ()
        self._cancelled = False
        self._escape = _EscapeWatch(self)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.hide()
        for widget in (pane,) if pane.isAncestorOf(composer) else (pane, composer):
            widget.setAcceptDrops(True)
            widget.installEventFilter(self)

    def title(self) -> str:
        """What a drop would do, in numbers."""
        return title_words(self._verdicts)

    def verdicts(self) -> tuple[Verdict, ...]:
        """What would happen to each file."""
        return self._verdicts

    def cancel(self) -> None:
        """Takes the sheet away; this drag drops nothing any more."""
        self._cancelled = True
        self._end()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QDragEnterEvent):
            return self._enter(event)
        if isinstance(event, QDragMoveEvent):
            return self._move(event)
        if isinstance(event, QDropEvent):
            return self._drop(event)
        if event.type() == QEvent.Type.DragLeave:
            self._cancelled = False
            self._end()
        elif event.type() == QEvent.Type.Resize and watched is self._pane and self.isVisible():
            self._cover()
        return False

    def _enter(self, event: QDragEnterEvent) -> bool:
        mime = event.mimeData()
        if not (carries_files(mime) or carries_picture(mime)):
            return False
        self._cancelled = False
        self._verdicts = self._services.attachments.judge(self._candidates(mime), self._composer.info())
        self._cover()
        self.raise_()
        self.show()
        self._escape.watch(True)
        reasons = [f"{verdict.candidate.name}: {verdict.reason}" for verdict in self._verdicts]
        self.setAccessibleName(self.title())
        self.setAccessibleDescription("\n".join(reasons))
        announce(self, self.title())
        self._answer(event)
        return True

    def _move(self, event: QDragMoveEvent) -> bool:
        if not (self.isVisible() or self._cancelled):
            return False
        self._answer(event)
        return True

    def _answer(self, event: QDropEvent) -> None:
        """Accepted in any case: after a refused enter neither moves nor a leave would come."""
        welcome = not self._cancelled and any(verdict.accepted for verdict in self._verdicts)
        event.setDropAction(Qt.DropAction.CopyAction if welcome else Qt.DropAction.IgnoreAction)
        event.accept()

    def _drop(self, event: QDropEvent) -> bool:
        if not self.isVisible():
            cancelled, self._cancelled = self._cancelled, False
            return cancelled
        self._end()
        accepted = {verdict.candidate for verdict in self._verdicts if verdict.accepted}
        if not accepted:
            event.ignore()
            return True
        files = offered_files(event.mimeData())
        if files:
            self._composer.attach_paths([file.path for file in files if file.candidate in accepted])
        else:
            self._composer.attach_mime(event.mimeData())
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        self._composer.setFocus(Qt.FocusReason.OtherFocusReason)
        return True

    def _end(self) -> None:
        if self.isVisible():
            self._escape.watch(False)
            self.hide()

    def _candidates(self, mime: QMimeData) -> list[Candidate]:
        files = offered_files(mime)
        if files:
            return [file.candidate for file in files]
        return [Candidate(name=self.tr("Picture"), media_type="image/png")]

    def _cover(self) -> None:
        rect = self._pane.rect()
        if self._pane.isAncestorOf(self._composer):
            top = self._composer.mapTo(self._pane, QPoint(0, 0)).y()
            if top > theme().scaled(160):
                rect.setBottom(top - 1)
        self.setGeometry(rect)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        Sheet(painter, self.rect(), self.layoutDirection(), self._composer.info(), self._verdicts).draw()
        painter.end()


class _EscapeWatch(QObject):
    """Hears Escape wherever the focus is, while files hang over the window."""

    def __init__(self, zone: DropZone) -> None:
        super().__init__(zone)
        self._zone = zone

    def watch(self, on: bool) -> None:
        app = QApplication.instance()
        assert app is not None
        if on:
            app.installEventFilter(self)
        else:
            app.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not isinstance(event, QKeyEvent) or event.key() != Qt.Key.Key_Escape:
            return False
        if event.type() != QEvent.Type.KeyPress:
            return False
        self._zone.cancel()
        return True
