"""Where the Responses interface is asked, with what belongs into the query."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from chatbench.providers.encoding import address
from chatbench.providers.wire import Call


def call_url(call: Call, path: str, query: Mapping[str, str] | None = None) -> str:
    """The base URL with `path`; a dated API version and the request's own query go along."""
    request = call.request
    version = request.api_version or call.endpoint.quirks.api_version
    pairs = {**(query or {}), **request.extra_query}
    return joined(call.endpoint.base_url, path, version, tuple(pairs.items()))


@lru_cache(maxsize=64)
def joined(base: str, path: str, version: str, query: tuple[tuple[str, str], ...] = ()) -> str:
    """Put together once: the same few addresses are asked again and again."""
    dated = {"api-version": version} if version else {}
    return address(base, path, {**dated, **dict(query)})
