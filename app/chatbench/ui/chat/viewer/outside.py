"""Attached files in other programs: a private copy, of a kind that no program runs."""

from __future__ import annotations

import asyncio
import mimetypes
import re
from typing import Final

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QDesktopServices

from chatbench.core.errors import StorageError
from chatbench.core.messages import FilePart, MediaPart, StoredFile
from chatbench.services import Services
from chatbench.ui.chat.transcript.pages import pages

_ENDINGS: Final = {
    "application/pdf": ".pdf",
    "application/rtf": ".rtf",
    "application/epub+zip": ".epub",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
    "application/vnd.oasis.opendocument.text": ".odt",
    "application/vnd.oasis.opendocument.spreadsheet": ".ods",
    "application/vnd.oasis.opendocument.presentation": ".odp",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/bmp": ".bmp",
    "image/tiff": ".tiff",
    "image/heic": ".heic",
    "image/avif": ".avif",
}
_TEXTS: Final = frozenset({"application/json", "application/x-ipynb+json", "message/rfc822"})
_STEM: Final = 60


def ending_for(part: MediaPart) -> str:
    """With which ending a copy is handed to another program: by what the file is, never by what it is called.
    What is text is handed over as text, so that nothing of it runs. "" where it is not handed over."""
    kind = part.media_type
    if kind in _ENDINGS:
        return _ENDINGS[kind]
    if kind.startswith(("audio/", "video/")):
        return mimetypes.guess_extension(kind) or ""
    if isinstance(part, FilePart) and (kind.startswith("text/") or kind in _TEXTS):
        return ".txt"
    return ""


def name_for(part: MediaPart) -> str:
    """What the copy is called."""
    stem = re.sub(r"[^\w .-]+", "_", part.name.rpartition(".")[0] or part.name).strip(" .")[:_STEM]
    return (stem or "file") + ending_for(part)


async def open_outside(services: Services, part: MediaPart) -> None:
    """Opens a copy of a stored file with the system's program for its kind. Raises StorageError."""
    assert isinstance(part.source, StoredFile)
    data = await services.attachments.original(part.source.sha256)
    try:
        address = await asyncio.to_thread(pages().keep, data, name_for(part))
    except OSError as error:
        raise StorageError(
            f"A copy could not be written: {error.strerror or error}.", "Save the file instead."
        ) from error
    if not QDesktopServices.openUrl(address):
        words = QCoreApplication.translate("viewer", "No program opens files of this kind.")
        raise StorageError(words, QCoreApplication.translate("viewer", "Save the file instead."))
