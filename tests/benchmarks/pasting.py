"""Five megabytes pasted into the composer: how long the window is not at hand for it."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from tests.benchmarks.measuring import Passes, percentile
from tests.benchmarks.provider import MODEL, loopback_provider
from tests.scenarios.window import CTRL, opened, press, view_of

from chatbench.ui import aio
from chatbench.ui.app import make_application
from chatbench.ui.chat.conversation import ConversationView

SIZE = 5_000_000
IDLE_S = 2.0
KEY_S = 0.02
AFTER_S = 1.5
"""The estimate comes 150 ms after the last key, the draft is written 600 ms after it."""


def texts() -> dict[str, str]:
    """The kinds of text a paste brings."""
    words = "Where a row is locked, the other transaction waits until that one ends. "
    lines = "short line of words\n"
    chinese = "在一个事务结束之前，另一个事务会一直等待。"
    return {
        "paragraphs": ((words * 8).strip() + "\n\n") * (SIZE // (8 * len(words))),
        "short lines": lines * (SIZE // len(lines)),
        "one line": words * (SIZE // len(words)),
        "one word": "x" * SIZE,
        "Chinese": chinese * (SIZE // len(chinese) // 3),
    }


def paste_5mb_stall_ms() -> float:
    """The worst of five kinds of text, from Ctrl+V over ten keys typed into it to the written draft.
    Each happens once, so that the longest pass counts, not a percentile."""
    profile = Path.home() / "profile"
    worst: list[float] = []
    idle: list[float] = []

    async def scenario() -> int:
        async with opened(profile) as session:
            view = view_of(session)
            view.choose_model(MODEL)
            view.composer.setFocus()
            await asyncio.sleep(AFTER_S)
            passes = Passes()
            for name, text in texts().items():
                busy = await _pasted(view, passes, text)
                longest = ", ".join(f"{cost:.0f}" for cost in sorted(busy)[:-6:-1])
                print(f"{name}: the longest passes {longest} ms")
                worst.append(max(busy))
                view.composer.editor.clear()
                await asyncio.sleep(AFTER_S)
            passes.start()
            await asyncio.sleep(IDLE_S)
            idle.extend(passes.stop())
        return 0

    with loopback_provider(profile):
        aio.run(make_application(), scenario)
    return max(0.0, max(worst) - percentile(idle, 0.999))


async def _pasted(view: ConversationView, passes: Passes, text: str) -> list[float]:
    editor = view.composer.editor
    QGuiApplication.clipboard().setText(text)
    await asyncio.sleep(0.1)
    gc.collect()
    passes.start()
    press(editor, Qt.Key.Key_V, CTRL)
    await asyncio.sleep(AFTER_S)
    for letter in "ten letters"[:10]:
        QTest.keyClicks(editor, letter)
        await asyncio.sleep(KEY_S)
    await asyncio.sleep(AFTER_S)
    busy = passes.stop()
    assert len(view.composer.draft().text) == len(text) + 10
    return busy
