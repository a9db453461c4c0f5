"""Runs of words that two texts share or do not, as the workbench writes them: what came, and, struck through,
what went."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit

from chatbench.ui.theme import theme

Run = tuple[str, str]
"""Kind (`same`, `added`, `removed`) and text."""


def write_runs(text: QPlainTextEdit, runs: Iterable[Run]) -> None:
    """Instead of what stood there; what differs is told to screen readers."""
    text.clear()
    cursor = QTextCursor(text.document())
    told = []
    for kind, words in runs:
        form = QTextCharFormat()
        form.setForeground(theme().color("text"))
        if kind != "same":
            form.setBackground(theme().color("addbg" if kind == "added" else "rembg"))
            form.setFontStrikeOut(kind == "removed")
            name = _tr("added") if kind == "added" else _tr("removed")
            told.append(f"{name}: {words.strip()}")
        cursor.insertText(words, form)
    text.setAccessibleDescription("; ".join(told))


def _tr(text: str) -> str:
    return QCoreApplication.translate("DifferenceText", text)
