"""What a limit of a budget has seen, whether a call has room in it, and what is said where it has not."""

from __future__ import annotations

from decimal import Decimal
from math import ceil

from chatbench.client.budgetlimits import BudgetLimit, dollars, named
from chatbench.client.reckoning import Need
from chatbench.core.errors import BudgetExceeded
from chatbench.core.requests import Request

_ZERO = Decimal(0)


class Counter:
    """What one limit has seen in one of its places (a day, a conversation …): spent, and reserved by
    calls in flight. `entered` is what of the spent our own calls have put into the ledger."""

    __slots__ = (
        "_others_tokens", "_others_usd", "entered_tokens", "entered_usd", "limit", "reserved_tokens",
        "reserved_usd", "tokens", "told", "usd",
    )  # fmt: skip

    def __init__(self, limit: BudgetLimit) -> None:
        self.limit = limit
        self.usd, self.tokens = _ZERO, 0
        self.reserved_usd, self.reserved_tokens = _ZERO, 0
        self.entered_usd, self.entered_tokens = _ZERO, 0
        self._others_usd, self._others_tokens = _ZERO, 0
        self.told = False

    def has_room(self, need: Need, *, alone: bool, unknown_allowed: bool) -> bool:
        """Whether the call fits beside the calls in flight; `alone`: if there were none."""
        return self.has_dollars(need, alone=alone, unknown_allowed=unknown_allowed) and (
            self.limit.tokens is None
            or self.tokens + (0 if alone else self.reserved_tokens) + need.tokens <= self.limit.tokens
        )

    def has_dollars(self, need: Need, *, alone: bool, unknown_allowed: bool) -> bool:
        """The same, of the money alone."""
        if self.limit.usd is None:
            return True
        if need.usd is None:
            return unknown_allowed
        return self.usd + (_ZERO if alone else self.reserved_usd) + need.usd <= self.limit.usd

    def reserve(self, need: Need) -> None:
        self.reserved_usd += need.usd or _ZERO
        self.reserved_tokens += need.tokens

    def learn(self, usd: Decimal, tokens: int) -> None:
        """What the ledger holds that is not of our own calls."""
        usd, tokens = max(_ZERO, usd), max(0, tokens)
        self.usd += usd - self._others_usd
        self.tokens += tokens - self._others_tokens
        self._others_usd, self._others_tokens = usd, tokens

    def settle(self, need: Need, usd: Decimal, tokens: int) -> bool:
        """Counts what was taken in place of what was reserved; True where a soft limit was passed by
        it, for the first time."""
        self.reserved_usd -= need.usd or _ZERO
        self.reserved_tokens -= need.tokens
        self.usd += usd
        self.tokens += tokens
        if not self.limit.soft or self.told:
            return False
        self.told = (self.limit.usd is not None and self.usd > self.limit.usd) or (
            self.limit.tokens is not None and self.tokens > self.limit.tokens
        )
        return self.told


def refusal(counter: Counter, need: Need, request: Request, *, unknown_allowed: bool) -> BudgetExceeded:
    """The error for a call that has no room in a limit: which limit, and the numbers."""
    limit = counter.limit
    if limit.usd is not None and need.usd is None and not unknown_allowed:
        return BudgetExceeded(
            f"No price is known for {request.model}, so the budget of {dollars(limit.usd)} for "
            f"{named(limit)} cannot be kept.",
            'Give the price of the model, or allow it with unknown_price="allow".',
            scope=limit.scope,
            unit="USD",
            limit=limit.usd,
            spent=counter.usd,
            reserved=counter.reserved_usd,
            needed=None,
        )
    in_money = not counter.has_dollars(need, alone=False, unknown_allowed=True)
    most: Decimal | int = (limit.usd if in_money else limit.tokens) or 0
    spent: Decimal | int = counter.usd if in_money else counter.tokens
    reserved: Decimal | int = counter.reserved_usd if in_money else counter.reserved_tokens
    needed: Decimal | int = (need.usd or _ZERO) if in_money else need.tokens
    flight = f", {_told(reserved)} held by calls in flight" if reserved else ""
    return BudgetExceeded(
        f"The call may take up to {_told(needed)}; of {_told(most)} for {named(limit)}, {_told(spent)} "
        f"is spent{flight}.",
        _advice(counter, need, request),
        scope=limit.scope,
        unit="USD" if in_money else "tokens",
        limit=most,
        spent=spent,
        reserved=reserved,
        needed=needed,
    )


def _told(amount: Decimal | int) -> str:
    return dollars(amount) if isinstance(amount, Decimal) else f"{amount:,} tokens"


def _advice(counter: Counter, need: Need, request: Request) -> str:
    """What would make the call fit: fewer output tokens, where some are left; else a higher limit."""
    limit, fits = counter.limit, need.output_tokens
    if limit.tokens is not None:
        fits = min(fits, limit.tokens - counter.tokens - counter.reserved_tokens - need.input_tokens)
    if limit.usd is not None and need.usd is not None and need.per_output_token:
        over = counter.usd + counter.reserved_usd + need.usd - limit.usd
        fits = min(fits, need.output_tokens - ceil(over / need.per_output_token))
    fits //= max(1, request.parameters.n or 1)
    if 0 < fits < need.output_tokens:
        return f"Set max_output_tokens to {fits:,} or less, or raise the limit."
    return "Raise the limit, or choose a cheaper model."
