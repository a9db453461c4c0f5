"""What calls through the Python API spent, summed for the profile's ledger."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import apsw
import pytest
from tests.client.conftest import request_of

from chatbench.client.ledger import Ledger
from chatbench.core.errors import StorageError
from chatbench.core.messages import TextPart
from chatbench.core.models import ModelRef
from chatbench.core.requests import Response
from chatbench.core.usage import Cost, Usage
from chatbench.storage import spend
from chatbench.storage.database import Database
from chatbench.storage.spend import ModelSpent

REF = ModelRef("loop", "m")
ROOT = Path(__file__).resolve().parents[2]
PROMPT, WORDS = "canary question", "canary answer"


def response(amount: str | None = "0.001", **more: Any) -> Response:
    fields: dict[str, Any] = {
        "model": REF,
        "request": request_of(),
        "parts": (TextPart(text=WORDS),),
        "usage": Usage(input_tokens=10, output_tokens=3, cache_read_tokens=4, reasoning_tokens=2),
        "cost": None if amount is None else Cost(amount=Decimal(amount)),
    }
    return Response(**{**fields, **more})


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database.open(tmp_path / "chatbench.db")
    yield opened
    await opened.close()


async def rows(database: Database) -> list[tuple[Any, ...]]:
    return await database.read(
        lambda connection: list(
            connection.execute(
                "SELECT provider, model, source, calls, input_tokens, output_tokens, cache_read_tokens, "
                "reasoning_tokens, cost_amount, cost_source FROM spend ORDER BY seq"
            )
        )
    )


async def test_calls_that_are_priced_alike_are_one_row(database: Database) -> None:
    ledger = Ledger(database)
    for _ in range(10_000):
        ledger.record(response())
    ledger.record(response(None))
    ledger.record(response(cost=Cost(amount=Decimal(0), source="free")))
    ledger.record(response(model=ModelRef("loop", "other")))
    await ledger.aclose()
    assert await rows(database) == [
        ("loop", "m", "api", 10_000, 100_000, 30_000, 40_000, 20_000, "10.000", "table"),
        ("loop", "m", "api", 1, 10, 3, 4, 2, None, None),
        ("loop", "m", "api", 1, 10, 3, 4, 2, "0", "free"),
        ("loop", "other", "api", 1, 10, 3, 4, 2, "0.001", "table"),
    ]


async def test_what_cost_nothing_is_no_call(database: Database) -> None:
    ledger = Ledger(database)
    ledger.record(response(local_cache_hit=True))
    ledger.record(Response(model=REF))
    await ledger.aclose()
    assert await rows(database) == []


async def test_a_day_has_rows_of_its_own(database: Database) -> None:
    seconds = [1_800_000_000 // 86_400 * 86_400 - 0.5]
    midnight = int(seconds[0] + 0.5) * 1000
    ledger = Ledger(database, now=lambda: seconds[0])
    ledger.record(response("1"))
    seconds[0] += 1
    ledger.record(response("2"))
    assert await ledger.spent_by_model(midnight) == [
        ModelSpent(model=REF, amount=Decimal(2), tokens=13, calls=1)
    ]
    assert await ledger.spent_by_model(midnight - 500) == [
        ModelSpent(model=REF, amount=Decimal(3), tokens=26, calls=2)
    ]
    await ledger.aclose()


async def test_it_writes_by_itself_in_one_transaction(database: Database) -> None:
    written = asyncio.Event()
    loop = asyncio.get_running_loop()
    transactions = [0]

    def noticed(connection: apsw.Connection) -> bool:
        transactions[0] += 1
        loop.call_soon_threadsafe(written.set)
        return False

    await database.write(lambda connection: connection.set_commit_hook(lambda: noticed(connection)))
    transactions[0] = 0
    written.clear()
    ledger = Ledger(database, every_s=0.02)
    for _ in range(500):
        ledger.record(response())
    await asyncio.wait_for(written.wait(), 10)
    await database.write(lambda connection: connection.set_commit_hook(None))
    assert transactions == [1]
    assert (await rows(database))[0][3] == 500
    ledger.record(response())
    await ledger.aclose()
    assert sum(row[3] for row in await rows(database)) == 501


@pytest.mark.expects_log("kept for the next time")
async def test_what_could_not_be_written_is_written_the_next_time(database: Database) -> None:
    await database.ready()
    await database.write(lambda connection: connection.set_busy_timeout(20))
    other = apsw.Connection(str(database.path))
    other.execute("BEGIN IMMEDIATE")
    ledger = Ledger(database)
    ledger.record(response())
    with pytest.raises(StorageError):
        await ledger.flush()
    ledger.record(response())
    other.execute("ROLLBACK")
    other.close()
    await ledger.aclose()
    assert [row[3:5] for row in await rows(database)] == [(2, 20)]


async def test_a_closed_database_is_named_and_loses_nothing(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "closed.db")
    ledger = Ledger(database)
    ledger.record(response())
    await database.close()
    with pytest.raises(StorageError, match="closed"):
        await ledger.flush()
    ledger._database = again = Database.open(tmp_path / "closed.db")
    await ledger.aclose()
    assert len(await rows(again)) == 1
    await again.close()


def test_many_threads_and_loops_may_record(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "chatbench.db")
    ledger = Ledger(database, every_s=0.001)

    async def work() -> None:
        for _ in range(1000):
            ledger.record(response())
            await asyncio.sleep(0)

    threads = [threading.Thread(target=lambda: asyncio.run(work())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    async def end() -> list[tuple[Any, ...]]:
        await ledger.aclose()
        found = await rows(database)
        await database.close()
        return found

    found = asyncio.run(end())
    assert sum(row[3] for row in found) == 4000
    assert sum(Decimal(row[8]) for row in found) == 4


async def test_no_word_of_a_call_is_written(database: Database) -> None:
    ledger = Ledger(database)
    ledger.record(response())
    await ledger.aclose()
    await database.close()
    for path in database.path.parent.glob("chatbench.db*"):
        assert b"canary" not in path.read_bytes()


def test_the_rest_is_written_when_the_program_ends_without_closing(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys\nfrom decimal import Decimal\nfrom pathlib import Path\n"
        "from chatbench.client.ledger import Ledger\nfrom chatbench.core.models import ModelRef\n"
        "from chatbench.core.requests import Response\nfrom chatbench.core.usage import Cost\n"
        "from chatbench.storage.database import Database\n"
        "async def main():\n"
        "    ledger = Ledger(Database.open(Path(sys.argv[1])))\n"
        "    ledger.record(Response(model=ModelRef('loop', 'm'), cost=Cost(amount=Decimal('0.5'))))\n"
        "asyncio.run(main())\n"
    )
    path = tmp_path / "chatbench.db"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "app")}
    subprocess.run([sys.executable, "-c", program, str(path)], env=environment, check=True, timeout=60)

    async def look() -> Decimal:
        database = Database.open(path)
        spent = await database.read(lambda connection: spend.spent_since(connection, 0))
        await database.close()
        return spent.amount

    assert asyncio.run(look()) == Decimal("0.5")


async def test_a_note_costs_next_to_nothing(database: Database) -> None:
    """Beside what any call does once: make the identifier of its response."""
    from chatbench.core.ids import new_id

    ledger, one = Ledger(database), response()
    ledger.record(one)

    def timed(work: Any, *arguments: Any) -> float:
        best = 1.0
        for _ in range(5):
            began = time.thread_time()
            for _ in range(2000):
                work(*arguments)
            best = min(best, time.thread_time() - began)
        return best

    assert timed(ledger.record, one) < 8 * timed(new_id)
    await ledger.aclose()
