"""Limits in money and tokens: reckoned before a call is sent, so that the call that would pass a hard one
is not made.

A call reserves the most it may take (its input, counted generously, and as many output tokens as it
may give) and gives back, when it is over, what it did not take: calls in flight cannot pass a limit
together. Where only the reservations of others stand in the way, `acquire` waits for them. Days and
months are those of UTC; what other processes spend in them is read from the profile's ledger, at most
some seconds late.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import get_args

from chatbench.client.budgetcounters import Counter, refusal
from chatbench.client.budgetlimits import Budget, BudgetLimit, BudgetNotice, Scope, period
from chatbench.client.budgetreadings import Readings, Spending, SpentSince
from chatbench.client.pricing import Pricing
from chatbench.client.reckoning import NOTHING, Need, entered, most_of, taken
from chatbench.core.endpoints import Endpoint
from chatbench.core.models import ModelInfo
from chatbench.core.requests import Request, Response

__all__ = ["Budget", "BudgetLimit", "BudgetNotice", "Budgets", "Reservation", "Spending"]

log = logging.getLogger(__name__)
_ZERO = Decimal(0)


class _Waiter:
    """One call that waits for others to give back what they did not take."""

    __slots__ = ("future", "loop", "woken")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.future: asyncio.Future[None] = loop.create_future()
        self.woken = False


class Reservation:
    """What a call may take, until it is over. Settling twice is harmless."""

    __slots__ = ("_budgets", "_counters", "_need", "_open")

    def __init__(self, budgets: Budgets, counters: Sequence[Counter], need: Need) -> None:
        self._budgets, self._counters, self._need = budgets, counters, need
        self._open = True

    @property
    def usd(self) -> Decimal | None:
        """US dollars held; None where the model's price is unknown."""
        return self._need.usd

    @property
    def tokens(self) -> int:
        return self._need.tokens

    def add(self, response: Response) -> None:
        """Counts an attempt that was paid for and is made again; the reservation stays."""
        self._count(response, NOTHING)

    def settle(self, response: Response | None) -> None:
        """Puts what was really taken in place of what was reserved. None: nothing was sent.

        An answer that broke off before it was counted is counted from its words.
        """
        if not self._open:
            return
        self._open = False
        self._count(response, self._need)

    def _count(self, response: Response | None, given_back: Need) -> None:
        used = (_ZERO, 0) if response is None else taken(response, self._need)
        written = (_ZERO, 0) if response is None else entered(response)
        self._budgets._settle(self._counters, given_back, used, written)  # noqa: SLF001 - of one piece


class Budgets:
    """The counters of a budget. For any thread and loop.

    `spent_since` is asked before the first call, and every few seconds of calls, if there is a limit
    for a day or month; `counted` says that these calls are in what it tells, each as soon as it is
    settled. `on_soft`, plain or asynchronous, is told of soft limits; without it they are logged.
    """

    def __init__(
        self,
        budget: Budget,
        pricing: Pricing,
        *,
        spent_since: SpentSince | None = None,
        counted: bool = True,
        on_soft: Callable[[BudgetNotice], object] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.budget = budget
        self._pricing, self._counted, self._on_soft, self._now = pricing, counted, on_soft, now
        self._allows = budget.unknown_price == "allow"
        self._lock = threading.Lock()
        self._counters: dict[tuple[int, str], Counter] = {}
        self._waiting: deque[_Waiter] = deque()
        self._telling: set[asyncio.Future[object]] = set()
        self._readings = self._readings_by(spent_since) if spent_since is not None else None

    def _readings_by(self, spent_since: SpentSince) -> Readings | None:
        scopes: list[Scope] = [
            scope
            for scope in get_args(Scope)
            if scope in ("day", "month") and any(limit.scope == scope for limit in self.budget.limits)
        ]
        return Readings(spent_since, scopes, self._periodic, self._lock, self._now) if scopes else None

    def _periodic(self, scope: Scope, at: datetime) -> list[Counter]:
        return [
            self._counter(number, limit, period(scope, at))
            for number, limit in enumerate(self.budget.limits)
            if limit.scope == scope
        ]

    def _counter(self, number: int, limit: BudgetLimit, place: str) -> Counter:
        counter = self._counters.get((number, place))
        if counter is None:
            counter = self._counters[number, place] = Counter(limit)
        return counter

    async def ready(self) -> None:
        """Reads from the ledger what the day and the month have cost so far. Raises StorageError."""
        if self._readings is not None:
            await self._readings.catch_up()

    async def acquire(
        self, request: Request, info: ModelInfo, endpoint: Endpoint, *, conversation: str = "", run: str = "",
        need: Need | None = None,
    ) -> Reservation:  # fmt: skip
        """`reserve`, after `ready`; waits where nothing but calls in flight is in the way. `need` is set
        aside in place of the most the call may take."""
        woken = False
        try:
            while True:
                if self._readings is not None:
                    await self._readings.catch_up()
                counters, need = self._measured(request, info, endpoint, conversation, run, need)
                with self._lock:
                    blocking = self._blocking(counters, need)
                    if blocking is None:
                        return self._take(counters, need)
                    if self._blocking(counters, need, alone=True) is not None:
                        raise refusal(blocking, need, request, unknown_allowed=self._allows)
                    waiter = _Waiter(asyncio.get_running_loop())
                    if woken:
                        self._waiting.appendleft(waiter)
                    else:
                        self._waiting.append(waiter)
                try:
                    await waiter.future
                finally:
                    woken = waiter.woken
        finally:
            if woken:
                self._wake()  # what is left may do for the next

    def reserve(
        self, request: Request, info: ModelInfo, endpoint: Endpoint, *, conversation: str = "", run: str = ""
    ) -> Reservation:
        """Sets aside the most the call may take, from every limit that concerns it. To be called
        after `ready`. Raises BudgetExceeded, with the numbers, where one would be passed."""
        counters, need = self._measured(request, info, endpoint, conversation, run, None)
        with self._lock:
            blocking = self._blocking(counters, need)
            if blocking is None:
                return self._take(counters, need)
            raise refusal(blocking, need, request, unknown_allowed=self._allows)

    def hold(
        self,
        request: Request,
        info: ModelInfo,
        endpoint: Endpoint,
        need: Need,
        *,
        run: str = "",
        sent: bool = False,
    ) -> Reservation:
        """`reserve` for a call of which other than the most is to be set aside; what is `sent` already is,
        whether there is room or not."""
        counters, _ = self._measured(request, info, endpoint, "", run, need)
        with self._lock:
            blocking = None if sent else self._blocking(counters, need)
            if blocking is None:
                return self._take(counters, need)
            raise refusal(blocking, need, request, unknown_allowed=self._allows)

    def spent(self, limit: BudgetLimit, place: str = "") -> tuple[Decimal, int]:
        """US dollars and tokens counted towards a limit of this budget: in the present day, month or
        run, or in the conversation or run named `place`."""
        number = self.budget.limits.index(limit)
        key = period(limit.scope, datetime.fromtimestamp(self._now(), UTC)) or place
        counter = self._counters.get((number, key))
        return (counter.usd, counter.tokens) if counter else (_ZERO, 0)

    def _measured(
        self,
        request: Request,
        info: ModelInfo,
        endpoint: Endpoint,
        conversation: str,
        run: str,
        need: Need | None,
    ) -> tuple[list[Counter], Need]:
        """The counters that concern the call, at this time of day, and the most it may take."""
        at = datetime.fromtimestamp(self._now(), UTC)
        counters: list[Counter] = []
        with self._lock:
            for number, limit in enumerate(self.budget.limits):
                if not limit.holds_for(request.model) or (limit.scope == "conversation" and not conversation):
                    continue
                if limit.scope == "call":
                    counters.append(Counter(limit))
                    continue
                place = period(limit.scope, at) or (conversation if limit.scope == "conversation" else run)
                counters.append(self._counter(number, limit, place))
        if need is None:
            need = most_of(request, info, endpoint, self._pricing, at) if counters else NOTHING
        return counters, need

    def _blocking(self, counters: Sequence[Counter], need: Need, *, alone: bool = False) -> Counter | None:
        """The hard limit that has no room for the call; `alone`: not even with nothing else in flight."""
        for counter in counters:
            if not counter.limit.soft and not counter.has_room(
                need, alone=alone, unknown_allowed=self._allows
            ):
                return counter
        return None

    def _take(self, counters: Sequence[Counter], need: Need) -> Reservation:
        for counter in counters:
            counter.reserve(need)
        return Reservation(self, counters, need)

    def _settle(
        self,
        counters: Sequence[Counter],
        need: Need,
        used: tuple[Decimal, int],
        written: tuple[Decimal, int],
    ) -> None:
        with self._lock:
            if self._counted:
                for counter in counters:
                    counter.entered_usd += written[0]
                    counter.entered_tokens += written[1]
            notices = [
                BudgetNotice(limit=counter.limit, usd=counter.usd, tokens=counter.tokens)
                for counter in counters
                if counter.settle(need, *used)
            ]
        self._wake()
        for notice in notices:
            self._tell(notice)

    def _wake(self) -> None:
        """Gives the next one that waits its turn; one whose loop is gone is passed over."""
        with self._lock:
            while self._waiting:
                waiter = self._waiting.popleft()
                if not waiter.future.cancelled() and not waiter.loop.is_closed():
                    waiter.woken = True
                    waiter.loop.call_soon_threadsafe(_set, waiter.future)
                    return

    def _tell(self, notice: BudgetNotice) -> None:
        if self._on_soft is None:
            log.warning("%s", notice.message)
            return
        try:
            told = self._on_soft(notice)
            if inspect.isawaitable(told):
                task = asyncio.ensure_future(told)
                self._telling.add(task)
                task.add_done_callback(self._has_told)
        except Exception:  # the call itself went well
            log.exception("the callback for soft budgets failed")

    def _has_told(self, task: asyncio.Future[object]) -> None:
        self._telling.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("the callback for soft budgets failed", exc_info=error)


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
