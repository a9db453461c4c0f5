"""The one HTTP seam: the only file that imports the HTTP library."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Literal, Protocol

import msgspec

from chatbench.core.endpoints import Endpoint


class Timeouts(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds. `read` is the longest silence between two pieces of the body (any byte counts);
    `total` bounds the whole call; None is no limit."""

    connect: float = 10.0
    read: float = 120.0
    total: float | None = None


class HttpRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What goes over the wire. Header values may hold a key: never log or show this value."""

    url: str
    method: Literal["GET", "POST", "DELETE"] = "POST"
    headers: Mapping[str, str] = {}
    body: bytes = b""


class HttpAnswer(Protocol):
    """A response whose body is still to be read."""

    status: int
    headers: Mapping[str, str]

    def pieces(self) -> AsyncIterator[bytes]:
        """The decoded body as it arrives. Raises the mapped `ProviderError`s."""
        ...

    async def read(self, limit: int | None = None) -> bytes:
        """The whole body, or its first `limit` bytes; over the cap raises InvalidResponse."""
        ...


class HttpClient(Protocol):
    """Connections to all endpoints."""

    def open(
        self, request: HttpRequest, endpoint: Endpoint, timeouts: Timeouts
    ) -> AbstractAsyncContextManager[HttpAnswer]:
        """Sends and waits for the head. No redirects, no cookies, system certificates, proxies.

        Leaving the block closes the response. Raises the mapped `ProviderError`s.
        """
        ...

    async def aclose(self) -> None:
        """Closes every connection."""
        ...
