"""Which answers of a run a person has still to read and rate, and in which order."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable

from chatbench.core.runs import CellKey, Run
from chatbench.storage.runs import DONE, UNCHECKED, Figures, key_of


def unrated(run: Run, figures: Iterable[Figures], rows: Collection[int] | None = None) -> list[CellKey]:
    """Row after row, of `rows` if they are given; the answers of each by chance, but the same every time, so
    that their places tell nothing of their columns."""
    wanted = None if rows is None else frozenset(rows)
    each = len(run.columns) * run.plan.repeats
    places = [
        one.place
        for one in figures
        if one.rating is None
        and one.state in (DONE, UNCHECKED)
        and (wanted is None or one.place // each in wanted)
    ]

    def chance(place: int) -> tuple[int, bytes]:
        return place // each, hashlib.sha256(f"{run.id} {place}".encode()).digest()

    return [key_of(run, place) for place in sorted(places, key=chance)]
