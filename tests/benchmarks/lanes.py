"""Eight models side by side in the real window: what they keep it from, and what they take."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from PySide6.QtCore import Qt
from tests.benchmarks.measuring import Passes, peak_rss_mib, percentile, stall
from tests.benchmarks.opening import opening_ratio
from tests.benchmarks.provider import LANES, Blocks, loopback_provider
from tests.scenarios.window import finished, opened, press, until, view_of, write

from chatbench.ui import aio
from chatbench.ui.app import make_application
from chatbench.ui.chat.conversation import ConversationView

WIDTH, HEIGHT = 2_700, 1_100
"""Room for eight columns beside each other."""
IDLE_S = 2.0
STREAMS_S = 20.0


def stall_eight_lanes_ms() -> float:
    """Eight answers at eight stages of their lives, 200 tokens a second each, over HTTP."""
    return _stalled("mixed")


def stall_eight_lanes_huge_block_ms() -> float:
    """The same where each is one table of 400 rows, list of 600 items or fence of 2,000 lines."""
    return _stalled("huge")


def open_1000_turns_eight_lanes_vs_100() -> float:
    """CPU time (all threads) to open 1,000 turns of eight lanes, to that for 100."""
    return opening_ratio("100x8", "1000x8", size=(WIDTH, HEIGHT))


def rss_eight_lanes_mib() -> float:
    """After eight answers of up to 19,000 tokens side by side, over HTTP."""

    async def work(view: ConversationView) -> None:
        await asyncio.sleep(STREAMS_S)
        await finished(view)
        await asyncio.sleep(1)
        assert all(one.state == "done" for one in view.conversation.messages)

    _asked("mixed", work)
    return peak_rss_mib()


def _stalled(blocks: Blocks) -> float:
    """The 99.9th percentile of what a pass of the event loop costs while all eight are written."""
    found: list[list[float]] = []

    async def work(view: ConversationView) -> None:
        await asyncio.sleep(1)
        passes = Passes()
        gc.collect()
        passes.start()
        await asyncio.sleep(STREAMS_S)
        found.append(passes.stop())
        assert all(lane.live() is not None for lane in view.lanes.views), "an answer is over"
        view.stop()
        await finished(view)
        await asyncio.sleep(1)
        passes.start()
        await asyncio.sleep(IDLE_S)
        found.append(passes.stop())

    _asked(blocks, work)
    busy, idle = found
    longest = ", ".join(f"{cost:.0f}" for cost in sorted(busy)[:-6:-1])
    print(f"{len(busy)} passes, {sum(busy) / STREAMS_S / 10:.0f} % of the GUI thread")
    print(f"the longest {longest} ms; the 99th percentile {percentile(busy, 0.99):.1f} ms")
    return stall(busy, idle)


def _asked(blocks: Blocks, work: Callable[[ConversationView], Awaitable[None]]) -> None:
    """Does something with a window in which eight models have begun to answer one question."""
    profile = Path.home() / "profile"

    async def scenario() -> int:
        async with _asking(profile) as view:
            await work(view)
        return 0

    with loopback_provider(profile, blocks):
        aio.run(make_application(), scenario)


@asynccontextmanager
async def _asking(profile: Path) -> AsyncIterator[ConversationView]:
    async with opened(profile) as session:
        session.window.resize(WIDTH, HEIGHT)
        view = view_of(session)
        view.choose_model(LANES[0])
        await view.settled()
        for model in LANES[1:]:
            await session.services.lanes.add(view.id, model=model)
        await until(lambda: len(view.lanes.views) == len(LANES), "the lanes")
        assert view.lanes.shown == "columns"
        write(view, "Why?")
        press(view.composer.editor, Qt.Key.Key_Return)
        await until(lambda: all(lane.live() is not None for lane in view.lanes.views), "the answers to begin")
        yield view
