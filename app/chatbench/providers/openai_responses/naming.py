"""OpenAI's error codes by name (types/responses/response_error.py, and the codes of HTTP errors)."""

from __future__ import annotations

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import (
    Authentication,
    BadRequest,
    ContentPolicy,
    ContextWindowExceeded,
    NotFound,
    Overloaded,
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
    "image_content_policy_violation": ContentPolicy,
    "bio_policy": ContentPolicy,
    "misalignment_policy_violation": ContentPolicy,
    "invalid_prompt": ContentPolicy,
    "model_not_found": NotFound,
    "DeploymentNotFound": NotFound,
    "server_error": ServerError,
    "vector_store_timeout": Timeout,
}


def named(value: object, endpoint: Endpoint, failure: HttpFailure | None = None) -> ProviderError:
    """The error in `{"error": {…}}`, in a failed response object or in an `error` event."""
    told = field(value, "error") or value
    code, kind = words(told, "code"), words(told, "type")
    found = _CODES.get(code) or _CODES.get(kind)
    if found is None and "spend_limit" in code:
        found = QuotaExhausted
    if found is None and failure is None and code.startswith(("invalid_", "image_", "unsupported_")):
        found = BadRequest
    headers = failure.headers if failure else {}
    verdict = Verdict(
        kind=found,
        text=words(told, "message"),
        param=words(told, "param"),
        request_id=headers.get("x-request-id") or headers.get("apim-request-id") or words(value, "id"),
    )
    raw = failure.body.decode("utf-8", "replace") if failure else msgspec.json.encode(told).decode()
    return error_of(verdict, endpoint, failure, raw)
