"""What calls through the Python API spent, for the profile's ledger: sums, without a word of text.

Calls of a day that went to one model and were priced alike are one row; what has come together is
written about once a second on the database's own thread, and when the ledger is closed.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import math
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from decimal import Decimal

from chatbench.core.errors import StorageError
from chatbench.core.models import ModelRef
from chatbench.core.requests import Response
from chatbench.core.usage import Cost, CostSource, Usage
from chatbench.storage import spend
from chatbench.storage.database import Database
from chatbench.storage.spend import ModelSpent, SpendEntry

log = logging.getLogger(__name__)
_PATIENCE_S = 5
_DAY_MS = 86_400_000
_Key = tuple[ModelRef, int, CostSource | None, str]
"""Model, UTC day, who priced it (None: nobody), currency."""


class _Sum:
    """Calls of one key, since the last time they were written."""

    __slots__ = ("amount", "at", "calls", "input", "output", "read", "reasoning", "write")

    def __init__(self, at: int) -> None:
        self.at = at
        self.calls = 0
        self.amount = Decimal(0)
        self.input = self.output = self.read = self.write = self.reasoning = 0

    def add(self, usage: Usage | None, cost: Cost | None) -> None:
        self.calls += 1
        if cost is not None:
            self.amount += cost.amount
        if usage is not None:
            self.input += usage.input_tokens
            self.output += usage.output_tokens
            self.read += usage.cache_read_tokens
            self.write += usage.cache_write_tokens
            self.reasoning += usage.reasoning_tokens

    def merge(self, other: _Sum) -> None:
        """Takes in what could not be written."""
        self.at = min(self.at, other.at)
        self.calls += other.calls
        self.amount += other.amount
        self.input += other.input
        self.output += other.output
        self.read += other.read
        self.write += other.write
        self.reasoning += other.reasoning

    def entry(self, key: _Key, source: str) -> SpendEntry:
        model, _, priced_by, currency = key
        usage = Usage(
            input_tokens=self.input,
            output_tokens=self.output,
            cache_read_tokens=self.read,
            cache_write_tokens=self.write,
            reasoning_tokens=self.reasoning,
        )
        cost = None
        if priced_by is not None:
            cost = Cost(amount=self.amount, currency=currency, source=priced_by)
        return SpendEntry(at=self.at, model=model, source=source, usage=usage, cost=cost, calls=self.calls)


class Ledger:
    """Takes notes of calls and writes their sums to the profile's database. For any thread and loop."""

    def __init__(
        self,
        database: Database,
        *,
        source: str = "api",
        every_s: float = 1.0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._source, self._every_s, self._now = source, every_s, now
        self._lock = threading.Lock()
        self._sums: dict[_Key, _Sum] = {}
        self._last: Future[None] | None = None
        self._due = -math.inf
        self._at_exit = False
        self._process = os.getpid()

    def record(self, response: Response) -> None:
        """Adds a call to the sums; one that used nothing, or that our own cache answered, is none."""
        usage, cost = response.usage, response.cost
        if response.local_cache_hit or (usage is None and cost is None and not response.parts):
            return
        at = int(self._now() * 1000)
        priced = (None, "USD") if cost is None else (cost.source, cost.currency)
        key = (response.model, at // _DAY_MS, *priced)
        with self._lock:
            found = self._sums.get(key)
            if found is None:
                found = self._sums[key] = _Sum(at)
            found.add(usage, cost)
            # A loop that ended before its turn came is not waited for.
            late = time.monotonic() > self._due + self._every_s
        if late:
            self._schedule()

    async def spent_by_model(self, since_ms: int) -> list[ModelSpent]:
        """What each model took in this profile from `since_ms` (UTC milliseconds) on, whoever asked."""
        await self.flush()
        return await self._database.read(lambda connection: spend.spent_by_model(connection, since_ms))

    async def flush(self) -> None:
        """Writes what has come together, and returns when that and all before it is written. Raises
        StorageError where that fails; nothing is lost then."""
        self._write()
        last = self._last
        if last is not None:
            await asyncio.shield(asyncio.wrap_future(last))

    async def aclose(self) -> None:
        """Writes the rest; to be called before the database is closed."""
        await self.flush()
        self._at_exit = False
        atexit.unregister(self._write_at_exit)

    def _schedule(self) -> None:
        if not self._at_exit:
            self._at_exit = True
            atexit.register(self._write_at_exit)
        self._due = time.monotonic() + self._every_s
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._write_in_passing()
        else:
            loop.call_later(self._every_s, self._write_in_passing)

    def _write(self) -> Future[None] | None:
        with self._lock:
            self._due = -math.inf
            sums, self._sums = self._sums, {}
        if not sums:
            return None
        entries = [one.entry(key, self._source) for key, one in sums.items()]
        try:
            future = self._database.submit(lambda connection: spend.write_all(connection, entries))
        except StorageError:
            self._put_back(sums)
            raise
        future.add_done_callback(lambda done: self._written(done, sums))
        # One thread writes, in order: when this is done, so is all before it.
        self._last = future
        return future

    def _write_in_passing(self) -> None:
        try:
            self._write()
        except StorageError:
            log.exception("what was spent could not be written")

    def _written(self, done: Future[None], sums: dict[_Key, _Sum]) -> None:
        error = done.exception()
        if error is not None:
            log.error("what was spent could not be written and is kept for the next time: %s", error)
            self._put_back(sums)

    def _put_back(self, sums: dict[_Key, _Sum]) -> None:
        with self._lock:
            for key, one in sums.items():
                self._sums.setdefault(key, _Sum(one.at)).merge(one)

    def _write_at_exit(self) -> None:
        if os.getpid() != self._process:
            return  # a child that was forked: its parent writes
        try:
            future = self._write()
            if future is not None:
                future.exception(timeout=_PATIENCE_S)
        except (StorageError, TimeoutError):
            log.exception("what was spent could not be written")
