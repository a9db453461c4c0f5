"""What one event loop has open: a transport to each origin, and how requests to each URL begin."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from chatbench import __version__
from chatbench.providers import unpacking
from chatbench.providers.http.headers import check_headers

if TYPE_CHECKING:
    import httpx

    from chatbench.providers.http.values import HttpRequest, Timeouts
    from chatbench.providers.transport import Pieces, Proxied, Transport

LARGE_BYTES = 256 * 1024
"""A longer body is sent in pieces."""
MOST = 256
"""So many different URLs, and headers of requests to each, are remembered."""
_ZONE = re.compile(rb"%[^\]]*\]")


class Transports:
    """What one loop has open."""

    def __init__(self) -> None:
        self.by_origin: dict[tuple[str, str], Transport | Proxied] = {}
        self.routes: dict[str, Route] = {}
        self.closed = False

    async def aclose(self) -> None:
        self.closed = True
        for transport in tuple(self.by_origin.values()):
            await transport.aclose()

    def abandon(self) -> None:
        for transport in self.by_origin.values():
            transport.abandon()


class Route:
    """How requests to one URL begin. The same few are sent again and again, so that the headers of
    each are put together, and checked, once."""

    def __init__(self, transport: Transport | Proxied, told: httpx.URL) -> None:
        from chatbench.providers.transport import without_user

        self.transport = transport
        self._url = without_user(told)
        self._userinfo = told.userinfo
        self._begun: dict[tuple[str, ...], list[tuple[bytes, bytes]]] = {}

    def outgoing(self, request: HttpRequest, timeouts: Timeouts, *, whole: bool) -> httpx.Request:
        """Raises InvalidHeader."""
        import httpx

        from chatbench.providers.transport import FilePieces, Pieces

        told, body, enclosed = request.headers, request.body, request.enclosed
        key = (request.method, *told, *told.values())
        begun = self._begun.get(key)
        if begun is None:
            if len(self._begun) >= MOST:
                self._begun.clear()
            begun = self._begun[key] = self._put_together(request)
        length = len(body) if enclosed is None else enclosed.length
        stream: httpx.ByteStream | Pieces | FilePieces = httpx.ByteStream(body)
        if enclosed is not None:
            stream = FilePieces(enclosed)
        elif length > LARGE_BYTES:
            stream = Pieces(body)
        sized = request.method != "GET" or body
        extensions: dict[str, Any] = {"timeout": {"connect": timeouts.connect, "read": timeouts.read}}
        if whole:
            extensions["whole"] = unpacking.MAX_BODY_BYTES
        return httpx.Request(
            request.method,
            self._url,
            headers=[*begun, (b"content-length", b"%d" % length)] if sized else begun,
            stream=stream,
            extensions=extensions,
        )

    def _put_together(self, request: HttpRequest) -> list[tuple[bytes, bytes]]:
        from chatbench.providers.transport import basic

        check_headers(request.headers)
        # A stream is worth more early than small; lists of models are large and come at once.
        encoding = "gzip, deflate" if request.method == "GET" else "identity"
        headers = {"user-agent": f"Chatbench/{__version__}", "accept": "*/*", "accept-encoding": encoding}
        if self._userinfo:
            headers["authorization"] = basic(self._userinfo)
        headers.update((name.lower(), value.strip()) for name, value in request.headers.items())
        for ours in ("content-length", "transfer-encoding", "connection", "host"):
            headers.pop(ours, None)
        found = [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers.items()]
        # The name of a network, in a link-local address, means something on this computer only.
        return [(b"Host", _ZONE.sub(b"]", self._url.netloc)), *found]
