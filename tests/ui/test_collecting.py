"""Full passes of the garbage collector, made rare. In processes of their own, which hold little: the
collector is the whole process's, and what the tests' own one holds is laid aside for good."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chatbench.ui import collecting

BEGIN = """
import gc, weakref
from collecting import whole_passes_rare

class Cycle:
    "Only the collector can free it."
    def __init__(self):
        self.itself = self

"""

LAID_ASIDE = """
with whole_passes_rare():
    before = gc.get_freeze_count()
    kept = [Cycle() for _ in range(1000)]
    gc.collect()
    assert gc.get_freeze_count() >= before + len(kept)
    assert not any(isinstance(one, Cycle) for one in gc.get_objects())
"""

FOUND = """
with whole_passes_rare(at_least=gc.get_freeze_count() + len(gc.get_objects()) + 5_000):
    cycle = Cycle()
    gone = weakref.ref(cycle)
    gc.collect()
    del cycle
    gc.collect()
    assert gone() is not None, "a pass over what is new found it"
    kept = [Cycle() for _ in range(20_000)]
    gc.collect()
    gc.collect()
    assert gone() is None
    assert gc.get_freeze_count() > len(kept), "what the whole pass left is laid aside again"
"""

TWICE_AS_MUCH = """
with whole_passes_rare(at_least=1):
    gc.collect()
    gc.collect()
    cycle = Cycle()
    gone = weakref.ref(cycle)
    gc.collect()
    del cycle
    kept = [Cycle() for _ in range(100)]
    gc.collect()
    gc.collect()
    assert gone() is not None
    kept += [Cycle() for _ in range(2 * gc.get_freeze_count())]
    gc.collect()
    gc.collect()
    assert gone() is None
"""


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(LAID_ASIDE, id="what has survived a full pass is not looked at in the next"),
        pytest.param(
            FOUND, id="cycles let go of after they were laid aside are found once enough lies aside"
        ),
        pytest.param(TWICE_AS_MUCH, id="the next whole pass waits until there is twice as much"),
    ],
)
def test_full_passes_are_rare(program: str) -> None:
    folder = str(Path(collecting.__file__).parent)
    subprocess.run([sys.executable, "-S", "-c", BEGIN + program], cwd=folder, check=True, timeout=60)


def test_the_window_runs_with_it_and_leaves_the_collector_as_it_was() -> None:
    program = """
import gc
from PySide6.QtWidgets import QApplication
from chatbench.ui import aio

callbacks = list(gc.callbacks)

async def main():
    return gc.get_freeze_count()

assert aio.run(QApplication([]), main) > 1000
assert gc.get_freeze_count() == 0
assert gc.callbacks == callbacks
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=60)
