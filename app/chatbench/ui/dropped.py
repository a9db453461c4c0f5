"""Files of this computer that a drag carries."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QDropEvent


def local_files(mime: QMimeData) -> list[Path]:
    """In their order; nothing is opened."""
    return [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile()]


def taken_files(event: QDropEvent) -> list[Path]:
    """Those that hang over a widget or fall on it: it takes copies of them, and nothing else."""
    files = local_files(event.mimeData())
    if files:
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
    else:
        event.ignore()
    return files
