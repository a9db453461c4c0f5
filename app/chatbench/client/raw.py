"""What went over the wire, for showing: without a key in it."""

from __future__ import annotations

from chatbench.core.endpoints import Endpoint
from chatbench.core.requests import RawExchange, Request
from chatbench.providers.wire import Exchange

MASK = "…"
_SECRET = frozenset({
    "authorization", "proxy-authorization", "api-key", "x-api-key", "x-goog-api-key", "cookie",
    "set-cookie", "x-subscription-token",
})  # fmt: skip


def masked_exchange(exchange: Exchange, endpoint: Endpoint, request: Request) -> RawExchange:
    """The attempt with the key masked, and the value of every header that a user has set: those
    may be secrets too."""
    own = {name.lower() for name in (*endpoint.headers, *request.extra_headers)}
    if endpoint.auth.startswith("header:"):
        own.add(endpoint.auth.removeprefix("header:").lower())
    hidden = _SECRET | own
    sent = exchange.request
    return RawExchange(
        method=sent.method if sent else "",
        url=sent.url if sent else "",
        headers=_masked(dict(sent.headers), hidden) if sent else {},
        request=sent.body if sent else b"",
        response_headers=_masked(dict(exchange.headers), hidden),
        response=b"".join(exchange.body or ()),
    )


def _masked(headers: dict[str, str], hidden: frozenset[str]) -> dict[str, str]:
    return {name: MASK if name.lower() in hidden else value for name, value in headers.items()}
