"""Another process on the same profile: noticed by what it writes, never by a timer."""

from __future__ import annotations

from PySide6.QtCore import QFileSystemWatcher

from chatbench.services import Services
from chatbench.ui.aio import spawn


class OtherProcess(QFileSystemWatcher):
    """Watches the database and the folder of the user's own providers."""

    def __init__(self, services: Services) -> None:
        path = services.profile.database_path
        log = path.with_name(f"{path.name}-wal")
        super().__init__([str(one) for one in (path, log) if one.exists()])
        self.addPath(str(services.endpoints.folder))
        self.fileChanged.connect(
            lambda _path: spawn(services.profile.other_process_wrote(), name="other-process")
        )
        self.directoryChanged.connect(lambda _path: services.endpoints.reload())
