"""A local cache of answers, and the sharing of identical calls that are in flight at the same time.

The key is `Request.fingerprint`, which covers everything that is sent. A cache is any object with
`get(request)` and `put(request, response)`, plain or asynchronous.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

import msgspec

from chatbench.client.cacheentries import hit_of, keepable
from chatbench.client.cachestores import KeyedCache, LevelDBCache, MappingCache, MemoryCache, SqliteCache
from chatbench.core.errors import ChatbenchError
from chatbench.core.ids import new_id
from chatbench.core.requests import Request, Response
from chatbench.core.usage import Timings

__all__ = [
    "CacheMode",
    "Cached",
    "KeyedCache",
    "LevelDBCache",
    "MappingCache",
    "MemoryCache",
    "ResponseCache",
    "SqliteCache",
]

log = logging.getLogger(__name__)

CacheMode = Literal["use", "bypass", "refresh"]
"""Use the cache; leave it alone (nothing read, nothing written); or ask anew and write the answer."""


_Slot = tuple[asyncio.AbstractEventLoop, str, CacheMode]


class ResponseCache(Protocol):
    """Where answers are kept. What `get` returns has been `put` for an identical request."""

    def get(self, request: Request, /) -> Response | Awaitable[Response | None] | None:
        """The answer kept for the request, or None."""

    def put(self, request: Request, response: Response, /) -> Awaitable[None] | None:
        """Keeps the answer."""


class _Flight:
    """A call under way for everyone who asked the same: it ends early only when all of them have gone."""

    __slots__ = ("task", "waiting")

    def __init__(self, task: asyncio.Task[Response]) -> None:
        self.task = task
        self.waiting = 0


class Cached:
    """A cache as calls use it.

    A cache that fails with an error of its own does not stop a call: it is taken for empty, and the
    first failure is logged. A ChatbenchError (a file that cannot be opened) is raised, by a `get`.
    """

    def __init__(self, cache: ResponseCache | KeyedCache) -> None:
        self.cache = cache
        self._keyed = cache if isinstance(cache, KeyedCache) else None
        self._flights: dict[_Slot, _Flight] = {}
        self._complained = False

    async def get(self, request: Request) -> Response | None:
        """The answer kept for an identical request, as a hit: `local_cache_hit`, no attempts."""
        found = self._look(request, request.fingerprint)
        if inspect.isawaitable(found):
            found = await self._found(found)
        return None if found is None else hit_of(found, request)

    async def put(self, request: Request, response: Response) -> None:
        """Keeps an answer, unless it is an error, broke off, or came from a cache itself or from
        another model than was asked."""
        await self._put(request, request.fingerprint, response)

    async def fetch(
        self, request: Request, make: Callable[[], Awaitable[Response]], mode: CacheMode = "use"
    ) -> Response:
        """The answer from the cache, else from `make`, which is awaited once for all identical calls
        in flight on this loop. Raises what `make` raises, to each of them.

        A caller that is cancelled leaves the others' call alone; the last one takes it along. Whoever
        did not cause the call gets the answer as a hit.
        """
        if mode == "bypass":
            return await make()
        started = time.monotonic()
        at = datetime.now(UTC)
        key = request.fingerprint
        loop = asyncio.get_running_loop()
        slot = (loop, key, mode)
        flight = self._flights.get(slot)
        if flight is None and mode == "use":
            flight = self._flights.get((loop, key, "refresh"))
        leads = flight is None
        if flight is None:
            found = self._look(request, key) if mode == "use" else None
            if isinstance(found, Response):
                return _told(found, request, at, started)
            flight = _Flight(loop.create_task(self._fly(request, key, make, found)))
            self._flights[slot] = flight
            flight.task.add_done_callback(lambda task: self._landed(slot, task))
        response = await _landing(flight)
        if leads and not response.local_cache_hit:
            return response
        return _told(response, request, at, started)

    async def aclose(self) -> None:
        """Closes the cache, if it can be closed."""
        close = getattr(self.cache, "aclose", None) or getattr(self.cache, "close", None)
        if close is not None:
            await _awaited(close())

    async def _fly(
        self,
        request: Request,
        key: str,
        make: Callable[[], Awaitable[Response]],
        looking: Awaitable[Response | None] | None,
    ) -> Response:
        kept = await self._found(looking) if looking is not None else None
        if kept is not None:
            return hit_of(kept)
        response = await make()
        await self._put(request, key, response)
        return response

    def _landed(self, slot: _Slot, task: asyncio.Task[Any]) -> None:
        del self._flights[slot]
        if not task.cancelled():
            task.exception()  # seen, also where nobody waits for it any more

    def _look(self, request: Request, key: str) -> Response | Awaitable[Response | None] | None:
        try:
            return self._keyed.get_by(key) if self._keyed is not None else self.cache.get(request)
        except ChatbenchError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a foreign cache raises, the call goes on
            self._complain("read", error)
            return None

    async def _found(self, looking: Awaitable[Response | None]) -> Response | None:
        try:
            return await looking
        except ChatbenchError:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            self._complain("read", error)
            return None

    async def _put(self, request: Request, key: str, response: Response) -> None:
        if not keepable(response) or response.model != request.model:
            return  # another model stood in for the one that was asked
        try:
            if self._keyed is not None:
                await _awaited(self._keyed.put_by(key, response))
            else:
                kept = msgspec.structs.replace(response, request=None, raw=None, parsed=None)
                await _awaited(self.cache.put(request, kept))
        except Exception as error:  # noqa: BLE001 - the answer is there and paid for
            self._complain("written", error)

    def _complain(self, verb: str, error: Exception) -> None:
        level = logging.DEBUG if self._complained else logging.WARNING
        self._complained = True
        log.log(level, "the cache could not be %s: %s: %s", verb, type(error).__name__, error)


async def _landing(flight: _Flight) -> Response:
    flight.waiting += 1
    try:
        return await asyncio.shield(flight.task)
    except asyncio.CancelledError:
        if flight.waiting == 1 and not flight.task.done():
            flight.task.cancel()
            await asyncio.wait([flight.task])
        raise
    finally:
        flight.waiting -= 1


def _told(response: Response, request: Request, at: datetime, started: float) -> Response:
    """A hit as one caller gets it; `started` is monotonic."""
    return msgspec.structs.replace(
        hit_of(response, request), id=new_id(), at=at, timings=Timings(total_s=time.monotonic() - started)
    )


async def _awaited(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value
