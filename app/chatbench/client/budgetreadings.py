"""What the ledger says of the present day and month, read again and again: other processes spend too."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from decimal import Decimal
from typing import Protocol

from chatbench.client.budgetcounters import Counter
from chatbench.client.budgetlimits import Scope
from chatbench.core.errors import StorageError
from chatbench.core.models import ModelRef

log = logging.getLogger(__name__)
FRESH_S = 5.0
_REST = 20
"""After a reading that took long, so many times as long passes before the next."""
_DAY_S = 86_400


class Spending(Protocol):
    """What a model took, as the ledger tells it."""

    @property
    def model(self) -> ModelRef: ...

    @property
    def amount(self) -> Decimal: ...

    @property
    def tokens(self) -> int: ...


SpentSince = Callable[[int], Awaitable[Sequence[Spending]]]
"""What each model took since a moment (UTC milliseconds)."""


class Readings:
    """Readings of the ledger for the limits of days and months. For any thread and loop.

    `counters` gives, under `lock`, those of a scope at a moment; `now` is in seconds since 1970.
    """

    def __init__(
        self,
        spent_since: SpentSince,
        scopes: Sequence[Scope],
        counters: Callable[[Scope, datetime], list[Counter]],
        lock: threading.Lock,
        now: Callable[[], float],
    ) -> None:
        self._spent_since, self._scopes, self._counters = spent_since, scopes, counters
        self._lock, self._now = lock, now
        self._day = -1.0
        self._read_at = self._stale_at = 0.0
        self._under_way: Future[None] | None = None

    async def catch_up(self) -> None:
        """Reads, unless that was done within the last seconds. One caller reads at a time: the others
        go by what is known, or wait for it on a day of which nothing is.

        Raises StorageError where nothing is known and the ledger cannot be read.
        """
        while True:
            now = self._now()
            known = now // _DAY_S == self._day
            if known and self._read_at <= now < self._stale_at:
                return
            mine: Future[None] = Future()
            with self._lock:
                under_way = self._under_way
                if under_way is None:
                    self._under_way = mine
            if under_way is not None:
                if known:
                    return
                await asyncio.shield(asyncio.wrap_future(under_way))
                continue
            try:
                await self._read(now, known)
            finally:
                with self._lock:
                    self._under_way = None
                mine.set_result(None)
            return

    async def _read(self, now: float, known: bool) -> None:
        began, at = time.monotonic(), datetime.fromtimestamp(now, UTC)
        try:
            for scope in self._scopes:
                await self._take_in(scope, at)
        except StorageError:
            if not known:
                raise
            log.warning("what others spend could not be read; budgets go by what is known", exc_info=True)
        self._day, self._read_at = now // _DAY_S, now
        self._stale_at = now + max(FRESH_S, _REST * (time.monotonic() - began))

    async def _take_in(self, scope: Scope, at: datetime) -> None:
        start = at.replace(hour=0, minute=0, second=0, microsecond=0)
        if scope == "month":
            start = start.replace(day=1)
        with self._lock:
            noted = [(one, one.entered_usd, one.entered_tokens) for one in self._counters(scope, at)]
        spendings = await self._spent_since(int(start.timestamp() * 1000))
        with self._lock:
            for counter, usd, tokens in noted:
                matching = [one for one in spendings if counter.limit.holds_for(one.model)]
                told_usd = sum((one.amount for one in matching), Decimal(0))
                told_tokens = sum(one.tokens for one in matching)
                counter.learn(told_usd - usd, told_tokens - tokens)
