"""Many prompts into a file: does the hundred-thousandth cost what the first cost?"""

from __future__ import annotations

from tests.benchmarks.measuring import median
from tests.benchmarks.peers.processes import mock, ours
from tests.benchmarks.rows import Measured

FEW, MANY = 1_000, 100_000


def sink_100000_vs_1000() -> Measured:
    """CPU time a prompt of a run of 100,000 into a JSONL file, to that of one of 1,000; with it
    the largest resident size of the longer run."""
    with mock() as address:
        base = f"{address}/instant/v1"
        few = [ours("sink", base, 500, FEW) for _ in range(3)]
        many = ours("sink", base, 500, MANY)
        few += [ours("sink", base, 500, FEW) for _ in range(2)]
    cost = median(one["cpu_us"] for one in few)
    notes = (f"{cost:.0f} and {many['cpu_us']:.0f} µs of CPU time a prompt",)
    return Measured(many["cpu_us"] / cost, {"rss_mib": (many["rss_mib"], 150)}, notes)
