"""Keys on Windows: RegisterHotKey for this thread, its message read by Qt's event filter.

Untried: written by the documentation, and only what is pure in it has been run.
"""

from __future__ import annotations

import ctypes
import struct
import sys
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QAbstractNativeEventFilter, QByteArray, QCoreApplication, Qt

from chatbench.ui.globalkeys.stroke import KeysRefused, Stroke, tr

WM_HOTKEY: Final = 0x0312
ALREADY_REGISTERED: Final = 1409
_NO_REPEAT: Final = 0x4000
_IDENTIFIER: Final = 0x6362
"""Any number an application may choose (0 to 0xBFFF)."""
_MODIFIERS: Final = (
    (Qt.KeyboardModifier.AltModifier, 0x1),
    (Qt.KeyboardModifier.ControlModifier, 0x2),
    (Qt.KeyboardModifier.ShiftModifier, 0x4),
    (Qt.KeyboardModifier.MetaModifier, 0x8),
)
_CODES: Final = {
    Qt.Key.Key_Space: 0x20, Qt.Key.Key_Escape: 0x1B, Qt.Key.Key_Tab: 0x09, Qt.Key.Key_Backtab: 0x09,
    Qt.Key.Key_Backspace: 0x08, Qt.Key.Key_Return: 0x0D, Qt.Key.Key_Enter: 0x0D,
    Qt.Key.Key_Insert: 0x2D, Qt.Key.Key_Delete: 0x2E, Qt.Key.Key_Pause: 0x13, Qt.Key.Key_Print: 0x2C,
    Qt.Key.Key_Home: 0x24, Qt.Key.Key_End: 0x23, Qt.Key.Key_Left: 0x25, Qt.Key.Key_Up: 0x26,
    Qt.Key.Key_Right: 0x27, Qt.Key.Key_Down: 0x28, Qt.Key.Key_PageUp: 0x21, Qt.Key.Key_PageDown: 0x22,
    Qt.Key.Key_ScrollLock: 0x91, Qt.Key.Key_Menu: 0x5D, Qt.Key.Key_Help: 0x2F,
    Qt.Key.Key_MediaNext: 0xB0, Qt.Key.Key_MediaPrevious: 0xB1, Qt.Key.Key_MediaStop: 0xB2,
    Qt.Key.Key_MediaPlay: 0xB3, Qt.Key.Key_VolumeMute: 0xAD, Qt.Key.Key_VolumeDown: 0xAE,
    Qt.Key.Key_VolumeUp: 0xAF, Qt.Key.Key_LaunchMail: 0xB4, Qt.Key.Key_Search: 0xAA,
    Qt.Key.Key_Favorites: 0xAB, Qt.Key.Key_HomePage: 0xAC,
    **{Qt.Key(Qt.Key.Key_F1 + n): 0x70 + n for n in range(24)},
}  # fmt: skip
_HEAD: Final = struct.Struct("=IxxxxQ" if struct.calcsize("P") == 8 else "=II")
"""`message` and `wParam` of a MSG, which begins with a window's handle."""


class WindowsKeys(QAbstractNativeEventFilter):
    """A `Listener`. Windows never takes registered keys away: `told` is not called."""

    def __init__(self, pressed: Callable[[str], None], told: Callable[[str], None]) -> None:
        super().__init__()
        del told
        self._pressed = pressed
        self._registered = False

    async def register(self, stroke: Stroke) -> str:
        """See `Listener`."""
        self.release()
        if sys.platform == "win32":
            user32 = ctypes.WinDLL("user32", use_last_error=True)
            code = virtual_key(stroke, _code_of_character)
            if not user32.RegisterHotKey(None, _IDENTIFIER, modifiers_of(stroke), code):
                raise KeysRefused(refusal(ctypes.get_last_error()))
            self._registered = True
            application = QCoreApplication.instance()
            assert application is not None
            application.installNativeEventFilter(self)
        return ""

    def release(self) -> None:
        """See `Listener`."""
        if sys.platform == "win32" and self._registered:
            self._registered = False
            ctypes.windll.user32.UnregisterHotKey(None, _IDENTIFIER)
            application = QCoreApplication.instance()
            if application is not None:
                application.removeNativeEventFilter(self)

    def nativeEventFilter(
        self, kind: QByteArray | bytes | bytearray | memoryview, message: int
    ) -> tuple[bool, int]:
        """Qt's; `message` is the address of a MSG."""
        if QByteArray(kind) == b"windows_generic_MSG":
            start = int(message) + struct.calcsize("P")
            if is_hot_key(ctypes.string_at(start, _HEAD.size)):
                self._pressed("")
                return True, 0
        return False, 0


def is_hot_key(head: bytes) -> bool:
    """Whether a MSG, from behind its window's handle, is a press of these keys."""
    return _HEAD.unpack(head) == (WM_HOTKEY, _IDENTIFIER)


def modifiers_of(stroke: Stroke) -> int:
    """What is held, as Windows counts it; a key that stays down is told once."""
    return _NO_REPEAT | sum(flag for modifier, flag in _MODIFIERS if stroke.modifiers & modifier)


def virtual_key(stroke: Stroke, of_character: Callable[[str], int]) -> int:
    """The virtual key's code; `of_character` finds that of a character other than A to Z and 0 to 9, -1
    for none. Raises KeysRefused."""
    if stroke.key in _CODES:
        return _CODES[stroke.key]
    character = stroke.character.upper()
    if len(character) == 1 and character.isascii() and character.isalnum():
        return ord(character)
    code = of_character(stroke.character) if stroke.character else -1
    if code == -1:
        raise KeysRefused(tr("This key cannot be taken."))
    return code & 0xFF


def refusal(error: int) -> str:
    """Windows' error in words."""
    if error == ALREADY_REGISTERED:
        return tr("Another program has these keys.")
    return tr("Windows refuses these keys (error {0}).").format(error)


def _code_of_character(character: str) -> int:
    code = -1
    if sys.platform == "win32":
        user32 = ctypes.windll.user32
        user32.VkKeyScanW.argtypes = [ctypes.c_wchar]
        user32.VkKeyScanW.restype = ctypes.c_short
        code = int(user32.VkKeyScanW(character))
    return code
