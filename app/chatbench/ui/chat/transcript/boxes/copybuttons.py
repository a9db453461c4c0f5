"""The two buttons over a table that copy all of it."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from chatbench.ui.chat.transcript.boxes.base import Paint
from chatbench.ui.chat.transcript.boxes.controls import button_width, paint_button, tr
from chatbench.ui.theme import theme


def copy_names() -> dict[str, str]:
    """What copies a whole table, by key."""
    return {"csv": tr("Copy table as CSV"), "markdown": tr("Copy table as Markdown")}


def copy_buttons(width: float, row_height: float) -> dict[str, QRectF]:
    """Where they stand in a table so wide whose head is so high, by key."""
    high = float(theme().control("icon-button-code"))
    y = max(0.0, (row_height - high) / 2)
    markdown, sheet = button_width(tr("Markdown"), "copy"), button_width(tr("CSV"), "copy")
    x = width - markdown
    return {"csv": QRectF(x - sheet - 2, y, sheet, high), "markdown": QRectF(x, y, markdown, high)}


def paint_copy_buttons(painter: QPainter, spots: dict[str, QRectF], paint: Paint) -> None:
    """Over the words of the head."""
    ground = spots["csv"].united(spots["markdown"]).adjusted(-6, -1, 0, 1)
    painter.fillRect(ground, theme().color("page"))
    paint_button(painter, spots["csv"], "csv", paint, icon="copy", label=tr("CSV"))
    paint_button(painter, spots["markdown"], "markdown", paint, icon="copy", label=tr("Markdown"))
