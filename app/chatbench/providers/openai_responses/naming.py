"""OpenAI's error codes by name (types/responses/response_error.py, and the codes of HTTP errors)."""

from __future__ import annotations

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import (
    BadRequest,
    ContentPolicy,
    ProviderError,
    QuotaExhausted,
    Timeout,
)
from chatbench.providers.naming import OPENAI_CODES, Verdict, error_of, field, raw_of, words
from chatbench.providers.wire import HttpFailure

_CODES: dict[str, type[ProviderError]] = {
    **OPENAI_CODES,
    "image_content_policy_violation": ContentPolicy,
    "bio_policy": ContentPolicy,
    "misalignment_policy_violation": ContentPolicy,
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
    return error_of(verdict, endpoint, failure, raw_of(failure, told))
