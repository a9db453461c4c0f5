"""From the ratings of turns to a leaderboard of models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Literal

import msgspec

from chatbench.core.models import ModelRef
from chatbench.core.ratings import Rating
from chatbench.evaluation.strength import Wins, strengths

Rated = tuple[ModelRef, Rating | None]
"""An answer of a turn: who gave it, and what a person said of it."""

_RANKS: dict[Rating | None, int] = {"best": 3, "tie": 2, None: 1, "bad": 0}


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """One model on the leaderboard: comparisons won, lost and tied, answers called bad (also where
    nothing stood beside them), and the Bradley-Terry `score` with its 95 % interval from `low` to
    `high`, on Elo's scale with 1000 as the average.

    `score` is None where nothing is known, and `unknown` says why: "alone" was never compared with
    another model; "apart" only with models that were never compared with the others. `provisional`:
    some model has only won or only lost so far, and half a win each way was added to every pair.
    """

    model: ModelRef
    wins: int = 0
    losses: int = 0
    ties: int = 0
    bad: int = 0
    score: float | None = None
    low: float | None = None
    high: float | None = None
    provisional: bool = False
    unknown: Literal["", "alone", "apart"] = ""


def outcomes(turn: Sequence[Rated]) -> list[tuple[ModelRef, ModelRef, bool]]:
    """Who did better than whom in a turn; or in a tie, where the third is True.

    A model with several answers stands with its best. Two of which nothing was said are not
    compared.
    """
    best: dict[ModelRef, Rating | None] = {}
    for model, rating in turn:
        if model not in best or _RANKS[rating] > _RANKS[best[model]]:
            best[model] = rating
    only_tie = list(best.values()).count("tie") == 1
    found: list[tuple[ModelRef, ModelRef, bool]] = []
    for one, other in combinations(best, 2):
        marks = {best[one], best[other]}
        if marks == {None}:
            continue
        if len(marks) == 1 or (only_tie and marks == {"tie", None}):
            found.append((one, other, True))
        elif _RANKS[best[one]] > _RANKS[best[other]]:
            found.append((one, other, False))
        else:
            found.append((other, one, False))
    return found


def standings(turns: Iterable[Sequence[Rated]]) -> tuple[Standing, ...]:
    """All models that were rated or stood beside one: the highest score first, then those without
    one by their names."""
    wins: Wins[ModelRef] = Wins()
    won, lost, tied, bad = Counter[ModelRef](), Counter[ModelRef](), Counter[ModelRef](), Counter[ModelRef]()
    for turn in turns:
        for model, rating in turn:
            wins.add(model, model)
            bad[model] += rating == "bad"
        for better, worse, tie in outcomes(turn):
            if tie:
                tied.update((better, worse))
                wins.add(better, worse, 0.5)
                wins.add(worse, better, 0.5)
            else:
                won[better] += 1
                lost[worse] += 1
                wins.add(better, worse)
    groups = wins.groups()
    scores = strengths(wins, groups[0]) if groups else {}
    alone = {group[0] for group in groups if len(group) == 1}
    found: list[Standing] = []
    for model in wins.of:
        strength = scores.get(model)
        known = Standing(model=model, wins=won[model], losses=lost[model], ties=tied[model], bad=bad[model])
        if strength is None:
            found.append(msgspec.structs.replace(known, unknown="alone" if model in alone else "apart"))
            continue
        found.append(
            msgspec.structs.replace(
                known,
                score=strength.points,
                low=strength.low,
                high=strength.high,
                provisional=strength.corrected,
            )
        )
    return tuple(sorted(found, key=_order))


def _order(standing: Standing) -> tuple[bool, float, str]:
    return standing.score is None, -(standing.score or 0), str(standing.model)
