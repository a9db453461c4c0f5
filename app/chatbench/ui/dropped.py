"""Files of this computer that a drag carries."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData


def local_files(mime: QMimeData) -> list[Path]:
    """In their order; nothing is opened."""
    return [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile()]
