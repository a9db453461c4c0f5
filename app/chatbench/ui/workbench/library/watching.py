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
        self._begun = False
        self._told: frozenset[str] = frozenset()
        self._stirred: set[str] = set()
        self._watcher = QFileSystemWatcher(self)
        self._watcher.directoryChanged.connect(self._stir)
        self._watcher.fileChanged.connect(lambda path: self._stir(str(Path(path).parent)))
        self._reading = Rereading(self._read, self, "linked-folders")
        self._clock = QTimer(self)
        self._clock.setSingleShot(True)
        self._clock.setInterval(_RESTS_MS)
        self._clock.timeout.connect(self.again)

    def begin(self) -> None:
        """Reads the folders, and whenever something in them changes."""
        self._begun = True
        self.again()

    def again(self) -> None:
        """Reads the folders now."""
        self._reading.again()

    async def ended(self) -> None:
        """Waits until they were read."""
        await self._reading.ended()

    def release(self) -> None:
        """Watches nothing any more."""
        self._begun = False
        self._watcher.blockSignals(True)
        self._clock.stop()
        self._arm(())

    def watched(self) -> frozenset[Path]:
        """What is watched at the moment."""
        return frozenset(map(Path, (*self._watcher.files(), *self._watcher.directories())))

    def _stir(self, folder: str) -> None:
        self._stirred.add(folder)
        self._clock.start()

    async def _read(self) -> None:
        prompts = self._services.prompts
        try:
            if self._begun:
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
        stirred, self._stirred = self._stirred, set()
        wanted = {str(path) for path in paths}
        now = {*self._watcher.files(), *self._watcher.directories()}
        old = [path for path in now if path not in wanted]
        old += [
            path for path in self._watcher.files() if str(Path(path).parent) in stirred and path in wanted
        ]
        if old:
            self._watcher.removePaths(old)
        if fresh := sorted(wanted - (now - set(old))):
            self._watcher.addPaths(fresh)
