"""Full passes of the garbage collector, made rare."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from pathlib import Path

from PySide6.QtWidgets import QApplication

from chatbench.ui import aio, collecting
from chatbench.ui.collecting import whole_passes_rare


class Cycle:
    """Only the collector can free it."""

    def __init__(self) -> None:
        self.itself = self


def test_what_has_survived_a_full_pass_is_not_looked_at_in_the_next() -> None:
    with whole_passes_rare():
        before = gc.get_freeze_count()
        kept = [Cycle() for _ in range(1000)]
        gc.collect()
        assert gc.get_freeze_count() >= before + len(kept)
        assert not any(isinstance(one, Cycle) for one in gc.get_objects())


def test_cycles_let_go_of_after_they_were_laid_aside_are_found_once_enough_lies_aside() -> None:
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


TWICE_AS_MUCH = """
import gc, weakref
from collecting import whole_passes_rare
class Cycle:
    def __init__(self): self.itself = self
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


def test_the_next_whole_pass_waits_until_there_is_twice_as_much() -> None:
    """In a process of its own, which holds little."""
    folder = str(Path(collecting.__file__).parent)
    subprocess.run([sys.executable, "-S", "-c", TWICE_AS_MUCH], cwd=folder, check=True, timeout=60)


def test_the_window_runs_with_it_and_leaves_the_collector_as_it_was(qapp: QApplication) -> None:
    callbacks = list(gc.callbacks)

    async def main() -> int:
        return gc.get_freeze_count()

    assert aio.run(qapp, main) > 1000
    assert gc.get_freeze_count() == 0
    assert gc.callbacks == callbacks
