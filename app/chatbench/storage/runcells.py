"""The rows and cells of a profile's runs: as they were, and as they are finished."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import apsw

from chatbench.core.runs import Cell, CellRating, Run, RunRow
from chatbench.storage import rows as texts
from chatbench.storage.database import Database
from chatbench.storage.owners import Owner
from chatbench.storage.runrows import (
    CELLS,
    COLUMNS,
    FIGURES,
    LATEST,
    LOOKED,
    PUT,
    Figures,
    Finished,
    Tally,
    add_cost,
    cell_of,
    change,
    count_in,
    counts,
    decode_row,
    figures_row,
    place_id,
    run_of,
)


class RunCells:
    """The part of the runs' store that reads and writes the table of one run. Every write is one
    transaction; all methods raise StorageError and its kinds."""

    def __init__(self, database: Database, owner: Owner) -> None:
        self._database = database
        self._owner = owner

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

    async def put(
        self,
        run: Run,
        finished: Sequence[Finished],
        tally: Tally,
        talks: Mapping[int, object] | None = None,
    ) -> None:
        """Writes cells, and what they change of the run's counts, as one; with them, by their places, talks
        that are to be gone on with (None: there is none any more). Raises StorageError where the run is this
        process's no more."""
        first = place_id(run, 0)
        told = talks or {}

        def write(connection: apsw.Connection) -> None:
            count_in(connection, run, self._owner.id, tally)
            connection.executemany(PUT, [figures_row(first, one) for one in finished])
            connection.executemany(
                "INSERT OR REPLACE INTO run_answers VALUES (?, ?)",
                [(first + one.place, texts.encode(one.cell)) for one in finished],
            )
            connection.executemany(
                "INSERT OR REPLACE INTO run_talks VALUES (?, ?)",
                [(first + place, texts.encode(said)) for place, said in told.items() if said is not None],
            )
            connection.executemany(
                "DELETE FROM run_talks WHERE id = ?",
                [(first + place,) for place, said in told.items() if said is None],
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

    async def talks(self, run: Run) -> dict[int, str]:
        """By the places of their cells, talks that are to be gone on with, as JSON."""
        first = place_id(run, 0)
        wanted = "SELECT id, said FROM run_talks WHERE id BETWEEN ? AND ?"
        ends = first, first + run.total - 1
        return await self._database.read(
            lambda c: {row[0] - first: row[1] for row in c.execute(wanted, ends)}
        )

    async def rate(self, run: Run, place: int, rating: CellRating | None, note: str) -> None:
        """A person's judgement of a cell."""
        cell_id, told = place_id(run, place), None if rating is None else str(rating)

        def write(connection: apsw.Connection) -> None:
            connection.execute("UPDATE run_cells SET rating = ? WHERE id = ?", (told, cell_id))
            change(connection, cell_id, note=texts.plain(note))

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
