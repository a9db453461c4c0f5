"""Tokens of a prompt, as a provider's own counting address tells them."""

from __future__ import annotations

import msgspec

from chatbench.core.errors import BadRequest, EndpointNotSupported, NotFound, ProviderError
from chatbench.core.requests import Request
from chatbench.providers.decoding import peek_json
from chatbench.providers.http import HttpClient, HttpRequest
from chatbench.providers.wire import Call, HttpWire

_NO_SUCH_ADDRESS = (404, 405, 501)


def unstreamed(request: Request) -> Request:
    """The request as it is counted: how the answer would travel is no part of it."""
    return msgspec.structs.replace(request, stream=False)


async def counted(
    wire: HttpWire, request: HttpRequest, call: Call, http: HttpClient, field: str = "input_tokens"
) -> int:
    """The number in `{"input_tokens": …}`, or in another `field`. Raises EndpointNotSupported where
    the provider has no such address, and the usual `ProviderError`s."""
    try:
        secrets = call.request.secrets
        body = await wire.fetch(request, call.endpoint, call.key, http, call.timeouts, secrets)
    except ProviderError as error:
        unknown = isinstance(error, NotFound | BadRequest | EndpointNotSupported)
        if unknown and error.status in _NO_SUCH_ADDRESS and error.param != "model":
            raise _not_offered(call, error.raw) from None
        raise
    told = peek_json(body)
    count = told.get(field) if isinstance(told, dict) else None
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise _not_offered(call, body[:4000].decode("utf-8", "replace"))
    return count


def _not_offered(call: Call, raw: str) -> EndpointNotSupported:
    return EndpointNotSupported(
        f"{call.endpoint.name} does not count tokens.",
        "Use the estimate instead.",
        provider=call.endpoint.id,
        raw=raw,
    )
