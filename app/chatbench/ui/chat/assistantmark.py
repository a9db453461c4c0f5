"""The icon of an assistant: one of the program's own, or an emoji."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from chatbench.core.presets import Preset
from chatbench.ui import icons
from chatbench.ui.theme import theme

USUAL: Final = "bot"
OFFERED: Final = (
    USUAL, "code-xml", "terminal", "pencil", "languages", "book-open", "graduation-cap", "flask-conical",
    "scale", "calculator", "briefcase", "palette", "music", "chef-hat", "heart-pulse", "sparkles",
)  # fmt: skip


def icon_of(preset: Preset) -> str:
    """The program's icon; "" where an emoji stands in its place."""
    if not preset.icon:
        return USUAL
    return preset.icon if preset.icon in OFFERED else "" if not preset.icon.isascii() else USUAL


def title_of(preset: Preset) -> str:
    """Its name, an emoji before it."""
    return preset.name if icon_of(preset) else f"{preset.icon} {preset.name}"


class AssistantMark(QWidget):
    """An ornament: the name stands beside it."""

    def __init__(self, preset: Preset, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._preset = preset
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        edge = theme().icon_size(20)
        return QSize(edge, edge)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        icon = icon_of(self._preset)
        if icon:
            icons.draw(painter, icon, self.rect(), "text2")
        else:
            painter.setFont(theme().font("prose"))
            painter.setPen(theme().color("text"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._preset.icon)
        painter.end()
