"""What the program costs while nobody does anything: ten conversations open, two of them in view."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from functools import partial
from pathlib import Path

import msgspec
import tomlkit
from PySide6.QtCore import QCoreApplication, QEvent, QObject
from PySide6.QtWidgets import QMainWindow, QPlainTextEdit
from tests.benchmarks.measuring import peak_rss_mib
from tests.benchmarks.profiles import make_profile
from tests.benchmarks.rows import Measured
from tests.scenarios.window import opened, until, view_of

from chatbench.ui import aio
from chatbench.ui.app import make_application
from chatbench.ui.frame import Places
from chatbench.ui.session import Session

OPEN, MESSAGES = 10, 60
SETTLED_S, WATCHED_S = 4.0, 15.0
_CURSOR = "QPlainTextEditControl"
"""What blinks: the cursor of the field that has the keyboard."""


def idle_cpu_percent() -> Measured:
    """CPU time of all threads in percent of the time that passes, less what the blinking cursor of an
    empty window costs in the same process; beside it, how many timers fired but the cursor's, and how
    many widgets were painted but the field."""
    profile = Path.home() / "profile"
    ids = make_profile(profile, *[MESSAGES] * OPEN)
    places = Places(tabs=tuple(ids), current=ids[0], beside=(ids[0], ids[1]))
    document = tomlkit.document()
    document["window"] = msgspec.to_builtins(places)
    (profile / "preferences.toml").write_text(tomlkit.dumps(document))
    watch = _Watch()
    spent: list[float] = []

    async def scenario() -> int:
        spent.append(await _cursor_alone())
        async with opened(profile) as session:
            await _all_open(session, ids)
            await asyncio.sleep(SETTLED_S)
            spent.append(await _spent())
            application = QCoreApplication.instance()
            assert application is not None
            application.installEventFilter(watch)
            await asyncio.sleep(WATCHED_S)
            application.removeEventFilter(watch)
        return 0

    aio.run(make_application(), scenario)
    cursor, ours = spent
    others = {name: count for name, count in watch.timers.items() if name != _CURSOR}
    painted = watch.painted.total() - watch.timers[_CURSOR]
    return Measured(
        max(0.0, ours - cursor),
        besides={
            # Two are this measurement's own: the end of its sleep, and waking from it.
            "timers besides the cursor's": (sum(others.values()), 2),
            "widgets painted besides the field": (painted, 0),
            "resident MiB": (peak_rss_mib(), 300),
        },
        notes=(
            f"{ours:.3f} % with the cursor, {cursor:.3f} % of an empty window's cursor",
            f"{watch.timers[_CURSOR]} blinks, other timers: {others}, painted: {dict(watch.painted)}",
        ),
    )


async def _all_open(session: Session, ids: list[str]) -> None:
    await until(lambda: session.watching, "all tabs")
    for conversation_id in ids:
        session.workspace.open(conversation_id)
        await until(partial(session.workspace.shows, conversation_id), "the chat")
    await until(lambda: not _warming_up(), "the preload")
    session.window.activateWindow()
    assert len(session.workspace.open_ids()) == OPEN
    assert len(session.workspace.ids_in_view()) == 2
    assert view_of(session).composer.editor.hasFocus()


async def _cursor_alone() -> float:
    """What a text field in an empty window of the same size costs."""
    window, field = QMainWindow(), QPlainTextEdit()
    window.setCentralWidget(field)
    window.resize(1440, 900)
    window.show()
    window.activateWindow()
    field.setFocus()
    await asyncio.sleep(SETTLED_S)
    assert field.hasFocus()
    found = await _spent()
    window.close()
    window.deleteLater()
    return found


async def _spent() -> float:
    began, cpu = time.monotonic(), time.process_time()
    await asyncio.sleep(WATCHED_S)
    return (time.process_time() - cpu) / (time.monotonic() - began) * 100


class _Watch(QObject):
    """Counts timers that fire and widgets that are painted, by class."""

    def __init__(self) -> None:
        super().__init__()
        self.timers: Counter[str] = Counter()
        self.painted: Counter[str] = Counter()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Timer:
            self.timers[watched.metaObject().className()] += 1
        elif event.type() == QEvent.Type.Paint:
            self.painted[watched.metaObject().className()] += 1
        return False


def _warming_up() -> bool:
    return any(thread.name == "warm-up" for thread in threading.enumerate())
