"""Anthropic's error types by name (types/shared/error_type.py; error codes in types/shared/*_error.py)."""

from __future__ import annotations

import re

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import (
    Authentication,
    BadRequest,
    ContextWindowExceeded,
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
from chatbench.providers.naming import Verdict, error_of, field, raw_of, words
from chatbench.providers.wire import HttpFailure

_TYPES: dict[str, type[ProviderError]] = {
    "invalid_request_error": BadRequest,
    "authentication_error": Authentication,
    "billing_error": QuotaExhausted,
    "permission_error": PermissionDenied,
    "not_found_error": NotFound,
    "request_too_large": PayloadTooLarge,
    "rate_limit_error": RateLimited,
    "timeout_error": Timeout,
    "api_error": ServerError,
    "overloaded_error": Overloaded,
}
_TOO_LONG = re.compile(r"prompt is too long|exceed(s|ed)? (the )?context (limit|window)", re.IGNORECASE)
_FIELD = re.compile(r"^([a-z_]+(?:\.[\w.]+)?): |`([a-z_]+)`")


def named(value: object, endpoint: Endpoint, failure: HttpFailure | None = None) -> ProviderError:
    """The error in `{"type": "error", "error": {…}}`, as a body or as an event of a stream.

    A spend limit comes as a rate limit with a code of its own; waiting does not lift it. That a
    prompt is too long has neither type nor code, so the sentence is looked at.
    """
    told = field(value, "error")
    text, code = words(told, "message"), words(field(told, "details"), "error_code")
    kind = _TYPES.get(words(told, "type"))
    if code.endswith("_spend_limit_reached") or "credit balance is too low" in text:
        kind = QuotaExhausted
    elif kind is BadRequest and _TOO_LONG.search(text):
        kind = ContextWindowExceeded
    headers = failure.headers if failure else {}
    at = _FIELD.search(text) if kind in {BadRequest, NotFound} else None
    verdict = Verdict(
        kind=kind,
        text=text,
        param=next(filter(None, at.groups()), "") if at else "",
        request_id=headers.get("request-id") or words(value, "request_id"),
    )
    return error_of(verdict, endpoint, failure, raw_of(failure, value))
