"""The runs of a profile: their plans, their rows as they were, their cells as they are finished."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import apsw
import msgspec

from chatbench.core.errors import ConfigurationError, StorageError
from chatbench.core.ids import new_id
from chatbench.core.runs import Cell, CellKey, Plan, Run, RunColumn, RunRow, RunState
from chatbench.storage import rows as texts
from chatbench.storage.database import Database
from chatbench.storage.owners import Owner

WAITING, DONE, FAILED, UNCHECKED, REFUSED = range(5)
"""States of cells. UNCHECKED has its answer, and its checks are still to come; REFUSED has failed, and is
asked again when the run goes on."""
DUE = frozenset({WAITING, UNCHECKED, REFUSED})
CRASHED = "Chatbench ended while it ran."
_STATES = ("waiting", "done", "failed", "done", "failed")
_PLACES = 32
_LATEST, _LOOKED = 10, 2000
"""Runs, and cells of each, by which a model is known."""
_COLUMNS = (
    "id, number, plan, columns, state, rows, done, failed, cost, unpriced, created_at, ended_at, reason"
)
_CELLS = (
    "SELECT c.id, c.state, c.rating, a.details FROM run_cells c JOIN run_answers a USING (id) "
    "WHERE c.id BETWEEN ? AND ? ORDER BY c.id"
)
_FIGURES = (
    "SELECT id, state, fingerprint, passed, checks, score, rating, cost, input_tokens, output_tokens, "
    "first_ms, total_ms FROM run_cells WHERE id BETWEEN ? AND ? ORDER BY id"
)
_decode_plan = msgspec.json.Decoder(Plan).decode
_decode_columns = msgspec.json.Decoder(tuple[RunColumn, ...]).decode
_decode_cell = msgspec.json.Decoder(Cell).decode


class _RowData(msgspec.Struct, frozen=True, omit_defaults=True):
    """A row but for its id."""

    values: dict[str, Any] = {}
    expected: Any = None


_decode_row = msgspec.json.Decoder(_RowData).decode


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
    """What is counted of a cell; `passed` and `checks` as they are stored."""

    place: int
    state: int
    fingerprint: str
    passed: int | None
    checks: str
    score: float | None
    rating: int | None
    cost: str | None
    input_tokens: int
    output_tokens: int
    first_ms: int | None
    total_ms: int | None


class RunStore:
    """Every write is one transaction. All methods raise StorageError and its kinds; those that are given a
    run's id also where there is no such run."""

    def __init__(self, database: Database, owner: Owner) -> None:
        self._database = database
        self._owner = owner

    # Runs

    async def create(self, plan: Plan, columns: Sequence[RunColumn]) -> Run:
        """A new run without rows, which is this process's until it is left. Rows that stand in the plan are
        not kept with it: they are added as all others."""
        run_id, now = new_id(), _now_ms()
        plan = msgspec.structs.replace(plan, data=msgspec.structs.replace(plan.data, rows=()))

        def write(connection: apsw.Connection) -> Run:
            connection.execute(
                "INSERT INTO runs (id, plan, columns, state, owner, created_at) VALUES (?, ?, ?, ?, ?, ?)",
                (run_id, texts.encode(plan), texts.encode(tuple(columns)), "waiting", self._owner.id, now),
            )
            return _found(connection, run_id)

        return await self._database.write(write)

    async def add_rows(self, run: Run, first: int, rows: Sequence[RunRow]) -> None:
        """Puts rows into the places from `first` on, in place of what stood there."""
        start = _place_id(run, first)

        def write(connection: apsw.Connection) -> None:
            connection.executemany(
                "INSERT OR REPLACE INTO run_rows VALUES (?, ?, ?)",
                (
                    (start + at, row.id, texts.encode(_RowData(row.values, row.expected)))
                    for at, row in enumerate(rows)
                ),
            )

        await self._database.write(write)

    async def settle(self, run: Run, rows: int, columns: Sequence[RunColumn] | None = None) -> Run:
        """It has so many rows; what stood in places beyond them goes. `columns` replace what was
        frozen of each."""

        def write(connection: apsw.Connection) -> Run:
            last = _place_id(run, 2**_PLACES - 1)
            _delete(connection, "run_rows", _place_id(run, rows), last)
            for table in ("run_cells", "run_answers"):
                first = _place_id(run, rows * len(run.columns) * run.plan.repeats)
                _delete(connection, table, first, last)
            done, failed = _counts(connection, run)
            connection.execute(
                "UPDATE runs SET rows = ?, done = ?, failed = ? WHERE number = ?",
                (rows, done, failed, run.number),
            )
            if columns is not None:
                told = texts.encode(tuple(columns))
                connection.execute("UPDATE runs SET columns = ? WHERE number = ?", (told, run.number))
            return _found(connection, run.id)

        return await self._database.write(write)

    async def replan(self, run: Run, plan: Plan) -> Run:
        """The run by another plan."""

        def write(connection: apsw.Connection) -> Run:
            told = texts.encode(plan)
            connection.execute("UPDATE runs SET plan = ? WHERE number = ?", (told, run.number))
            return _found(connection, run.id)

        return await self._database.write(write)

    async def claim(self, run_id: str, plan: Plan | None = None) -> Run:
        """From now on this process runs it, by `plan` if one is given. Raises ConfigurationError where
        another process does."""

        def write(connection: apsw.Connection) -> Run:
            run = _found(connection, run_id)
            self._refuse_taken(connection, run)
            connection.execute(
                "UPDATE runs SET state = 'running', reason = '', ended_at = NULL, owner = ?, plan = ? "
                "WHERE number = ?",
                (self._owner.id, texts.encode(plan or run.plan), run.number),
            )
            return _found(connection, run_id)

        return await self._database.write(write)

    async def leave(self, run: Run, state: RunState, reason: str = "") -> Run:
        """This process runs it no more."""
        ended = _now_ms() if state in ("done", "stopped") else None

        def write(connection: apsw.Connection) -> Run:
            connection.execute(
                "UPDATE runs SET state = ?, reason = ?, ended_at = ?, owner = NULL WHERE number = ?",
                (state, texts.plain(reason), ended, run.number),
            )
            return _found(connection, run.id)

        return await self._database.write(write)

    async def release_orphans(self) -> list[str]:
        """Runs whose process is gone become paused, those without rows yet are deleted; ids of both."""
        wanted = "SELECT id, number, owner, rows FROM runs WHERE owner IS NOT NULL"
        held = await self._database.read(lambda c: c.execute(wanted).fetchall())
        if not any(not self._owner.is_alive(str(owner)) for _, _, owner, _ in held):
            return []

        def write(connection: apsw.Connection) -> list[str]:
            gone: list[str] = []
            for run_id, number, owner, count in _rows(connection, wanted):
                if self._owner.is_alive(str(owner)):
                    continue
                gone.append(str(run_id))
                if count:
                    connection.execute(
                        "UPDATE runs SET state = 'paused', reason = ?, owner = NULL WHERE number = ?",
                        (CRASHED, number),
                    )
                else:
                    _delete_run(connection, number)
            return gone

        return await self._database.write(write)

    async def all(self) -> list[Run]:
        """Newest first, but for those that are still being made."""
        wanted = f"SELECT {_COLUMNS} FROM runs WHERE state != 'waiting' ORDER BY number DESC"  # noqa: S608
        return await self._database.read(lambda c: [_run(row) for row in c.execute(wanted)])

    async def get(self, run_id: str) -> Run:
        """One of them."""
        return await self._database.read(lambda c: _found(c, run_id))

    async def delete(self, run_id: str) -> None:
        """For good, its cells too. Raises ConfigurationError while it runs elsewhere."""

        def write(connection: apsw.Connection) -> None:
            run = _found(connection, run_id)
            self._refuse_taken(connection, run)
            _delete_run(connection, run.number)

        await self._database.write(write)

    def _refuse_taken(self, connection: apsw.Connection, run: Run) -> None:
        row: Any = connection.execute("SELECT owner FROM runs WHERE number = ?", (run.number,)).fetchone()
        owner = row[0]
        if owner is not None and owner != self._owner.id and self._owner.is_alive(str(owner)):
            raise ConfigurationError(
                f"Another Chatbench process is at run {run.number}.", "Pause it there, or wait for its end."
            )

    # Rows and cells

    async def rows(self, run: Run, first: int, count: int) -> list[RunRow]:
        """The rows in these places."""
        wanted = "SELECT row_id, data FROM run_rows WHERE id BETWEEN ? AND ? ORDER BY id"
        ends = _place_id(run, first), _place_id(run, first + count - 1)

        def read(connection: apsw.Connection) -> list[RunRow]:
            found = []
            for row_id, data in connection.execute(wanted, ends):
                told = _decode_row(data)
                found.append(RunRow(id=row_id, values=told.values, expected=told.expected))
            return found

        return await self._database.read(read)

    async def row_ids(self, run: Run) -> dict[int, str]:
        """The id of each row by its place."""
        wanted = "SELECT id, row_id FROM run_rows WHERE id BETWEEN ? AND ?"
        first = _place_id(run, 0)
        ends = first, first + run.rows - 1
        return await self._database.read(
            lambda c: {row[0] - first: row[1] for row in c.execute(wanted, ends)}
        )

    async def states(self, run: Run) -> bytearray:
        """A byte for each place of the table: the state of its cell."""
        wanted = "SELECT id, state FROM run_cells WHERE id BETWEEN ? AND ?"
        first = _place_id(run, 0)

        def read(connection: apsw.Connection) -> bytearray:
            found = bytearray(run.total)
            for cell_id, state in connection.execute(wanted, (first, first + run.total - 1)):
                found[cell_id - first] = state
            return found

        return await self._database.read(read)

    async def passed(self, run: Run) -> int:
        """How many of its cells passed."""
        wanted = "SELECT count(*) FROM run_cells WHERE id BETWEEN ? AND ? AND passed = 1 AND state != 0"
        ends = _place_id(run, 0), _place_id(run, run.total - 1)
        return await self._database.read(lambda c: int(c.execute(wanted, ends).get))

    async def put(self, run: Run, finished: Sequence[Finished], tally: Tally) -> None:
        """Writes cells, and what they change of the run's counts, as one. Raises StorageError where the run
        is this process's no more."""
        first = _place_id(run, 0)

        def write(connection: apsw.Connection) -> None:
            _count(connection, run, self._owner.id, tally)
            connection.executemany(
                "INSERT OR REPLACE INTO run_cells VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [_figures_row(first, one) for one in finished],
            )
            connection.executemany(
                "INSERT OR REPLACE INTO run_answers VALUES (?, ?)",
                [(first + one.place, texts.encode(one.cell)) for one in finished],
            )

        await self._database.write(write)

    async def judge(self, run: Run, finished: Sequence[Finished], cost: Decimal, unpriced: int) -> None:
        """Writes what checks found of cells that are there, and what graders cost; whoever runs it."""
        first = _place_id(run, 0)

        def write(connection: apsw.Connection) -> None:
            _add_cost(connection, run, Tally(cost=cost, unpriced=unpriced))
            for one in finished:
                cell_id = first + one.place
                connection.execute(
                    "UPDATE run_cells SET passed = ?, checks = ?, score = ? WHERE id = ?",
                    (one.cell.passed, one.checks, one.cell.score, cell_id),
                )
                _change(
                    connection, cell_id,
                    verdicts=one.cell.verdicts, passed=one.cell.passed, score=one.cell.score,
                )  # fmt: skip

        await self._database.write(write)

    async def rate(self, run: Run, place: int, rating: int | None, note: str) -> None:
        """A person's judgement of a cell."""
        cell_id = _place_id(run, place)

        def write(connection: apsw.Connection) -> None:
            connection.execute("UPDATE run_cells SET rating = ? WHERE id = ?", (rating, cell_id))
            _change(connection, cell_id, rating=rating, note=texts.plain(note))

        await self._database.write(write)

    async def reset(self, run: Run, places: Iterable[int]) -> None:
        """These cells are to be asked again; until they are, their answers stay to be seen."""
        first = _place_id(run, 0)

        def write(connection: apsw.Connection) -> None:
            before = _counts(connection, run)
            connection.executemany(
                "UPDATE run_cells SET state = 0 WHERE id = ?", ((first + place,) for place in places)
            )
            after = _counts(connection, run)
            connection.execute(
                "UPDATE runs SET done = done + ?, failed = failed + ? WHERE number = ?",
                (after[0] - before[0], after[1] - before[1], run.number),
            )

        await self._database.write(write)

    async def failing_rows(self, run: Run, check: int | None = None) -> list[int]:
        """The places of rows in which a cell failed or did not pass; of `check` (its place in the plan), in
        which that one did not."""
        first, each = _place_id(run, 0), len(run.columns) * run.plan.repeats
        failing = "(state IN (2, 4) OR passed = 0)" if check is None else "substr(checks, ?, 1) = '0'"
        wanted = (
            "SELECT DISTINCT (id - ?) / ? FROM run_cells "  # noqa: S608
            f"WHERE id BETWEEN ? AND ? AND state != 0 AND {failing} ORDER BY 1"
        )
        given = (first, each, first, first + run.total - 1, *(() if check is None else (check + 1,)))
        return await self._database.read(lambda c: [int(row[0]) for row in c.execute(wanted, given)])

    async def cells(self, run: Run, first: int, count: int) -> list[Cell]:
        """The cells in these places that have been asked, in their order."""
        ends = _place_id(run, first), _place_id(run, first + count - 1)
        return await self._database.read(lambda c: [_cell(run, row) for row in c.execute(_CELLS, ends)])

    async def cell(self, run: Run, place: int) -> Cell | None:
        """The cell in one place; None where it has not been asked."""
        found = await self.cells(run, place, 1)
        return found[0] if found else None

    async def usual(self) -> dict[str, tuple[float, float]]:
        """What answers of each model have lately been like: output tokens and milliseconds, on the mean."""
        wanted = (
            "SELECT (id - ?) / ? % ?, avg(output_tokens), avg(total_ms) FROM run_cells "
            "WHERE id BETWEEN ? AND ? AND state IN (1, 3) AND total_ms > 0 GROUP BY 1"
        )

        def read(connection: apsw.Connection) -> dict[str, tuple[float, float]]:
            found: dict[str, tuple[float, float]] = {}
            latest = f"SELECT {_COLUMNS} FROM runs ORDER BY number DESC LIMIT {_LATEST}"  # noqa: S608
            for run in [_run(row) for row in connection.execute(latest)]:
                first = _place_id(run, 0)
                width = run.plan.repeats, len(run.columns)
                for column, tokens, ms in connection.execute(wanted, (first, *width, first, first + _LOOKED)):
                    found.setdefault(run.columns[column].model, (tokens, ms))
            return found

        return await self._database.read(read)

    async def figures(self, run: Run) -> list[Figures]:
        """The figures of all cells that have been asked, in their order."""
        first = _place_id(run, 0)
        ends = first, first + run.total - 1

        def read(connection: apsw.Connection) -> list[Figures]:
            return [Figures(row[0] - first, *row[1:]) for row in connection.execute(_FIGURES, ends)]

        return await self._database.read(read)


def place_of(run: Run, key: CellKey) -> int:
    """Where a cell stands: row after row, in it column after column, in that repeat after repeat."""
    return (key.row * len(run.columns) + key.column) * run.plan.repeats + key.repeat


def key_of(run: Run, place: int) -> CellKey:
    """The cell that stands there."""
    rest, repeat = divmod(place, run.plan.repeats)
    row, column = divmod(rest, len(run.columns))
    return CellKey(row, column, repeat)


def _place_id(run: Run, place: int) -> int:
    return (run.number << _PLACES) + place


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _found(connection: apsw.Connection, run_id: str) -> Run:
    wanted = f"SELECT {_COLUMNS} FROM runs WHERE id = ?"  # noqa: S608
    row: Any = connection.execute(wanted, (run_id,)).fetchone()
    if row is None:
        raise StorageError("There is no such run.", "It may have been deleted.")
    return _run(row)


def _run(row: tuple[Any, ...]) -> Run:
    return Run(
        id=row[0], number=row[1], plan=_decode_plan(row[2]), columns=_decode_columns(row[3]), state=row[4],
        rows=row[5], done=row[6], failed=row[7], cost=Decimal(row[8]), unpriced=row[9], created_at=row[10],
        ended_at=row[11], reason=row[12],
    )  # fmt: skip


def _cell(run: Run, row: tuple[Any, ...]) -> Cell:
    cell_id, state, rating, details = row
    cell = _decode_cell(details)
    told = "failed" if state == WAITING and cell.error is not None else _STATES[state]
    return msgspec.structs.replace(
        cell, key=key_of(run, cell_id - _place_id(run, 0)), state=told, rating=rating
    )


def _figures_row(first: int, one: Finished) -> tuple[Any, ...]:
    cell = one.cell
    return (
        first + one.place, one.state, cell.fingerprint, cell.passed, one.checks, cell.score, cell.rating,
        None if cell.cost is None else format(cell.cost, "f"), cell.usage.input_tokens,
        cell.usage.output_tokens, cell.first_ms, cell.total_ms,
    )  # fmt: skip


def _count(connection: apsw.Connection, run: Run, owner: str, tally: Tally) -> None:
    connection.execute(
        "UPDATE runs SET done = done + ?, failed = failed + ?, unpriced = unpriced + ? "
        "WHERE number = ? AND owner = ?",
        (tally.done, tally.failed, tally.unpriced, run.number, owner),
    )
    if not connection.changes():
        raise StorageError(f"Run {run.number} was deleted, or taken over by another process.")
    _add_cost(connection, run, Tally(cost=tally.cost))


def _add_cost(connection: apsw.Connection, run: Run, tally: Tally) -> None:
    row: Any = connection.execute("SELECT cost FROM runs WHERE number = ?", (run.number,)).fetchone()
    if row is None:
        raise StorageError("There is no such run.", "It may have been deleted.")
    connection.execute(
        "UPDATE runs SET cost = ?, unpriced = unpriced + ? WHERE number = ?",
        (format(Decimal(row[0]) + tally.cost, "f"), tally.unpriced, run.number),
    )


def _counts(connection: apsw.Connection, run: Run) -> tuple[int, int]:
    wanted = "SELECT total(state IN (1, 3)), total(state IN (2, 4)) FROM run_cells WHERE id BETWEEN ? AND ?"
    ends = _place_id(run, 0), _place_id(run, 2**_PLACES - 1)
    row: Any = connection.execute(wanted, ends).fetchone()
    return int(row[0]), int(row[1])


def _change(connection: apsw.Connection, cell_id: int, **changes: Any) -> None:
    row: Any = connection.execute("SELECT details FROM run_answers WHERE id = ?", (cell_id,)).fetchone()
    if row is None:
        raise StorageError("There is no answer in this cell.", "It has not been asked yet.")
    changed = msgspec.structs.replace(_decode_cell(row[0]), **changes)
    connection.execute("UPDATE run_answers SET details = ? WHERE id = ?", (texts.encode(changed), cell_id))


def _rows(connection: apsw.Connection, wanted: str) -> list[Any]:
    return connection.execute(wanted).fetchall()


def _delete(connection: apsw.Connection, table: str, first: int, last: int) -> None:
    connection.execute(f"DELETE FROM {table} WHERE id BETWEEN ? AND ?", (first, last))  # noqa: S608


def _delete_run(connection: apsw.Connection, number: int) -> None:
    first = number << _PLACES
    for table in ("run_rows", "run_cells", "run_answers"):
        _delete(connection, table, first, first + 2**_PLACES - 1)
    connection.execute("DELETE FROM runs WHERE number = ?", (number,))
