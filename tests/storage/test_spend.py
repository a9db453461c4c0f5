"""The spend ledger: rows for several calls, sums by model, and a ledger from before it had them."""

from __future__ import annotations

from decimal import Decimal

from chatbench.core.models import ModelRef
from chatbench.core.usage import Cost, Usage
from chatbench.storage import spend
from chatbench.storage.database import Database
from chatbench.storage.migrations import MIGRATIONS
from chatbench.storage.profile import Profile
from chatbench.storage.spend import ModelSpent, SpendEntry, Spent

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
