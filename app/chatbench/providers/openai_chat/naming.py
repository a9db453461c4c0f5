"""The errors of OpenAI and of those who answer in its shape, by name.

Shapes: `{"error": {…}}` (most), `{"error": "words"}` (Ollama), `{"object": "error", …}` (Mistral,
older vLLM), `{"detail": …}` (FastAPI), `[{"error": {…}}]`; OpenRouter adds `metadata.error_type`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import (
    Authentication,
    BadRequest,
    ContentPolicy,
    ContextWindowExceeded,
    EndpointNotSupported,
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
from chatbench.providers.naming import (
    OPENAI_CODES,
    Verdict,
    error_of,
    field,
    kind_of,
    place_of,
    raw_of,
    words,
)
from chatbench.providers.wire import HttpFailure

_CODES: dict[str, type[ProviderError]] = {
    **OPENAI_CODES,
    "authentication": Authentication,
    "permission_denied": PermissionDenied,
    "payment_required": QuotaExhausted,
    "rate_limit_error": RateLimited,
    "capacity_exceeded": Overloaded,
    "provider_overloaded": Overloaded,
    "provider_unavailable": Overloaded,
    "token_limit_exceeded": ContextWindowExceeded,
    "string_too_long": ContextWindowExceeded,
    "payload_too_large": PayloadTooLarge,
    "ResponsibleAIPolicyViolation": ContentPolicy,
    "refusal": ContentPolicy,
    "unknown_model": NotFound,
    "invalid_model": NotFound,
    "not_found": NotFound,
    "timeout": Timeout,
    "not_supported_error": EndpointNotSupported,
    "server": ServerError,
}
_TOO_LONG = re.compile(
    r"maximum context length|exceeds? the (available )?context|context (length|window|size)"
    r"|prompt is too long|too many (input )?tokens|input token count",
    re.IGNORECASE,
)
_NO_MODEL = re.compile(
    r"not a valid model|invalid model|no such model|unknown model|model .{0,120}?(not found|does not exist)",
    re.IGNORECASE | re.DOTALL,
)
_REFUSED_FIELD = re.compile(
    r"(?:unsupported|unrecognized|unknown|unexpected|extra)"
    r"(?: \w+){0,4}?[:\s]+['\"`]?([a-z]\w*_\w+|[a-z]\w*(?=['\"`]))"
    r"|['\"`]([a-z]\w*)['\"`] (?:is|was) (?:not supported|unsupported)",
    re.IGNORECASE,
)
_IDS = ("x-request-id", "apim-request-id", "x-generation-id", "request-id")


def named(value: object, endpoint: Endpoint, failure: HttpFailure | None = None) -> ProviderError:
    """The error for a body or a chunk; `value` is its JSON, or None where it is none."""
    if isinstance(value, list) and value:
        value = value[0]
    if failure is not None and _is_web_page(failure):
        return _web_page(endpoint, failure)
    told = field(value, "error") or value
    text = told if isinstance(told, str) else words(told, "message", "detail") or _detail(told)
    codes = _codes(told)
    status = failure.status if failure else next((int(c) for c in codes if re.fullmatch("[45]..", c)), None)
    kind = next((_CODES[code] for code in codes if code in _CODES), None)
    param = words(told, "param")
    if status == 413 and kind is RateLimited:
        kind = PayloadTooLarge
    elif kind is None and any("spend_limit" in code for code in codes):
        kind = QuotaExhausted
    elif field(field(told, "metadata"), "flagged_input") is not None:
        kind = ContentPolicy
    elif kind in (None, BadRequest, NotFound) and status in (400, 404, 413, 422, 500, None):
        if _TOO_LONG.search(text):
            kind = ContextWindowExceeded
        elif _NO_MODEL.search(text) or kind is NotFound:
            kind, param = NotFound, param or ("model" if _NO_MODEL.search(text) else "")
    if kind is NotFound and any("model" in code or "Deployment" in code for code in codes):
        param = "model"
    kind = kind or kind_of(status)
    if kind is BadRequest and not param:
        param = _refused_field(told, text)
    headers: Mapping[str, str] = failure.headers if failure else {}
    request_id = next((headers[name] for name in _IDS if name in headers), "")
    verdict = Verdict(kind=kind, text=text, param=param, request_id=request_id)
    error = error_of(verdict, endpoint, failure, raw_of(failure, told))
    if kind is NotFound and param != "model" and not words(told, "code"):
        error.hint = "Check the base URL: it may lack /v1, or have too much at its end."
    return error


def _codes(told: object) -> list[str]:
    """Every word by which a provider may name the kind, the most telling first."""
    metadata, inner = field(told, "metadata"), field(told, "innererror")
    found = (
        words(metadata, "error_type"),
        words(told, "code"),
        words(told, "type"),
        words(inner, "code"),
    )
    return [code for code in found if code]


def _detail(told: object) -> str:
    """FastAPI's list of what is wrong, in one line."""
    detail = field(told, "detail")
    if not isinstance(detail, list):
        return words(detail, "message", "msg")
    return "; ".join(filter(None, (f"{place_of(item)}: {words(item, 'msg')}".strip(": ") for item in detail)))


def _refused_field(told: object, text: str) -> str:
    detail = field(told, "detail")
    if isinstance(detail, list):
        return next(filter(None, map(place_of, detail)), "")
    found = _REFUSED_FIELD.search(text)
    return next(filter(None, found.groups()), "") if found else ""


def _is_web_page(failure: HttpFailure) -> bool:
    return "text/html" in failure.headers.get("content-type", "").lower() or failure.body.lstrip()[:1] == b"<"


def _web_page(endpoint: Endpoint, failure: HttpFailure) -> ProviderError:
    """A page for people: a proxy, a login, or another server than was meant."""
    raw = failure.body.decode("utf-8", "replace")
    kind = kind_of(failure.status)
    if kind is BadRequest:
        return InvalidResponse(
            f"{endpoint.name} answered with a web page instead of data.",
            "Check the base URL: it may lack /v1, or a proxy may be asking for a login.",
            provider=endpoint.id,
            status=failure.status,
            raw=raw[:4000],
        )
    error = error_of(Verdict(kind=kind), endpoint, failure, raw)
    if kind is NotFound:
        error.hint = "Check the base URL: it may lack /v1, or have too much at its end."
    return error
