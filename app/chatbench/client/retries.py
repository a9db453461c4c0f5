"""When a failed call is made again, and how long to wait before."""

from __future__ import annotations

import random
from collections.abc import Callable

import msgspec

from chatbench.core.errors import ProviderError


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Full jitter: a delay is uniform between 0 and min(cap_s, base_s · 2ⁿ).

    A provider's own Retry-After is kept to, with up to a tenth on top so that many clients do
    not return at once; one longer than `longest_wait_s` is not waited for.
    """

    max_attempts: int = 4
    base_s: float = 0.5
    cap_s: float = 8.0
    longest_wait_s: float = 120.0

    def delay(
        self,
        error: ProviderError,
        attempts: int,
        draw: Callable[[], float] = random.random,
    ) -> float | None:
        """Seconds to wait after the `attempts`-th attempt failed; None: give up."""
        if not error.retryable or attempts >= self.max_attempts:
            return None
        if error.retry_after is not None:
            if error.retry_after > self.longest_wait_s:
                return None
            return max(0.0, error.retry_after) * (1 + draw() / 10)
        ceiling: float = min(self.cap_s, self.base_s * 2 ** (attempts - 1))
        return float(draw() * ceiling)
