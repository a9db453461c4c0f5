"""The window face: the application from its first line to its last.

The frame of the window is painted before the services, and what goes into the frame, are
imported. Shutting down is a sequence: no new work, answers, connections, the database.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from PySide6.QtWidgets import QApplication

from chatbench import __version__
from chatbench.core.errors import ChatbenchError
from chatbench.services import Services
from chatbench.services.preferences import Preferences
from chatbench.ui import aio, theme
from chatbench.ui.frame import Frame


class Build(Protocol):
    """`main.build`, handed in."""

    def __call__(self, folder: Path | None = None, *, log_level: str = "") -> Services: ...


class Glance(Protocol):
    """`main.glance`, handed in."""

    def __call__(self, folder: Path | None = None) -> Preferences: ...


def run(arguments: Sequence[str], build: Build, glance: Glance) -> int:
    """Opens the window, or tests itself, on a command line of global options and `self-test`."""
    folder, log_level, command = _parse(arguments)
    if command == "self-test":
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    app = make_application()
    if command == "self-test":
        from chatbench.ui.self_check import self_test

        return aio.run(app, lambda: self_test(build, folder, log_level))
    frame = Frame(glance(folder))
    return aio.run(app, lambda: main(frame, partial(build, folder, log_level=log_level)))


def make_application() -> QApplication:
    """The application with its theme; the one there is, if there is one."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        theme.install(existing)
        return existing
    app = QApplication(["chatbench"])
    app.setApplicationName("Chatbench")
    app.setApplicationVersion(__version__)
    app.setDesktopFileName("chatbench")
    theme.install(app)
    return app


async def main(frame: Frame, build: Callable[[], Services]) -> int:
    """Shows the window, fills it, waits until it is closed, shuts everything down in order."""
    import asyncio

    closed = asyncio.Event()
    frame.window.closes_itself = False
    frame.window.close_requested.connect(closed.set)
    frame.window.show()
    await frame.painted()
    try:
        services = build()
    except ChatbenchError as error:
        sys.stderr.write(f"Error: {error.message}\n  {error.hint}\n")
        return 1
    from chatbench.ui.session import Session

    session = Session(services, frame)
    session.start()
    try:
        await closed.wait()
        while not await session.may_close():
            closed.clear()
            await closed.wait()
    finally:
        await session.aclose()
    return 0


def _parse(arguments: Sequence[str]) -> tuple[Path | None, str, str]:
    folder: Path | None = None
    log_level = command = ""
    rest = iter(arguments)
    for argument in rest:
        name, equals, value = argument.partition("=")
        if name in ("--profile", "--log-level"):
            value = value if equals else next(rest, "")
            if name == "--profile":
                folder = Path(value) if value else None
            else:
                log_level = value
        else:
            command = argument
    return folder, log_level, command
