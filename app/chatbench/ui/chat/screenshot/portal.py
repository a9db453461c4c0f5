"""A picture by the desktop portal (`org.freedesktop.portal.Screenshot`): the desktop asks the reader."""

from __future__ import annotations

import asyncio
from typing import Final

from PySide6.QtCore import QCoreApplication, QUrl
from PySide6.QtGui import QImage

from chatbench.ui.chat.screenshot.refused import ScreenshotRefused
from chatbench.ui.desktopportal import PortalRefused, talking

SCREENSHOT: Final = "org.freedesktop.portal.Screenshot"


def _tr(text: str) -> str:
    return QCoreApplication.translate("screenshot", text)


async def by_portal(*, interactive: bool) -> QImage | None:
    """The picture; `interactive`: the reader chooses of what, by the desktop's own means. None where they
    give up. Raises ScreenshotRefused."""
    try:
        async with talking() as talk:
            await talk.begin(())
            options = {"interactive": ("b", interactive), "modal": ("b", True)}
            told = await talk.request(SCREENSHOT, "Screenshot", "sa{sv}", "", options)
    except PortalRefused as refused:
        if refused.why == "denied":
            return None
        raise ScreenshotRefused(_words_of(refused)) from refused
    except (OSError, EOFError) as error:
        raise ScreenshotRefused(_tr("The desktop's message bus has gone.")) from error
    address = QUrl(str(told.get("uri", ("s", ""))[1]))
    image = await asyncio.to_thread(QImage, address.toLocalFile()) if address.isLocalFile() else QImage()
    if image.isNull():
        raise ScreenshotRefused(_tr("The desktop's picture cannot be read."))
    return image


def _words_of(refused: PortalRefused) -> str:
    words = {
        "no bus": _tr("This desktop has no message bus to ask for a picture."),
        "no library": _tr("Asking the desktop needs the library {0}."),
        "silent": _tr("The desktop's message bus does not answer."),
        "no portal": _tr("This desktop has no portal that gives pictures."),
        "no interface": _tr("This desktop's portal gives no pictures."),
        "error": _tr("The desktop refuses: {0}"),
        "failed": _tr("The desktop gives no picture."),
    }
    return words[refused.why].format(refused.detail)
