"""Whether the screen blends windows. Where it does not, what is translucent shows black."""

from __future__ import annotations

import ctypes
import ctypes.util
from functools import lru_cache
from typing import Any

from PySide6.QtGui import QGuiApplication


@lru_cache(maxsize=1)
def _x11() -> Any:
    name = ctypes.util.find_library("X11")
    if name is None:
        return None
    library = ctypes.CDLL(name)
    library.XOpenDisplay.restype = ctypes.c_void_p
    library.XInternAtom.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
    library.XInternAtom.restype = ctypes.c_ulong
    library.XGetSelectionOwner.argtypes = [ctypes.c_void_p, ctypes.c_ulong]
    library.XGetSelectionOwner.restype = ctypes.c_ulong
    library.XDefaultScreen.argtypes = [ctypes.c_void_p]
    library.XCloseDisplay.argtypes = [ctypes.c_void_p]
    return library


def composited() -> bool:
    """False on an X11 screen that no compositing manager owns (EWMH `_NET_WM_CM_Sn`).

    Every other platform blends. Asked each time: a compositor may start or end.
    """
    if QGuiApplication.platformName() != "xcb":
        return True
    library = _x11()
    display = library.XOpenDisplay(None) if library is not None else None
    if not display:
        return True
    try:
        screen = library.XDefaultScreen(display)
        atom = library.XInternAtom(display, b"_NET_WM_CM_S%d" % screen, 0)
        return bool(library.XGetSelectionOwner(display, atom))
    finally:
        library.XCloseDisplay(display)
