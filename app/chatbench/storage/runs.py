"""The runs of a profile: their plans, their rows as they were, their cells as they are finished."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import apsw
import msgspec

from chatbench.core.errors import ConfigurationError
from chatbench.core.ids import new_id
from chatbench.core.runs import Plan, Run, RunColumn, RunRow, RunState
from chatbench.storage import rows as texts
from chatbench.storage.runcells import RunCells
from chatbench.storage.runrows import (
    CELL_TABLES,
    COLUMNS,
    PLACES,
    RowData,
    counts,
    delete_places,
    delete_run,
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


class RunStore(RunCells):
    """Every write is one transaction. All methods raise StorageError and its kinds; those that are given a
    run's id also where there is no such run."""

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
            for table in CELL_TABLES:
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
            for table in CELL_TABLES:
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

    async def all(self, *, trashed: bool = False) -> list[Run]:
        """Newest first, but for those that are still being made; those in the trash where asked for."""
        wanted = (
            f"SELECT {COLUMNS} FROM runs WHERE state != 'waiting' "  # noqa: S608
            f"AND trashed_at IS {'NOT ' if trashed else ''}NULL ORDER BY number DESC"
        )
        return await self._database.read(lambda c: [run_of(row) for row in c.execute(wanted)])

    async def get(self, run_id: str) -> Run:
        """One of them; also one in the trash."""
        return await self._database.read(lambda c: found_run(c, run_id))

    async def trash(self, run_id: str, *, out: bool = False) -> None:
        """Out of the list; `out` of the trash again. Raises ConfigurationError while it runs elsewhere."""
        at = None if out else now_ms()

        def write(connection: apsw.Connection) -> None:
            run = found_run(connection, run_id)
            self._refuse_taken(connection, run)
            connection.execute("UPDATE runs SET trashed_at = ? WHERE number = ?", (at, run.number))

        await self._database.write(write)

    async def purge(self, days: int) -> None:
        """Deletes for good what has been in the trash for more than `days`."""
        before = now_ms() - days * 86_400_000

        def write(connection: apsw.Connection) -> None:
            for row in rows_of(connection, "SELECT number, trashed_at FROM runs"):
                if row[1] is not None and row[1] < before:
                    delete_run(connection, row[0])

        await self._database.write(write)

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
