"""`chatbench self-test`: the real window, without a screen, talks to the guide and is looked at.

Prints one JSON line. Each check is named; the exit code is 0 only if all of them hold.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QImage, QInputMethodEvent, QKeyEvent

from chatbench import __version__
from chatbench.core.errors import ChatbenchError
from chatbench.core.models import GUIDE
from chatbench.ui.theme import theme

if TYPE_CHECKING:
    from chatbench.ui.app import Build
    from chatbench.ui.chat.conversation import ConversationView
    from chatbench.ui.session import Session

QUESTION = "Show me Markdown"
PATIENCE_S = 30.0


async def self_test(build: Build, folder: Path | None, log_level: str) -> int:
    """Runs every check in the given profile, or in one that is thrown away."""
    began = time.monotonic()
    checks: dict[str, bool] = {}
    found: dict[str, Any] = {"version": __version__}
    with ExitStack() as stack:
        if folder is None:
            scratch = tempfile.TemporaryDirectory(prefix="chatbench-self-test-")
            folder = Path(stack.enter_context(scratch))
        try:
            await _check(build, folder, log_level, checks, found)
        except (ChatbenchError, TimeoutError) as error:
            found["error"] = str(error) or type(error).__name__
    ok = bool(checks) and all(checks.values()) and "error" not in found
    result = {"ok": ok, "checks": checks, "seconds": round(time.monotonic() - began, 2), **found}
    sys.stdout.write(json.dumps(result) + "\n")
    sys.stdout.flush()
    return 0 if ok else 1


async def _check(
    build: Build, folder: Path, log_level: str, checks: dict[str, bool], found: dict[str, Any]
) -> None:
    from chatbench.ui.session import Session

    services = build(folder, log_level=log_level, shared_loop=True)
    session = Session(services)
    try:
        session.start()
        await services.profile.ready()
        await _until(lambda: session.workspace.current_view() is not None)
        checks["window_opens"] = session.window.isVisible()
        # In a profile that is lived in, the question goes to a chat of its own.
        session.workspace.new_chat()
        await _until(lambda: (shown := session.workspace.current_view()) is not None and shown.is_blank)
        view = session.workspace.current_view()
        assert view is not None
        view.choose_model(GUIDE)
        before = view.grab().toImage()
        _type_and_send(view)
        await _until(lambda: view.streaming)
        checks["answer_streams"] = True
        await _until(lambda: not view.streaming and len(view.source.ids()) >= 2)
        await _look(session, view, before, checks)
        stored = await services.history.load(view.id)
        answer = stored.messages[-1]
        checks["answer_stored"] = answer.state == "done" and len(answer.text) > 100
        checks["question_stored"] = any(m.text == QUESTION for m in stored.messages)
        checks["database_sound"] = await services.profile.check() == []
        found["conversation_id"] = view.id
    finally:
        await session.aclose()


def _type_and_send(view: ConversationView) -> None:
    """Words as an input method commits them, then the key that sends."""
    editor = view.composer.editor
    words = QInputMethodEvent("", [])
    words.setCommitString(QUESTION)
    QCoreApplication.sendEvent(editor, words)
    control = view.services.preferences.current.send_with == "ctrl+enter"
    held = Qt.KeyboardModifier.ControlModifier if control else Qt.KeyboardModifier.NoModifier
    for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
        QCoreApplication.sendEvent(editor, QKeyEvent(kind, Qt.Key.Key_Return, held))


async def _look(session: Session, view: ConversationView, before: QImage, checks: dict[str, bool]) -> None:
    """The answer is on the screen: many pixels are neither the page nor what was there before."""
    page = theme().color("page").rgb()

    def painted() -> bool:
        after = view.transcript.grab().toImage()
        step = 7
        points = [(x, y) for x in range(0, after.width(), step) for y in range(0, after.height(), step)]
        return sum(after.pixel(x, y) != page for x, y in points) > len(points) // 100

    await _until(painted)
    checks["answer_painted"] = view.grab().toImage() != before
    checks["window_painted"] = not session.window.grab().isNull()


async def _until(holds: Callable[[], bool]) -> None:
    """Looks again after each turn of the loop. Raises TimeoutError after 30 s."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110 - nobody tells when a picture has been painted
            await asyncio.sleep(0.02)
