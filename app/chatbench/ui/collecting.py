"""The garbage collector's passes over everything, which stop the window while they last, made rare.

A full pass looks at every object the program holds: some 60 ms once a few conversations are open, and
several come in a minute while answers stream. So what has survived one is laid aside (`gc.freeze`), and
the next looks at what is new only. Once twice as much lies aside as the last pass over everything left, or
`at_least` objects, all of it is looked at again: cycles that were let go of after they were laid aside are
found then.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

AT_LEAST: Final = 200_000
"""Objects. A window with an empty chat holds half of it."""


@contextmanager
def whole_passes_rare(at_least: int = AT_LEAST) -> Iterator[None]:
    """While it is open, full passes look at what is new; afterwards the collector is as it was."""
    aside = _Aside(at_least)
    gc.callbacks.append(aside.heard)
    gc.freeze()
    try:
        yield
    finally:
        gc.callbacks.remove(aside.heard)
        gc.unfreeze()


class _Aside:
    """What is laid aside, and when it is looked at again."""

    def __init__(self, at_least: int) -> None:
        self._least = self._most = at_least
        self._whole = False

    def heard(self, phase: str, info: Mapping[str, int]) -> None:
        """The collector begins a pass or has ended one."""
        if phase != "stop" or info["generation"] != 2:
            return
        gc.freeze()
        held = gc.get_freeze_count()
        if self._whole:
            self._most = max(self._least, 2 * held)
            self._whole = False
        elif held > self._most:
            gc.unfreeze()
            self._whole = True
