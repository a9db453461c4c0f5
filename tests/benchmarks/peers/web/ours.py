"""`python -m tests.benchmarks.peers.web.ours PROFILE URL`: the real window, doing what it is told.

Each line of standard input is a command; the answer is a line of JSON. Ends with the input.

open ID     shows a conversation: milliseconds until its last messages were painted
close ID    closes its tab
stream      asks all models of the server at URL beside each other, until all is said
stall       the same: GUI-thread CPU milliseconds of each pass of the event loop
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt
from tests.benchmarks.measuring import Passes
from tests.benchmarks.peers.web.chromium import HEIGHT, WIDTH
from tests.benchmarks.peers.web.server import ANSWER, MODELS, STREAM_S
from tests.scenarios.window import finished, opened, press, until, view_of, write

from chatbench.core.endpoints import Endpoint
from chatbench.core.models import ModelRef
from chatbench.ui import aio
from chatbench.ui.app import make_application
from chatbench.ui.chat.conversation import ConversationView
from chatbench.ui.chat.transcript.view import TranscriptView
from chatbench.ui.session import Session

PATIENCE_S = 60.0


async def _told(session: Session, command: str, *arguments: str) -> Any:
    if command == "open":
        return await _open(session, arguments[0])
    if command == "close":
        session.workspace.close_tab(arguments[0])
        await until(lambda: arguments[0] not in session.workspace.open_ids(), "the tab to close")
        return None
    view = await _lanes(session)
    gc.collect()
    passes = Passes()
    if command == "stall":
        passes.start()
    await _ask(view)
    costs = passes.stop() if command == "stall" else None
    answers = [one for one in (await session.services.history.load(view.id)).messages if one.model]
    assert [len(one.text) for one in answers] == [ANSWER] * len(MODELS), "words are missing"
    return costs


async def _open(session: Session, conversation_id: str) -> float:
    began = time.perf_counter()
    painted = _Painted(conversation_id)
    session.workspace.columns.shown.connect(painted.watch)
    session.workspace.open(conversation_id)
    try:
        at = await asyncio.wait_for(painted.at, PATIENCE_S)
    finally:
        session.workspace.columns.shown.disconnect(painted.watch)
    return (at - began) * 1000


class _Painted(QObject):
    """Notes when a conversation's transcript has painted messages that are all at hand."""

    def __init__(self, conversation_id: str) -> None:
        super().__init__()
        self._id = conversation_id
        self.at: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def watch(self, view: ConversationView) -> None:
        """To be told of each conversation that comes into view."""
        if view.id == self._id:
            view.transcript.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            transcript = watched.parent()
            assert isinstance(transcript, TranscriptView)
            transcript.arrange()
            rows = transcript.stack.rows
            if rows and all(row.item is not None for row in rows):
                watched.removeEventFilter(self)
                # Comes after everything is painted that is painted now.
                asyncio.get_running_loop().call_soon(self._done)
        return False

    def _done(self) -> None:
        if not self.at.done():
            self.at.set_result(time.perf_counter())


async def _lanes(session: Session) -> ConversationView:
    """The conversation in view, with every model of the server beside each other."""
    view = view_of(session)
    refs = [ModelRef("loopback", name) for name in MODELS]
    view.choose_model(refs[0])
    await view.settled()
    for ref in refs[1:]:
        await session.services.lanes.add(view.id, model=ref)
    await until(lambda: len(view.lanes.views) == len(refs), "the lanes")
    return view


async def _ask(view: ConversationView) -> None:
    write(view, "Why?")
    press(view.composer.editor, Qt.Key.Key_Return)
    await until(lambda: view.streaming, "the answers to begin")
    await asyncio.sleep(STREAM_S)
    await finished(view)


async def _serve(profile: Path, url: str) -> int:
    async with opened(profile) as session:
        session.window.resize(WIDTH, HEIGHT)
        endpoint = Endpoint(
            id="loopback",
            name="Loopback",
            wire="openai_chat",
            base_url=f"{url}/v1",
            auth="none",
            models=MODELS,
        )
        session.services.endpoints.save(endpoint)
        session.services.profile.warm_up()
        await until(lambda: "warm-up" not in [one.name for one in threading.enumerate()], "the preload")
        print("ready", flush=True)
        while words := (await asyncio.to_thread(sys.stdin.readline)).split():
            print(json.dumps(await _told(session, *words)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(aio.run(make_application(), lambda: _serve(Path(sys.argv[1]), sys.argv[2])))
