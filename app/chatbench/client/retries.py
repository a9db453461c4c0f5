"""When a failed call is made again, and how long to wait before."""

from __future__ import annotations

import random
from collections.abc import Callable

import msgspec

from chatbench.core.errors import (
    Authentication,
    ContentPolicy,
    ContextWindowExceeded,
    EndpointNotSupported,
    MissingKey,
    NotFound,
    PayloadTooLarge,
    PermissionDenied,
    ProviderError,
    QuotaExhausted,
    RateLimited,
)

CALL_ATTEMPTS = 4
BATCH_ATTEMPTS = 10
"""Of a prompt among many: nobody watches, and a run that loses one has to be looked at again."""
BATCH_LIMITED_S = 3600.0
"""A long run may wait out a limit that somebody at a window would not."""
_ELSEWHERE = (
    Authentication, ContentPolicy, ContextWindowExceeded, EndpointNotSupported, MissingKey, NotFound,
    PayloadTooLarge, PermissionDenied, QuotaExhausted,
)  # fmt: skip


def elsewhere(error: ProviderError) -> bool:
    """Whether another model may answer where this one will not."""
    return isinstance(error, _ELSEWHERE)


def counted_apart(error: ProviderError) -> bool:
    """A 429 that says when to come back is the provider's timetable, not a failed attempt."""
    return isinstance(error, RateLimited) and error.retry_after is not None


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Full jitter: a delay is uniform between 0 and min(cap_s, base_s · 2ⁿ).

    A provider's own Retry-After is kept to, with up to a tenth on top so that many clients do
    not return at once; one longer than `longest_wait_s` is not waited for. A 429 with it uses up
    no attempt, but all that a call waits for this may not come to more than `limited_s`.
    """

    max_attempts: int = CALL_ATTEMPTS
    """1 never tries again, not even where the provider says when."""
    base_s: float = 0.5
    cap_s: float = 8.0
    longest_wait_s: float = 120.0
    limited_s: float = 300.0
    total_s: float | None = None
    """Bounds the call with all its attempts and waits."""

    def pause(self, error: ProviderError) -> float:
        """Seconds for which nobody should ask there after `error`: 0 unless it is a 429.

        0 also where it is too long to wait for: each call then learns so from the provider.
        """
        if not isinstance(error, RateLimited):
            return 0.0
        wait = self.base_s if error.retry_after is None else error.retry_after
        return wait if 0 < wait <= self.longest_wait_s else 0.0

    def delay(
        self,
        error: ProviderError,
        attempts: int,
        draw: Callable[[], float] = random.random,
        *,
        waited_s: float = 0.0,
    ) -> float | None:
        """Seconds to wait after the `attempts`-th attempt failed; None: give up.

        Of `attempts` those are left out that are `counted_apart`; `waited_s` is what the call was
        already made to wait for those.
        """
        apart = counted_apart(error)
        used_up = self.max_attempts <= 1 if apart else attempts >= self.max_attempts
        if not error.retryable or used_up:
            return None
        if error.retry_after is not None:
            wait = max(0.0, error.retry_after)
            if wait > self.longest_wait_s or (apart and waited_s + wait > self.limited_s):
                return None
            return wait * (1 + draw() / 10)
        ceiling: float = min(self.cap_s, self.base_s * 2 ** min(attempts - 1, 60))
        return float(draw() * ceiling)
