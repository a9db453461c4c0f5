"""Asking where to write a file, and writing one the reader asked for."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from chatbench.core.errors import StorageError
from chatbench.ui.aio import ask


async def ask_where(parent: QWidget, title: str, name: str, filters: Sequence[str]) -> Path | None:
    """The file the reader chose to write, None if they chose none. Asks before replacing one."""
    dialog = QFileDialog(parent, title)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    if filters:
        dialog.setNameFilters(list(filters))
    dialog.selectFile(name)
    dialog.filterSelected.connect(partial(_take_ending, dialog))
    _take_ending(dialog, dialog.selectedNameFilter())
    chosen: list[str] = []
    dialog.filesSelected.connect(chosen.extend)
    accepted = await ask(dialog)
    return Path(chosen[0]) if accepted and chosen else None


def _take_ending(dialog: QFileDialog, chosen: str) -> None:
    """A name without an ending gets that of the chosen kind of file."""
    ending = re.search(r"\(\*(\.\w+)\)", chosen)
    if ending is not None:
        dialog.setDefaultSuffix(ending[1])


async def save_text(parent: QWidget, text: str, name: str) -> None:
    """Writes a code block where the reader says. Raises StorageError."""
    title = QCoreApplication.translate("saving", "Save code")
    out = await ask_where(parent, title, name, [])
    if out is not None:
        await _write(out, text.encode())


async def save_file(parent: QWidget, read: Callable[[], Awaitable[bytes]], name: str) -> None:
    """Writes a file where the reader says; it is read when they have said so. Raises StorageError."""
    title = QCoreApplication.translate("saving", "Save file")
    # A name may come from anybody: it names no folder.
    out = await ask_where(parent, title, re.sub(r"[\\/:\x00-\x1f]", "_", name).lstrip("."), [])
    if out is not None:
        await _write(out, await read())


async def _write(out: Path, data: bytes) -> None:
    try:
        await asyncio.to_thread(out.write_bytes, data)
    except OSError as error:
        raise StorageError(
            f"{out} cannot be written: {error.strerror or error}.", "Choose another place."
        ) from error
