"""The batch jobs of a profile: what was asked, where it is, what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import apsw
import msgspec

from chatbench.core.errors import ConfigurationError
from chatbench.core.jobs import AskedState, Job, JobPiece
from chatbench.core.requests import Request, Response
from chatbench.storage import spend
from chatbench.storage.database import Database
from chatbench.storage.rows import plain
from chatbench.storage.spend import SpendEntry
from chatbench.storage.turns import now_ms

_PIECE = "id, job_id, provider, model, state, remote_id, requests, sent_at, owner, finished, reason"
_COUNTS = "SELECT state, count(*), sum(unpriced) FROM job_requests WHERE job_id = ? GROUP BY state"
_request = msgspec.json.Decoder(Request).decode
_response = msgspec.json.Decoder(Response).decode


class Asked(NamedTuple):
    """A request of a job; `seq` is what providers give back with its answer."""

    seq: int
    custom_id: str
    request: Request


class Result(NamedTuple):
    """What came of the request `seq`; `response` carries the error where there was one."""

    seq: int
    state: AskedState
    response: Response


class NewPiece(NamedTuple):
    """Requests of one model that go together, by their custom ids."""

    id: str
    provider: str
    model: str
    custom_ids: tuple[str, ...]


class JobStore:
    """Every write is one transaction. All methods raise StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(
        self,
        job_id: str,
        name: str,
        requests: Sequence[tuple[str, Request]],
        pieces: Sequence[NewPiece],
        *,
        source: str = "",
    ) -> None:
        """All of a job, before anything of it is sent; `source` is for whom."""
        home = {custom_id: piece.id for piece in pieces for custom_id in piece.custom_ids}

        def write(connection: apsw.Connection) -> None:
            connection.execute(
                "INSERT INTO jobs (id, name, source, created_at) VALUES (?, ?, ?, ?)",
                (job_id, plain(name), source, now_ms()),
            )
            _add_pieces(connection, job_id, pieces)
            connection.executemany(
                "INSERT INTO job_requests (job_id, custom_id, piece_id, state, request) "
                "VALUES (?, ?, ?, 'due', ?)",
                (
                    (job_id, custom_id, home[custom_id], msgspec.json.encode(request))
                    for custom_id, request in requests
                ),
            )

        await self._database.write(write, durable=True)

    async def jobs(self, *, source: str | None = None) -> list[Job]:
        """All of them, newest first; or those for `source` whose answers have not gone there."""
        wanted = "SELECT id FROM jobs ORDER BY rowid DESC"
        given: tuple[str, ...] = ()
        if source is not None:
            wanted = "SELECT id FROM jobs WHERE source = ? AND collected = 0 ORDER BY rowid DESC"
            given = (source,)

        def read(connection: apsw.Connection) -> list[Job]:
            found: Any = connection.execute(wanted, given).fetchall()
            return [_job(connection, job_id) for (job_id,) in found]

        return await self._database.read(read)

    async def get(self, job_id: str) -> Job:
        """Raises ConfigurationError where there is no such job."""
        return await self._database.read(lambda connection: _job(connection, job_id))

    async def remote_ids(self, provider: str) -> frozenset[str]:
        """The names a provider gave to what it was sent."""

        def read(connection: apsw.Connection) -> frozenset[str]:
            found: Any = connection.execute(
                "SELECT remote_id FROM job_pieces WHERE provider = ? AND remote_id != ''", (plain(provider),)
            )
            return frozenset(remote_id for (remote_id,) in found)

        return await self._database.read(read)

    async def delete(self, job_id: str) -> None:
        """Forgets a job here; nothing is cancelled."""

        def write(connection: apsw.Connection) -> None:
            connection.execute("DELETE FROM job_requests WHERE job_id = ?", (job_id,))
            connection.execute("DELETE FROM job_pieces WHERE job_id = ?", (job_id,))
            connection.execute("DELETE FROM jobs WHERE id = ?", (job_id,))

        await self._database.write(write)

    async def claim(self, piece_id: str, owner: str) -> bool:
        """Makes a piece that is ready this process's to send, for good before it is sent; False where
        somebody else was first."""

        def write(connection: apsw.Connection) -> bool:
            connection.execute(
                "UPDATE job_pieces SET state = 'sending', owner = ?, sent_at = ?, reason = '' "
                "WHERE id = ? AND state = 'ready'",
                (owner, now_ms(), piece_id),
            )
            return bool(connection.changes())

        return await self._database.write(write, durable=True)

    async def sent(self, piece_id: str, remote_id: str) -> None:
        """The provider has it."""
        values = (plain(remote_id), piece_id)
        statement = "UPDATE job_pieces SET state = 'working', remote_id = ?, reason = '' WHERE id = ?"
        await self._database.write(lambda c: _execute(c, statement, values), durable=True)

    async def not_sent(self, piece_id: str, reason: str) -> None:
        """The provider does not have it, for certain: it is ready again."""
        values = (plain(reason), piece_id)
        statement = "UPDATE job_pieces SET state = 'ready', owner = '', reason = ? WHERE id = ?"
        await self._database.write(lambda c: _execute(c, statement, values))

    async def told(self, piece_id: str, finished: int) -> None:
        """How many of its requests are over."""
        values = (finished, piece_id)
        statement = "UPDATE job_pieces SET finished = ? WHERE id = ?"
        await self._database.write(lambda c: _execute(c, statement, values))

    async def asked(self, piece_id: str, after: int, limit: int, *, due: bool = False) -> list[Asked]:
        """Requests of a piece behind `after`, in order; only those without a result, if so wished."""
        only = "AND state = 'due'" if due else ""

        def read(connection: apsw.Connection) -> list[Asked]:
            found: Any = connection.execute(
                "SELECT seq, custom_id, request FROM job_requests "  # noqa: S608
                f"WHERE piece_id = ? AND seq > ? {only} ORDER BY seq LIMIT ?",
                (piece_id, after, limit),
            )
            return [Asked(seq, custom_id, _request(request)) for seq, custom_id, request in found]

        return await self._database.read(read)

    async def requests(self, piece_id: str, seqs: Sequence[int]) -> dict[int, Request]:
        """What was asked under these numbers in a piece."""

        def read(connection: apsw.Connection) -> dict[int, Request]:
            wanted = ", ".join("?" * len(seqs))
            found: Any = connection.execute(
                f"SELECT seq, request FROM job_requests WHERE piece_id = ? AND seq IN ({wanted})",  # noqa: S608
                (piece_id, *seqs),
            )
            return {seq: _request(request) for seq, request in found}

        return await self._database.read(read)

    async def settle(self, piece_id: str, results: Iterable[Result]) -> int:
        """Writes results down, each once whatever comes twice, and what they cost into the ledger with
        them; returns how many were new."""
        told = list(results)

        def write(connection: apsw.Connection) -> int:
            new = 0
            for result in told:
                response = result.response
                cost = response.cost if response.cost and response.cost.currency == "USD" else None
                connection.execute(
                    "UPDATE job_requests SET state = ?, response = ?, cost = ?, unpriced = ? "
                    "WHERE seq = ? AND piece_id = ? AND state = 'due'",
                    (
                        result.state,
                        msgspec.json.encode(response),
                        None if cost is None else format(cost.amount, "f"),
                        int(cost is None and result.state == "answered"),
                        result.seq,
                        piece_id,
                    ),
                )
                if connection.changes():
                    new += 1
                    _spent(connection, response)
            return new

        return await self._database.write(write)

    async def ended(self, piece_id: str, reason: str = "") -> None:
        """Everything that came of it is written down."""
        statement = "UPDATE job_pieces SET state = 'ended', finished = requests, reason = ? WHERE id = ?"
        await self._database.write(lambda c: _execute(c, statement, (plain(reason), piece_id)), durable=True)

    async def cancelled(self, job_id: str) -> None:
        """Nothing of it is to be sent any more."""
        statement = "UPDATE jobs SET cancelled = 1 WHERE id = ?"
        await self._database.write(lambda c: _execute(c, statement, (job_id,)), durable=True)

    async def missing(self, job_id: str) -> list[tuple[str, Request]]:
        """The requests that came to nothing, in order."""

        def read(connection: apsw.Connection) -> list[tuple[str, Request]]:
            found: Any = connection.execute(
                "SELECT custom_id, request FROM job_requests "
                "WHERE job_id = ? AND state IN ('failed', 'expired', 'cancelled') ORDER BY seq",
                (job_id,),
            )
            return [(custom_id, _request(request)) for custom_id, request in found]

        return await self._database.read(read)

    async def ask_again(self, job_id: str, pieces: Sequence[NewPiece]) -> None:
        """Puts requests that came to nothing into new pieces."""

        def write(connection: apsw.Connection) -> None:
            connection.execute("UPDATE jobs SET cancelled = 0 WHERE id = ?", (job_id,))
            _add_pieces(connection, job_id, pieces)
            for piece in pieces:
                connection.executemany(
                    "UPDATE job_requests SET piece_id = ?, state = 'due', response = NULL "
                    "WHERE job_id = ? AND custom_id = ? AND state IN ('failed', 'expired', 'cancelled')",
                    ((piece.id, job_id, custom_id) for custom_id in piece.custom_ids),
                )

        await self._database.write(write, durable=True)

    async def collected(self, job_id: str) -> None:
        """Its answers have gone to whom they were sent for."""
        statement = "UPDATE jobs SET collected = 1 WHERE id = ?"
        await self._database.write(lambda c: _execute(c, statement, (job_id,)))

    async def custom_ids(self, job_id: str) -> list[str]:
        """Of its requests, in their order."""
        wanted = "SELECT custom_id FROM job_requests WHERE job_id = ? ORDER BY seq"
        return await self._database.read(lambda c: [str(row[0]) for row in c.execute(wanted, (job_id,))])

    async def results(
        self, job_id: str, after: int, limit: int, *, piece_id: str = ""
    ) -> list[tuple[int, str, Response]]:
        """Number, custom id and response of finished requests behind `after`, in order; of one piece, if it
        is named."""
        home, given = ("piece_id", piece_id) if piece_id else ("job_id", job_id)

        def read(connection: apsw.Connection) -> list[tuple[int, str, Response]]:
            found: Any = connection.execute(
                "SELECT seq, custom_id, response FROM job_requests "  # noqa: S608
                f"WHERE {home} = ? AND seq > ? AND response IS NOT NULL ORDER BY seq LIMIT ?",
                (given, after, limit),
            )
            return [(seq, custom_id, _response(response)) for seq, custom_id, response in found]

        return await self._database.read(read)


def _execute(connection: apsw.Connection, statement: str, values: tuple[Any, ...]) -> None:
    connection.execute(statement, values)


def _add_pieces(connection: apsw.Connection, job_id: str, pieces: Sequence[NewPiece]) -> None:
    connection.executemany(
        "INSERT INTO job_pieces (id, job_id, provider, model, state, requests) "
        "VALUES (?, ?, ?, ?, 'ready', ?)",
        ((p.id, job_id, plain(p.provider), plain(p.model), len(p.custom_ids)) for p in pieces),
    )


def _spent(connection: apsw.Connection, response: Response) -> None:
    if response.usage is None and response.cost is None and not response.parts:
        return
    spend.write(
        connection,
        SpendEntry(
            at=now_ms(), model=response.model, source="batch", usage=response.usage, cost=response.cost
        ),
    )


def _job(connection: apsw.Connection, job_id: str) -> Job:
    row: Any = connection.execute(
        "SELECT id, name, cancelled, created_at, source, collected FROM jobs WHERE id = ?", (plain(job_id),)
    ).fetchone()
    if row is None:
        raise ConfigurationError(f"There is no batch job {job_id!r}.", "See `chatbench jobs list`.")
    names = _PIECE.split(", ")
    found: Any = connection.execute(
        f"SELECT {_PIECE} FROM job_pieces WHERE job_id = ? ORDER BY rowid",  # noqa: S608
        (job_id,),
    )
    pieces = tuple(JobPiece(**dict(zip(names, piece, strict=True))) for piece in found)
    counts, unpriced = {"due": 0, "answered": 0, "failed": 0, "expired": 0, "cancelled": 0}, 0
    for state, count, without in connection.execute(_COUNTS, (job_id,)):
        counts[str(state)] = int(count)
        unpriced += int(without)
    amounts: Any = connection.execute(
        "SELECT cost FROM job_requests WHERE job_id = ? AND cost IS NOT NULL", (job_id,)
    )
    cost = sum((Decimal(amount) for (amount,) in amounts), Decimal(0))
    over = all(piece.state == "ended" for piece in pieces)
    return Job(
        id=row[0],
        name=row[1],
        state="open" if not over else "cancelled" if row[2] else "ended",
        stopped=bool(row[2]),
        total=sum(counts.values()),
        answered=counts["answered"],
        failed=counts["failed"],
        expired=counts["expired"],
        cancelled=counts["cancelled"],
        cost=format(cost, "f"),
        unpriced=unpriced,
        created_at=row[3],
        source=row[4],
        collected=bool(row[5]),
        pieces=pieces,
    )
