"""What a clipboard or a drag carries, seen without opening any file."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMimeData
from PySide6.QtGui import QImage, QImageWriter

from chatbench.services.attachments import Candidate

_PICTURES: Final = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
}


@dataclass(frozen=True)
class Offered:
    """A file that is offered: what is known of it, and where it lies."""

    candidate: Candidate
    path: Path


def carries_files(mime: QMimeData) -> bool:
    """Whether files of this computer are offered."""
    return mime.hasUrls() and any(url.isLocalFile() for url in mime.urls())


def carries_picture(mime: QMimeData) -> bool:
    """Whether a picture without a file is offered, and no words that say the same."""
    return mime.hasImage() and not carries_files(mime) and not mime.text().strip()


def offered_files(mime: QMimeData) -> list[Offered]:
    """The files of a drag or a clipboard: names, kinds and sizes; nothing is opened."""
    return [offered(Path(url.toLocalFile())) for url in mime.urls() if url.isLocalFile()]


def offered(path: Path) -> Offered:
    """One file by its path."""
    kind = _PICTURES.get(path.suffix.lower()) or mimetypes.guess_type(path.name)[0]
    size: int | None = None
    try:
        if path.is_dir():
            kind = "inode/directory"
        else:
            size = path.stat().st_size
    except OSError:
        size = None
    media_type = kind or "application/octet-stream"
    return Offered(Candidate(name=path.name, media_type=media_type, size=size), path)


def picture_of(mime: QMimeData) -> QImage:
    """The picture a clipboard or a drag carries; null where there is none."""
    data = mime.imageData()
    return data if isinstance(data, QImage) else QImage()


def png_of(image: QImage) -> bytes:
    """A picture as PNG; may run on any thread."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(image)
    return bytes(buffer.data().data())
