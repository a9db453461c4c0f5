"""What a clipboard or a drag carries, seen without asking any disk."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMimeData, QUrl
from PySide6.QtGui import QImage, QImageWriter

from chatbench.ui.chat.composer.htmlpictures import pictures_in

_ADDRESS: Final = re.compile(r"https?://[^\s/]+\S*", re.IGNORECASE)
_LONGEST_ADDRESS: Final = 2048


def carries_files(mime: QMimeData) -> bool:
    """Whether files of this computer are offered."""
    return bool(offered_files(mime))


def carries_picture(mime: QMimeData) -> bool:
    """Whether a picture without a file is offered, and no words that say the same."""
    if carries_files(mime) or mime.text().strip():
        return False
    return mime.hasImage() or (mime.hasHtml() and any(pictures_in(mime.html())))


def offered_files(mime: QMimeData) -> list[bytes]:
    """The addresses of the files of a drag or a clipboard, for `path_of`. Ten thousand as text are here at
    once; as objects they are not."""
    if not mime.hasUrls():
        return []
    lines = bytes(mime.data("text/uri-list").data()).splitlines()
    return [line for line in lines if line[:5].lower() == b"file:"]


def path_of(address: bytes) -> Path:
    """Where a file lies, by its address."""
    return Path(QUrl.fromEncoded(QByteArray(address.strip())).toLocalFile())


def offered_paths(mime: QMimeData) -> list[Path]:
    """The files of a drag or a clipboard."""
    return [path_of(address) for address in offered_files(mime)]


def addresses(mime: QMimeData) -> list[str]:
    """What a drag names on the web."""
    if not mime.hasUrls():
        return []
    return [url.toString() for url in mime.urls() if url.scheme() in ("http", "https")]


def bare_address(text: str) -> str:
    """An address of the web that is all of a text; "" where it is anything else."""
    text = text.strip()
    return text if len(text) <= _LONGEST_ADDRESS and _ADDRESS.fullmatch(text) else ""


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
