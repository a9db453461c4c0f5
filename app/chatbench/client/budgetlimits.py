"""What a budget says: limits in money and tokens, and the words for them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from fnmatch import fnmatchcase
from typing import Any, Literal

import msgspec

from chatbench.core.errors import ConfigurationError
from chatbench.core.models import ModelRef

Scope = Literal["call", "conversation", "run", "day", "month"]
Money = Decimal | int | str | float
_NAMES: dict[str, str] = {
    "call": "one call",
    "conversation": "the conversation",
    "run": "the run",
    "day": "the day (UTC)",
    "month": "the month (UTC)",
}


class BudgetLimit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """At most so many US dollars, or tokens (input and output), or both, in a call, conversation, run,
    UTC day or UTC month, by the models that `model` (a glob over provider/model-id) matches.

    A soft limit stops nothing: it is told of once, when it has been passed. Raises
    ConfigurationError for an amount that is none.
    """

    scope: Scope
    usd: Decimal | None = None
    tokens: int | None = None
    model: str = "*"
    soft: bool = False

    def __post_init__(self) -> None:
        given: Any = self.usd
        if given is not None and not isinstance(given, Decimal):
            msgspec.structs.force_setattr(self, "usd", money(given))
        if self.usd is None and self.tokens is None:
            raise ConfigurationError("A budget limit names no amount.", "Give usd, tokens, or both.")
        for amount in (self.usd, self.tokens):
            if amount is not None and not (Decimal(amount).is_finite() and amount >= 0):
                raise ConfigurationError(
                    f"A budget cannot be {amount}.", "Give dollars or tokens of 0 or more."
                )
        if self.scope not in _NAMES:
            raise ConfigurationError(
                f"A budget cannot be for a {self.scope}.", f"Choose one of {', '.join(_NAMES)}."
            )

    def holds_for(self, model: ModelRef) -> bool:
        return self.model == "*" or fnmatchcase(str(model), self.model)


class Budget(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Every limit holds. With `unknown_price` "refuse", a model without a known price is not called
    under a hard limit in money; with "allow" it is, and counts for nothing but its tokens."""

    limits: tuple[BudgetLimit, ...] = ()
    unknown_price: Literal["refuse", "allow"] = "refuse"

    @classmethod
    def of(cls, given: Budget | BudgetLimit | Iterable[BudgetLimit] | Money) -> Budget:
        """A budget from what is shorter to write: a limit, several, or dollars for the run."""
        if isinstance(given, Budget):
            return given
        if isinstance(given, BudgetLimit):
            return cls(limits=(given,))
        if isinstance(given, Decimal | int | str | float):
            return cls(limits=(BudgetLimit(scope="run", usd=money(given)),))
        return cls(limits=tuple(given))


class BudgetNotice(msgspec.Struct, frozen=True, kw_only=True):
    """A soft limit has been passed: by now so many US dollars and tokens are gone, of `limit`."""

    limit: BudgetLimit
    usd: Decimal
    tokens: int

    @property
    def message(self) -> str:
        parts = []
        if self.limit.usd is not None and self.usd > self.limit.usd:
            parts.append(f"{dollars(self.usd)} of {dollars(self.limit.usd)}")
        if self.limit.tokens is not None and self.tokens > self.limit.tokens:
            parts.append(f"{self.tokens:,} of {self.limit.tokens:,} tokens")
        return f"The budget for {named(self.limit)} has been passed: {' and '.join(parts)}."


def named(limit: BudgetLimit) -> str:
    """What the limit is for, in words."""
    return _NAMES[limit.scope] + ("" if limit.model == "*" else f", {limit.model}")


def dollars(amount: Decimal) -> str:
    """Cents, where that is exact or enough, else up to six places."""
    cents = amount.quantize(Decimal("0.01"))
    if cents == amount or amount >= 100:
        return f"${cents:,}"
    return f"${format(amount.quantize(Decimal('0.000001')).normalize(), 'f')}"


def period(scope: str, at: datetime) -> str:
    """The name of the day or month it is; "" for other scopes."""
    return {"day": f"{at:%Y-%m-%d}", "month": f"{at:%Y-%m}"}.get(scope, "")


def money(given: Any) -> Decimal:
    """Raises ConfigurationError for what is no number."""
    try:
        return given if isinstance(given, Decimal) else Decimal(str(given))
    except InvalidOperation:
        raise ConfigurationError(f"{given!r} is no amount of money.", "Give US dollars, as 0.50.") from None
