"""Newline-delimited JSON over bytes, with the caps of server-sent events."""

from __future__ import annotations

from chatbench.core.errors import InvalidResponse
from chatbench.providers.sse import MAX_EVENT_BYTES, MAX_STREAM_BYTES, ServerEvent


class LineParser:
    """Feed it pieces of a body; it returns the lines that are complete, each as an event's data.

    Raises InvalidResponse for a line larger than 8 MiB or a stream larger than 256 MiB.
    """

    def __init__(
        self, max_line_bytes: int = MAX_EVENT_BYTES, max_stream_bytes: int = MAX_STREAM_BYTES
    ) -> None:
        self._pieces: list[bytes] = []
        self._waiting = 0
        self._total = 0
        self._max_line = max_line_bytes
        self._max_total = max_stream_bytes

    def feed(self, piece: bytes) -> list[ServerEvent]:
        """The lines that `piece` completes, in order; empty ones are dropped."""
        self._total += len(piece)
        if self._total > self._max_total:
            raise _too_large("The answer", self._max_total)
        head, newline, tail = piece.rpartition(b"\n")
        if not newline:
            self._hold(tail)
            return []
        whole = b"".join((*self._pieces, head))
        self._pieces, self._waiting = [], 0
        lines = [line.strip() for line in whole.split(b"\n")]
        if any(len(line) > self._max_line for line in lines):
            raise _too_large("A line of the answer", self._max_line)
        self._hold(tail)
        return [ServerEvent("", line) for line in lines if line]

    def finish(self) -> list[ServerEvent]:
        """At the end of the body: a last line needs no newline."""
        line = b"".join(self._pieces).strip()
        self._pieces, self._waiting = [], 0
        return [ServerEvent("", line)] if line else []

    def _hold(self, piece: bytes) -> None:
        """A long line arrives in pieces: they are joined once, when it ends."""
        if piece:
            self._pieces.append(piece)
            self._waiting += len(piece)
            if self._waiting > self._max_line:
                raise _too_large("A line of the answer", self._max_line)


def _too_large(what: str, limit: int) -> InvalidResponse:
    return InvalidResponse(
        f"{what} is larger than {limit // 1024 // 1024} MiB.",
        "The server may be faulty. Try again, or check the provider.",
    )
