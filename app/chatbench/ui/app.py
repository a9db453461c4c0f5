"""The window face: the application from its first line to its last.

A start that finds this profile's window open already hands over what it was asked for. Else the
frame of the window is painted before the services, and what goes into the frame, are
imported. Shutting down is a sequence: no new work, answers, connections, the database.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from PySide6.QtWidgets import QApplication

from chatbench import __version__
from chatbench.core.errors import ChatbenchError
from chatbench.services import Services
from chatbench.services.preferences import Preferences
from chatbench.ui import aio, theme
from chatbench.ui.fileopen import Application
from chatbench.ui.frame import Frame, apply_preferences
from chatbench.ui.quantities import use_western_digits
from chatbench.ui.wish import Wish

if TYPE_CHECKING:
    from chatbench.ui.single import Meeting

RACE_S = 2.0
"""How long a start waits for another one, made in the same moment, to listen."""


class Build(Protocol):
    """`main.build`, handed in."""

    def __call__(
        self, folder: Path | None = None, *, log_level: str = "", shared_loop: bool = False
    ) -> Services: ...


class Glance(Protocol):
    """`main.glance`, handed in."""

    def __call__(self, folder: Path | None = None) -> Preferences: ...


class Meet(Protocol):
    """`main.meet`, handed in."""

    def __call__(self, folder: Path | None = None) -> Meeting: ...


class Line(NamedTuple):
    """A command line, read."""

    folder: Path | None = None
    log_level: str = ""
    command: str = ""
    files: tuple[str, ...] = ()


def run(arguments: Sequence[str], build: Build, glance: Glance, meet: Meet) -> int:
    """Opens the window or the quick chat, or tests itself, on a command line of global options,
    `quick` or `self-test`, and files."""
    line = parse(arguments)
    if line.command == "self-test":
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    app = make_application()
    if line.command == "self-test":
        from chatbench.ui.self_check import self_test

        return aio.run(app, lambda: self_test(build, line.folder, line.log_level))
    wish = Wish.of(line.command == "quick", line.files, os.environ)
    meeting = meet(line.folder)
    if meeting.occupied:
        from chatbench.ui.single import hand_over

        if hand_over(meeting, wish):
            return 0
    preferences = glance(line.folder)
    if wish.quick:
        apply_preferences(preferences)
    frame = None if wish.quick else Frame(preferences)
    beside = partial(build, line.folder, log_level=line.log_level, shared_loop=True)
    return aio.run(app, lambda: main(frame, beside, meeting, wish))


def make_application() -> QApplication:
    """The application with its theme; the one there is, if there is one."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        theme.install(existing)
        return existing
    app = theme.make_application("chatbench", Application)
    use_western_digits()
    app.setApplicationName("Chatbench")
    app.setApplicationVersion(__version__)
    app.setDesktopFileName("chatbench")
    return app


async def main(frame: Frame | None, build: Callable[[], Services], meeting: Meeting, wish: Wish) -> int:
    """Shows the window (without a frame: the quick chat), fills it, waits until it is closed, shuts
    everything down in order."""
    closed = _Closed()
    if frame is not None:
        frame.window.closes_itself = False
        frame.window.close_requested.connect(closed.note)
        frame.window.show()
        await frame.painted()
    from chatbench.ui.single import Listener

    listener = Listener(meeting)
    try:
        if not listener.listen() and await _other_takes(meeting, wish):
            return 0
        services = build()
    except ChatbenchError as error:
        listener.close()
        sys.stderr.write(f"Error: {error.message}\n  {error.hint}\n")
        return 1
    from chatbench.ui.session import Session

    session = Session(services, frame, quick=frame is None)
    listener.asked.connect(session.take)
    session.start(wish)
    app = QApplication.instance()
    if isinstance(app, Application):
        app.asked.connect(session.take)
        app.begin()
    if closed.early:
        session.ended.set()
    try:
        await session.ended.wait()
        while not await session.may_close():
            session.ended.clear()
            await session.ended.wait()
    finally:
        listener.close()
        await session.aclose()
    return 0


class _Closed:
    """Whether the window was closed before there was anything in it."""

    early = False

    def note(self) -> None:
        self.early = True


async def _other_takes(meeting: Meeting, wish: Wish) -> bool:
    """Whether the program that was quicker to take the place takes the wish too. One that has the
    place and never answers hinders nobody: two programs can share a profile."""
    import asyncio

    from chatbench.ui.single import hand_over

    loop = asyncio.get_running_loop()
    end = loop.time() + RACE_S
    while loop.time() < end:
        if meeting.occupied and hand_over(meeting, wish):
            return True
        await asyncio.sleep(0.05)
    return False


def parse(arguments: Sequence[str]) -> Line:
    """Reads global options, a window command, and what follows as files."""
    found = Line()
    rest = iter(arguments)
    for argument in rest:
        name, equals, value = argument.partition("=")
        if name in ("--profile", "--log-level"):
            value = value if equals else next(rest, "")
            if name == "--profile":
                found = found._replace(folder=Path(value) if value else None)
            else:
                found = found._replace(log_level=value)
        elif argument in ("quick", "self-test") and not (found.command or found.files):
            found = found._replace(command=argument)
        else:
            found = found._replace(files=(*found.files, argument))
    return found
