"""What a run's figures say: each column by itself, columns beside each other, one run after another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

import msgspec

from chatbench.core.runs import Run
from chatbench.evaluation.statistics import (
    Changed,
    Paired,
    Summary,
    changed,
    compare_passes,
    compare_scores,
    means_by_row,
    pareto,
    summary,
)
from chatbench.storage.runs import DONE, FAILED, REFUSED, UNCHECKED, WAITING, Figures

_ANSWERED, _WITHOUT = (DONE, UNCHECKED), (FAILED, REFUSED)


class ColumnStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """A column: `done` cells have their answer, `failed` none. A cell without an answer passes no check: it
    is among those judged where the plan has checks. `failed_checks` has, by the place of each check, how
    many answers did not pass it; `repeat_agreement` is the share of rows whose repeats all came to the same
    (None without repeats). `best_value`: no other column is as good for less."""

    index: int
    summary: Summary
    done: int = 0
    failed: int = 0
    failed_checks: tuple[int, ...] = ()
    repeat_agreement: float | None = None
    best_value: bool = False


class RunStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """A run: its columns, and all its cells together."""

    columns: tuple[ColumnStatistics, ...]
    whole: ColumnStatistics


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """Two columns on the rows they share, by passes and by scores, in plain words; `rows` that came out
    otherwise, by their ids. Repeats of a row count as one: it passes if most of them do."""

    first: str
    second: str
    names: tuple[str, str]
    """Of the columns, without their runs."""
    numbers: tuple[int, int]
    """Of the runs."""
    passes: Paired
    scores: Paired
    judged: Paired
    """By scores where nothing passed or failed, else by passes; that is what the words tell of."""
    words: str
    rows: Changed


class _Outcome(NamedTuple):
    """Of one cell: whether it passed, and how well."""

    passed: bool | None
    score: float | None


def statistics_of(run: Run, figures: Sequence[Figures]) -> RunStatistics:
    """What the figures of all cells say."""
    width = len(run.columns)
    each: list[list[Figures]] = [[] for _ in range(width)]
    for one in figures:
        each[one.place // run.plan.repeats % width].append(one)
    columns = [_column(run, index, found) for index, found in enumerate(each)]
    best = set(pareto([(_each(one), one.summary.rate) for one in columns])) if width > 1 else set()
    return RunStatistics(
        columns=tuple(msgspec.structs.replace(one, best_value=one.index in best) for one in columns),
        whole=_column(run, -1, figures),
    )


def compared(
    first: tuple[Run, int, Sequence[Figures], dict[int, str]],
    second: tuple[Run, int, Sequence[Figures], dict[int, str]],
) -> Compared:
    """Two columns, of one run or of two: each a run, the index of a column, the figures of the run's cells,
    and the ids of its rows by their places."""
    plain = (_name(*first[:2]), _name(*second[:2]))
    numbers = (first[0].number, second[0].number)
    names = plain
    if first[0].id != second[0].id:
        names = (f"{plain[0]} (run {numbers[0]})", f"{plain[1]} (run {numbers[1]})")
    before, after = (_by_row(*side) for side in (first, second))
    shared = [row for row in after if row in before]
    passes = compare_passes([before[row].passed for row in shared], [after[row].passed for row in shared])
    scores = compare_scores([before[row].score for row in shared], [after[row].score for row in shared])
    judged = passes if passes.rows else scores
    return Compared(
        first=names[0],
        second=names[1],
        names=plain,
        numbers=numbers,
        passes=passes,
        scores=scores,
        judged=judged,
        words=judged.words(*names),
        rows=changed(
            {row: one.passed for row, one in before.items()}, {row: one.passed for row, one in after.items()}
        ),
    )


def _each(column: ColumnStatistics) -> Decimal | None:
    """US dollars of one answer; None where a price is unknown."""
    if column.summary.unpriced or not column.done:
        return None
    return column.summary.cost / column.done


def _name(run: Run, index: int) -> str:
    """The label of a column; with what tells it from others of that name."""
    column = run.columns[index]
    given = ", ".join(f"{name}={value}" for name, value in column.parameters.given().items())
    return " · ".join(filter(None, (column.label, column.model, given)))


def names_of(run: Run) -> list[str]:
    """What tells each column from the others, in words."""
    return [_name(run, column.index) for column in run.columns]


def _column(run: Run, index: int, figures: Sequence[Figures]) -> ColumnStatistics:
    answered = [one for one in figures if one.state in _ANSWERED]
    failed = [one for one in figures if one.state in _WITHOUT]
    checked = bool(run.plan.checks)
    passed = [None if one.passed is None else bool(one.passed) for one in answered]
    found = summary(
        [*passed, *([False] * len(failed) if checked else [])],
        scores=[one.score for one in answered],
        costs=[None if one.cost is None else Decimal(one.cost) for one in answered],
        input_tokens=[one.input_tokens for one in answered],
        output_tokens=[one.output_tokens for one in answered],
        times_ms=[one.total_ms for one in answered],
    )
    return ColumnStatistics(
        index=index,
        summary=found,
        done=len(answered),
        failed=len(failed),
        failed_checks=tuple(
            sum(one.checks[at : at + 1] == "0" for one in answered) for at in range(len(run.plan.checks))
        ),
        repeat_agreement=_agreement(run, answered),
    )


def _agreement(run: Run, figures: Iterable[Figures]) -> float | None:
    if run.plan.repeats < 2 or not run.plan.checks:
        return None
    cells: dict[int, set[int | None]] = {}
    for one in figures:
        cells.setdefault(one.place // run.plan.repeats, set()).add(one.passed)
    return sum(len(found) == 1 for found in cells.values()) / len(cells) if cells else None


def _by_row(run: Run, index: int, figures: Sequence[Figures], ids: dict[int, str]) -> dict[str, _Outcome]:
    """One outcome a row, out of its repeats."""
    passes: list[tuple[str, float | None]] = []
    scores: list[tuple[str, float | None]] = []
    repeats, width = run.plan.repeats, len(run.columns)
    for one in figures:
        place, column = divmod(one.place // repeats, width)
        if column != index or one.state == WAITING:
            continue
        row = ids.get(place, str(place + 1))
        without = one.state in _WITHOUT and bool(run.plan.checks)
        passes.append((row, 0.0 if without else one.passed))
        scores.append((row, 0.0 if without else one.score))
    means = means_by_row(passes)
    score = means_by_row(scores)
    return {row: _Outcome(None if share is None else share > 0.5, score[row]) for row, share in means.items()}
