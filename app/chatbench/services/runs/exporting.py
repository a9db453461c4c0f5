"""Runs written to files: as tables, as a page, as JUnit XML; whole or not at all, some rows at a time."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from chatbench.core.checks import Check, Verdict
from chatbench.core.datasets import DataColumn, DataRow
from chatbench.core.errors import FormatError
from chatbench.core.runs import Cell, Run, RunRow
from chatbench.formats import run_html, run_junit
from chatbench.services.datasets import exporting as tables
from chatbench.services.runs.statistics import ColumnStatistics, Compared, RunStatistics, names_of
from chatbench.storage import failures
from chatbench.storage.runs import RunStore

RunFormat = Literal["csv", "jsonl", "xlsx", "html", "junit"]
FORMATS: dict[RunFormat, str] = {
    "csv": ".csv", "jsonl": ".jsonl", "xlsx": ".xlsx", "html": ".html", "junit": ".xml",
}  # fmt: skip
"""Each with the ending of its files."""
_PAGE = 200
_KNOWN = (
    "row", "row_id", "prompt", "model", "parameters", "repeat", "state", "answer", "passed", "score",
    "expected", "cost", "input_tokens", "output_tokens", "first_ms", "total_ms", "tries", "from_cache",
    "rating", "note", "error",
)  # fmt: skip


def format_of(path: Path) -> RunFormat:
    """By the ending of its name. Raises FormatError for one that is not known."""
    for form, ending in FORMATS.items():
        if path.suffix.lower() == ending:
            return form
    raise FormatError(f"{path.name} names no format.", f"Name it {', '.join(FORMATS.values())}.")


class Exporter:
    """Writes one run."""

    def __init__(
        self, run: Run, store: RunStore, statistics: RunStatistics, compared: Sequence[Compared]
    ) -> None:
        self._run, self._store, self._statistics, self._compared = run, store, statistics, compared
        self._names = names_of(run)

    async def export(self, form: RunFormat, path: Path) -> tuple[str, ...]:
        """Writes the file in place of what is there; returns what could not be written as it is. Raises
        StorageError, DiskFull, ReadOnly."""
        if form == "html":
            await _write(path, self._page())
        elif form == "junit":
            await _write(path, self._suites())
        else:
            names = await self._value_names()
            columns = [DataColumn(name=name) for name in (*_KNOWN, *names.values(), *self._check_names())]
            return await tables.export(columns, self._records(names), form, path)
        return ()

    # Tables

    async def _value_names(self) -> dict[str, str]:
        """The names of the rows' values → those of their columns: none is another's."""
        found: dict[str, str] = {}
        async for row, _ in self._rows():
            for name in row.values:
                found.setdefault(name, name if name not in _KNOWN else f"value {name}")
        return found

    def _check_names(self) -> list[str]:
        return [f"check {at + 1}: {check.title}" for at, check in enumerate(self._run.plan.checks)]

    async def _records(self, names: Mapping[str, str]) -> AsyncGenerator[list[DataRow], None]:
        group: list[DataRow] = []
        async for row, cells in self._rows():
            group += [DataRow(id="", values=self._record(row, cell, names)) for cell in cells]
            if len(group) >= _PAGE:
                yield group
                group = []
        yield group

    def _record(self, row: RunRow, cell: Cell, names: Mapping[str, str]) -> dict[str, Any]:
        column = self._run.columns[cell.key.column]
        told: dict[str, Any] = {
            "row": cell.key.row + 1,
            "row_id": row.id,
            "prompt": column.label,
            "model": column.model,
            "parameters": column.parameters.to_dict(),
            "repeat": cell.key.repeat + 1,
            "state": cell.state,
            "answer": cell.text,
            "passed": cell.passed,
            "score": cell.score,
            "expected": row.expected,
            "cost": None if cell.cost is None else format(cell.cost, "f"),
            "input_tokens": cell.usage.input_tokens,
            "output_tokens": cell.usage.output_tokens,
            "first_ms": cell.first_ms,
            "total_ms": cell.total_ms,
            "tries": cell.tries,
            "from_cache": cell.from_cache,
            "rating": cell.rating,
            "note": cell.note,
            "error": cell.error.message if cell.error is not None else None,
        }
        told.update((names[name], value) for name, value in row.values.items())
        told.update(
            (name, "passed" if one.passed else "not judged" if one.passed is None else "failed")
            for name, one in zip(self._check_names(), cell.verdicts, strict=False)
        )
        return {name: value for name, value in told.items() if value is not None}

    # The page

    async def _page(self) -> AsyncIterator[str]:
        run = self._run
        title = run.plan.name or f"Run {run.number}"
        whole = self._statistics.whole
        table_of = f"{run.rows:,} rows × {len(run.columns)} columns × {run.plan.repeats} repeats"
        cells = f"{run.done:,} answered, {run.failed:,} failed; {money(run.cost, run.unpriced)}"
        lines = [
            f"Run {run.number}: {table_of}, {cells}.",
            f"Passed: {rate(whole)}." if run.plan.checks else "",
        ]
        headings = ("Column", "Passed", "Score", "Failed", "Cost", "Tokens", "Median", "95 %")
        table = [headings, *(self._figures(one) for one in self._statistics.columns)]
        yield run_html.beginning(title, filter(None, lines), table, [one.words for one in self._compared])
        yield run_html.grid_beginning(("Row", *self._names))
        async for row, asked in self._rows():
            each: list[list[run_html.Shown]] = [[] for _ in run.columns]
            for cell in asked:
                each[cell.key.column].append(shown(cell, run.plan.checks))
            expected = {} if row.expected is None else {"expected": row.expected}
            yield run_html.grid_row({**row.values, **expected}, each)
        yield run_html.end()

    def _figures(self, column: ColumnStatistics) -> tuple[str, ...]:
        found = column.summary
        return (
            self._names[column.index],
            rate(column),
            "" if found.mean_score is None else f"{found.mean_score:.2f}",
            f"{column.failed:,}",
            money(found.cost, found.unpriced),
            f"{found.input_tokens:,} + {found.output_tokens:,}",
            seconds(found.median_ms),
            seconds(found.p95_ms),
        )

    # JUnit

    async def _suites(self) -> AsyncIterator[str]:
        yield run_junit.beginning(self._run.plan.name or f"Run {self._run.number}")
        for index, name in enumerate(self._names):
            tests = failed = errors = skipped = 0
            total = 0.0
            async for _, cells in self._rows():
                for cell in cells:
                    if cell.key.column == index:
                        case = self._case(cell)
                        tests, total = tests + 1, total + (case.seconds or 0)
                        errors += bool(case.error)
                        failed += bool(case.failure)
                        skipped += bool(case.skipped)
            yield run_junit.suite_beginning(
                run_junit.Suite(
                    name=name, tests=tests, failures=failed, errors=errors, skipped=skipped, seconds=total
                )
            )
            async for _, cells in self._rows():
                yield run_junit.cases(name, [self._case(one) for one in cells if one.key.column == index])
            yield run_junit.suite_end()
        yield run_junit.end()

    def _case(self, cell: Cell) -> run_junit.Case:
        checks = self._run.plan.checks
        repeat = f" repeat {cell.key.repeat + 1}" if self._run.plan.repeats > 1 else ""
        found = list(zip(checks, cell.verdicts, strict=False))
        wrong = "; ".join(said(check, one) for check, one in found if one.passed is False)
        unknown = "; ".join(said(check, one) for check, one in found if one.passed is None)
        return run_junit.Case(
            name=f"row {cell.key.row + 1}{repeat}",
            seconds=None if cell.total_ms is None else cell.total_ms / 1000,
            text=cell.text,
            error=cell.error.message if cell.error is not None else "",
            failure=(wrong or "The score is too low.") if cell.passed is False else "",
            skipped=unknown if cell.passed is None and checks else "",
        )

    async def _rows(self) -> AsyncIterator[tuple[RunRow, list[Cell]]]:
        run = self._run
        each = len(run.columns) * run.plan.repeats
        for first in range(0, run.rows, _PAGE):
            count = min(_PAGE, run.rows - first)
            cells: dict[int, list[Cell]] = {}
            for cell in await self._store.cells(run, first * each, count * each):
                cells.setdefault(cell.key.row, []).append(cell)
            for place, row in enumerate(await self._store.rows(run, first, count), first):
                yield row, cells.get(place, [])


def shown(cell: Cell, checks: Sequence[Check]) -> run_html.Shown:
    """A cell as the page shows it."""
    facts = [seconds(cell.total_ms), "price unknown" if cell.cost is None else money(cell.cost, 0)]
    return run_html.Shown(
        text=cell.text if cell.error is None else f"{cell.error.message} {cell.error.hint}".rstrip(),
        mark="fail" if cell.error is not None or cell.passed is False else "pass" if cell.passed else "",
        facts=" · ".join(filter(None, (*facts, cell.note))),
        checks=tuple(
            f"{'✓' if one.passed else '?' if one.passed is None else '✗'} {said(check, one)}"
            for check, one in zip(checks, cell.verdicts, strict=False)
        ),
    )


def said(check: Check, verdict: Verdict) -> str:
    """A check with what it found."""
    return f"{check.title}: {verdict.reason}" if verdict.reason else check.title


def rate(column: ColumnStatistics) -> str:
    """How many passed, with the interval in which the share surely is."""
    found = column.summary
    if found.rate is None or found.interval is None:
        return "–"
    low, high = found.interval
    return f"{found.rate:.0%} ({found.passed:,} of {found.judged:,}; 95 %: {low:.0%}–{high:.0%})"


def money(amount: Decimal, unpriced: int) -> str:
    """US dollars, and that some are unknown."""
    if unpriced:
        return f"${amount.normalize():f} and more of unknown price" if amount else "price unknown"
    return f"${amount.normalize():f}" if amount else "$0"


def seconds(ms: float | None) -> str:
    """A time in words."""
    return "" if ms is None else f"{ms / 1000:.2f} s" if ms < 10_000 else f"{ms / 1000:.1f} s"


async def _write(path: Path, pieces: AsyncIterator[str]) -> None:
    """All of it or nothing."""
    try:
        handle = tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False)  # noqa: SIM115
    except OSError as error:
        raise failures.system_error(error, path) from error
    unfinished = Path(handle.name)
    try:
        with handle:
            async for piece in pieces:
                await asyncio.to_thread(handle.write, piece.encode("utf-8", "replace"))
        await asyncio.to_thread(unfinished.replace, path)
    except OSError as error:
        raise failures.system_error(error, path) from error
    finally:
        await asyncio.to_thread(unfinished.unlink, missing_ok=True)
