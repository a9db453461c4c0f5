"""Asking where to write a file, and writing one the reader asked for."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
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
    if out is None:
        return
    try:
        await asyncio.to_thread(out.write_bytes, text.encode())
    except OSError as error:
        raise StorageError(
            f"{out} cannot be written: {error.strerror or error}.", "Choose another place."
        ) from error
