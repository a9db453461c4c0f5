"""What the terminal says of runs: the same numbers as lines and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from chatbench.core.runs import Run
from chatbench.services.exchange import iso
from chatbench.services.runs import ColumnStatistics, Forecast, RunStatistics, names_of
from chatbench.services.runs.exporting import money, rate, seconds


def forecast_lines(forecast: Forecast) -> Iterator[str]:
    """What a run would take."""
    graded = f", and {forecast.grading_calls:,} to graders" if forecast.grading_calls else ""
    yield (
        f"{forecast.rows:,} rows × {len(forecast.columns)} columns: {forecast.calls:,} calls{graded}, "
        f"≈ {forecast.input_tokens:,} + {forecast.output_tokens:,} tokens"
    )
    yield (
        f"≈ {_amount(forecast.cost)}; with the provider's cache ≈ {_amount(forecast.cost_with_cache)}; "
        f"as batch jobs ≈ {_amount(forecast.cost_in_batches)}"
    )
    if forecast.seconds is not None:
        minutes, rest = divmod(round(forecast.seconds), 60)
        yield f"≈ {f'{minutes:,} min' if minutes else f'{rest} s'} at the limits there are"
    for told in forecast.notes:
        yield f"Note: {told}"
    for problem in forecast.problems:
        yield f"Problem: {problem}"
    yield "Nothing was sent."


def statistics_lines(run: Run, statistics: RunStatistics) -> Iterator[str]:
    """How a run ended, column by column."""
    title = f" ({run.plan.name})" if run.plan.name else ""
    counts = f"{run.done:,} of {run.total:,} cells answered"
    failed = f", {run.failed:,} failed" if run.failed else ""
    yield f"Run {run.number}{title}: {run.state}, {counts}{failed}, {money(run.cost, run.unpriced)}"
    for name, column in zip(names_of(run), statistics.columns, strict=True):
        yield f"  {name}"
        yield f"    {' · '.join(_figures(run, column))}"
        for check, count in zip(run.plan.checks, column.failed_checks, strict=True):
            if count:
                yield f"    {check.title}: {count:,} did not pass"


def _figures(run: Run, column: ColumnStatistics) -> Iterator[str]:
    found = column.summary
    if run.plan.checks:
        yield f"passed {rate(column)}"
        if found.mean_score is not None:
            yield f"score {found.mean_score:.2f}"
    yield f"{column.done:,} answered"
    if column.failed:
        yield f"{column.failed:,} failed"
    yield money(found.cost, found.unpriced)
    yield f"{found.input_tokens:,} + {found.output_tokens:,} tokens"
    if found.median_ms is not None:
        yield f"median {seconds(found.median_ms)}, 95 % {seconds(found.p95_ms)}"


def summary_object(run: Run) -> dict[str, Any]:
    """A run as it is listed."""
    return {
        "id": run.id,
        "number": run.number,
        "name": run.plan.name,
        "state": run.state,
        "reason": run.reason or None,
        "rows": run.rows,
        "columns": len(run.columns),
        "cells": run.total,
        "done": run.done,
        "failed": run.failed,
        "cost": format(run.cost, "f"),
        "unpriced_calls": run.unpriced,
        "created_at": iso(run.created_at),
        "ended_at": iso(run.ended_at) if run.ended_at else None,
    }


def run_object(run: Run, statistics: RunStatistics) -> dict[str, Any]:
    """A run with what its cells say."""
    columns = [
        {
            "label": column.label,
            "model": column.model,
            "parameters": column.parameters.to_dict(),
            "prompt_id": column.prompt_id or None,
            "version": column.version,
            "key": column.key,
            **_column_object(run, found),
        }
        for column, found in zip(run.columns, statistics.columns, strict=True)
    ]
    return {**summary_object(run), "whole": _column_object(run, statistics.whole), "table": columns}


def _column_object(run: Run, column: ColumnStatistics) -> dict[str, Any]:
    found = column.summary
    return {
        "done": column.done,
        "failed": column.failed,
        "judged": found.judged,
        "passed": found.passed,
        "pass_rate": found.rate,
        "interval": list(found.interval) if found.interval is not None else None,
        "mean_score": found.mean_score,
        "cost": format(found.cost, "f"),
        "unpriced": found.unpriced,
        "input_tokens": found.input_tokens,
        "output_tokens": found.output_tokens,
        "median_ms": found.median_ms,
        "p95_ms": found.p95_ms,
        "failed_checks": {
            check.title: count for check, count in zip(run.plan.checks, column.failed_checks, strict=True)
        },
    }


def _amount(amount: Decimal | None) -> str:
    return "an unknown price" if amount is None else f"${amount:.4f}"
