"""The one global shortcut: which keys it has, what takes them here, and why it does not where it cannot."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import Literal

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from chatbench.ui.globalkeys.stroke import KeysRefused, Listener, Stroke, tr

Kind = Literal["x11", "portal", "windows", "macos", "none"]
Make = Callable[[Callable[[str], None], Callable[[str], None]], Listener]


class GlobalShortcut(QObject):
    """`pressed(token)` when its keys are, with the desktop's leave to come to the front or "";
    `changed()` when anything here is.

    `make` is what takes the keys; by default what fits this window system. Nothing of it is imported
    or made before the first keys are asked for.
    """

    pressed = Signal(str)
    changed = Signal()

    def __init__(self, kind: Kind | None = None, make: Make | None = None) -> None:
        super().__init__()
        self.kind: Kind = kind or kind_here(sys.platform, QGuiApplication.platformName(), os.environ)
        self._make = make
        self._listener: Listener | None = None
        self._turn = 0
        self._held = ""
        self.asked = ""
        """The keys last asked for."""
        self.keys = ""
        """Those in force, in portable words; "" for none."""
        self.problem = ""
        """Why the keys last asked for do not work."""
        self.trigger = ""
        """What the desktop itself says one has to press, where it says so."""

    @property
    def works(self) -> bool:
        """Whether a press of its keys is heard now."""
        return bool(self.keys) and not self.problem

    async def use(self, keys: str) -> bool:
        """Takes these keys in place of those before, "" for none. Returns whether it has them: where
        not, `problem` says why, and those before are in force. A desktop may ask the reader first;
        what is asked for meanwhile takes its place."""
        self._turn += 1
        turn, self.asked, self.problem = self._turn, keys, ""
        why = await self._take(keys)
        if turn != self._turn:
            return False
        if not why:
            self._held = keys
        else:
            await self._take(self._held)
            self.problem = why
        self.changed.emit()
        return not why

    def release(self) -> None:
        """Gives the keys back to the system."""
        self._turn += 1
        self._let_go()

    def _let_go(self) -> None:
        if self._listener is not None:
            self._listener.release()
        self.keys = self.trigger = ""

    async def _take(self, keys: str) -> str:
        """Returns why it has them not, or ""."""
        self._let_go()
        if not keys:
            return ""
        try:
            stroke = Stroke.of(keys)
            if self._listener is None:
                self._listener = (self._make or maker_of(self.kind))(self.pressed.emit, self._tell)
            self.trigger = await self._listener.register(stroke)
        except KeysRefused as refused:
            return refused.words
        self.keys = keys
        return ""

    def _tell(self, problem: str) -> None:
        self.problem = problem
        self.changed.emit()


def kind_here(system: str, platform: str, environ: Mapping[str, str]) -> Kind:
    """What takes keys: by `sys.platform`, Qt's platform and the environment. X11 inside a Wayland
    desktop sees only the keys of its own windows: there the portal does it."""
    if platform == "windows":
        return "windows"
    if platform == "cocoa":
        return "macos"
    wayland = platform.startswith("wayland") or "WAYLAND_DISPLAY" in environ
    if system == "linux" and platform.startswith(("wayland", "xcb")):
        return "portal" if wayland else "x11"
    return "x11" if platform == "xcb" and not wayland else "none"


def maker_of(kind: Kind) -> Make:
    """What takes keys on this window system. Raises KeysRefused where nothing does."""
    if kind == "x11":
        from chatbench.ui.globalkeys.x11 import X11Keys

        return X11Keys
    if kind == "portal":
        from chatbench.ui.globalkeys.portal import PortalKeys

        return PortalKeys
    if kind == "windows":
        from chatbench.ui.globalkeys.windows import WindowsKeys

        return WindowsKeys
    if kind == "macos":
        from chatbench.ui.globalkeys.macos import MacKeys

        return MacKeys
    raise KeysRefused(tr("This system lets no program take keys for others."))
