"""What it costs to begin: importing the package, and a first call from nothing."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.measuring import interleaved, median
from tests.benchmarks.peers.ours import provider
from tests.benchmarks.peers.processes import mock, peers_python

ROUNDS = 15
_IMPORT = "import chatbench"
_FIRST_CALL = """
import asyncio, sys
from pathlib import Path
from chatbench import LLMClient, ModelRef
from chatbench.client.defaults import open_environment
from chatbench.storage.profile import Profile

client = LLMClient(
    ModelRef("mock", "mock"),
    environment=open_environment(Profile.open(Path(sys.argv[1]))),
    key="sk-bench-0123456789",
)
assert asyncio.run(client.complete("Why?")).text.startswith(" the cache")
"""
_SPENT = """
import atexit, time
atexit.register(lambda: print(time.process_time()))
"""


def import_ms() -> float:
    """CPU milliseconds of `import chatbench` in a process of its own, over those of a bare Python."""
    ours, bare = interleaved(
        ROUNDS, lambda: _spent(sys.executable, _IMPORT), lambda: _spent(sys.executable, "pass")
    )
    return (median(ours) - median(bare)) * 1000


def first_call_ready_vs_lm_deluge_import() -> float:
    """CPU time of a process from its start until its first call was answered (import, profile,
    client, connection, request, response), to one that imports lm-deluge."""
    with tempfile.TemporaryDirectory() as folder, mock() as address:
        (Path(folder) / "providers").mkdir()
        (Path(folder) / "providers" / "mock.toml").write_text(provider(f"{address}/instant/v1", 8))
        ours, theirs = interleaved(
            ROUNDS,
            lambda: _spent(sys.executable, _FIRST_CALL, folder),
            lambda: _spent(peers_python(), "import lm_deluge"),
        )
    return median(ours) / median(theirs)


def _spent(python: str, code: str, *arguments: str) -> float:
    """CPU seconds of a process that runs `code`, as it says itself at its end."""
    command: Sequence[str] = [python, "-c", _SPENT + code, *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return float(done.stdout.split()[-1])
