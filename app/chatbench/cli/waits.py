"""What the terminal says of an answer that is not being written yet, because it has to wait."""

from __future__ import annotations

import math
import sys
import time

from chatbench.cli.session import note
from chatbench.core.holds import Hold
from chatbench.services.answers import Answer

_UNNOTICED_S = 0.3
_SHORTEST_S = 1
"""A shorter wait for another attempt is over before it is read."""
_LIMITS = {
    "concurrent": "at a time",
    "requests": "requests per minute",
    "tokens": "tokens per minute",
    "input_tokens": "input tokens per minute",
    "output_tokens": "output tokens per minute",
}


class WaitTeller:
    """Tells on stderr, where that is a terminal, what one answer waits for: a limit once, and a
    retry again only where it takes longer than what was told before."""

    def __init__(self, answer: Answer, name: str = "") -> None:
        self._answer = answer
        self._of = f"{name}: " if name else ""
        self._told: dict[str, int] = {}
        self._active = sys.stderr.isatty()

    def look(self) -> None:
        """To be called again and again while the answer goes on."""
        if not self._active:
            return
        found = wait_of(self._answer)
        if found is not None:
            what, seconds, words = found
            if seconds > self._told.get(what, -1):
                self._told[what] = seconds
                note(f"{self._of}{words}")


def wait_of(answer: Answer) -> tuple[str, int, str] | None:
    """What an answer waits for, the whole seconds of it (0: not known), and both in words; None where
    it does not wait, or not for long."""
    report, retry_at = answer.waiting_for, answer.retry_at
    if report is not None and retry_at is not None:
        seconds = math.ceil(retry_at - time.monotonic())
        if seconds <= _SHORTEST_S:
            return None
        return "retry", seconds, f"{report.message} Trying again in {seconds} s."
    held = answer.held
    if held is None or held.waited_s < _UNNOTICED_S:
        return None
    return held.reason, 0, _held_words(held)


def _held_words(held: Hold) -> str:
    seconds = f" for {max(1, math.ceil(held.due_s))} s" if held.due_s is not None else ""
    words = f"Waiting{seconds} for the rate limit of {held.provider}"
    if held.limit is None:
        return f"{words}."
    return f"{words} ({held.limit:,} {_LIMITS[held.reason]}{', set by you' if held.ours else ''})."
