"""A key by the names and numbers that X11 and the desktop portals know it by (keysyms)."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Final

from PySide6.QtCore import Qt

from chatbench.ui.globalkeys.stroke import KeysRefused, Stroke, tr

_LIBRARY: Final = "libxkbcommon.so.0"
_UNICODE: Final = 0x0100_0000
_NAMES: Final = {
    Qt.Key.Key_Space: "space", Qt.Key.Key_Escape: "Escape", Qt.Key.Key_Tab: "Tab",
    Qt.Key.Key_Backtab: "Tab", Qt.Key.Key_Backspace: "BackSpace", Qt.Key.Key_Return: "Return",
    Qt.Key.Key_Enter: "KP_Enter", Qt.Key.Key_Insert: "Insert", Qt.Key.Key_Delete: "Delete",
    Qt.Key.Key_Pause: "Pause", Qt.Key.Key_Print: "Print", Qt.Key.Key_Home: "Home",
    Qt.Key.Key_End: "End", Qt.Key.Key_Left: "Left", Qt.Key.Key_Up: "Up", Qt.Key.Key_Right: "Right",
    Qt.Key.Key_Down: "Down", Qt.Key.Key_PageUp: "Prior", Qt.Key.Key_PageDown: "Next",
    Qt.Key.Key_ScrollLock: "Scroll_Lock", Qt.Key.Key_Menu: "Menu", Qt.Key.Key_Help: "Help",
    Qt.Key.Key_MediaPlay: "XF86AudioPlay", Qt.Key.Key_MediaStop: "XF86AudioStop",
    Qt.Key.Key_MediaNext: "XF86AudioNext", Qt.Key.Key_MediaPrevious: "XF86AudioPrev",
    Qt.Key.Key_VolumeMute: "XF86AudioMute", Qt.Key.Key_VolumeUp: "XF86AudioRaiseVolume",
    Qt.Key.Key_VolumeDown: "XF86AudioLowerVolume", Qt.Key.Key_Calculator: "XF86Calculator",
    Qt.Key.Key_HomePage: "XF86HomePage", Qt.Key.Key_LaunchMail: "XF86Mail",
    Qt.Key.Key_Search: "XF86Search", Qt.Key.Key_Favorites: "XF86Favorites",
    **{Qt.Key(Qt.Key.Key_F1 + n): f"F{n + 1}" for n in range(35)},
}  # fmt: skip
_PORTAL: Final = (
    (Qt.KeyboardModifier.ControlModifier, "CTRL"),
    (Qt.KeyboardModifier.AltModifier, "ALT"),
    (Qt.KeyboardModifier.ShiftModifier, "SHIFT"),
    (Qt.KeyboardModifier.MetaModifier, "LOGO"),
)


def keysyms_of(stroke: Stroke) -> tuple[int, ...]:
    """The numbers a keyboard's map may give the key; a character has an old one and one by Unicode.
    Raises KeysRefused for a key that has none."""
    library = _xkbcommon()
    if stroke.character and stroke.key != Qt.Key.Key_Space:
        old = int(library.xkb_utf32_to_keysym(ord(stroke.character)))
        return tuple(dict.fromkeys(sym for sym in (old, _UNICODE | ord(stroke.character)) if sym))
    name = _NAMES.get(stroke.key)
    if name is None:
        raise KeysRefused(tr("This key cannot be taken."))
    return (int(library.xkb_keysym_from_name(name.encode(), 0)),)


def portal_trigger(stroke: Stroke) -> str:
    """The keys as the desktop portals write them: `CTRL+ALT+space`. Raises KeysRefused."""
    name = ctypes.create_string_buffer(64)
    _xkbcommon().xkb_keysym_get_name(keysyms_of(stroke)[0], name, len(name))
    held = [word for modifier, word in _PORTAL if stroke.modifiers & modifier]
    return "+".join([*held, name.value.decode()])


@cache
def _xkbcommon() -> ctypes.CDLL:
    try:
        library = ctypes.CDLL(_LIBRARY)
    except OSError as error:
        raise KeysRefused(tr("Taking keys needs {0}, which is missing here.").format(_LIBRARY)) from error
    library.xkb_utf32_to_keysym.argtypes = [ctypes.c_uint32]
    library.xkb_utf32_to_keysym.restype = ctypes.c_uint32
    library.xkb_keysym_from_name.argtypes = [ctypes.c_char_p, ctypes.c_int]
    library.xkb_keysym_from_name.restype = ctypes.c_uint32
    library.xkb_keysym_get_name.argtypes = [ctypes.c_uint32, ctypes.c_char_p, ctypes.c_size_t]
    return library
