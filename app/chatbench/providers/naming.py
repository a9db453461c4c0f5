"""Errors in plain words: one wording for each kind, whichever vendor's code it was told by.

A wire reads its vendor's codes into a `Verdict`; where they say nothing the HTTP status decides.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import (
    Authentication,
    BadRequest,
    ContentPolicy,
    ContextWindowExceeded,
    EndpointNotSupported,
    NotFound,
    Overloaded,
    PayloadTooLarge,
    PermissionDenied,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    ServerError,
    Timeout,
)
from chatbench.providers.wire import HttpFailure


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a vendor said went wrong. `kind` None: only the status tells."""

    kind: type[ProviderError] | None = None
    text: str = ""
    param: str = ""
    request_id: str = ""
    retry_after: float | None = None


_WORDS: dict[type[ProviderError], tuple[str, str]] = {
    Authentication: (
        "{name} refused the key.",
        "Check the key for {name} in the settings, or make a new one at the provider.",
    ),
    PermissionDenied: (
        "The key may not do this at {name}.",
        "Ask for access at the provider, or choose another model.",
    ),
    RateLimited: (
        "{name} is being asked too often with this key.",
        "Wait a moment, then try again.",
    ),
    QuotaExhausted: (
        "The account at {name} has no credit or quota left.",
        "Top it up or raise its limit at the provider, then try again.",
    ),
    Overloaded: ("{name} has no capacity at the moment.", "Try again in a moment."),
    ContextWindowExceeded: (
        "The conversation is too long for this model.",
        "Start a new conversation, leave out attachments, or choose a model with a larger window.",
    ),
    PayloadTooLarge: (
        "The request is too large for {name}.",
        "Remove attachments or make them smaller.",
    ),
    ContentPolicy: (
        "{name} will not answer this.",
        "Put the question differently, or ask another model.",
    ),
    NotFound: (
        "{name} knows no such model or address.",
        "Check the model's name and the base URL.",
    ),
    BadRequest: (
        "{name} did not accept the request.",
        "Change what the provider names, or leave the setting out.",
    ),
    EndpointNotSupported: (
        "{name} does not offer this.",
        "Choose another model, or another provider.",
    ),
    Timeout: ("{name} did not answer in time.", "Try again."),
    ServerError: ("{name} failed to answer.", "Try again in a moment."),
}
_QUOTED = frozenset(
    {BadRequest, ContentPolicy, EndpointNotSupported, NotFound, PermissionDenied, ServerError}
)
_STATUSES: dict[int, type[ProviderError]] = {
    401: Authentication,
    402: QuotaExhausted,
    403: PermissionDenied,
    404: NotFound,
    408: Timeout,
    409: ServerError,
    413: PayloadTooLarge,
    429: RateLimited,
    498: Overloaded,
    503: Overloaded,
    504: Timeout,
    529: Overloaded,
}


OPENAI_CODES: dict[str, type[ProviderError]] = {
    "invalid_api_key": Authentication,
    "authentication_error": Authentication,
    "insufficient_quota": QuotaExhausted,
    "credit_balance_exhausted": QuotaExhausted,
    "billing_hard_limit_reached": QuotaExhausted,
    "billing_not_active": QuotaExhausted,
    "rate_limit_exceeded": RateLimited,
    "slow_down": RateLimited,
    "server_is_overloaded": Overloaded,
    "service_unavailable_error": Overloaded,
    "context_length_exceeded": ContextWindowExceeded,
    "exceed_context_size_error": ContextWindowExceeded,
    "content_policy_violation": ContentPolicy,
    "content_filter": ContentPolicy,
    "invalid_prompt": ContentPolicy,
    "model_not_found": NotFound,
    "DeploymentNotFound": NotFound,
    "server_error": ServerError,
}
"""What OpenAI, Azure and those who follow them call an error, at both of OpenAI's interfaces."""


def error_of(verdict: Verdict, endpoint: Endpoint, failure: HttpFailure | None, raw: str) -> ProviderError:
    """The error to raise. `failure` is None for one that was told within a stream."""
    status = failure.status if failure else None
    headers = failure.headers if failure else {}
    kind = verdict.kind or kind_of(status)
    message, hint = (words.format(name=endpoint.name) for words in _WORDS[kind])
    if verdict.text and kind in _QUOTED:
        message = f"{message} It says: {verdict.text[:300]}"
    retry_after = verdict.retry_after if verdict.retry_after is not None else retry_after_of(headers)
    if kind is RateLimited and retry_after:
        hint = f"Try again in {math.ceil(retry_after)} s."
    told = headers.get("x-should-retry", "").lower()
    return kind(
        message,
        hint,
        provider=endpoint.id,
        status=status,
        raw=raw[:4000],
        request_id=verdict.request_id,
        retry_after=retry_after,
        should_retry=told == "true" if told in {"true", "false"} else None,
        param=verdict.param,
    )


def kind_of(status: int | None) -> type[ProviderError]:
    """What an HTTP status means where nobody says more; None is a failure within a stream."""
    if status is None or status >= 500:
        return _STATUSES.get(status or 0, ServerError)
    return _STATUSES.get(status, BadRequest)


def retry_after_of(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from `retry-after-ms` or `retry-after` (seconds or an HTTP date)."""
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        seconds = _seconds(headers.get(name, ""))
        if seconds is not None:
            return seconds / unit
    try:
        when = parsedate_to_datetime(headers.get("retry-after", ""))
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())


def _seconds(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def raw_of(failure: HttpFailure | None, told: object) -> str:
    """The error as it came: the body of a failure, or the JSON that a stream told."""
    return failure.body.decode("utf-8", "replace") if failure else msgspec.json.encode(told).decode()


def place_of(item: object) -> str:
    """The field that one of FastAPI's complaints is about, with dots, without "body"."""
    where = field(item, "loc")
    return ".".join(str(step) for step in where if step != "body") if isinstance(where, list) else ""


def field(value: object, name: str) -> object:
    """A member of a JSON object; None for anything that is none."""
    return value.get(name) if isinstance(value, dict) else None


def words(value: object, *names: str) -> str:
    """The first of the members that is text; numbers count as text."""
    for name in names:
        found = field(value, name)
        if isinstance(found, str | int) and not isinstance(found, bool):
            return str(found)
    return ""
