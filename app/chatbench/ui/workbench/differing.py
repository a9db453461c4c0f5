"""Runs of words that two texts share or do not, as the workbench writes them: what came, and, struck through,
what went."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtGui import QTextCharFormat, QTextCursor

from chatbench.ui.theme import theme
from chatbench.ui.widgets.rawtext import FittedText

Run = tuple[str, str]
"""Kind (`same`, `added`, `removed`) and text."""


class DifferenceText(FittedText):
    """Shows runs of words; what differs is told to screen readers."""

    def show_runs(self, runs: Iterable[Run]) -> None:
        """Instead of those before."""
        self.clear()
        cursor = QTextCursor(self.document())
        told = []
        for kind, words in runs:
            form = QTextCharFormat()
            form.setForeground(theme().color("text"))
            if kind != "same":
                form.setBackground(theme().color("addbg" if kind == "added" else "rembg"))
                form.setFontStrikeOut(kind == "removed")
                name = self.tr("added") if kind == "added" else self.tr("removed")
                told.append(f"{name}: {words.strip()}")
            cursor.insertText(words, form)
        self.setAccessibleDescription("; ".join(told))
        self.fit()
