"""Opening a conversation in the window: from the wish to its last messages painted."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from pathlib import Path

from PySide6.QtCore import QEvent, QObject
from tests.benchmarks.measuring import median
from tests.benchmarks.profiles import make_profile
from tests.scenarios.window import opened, until

from chatbench.ui import aio
from chatbench.ui.app import make_application
from chatbench.ui.chat.conversation import ConversationView
from chatbench.ui.chat.transcript.view import TranscriptView
from chatbench.ui.session import Session

ROUNDS = 10
"""An even number: each size comes first as often as second."""
_IDLE_S = 0.1
_IDLE_SHARE = 0.05
_LONGEST_WAIT = 50


def open_10000_vs_1000() -> float:
    """CPU time (all threads) to open 10,000 messages, to that for 1,000."""
    return opening_ratio(1_000, 10_000)


def opening_ratio(few: int | str, many: int | str, size: tuple[int, int] | None = None) -> float:
    """CPU time (all threads) to open the larger conversation, to that for the smaller; sizes as
    `make_profile` takes them, in a window of the usual size or of this one.

    The two take turns, and in who comes first; each begins with the garbage collected and the process
    at rest, so that neither pays for what the other left. The median of the ratios of all turns.
    """
    profile = Path.home() / "profile"
    ids = make_profile(profile, few, many)
    found: list[list[float]] = [[], []]

    async def scenario() -> int:
        async with opened(profile) as session:
            if size is not None:
                session.window.resize(*size)
            await _settled(session)
            for number in range(ROUNDS + 1):
                turn = list(zip(found, ids, strict=True))
                for costs, conversation_id in turn if number % 2 else reversed(turn):
                    cost = await _open(session, conversation_id)
                    if number:
                        costs.append(cost)
        return 0

    aio.run(make_application(), scenario)
    less, more = (median(costs) * 1000 for costs in found)
    ratios = [larger / smaller for smaller, larger in zip(*found, strict=True)]
    print(f"{less:.0f} ms for {few}, {more:.0f} ms for {many}; turns {min(ratios):.2f} to {max(ratios):.2f}")
    return median(ratios)


async def _open(session: Session, conversation_id: str) -> float:
    await _at_rest()
    began = time.process_time()
    session.workspace.open(conversation_id)
    painted = _Painted()
    cost = await painted.when(session) - began
    view = session.workspace.current_view()
    assert view is not None
    assert view.id == conversation_id
    session.workspace.close_tab(conversation_id)
    await until(lambda: conversation_id not in session.workspace.open_ids(), "the tab to close")
    return cost


async def _at_rest() -> None:
    """Until the process does next to nothing, and has no garbage."""
    await asyncio.sleep(0.2)
    gc.collect()
    for _ in range(_LONGEST_WAIT):
        spent = time.process_time()
        await asyncio.sleep(_IDLE_S)
        if time.process_time() - spent < _IDLE_S * _IDLE_SHARE:
            return


class _Painted(QObject):
    """Notes the process's CPU time when every lane has painted messages that are all at hand."""

    def __init__(self) -> None:
        super().__init__()
        self._lanes: set[QObject] = set()
        self._painted: set[QObject] = set()
        self._spent: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    async def when(self, session: Session) -> float:
        session.workspace.columns.shown.connect(self._watch)
        try:
            return await asyncio.wait_for(self._spent, 60)
        finally:
            session.workspace.columns.shown.disconnect(self._watch)

    def _watch(self, view: ConversationView) -> None:
        # What was in view before may paint once more: it is not waited for.
        self._lanes = {lane.transcript.viewport() for lane in view.lanes.views}
        for viewport in self._lanes - self._painted:
            viewport.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and not self._spent.done():
            transcript = watched.parent()
            assert isinstance(transcript, TranscriptView)
            transcript.arrange()
            rows = transcript.stack.rows
            if rows and all(row.item is not None for row in rows):
                watched.removeEventFilter(self)
                self._painted.add(watched)
                if self._lanes <= self._painted:
                    asyncio.get_running_loop().call_soon(self._done)
        return False

    def _done(self) -> None:
        if not self._spent.done():
            self._spent.set_result(time.process_time())


async def _settled(session: Session) -> None:
    """Waits until what is loaded in the background after the start is loaded."""
    session.services.profile.warm_up()
    await until(
        lambda: not any(thread.name == "warm-up" for thread in threading.enumerate()), "the preload to end"
    )
    await asyncio.sleep(0.5)
