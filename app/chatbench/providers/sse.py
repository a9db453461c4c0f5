"""Server-sent events over bytes, as the WHATWG standard reads them, with caps.

Lines end in LF, CRLF or CR; a BOM before the first is dropped; `data:` lines of one event are
joined with LF; comments are ignored. Data stays bytes: U+2028 inside JSON is no line end here.
"""

from __future__ import annotations

import msgspec

from chatbench.core.errors import InvalidResponse

MAX_EVENT_BYTES = 8 * 1024 * 1024
MAX_STREAM_BYTES = 256 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"


class ServerEvent(msgspec.Struct, frozen=True, gc=False):
    """One event: its name ("" for the default), its data, its id."""

    event: str
    data: bytes
    id: str = ""


class SseParser:
    """Feed it pieces of a body; it returns the events that are complete.

    Raises InvalidResponse for an event larger than 8 MiB or a stream larger than 256 MiB.
    """

    def __init__(
        self, max_event_bytes: int = MAX_EVENT_BYTES, max_stream_bytes: int = MAX_STREAM_BYTES
    ) -> None:
        self._rest = b""
        self._pieces: list[bytes] = []
        self._waiting = 0
        self._begun = False
        self._after_cr = False
        self._event = ""
        self._id = ""
        self._data: list[bytes] = []
        self._size = 0
        self._total = 0
        self._max_event = max_event_bytes
        self._max_total = max_stream_bytes

    def feed(self, piece: bytes) -> list[ServerEvent]:
        """The events that `piece` completes, in order."""
        self._total += len(piece)
        if self._total > self._max_total:
            raise _too_large("The answer", self._max_total)
        if b"\n" not in piece and b"\r" not in piece and self._begun:
            self._hold(piece)
            return []
        if self._pieces:
            piece = b"".join((*self._pieces, piece))
            self._pieces, self._waiting = [], 0
        return self._take(piece)

    def finish(self) -> list[ServerEvent]:
        """At the end of the body: an unfinished event is dropped, as the standard says, unless
        it has data, which some servers end without the empty line."""
        tail = b"".join(self._pieces)
        self._pieces, self._waiting = [], 0
        events: list[ServerEvent] = []
        if tail:
            self._line(tail, events)
        self._dispatch(events)
        return events

    def _hold(self, piece: bytes) -> None:
        """A long line arrives in pieces: they are joined once, when it ends."""
        if piece:
            self._pieces.append(piece)
            self._waiting += len(piece)
            if self._waiting + self._size > self._max_event:
                raise _too_large("An event of the answer", self._max_event)

    def _take(self, text: bytes) -> list[ServerEvent]:
        if not self._begun:
            if len(text) < 3 and _BOM.startswith(text):
                self._hold(text)
                return []
            text = text.removeprefix(_BOM)
            self._begun = True
        if self._after_cr and text:
            self._after_cr = False
            text = text.removeprefix(b"\n")
        events: list[ServerEvent] = []
        if b"\r" in text:
            # The LF of a CRLF may be in the next piece; the line itself is complete.
            self._after_cr = text.endswith(b"\r")
            text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        elif not self._data and not self._event:
            text = self._take_whole_events(text, events)
        lines = text.split(b"\n")
        tail = lines.pop()
        for line in lines:
            if line:
                self._line(line, events)
            else:
                self._dispatch(events)
        self._hold(tail)
        return events

    def _take_whole_events(self, text: bytes, events: list[ServerEvent]) -> bytes:
        """The usual case, fast: events of one data line each. Returns what is left for the
        general way: from the first event of another kind on, or the unfinished end."""
        blocks = text.split(b"\n\n")
        tail = blocks.pop()
        last, limit = self._id, self._max_event
        for number, block in enumerate(blocks):
            if block[:6] != b"data: " or b"\n" in block or len(block) > limit:
                return b"\n\n".join((*blocks[number:], tail))
            events.append(ServerEvent("", block[6:], last))
        return tail

    def _line(self, line: bytes, events: list[ServerEvent]) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
            self._size += len(line)
            if self._size > self._max_event:
                raise _too_large("An event of the answer", self._max_event)
        elif name == b"event":
            self._event = value.decode("utf-8", "replace")
        elif name == b"id" and b"\0" not in value:
            self._id = value.decode("utf-8", "replace")

    def _dispatch(self, events: list[ServerEvent]) -> None:
        if self._data:
            data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
            events.append(ServerEvent(self._event, data, self._id))
            self._data = []
            self._size = 0
        self._event = ""


def _too_large(what: str, limit: int) -> InvalidResponse:
    return InvalidResponse(
        f"{what} is larger than {limit // 1024 // 1024} MiB.",
        "The server may be faulty. Try again, or check the provider.",
    )
