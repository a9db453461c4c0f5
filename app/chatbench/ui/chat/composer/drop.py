"""The drop zone: says before the drop what would happen to each file."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QWidget

from chatbench.core.errors import ChatbenchError
from chatbench.services import Services
from chatbench.services.attachments import Candidate, Verdict
from chatbench.ui.aio import spawn
from chatbench.ui.chat.composer.choosing import MOST_AT_ONCE
from chatbench.ui.chat.composer.composer import Composer
from chatbench.ui.chat.composer.files import addresses, carries_picture, offered_files, path_of
from chatbench.ui.chat.composer.sheet import Sheet, title_words
from chatbench.ui.theme import theme
from chatbench.ui.widgets import announce

_WEB = "text/uri-list"
_MOST_SAID = 50
"""Files of which assistive technology is told."""


class DropZone(QWidget):
    """Lies over ``pane`` down to the composer while files are dragged over either of them.

    It asks for names at once and for kinds and sizes beside the window; no file is opened. The composer
    reads the accepted files after the drop. Of more files than can be attached at once some are chosen then.
    """

    def __init__(self, pane: QWidget, composer: Composer, services: Services) -> None:
        super().__init__(pane)
        self._pane = pane
        self._composer = composer
        self._services = services
        self._verdicts: tuple[Verdict, ...] = ()
        self._paths: list[Path] = []
        self._count = 0
        self._looking: asyncio.Task[None] | None = None
        self._cancelled = False
        self._escape = _EscapeWatch(self)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.hide()
        for widget in (pane,) if pane.isAncestorOf(composer) else (pane, composer):
            widget.setAcceptDrops(True)
            widget.installEventFilter(self)

    def title(self) -> str:
        """What a drop would do, in numbers."""
        return title_words(self._verdicts, self._total)

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
        local = offered_files(mime)
        web = [] if local else addresses(mime)
        if not (local or web or carries_picture(mime)):
            return False
        self._cancelled = False
        self._count = len(local)
        self._paths = [path_of(address) for address in local[:MOST_AT_ONCE]]
        self._judge(self._candidates(web))
        self._cover()
        self.raise_()
        self.show()
        self._escape.watch(True)
        announce(self, self.title())
        self._answer(event)
        if self._paths:
            self._looking = spawn(self._look(self._paths), name="look", owner=self)
        return True

    def _judge(self, candidates: Sequence[Candidate]) -> None:
        self._verdicts = self._services.attachments.judge(candidates, self._composer.info())
        if not self._paths and candidates and candidates[0].media_type == _WEB:
            fetched = self.tr("Fetched when it is dropped.")
            self._verdicts = tuple(
                Verdict(candidate=one, accepted=True, reason=fetched) for one in candidates
            )
        reasons = [f"{verdict.candidate.name}: {verdict.reason}" for verdict in self._verdicts[:_MOST_SAID]]
        self.setAccessibleName(self.title())
        self.setAccessibleDescription("\n".join(reasons))
        self.update()

    async def _look(self, paths: Sequence[Path]) -> None:
        """Sizes, and which of them are folders: where a disk does not answer, the names have to do."""
        try:
            self._judge(await self._services.attachments.look(paths))
        except ChatbenchError:
            return

    @property
    def _total(self) -> int:
        return max(self._count, len(self._verdicts))

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
        if not any(verdict.accepted for verdict in self._verdicts):
            event.ignore()
            return True
        if self._paths and self._count == len(self._verdicts):
            pairs = zip(self._paths, self._verdicts, strict=True)
            self._composer.attach_paths([path for path, verdict in pairs if verdict.accepted])
        else:
            self._composer.attach_mime(event.mimeData(), fetch=True)
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        self._composer.setFocus(Qt.FocusReason.OtherFocusReason)
        return True

    def _end(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        if self.isVisible():
            self._escape.watch(False)
            self.hide()

    def _candidates(self, web: Sequence[str]) -> list[Candidate]:
        if self._paths:
            return [self._services.attachments.named(path) for path in self._paths]
        if web:
            return [Candidate(name=url, media_type=_WEB) for url in web]
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
        Sheet(
            painter,
            self.rect(),
            self.layoutDirection(),
            self._composer.info(),
            self._verdicts,
            self._services.attachments.capabilities(self._composer.info()),
            self._total,
        ).draw()
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
