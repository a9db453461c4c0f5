"""An answer while it comes in: owned by the service, pulled by whoever shows it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from typing import Any, NamedTuple

import msgspec

from chatbench.client.call import AnswerStream
from chatbench.core.conversations import MessageState, SentFile, TreeMessage
from chatbench.core.errors import (
    BadRequest,
    ChatbenchError,
    ErrorReport,
    InvalidResponse,
    NotFound,
    PermissionDenied,
)
from chatbench.core.holds import Hold
from chatbench.core.messages import Part
from chatbench.core.requests import Response
from chatbench.core.usage import Timings

CHECKPOINT_S = 0.25


class Opened(NamedTuple):
    """A call that was begun, and in which form it was sent each file. `again` begins it anew where it
    failed for a reason that can be mended; it gives None where nothing can."""

    stream: AnswerStream
    files: tuple[SentFile, ...] = ()
    again: Callable[[], Awaitable[Opened | None]] | None = None


class Answer:
    """One lane's answer of a turn. `version` grows with what there is to show; `parts()` is the
    snapshot. Stopping keeps what has come. `joined` makes the whole of what comes, where the
    message has a beginning already."""

    def __init__(
        self,
        message: TreeMessage,
        open_stream: Callable[[], Awaitable[Opened]],
        joined: Callable[[tuple[Part, ...]], tuple[Part, ...]] | None = None,
    ) -> None:
        self.message = message
        self._open_stream = open_stream
        self._joined = joined
        self._stream: AnswerStream | None = None
        self._receiving: asyncio.Task[None] | None = None
        self._stopped_as: MessageState | None = None
        self.response: Response | None = None
        """All that came of the call, once it is over: more than is written down."""
        self.started = time.monotonic()

    @property
    def id(self) -> str:
        return self.message.id

    @property
    def state(self) -> MessageState:
        return self.message.state

    @property
    def version(self) -> int:
        return self._stream.accumulator.version if self._stream is not None else 0

    def parts(self) -> tuple[Part, ...]:
        if self._stream is not None and self.message.state == "streaming":
            parts = self._stream.accumulator.parts()
            return parts if self._joined is None else self._joined(parts)
        return self.message.parts

    @property
    def timings(self) -> Timings:
        return self._stream.timings if self._stream is not None else self.message.timings

    @property
    def output_tokens(self) -> int | None:
        """What the provider has reported so far; many report only at the end."""
        usage = self._stream.accumulator.usage if self._stream is not None else self.message.usage
        return usage.output_tokens if usage is not None else None

    @property
    def attempts(self) -> int:
        return self._stream.attempts if self._stream is not None else 0

    @property
    def retry_at(self) -> float | None:
        """Monotonic time of the next attempt, while the provider asked us to wait."""
        return self._stream.retry_at if self._stream is not None else None

    @property
    def waiting_for(self) -> ErrorReport | None:
        """Why it is waiting, while `retry_at` is set."""
        if self._stream is None or self._stream.last_error is None or self.retry_at is None:
            return None
        return self._stream.last_error.report()

    @property
    def queued(self) -> bool:
        """Whether it waits for a limit of its endpoint, or for the pause after another's refusal."""
        return self._stream is not None and self._stream.queued

    @property
    def held(self) -> Hold | None:
        """What holds it back while it is `queued`."""
        return self._stream.held if self._stream is not None else None

    def retry_now(self) -> None:
        """Ends the wait between two attempts, and a pause that holds it back."""
        if self._stream is not None:
            self._stream.retry_now()

    def stop(self, as_state: MessageState = "stopped") -> None:
        """Ends it; what has come is kept. Harmless when it is over."""
        if self._receiving is None or not self._receiving.done():
            self._stopped_as = self._stopped_as or as_state
        if self._receiving is not None:
            self._receiving.cancel()

    async def run(self, checkpoint: Callable[[str, tuple[Part, ...]], Awaitable[None]]) -> None:
        """Receives until the end, writing what has come about every 250 ms.

        Never raises: whatever ends it is in `message.state` and `message.error`. A bug is
        raised after the message has got its state.
        """
        saver = _Checkpoints(self, checkpoint)
        if self._stopped_as is not None:
            self._end(self._stopped_as, None)
            return
        self._receiving = asyncio.ensure_future(self._receive(saver))
        try:
            await asyncio.wait({self._receiving})
        except asyncio.CancelledError:
            self.stop("interrupted")
            await asyncio.wait({self._receiving})
        finally:
            await saver.close()
        self._conclude(self._receiving)

    def _conclude(self, received: asyncio.Task[None]) -> None:
        error = None if received.cancelled() else received.exception()
        if received.cancelled():
            self._end(self._stopped_as or "stopped", None)
        elif error is None:
            self._end("done", None)
        elif isinstance(error, ChatbenchError):
            self._end("interrupted" if self._broke_off(error) else "failed", error)
        else:
            bug = ChatbenchError("Something went wrong in Chatbench itself.", "See the log.")
            self._end("failed", bug)
            raise error

    def _broke_off(self, error: ChatbenchError) -> bool:
        """Whether something had come that a reader would miss."""
        seen = self._stream is not None and self._stream.accumulator.has_visible_text
        return seen and (error.retryable or isinstance(error, InvalidResponse))

    async def _receive(self, saver: _Checkpoints) -> None:
        opened = await self._open_stream()
        try:
            await self._follow(opened, saver)
        except (NotFound, BadRequest, PermissionDenied):
            mended = await opened.again() if opened.again is not None else None
            if mended is None:
                raise
            await self._follow(mended, saver)

    async def _follow(self, opened: Opened, saver: _Checkpoints) -> None:
        self._stream = opened.stream
        self.message = msgspec.structs.replace(self.message, sent_files=opened.files)
        async with aclosing(self._stream.events()) as batches:
            async for _ in batches:
                saver.touch()

    def _end(self, state: MessageState, error: ChatbenchError | None) -> None:
        now = time.time_ns() // 1_000_000
        changes: dict[str, Any] = {"state": state, "finished_at": now}
        changes["error"] = error.report() if error else None
        if self._stream is not None:
            response = self.response = self._stream.response(error)
            for name in ("parts", "left_out", "stop_reason", "stop_detail", "response_id",
                         "model_answered", "usage", "cost", "timings", "attempts"):  # fmt: skip
                changes[name] = getattr(response, name)
            if self._joined is not None:
                changes["parts"] = self._joined(response.parts)
        self.message = msgspec.structs.replace(self.message, **changes)


class _Checkpoints:
    """Writes the partial answer about every 250 ms while something new has come."""

    def __init__(self, answer: Answer, write: Callable[[str, tuple[Part, ...]], Awaitable[None]]) -> None:
        self._answer = answer
        self._write = write
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None

    def touch(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(CHECKPOINT_S, self._due)

    def _due(self) -> None:
        self._timer = None
        if self._writing is not None and not self._writing.done():
            self.touch()
            return
        self._writing = asyncio.ensure_future(self._save())

    async def _save(self) -> None:
        # A full disk is told of once, when the end cannot be written; the text is in memory.
        with suppress(ChatbenchError):
            await self._write(self._answer.id, self._answer.parts())

    async def close(self) -> None:
        """No write is under way afterwards, so that the final one is the last."""
        if self._timer is not None:
            self._timer.cancel()
        if self._writing is not None:
            await asyncio.wait({self._writing})
