"""Budgets of a day or month across processes: what others spend is seen, and nothing is counted twice."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.client.conftest import QUICK, endpoint_at
from tests.client.test_budget import ENDPOINT, INFO, PRICING, REF, REQUEST, answered, budgets_of
from tests.harness import program
from tests.loopback.server import LoopbackServer

from chatbench.client import budgetreadings
from chatbench.client.budget import Budget, BudgetLimit, Budgets, Reservation
from chatbench.client.defaults import aclose_environment, open_environment
from chatbench.client.environment import Environment
from chatbench.client.ledger import Ledger
from chatbench.client.llm import LLMClient
from chatbench.core.errors import BudgetExceeded, StorageError
from chatbench.core.messages import TextPart
from chatbench.core.models import ModelRef
from chatbench.core.requests import Response
from chatbench.core.usage import Rates
from chatbench.storage.database import Database
from chatbench.storage.profile import Profile
from chatbench.storage.spend import ModelSpent

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp()
DAY = BudgetLimit(scope="day", usd=Decimal(5))


class Clock:
    def __init__(self, at: float = NOON) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at


class Book:
    """Stands for a profile's ledger into which several processes write: when, what, for how much."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rows: list[tuple[float, ModelSpent]] = []
        self.asked: list[float] = []
        self.gate: asyncio.Event | None = None
        self.broken = False

    def enter(self, usd: str, tokens: int = 10, model: ModelRef = REF) -> None:
        self._rows.append((self._clock(), ModelSpent(model=model, amount=Decimal(usd), tokens=tokens)))

    async def spent_since(self, since_ms: int) -> Sequence[ModelSpent]:
        self.asked.append(since_ms / 1000)
        if self.broken:
            raise StorageError("The disk is gone.")
        found = [spent for at, spent in self._rows if at >= since_ms / 1000]
        if self.gate is not None:
            await self.gate.wait()
        return found


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def book(clock: Clock) -> Book:
    return Book(clock)


def budgets_on(book: Book, clock: Clock, *limits: BudgetLimit, **more: Any) -> Budgets:
    return budgets_of(*(limits or (DAY,)), spent_since=book.spent_since, now=clock, **more)


async def begun(budgets: Budgets) -> Reservation:
    async with asyncio.timeout(5):
        return await budgets.acquire(REQUEST, INFO, ENDPOINT)


async def call(budgets: Budgets, book: Book, usd: str, tokens: int = 10) -> None:
    """One of ours: settled, and entered in the same step."""
    (await begun(budgets)).settle(answered(usd, tokens))
    book.enter(usd, tokens)


async def test_what_others_spend_is_seen_within_seconds(clock: Clock, book: Book) -> None:
    budgets = budgets_on(book, clock)
    book.enter("1", 100)
    await call(budgets, book, "0.5", 20)
    book.enter("2", 200)
    clock.at += 4.9
    await call(budgets, book, "0.25", 30)
    assert budgets.spent(DAY) == (Decimal("1.75"), 150)
    clock.at += 0.2
    (await begun(budgets)).settle(None)
    assert budgets.spent(DAY) == (Decimal("3.75"), 350), "each is counted once"
    book.enter("1.25")
    clock.at += 6
    with pytest.raises(BudgetExceeded, match=r"\$5\.00 is spent"):
        await begun(budgets)
    assert len(book.asked) == 3


async def test_calls_that_are_not_in_the_ledger_are_counted_beside_it(clock: Clock, book: Book) -> None:
    budgets = budgets_on(book, clock, counted=False)
    book.enter("1", 100)
    for _ in range(3):
        (await begun(budgets)).settle(answered("0.5", 20))
        book.enter("0.25", 5)
        clock.at += 6
    await budgets.ready()
    assert budgets.spent(DAY) == (Decimal("3.25"), 175)


async def test_an_answer_nobody_counted_hides_nothing_of_others(clock: Clock, book: Book) -> None:
    """It is reckoned from its words here, and for nothing in the ledger."""
    budgets = budgets_on(book, clock)
    (await begun(budgets)).settle(Response(model=REF, parts=(TextPart(text="word " * 1000),)))
    own, tokens = budgets.spent(DAY)
    assert own > Decimal("0.009")
    book.enter("0.005", 7)
    clock.at += 6
    await budgets.ready()
    assert budgets.spent(DAY) == (own + Decimal("0.005"), tokens + 7)


async def test_an_attempt_that_is_made_again_is_counted_once(clock: Clock, book: Book) -> None:
    budgets = budgets_on(book, clock)
    reservation = await begun(budgets)
    reservation.add(answered("0.5", 20))
    book.enter("0.5", 20)
    clock.at += 6
    await budgets.ready()
    reservation.settle(answered("0.25", 10, local_cache_hit=True))
    clock.at += 6
    await budgets.ready()
    assert budgets.spent(DAY) == (Decimal("0.5"), 20)


async def test_a_limit_learns_of_its_own_models_and_its_own_time(clock: Clock, book: Book) -> None:
    month = BudgetLimit(scope="month", tokens=10_000, model="loop/*")
    clock.at = datetime(2026, 11, 2, tzinfo=UTC).timestamp()
    book.enter("1", 100)
    clock.at = NOON
    budgets = budgets_on(book, clock, DAY, month, BudgetLimit(scope="run", usd=Decimal(9)))
    await budgets.ready()
    book.enter("2", 50, ModelRef("other", "m"))
    book.enter("0.5", 25)
    clock.at += 6
    await budgets.ready()
    assert budgets.spent(DAY) == (Decimal("2.5"), 75)
    assert budgets.spent(month) == (Decimal("1.5"), 125)
    begins = [datetime(2026, 11, day, tzinfo=UTC).timestamp() for day in (21, 1)]
    assert book.asked == begins * 2


async def test_after_midnight_a_day_begins_with_what_others_spent_in_it(clock: Clock, book: Book) -> None:
    clock.at = datetime(2026, 11, 30, 23, 59, 58, tzinfo=UTC).timestamp()
    month = BudgetLimit(scope="month", usd=Decimal(50))
    budgets = budgets_on(book, clock, DAY, month)
    await call(budgets, book, "4.5")
    late = await begun(budgets)
    clock.at += 3
    book.enter("4.75")
    await call(budgets, book, "0.0625")
    assert budgets.spent(DAY)[0] == Decimal("4.8125")
    assert budgets.spent(month)[0] == Decimal("4.8125")
    late.settle(answered("0.125"))
    book.enter("0.125")
    clock.at += 6
    await budgets.ready()
    assert budgets.spent(DAY)[0] == Decimal("4.9375"), "it was paid for today, though it began yesterday"


async def test_who_waits_over_midnight_is_held_to_the_new_day(clock: Clock, book: Book) -> None:
    clock.at = datetime(2026, 11, 21, 23, 59, 59, tzinfo=UTC).timestamp()
    tight = BudgetLimit(scope="day", usd=Decimal("0.015"))
    budgets = budgets_on(book, clock, tight)
    first = await begun(budgets)
    waiting = asyncio.ensure_future(begun(budgets))
    await asyncio.sleep(0)
    assert not waiting.done()
    clock.at += 2
    book.enter("0.014")
    first.settle(None)
    with pytest.raises(BudgetExceeded, match=r"\$0\.014 is spent"):
        await waiting


async def test_one_reads_at_a_time_and_nobody_waits_for_what_is_known(clock: Clock, book: Book) -> None:
    budgets = budgets_on(book, clock)
    book.gate = asyncio.Event()
    together = [asyncio.ensure_future(begun(budgets)) for _ in range(20)]
    await asyncio.sleep(0.01)
    assert not any(task.done() for task in together), "nothing is known of the day"
    book.gate.set()
    for reservation in await asyncio.gather(*together):
        reservation.settle(None)
    assert len(book.asked) == 1
    clock.at += 6
    book.enter("1")
    book.gate = asyncio.Event()
    slow = asyncio.ensure_future(begun(budgets))
    await asyncio.sleep(0.01)
    await call(budgets, book, "0.5")
    assert len(book.asked) == 2
    assert not slow.done()
    book.gate.set()
    (await slow).settle(None)
    assert budgets.spent(DAY)[0] == Decimal("1.5"), "what is counted during a reading is kept"
    clock.at += 6
    await budgets.ready()
    assert budgets.spent(DAY)[0] == Decimal("1.5")


async def test_one_who_gives_up_reading_leaves_it_to_the_next(clock: Clock, book: Book) -> None:
    budgets = budgets_on(book, clock)
    book.gate = asyncio.Event()
    book.enter("1")
    first, second = (asyncio.ensure_future(begun(budgets)) for _ in range(2))
    await asyncio.sleep(0.01)
    first.cancel()
    await asyncio.sleep(0.01)
    assert first.cancelled()
    book.gate.set()
    (await second).settle(None)
    assert budgets.spent(DAY)[0] == 1


async def test_what_was_counted_too_high_is_put_right(clock: Clock, book: Book) -> None:
    """A call of ours may be settled, written and read while a reading is under way."""
    budgets = budgets_on(book, clock)
    reservation = await begun(budgets)
    clock.at += 6
    book.enter("1")
    book.gate = asyncio.Event()
    reading = asyncio.ensure_future(budgets.ready())
    await asyncio.sleep(0.01)
    reservation.settle(answered("1"))
    book.gate.set()
    await reading
    assert budgets.spent(DAY)[0] == 2
    clock.at += 6
    await budgets.ready()
    assert budgets.spent(DAY)[0] == 1


@pytest.mark.expects_log("what others spend could not be read")
async def test_a_ledger_that_cannot_be_read_any_more_stops_no_call(clock: Clock, book: Book) -> None:
    budgets = budgets_on(book, clock)
    book.broken = True
    with pytest.raises(StorageError):
        await begun(budgets)
    book.broken = False
    await call(budgets, book, "1")
    book.broken = True
    book.enter("0.5")
    clock.at += 6
    await call(budgets, book, "1")
    asked = len(book.asked)
    await call(budgets, book, "1")
    assert len(book.asked) == asked, "not with every call"
    book.broken = False
    clock.at += 6
    await budgets.ready()
    assert budgets.spent(DAY)[0] == Decimal("3.5")
    book.broken = True
    clock.at += 86_400
    with pytest.raises(StorageError):
        await begun(budgets)


async def test_a_clock_that_is_put_back_reads_anew(clock: Clock, book: Book) -> None:
    budgets = budgets_on(book, clock)
    await budgets.ready()
    clock.at -= 3600
    await budgets.ready()
    assert len(book.asked) == 2


async def test_a_real_ledger_counts_each_call_once(tmp_path: Path, clock: Clock) -> None:
    database = Database.open(tmp_path / "chatbench.db")
    ours, theirs = Ledger(database, now=clock), Ledger(database, now=clock)
    budgets = Budgets(Budget(limits=(DAY,)), PRICING, spent_since=ours.spent_by_model, now=clock)
    for _ in range(3):
        reservation = await begun(budgets)
        reservation.settle(answered("0.5", 20))
        ours.record(answered("0.5", 20))
        theirs.record(answered("0.25", 5))
        await theirs.flush()
        clock.at += 6
    await budgets.ready()
    assert budgets.spent(DAY) == (Decimal("2.25"), 75)
    for ledger in (ours, theirs):
        await ledger.aclose()
    await database.close()


# ---- two processes on one profile


OTHER = """
import asyncio, sys
from decimal import Decimal
from pathlib import Path
import msgspec
from chatbench.client import budgetreadings
from chatbench.client.budget import BudgetLimit
from chatbench.client.defaults import aclose_environment, open_environment
from chatbench.client.llm import LLMClient
from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import BudgetExceeded
from chatbench.core.usage import Rates
from chatbench.storage.profile import Profile

async def main(folder, endpoint):
    environment = open_environment(Profile.open(Path(folder)))
    environment.registry.register(msgspec.json.decode(endpoint, type=Endpoint))
    environment.pricing.user_prices["loop/m"] = Rates(input=Decimal(10), output=Decimal(100))
    limit = BudgetLimit(scope="day", usd=Decimal("0.02"))
    client = LLMClient("loop/m", environment=environment, budget=limit)
    while await asyncio.to_thread(sys.stdin.readline):
        try:
            response = await client.complete("Hi", max_output_tokens=30)
            await environment.ledger.flush()
            print(response.spent, flush=True)
        except BudgetExceeded:
            print("refused", flush=True)
    await aclose_environment(environment)

budgetreadings.FRESH_S = 0
budgetreadings._REST = 0
asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
async def environment(tmp_path: Path, server: LoopbackServer) -> AsyncIterator[Environment]:
    environment = open_environment(Profile.open(tmp_path / "profile"))
    environment.registry.register(endpoint_at(server))
    environment.pricing.user_prices["loop/m"] = Rates(input=Decimal(10), output=Decimal(100))
    yield environment
    await aclose_environment(environment)


async def test_a_client_that_is_not_counted_sees_what_others_spend(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budgetreadings, "FRESH_S", 0)
    monkeypatch.setattr(budgetreadings, "_REST", 0)
    client = LLMClient("loop/m", environment=environment, budget=DAY, count_spending=False)
    counted = LLMClient("loop/m", environment=environment)
    each = (await client.complete("Hi")).spent
    await counted.complete("Hi")
    await client.complete("Hi")
    assert client._budgets is not None
    assert each is not None
    assert client._budgets.spent(DAY)[0] == 3 * each > 0


async def test_two_processes_share_the_limit_of_a_day(
    environment: Environment, server: LoopbackServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budgetreadings, "FRESH_S", 0)
    monkeypatch.setattr(budgetreadings, "_REST", 0)
    limit = BudgetLimit(scope="day", usd=Decimal("0.02"))
    client = LLMClient("loop/m", environment=environment, retries=QUICK, budget=limit)
    endpoint = msgspec.json.encode(endpoint_at(server)).decode()
    assert environment.ledger is not None
    with subprocess.Popen(
        [sys.executable, "-c", OTHER, str(tmp_path / "profile"), endpoint], cwd=program.ROOT,
        env=program.environment(tmp_path / "keyring.json"), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as other:  # fmt: skip
        assert other.stdin is not None
        assert other.stdout is not None
        spent, refused = [], set()
        try:
            for number in range(24):
                mine = number % 2 == 0
                try:
                    if mine:
                        told = str((await client.complete("Hi", max_output_tokens=30)).spent)
                        await environment.ledger.flush()
                    else:
                        other.stdin.write("go\n")
                        other.stdin.flush()
                        told = (await asyncio.to_thread(other.stdout.readline)).strip()
                except BudgetExceeded:
                    told = "refused"
                if told == "refused":
                    refused.add(mine)
                else:
                    assert not refused, "both see the same limit"
                    spent.append(Decimal(told))
        finally:
            other.stdin.close()
    assert other.returncode == 0
    assert refused == {True, False}
    assert client._budgets is not None
    assert sum(spent) == client._budgets.spent(limit)[0]
    assert limit.usd is not None
    assert limit.usd - spent[0] < sum(spent) <= limit.usd
