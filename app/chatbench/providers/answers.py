"""A response while its body arrives: pieces, limits, compression."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import ProviderError
from chatbench.providers import unpacking
from chatbench.providers.faults import errors, mapped
from chatbench.providers.unpacking import TooLarge, Unpacker, unpacker

if TYPE_CHECKING:
    import httpx

    from chatbench.providers.http import Timeouts


class Answer:
    """A response under way. httpx's own reading copies every piece, and unpacks without a limit: only
    its stream is used."""

    __slots__ = (
        "_deadline", "_endpoint", "_source", "_stream", "_timeouts", "_total", "_unpack", "headers", "status",
    )  # fmt: skip

    def __init__(
        self, response: httpx.Response, endpoint: Endpoint, timeouts: Timeouts, deadline: float | None
    ) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = _plain(response.headers)
        self._stream: httpx.AsyncByteStream = response.stream  # type: ignore[assignment]
        self._endpoint = endpoint
        self._timeouts = timeouts
        self._deadline = deadline
        self._source: AsyncIterator[bytes] | None = None
        self._unpack: Unpacker | None = None
        self._total = 0

    def pieces(self) -> AsyncIterator[bytes]:
        return self

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        piece = await self._safely(self._piece)
        if isinstance(piece, ProviderError):
            raise piece
        if not piece:
            raise StopAsyncIteration
        return piece

    async def read(self, limit: int | None = None) -> bytes:
        found = await self._safely(lambda: self._rest(limit))
        if isinstance(found, ProviderError):
            raise found
        return found[:limit]

    async def _safely(self, work: Callable[[], Awaitable[bytes]]) -> bytes | ProviderError:
        """An error is given back; see `Http._send`."""
        try:
            if self._deadline is None:
                return await work()
            async with asyncio.timeout_at(self._deadline):
                return await work()
        except errors() as error:
            return mapped(error, self._endpoint, self._timeouts, in_body=True)

    async def _rest(self, limit: int | None) -> bytes:
        found: list[bytes] = []
        begun = self._total
        async for piece in self._opened():
            found.append(self._taken(piece))
            if limit is not None and self._total - begun >= limit:
                break
        else:
            self._ended()
        return b"".join(found)

    async def _piece(self) -> bytes:
        """The next piece; nothing at the end. Raises the libraries' errors and ours."""
        async for arrived in self._opened():
            if piece := self._taken(arrived):
                return piece
        self._ended()
        return b""

    def _opened(self) -> AsyncIterator[bytes]:
        if self._source is None:
            if "content-encoding" in self.headers:
                self._unpack = unpacker(self.headers["content-encoding"])
            self._source = aiter(self._stream)
        return self._source

    def _taken(self, piece: bytes) -> bytes:
        """The piece, unpacked and counted; nothing where it takes the next to unpack it."""
        if self._unpack is not None:
            piece = self._unpack.feed(piece, unpacking.MAX_BODY_BYTES - self._total)
        self._total += len(piece)
        if self._total > unpacking.MAX_BODY_BYTES:
            raise TooLarge
        return piece

    def _ended(self) -> None:
        if self._unpack is not None:
            self._unpack.finish()

    async def aclose(self) -> None:
        """Keeps the connection if the body has come to its end, closes it at once otherwise: a
        provider that still writes must see that nobody listens."""
        await self._stream.aclose()


def _plain(headers: httpx.Headers) -> dict[str, str]:
    """Names in lower case, what was said of one several times joined by commas."""
    found: dict[str, str] = {}
    for raw_name, raw_value in headers.raw:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found
