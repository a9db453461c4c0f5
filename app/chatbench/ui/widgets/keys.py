"""Key caps: a shortcut drawn as the keys one presses."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QKeySequence, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from chatbench.ui.theme import theme
from chatbench.ui.widgets.paint import box, draw_title

_GAP = 4
_PADDING = 5
_NAMES = {"Up": "↑", "Down": "↓", "Left": "←", "Right": "→", "Return": "Enter"}


def key_names(keys: QKeySequence | str) -> list[str]:
    """The keys of a shortcut's first stroke: ``Ctrl+Shift+L`` gives three names."""
    sequence = QKeySequence(keys) if isinstance(keys, str) else keys
    text = sequence.toString(QKeySequence.SequenceFormat.NativeText).split(", ")[0]
    if not text:
        return []
    if "+" not in text[:-1]:
        parts = [text] if len(text) == 1 or text.isalnum() else list(text)
    else:
        parts = [*text[:-2].split("+"), "+"] if text.endswith("+") else text.split("+")
    return [_NAMES.get(part, part) for part in parts if part]


def _widths(names: list[str]) -> list[int]:
    metrics = theme().metrics("micro")
    least = theme().scaled(17)
    return [max(least, metrics.horizontalAdvance(name) + 2 * _PADDING) for name in names]


def keys_width(keys: QKeySequence | str | list[str]) -> int:
    """Width of the caps of a shortcut."""
    names = keys if isinstance(keys, list) else key_names(keys)
    return sum(_widths(names)) + _GAP * max(0, len(names) - 1)


def draw_keys(
    painter: QPainter, rect: QRect, keys: QKeySequence | str | list[str], *, trailing: bool = True
) -> None:
    """Draw caps at the trailing (or leading) end of ``rect``, centred vertically.

    Keys read from left to right in every language.
    """
    names = keys if isinstance(keys, list) else key_names(keys)
    widths = _widths(names)
    height = theme().scaled(18)
    total = sum(widths) + _GAP * max(0, len(widths) - 1)
    x = rect.right() + 1 - total if trailing else rect.x()
    y = rect.y() + (rect.height() - height) // 2
    painter.setFont(theme().font("micro"))
    for name, width in zip(names, widths, strict=True):
        cap = QRect(x, y, width, height)
        box(painter, cap, theme().corner("inline"), "raised", "btnline")
        painter.setPen(theme().color("text2"))
        # A sign such as > would else be mirrored.
        painter.drawText(cap, Qt.AlignmentFlag.AlignCenter, f"\u2066{name}\u2069")
        x += width + _GAP


class KeyHint(QWidget):
    """Key caps followed by what they do: ``[Enter] do it``. A combination is one cap, a list several."""

    def __init__(self, keys: str | list[str], words: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names = keys if isinstance(keys, list) else [" ".join(key_names(keys))]
        self._words = words
        self.setAccessibleName(f"{' '.join(self._names)}: {words}")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        words = theme().metrics("small").horizontalAdvance(self._words)
        return QSize(keys_width(self._names) + 6 + words + 1, theme().scaled(20))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        draw_keys(painter, self.rect(), self._names, trailing=rtl)
        taken = keys_width(self._names) + 6
        painter.setFont(theme().font("small"))
        painter.setPen(theme().color("text2"))
        words = self.rect().adjusted(0 if rtl else taken, 0, -taken if rtl else 0, 0)
        draw_title(painter, words, self._words, self.layoutDirection())
        painter.end()
