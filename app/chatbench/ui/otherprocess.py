"""Another process on the same profile: noticed by what it writes, never by a timer."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QFileSystemWatcher

from chatbench.services import Services
from chatbench.ui.aio import Rereading

_REST_S: Final = 0.5
"""From one look to the next: a run that goes on in the terminal writes many times a second."""


class OtherProcess(QFileSystemWatcher):
    """Watches the database and the folder of the user's own providers."""

    def __init__(self, services: Services) -> None:
        path = services.profile.database_path
        log = path.with_name(f"{path.name}-wal")
        super().__init__([str(one) for one in (path, log) if one.exists()])
        self.addPath(str(services.endpoints.folder))
        self._services = services
        self._looking = Rereading(self._look, self, "other-process")
        self.fileChanged.connect(lambda _path: self._looking.again())
        self.directoryChanged.connect(lambda _path: services.endpoints.reload())

    async def _look(self) -> None:
        import asyncio

        await self._services.profile.other_process_wrote()
        await asyncio.sleep(_REST_S)
