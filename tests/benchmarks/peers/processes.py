"""The mock and the sides as processes: each measurement is made by one that does nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_HERE = "tests.benchmarks.peers"
_ROOT = Path(__file__).resolve().parents[3]
LIMIT_S = 300.0


def peers_python() -> str:
    """The interpreter that has the peers installed; see packaging/peers.py."""
    return os.environ["BENCH_PEERS_PYTHON"]


def provided(name: str) -> Path:
    """What packaging/peers.py has made for `--peers`. Raises RuntimeError where it could not."""
    variable = f"BENCH_{name.upper()}"
    folder = os.environ.get(variable)
    if not folder:
        raise RuntimeError(
            f"nothing to compare with: {os.environ.get(f'{variable}_MISSING', 'not asked for')}"
        )
    return Path(folder)


@contextmanager
def mock() -> Iterator[str]:
    """Its address; it runs on the peers' interpreter where there is one, for its faster loop."""
    python = os.environ.get("BENCH_PEERS_PYTHON", sys.executable)
    process = subprocess.Popen(
        [python, "-m", f"{_HERE}.mock"],
        cwd=_ROOT,
        env=_environment(python),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def ours(task: str, base: str, in_flight: int, number: int, wire: str = "openai_chat") -> dict[str, float]:
    """What our side tells of a task; see `side.say`."""
    return _told(sys.executable, "ours", wire, task, base, str(in_flight), str(number))


def theirs(peer: str, task: str, base: str, in_flight: int, number: int) -> dict[str, float]:
    """What a peer's side tells: `deluge`, `bare`, `sdk` or `liter`."""
    return _told(peers_python(), peer, task, base, str(in_flight), str(number))


def _told(python: str, side: str, *arguments: str) -> dict[str, float]:
    done = subprocess.run(
        [python, "-m", f"{_HERE}.{side}", *arguments],
        cwd=_ROOT, env=_environment(python), stdout=subprocess.PIPE, text=True, check=True, timeout=LIMIT_S,
    )  # fmt: skip
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


def _environment(python: str) -> dict[str, str]:
    """Peers see nothing of the project but these files."""
    paths = os.environ.get("PYTHONPATH", "") if python == sys.executable else ""
    return {**os.environ, "PYTHONPATH": paths}
