"""The program's own windows, out of the way for a moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid

_GONE_S: Final = 0.25
"""After so long a desktop has drawn what was behind a window, and faded it out."""


@asynccontextmanager
async def out_of_the_way() -> AsyncIterator[None]:
    """Hides all windows and shows them again, the active one on top."""
    active = QApplication.activeWindow()
    hidden = [one for one in QApplication.topLevelWidgets() if one.isVisible() and one.isWindow()]
    for one in hidden:
        one.hide()
    try:
        await asyncio.sleep(_GONE_S)
        yield
    finally:
        # Those that belong to another come behind it: a window shows only with its owner.
        for one in sorted((one for one in hidden if isValid(one)), key=_depth):
            one.show()
        if active is not None and isValid(active):
            active.raise_()
            active.activateWindow()


def _depth(window: QWidget) -> int:
    depth, parent = 0, window.parentWidget()
    while parent is not None:
        depth, parent = depth + 1, parent.parentWidget()
    return depth
