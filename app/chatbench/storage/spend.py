"""The spend ledger: what every call used and cost, without a word of it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import apsw
import msgspec

from chatbench.core.conversations import TreeMessage
from chatbench.core.models import ModelRef
from chatbench.core.usage import Cost, CostLine, Usage
from chatbench.storage.rows import is_unpriced, plain


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """US dollars over `calls` calls; `complete` is False where the price of some is unknown."""

    amount: Decimal
    complete: bool
    calls: int


class SpendEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One call, or the sum of `calls` of them that were priced alike. `at` is UTC milliseconds;
    `source` says who made it ("chat", "api", …); a second entry for the same `message_id` replaces
    the first."""

    at: int
    model: ModelRef
    source: str
    message_id: str | None = None
    usage: Usage | None = None
    cost: Cost | None = None
    calls: int = 1


class ModelSpent(msgspec.Struct, frozen=True, kw_only=True):
    """What one model took: US dollars and tokens (input and output) over `calls` calls, `unpriced` of
    which cost something nobody can name."""

    model: ModelRef
    amount: Decimal = Decimal(0)
    tokens: int = 0
    calls: int = 0
    unpriced: int = 0


class AsideSpent(msgspec.Struct, frozen=True, kw_only=True):
    """What a conversation's titles and summaries took: US dollars, None where no price is known."""

    usage: Usage = Usage()
    amount: Decimal | None = None
    calls: int = 0


class Breakdown(msgspec.Struct, frozen=True, kw_only=True):
    """What one conversation used: sums over its calls, deleted messages included (they were paid).

    `amount` is US dollars, None where no call has a known price; `complete` is False where some
    have none. `lines` sum the bills' lines by what they are for: less than `amount` where a provider
    told no more than a sum. Of `uncounted` answers words came and no number of tokens; `estimated`: some
    answers broke off, and are counted from their words. `amount`, `complete` and `calls` are of all,
    what is `aside` among it; `usage` and `lines` are those of the answers.
    """

    usage: Usage = Usage()
    amount: Decimal | None = None
    complete: bool = True
    calls: int = 0
    messages: int = 0
    lines: tuple[CostLine, ...] = ()
    uncounted: int = 0
    estimated: bool = False
    aside: AsideSpent = AsideSpent()


class _Priced(msgspec.Struct, frozen=True):
    """The part of a call's details that is about money."""

    usage: Usage | None = None
    cost: Cost | None = None
    copy_of: str = ""


_decode_priced = msgspec.json.Decoder(_Priced).decode


def breakdown(connection: apsw.Connection, conversation_id: str) -> Breakdown:
    """The conversation's usage and cost, from what is kept with each answer."""
    usage, unpriced, calls, messages, uncounted = Usage(), 0, 0, 0, 0
    estimated = False
    amounts: dict[Any, tuple[int, Decimal]] = {}
    known: list[Decimal] = []
    for role, deleted, lacks_price, details in connection.execute(
        "SELECT role, deleted_at IS NOT NULL, unpriced, details FROM messages JOIN contents USING (seq) "
        "WHERE conversation_id = ? AND state != 'streaming'",
        (conversation_id,),
    ):
        messages += not deleted
        if role != "assistant":
            continue
        told = _decode_priced(details)
        if told.copy_of:
            continue
        calls += told.usage is not None or told.cost is not None or bool(lacks_price)
        usage += told.usage or Usage()
        unpriced += bool(lacks_price)
        uncounted += bool(lacks_price) and told.usage is None
        if told.cost is not None and told.cost.currency == "USD":
            estimated |= told.cost.estimated
            known.append(told.cost.amount)
            for line in told.cost.lines:
                count, amount = amounts.get(line.what, (0, Decimal(0)))
                amounts[line.what] = count + line.count, amount + line.amount
    aside, aside_unpriced, aside_estimated = _aside(connection, conversation_id)
    known += [] if aside.amount is None else [aside.amount]
    return Breakdown(
        usage=usage,
        amount=sum(known, Decimal(0)) if known else None,
        complete=unpriced + aside_unpriced == 0,
        calls=calls + aside.calls,
        messages=messages,
        lines=tuple(CostLine(what=w, count=c, amount=a) for w, (c, a) in amounts.items()),
        uncounted=uncounted,
        estimated=estimated or aside_estimated,
        aside=aside,
    )


def _aside(connection: apsw.Connection, conversation_id: str) -> tuple[AsideSpent, int, bool]:
    """What titles and summaries took, how many of the calls have no known price, whether any was
    counted from its words."""
    usage, unpriced, calls, estimated = Usage(), 0, 0, False
    known: list[Decimal] = []
    for lacks_price, details in connection.execute(
        "SELECT unpriced, details FROM asides WHERE conversation_id = ?", (conversation_id,)
    ):
        told = _decode_priced(details)
        calls += 1
        unpriced += lacks_price
        usage += told.usage or Usage()
        if told.cost is not None and told.cost.currency == "USD":
            known.append(told.cost.amount)
            estimated |= told.cost.estimated
    amount = sum(known, Decimal(0)) if known else None
    return AsideSpent(usage=usage, amount=amount, calls=calls), unpriced, estimated


def entry_of(message: TreeMessage, source: str) -> SpendEntry | None:
    """The entry for a finished answer; None where nothing was used (as far as anyone knows)."""
    if message.model is None or not (message.cost is not None or is_unpriced(message)):
        return None
    return SpendEntry(
        at=message.finished_at or message.created_at or time.time_ns() // 1_000_000,
        model=message.model,
        source=source,
        message_id=message.id,
        usage=message.usage,
        cost=message.cost,
    )


def write(connection: apsw.Connection, entry: SpendEntry) -> None:
    """Inside the caller's transaction."""
    usage, cost = entry.usage, entry.cost
    tokens: tuple[int | None, ...] = (None,) * 5
    if usage is not None:
        tokens = (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens,
                  usage.cache_write_tokens, usage.reasoning_tokens)  # fmt: skip
    amount = format(cost.amount, "f") if cost is not None else None
    connection.execute(
        "INSERT OR REPLACE INTO spend (at, provider, model, source, message_id, input_tokens, output_tokens, "
        "cache_read_tokens, cache_write_tokens, reasoning_tokens, cost_amount, currency, cost_source, calls) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (entry.at, plain(entry.model.provider), plain(entry.model.id), entry.source, entry.message_id,
         *tokens, amount, cost.currency if cost else "USD", cost.source if cost else None, entry.calls),
    )  # fmt: skip


def write_all(connection: apsw.Connection, entries: Iterable[SpendEntry]) -> None:
    """Inside the caller's transaction."""
    for entry in entries:
        write(connection, entry)


def spent_since(connection: apsw.Connection, since_ms: int) -> Spent:
    """Everything from `since_ms` (UTC milliseconds) on."""
    total, unknown, calls = Decimal(0), 0, 0
    for amount, currency, count in connection.execute(
        "SELECT cost_amount, currency, calls FROM spend WHERE at >= ?", (since_ms,)
    ):
        calls += count
        if amount is None or currency != "USD":
            unknown += count
        else:
            total += Decimal(amount)
    return Spent(amount=total, complete=unknown == 0, calls=calls)


def spent_by_model(connection: apsw.Connection, since_ms: int) -> list[ModelSpent]:
    """What each model took from `since_ms` (UTC milliseconds) on."""
    sums: dict[ModelRef, ModelSpent] = {}
    for provider, model_id, amount, currency, tokens, calls in connection.execute(
        "SELECT provider, model, cost_amount, currency, "
        "coalesce(input_tokens, 0) + coalesce(output_tokens, 0), calls FROM spend WHERE at >= ?",
        (since_ms,),
    ):
        ref = ModelRef(provider, model_id)
        before = sums.get(ref) or ModelSpent(model=ref)
        priced = amount is not None and currency == "USD"
        sums[ref] = ModelSpent(
            model=ref,
            amount=before.amount + Decimal(amount) if priced else before.amount,
            tokens=before.tokens + tokens,
            calls=before.calls + calls,
            unpriced=before.unpriced + (0 if priced else calls),
        )
    return list(sums.values())


def add_amounts(first: str | None, second: str | None) -> str | None:
    """Exact sum of two decimal texts; None only where both are."""
    known = [Decimal(one) for one in (first, second) if one is not None]
    return format(sum(known, Decimal(0)), "f") if known else None
