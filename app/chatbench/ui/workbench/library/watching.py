"""Linked folders of prompts are watched: what an editor or git changes there shows at once."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal

from chatbench.core.errors import ChatbenchError
from chatbench.services import Services
from chatbench.services.prompts import Synced, Unread
from chatbench.ui.aio import Rereading

_RESTS_MS: Final = 80
"""Many files change together where git changes them."""


class PromptWatch(QObject):
    """It watches from `begin` on. `read()` when the folders were; `conflicted(ids)` when prompts turn out to
    be changed here and in their files."""

    read = Signal()
    conflicted = Signal(list)

    def __init__(self, services: Services, parent: QObject) -> None:
        super().__init__(parent)
        self._services = services
        self.found = Synced()
        self._told: frozenset[str] = frozenset()
        self._stirred: set[str] = set()
        self._watcher: QFileSystemWatcher | None = None
        self._reading = Rereading(self._read, self, "linked-folders")
        self._clock = QTimer(self)
        self._clock.setSingleShot(True)
        self._clock.setInterval(_RESTS_MS)
        self._clock.timeout.connect(self.again)

    def begin(self) -> None:
        """Reads the folders, and whenever something in them changes."""
        self._watcher = QFileSystemWatcher(self)
        self._watcher.directoryChanged.connect(self._stir)
        self._watcher.fileChanged.connect(lambda path: self._stir(str(Path(path).parent)))
        self.again()

    def again(self) -> None:
        """Reads the folders now."""
        self._reading.again()

    async def ended(self) -> None:
        """Waits until they were read."""
        await self._reading.ended()

    def release(self) -> None:
        """Watches nothing any more."""
        self._clock.stop()
        if self._watcher is not None:
            self._watcher.blockSignals(True)
            self._watcher.deleteLater()
            self._watcher = None

    def watched(self) -> frozenset[Path]:
        """What is watched at the moment."""
        watcher = self._watcher
        return frozenset() if watcher is None else frozenset(map(Path, _paths_of(watcher)))

    def _stir(self, folder: str) -> None:
        self._stirred.add(folder)
        self._clock.start()

    async def _read(self) -> None:
        prompts = self._services.prompts
        try:
            if self._watcher is not None:
                # Armed first: what changes from now on is heard, what changed before is read.
                self._arm(await prompts.paths_to_watch())
            self.found = await prompts.sync()
        except ChatbenchError as error:
            self.found = Synced(unread=(Unread(self._services.profile.folder, error),))
        self.read.emit()
        conflicts = frozenset(self.found.both)
        if fresh := conflicts - self._told:
            self.conflicted.emit(sorted(fresh))
        self._told = conflicts

    def _arm(self, paths: tuple[Path, ...]) -> None:
        """Watches these and nothing else. A file that was replaced is another file under the same name, and
        is watched anew."""
        watcher = self._watcher
        if watcher is None:
            return
        stirred, self._stirred = self._stirred, set()
        wanted = {str(path) for path in paths}
        now = _paths_of(watcher)
        old = [path for path in now if path not in wanted]
        old += [path for path in watcher.files() if str(Path(path).parent) in stirred and path in wanted]
        if old:
            watcher.removePaths(old)
        if fresh := sorted(wanted - (now - set(old))):
            watcher.addPaths(fresh)


def _paths_of(watcher: QFileSystemWatcher) -> set[str]:
    return {*watcher.files(), *watcher.directories()}
