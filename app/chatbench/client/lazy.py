"""A response for which nothing is sent until somebody reads it."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator
from contextlib import aclosing
from typing import Any

from chatbench.client.call import AnswerStream
from chatbench.client.sync import background, synced
from chatbench.core.errors import ConfigurationError
from chatbench.core.messages import ToolCallPart
from chatbench.core.requests import Response
from chatbench.core.usage import Usage

_SHOWN = 60


class LazyResponse:
    """Await it for the `Response`, iterate it for words as they come (with or without `async`), or
    ask for its parts. However often it is read, one call is made; a reading that nobody waits for to
    its end stops the call, and the next one makes it again.

    To be read either asynchronously, from one event loop, or synchronously.
    """

    def __init__(
        self, make: Callable[[], AnswerStream], finished: Callable[[Response], Awaitable[None]] | None = None
    ) -> None:
        """`make` gives the call; `finished` is awaited with the response before anybody gets it."""
        self._make = make
        self._finished = finished
        self._response: Response | None = None
        self._callbacks: list[Callable[[Response], object]] = []
        self._reading: asyncio.Task[Response] | None = None
        self._readers = 0
        self._iterating = False

    def on_done(self, callback: Callable[[Response], object]) -> LazyResponse:
        """Calls `callback`, which may be asynchronous, with the response once it is whole; at the
        next reading where it is whole already."""
        self._callbacks.append(callback)
        return self

    def __await__(self) -> Generator[Any, None, Response]:
        return self.response().__await__()

    async def response(self) -> Response:
        """The whole response. Raises what the call raises."""
        if self._response is None:
            self._refuse_while_iterated()
            if self._reading is None:
                self._reading = asyncio.ensure_future(self._read())
            await self._read_along(self._reading)
        assert self._response is not None
        await self._call_back()
        return self._response

    response_sync = synced(response)

    async def text(self) -> str:
        """All words of the answer."""
        return (await self.response()).text

    text_sync = synced(text)

    async def usage(self) -> Usage | None:
        """Tokens, where the provider said."""
        return (await self.response()).usage

    usage_sync = synced(usage)

    async def tool_calls(self) -> tuple[ToolCallPart, ...]:
        """The tools the model asks for."""
        return (await self.response()).tool_calls

    tool_calls_sync = synced(tool_calls)

    async def parsed(self) -> Any:
        """The answer to a schema. Raises SchemaMismatch where it does not fit."""
        return (await self.response()).parsed

    parsed_sync = synced(parsed)

    async def json(self) -> bytes:
        """The body as the provider sent it; of a stream, all of its events."""
        raw = (await self.response()).raw
        return raw.response if raw is not None else b""

    json_sync = synced(json)

    async def __aiter__(self) -> AsyncGenerator[str, None]:
        if self._response is not None or self._reading is not None:
            yield await self.text()
            return
        self._refuse_while_iterated()
        self._iterating = True
        try:
            stream = self._make()
            async with aclosing(stream.texts()) as texts:
                async for text in texts:
                    yield text
            await self._conclude(stream.result)
        finally:
            self._iterating = False
        await self._call_back()

    def __iter__(self) -> Iterator[str]:
        return background.iterate(aiter(self))

    def __str__(self) -> str:
        return self.text_sync()

    def __repr__(self) -> str:
        shown = "... not yet done ..." if self._response is None else self._response.text
        shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
        return f"<LazyResponse text={shown!r}>"

    async def _read(self) -> Response:
        return await self._conclude(await self._make().complete())

    async def _read_along(self, reading: asyncio.Task[Response]) -> None:
        """The last reader to leave takes the call along."""
        self._readers += 1
        try:
            await asyncio.shield(reading)
        except asyncio.CancelledError:
            if self._readers == 1 and not reading.done():
                self._reading = None
                reading.cancel()
                await asyncio.wait({reading})
            raise
        finally:
            self._readers -= 1

    def _refuse_while_iterated(self) -> None:
        if self._iterating:
            raise ConfigurationError(
                "The response is being read in another place.", "Read it there to its end, or close it first."
            )

    async def _conclude(self, response: Response) -> Response:
        try:
            if self._finished is not None:
                await self._finished(response)
        finally:
            # It is paid for: whoever reads again gets it, and no other call is made.
            self._response = response
        return response

    async def _call_back(self) -> None:
        assert self._response is not None
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            told = callback(self._response)
            if inspect.isawaitable(told):
                await told
