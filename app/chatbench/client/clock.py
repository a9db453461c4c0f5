"""When things happened in a call: its first token, its first text, each stretch of thinking, its end."""

from __future__ import annotations

import time

import msgspec

from chatbench.core.messages import TextPart, ThinkingPart, ToolCallPart
from chatbench.core.streams import Accumulator, PartDelta, PartEnd, PartStart, StreamEvent
from chatbench.core.usage import Timings


class Clock:
    """Takes the times of one call, over all its attempts."""

    def __init__(self) -> None:
        self.timings = Timings()
        self._start = time.monotonic()
        self._thinking: tuple[int, float] | None = None
        self._calls: set[int] = set()

    def start(self) -> None:
        self._start = time.monotonic()

    def note(self, batch: list[StreamEvent], accumulator: Accumulator) -> None:
        """Looks at every event; costs next to nothing once the first text has come."""
        elapsed = time.monotonic() - self._start
        for event in batch:
            if type(event) is PartDelta:
                if event.text and self.timings.first_text_s is None:
                    self._token(elapsed, is_text=self._thinking is None and event.index not in self._calls)
            elif type(event) is PartStart:
                self._end_thinking(elapsed, accumulator)
                part = event.part
                if isinstance(part, ThinkingPart):
                    self._thinking = (event.index, elapsed)
                if isinstance(part, TextPart | ThinkingPart) and part.text:
                    self._token(elapsed, is_text=isinstance(part, TextPart))
                elif isinstance(part, ToolCallPart):
                    self._calls.add(event.index)
                    self._token(elapsed, is_text=False)
            elif type(event) is PartEnd:
                self._end_thinking(elapsed, accumulator)

    def _token(self, elapsed: float, *, is_text: bool) -> None:
        if self.timings.first_token_s is None:
            self.timings = msgspec.structs.replace(self.timings, first_token_s=elapsed)
        if is_text and self.timings.first_text_s is None:
            self.timings = msgspec.structs.replace(self.timings, first_text_s=elapsed)

    def _end_thinking(self, elapsed: float, accumulator: Accumulator) -> None:
        if self._thinking is not None:
            index, began = self._thinking
            self._thinking = None
            accumulator.set_thinking_seconds(index, round(elapsed - began, 3))

    def finish(self, accumulator: Accumulator) -> None:
        """To be called at the end of each attempt, however it ended."""
        elapsed = time.monotonic() - self._start
        self._end_thinking(elapsed, accumulator)
        self.timings = msgspec.structs.replace(self.timings, total_s=elapsed)
