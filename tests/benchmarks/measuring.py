"""What every row measures with: medians, percentiles, and the passes of Qt's event loop."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtCore import QAbstractEventDispatcher

MIB = 1024
"""KiB in a MiB: /proc counts in KiB."""


def median(values: Iterable[float]) -> float:
    """The middle one of at least one value."""
    return statistics.median(values)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of all values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


class Passes:
    """The GUI-thread CPU time of each pass of Qt's event loop, in milliseconds.

    A pass ends where the next begins: at the dispatcher's `awake`. Waiting costs no CPU time, so
    that a busy machine does not decide. To be used on the GUI thread.
    """

    def __init__(self) -> None:
        from PySide6.QtCore import QAbstractEventDispatcher

        self.costs: list[float] = []
        self._began = 0.0
        dispatcher = QAbstractEventDispatcher.instance()
        assert dispatcher is not None, "there is no event loop on this thread"
        self._dispatcher: QAbstractEventDispatcher = dispatcher

    def start(self) -> None:
        """Forget what was measured and count from the next pass on."""
        self.costs = []
        self._began = time.thread_time()
        self._dispatcher.awake.connect(self._awake)

    def stop(self) -> list[float]:
        """The cost of every pass since `start`."""
        self._dispatcher.awake.disconnect(self._awake)
        self._awake()
        return self.costs

    def _awake(self) -> None:
        now = time.thread_time()
        self.costs.append((now - self._began) * 1000)
        self._began = now


def stall(busy: Sequence[float], idle: Sequence[float]) -> float:
    """The 99.9th percentile of busy passes less that of idle ones; never below zero."""
    return max(0.0, percentile(busy, 0.999) - percentile(idle, 0.999))


def interleaved(rounds: int, *works: Callable[[], float]) -> list[list[float]]:
    """Runs each work in turn, `rounds` times; one list of results a work, the first round dropped."""
    found: list[list[float]] = [[] for _ in works]
    for number in range(rounds + 1):
        for results, work in zip(found, works, strict=True):
            result = work()
            if number:
                results.append(result)
    return found


def peak_rss_mib() -> float:
    """The largest resident size this process has had (Linux: VmHWM, which `exec` resets)."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / MIB
    import resource
    import sys

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / MIB / (1024 if sys.platform == "darwin" else 1)
