"""Runs and their cells as the database has them: where each stands, and what its columns mean."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

import apsw
import msgspec

from chatbench.core.errors import StorageError
from chatbench.core.runs import Cell, CellKey, CellRating, Plan, Run, RunColumn
from chatbench.storage import rows as texts

WAITING, DONE, FAILED, UNCHECKED, REFUSED = range(5)
"""States of cells. UNCHECKED has its answer, and its checks are still to come; REFUSED has failed, and is
asked again when the run goes on."""
DUE = frozenset({WAITING, UNCHECKED, REFUSED})
CRASHED = "Chatbench ended while it ran."
_STATES = ("waiting", "done", "failed", "done", "failed")
PLACES = 32
LATEST, LOOKED = 10, 2000
"""Runs, and cells of each, by which a model is known."""
COLUMNS = "id, number, plan, columns, state, rows, done, failed, cost, unpriced, created_at, ended_at, reason"
CELLS = (
    "SELECT c.id, c.state, c.rating, a.details FROM run_cells c JOIN run_answers a USING (id) "
    "WHERE c.id BETWEEN ? AND ? ORDER BY c.id"
)
FIGURES = (
    "SELECT id, state, fingerprint, passed, checks, score, rating, cost, input_tokens, output_tokens, "
    "first_ms, total_ms FROM run_cells WHERE id BETWEEN ? AND ? ORDER BY id"
)
PUT = (
    "INSERT OR REPLACE INTO run_cells (id, state, fingerprint, passed, checks, score, cost, input_tokens, "
    "output_tokens, first_ms, total_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
CELL_TABLES = ("run_cells", "run_answers", "run_talks")
_STORED = re.compile(r'"sha256":"([0-9a-f]{64})"')
_decode_plan = msgspec.json.Decoder(Plan).decode
_decode_columns = msgspec.json.Decoder(tuple[RunColumn, ...]).decode
_decode_cell = msgspec.json.Decoder(Cell).decode


class RowData(msgspec.Struct, frozen=True, omit_defaults=True):
    """A row but for its id."""

    values: dict[str, Any] = {}
    expected: Any = None


decode_row = msgspec.json.Decoder(RowData).decode


class Finished(NamedTuple):
    """A cell to be written at its `place`. `checks` has a letter for each check of the plan: "1" passed,
    "0" failed, "-" could not be judged; "" not checked yet."""

    place: int
    cell: Cell
    state: int
    checks: str = ""


class Tally(NamedTuple):
    """What a group of cells changes: cells that became done and failed (or, below 0, are so no more), US
    dollars, and calls whose price is unknown."""

    done: int = 0
    failed: int = 0
    cost: Decimal = Decimal(0)
    unpriced: int = 0


class Figures(NamedTuple):
    """What is counted of a cell; `passed`, `checks` and `rating` as they are stored."""

    place: int
    state: int
    fingerprint: str
    passed: int | None
    checks: str
    score: float | None
    rating: str | None
    cost: str | None
    input_tokens: int
    output_tokens: int
    first_ms: int | None
    total_ms: int | None


def place_of(run: Run, key: CellKey) -> int:
    """Where a cell stands: row after row, in it column after column, in that repeat after repeat."""
    return (key.row * len(run.columns) + key.column) * run.plan.repeats + key.repeat


def key_of(run: Run, place: int) -> CellKey:
    """The cell that stands there."""
    rest, repeat = divmod(place, run.plan.repeats)
    row, column = divmod(rest, len(run.columns))
    return CellKey(row, column, repeat)


def place_id(run: Run, place: int) -> int:
    """The id under which a row, or a cell, of that place stands in its table."""
    return (run.number << PLACES) + place


def now_ms() -> int:
    """UTC milliseconds."""
    return time.time_ns() // 1_000_000


def found_run(connection: apsw.Connection, run_id: str) -> Run:
    """Raises StorageError where there is none."""
    wanted = f"SELECT {COLUMNS} FROM runs WHERE id = ?"  # noqa: S608
    row: Any = connection.execute(wanted, (run_id,)).fetchone()
    if row is None:
        raise StorageError("There is no such run.", "It may have been deleted.")
    return run_of(row)


def run_of(row: tuple[Any, ...]) -> Run:
    """From `COLUMNS`."""
    return Run(
        id=row[0], number=row[1], plan=_decode_plan(row[2]), columns=_decode_columns(row[3]), state=row[4],
        rows=row[5], done=row[6], failed=row[7], cost=Decimal(row[8]), unpriced=row[9], created_at=row[10],
        ended_at=row[11], reason=row[12],
    )  # fmt: skip


def cell_of(run: Run, row: tuple[Any, ...]) -> Cell:
    """From `CELLS`."""
    cell_id, state, rating, details = row
    cell = _decode_cell(details)
    told = "failed" if state == WAITING and cell.error is not None else _STATES[state]
    return msgspec.structs.replace(
        cell, key=key_of(run, cell_id - place_id(run, 0)), state=told, rating=rating_of(rating)
    )


def rating_of(stored: str | None) -> CellRating | None:
    """From the column of that name, which alone has it: the details of a cell are without."""
    return msgspec.convert(stored, CellRating | None, strict=False) if stored is not None else None


def figures_row(first: int, one: Finished) -> tuple[Any, ...]:
    """A row of `run_cells`; `first` is the id of the run's first cell."""
    cell = one.cell
    return (
        first + one.place, one.state, cell.fingerprint, cell.passed, one.checks, cell.score,
        None if cell.cost is None else format(cell.cost, "f"), cell.usage.input_tokens,
        cell.usage.output_tokens, cell.first_ms, cell.total_ms,
    )  # fmt: skip


def count_in(connection: apsw.Connection, run: Run, owner: str, tally: Tally) -> None:
    """Adds to the run's counts. Raises StorageError where it is not the owner's any more."""
    connection.execute(
        "UPDATE runs SET done = done + ?, failed = failed + ?, unpriced = unpriced + ? "
        "WHERE number = ? AND owner = ?",
        (tally.done, tally.failed, tally.unpriced, run.number, owner),
    )
    if not connection.changes():
        raise StorageError(f"Run {run.number} was deleted, or taken over by another process.")
    add_cost(connection, run, Tally(cost=tally.cost))


def add_cost(connection: apsw.Connection, run: Run, tally: Tally) -> None:
    """Adds money, and calls without a price, to what the run has cost."""
    row: Any = connection.execute("SELECT cost FROM runs WHERE number = ?", (run.number,)).fetchone()
    if row is None:
        raise StorageError("There is no such run.", "It may have been deleted.")
    connection.execute(
        "UPDATE runs SET cost = ?, unpriced = unpriced + ? WHERE number = ?",
        (format(Decimal(row[0]) + tally.cost, "f"), tally.unpriced, run.number),
    )


def counts(connection: apsw.Connection, run: Run) -> tuple[int, int]:
    """How many cells are done, and have failed, as they stand."""
    wanted = "SELECT total(state IN (1, 3)), total(state IN (2, 4)) FROM run_cells WHERE id BETWEEN ? AND ?"
    ends = place_id(run, 0), place_id(run, 2**PLACES - 1)
    row: Any = connection.execute(wanted, ends).fetchone()
    return int(row[0]), int(row[1])


def change(connection: apsw.Connection, cell_id: int, **changes: Any) -> None:
    """Writes other values into fields of a cell. Raises StorageError where it has not been asked."""
    row: Any = connection.execute("SELECT details FROM run_answers WHERE id = ?", (cell_id,)).fetchone()
    if row is None:
        raise StorageError("There is no answer in this cell.", "It has not been asked yet.")
    changed = msgspec.structs.replace(_decode_cell(row[0]), **changes)
    connection.execute("UPDATE run_answers SET details = ? WHERE id = ?", (texts.encode(changed), cell_id))


def rows_of(connection: apsw.Connection, wanted: str) -> list[Any]:
    """All rows at once: they may be changed while they are gone through."""
    return connection.execute(wanted).fetchall()


def delete_places(connection: apsw.Connection, table: str, first: int, last: int) -> None:
    """Deletes what stands from one id to another, both inside."""
    connection.execute(f"DELETE FROM {table} WHERE id BETWEEN ? AND ?", (first, last))  # noqa: S608


def delete_run(connection: apsw.Connection, number: int) -> None:
    """The run with all that belongs to it."""
    first = number << PLACES
    for table in ("run_rows", *CELL_TABLES):
        delete_places(connection, table, first, first + 2**PLACES - 1)
    connection.execute("DELETE FROM run_files WHERE number = ?", (number,))
    connection.execute("DELETE FROM runs WHERE number = ?", (number,))


def keep_files(connection: apsw.Connection, number: int, told: Iterable[str]) -> None:
    """The stored files that these JSON texts name stay as long as the run does."""
    found = {sha256 for text in told for sha256 in _STORED.findall(text)}
    connection.executemany(
        "INSERT OR IGNORE INTO run_files (number, sha256) VALUES (?, ?)", [(number, one) for one in found]
    )
