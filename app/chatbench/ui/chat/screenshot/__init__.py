"""Pictures of the screen: all of it or a part, taken while the own windows are out of the way.

X11 is tested against a real X server, the desktop portal (as on Wayland) against a portal on a real bus;
Windows and macOS use the same code as X11 and have never been run there.
"""

from __future__ import annotations

from chatbench.ui.chat.screenshot.refused import ScreenshotRefused
from chatbench.ui.chat.screenshot.taking import Area, areas, take, why_not

__all__ = ["Area", "ScreenshotRefused", "areas", "take", "why_not"]
