"""The first send: what it keeps the window from doing anything else for."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from tests.benchmarks.measuring import Passes, percentile
from tests.benchmarks.provider import MODEL, loopback_provider
from tests.scenarios.window import finished, opened, press, until, view_of

from chatbench.ui import aio
from chatbench.ui.app import make_application

IDLE_S = 2.0
KEY_S = 0.02


def stall_first_send_ms() -> float:
    """From the first key in a fresh window, over everything that loads, to the end of the answer.

    It happens once, so that the longest pass counts, not a percentile.
    """
    profile = Path.home() / "profile"
    found: list[list[float]] = []

    async def scenario() -> int:
        async with opened(profile) as session:
            view = view_of(session)
            view.choose_model(MODEL)
            await asyncio.sleep(0.05)
            gc.collect()
            passes = Passes()
            passes.start()
            view.composer.setFocus()
            for letter in "Why?":
                QTest.keyClicks(view.composer.editor, letter)
                await asyncio.sleep(KEY_S)
            press(view.composer.editor, Qt.Key.Key_Return)
            await until(lambda: view.streaming, "the answer to begin")
            await finished(view)
            found.append(passes.stop())
            await asyncio.sleep(1)
            passes.start()
            await asyncio.sleep(IDLE_S)
            found.append(passes.stop())
        return 0

    with loopback_provider(profile):
        aio.run(make_application(), scenario)
    busy, idle = found
    longest = ", ".join(f"{cost:.0f}" for cost in sorted(busy)[:-6:-1])
    print(f"{len(busy)} passes, the longest {longest} ms")
    return max(0.0, max(busy) - percentile(idle, 0.999))
