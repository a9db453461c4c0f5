"""Mistral's errors by name.

Shapes: `{"object": "error", "message", "type", "param", "code"}` without a nest, FastAPI's
`{"detail": [{"loc", "msg", "type"}]}` for what is malformed, `{"detail": "words"}` and
`{"message": "words"}` from what stands before the models.
"""

from __future__ import annotations

import re

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import (
    Authentication,
    ContentPolicy,
    ContextWindowExceeded,
    NotFound,
    Overloaded,
    ProviderError,
    RateLimited,
    ServerError,
)
from chatbench.providers.naming import Verdict, error_of, field, kind_of, place_of, raw_of, words
from chatbench.providers.wire import HttpFailure

_CODES: dict[str, type[ProviderError]] = {
    "authentication_error": Authentication,
    "rate_limit_error": RateLimited,
    "rate_limited": RateLimited,
    "unknown_model": NotFound,
    "invalid_model": NotFound,
    "server_error": ServerError,
    "service_tier_capacity_exceeded": Overloaded,
}
_TOO_LONG = re.compile(
    r"too large for model with|maximum context length|exceeds? the .{0,30}context|too many tokens",
    re.IGNORECASE,
)
_GUARDED = re.compile(r"guardrail|moderation|content policy", re.IGNORECASE)
_NO_MODEL = re.compile(r"invalid model|unknown model|no such model|model .{0,120}?not found", re.IGNORECASE)


def named(value: object, endpoint: Endpoint, failure: HttpFailure | None = None) -> ProviderError:
    """The error for a body or a chunk; `value` is its JSON, or None where it is none."""
    told = field(value, "error") if isinstance(field(value, "error"), dict) else value
    text, place = _text(told)
    codes = [code for code in (words(told, "code"), words(told, "type")) if code]
    kind = next((_CODES[code] for code in codes if code in _CODES), None)
    param = words(told, "param") or place
    status = failure.status if failure else None
    if kind in (None, ServerError) and _TOO_LONG.search(text):
        kind = ContextWindowExceeded
    elif status in (400, 404, 422, None) and _NO_MODEL.search(text):
        kind = NotFound
    elif status in (400, 403, 422, None) and _GUARDED.search(text):
        kind = ContentPolicy
    if kind is NotFound:
        param = "model"
    headers = failure.headers if failure else {}
    request_id = headers.get("mistral-correlation-id") or headers.get("x-request-id", "")
    verdict = Verdict(kind=kind or kind_of(status), text=text, param=param, request_id=request_id)
    error = error_of(verdict, endpoint, failure, raw_of(failure, told))
    if isinstance(error, NotFound) and param != "model":
        error.hint = "Check the base URL: it may have too much at its end."
    return error


def _text(told: object) -> tuple[str, str]:
    """What it says in one line, and the field that it names first."""
    for name in ("message", "detail", "error"):
        found = field(told, name)
        if isinstance(found, str) and found:
            return found, ""
        if isinstance(found, dict):
            # A list of what is malformed may itself be the message.
            text, place = _text(found)
            if text:
                return text, place
        if isinstance(found, list):
            lines = [(place_of(item), words(item, "msg")) for item in found]
            text = "; ".join(f"{place}: {said}".strip(": ") for place, said in lines)
            return text, next((place for place, _ in lines if place), "")
    return "", ""
