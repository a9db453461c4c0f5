"""Bounded time for work that is done in many small steps, each of which looks at the clock; and less of it
where somebody waits who would rather have it done elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import local

from chatbench.evaluation.findings import Unjudged


class TookTooLong(Unjudged):
    """It was given up for want of time."""


class _Patience(local):
    seconds: float | None = None


_patience = _Patience()


@contextmanager
def briefly(seconds: float) -> Iterator[None]:
    """Nothing on this thread may take longer within the block: TookTooLong is raised then."""
    before, _patience.seconds = _patience.seconds, seconds
    try:
        yield
    finally:
        _patience.seconds = before


def is_brief() -> bool:
    """Whether somebody waits."""
    return _patience.seconds is not None


def allowed(seconds: float) -> float:
    """So many seconds, or what there is where somebody waits."""
    return seconds if _patience.seconds is None else min(seconds, _patience.seconds)


class Deadline(local):
    """Until when this thread may go on with something; every thread has its own."""

    until = 0.0

    def begin(self, seconds: float) -> None:
        """From now on; see `allowed`."""
        self.until = time.monotonic() + allowed(seconds)

    def look(self) -> None:
        """Raises TimeoutError once the time is over."""
        if time.monotonic() > self.until:
            raise TimeoutError
