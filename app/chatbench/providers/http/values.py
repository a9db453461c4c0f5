"""What is asked over HTTP and what answers: values, and what a client of it is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Literal, NamedTuple, Protocol

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.providers.enclosing import Enclosed


class Timeouts(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds. `read` is the longest silence between two pieces of the body (any byte counts);
    `total` bounds the whole call; None is no limit."""

    connect: float = 10.0
    read: float = 120.0
    total: float | None = None


class HttpRequest(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What goes over the wire: `enclosed` where there is one, or `body`. Header values may hold a key:
    never log or show this value."""

    url: str
    method: Literal["GET", "POST", "DELETE"] = "POST"
    headers: Mapping[str, str] = {}
    body: bytes = b""
    enclosed: Enclosed | None = None


class HttpAnswer(Protocol):
    """A response whose body is still to be read. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]

    def pieces(self) -> AsyncIterator[bytes]:
        """The decoded body as it arrives. Raises the mapped `ProviderError`s."""
        ...

    async def read(self, limit: int | None = None) -> bytes:
        """The whole body, or its first `limit` bytes; over the cap raises InvalidResponse."""
        ...


class Fetched(NamedTuple):
    """A whole response, its body unpacked. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpClient(Protocol):
    """Connections to all endpoints."""

    def open(
        self, request: HttpRequest, endpoint: Endpoint, timeouts: Timeouts
    ) -> AbstractAsyncContextManager[HttpAnswer]:
        """Sends and waits for the head. Leaving the block closes the response.

        Raises InvalidHeader before anything is sent, ConfigurationError for a kind of proxy that
        is not supported, and the mapped `ProviderError`s.
        """
        ...

    async def fetch(self, request: HttpRequest, endpoint: Endpoint, timeouts: Timeouts) -> Fetched:
        """The whole response, with less work than `open` and `read`. Raises the same."""
        ...

    async def probe(self, endpoint: Endpoint) -> str:
        """Asks the base URL for anything at all, without a key; says what answered."""
        ...

    async def inspect_tls(self, endpoint: Endpoint) -> str:
        """Makes a TLS connection to the base URL, without a proxy; says its version and how long
        the certificate is valid. Raises UntrustedCertificate, Unreachable."""
        ...

    def load(self) -> None:
        """Imports the library and makes the TLS context: slow, for a thread of its own."""
        ...

    def abandon(self) -> None:
        """To be called in a child process after a fork: the connections are the parent's."""
        ...

    async def aclose(self) -> None:
        """Closes every connection."""
        ...
