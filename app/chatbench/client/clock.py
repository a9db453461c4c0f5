"""When things happened in a call: its first token, its first text, each stretch of thinking, its end."""

from __future__ import annotations

import time

from chatbench.core.messages import TextPart, ThinkingPart, ToolCallPart
from chatbench.core.streams import Accumulator, PartDelta, PartEnd, PartStart, StreamEvent
from chatbench.core.usage import Timings


class Clock:
    """Takes the times of one call, over all its attempts."""

    __slots__ = ("_calls", "_first_text", "_first_token", "_start", "_thinking", "_total")

    def __init__(self) -> None:
        self._first_token: float | None = None
        self._first_text: float | None = None
        self._total: float | None = None
        self._start = time.monotonic()
        self._thinking: tuple[int, float] | None = None
        self._calls: frozenset[int] = frozenset()

    def timings(self, queued_s: float | None = None) -> Timings:
        """What was taken by now."""
        return Timings(
            queued_s=queued_s,
            first_token_s=self._first_token,
            first_text_s=self._first_text,
            total_s=self._total,
        )

    def start(self) -> None:
        self._start = time.monotonic()

    def note(self, batch: list[StreamEvent], accumulator: Accumulator) -> None:
        """Looks at every event; costs next to nothing once the first text has come."""
        elapsed = time.monotonic() - self._start
        for event in batch:
            if type(event) is PartDelta:
                if self._first_text is None and event.text:
                    self._token(elapsed, is_text=self._thinking is None and event.index not in self._calls)
            elif type(event) is PartStart:
                self._end_thinking(elapsed, accumulator)
                part = event.part
                if isinstance(part, ThinkingPart):
                    self._thinking = (event.index, elapsed)
                if isinstance(part, TextPart | ThinkingPart) and part.text:
                    self._token(elapsed, is_text=isinstance(part, TextPart))
                elif isinstance(part, ToolCallPart):
                    self._calls |= {event.index}
                    self._token(elapsed, is_text=False)
            elif type(event) is PartEnd:
                self._end_thinking(elapsed, accumulator)

    def _token(self, elapsed: float, *, is_text: bool) -> None:
        if self._first_token is None:
            self._first_token = elapsed
        if is_text and self._first_text is None:
            self._first_text = elapsed

    def _end_thinking(self, elapsed: float, accumulator: Accumulator) -> None:
        if self._thinking is not None:
            index, began = self._thinking
            self._thinking = None
            accumulator.set_thinking_seconds(index, round(elapsed - began, 3))

    def finish(self, accumulator: Accumulator) -> None:
        """To be called at the end of each attempt, however it ended."""
        elapsed = time.monotonic() - self._start
        self._end_thinking(elapsed, accumulator)
        self._total = elapsed
