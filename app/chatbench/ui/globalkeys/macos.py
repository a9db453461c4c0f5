"""Keys on macOS: Carbon's RegisterEventHotKey, which asks for no permission.

Untried: written by the documentation, and only what is pure in it has been run. A letter stands where
an ANSI keyboard has it, whatever the layout writes there.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any, Final

from PySide6.QtCore import Qt

from chatbench.ui.globalkeys.stroke import KeysRefused, Stroke, tr

ALREADY_REGISTERED: Final = -9878
_CARBON: Final = "/System/Library/Frameworks/Carbon.framework/Carbon"
_SIGNATURE: Final = int.from_bytes(b"ChBn", "big")
_KEYBOARD_EVENT: Final = int.from_bytes(b"keyb", "big")
_HOT_KEY_PRESSED: Final = 5
# Qt calls Command Control on macOS, and Control Meta.
_MODIFIERS: Final = (
    (Qt.KeyboardModifier.ControlModifier, 0x0100),
    (Qt.KeyboardModifier.ShiftModifier, 0x0200),
    (Qt.KeyboardModifier.AltModifier, 0x0800),
    (Qt.KeyboardModifier.MetaModifier, 0x1000),
)
_CHARACTERS: Final = {
    "a": 0x00, "s": 0x01, "d": 0x02, "f": 0x03, "h": 0x04, "g": 0x05, "z": 0x06, "x": 0x07, "c": 0x08,
    "v": 0x09, "b": 0x0B, "q": 0x0C, "w": 0x0D, "e": 0x0E, "r": 0x0F, "y": 0x10, "t": 0x11, "1": 0x12,
    "2": 0x13, "3": 0x14, "4": 0x15, "6": 0x16, "5": 0x17, "=": 0x18, "9": 0x19, "7": 0x1A, "-": 0x1B,
    "8": 0x1C, "0": 0x1D, "]": 0x1E, "o": 0x1F, "u": 0x20, "[": 0x21, "i": 0x22, "p": 0x23, "l": 0x25,
    "j": 0x26, "'": 0x27, "k": 0x28, ";": 0x29, "\\": 0x2A, ",": 0x2B, "/": 0x2C, "n": 0x2D, "m": 0x2E,
    ".": 0x2F, "`": 0x32, " ": 0x31,
}  # fmt: skip
_KEYS: Final = {
    Qt.Key.Key_Escape: 0x35, Qt.Key.Key_Tab: 0x30, Qt.Key.Key_Backtab: 0x30, Qt.Key.Key_Backspace: 0x33,
    Qt.Key.Key_Return: 0x24, Qt.Key.Key_Enter: 0x4C, Qt.Key.Key_Delete: 0x75, Qt.Key.Key_Home: 0x73,
    Qt.Key.Key_End: 0x77, Qt.Key.Key_Left: 0x7B, Qt.Key.Key_Right: 0x7C, Qt.Key.Key_Down: 0x7D,
    Qt.Key.Key_Up: 0x7E, Qt.Key.Key_PageUp: 0x74, Qt.Key.Key_PageDown: 0x79, Qt.Key.Key_Help: 0x72,
    **dict(
        zip(
            [Qt.Key(Qt.Key.Key_F1 + n) for n in range(20)],
            (0x7A, 0x78, 0x63, 0x76, 0x60, 0x61, 0x62, 0x64, 0x65, 0x6D, 0x67, 0x6F, 0x69, 0x6B, 0x71, 0x6A,
             0x40, 0x4F, 0x50, 0x5A),
            strict=True,
        )
    ),
}  # fmt: skip


class _EventType(ctypes.Structure):
    _fields_ = (("event_class", ctypes.c_uint32), ("kind", ctypes.c_uint32))


class _HotKeyId(ctypes.Structure):
    _fields_ = (("signature", ctypes.c_uint32), ("id", ctypes.c_uint32))


_Handler = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)


class MacKeys:
    """A `Listener`. macOS never takes registered keys away: `told` is not called."""

    def __init__(self, pressed: Callable[[str], None], told: Callable[[str], None]) -> None:
        del told
        self._pressed = pressed
        self._carbon: Any = None
        self._hot_key = ctypes.c_void_p()
        self._handling = ctypes.c_void_p()
        # Kept, because Carbon holds no more than its address.
        self._handler = _Handler(self._handle)

    async def register(self, stroke: Stroke) -> str:
        """See `Listener`."""
        self.release()
        code, held = key_code(stroke), modifiers_of(stroke)
        carbon = self._carbon = self._carbon or _library()
        target = carbon.GetApplicationEventTarget()
        event = _EventType(_KEYBOARD_EVENT, _HOT_KEY_PRESSED)
        error = carbon.InstallEventHandler(
            target, self._handler, 1, ctypes.byref(event), None, ctypes.byref(self._handling)
        ) or carbon.RegisterEventHotKey(
            code, held, _HotKeyId(_SIGNATURE, 1), target, 0, ctypes.byref(self._hot_key)
        )
        if error:
            self.release()
            raise KeysRefused(refusal(error))
        return ""

    def release(self) -> None:
        """See `Listener`."""
        if self._hot_key.value:
            self._carbon.UnregisterEventHotKey(self._hot_key)
        if self._handling.value:
            self._carbon.RemoveEventHandler(self._handling)
        self._hot_key = ctypes.c_void_p()
        self._handling = ctypes.c_void_p()

    def _handle(self, _next: int | None, _event: int | None, _data: int | None) -> int:
        self._pressed("")
        return 0


def modifiers_of(stroke: Stroke) -> int:
    """What is held, as Carbon counts it."""
    return sum(flag for modifier, flag in _MODIFIERS if stroke.modifiers & modifier)


def key_code(stroke: Stroke) -> int:
    """The key's place on an ANSI keyboard. Raises KeysRefused."""
    code = _KEYS.get(stroke.key, _CHARACTERS.get(stroke.character))
    if code is None:
        raise KeysRefused(tr("This key cannot be taken."))
    return code


def refusal(error: int) -> str:
    """Carbon's error in words."""
    if error == ALREADY_REGISTERED:
        return tr("Another program has these keys.")
    return tr("macOS refuses these keys (error {0}).").format(error)


def _library() -> ctypes.CDLL:
    try:
        carbon = ctypes.CDLL(_CARBON)
    except OSError as error:
        raise KeysRefused(tr("Taking keys needs {0}, which is missing here.").format("Carbon")) from error
    pointer, number = ctypes.c_void_p, ctypes.c_uint32
    carbon.GetApplicationEventTarget.restype = pointer
    carbon.InstallEventHandler.argtypes = [pointer, _Handler, ctypes.c_ulong, pointer, pointer, pointer]
    carbon.RegisterEventHotKey.argtypes = [number, number, _HotKeyId, pointer, number, pointer]
    carbon.UnregisterEventHotKey.argtypes = [pointer]
    carbon.RemoveEventHandler.argtypes = [pointer]
    for name in ("InstallEventHandler", "RegisterEventHotKey", "UnregisterEventHotKey", "RemoveEventHandler"):
        getattr(carbon, name).restype = ctypes.c_int32
    return carbon
