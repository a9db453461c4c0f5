"""How much of something may go out in a minute: the arithmetic of one limit, without any waiting."""

from __future__ import annotations

import math

BURST_S = 1.9
"""How many seconds' share may go at once: 2, less what a late timer adds to it."""
LEARNED_BURST_S = 10.0
"""The same where only the provider has a limit: it says itself what remains of it."""
_SLOTS_A_SECOND = 10
_SLOTS = 606
"""The last minute in tenths of a second. Half a second longer than a minute, for what the network
does to the spacing, and a tenth, because what came in a slot came before its end."""
_WINDOW_S = _SLOTS / _SLOTS_A_SECOND
_INSTANT_S = 0.001
_NOTHING = 1e-6


class Meter:
    """One limit per minute, as a bucket of so many seconds' share that fills steadily, and beside it
    what each tenth of the last minute took: neither alone keeps both promises, that nothing comes
    in a rush and that no minute has more than the limit.

    An amount larger than the bucket goes when the bucket is full, and is paid off after it.
    Times are seconds of one monotonic clock. To be called under the bucket's lock.
    """

    __slots__ = (
        "_at", "_burst", "_granted", "_granted_at", "_granted_until", "_level", "_limit", "_rate",
        "_refunded", "_since", "_slots", "_theirs", "_tick", "_used", "ours",
    )  # fmt: skip

    def __init__(self, ours: int | None, now: float) -> None:
        self.ours = ours
        """What the user set; None where only the provider has a limit."""
        self._theirs: int | None = None
        self._at = self._since = now
        self._tick = int(now * _SLOTS_A_SECOND)
        self._slots = [0] * _SLOTS
        self._used = 0
        self._level = math.inf
        self._refunded = False
        self._granted = 0
        self._granted_at = self._granted_until = -math.inf
        self._adopt()

    def _adopt(self) -> None:
        limits = [limit for limit in (self.ours, self._theirs) if limit is not None]
        self._limit = min(limits) if limits else None
        if self._limit is None:
            self._rate = self._burst = math.inf
        else:
            self._rate = self._limit / 60
            # With fewer than thirty a minute, one at a time.
            self._burst = max(1.0, self._rate * (LEARNED_BURST_S if self.ours is None else BURST_S))
        self._level = min(self._level, self._burst)

    def set(self, ours: int | None) -> None:
        """The user's limit has changed."""
        self.ours = ours
        self._adopt()

    def observe(self, limit: int | None, remaining: int | None, reset_s: float | None, now: float) -> None:
        """What the provider says it allows: `limit` in a minute, `remaining` until `reset_s` from now."""
        if limit is not None and limit != self._theirs:
            self._theirs = limit
            self._adopt()
        if remaining is not None and reset_s is not None:
            self._granted = remaining
            self._granted_at, self._granted_until = now, now + reset_s

    def wait(self, amount: int, now: float) -> float:
        """Seconds until `amount` may go; 0.0 for now, infinite for never."""
        self._advance(now)
        wait = 0.0
        limit = self._limit
        if limit is not None:
            if self.ours is not None and amount > self.ours:
                return math.inf
            needed = amount if amount < self._burst else self._burst  # noqa: FURB136  # min() is slower
            if self._refunded and needed > self._level:
                self._refill(now)
            short = needed - self._level
            if short > _NOTHING:
                wait = short / self._rate
            # More than the provider allows is the provider's to refuse: it may count otherwise.
            over = self._used + min(amount, limit) - limit
            if over > 0:
                wait = max(wait, self._until_freed(over, now))
        if amount > self._granted and self._granted_until > now:
            wait = max(wait, self._granted_until - now)
        return wait

    def told(self, amount: int, now: float) -> tuple[int | None, bool]:
        """The limit that makes so much wait, and whether it is the user's; None where only what
        remains of the provider's is known."""
        if amount > self._granted and self._granted_until > now:
            return self._theirs, False
        return self._limit, self._limit is not None and self._limit == self.ours

    def charge(self, amount: int, now: float) -> None:
        """`amount` goes out now."""
        self._advance(now)
        self._level -= amount
        self._used += amount
        self._slots[self._tick % _SLOTS] += amount
        if self._granted_until > now:
            self._granted -= amount

    def give_back(self, amount: int, charged_at: float) -> None:
        """`amount` of what was charged at that time was not needed."""
        if charged_at < self._since:
            return
        if charged_at >= self._granted_at:
            self._granted += amount
        tick = int(charged_at * _SLOTS_A_SECOND)
        if tick > self._tick - _SLOTS:
            self._slots[tick % _SLOTS] -= amount
            self._used -= amount
            self._refunded = True

    def remaining(self, now: float) -> float:
        """0 to 1 of what a minute allows."""
        self._advance(now)
        if self._granted_until > now and self._granted <= 0:
            return 0.0
        limit = self._limit
        if limit is None:
            return 1.0
        left = limit - self._used
        if self._granted_until > now:
            left = min(left, self._granted)
        return max(0.0, left / limit) if limit else 0.0

    def _advance(self, now: float) -> None:
        tick = int(now * _SLOTS_A_SECOND)
        behind = tick - self._tick
        if behind > 0:
            if behind >= _SLOTS:
                self._slots = [0] * _SLOTS
                self._used = 0
            else:
                slots = self._slots
                for passed in range(self._tick + 1, tick + 1):
                    place = passed % _SLOTS
                    if slots[place]:
                        self._used -= slots[place]
                        slots[place] = 0
            self._tick = tick
        if now > self._at:
            level = self._level + (now - self._at) * self._rate
            self._level = level if level < self._burst else self._burst  # noqa: FURB136
            self._at = now

    def _refill(self, now: float) -> None:
        """The level as it would be had refunds never been charged. Adding them to it instead would
        count the time since twice, and let the same share go in two rushes."""
        self._refunded = False
        drained, steady = 0.0, self._rate / _SLOTS_A_SECOND
        *before, latest = self._oldest_first()
        for amount in before:
            drained -= steady
            if drained < 0:  # max() takes twice as long
                drained = 0.0
            drained += amount
        drained -= (now - self._tick / _SLOTS_A_SECOND) * self._rate
        self._level = max(self._level, self._burst - max(0.0, drained) - latest)

    def _until_freed(self, amount: int, now: float) -> float:
        """Seconds until so much of the last minute lies behind it."""
        for tick, charged in enumerate(self._oldest_first(), self._tick + 1):
            amount -= charged
            if amount <= 0:
                return max(_INSTANT_S, tick / _SLOTS_A_SECOND - now)
        return _WINDOW_S

    def _oldest_first(self) -> list[int]:
        newest = self._tick % _SLOTS
        return self._slots[newest + 1 :] + self._slots[: newest + 1]
