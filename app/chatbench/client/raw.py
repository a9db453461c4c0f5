"""What went over the wire, for showing: without a key in it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.requests import RawExchange, Request
from chatbench.core.secrets import Secret, may_be_secret
from chatbench.providers.wire import Exchange

MASK = "…"
_SHORTEST = 8
"""A shorter value would be found in words that have nothing to do with it."""
_SECRET = frozenset({
    "authorization", "proxy-authorization", "api-key", "x-api-key", "x-goog-api-key", "cookie",
    "set-cookie", "x-subscription-token",
})  # fmt: skip


def shown(request: Request) -> Request:
    """The request without the values of its own headers, which may be secrets, and of what it adds
    to the address under the name of one."""
    if not request.extra_headers and not request.extra_query:
        return request
    query = {name: MASK if may_be_secret(name) else value for name, value in request.extra_query.items()}
    headers = dict.fromkeys(request.extra_headers, MASK)
    return msgspec.structs.replace(request, extra_headers=headers, extra_query=query)


def masked_exchange(
    exchange: Exchange, endpoint: Endpoint, request: Request, key: Secret | None = None
) -> RawExchange:
    """The attempt with the key masked, wherever it stands, and the value of every header that a
    user has set, or put in the address under the name of a secret: those may be secrets too."""
    own = {name.lower() for name in (*endpoint.headers, *request.extra_headers)}
    if endpoint.auth.startswith("header:"):
        own.add(endpoint.auth.removeprefix("header:").lower())
    hidden = _SECRET | own
    sent = exchange.request
    values = (*endpoint.headers.values(), *request.secrets, key.reveal() if key else "")
    secrets = [value for value in values if len(value) >= _SHORTEST]

    def words(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, MASK)
        return text

    def data(body: bytes) -> bytes:
        for secret in secrets:
            body = body.replace(secret.encode(), MASK.encode())
        return body

    def headers(given: Mapping[str, str]) -> dict[str, str]:
        return {name: MASK if name.lower() in hidden else words(value) for name, value in given.items()}

    return RawExchange(
        method=sent.method if sent else "",
        url=words(sent.url) if sent else "",
        headers=headers(sent.headers) if sent else {},
        request=data(sent.body) if sent else b"",
        response_headers=headers(exchange.headers),
        response=data(b"".join(exchange.body or ())),
    )
