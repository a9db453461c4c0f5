"""Ollama's errors by name.

There is only `{"error": "words"}`, with a status or, within a stream, without one; the words of the
engine below it are JSON of their own. The cloud's 401 adds `signin_url`.
"""

from __future__ import annotations

import re

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import (
    Authentication,
    BadRequest,
    ContextWindowExceeded,
    NotFound,
    Overloaded,
    ProviderError,
    QuotaExhausted,
)
from chatbench.providers.decoding import peek_json
from chatbench.providers.naming import Verdict, error_of, field, kind_of, raw_of, words
from chatbench.providers.wire import HttpFailure

_TOO_LONG = re.compile(
    r"exceeds? (the )?(available |maximum )?context|(longer than|exceeds) the context (length|window)"
    r"|exceed_context_size|prompt (is )?too long|exceeded (max )?context length|input length exceeds",
    re.IGNORECASE,
)
_NO_MODEL = re.compile(
    r"model .{0,200}?not found|no such model|pull(ing)? it first", re.IGNORECASE | re.DOTALL
)
_NO_MEMORY = re.compile(
    r"requires more (system )?memory|out of memory|server busy|maximum pending requests", re.IGNORECASE
)
_SPENT = re.compile(r"usage limit|upgrade (your|for)|subscription", re.IGNORECASE)
_CANNOT = re.compile(r"does not support (\w+)")
_FIELDS = {"thinking": "reasoning_effort", "tools": "tools", "chat": "model", "generate": "model"}


def named(value: object, endpoint: Endpoint, failure: HttpFailure | None = None) -> ProviderError:
    """The error for a body or a line; `value` is its JSON, or None where it is none."""
    text = _text(value)
    status = failure.status if failure else None
    kind, param = kind_of(status), ""
    if _TOO_LONG.search(text):
        kind = ContextWindowExceeded
    elif _NO_MODEL.search(text) and status in (404, 400, None):
        kind, param = NotFound, "model"
    elif cannot := _CANNOT.search(text):
        kind, param = BadRequest, _FIELDS.get(cannot[1], cannot[1])
    elif _NO_MEMORY.search(text):
        kind = Overloaded
    elif status in (402, 403, 429) and _SPENT.search(text):
        kind = QuotaExhausted
    headers = failure.headers if failure else {}
    verdict = Verdict(kind=kind, text=text, param=param, request_id=headers.get("x-request-id", ""))
    error = error_of(verdict, endpoint, failure, raw_of(failure, value))
    if isinstance(error, NotFound):
        model = "Get it with `ollama pull`, or choose one that is there."
        error.hint = model if param else "Check the address: it is the server's own, without a path."
    elif isinstance(error, Authentication) and field(value, "signin_url"):
        error.hint = "This model runs in Ollama's cloud: sign in with `ollama signin`, or choose another."
    elif isinstance(error, Overloaded) and "memory" in text:
        error.hint = "Choose a smaller model or a smaller window (num_ctx), or close what uses memory."
        error.retryable = False
    return error


def _text(value: object) -> str:
    """The words, also where the engine's own error is quoted within them."""
    told = field(value, "error")
    if isinstance(told, str):
        inner = peek_json(told[told.find("{") :].encode("utf-8", "surrogatepass")) if "{" in told else None
        return _text(inner) or told
    return words(told, "message") or words(value, "message", "error")
