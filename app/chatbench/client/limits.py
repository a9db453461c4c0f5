"""When a call may go out: the limits per provider, key and model, ours and the provider's own.

A call asks its bucket for a permit and holds it as long as its stream runs. Who has to wait stands
in one queue per bucket, first come first served, and is woken when it is his turn: however many
wait, one timer runs, for the first of them.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping

from chatbench.client.holding import amount_of, hold_of
from chatbench.client.meters import Meter
from chatbench.client.ratelimits import Kind, allowances
from chatbench.client.waiters import Waiter, post, running_loop
from chatbench.core.endpoints import Limits
from chatbench.core.errors import LimitUnattainable
from chatbench.core.holds import Hold
from chatbench.core.usage import Usage

_LONGEST_HOLD_S = 3600.0
"""A reset further off than this is not waited for: the next call gets the provider's own refusal."""
_SHORTEST_SLEEP_S = 0.001
_FIRST_GUESS = 300.0
_MEMORY = 0.05
"""How much the newest answer counts in what an answer is expected to be."""
_NAMES: dict[Kind, str] = {
    "requests": "requests",
    "tokens": "tokens",
    "input_tokens": "input tokens",
    "output_tokens": "output tokens",
}


class Limiter:
    """All buckets of an environment. To be used from any thread and event loop."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """`now` gives seconds of the clock that the event loops' timers go by."""
        self._now = now
        self._buckets: dict[tuple[str, str, str, Limits | None], Bucket] = {}

    def bucket(self, provider: str, key_id: str, model: str, limits: Limits, *, own: bool = False) -> Bucket:
        """The one bucket of this provider, key (a name for it, never the key itself) and model.
        `limits` takes the place of what was set before; limits of somebody's `own` have a bucket
        beside it, which nobody sets otherwise."""
        place = (provider, key_id, model, limits if own else None)
        found = self._buckets.get(place)
        if found is None:
            fresh = Bucket(f"{provider}/{model}", limits, self._now)
            found = self._buckets.setdefault(place, fresh)
        if found.limits is not limits and found.limits != limits:
            found.set(limits)
        return found


class Permit:
    """Leave for one call, to be released when its stream has ended, however it ended."""

    __slots__ = ("_bucket", "_open", "granted_at", "input_tokens", "output_tokens", "waited_s")

    def __init__(
        self, bucket: Bucket, input_tokens: int, output_tokens: int, at: float, waited_s: float
    ) -> None:
        self._bucket = bucket
        self._open = True
        self.input_tokens = input_tokens
        self.output_tokens = output_tokens
        self.granted_at = at
        """On the limiter's clock."""
        self.waited_s = waited_s
        """Seconds between asking and getting it."""

    def release(self, usage: Usage | None = None) -> None:
        """The call is over. What it was estimated to need is corrected by what it used; without
        `usage` the estimate stands. Calling it again does nothing."""
        if self._open:
            self._open = False
            self._bucket._end(self, usage)  # noqa: SLF001

    def void(self) -> None:
        """Nothing was sent: everything is given back, the request too."""
        if self._open:
            self._open = False
            self._bucket._undo(self)  # noqa: SLF001


class Bucket:
    """The limits of one provider, key and model, and who waits for them."""

    def __init__(self, name: str, limits: Limits, now: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self.limits = limits
        self._now = now
        self._lock = threading.Lock()
        self._meters: dict[Kind, Meter] = {}
        self._in_flight = 0
        self._usual_output = _FIRST_GUESS
        self._paused_until = 0.0
        self._waiters: deque[Waiter[Permit]] = deque()
        self._waiting = 0
        self._timer: tuple[asyncio.AbstractEventLoop, asyncio.Handle, float] | None = None
        self._set_meters()

    @property
    def in_flight(self) -> int:
        """Permits that are out."""
        return self._in_flight

    @property
    def waiting(self) -> int:
        """Calls that wait for a permit."""
        return self._waiting

    @property
    def counts_tokens(self) -> bool:
        """Whether a call has to say how many tokens it will need."""
        return len(self._meters) > ("requests" in self._meters)

    @property
    def remaining(self) -> float:
        """0 to 1: what the tightest limit leaves just now; 1 without any."""
        with self._lock:
            now = self._now()
            if self._paused_until > now:
                return 0.0
            shares = [meter.remaining(now) for meter in self._meters.values()]
            concurrent = self.limits.concurrent
            if concurrent is not None:
                shares.append(max(0.0, 1 - self._in_flight / concurrent) if concurrent > 0 else 0.0)
            return min(shares, default=1.0)

    def set(self, limits: Limits) -> None:
        """Changes the limits; what went out before counts on. Who can no longer be let through
        gets LimitUnattainable."""
        with self._lock:
            self.limits = limits
            self._set_meters()
            self._wake_due()

    def try_acquire(self, input_tokens: int = 0, output_tokens: int = 0) -> Permit | None:
        """A permit, if one is to be had at once and nobody waits for one.

        Tokens are estimates; without one of the output it is taken to be as the answers before."""
        with self._lock:
            if self._waiters:
                return None
            now = self._now()
            if not output_tokens and self.counts_tokens:
                output_tokens = self._expected_output(input_tokens)
            if self._wait(input_tokens, output_tokens, now):
                return None
            return self._grant(input_tokens, output_tokens, now, 0.0)

    async def acquire(
        self, input_tokens: int = 0, output_tokens: int = 0, *, asker: object | None = None
    ) -> Permit:
        """Waits for its turn and returns the permit. Tokens as for `try_acquire`; by `asker` it is
        found in the queue by `hold`.

        Raises LimitUnattainable at once where the call alone needs more than a limit of ours.
        """
        permit = self.try_acquire(input_tokens, output_tokens)
        if permit is not None:
            return permit
        with self._lock:
            self._refuse_unattainable(input_tokens, output_tokens)
            if not output_tokens and self.counts_tokens:
                output_tokens = self._expected_output(input_tokens)
            waiter: Waiter[Permit] = Waiter(input_tokens, output_tokens, self._now(), asker)
            self._waiters.append(waiter)
            self._waiting += 1
            if self._waiters[0] is waiter:
                self._wake_due()
        try:
            return await waiter.future
        except BaseException:
            self._abandon(waiter)
            raise

    def hold(self, asker: object) -> Hold | None:
        """What holds back the waiter of that `asker`; None where it does not wait, or has its turn."""
        with self._lock:
            now = self._now()
            queue: list[tuple[int, int]] = []
            for waiter in self._waiters:
                if waiter.gone:
                    continue
                queue.append((waiter.input_tokens, waiter.output_tokens))
                if waiter.asker is asker:
                    places = self._in_flight, self.limits.concurrent
                    paused_s = max(0.0, self._paused_until - now)
                    return hold_of(queue, self._meters, places, paused_s, now, now - waiter.since)
            return None

    def pause(self, seconds: float) -> None:
        """Lets nobody through for so long, after a 429. A longer pause under way stays."""
        with self._lock:
            self._paused_until = max(self._paused_until, self._now() + seconds)

    def resume(self) -> None:
        """Ends a pause: somebody asked to try now."""
        with self._lock:
            self._paused_until = 0.0
            self._wake_due()

    def observe(self, headers: Mapping[str, str]) -> None:
        """Takes to heart what the provider says of its limits; names in lower case. Never raises.

        A limit below ours counts, and where nothing remains the reset is waited for. An answer
        with Retry-After says itself when to come back: that is for `pause`.
        """
        told = allowances(headers)
        if not told:
            return
        held = "retry-after" not in headers and "retry-after-ms" not in headers
        with self._lock:
            now = self._now()
            for kind, limit, remaining, reset_s in told:
                meter = self._meters.get(kind)
                if meter is None:
                    meter = self._meters[kind] = Meter(None, now)
                obeyed = held and reset_s is not None and reset_s <= _LONGEST_HOLD_S
                meter.observe(limit, remaining if obeyed else None, reset_s, now)
            self._wake_due()

    # Under the lock.

    def _set_meters(self) -> None:
        limits, now = self.limits, self._now()
        wanted: dict[Kind, int | None] = {
            "requests": limits.requests_per_minute,
            "tokens": limits.tokens_per_minute,
            "input_tokens": limits.input_tokens_per_minute,
            "output_tokens": limits.output_tokens_per_minute,
        }
        for kind, limit in wanted.items():
            meter = self._meters.get(kind)
            if meter is not None:
                meter.set(limit)
            elif limit is not None:
                self._meters[kind] = Meter(limit, now)

    def _expected_output(self, input_tokens: int) -> int:
        """As many tokens as answers have lately had, but no more than may ever go."""
        expected = int(self._usual_output)
        besides: dict[Kind, int] = {"output_tokens": 0, "tokens": input_tokens}
        for kind, beside in besides.items():
            meter = self._meters.get(kind)
            if meter is not None and meter.ours is not None:
                expected = min(expected, meter.ours - beside)
        return max(0, expected)

    def _wait(self, input_tokens: int, output_tokens: int, now: float) -> float:
        """Seconds until such a call may go, as far as time alone decides; infinite where it does
        not, for want of a place or because the call is larger than a limit."""
        concurrent = self.limits.concurrent
        if concurrent is not None and self._in_flight >= concurrent:
            return math.inf
        wait = self._paused_until - now if self._paused_until > now else 0.0
        for kind, meter in self._meters.items():
            amount = amount_of(kind, input_tokens, output_tokens)
            if amount:
                due = meter.wait(amount, now)
                if due > wait:
                    wait = due
        return wait

    def _grant(self, input_tokens: int, output_tokens: int, now: float, waited_s: float) -> Permit:
        self._in_flight += 1
        for kind, meter in self._meters.items():
            amount = amount_of(kind, input_tokens, output_tokens)
            if amount:
                meter.charge(amount, now)
        return Permit(self, input_tokens, output_tokens, now, waited_s)

    def _refuse_unattainable(self, input_tokens: int, output_tokens: int) -> None:
        if self.limits.concurrent is not None and self.limits.concurrent < 1:
            raise _unattainable(self.name, "place", 1, self.limits.concurrent, " at a time")
        for kind, meter in self._meters.items():
            amount = amount_of(kind, input_tokens, output_tokens)
            if meter.ours is not None and amount > meter.ours:
                raise _unattainable(self.name, _NAMES[kind], amount, meter.ours)

    def _wake_due(self) -> None:
        """Lets through, in their order, all whose turn it is; sets the timer for the next."""
        waiters = self._waiters
        while waiters:
            head = waiters[0]
            if head.gone:
                waiters.popleft()
                continue
            now = self._now()
            wait = self._wait(head.input_tokens, head.output_tokens, now)
            if wait:
                if wait < math.inf:
                    if self._set_timer(head.loop, wait):
                        return
                    self._pop(head)
                    continue
                try:
                    self._refuse_unattainable(head.input_tokens, head.output_tokens)
                except LimitUnattainable as error:
                    self._pop(head)
                    head.tell(error)
                    continue
                return
            self._pop(head)
            head.given = self._grant(head.input_tokens, head.output_tokens, now, now - head.since)
            if not head.tell(head.given):
                self._take_back(head.given)
        if self._timer is not None and self._timer[0] is running_loop():
            self._timer[1].cancel()
            self._timer = None

    def _pop(self, head: Waiter[Permit]) -> None:
        self._waiters.popleft()
        self._waiting -= 1
        head.gone = True

    def _set_timer(self, loop: asyncio.AbstractEventLoop, wait: float) -> bool:
        """One timer at most, on the loop of the first who waits; False where that loop is no more."""
        if running_loop() is not loop:
            return post(loop, self._turn)
        wait = max(wait, _SHORTEST_SLEEP_S)
        due = loop.time() + wait
        if self._timer is not None and self._timer[0] is loop:
            if self._timer[2] <= due:
                return True
            self._timer[1].cancel()
        # Beside the handle, for not every loop's handles know when they are due.
        self._timer = loop, loop.call_later(wait, self._ring), due
        return True

    def _take_back(self, permit: Permit) -> None:
        self._in_flight -= 1
        for kind, meter in self._meters.items():
            amount = amount_of(kind, permit.input_tokens, permit.output_tokens)
            if amount:
                meter.give_back(amount, permit.granted_at)

    # The rest takes the lock itself.

    def _turn(self) -> None:
        """Another loop has something to do for the first who waits."""
        with self._lock:
            self._wake_due()

    def _ring(self) -> None:
        """The timer of the first who waits has come."""
        with self._lock:
            self._timer = None
            self._wake_due()

    def _abandon(self, waiter: Waiter[Permit]) -> None:
        """A waiter was cancelled, maybe after it had its permit and before it could know."""
        with self._lock:
            if waiter.given is None:
                if not waiter.gone:
                    waiter.gone = True
                    self._waiting -= 1
                if self._waiters and self._waiters[0].gone:
                    self._wake_due()
                return
        waiter.given.void()

    def _undo(self, permit: Permit) -> None:
        with self._lock:
            self._take_back(permit)
            self._wake_due()

    def _end(self, permit: Permit, usage: Usage | None) -> None:
        with self._lock:
            self._in_flight -= 1
            if usage is not None:
                self._usual_output += _MEMORY * (usage.output_tokens - self._usual_output)
                for kind, meter in self._meters.items():
                    if kind != "requests":
                        more = amount_of(kind, usage.input_tokens, usage.output_tokens) - amount_of(
                            kind, permit.input_tokens, permit.output_tokens
                        )
                        if more > 0:
                            meter.charge(more, self._now())
                        elif more:
                            meter.give_back(-more, permit.granted_at)
            if self._waiters:
                self._wake_due()


def _unattainable(
    name: str, what: str, needed: int, limit: int, each: str = " per minute"
) -> LimitUnattainable:
    return LimitUnattainable(
        f"The call to {name} needs {needed:,} {what if needed != 1 else what.removesuffix('s')}; "
        f"the limit is {limit:,}{each}.",
        "Raise the limit, or make the request smaller.",
    )
