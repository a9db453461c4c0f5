"""What providers say about their rate limits in the headers of an answer.

Sources: OpenAI, Azure, Groq, xAI and Fireworks send `x-ratelimit-{limit,remaining,reset}-{requests,
tokens}` with durations such as "6m0s" (Groq's requests are counted by the day); Anthropic sends
`anthropic-ratelimit-…` with RFC 3339 times; Mistral and Cerebras name the minute or the day,
Mistral's older form is `x-ratelimitbysize-…`; Cohere's trial keys send `x-trial-endpoint-call-…`;
OpenRouter sends `x-ratelimit-{limit,remaining,reset}` with milliseconds since 1970.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal, NamedTuple

Kind = Literal["requests", "tokens", "input_tokens", "output_tokens"]


class Allowance(NamedTuple):
    """One limit as the provider tells it. `limit` is that of a minute, None where it is not known
    to be one; `reset_s` is in seconds from now."""

    kind: Kind
    limit: int | None
    remaining: int | None
    reset_s: float | None


class _Names(NamedTuple):
    """The headers of one limit, and whether it is one of a minute; None where only its reset tells."""

    kind: Kind
    limit: str
    remaining: str
    reset: str
    by_minute: bool | None = None


_MINUTE_S = 60.0


def _numbered(kind: Kind, what: str, by_minute: bool | None = None) -> _Names:
    limit, remaining, reset = (f"x-ratelimit-{field}-{what}" for field in ("limit", "remaining", "reset"))
    return _Names(kind, limit, remaining, reset, by_minute)


def _anthropic(kind: Kind, what: str, by_minute: bool) -> _Names:
    limit, remaining, reset = (
        f"anthropic-ratelimit-{what}-{field}" for field in ("limit", "remaining", "reset")
    )
    return _Names(kind, limit, remaining, reset, by_minute)


_KNOWN = (
    _numbered("requests", "requests"),
    _numbered("tokens", "tokens"),
    _anthropic("requests", "requests", True),
    _anthropic("input_tokens", "input-tokens", True),
    _anthropic("output_tokens", "output-tokens", True),
    # Whichever limit is the tightest just now, so its number is no limit of all tokens.
    _anthropic("tokens", "tokens", False),
    # Gateways of all kinds send these too, for a second as well as for a month.
    _Names("requests", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", False),
    _numbered("requests", "req-minute", True),
    _numbered("tokens", "tokens-minute", True),
    _numbered("requests", "requests-minute", True),
    _numbered("requests", "requests-day", False),
    _numbered("tokens", "tokens-day", False),
    _numbered("input_tokens", "tokens-prompt"),
    _numbered("output_tokens", "tokens-generated"),
    _Names(
        "tokens", "x-ratelimitbysize-limit-minute", "x-ratelimitbysize-remaining-minute",
        "ratelimitbysize-reset", True,
    ),
    _Names(
        "requests", "x-trial-endpoint-call-limit", "x-trial-endpoint-call-remaining",
        "x-ratelimit-reset", True,
    ),
)  # fmt: skip
_ANY = frozenset(name for names in _KNOWN for name in (names.limit, names.remaining))
_COUNT = re.compile(r"\s*([0-9]{1,15})(?![0-9])")
_NUMBER = re.compile(r"[0-9]{1,16}(?:\.[0-9]{1,9})?")
_DURATION = re.compile(r"(?:[0-9]{1,12}(?:\.[0-9]{1,9})?(?:ms|us|µs|ns|[dhms]))+")
_STEP = re.compile(r"([0-9.]+)(ms|us|µs|ns|[dhms])")
_SECONDS = {"d": 86_400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


def allowances(headers: Mapping[str, str]) -> list[Allowance]:
    """Every limit that `headers` (names in lower case) tell of. Never raises: what cannot be read
    is as if it were not there."""
    found: list[Allowance] = []
    if headers.keys().isdisjoint(_ANY):
        return found
    get = headers.get
    for names in _KNOWN:
        limit, remaining = get(names.limit), get(names.remaining)
        if limit is None and remaining is None:
            continue
        told = get(names.reset)
        reset_s = seconds_until(told, headers) if told is not None else None
        number = _count(limit)
        if not number or not _of_a_minute(names, reset_s):
            number = None
        left = _count(remaining)
        if reset_s is None and names.by_minute:
            reset_s = _MINUTE_S
        if number is not None or left is not None:
            found.append(Allowance(names.kind, number, left, reset_s))
    return found


def seconds_until(text: str, headers: Mapping[str, str]) -> float | None:
    """Seconds until a reset, never below 0: "6m0s", "20ms", seconds, seconds or milliseconds
    since 1970, or an RFC 3339 time. None if it is none of them.

    A point in time is compared with the answer's own Date, because this computer's clock may be off.
    """
    text = text.strip()
    if _NUMBER.fullmatch(text):
        number = float(text)
        if number < 1e9:
            return number
        return max(0.0, (number / 1000 if number >= 1e11 else number) - _now(headers))
    if _DURATION.fullmatch(text):
        return sum(float(count) * _SECONDS[unit] for count, unit in _STEP.findall(text))
    try:
        when = datetime.fromisoformat(text)
        return max(0.0, when.replace(tzinfo=when.tzinfo or UTC).timestamp() - _now(headers))
    except (ValueError, OverflowError):
        return None


def _of_a_minute(names: _Names, reset_s: float | None) -> bool:
    """A minute's limit is whole again after a minute; what takes longer is a day's or a month's."""
    if names.by_minute is not None:
        return names.by_minute
    return reset_s is None or reset_s <= _MINUTE_S + 1


def _count(text: str | None) -> int | None:
    found = _COUNT.match(text) if text is not None else None
    return int(found[1]) if found else None


def _now(headers: Mapping[str, str]) -> float:
    date = headers.get("date")
    return (_parsed(date) if date is not None else None) or time.time()


@lru_cache(maxsize=16)
def _parsed(date: str) -> float | None:
    """Seconds since 1970; answers of one second share their Date."""
    from email.utils import parsedate_to_datetime  # a few ms, and seldom needed

    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
