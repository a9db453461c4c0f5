"""Gemini's errors by name (google-genai 3.4.0, errors.py; the statuses are google.rpc.Code)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import (
    Authentication,
    BadRequest,
    ContextWindowExceeded,
    NotFound,
    Overloaded,
    PermissionDenied,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    ServerError,
    Timeout,
)
from chatbench.providers.naming import Verdict, error_of, field, raw_of, words
from chatbench.providers.wire import HttpFailure

_STATUSES: dict[str, type[ProviderError]] = {
    "INVALID_ARGUMENT": BadRequest,
    "FAILED_PRECONDITION": PermissionDenied,
    "OUT_OF_RANGE": BadRequest,
    "UNAUTHENTICATED": Authentication,
    "PERMISSION_DENIED": PermissionDenied,
    "NOT_FOUND": NotFound,
    "RESOURCE_EXHAUSTED": RateLimited,
    "INTERNAL": ServerError,
    "UNAVAILABLE": Overloaded,
    "DEADLINE_EXCEEDED": Timeout,
}
_TOO_LONG = re.compile(
    r"input token count|context (is )?too long|exceeds the maximum number of tokens", re.IGNORECASE
)
_DELAY = re.compile(r"(\d+(?:\.\d+)?)s\Z")
_FIELD = re.compile(r"generation_?[cC]onfig\.(\w+)")
_NO_MODEL = re.compile(r"(publishers/\S+/)?models/\S+ (is|was) not ")


def named(value: object, endpoint: Endpoint, failure: HttpFailure | None = None) -> ProviderError:
    """The error in `{"error": {…}}`, alone or as the one element of a list, as streams send it.

    A wrong key is an invalid argument to Google, told apart by the reason in its details. There is
    no Retry-After; the delay stands in the details, too.
    """
    body = value[0] if isinstance(value, list) and value else value
    told = field(body, "error")
    text = words(told, "message")
    kind = _STATUSES.get(words(told, "status"))
    delay: float | None = None
    for detail in _details(told):
        if words(detail, "reason") in {"API_KEY_INVALID", "API_KEY_EXPIRED"}:
            kind = Authentication
        if _daily(detail):
            kind = QuotaExhausted
        if at := _DELAY.match(words(detail, "retryDelay")):
            delay = float(at.group(1))
    if kind in {BadRequest, ServerError} and _TOO_LONG.search(text):
        kind = ContextWindowExceeded
    param = ""
    if kind is NotFound and _NO_MODEL.match(text):
        param = "model"
    elif kind is BadRequest and (named_field := _FIELD.search(text)):
        param = named_field.group(1)
    verdict = Verdict(
        kind=kind,
        text=text,
        param=param,
        request_id=words(body, "responseId"),
        retry_after=delay,
    )
    return error_of(verdict, endpoint, failure, raw_of(failure, body))


def _details(told: object) -> Iterator[object]:
    details = field(told, "details")
    if isinstance(details, list):
        yield from details


def _daily(detail: object) -> bool:
    """Whether a quota for the whole day is used up, which no short wait brings back."""
    violations = field(detail, "violations")
    return isinstance(violations, list) and any("PerDay" in words(one, "quotaId") for one in violations)
