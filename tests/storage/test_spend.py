"""The spend ledger: rows for several calls, sums by model, and a ledger from before it had them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from chatbench.core.conversations import Lane, TreeMessage
from chatbench.core.ids import new_id
from chatbench.core.models import ModelRef
from chatbench.core.usage import Cost, Usage
from chatbench.storage import spend
from chatbench.storage.conversations import ConversationStore
from chatbench.storage.database import Database
from chatbench.storage.migrations import MIGRATIONS
from chatbench.storage.profile import Profile
from chatbench.storage.spend import AsideSpent, Breakdown, ModelSpent, SpendEntry, Spent

ONE, TWO = ModelRef("loop", "one"), ModelRef("loop", "two")


def entry(at: int, model: ModelRef, amount: str | None, calls: int = 1, currency: str = "USD") -> SpendEntry:
    return SpendEntry(
        at=at,
        model=model,
        source="api",
        usage=Usage(input_tokens=10 * calls, output_tokens=calls),
        cost=None if amount is None else Cost(amount=Decimal(amount), currency=currency),
        calls=calls,
    )


async def test_sums_count_calls_and_what_is_unpriced(database: Database) -> None:
    rows = [
        entry(1000, ONE, "0.1", 3),
        entry(2000, ONE, "0.2"),
        entry(2000, ONE, None, 5),
        entry(2000, TWO, "9", 2, "EUR"),
        entry(500, TWO, "100"),
    ]
    await database.write(lambda connection: spend.write_all(connection, rows))
    assert await database.read(lambda connection: spend.spent_since(connection, 1000)) == Spent(
        amount=Decimal("0.3"), complete=False, calls=11
    )
    assert await database.read(lambda connection: spend.spent_by_model(connection, 1000)) == [
        ModelSpent(model=ONE, amount=Decimal("0.3"), tokens=99, calls=9, unpriced=5),
        ModelSpent(model=TWO, amount=Decimal(0), tokens=22, calls=2, unpriced=2),
    ]


async def test_rows_from_before_are_one_call_each(profile: Profile) -> None:
    database = Database.open(profile.database, backups=profile.backups, migrations=MIGRATIONS[:1])
    await database.write(
        lambda connection: connection.execute(
            "INSERT INTO spend (at, provider, model, source, cost_amount) "
            "VALUES (5, 'loop', 'one', 'chat', '2')"
        )
    )
    await database.close()
    database = Database.open(profile.database, backups=profile.backups)
    assert await database.read(lambda connection: spend.spent_since(connection, 0)) == Spent(
        amount=Decimal(2), complete=True, calls=1
    )
    await database.close()


def aside(amount: str | None) -> TreeMessage:
    cost = None if amount is None else Cost(amount=Decimal(amount))
    return TreeMessage(
        id=new_id(), conversation_id="", parent_id=None, turn_id=new_id(), role="assistant", state="done",
        model=ONE, usage=Usage(input_tokens=30, output_tokens=3), cost=cost, created_at=1, finished_at=2,
    )  # fmt: skip


@pytest.mark.parametrize("temporary", [False, True])
async def test_titles_and_summaries_are_in_the_total_of_their_conversation(
    database: Database, store: ConversationStore, temporary: bool
) -> None:
    cid = (await store.create("Named", Lane(id=new_id(), model=ONE), temporary=temporary)).id
    await store.record_aside(cid, aside("0.25"), source="title")
    await store.record_aside(cid, aside("0.5"), source="summary")
    told = await store.breakdown(cid)
    assert (told.amount, told.complete, told.calls, told.messages) == (Decimal("0.75"), True, 2, 0)
    assert told.aside == AsideSpent(
        usage=Usage(input_tokens=60, output_tokens=6), amount=Decimal("0.75"), calls=2
    )
    assert told.usage == Usage()
    await store.record_aside(cid, aside(None), source="title")
    assert not (await store.breakdown(cid)).complete
    summary = await store.summary(cid)
    assert summary is not None
    assert summary.cost is not None
    assert (summary.cost.amount, summary.cost_complete) == (Decimal("0.75"), False)
    assert await store.spent(0) == Spent(amount=Decimal("0.75"), complete=False, calls=3)
    on_disk = "SELECT count(*) FROM asides WHERE conversation_id = ?"
    count = await database.read(lambda c: c.execute(on_disk, (cid,)).fetchone())
    assert count == ((0,) if temporary else (3,))
    if temporary:
        before = await store.breakdown(cid)
        await store.keep(cid)
        assert await store.breakdown(cid) == before
        assert (await store.spent(0)).calls == 3


async def test_a_title_that_comes_after_its_conversation_went_is_in_the_ledger_alone(
    store: ConversationStore,
) -> None:
    await store.record_aside("gone", aside("0.25"), source="title")
    assert await store.breakdown("gone") == Breakdown()
    assert (await store.spent(0)).amount == Decimal("0.25")
