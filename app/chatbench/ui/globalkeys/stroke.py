"""The keys of a global shortcut, read from words, and the sentence for why they cannot be had."""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

from PySide6.QtCore import QCoreApplication, QKeyCombination, Qt
from PySide6.QtGui import QKeySequence

_STRONG: Final = (
    Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier
)
_TEXT_KEYS_END: Final = 0x0100_0000
"""Below it Qt's keys are characters."""


class KeysRefused(Exception):
    """The keys cannot be had; `words` is a sentence for the reader."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


class Listener(Protocol):
    """Takes keys from the window system.

    It is made with two callbacks: `pressed(token)` when they are pressed, with the desktop's leave
    to come to the front or ""; `told(problem)` when they are lost, and with "" when they are back.
    """

    async def register(self, stroke: Stroke) -> str:
        """Takes the keys in place of those before. Returns the desktop's own words for them, or "".
        Raises KeysRefused; then no keys are taken."""

    def release(self) -> None:
        """Gives the keys back. Can be called again."""


class Stroke(NamedTuple):
    """A key as Qt numbers it, and what is held with it."""

    key: Qt.Key
    modifiers: Qt.KeyboardModifier

    @classmethod
    def of(cls, keys: str) -> Stroke:
        """Reads `Ctrl+Alt+Space`. Raises KeysRefused for what cannot be a global shortcut."""
        sequence = QKeySequence(keys, QKeySequence.SequenceFormat.PortableText)
        first: QKeyCombination | None = sequence[0] if sequence.count() == 1 else None  # type: ignore[index]
        if first is None or first.key() == Qt.Key.Key_unknown:
            raise KeysRefused(tr("“{0}” is no shortcut of one stroke.").format(keys))
        stroke = cls(first.key(), first.keyboardModifiers())
        if not stroke.modifiers & _STRONG and not stroke.stands_alone:
            raise KeysRefused(
                tr("Without Ctrl, Alt or Meta this key would be missing in every other program.")
            )
        return stroke

    @property
    def stands_alone(self) -> bool:
        """Whether nobody writes or walks with this key: F1 to F35, and the keys for media and programs."""
        return Qt.Key.Key_F1 <= self.key <= Qt.Key.Key_F35 or self.key >= Qt.Key.Key_Back

    @property
    def character(self) -> str:
        """What the key writes, a small letter where there is one; "" for a key that is no character."""
        if self.key >= _TEXT_KEYS_END:
            return ""
        small = chr(self.key).lower()
        return small if len(small) == 1 else chr(self.key)


def tr(text: str) -> str:
    """Words of this package in the reader's language."""
    return QCoreApplication.translate("GlobalKeys", text)
