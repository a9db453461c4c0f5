"""Keys that call the quick chat while one works in other programs: one module a window system.

Qt has nothing for it. X11 and the desktop portal are tested against a real X server and a portal on
a real bus; Windows and macOS are written by their documentation and have never been run there.
"""

from __future__ import annotations

from chatbench.ui.globalkeys.shortcut import GlobalShortcut

__all__ = ["GlobalShortcut"]
