"""Bounded time for work that is done in many small steps: each of them looks at the clock."""

from __future__ import annotations

import time
from threading import local


class Deadline(local):
    """Until when this thread may go on with something; every thread has its own."""

    until = 0.0

    def begin(self, seconds: float) -> None:
        """From now on."""
        self.until = time.monotonic() + seconds

    def look(self) -> None:
        """Raises TimeoutError once the time is over."""
        if time.monotonic() > self.until:
            raise TimeoutError
