"""Taking a picture of the screen, by Qt or by the desktop portal."""

from __future__ import annotations

from typing import Final, Literal

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QGuiApplication, QImage, QScreen
from PySide6.QtWidgets import QWidget

from chatbench.ui.chat.screenshot.hidden import out_of_the_way
from chatbench.ui.chat.screenshot.portal import by_portal
from chatbench.ui.chat.screenshot.refused import ScreenshotRefused
from chatbench.ui.chat.screenshot.region import choose_region

Area = Literal["screen", "region", "desktop"]
"""The whole screen the window is on, a part that is drawn over it, or what the desktop's own tool offers
(a window, say)."""
_GRABBING: Final = frozenset({"xcb", "windows", "cocoa"})


def _tr(text: str) -> str:
    return QCoreApplication.translate("screenshot", text)


def why_not() -> str:
    """Why no picture of the screen can be taken here, in a sentence; "" where it can."""
    return "" if areas() else _tr("Nothing on this computer gives pictures of its screen.")


def areas() -> tuple[Area, ...]:
    """What a picture can be taken of here."""
    name = QGuiApplication.platformName()
    if name.startswith("wayland"):
        return ("screen", "desktop")
    return ("screen", "region") if name in _GRABBING else ()


async def take(window: QWidget, area: Area) -> QImage | None:
    """A picture of the screen, with the program's own windows hidden meanwhile; None where the reader has
    given up. Raises ScreenshotRefused."""
    if area not in areas():
        raise ScreenshotRefused(why_not() or _tr("This desktop does not give that."))
    screen = window.screen()
    async with out_of_the_way():
        if QGuiApplication.platformName().startswith("wayland"):
            return await by_portal(interactive=area == "desktop")
        if area == "screen":
            return grabbed(screen)
        return await choose_region({one: grabbed(one) for one in QGuiApplication.screens()}, screen)


def grabbed(screen: QScreen) -> QImage:
    """All that is on a screen, in its own pixels. Raises ScreenshotRefused."""
    image = screen.grabWindow(0).toImage()
    if image.isNull():
        raise ScreenshotRefused(_tr("The system has given no picture. It may have to be allowed first."))
    return image.convertToFormat(QImage.Format.Format_RGB32)
