"""What a side does, whoever's client it is: warm up, make the calls, tell what they took.

Imported by two interpreters: it imports nothing of the project.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

WARM = 5
Told = dict[str, float]


class Side:
    """One client under measurement. `base` is the address of the mock, with a path."""

    def __init__(self, base: str, in_flight: int) -> None:
        self.base = base
        self.in_flight = in_flight
        self.first_at = 0.0

    async def start(self) -> None:
        """Makes the client."""

    async def close(self) -> None:
        """Closes what `start` opened."""

    def first(self) -> None:
        """The first word is there."""
        self.first_at = time.perf_counter()

    async def in_turn(self, count: int, one: Callable[[int], Awaitable[None]]) -> None:
        """`count` calls, `in_flight` at a time, for clients that leave that to their caller."""
        numbers = iter(range(count))

        async def worker() -> None:
            for number in numbers:
                await one(number)

        await asyncio.gather(*[worker() for _ in range(self.in_flight)])


class Calls(Side, ABC):
    """A side that makes calls for whole answers."""

    @abstractmethod
    async def calls(self, count: int) -> None:
        """Makes that many calls, `in_flight` at a time, and checks each."""


class Streams(Side, ABC):
    """A side that reads streams."""

    @abstractmethod
    async def stream(self) -> int:
        """Reads one streamed answer; returns how many deltas came. Calls `first` at the first."""


class Sinks(Calls):
    """A side that writes its answers."""

    @abstractmethod
    async def sink(self, count: int) -> None:
        """Answers that many prompts into a file."""


def say(kind: type[Side], arguments: Sequence[str]) -> None:
    """`TASK BASE IN_FLIGHT NUMBER`: does one of the tasks below and prints what it took as JSON."""
    task, base, in_flight, number = arguments
    print(json.dumps(asyncio.run(_TASKS[task](kind(base, int(in_flight)), int(number)))), flush=True)


async def _calls(side: Calls, count: int) -> Told:
    """Calls a second and CPU seconds for a thousand, after as many calls as are in flight."""
    await side.start()
    await side.calls(side.in_flight)
    began, spent = time.perf_counter(), cpu_s()
    await side.calls(count)
    spent, took = cpu_s() - spent, time.perf_counter() - began
    await side.close()
    return {"per_s": count / took, "cpu_per_1000": spent / count * 1000}


async def _stream(side: Streams, deltas: int) -> Told:
    """CPU microseconds a delta: the middle one of seven answers, after one to warm up."""
    await side.start()
    costs = []
    for number in range(8):
        spent = cpu_s()
        seen = await side.stream()
        if number:
            costs.append(cpu_s() - spent)
        assert seen == deltas, f"{seen} deltas of {deltas}"
    await side.close()
    return {"cpu_us": statistics.median(costs) / deltas * 1e6}


async def _first(side: Streams, rounds: int) -> Told:
    """Microseconds from the call to its first word."""
    await side.start()
    took = []
    for number in range(rounds + WARM):
        began = time.perf_counter()
        await side.stream()
        if number >= WARM:
            took.append(side.first_at - began)
    await side.close()
    return {"first_us": statistics.median(took) * 1e6}


async def _sink(side: Sinks, count: int) -> Told:
    """CPU microseconds a prompt, of short runs the middle one of several; the largest resident size."""
    await side.start()
    await side.calls(side.in_flight)
    costs = []
    for _ in range(max(1, 10_000 // count)):
        spent = cpu_s()
        await side.sink(count)
        costs.append(cpu_s() - spent)
    await side.close()
    return {"cpu_us": statistics.median(costs) / count * 1e6, "rss_mib": peak_rss_mib()}


def cpu_s() -> float:
    """CPU seconds this process has used, all its threads together."""
    return time.process_time()


def peak_rss_mib() -> float:
    """The largest resident size this process has had, where the system tells."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


_TASKS: dict[str, Callable[[Any, int], Coroutine[Any, Any, Told]]] = {
    "calls": _calls,
    "stream": _stream,
    "first": _first,
    "sink": _sink,
}
