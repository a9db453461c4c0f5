"""The errors of Chat Completions and of the many servers that speak it, by name.

Shapes: OpenAI's `{"error": {message, type, param, code}}`; un-nested `{"object": "error", …}`
(Mistral, older vLLM); `{"detail": […]}` (validation); OpenRouter's `{"error": {code, message,
metadata}}`; llama.cpp's with `n_ctx`; Azure's `innererror`.
"""

from __future__ import annotations

import re

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import (
    Authentication,
    BadRequest,
    ContentPolicy,
    ContextWindowExceeded,
    InvalidResponse,
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
from chatbench.providers.naming import Verdict, error_of, field, words
from chatbench.providers.wire import HttpFailure

_CODES: dict[str, type[ProviderError]] = {
    "invalid_api_key": Authentication,
    "authentication": Authentication,
    "authentication_error": Authentication,
    "permission_denied": PermissionDenied,
    "insufficient_quota": QuotaExhausted,
    "credit_balance_exhausted": QuotaExhausted,
    "billing_hard_limit_reached": QuotaExhausted,
    "billing_not_active": QuotaExhausted,
    "payment_required": QuotaExhausted,
    "rate_limit_exceeded": RateLimited,
    "rate_limit_error": RateLimited,
    "slow_down": RateLimited,
    "capacity_exceeded": Overloaded,
    "server_is_overloaded": Overloaded,
    "service_unavailable_error": Overloaded,
    "provider_overloaded": Overloaded,
    "provider_unavailable": Overloaded,
    "context_length_exceeded": ContextWindowExceeded,
    "exceed_context_size_error": ContextWindowExceeded,
    "token_limit_exceeded": ContextWindowExceeded,
    "payload_too_large": PayloadTooLarge,
    "content_policy_violation": ContentPolicy,
    "content_filter": ContentPolicy,
    "ResponsibleAIPolicyViolation": ContentPolicy,
    "invalid_prompt": ContentPolicy,
    "model_not_found": NotFound,
    "unknown_model": NotFound,
    "DeploymentNotFound": NotFound,
    "not_found": NotFound,
    "timeout": Timeout,
    "server_error": ServerError,
}
_TOO_LONG = re.compile(
    r"context (?:length|size|window)|maximum context|too many tokens|prompt is too long", re.IGNORECASE
)
_NAMED_PARAMETER = re.compile(
    r"(?:[Uu]nsupported|[Uu]nrecognized|[Uu]nknown|[Ee]xtra)\D{0,40}?[`'\"]([a-z_.]{2,40})[`'\"]"
)


def named(value: object, endpoint: Endpoint, failure: HttpFailure | None = None) -> ProviderError:
    """The error in a failed response, or in a data line of a stream."""
    if failure is not None and value is None and _is_markup(failure):
        return _markup(endpoint, failure)
    told = field(value, "error") or value
    told = {"message": told} if isinstance(told, str) else told
    metadata = field(told, "metadata")
    codes = (
        words(metadata, "error_type"),
        words(told, "code"),
        words(told, "type"),
        words(field(told, "innererror"), "code"),
    )
    text = words(told, "message") or _details(field(value, "detail"))
    found = next((_CODES[code] for code in codes if code in _CODES), None)
    status = failure.status if failure else _status_in(told)
    if found is None and status in (None, 400, 413, 422, 500) and _TOO_LONG.search(text):
        found = ContextWindowExceeded
    if found is None and failure is None and status is not None:
        failure = HttpFailure(status=status, headers={}, body=b"")
    headers = failure.headers if failure else {}
    parameter = words(told, "param")
    if not parameter and (found or BadRequest) is BadRequest and (match := _NAMED_PARAMETER.search(text)):
        parameter = match.group(1)
    verdict = Verdict(
        kind=found,
        text=text,
        param=parameter,
        request_id=headers.get("x-request-id", "")
        or headers.get("apim-request-id", "")
        or headers.get("x-generation-id", ""),
    )
    body = failure.body if failure and failure.body else msgspec.json.encode(told)
    return error_of(verdict, endpoint, failure, body.decode("utf-8", "replace"))


def _status_in(told: object) -> int | None:
    """OpenRouter and llama.cpp put the HTTP status into `code`."""
    code = field(told, "code")
    return code if isinstance(code, int) and 400 <= code < 600 else None


def _details(detail: object) -> str:
    if isinstance(detail, str):
        return detail
    if isinstance(detail, list):
        return "; ".join(filter(None, (words(item, "msg") for item in detail[:5])))
    return ""


def _is_markup(failure: HttpFailure) -> bool:
    kind = failure.headers.get("content-type", "").lower()
    return "html" in kind or failure.body.lstrip()[:1] == b"<"


def _markup(endpoint: Endpoint, failure: HttpFailure) -> ProviderError:
    """A page for people: the address is wrong, or something in between answered."""
    if failure.status in (404, 405):
        return NotFound(
            f"There is no interface at this address of {endpoint.name}.",
            "Check the base URL: it may lack /v1.",
            provider=endpoint.id,
            status=failure.status,
        )
    if failure.status in (401, 403, 429) or failure.status >= 500:
        return error_of(Verdict(), endpoint, failure, "")
    return InvalidResponse(
        f"{endpoint.name} answered with a web page instead of data.",
        "Check the base URL: it may lack /v1, or a proxy may be asking for a login.",
        provider=endpoint.id,
        status=failure.status,
    )
