"""The runs of a profile: their plans, their rows as they were, their cells as they are finished."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import apsw
import msgspec

from chatbench.core.errors import ConfigurationError
from chatbench.core.ids import new_id
from chatbench.core.runs import Cell, Plan, Run, RunColumn, RunRow, RunState
from chatbench.storage import rows as texts
from chatbench.storage.database import Database
from chatbench.storage.owners import Owner
from chatbench.storage.runrows import (
    CELLS,
    COLUMNS,
    FIGURES,
    LATEST,
    LOOKED,
    PLACES,
    RowData,
    add_cost,
    cell_of,
    change,
    count_in,
    counts,
    decode_row,
    delete_places,
    delete_run,
    figures_row,
    found_run,
    keep_files,
    now_ms,
    place_id,
    rows_of,
    run_of,
)
from chatbench.storage.runrows import CRASHED as CRASHED
from chatbench.storage.runrows import DONE as DONE
from chatbench.storage.runrows import DUE as DUE
from chatbench.storage.runrows import FAILED as FAILED
from chatbench.storage.runrows import REFUSED as REFUSED
from chatbench.storage.runrows import UNCHECKED as UNCHECKED
from chatbench.storage.runrows import WAITING as WAITING
from chatbench.storage.runrows import Figures as Figures
from chatbench.storage.runrows import Finished as Finished
from chatbench.storage.runrows import Tally as Tally
from chatbench.storage.runrows import key_of as key_of
from chatbench.storage.runrows import place_of as place_of


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
        run_id, now = new_id(), now_ms()
        plan = msgspec.structs.replace(plan, data=msgspec.structs.replace(plan.data, rows=()))

        def write(connection: apsw.Connection) -> Run:
            connection.execute(
                "INSERT INTO runs (id, plan, columns, state, owner, created_at) VALUES (?, ?, ?, ?, ?, ?)",
                (run_id, texts.encode(plan), texts.encode(tuple(columns)), "waiting", self._owner.id, now),
            )
            run = found_run(connection, run_id)
            keep_files(connection, run.number, [texts.encode(run.columns)])
            return run

        return await self._database.write(write)

    async def add_rows(self, run: Run, first: int, rows: Sequence[RunRow]) -> None:
        """Puts rows into the places from `first` on, in place of what stood there."""
        start = place_id(run, first)
        told = [texts.encode(RowData(row.values, row.expected)) for row in rows]

        def write(connection: apsw.Connection) -> None:
            connection.executemany(
                "INSERT OR REPLACE INTO run_rows VALUES (?, ?, ?)",
                [(start + at, row.id, told[at]) for at, row in enumerate(rows)],
            )
            keep_files(connection, run.number, told)

        await self._database.write(write)

    async def rearrange(self, run: Run, before: Sequence[int | None]) -> None:
        """Its rows stand in other places: the cells of each go along with it. `before` has for each new place
        the one where the row stood (None: it is new); cells of rows that are in none go."""
        each = len(run.columns) * run.plan.repeats
        moved = [(new, old) for new, old in enumerate(before) if old is not None and old != new]
        gone = sorted(set(range(run.rows)).difference(old for old in before if old is not None))

        def write(connection: apsw.Connection) -> None:
            for table in ("run_cells", "run_answers"):
                for old in gone:
                    first = place_id(run, old * each)
                    delete_places(connection, table, first, first + each - 1)
                # By way of ids that no cell has: two rows may change places.
                connection.executemany(
                    f"UPDATE {table} SET id = -(id + ?) WHERE id BETWEEN ? AND ?",  # noqa: S608
                    [
                        ((new - old) * each, place_id(run, old * each), place_id(run, old * each + each - 1))
                        for new, old in moved
                    ],
                )
                connection.execute(f"UPDATE {table} SET id = -id WHERE id < 0")  # noqa: S608

        if moved or gone:
            await self._database.write(write)

    async def settle(self, run: Run, rows: int, columns: Sequence[RunColumn] | None = None) -> Run:
        """It has so many rows; what stood in places beyond them goes. `columns` replace what was
        frozen of each."""

        def write(connection: apsw.Connection) -> Run:
            last = place_id(run, 2**PLACES - 1)
            delete_places(connection, "run_rows", place_id(run, rows), last)
            for table in ("run_cells", "run_answers"):
                first = place_id(run, rows * len(run.columns) * run.plan.repeats)
                delete_places(connection, table, first, last)
            done, failed = counts(connection, run)
            connection.execute(
                "UPDATE runs SET rows = ?, done = ?, failed = ? WHERE number = ?",
                (rows, done, failed, run.number),
            )
            if columns is not None:
                told = texts.encode(tuple(columns))
                connection.execute("UPDATE runs SET columns = ? WHERE number = ?", (told, run.number))
                keep_files(connection, run.number, [told])
            return found_run(connection, run.id)

        return await self._database.write(write)

    async def replan(self, run: Run, plan: Plan) -> Run:
        """The run by another plan."""

        def write(connection: apsw.Connection) -> Run:
            told = texts.encode(plan)
            connection.execute("UPDATE runs SET plan = ? WHERE number = ?", (told, run.number))
            return found_run(connection, run.id)

        return await self._database.write(write)

    async def claim(self, run_id: str, plan: Plan | None = None) -> Run:
        """From now on this process runs it, by `plan` if one is given. Raises ConfigurationError where
        another process does."""

        def write(connection: apsw.Connection) -> Run:
            run = found_run(connection, run_id)
            self._refuse_taken(connection, run)
            connection.execute(
                "UPDATE runs SET state = 'running', reason = '', ended_at = NULL, owner = ?, plan = ? "
                "WHERE number = ?",
                (self._owner.id, texts.encode(plan or run.plan), run.number),
            )
            return found_run(connection, run_id)

        return await self._database.write(write)

    async def leave(self, run: Run, state: RunState, reason: str = "") -> Run:
        """This process runs it no more."""
        ended = now_ms() if state in ("done", "stopped") else None

        def write(connection: apsw.Connection) -> Run:
            connection.execute(
                "UPDATE runs SET state = ?, reason = ?, ended_at = ?, owner = NULL WHERE number = ?",
                (state, texts.plain(reason), ended, run.number),
            )
            return found_run(connection, run.id)

        return await self._database.write(write)

    async def release_orphans(self) -> list[str]:
        """Runs whose process is gone become paused, those without rows yet are deleted; ids of both."""
        wanted = "SELECT id, number, owner, rows FROM runs WHERE owner IS NOT NULL"
        held = await self._database.read(lambda c: c.execute(wanted).fetchall())
        if not any(not self._owner.is_alive(str(owner)) for _, _, owner, _ in held):
            return []

        def write(connection: apsw.Connection) -> list[str]:
            gone: list[str] = []
            for run_id, number, owner, count in rows_of(connection, wanted):
                if self._owner.is_alive(str(owner)):
                    continue
                gone.append(str(run_id))
                if count:
                    connection.execute(
                        "UPDATE runs SET state = 'paused', reason = ?, owner = NULL WHERE number = ?",
                        (CRASHED, number),
                    )
                else:
                    delete_run(connection, number)
            return gone

        return await self._database.write(write)

    async def all(self) -> list[Run]:
        """Newest first, but for those that are still being made."""
        wanted = f"SELECT {COLUMNS} FROM runs WHERE state != 'waiting' ORDER BY number DESC"  # noqa: S608
        return await self._database.read(lambda c: [run_of(row) for row in c.execute(wanted)])

    async def get(self, run_id: str) -> Run:
        """One of them."""
        return await self._database.read(lambda c: found_run(c, run_id))

    async def delete(self, run_id: str) -> None:
        """For good, its cells too. Raises ConfigurationError while it runs elsewhere."""

        def write(connection: apsw.Connection) -> None:
            run = found_run(connection, run_id)
            self._refuse_taken(connection, run)
            delete_run(connection, run.number)

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
        ends = place_id(run, first), place_id(run, first + count - 1)

        def read(connection: apsw.Connection) -> list[RunRow]:
            found = []
            for row_id, data in connection.execute(wanted, ends):
                told = decode_row(data)
                found.append(RunRow(id=row_id, values=told.values, expected=told.expected))
            return found

        return await self._database.read(read)

    async def row_ids(self, run: Run) -> dict[int, str]:
        """The id of each row by its place."""
        wanted = "SELECT id, row_id FROM run_rows WHERE id BETWEEN ? AND ?"
        first = place_id(run, 0)
        ends = first, first + run.rows - 1
        return await self._database.read(
            lambda c: {row[0] - first: row[1] for row in c.execute(wanted, ends)}
        )

    async def states(self, run: Run) -> bytearray:
        """A byte for each place of the table: the state of its cell."""
        wanted = "SELECT id, state FROM run_cells WHERE id BETWEEN ? AND ?"
        first = place_id(run, 0)

        def read(connection: apsw.Connection) -> bytearray:
            found = bytearray(run.total)
            for cell_id, state in connection.execute(wanted, (first, first + run.total - 1)):
                found[cell_id - first] = state
            return found

        return await self._database.read(read)

    async def passed(self, run: Run) -> int:
        """How many of its cells passed."""
        wanted = "SELECT count(*) FROM run_cells WHERE id BETWEEN ? AND ? AND passed = 1 AND state != 0"
        ends = place_id(run, 0), place_id(run, run.total - 1)
        return await self._database.read(lambda c: int(c.execute(wanted, ends).get))

    async def put(self, run: Run, finished: Sequence[Finished], tally: Tally) -> None:
        """Writes cells, and what they change of the run's counts, as one. Raises StorageError where the run
        is this process's no more."""
        first = place_id(run, 0)

        def write(connection: apsw.Connection) -> None:
            count_in(connection, run, self._owner.id, tally)
            connection.executemany(
                "INSERT OR REPLACE INTO run_cells VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [figures_row(first, one) for one in finished],
            )
            connection.executemany(
                "INSERT OR REPLACE INTO run_answers VALUES (?, ?)",
                [(first + one.place, texts.encode(one.cell)) for one in finished],
            )

        await self._database.write(write)

    async def judge(self, run: Run, finished: Sequence[Finished], cost: Decimal, unpriced: int) -> None:
        """Writes what checks found of cells that are there, and what graders cost; whoever runs it."""
        first = place_id(run, 0)

        def write(connection: apsw.Connection) -> None:
            add_cost(connection, run, Tally(cost=cost, unpriced=unpriced))
            for one in finished:
                cell_id = first + one.place
                connection.execute(
                    "UPDATE run_cells SET passed = ?, checks = ?, score = ? WHERE id = ?",
                    (one.cell.passed, one.checks, one.cell.score, cell_id),
                )
                change(
                    connection, cell_id,
                    verdicts=one.cell.verdicts, passed=one.cell.passed, score=one.cell.score,
                )  # fmt: skip

        await self._database.write(write)

    async def rate(self, run: Run, place: int, rating: int | None, note: str) -> None:
        """A person's judgement of a cell."""
        cell_id = place_id(run, place)

        def write(connection: apsw.Connection) -> None:
            connection.execute("UPDATE run_cells SET rating = ? WHERE id = ?", (rating, cell_id))
            change(connection, cell_id, rating=rating, note=texts.plain(note))

        await self._database.write(write)

    async def reset(self, run: Run, places: Iterable[int]) -> None:
        """These cells are to be asked again; until they are, their answers stay to be seen."""
        first = place_id(run, 0)

        def write(connection: apsw.Connection) -> None:
            before = counts(connection, run)
            connection.executemany(
                "UPDATE run_cells SET state = 0 WHERE id = ?", ((first + place,) for place in places)
            )
            after = counts(connection, run)
            connection.execute(
                "UPDATE runs SET done = done + ?, failed = failed + ? WHERE number = ?",
                (after[0] - before[0], after[1] - before[1], run.number),
            )

        await self._database.write(write)

    async def failing_rows(self, run: Run, check: int | None = None) -> list[int]:
        """The places of rows in which a cell failed or did not pass; of `check` (its place in the plan), in
        which that one did not."""
        first, each = place_id(run, 0), len(run.columns) * run.plan.repeats
        failing = "(state IN (2, 4) OR passed = 0)" if check is None else "substr(checks, ?, 1) = '0'"
        wanted = (
            "SELECT DISTINCT (id - ?) / ? FROM run_cells "  # noqa: S608
            f"WHERE id BETWEEN ? AND ? AND state != 0 AND {failing} ORDER BY 1"
        )
        given = (first, each, first, first + run.total - 1, *(() if check is None else (check + 1,)))
        return await self._database.read(lambda c: [int(row[0]) for row in c.execute(wanted, given)])

    async def cells(self, run: Run, first: int, count: int) -> list[Cell]:
        """The cells in these places that have been asked, in their order."""
        ends = place_id(run, first), place_id(run, first + count - 1)
        return await self._database.read(lambda c: [cell_of(run, row) for row in c.execute(CELLS, ends)])

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
            latest = f"SELECT {COLUMNS} FROM runs ORDER BY number DESC LIMIT {LATEST}"  # noqa: S608
            for run in [run_of(row) for row in connection.execute(latest)]:
                first = place_id(run, 0)
                width = run.plan.repeats, len(run.columns)
                for column, tokens, ms in connection.execute(wanted, (first, *width, first, first + LOOKED)):
                    found.setdefault(run.columns[column].model, (tokens, ms))
            return found

        return await self._database.read(read)

    async def figures(self, run: Run) -> list[Figures]:
        """The figures of all cells that have been asked, in their order."""
        first = place_id(run, 0)
        ends = first, first + run.total - 1

        def read(connection: apsw.Connection) -> list[Figures]:
            return [Figures(row[0] - first, *row[1:]) for row in connection.execute(FIGURES, ends)]

        return await self._database.read(read)
