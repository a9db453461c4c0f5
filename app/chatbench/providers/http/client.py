"""The client: connections to all endpoints, of every event loop that asks."""

from __future__ import annotations

import asyncio
import os
import ssl
import threading
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import ProviderError
from chatbench.providers.answers import Answer
from chatbench.providers.faults import errors, mapped, not_http, refused_by_proxy
from chatbench.providers.http.library import import_library, system_trust
from chatbench.providers.http.routes import MOST, Route, Transports
from chatbench.providers.http.values import Fetched, HttpAnswer, HttpRequest, Timeouts
from chatbench.providers.proxies import proxy_for

if TYPE_CHECKING:
    import httpx

    from chatbench.providers.transport import Proxied, Transport

PROBE_S = 15.0


class Http:
    """`HttpClient` over the network. May be used from several event loops at once, also of several
    threads: each has connections of its own."""

    def __init__(
        self, environ: Mapping[str, str] | None = None, *, allowed: Callable[[str], bool] | None = None
    ) -> None:
        """`allowed` says which IP addresses may be connected to; None: all. A proxy looks up names
        itself: through one, only addresses that stand in a URL are held against it."""
        self._environ = os.environ if environ is None else environ
        self._allowed = allowed
        self._lock = threading.Lock()
        self._context: ssl.SSLContext | None = None
        self._loops: dict[asyncio.AbstractEventLoop, Transports] = {}

    def load(self) -> None:
        import_library()
        self._trust()

    def _trust(self) -> ssl.SSLContext:
        with self._lock:
            if self._context is None:
                self._context = system_trust()
            return self._context

    def open(
        self, request: HttpRequest, endpoint: Endpoint, timeouts: Timeouts
    ) -> AbstractAsyncContextManager[HttpAnswer]:
        return _Opening(self, request, endpoint, timeouts)

    async def fetch(self, request: HttpRequest, endpoint: Endpoint, timeouts: Timeouts) -> Fetched:
        if timeouts.total is None:
            return await self._whole(request, endpoint, timeouts)
        try:
            async with asyncio.timeout(timeouts.total):
                return await self._whole(request, endpoint, timeouts)
        except TimeoutError as error:
            late = mapped(error, endpoint, timeouts)
        raise late

    async def _whole(self, request: HttpRequest, endpoint: Endpoint, timeouts: Timeouts) -> Fetched:
        answer = await self.begun(request, endpoint, timeouts, whole=True)
        try:
            return Fetched(answer.status, answer.headers, await answer.read())
        finally:
            await answer.aclose()

    async def begun(
        self,
        request: HttpRequest,
        endpoint: Endpoint,
        timeouts: Timeouts,
        deadline: float | None = None,
        *,
        whole: bool = False,
    ) -> Answer:
        """An answer whose head has come, or all of it; to be closed. Raises what `open` raises."""
        response = await self._send(request, endpoint, timeouts, deadline, whole=whole)
        if isinstance(response, ProviderError):
            raise response
        answer = Answer(response, endpoint, timeouts, deadline)
        if answer.status in (101, 407):
            await answer.aclose()
            raise refused_by_proxy(endpoint) if answer.status == 407 else not_http(endpoint)
        return answer

    async def _send(
        self,
        request: HttpRequest,
        endpoint: Endpoint,
        timeouts: Timeouts,
        deadline: float | None,
        *,
        whole: bool,
    ) -> httpx.Response | ProviderError:
        """An error is given back and raised elsewhere: raised here it would carry the library's
        own, which holds the request's headers, the key among them."""
        loop = asyncio.get_running_loop()
        try:
            transports = self._loops.get(loop) or self._transports(loop)
            route = transports.routes.get(request.url) or await self._new_route(transports, request.url)
            outgoing = route.outgoing(request, timeouts, whole=whole)
            if deadline is None:
                return await route.transport.handle_async_request(outgoing)
            async with asyncio.timeout_at(deadline):
                return await route.transport.handle_async_request(outgoing)
        except errors() as error:
            return mapped(error, endpoint, timeouts)

    def _transports(self, loop: asyncio.AbstractEventLoop) -> Transports:
        """New ones for this loop. Those of loops that are closed by now are forgotten: nobody can close
        what they left, it goes when it is collected."""
        with self._lock:
            found = self._loops.setdefault(loop, Transports())
            for known in [known for known in self._loops if known.is_closed()]:
                del self._loops[known]
        return found

    async def _new_route(self, transports: Transports, url: str) -> Route:
        """Raises httpx.InvalidURL or httpx.UnsupportedProtocol for what is no address of the web,
        ConfigurationError for an unknown kind of proxy."""
        await asyncio.to_thread(import_library)
        import httpx

        told = httpx.URL(url)
        if told.scheme not in ("http", "https") or not told.host:
            raise httpx.UnsupportedProtocol("not an address of the web")
        origin = told.scheme, told.netloc.decode("ascii")
        if origin not in transports.by_origin:
            made = await self._new_transport(told, proxy_for(url, self._environ))
            if transports.closed:
                raise httpx.ConnectError("closed while a request began")
            transports.by_origin.setdefault(origin, made)
        if len(transports.routes) >= MOST:
            transports.routes.clear()
        route = transports.routes[url] = Route(transports.by_origin[origin], told)
        return route

    async def _new_transport(self, origin: httpx.URL, proxy: str | None) -> Transport | Proxied:
        """With certificates only where they are asked for: a server on this computer seldom does."""
        from chatbench.providers.transport import Proxied, Transport, check_literal

        if origin.scheme == "http" and proxy is None:
            return Transport(origin, None, self._allowed)
        context = await asyncio.to_thread(self._trust) if self._context is None else self._context
        if proxy is not None:
            check_literal(origin, self._allowed)
            return Proxied(proxy, context)
        return Transport(origin, context, self._allowed)

    async def probe(self, endpoint: Endpoint) -> str:
        request = HttpRequest(url=endpoint.base_url, method="GET")
        limits = Timeouts(connect=PROBE_S, read=PROBE_S, total=PROBE_S)
        async with self.open(request, endpoint, limits) as answer:
            server = answer.headers.get("server", "")
            return f"HTTP/1.1, status {answer.status}{f', {server[:60]}' if server else ''}"

    async def inspect_tls(self, endpoint: Endpoint) -> str:
        limits = Timeouts(connect=PROBE_S)
        try:
            await asyncio.to_thread(self.load)
            return await self._tls_told(endpoint.base_url, limits)
        except errors() as error:
            failure = mapped(error, endpoint, limits)
        raise failure

    async def _tls_told(self, url: str, limits: Timeouts) -> str:
        import httpx

        from chatbench.providers.transport import Transport

        transport = Transport(httpx.URL(url).copy_with(scheme="https"), self._trust(), self._allowed)
        try:
            tls = await transport.handshake(limits.connect)
        finally:
            await transport.aclose()
        version = str(tls.version()).replace("TLSv", "")
        until = (tls.getpeercert() or {}).get("notAfter", "")
        return f"{version}, certificate valid until {until}" if until else version

    def abandon(self) -> None:
        """To be called in a child process after a fork: the connections are the parent's."""
        loops, self._loops, self._lock = self._loops, {}, threading.Lock()
        for transports in loops.values():
            transports.abandon()

    async def aclose(self) -> None:
        with self._lock:
            loops, self._loops = self._loops, {}
        here = asyncio.get_running_loop()
        for loop, transports in loops.items():
            if loop is here:
                await transports.aclose()
            elif loop.is_running():
                await _elsewhere(loop, transports.aclose)


async def _elsewhere(loop: asyncio.AbstractEventLoop, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Has another thread's loop do `work`, and waits for it while that loop runs."""
    coroutine = work()
    try:
        waiting = asyncio.wrap_future(asyncio.run_coroutine_threadsafe(coroutine, loop))
    except RuntimeError:
        coroutine.close()
        return
    tries = 10
    while loop.is_running() and not waiting.done() and tries:
        # A loop that is blocked until this is done would be waited for in vain.
        tries -= 1
        await asyncio.wait({waiting}, timeout=0.1)


class _Opening(AbstractAsyncContextManager[HttpAnswer]):
    """Sends on the way in, closes on the way out."""

    def __init__(self, http: Http, request: HttpRequest, endpoint: Endpoint, timeouts: Timeouts) -> None:
        self._asked = http, request, endpoint, timeouts
        self._answer: Answer | None = None

    async def __aenter__(self) -> HttpAnswer:
        http, request, endpoint, timeouts = self._asked
        loop = asyncio.get_running_loop()
        deadline = None if timeouts.total is None else loop.time() + timeouts.total
        self._answer = await http.begun(request, endpoint, timeouts, deadline)
        return self._answer

    async def __aexit__(self, *_: object) -> None:
        if self._answer is not None:
            await self._answer.aclose()
