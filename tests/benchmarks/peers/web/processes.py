"""What the processes of a program take together, read from /proc (Linux)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")


class Processes:
    """A process and all that it has started, however deep."""

    def __init__(self, root: int) -> None:
        """`root`: the id of the process."""
        self._root = root

    def cpu_s(self) -> float:
        """CPU seconds that those alive have spent, all threads, in user and kernel."""
        return sum(self._ticks(pid) for pid in self._alive()) / _TICKS

    def pss_mib(self) -> float:
        """Proportional set size in MiB: a page that several processes share is divided among them."""
        return self._summed("smaps_rollup", "Pss:")

    def rss_mib(self) -> float:
        """The sum of the resident sizes in MiB: shared pages count in each process."""
        return self._summed("smaps_rollup", "Rss:")

    def largest_mib(self) -> float:
        """The sum of the largest resident sizes in MiB that those alive have had."""
        return self._summed("status", "VmHWM:")

    def count(self) -> int:
        """How many processes there are."""
        return len(list(self._alive()))

    def _summed(self, file: str, name: str) -> float:
        """Of one that has ended and was not waited for there is nothing."""
        total = 0
        for pid in self._alive():
            with suppress(FileNotFoundError, ProcessLookupError):
                lines = (_PROC / str(pid) / file).read_text().splitlines()
                total += sum(int(line.split()[1]) for line in lines if line.startswith(name))
        return total / 1024

    def _alive(self) -> Iterator[int]:
        children: dict[int, list[int]] = {}
        for entry in _PROC.iterdir():
            if entry.name.isdigit():
                with suppress(FileNotFoundError, ProcessLookupError):
                    children.setdefault(int(_stat(int(entry.name))[1]), []).append(int(entry.name))
        waiting = [self._root]
        while waiting:
            pid = waiting.pop()
            yield pid
            waiting += children.get(pid, [])

    @staticmethod
    def _ticks(pid: int) -> int:
        with suppress(FileNotFoundError, ProcessLookupError):
            fields = _stat(pid)
            return int(fields[11]) + int(fields[12])
        return 0


def _stat(pid: int) -> list[str]:
    """The fields after the name, which can hold anything: state, parent, … (proc(5))."""
    return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
