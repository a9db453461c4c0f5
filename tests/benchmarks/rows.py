"""The rows there are: what each one is called, promises, and is measured by."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass

X = "x"
MS = "ms"
MIB = "MiB"


@dataclass(frozen=True)
class Row:
    """One number and its promise: the largest value that is acceptable.

    `module` is a module of this package, in which a function has the row's name; it takes nothing
    and returns the number.
    """

    name: str
    promise: float
    unit: str
    module: str

    def measure(self) -> float:
        """To be called once, in a process that has done nothing else."""
        function: Callable[[], float] = getattr(
            importlib.import_module(f"tests.benchmarks.{self.module}"), self.name
        )
        return function()


ROWS = (
    Row("first_paint_vs_empty", 2, X, "starting"),
    Row("open_10000_vs_1000", 2, X, "opening"),
    Row("flush_last_vs_first_tenth", 1.3, X, "streaming"),
    Row("stream_vs_append", 8, X, "streaming"),
    Row("stall_four_streams_ms", 16, MS, "streaming"),
    Row("stall_huge_block_ms", 50, MS, "streaming"),
    Row("stall_first_send_ms", 50, MS, "sending"),
    Row("rss_10000_messages_mib", 150, MIB, "memory"),
    Row("rss_first_answer_mib", 230, MIB, "memory"),
    Row("delta_vs_floor", 3, X, "calls"),
    Row("first_delta_vs_floor", 5, X, "calls"),
)
