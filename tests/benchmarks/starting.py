"""From the start of the process to the first paint, beside a process that opens an empty window."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

from tests.benchmarks.measuring import interleaved, median

ROUNDS = 15
PROBE = Path(__file__).with_name("probe.py")
HEAVY = frozenset({
    "PIL", "click", "httpx", "httptools", "keyring", "latex2mathml", "markdown_it",
    "mdit_py_plugins", "pygments", "rich", "truststore", "ziafont", "ziamath",
})  # fmt: skip
"""What must not be imported before the first paint."""


def first_paint_vs_empty() -> float:
    """CPU time up to the first paint of the program, to that of an empty QMainWindow.

    Raises AssertionError where something of `HEAVY` was imported before it.
    """
    profile = str(Path.home() / "profile")
    ours, empty = interleaved(ROUNDS, partial(_start, "program", profile), partial(_start, "empty"))
    print(f"CPU: {median(ours) * 1000:.0f} ms against {median(empty) * 1000:.0f} ms")
    return median(ours) / median(empty)


def _start(*what: str) -> float:
    done = subprocess.run(
        [sys.executable, "-P", PROBE, *what], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    cpu_s, modules = done.stdout.splitlines()[-2:]
    heavy = {name.partition(".")[0] for name in modules.split()} & HEAVY
    assert not heavy, f"imported before the first paint: {', '.join(sorted(heavy))}"
    return float(cpu_s)
