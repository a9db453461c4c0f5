"""Cohere's errors by name: `{"message": "words", "id": "…"}`, the status says the kind.

498 is its own status for a token that is blocked, 499 for a request that was given up.
"""

from __future__ import annotations

import re

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import (
    Authentication,
    ContentPolicy,
    ContextWindowExceeded,
    NotFound,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    Timeout,
)
from chatbench.providers.naming import Verdict, error_of, kind_of, raw_of, words
from chatbench.providers.wire import HttpFailure

_STATUSES: dict[int, type[ProviderError]] = {498: Authentication, 499: Timeout}
_TOO_LONG = re.compile(r"too many tokens|exceeds? .{0,40}context|maximum context length", re.IGNORECASE)
_NO_MODEL = re.compile(r"model .{0,120}?(not found|was removed|does not exist)|invalid model", re.IGNORECASE)
_SPENT = re.compile(r"/ ?month|per month|billing|payment|monthly", re.IGNORECASE)
_UNSAFE = re.compile(r"safety|blocked (input|output)|content policy|toxic", re.IGNORECASE)
_FIELD = re.compile(
    r"(?:field|parameter):? ['\"`]?(?!(?:parameter|field|is|must|was|not|in|for)\b)([a-z][a-z_.]*)"
    r"|['\"`]([a-z][a-z_]*)['\"`] (?:is|must|was)|^([a-z]+_[a-z_]+) (?:is|must)",
    re.IGNORECASE,
)


def named(value: object, endpoint: Endpoint, failure: HttpFailure | None = None) -> ProviderError:
    """The error for a body or an event; `value` is its JSON, or None where it is none."""
    text = words(value, "message", "error", "data")
    status = failure.status if failure else None
    kind = _STATUSES.get(status or 0) or kind_of(status)
    param = ""
    if status in (400, 404, 413, 422, 500, None):
        if _TOO_LONG.search(text):
            kind = ContextWindowExceeded
        elif _NO_MODEL.search(text):
            kind, param = NotFound, "model"
        elif status != 500 and _UNSAFE.search(text):
            kind = ContentPolicy
    if kind is RateLimited and _SPENT.search(text):
        kind = QuotaExhausted
    if status in (400, 422) and not param and (found := _FIELD.search(text)):
        param = next(filter(None, found.groups()), "")
    headers = failure.headers if failure else {}
    request_id = words(value, "id") or headers.get("x-debug-trace-id", "")
    verdict = Verdict(kind=kind, text=text, param=param, request_id=request_id)
    error = error_of(verdict, endpoint, failure, raw_of(failure, value))
    if kind is NotFound and not param:
        error.hint = "Check the base URL: it may have too much at its end."
    return error
