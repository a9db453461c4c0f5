"""Lines from stdin, one at a time, without ever being stuck behind a read."""

from __future__ import annotations

import asyncio
import sys
import threading
from contextlib import suppress
from typing import Any

_CHUNK_BYTES = 65_536


class LineReader:
    """Reads on a daemon thread: Ctrl+C and the program's end need not wait for the next line.

    The bytes are read below the text layer, whose lock a blocked thread would keep to the end.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        threading.Thread(target=self._read, name="stdin", daemon=True).start()

    async def next(self) -> str | None:
        """The next line without its end; None at the end of input."""
        return await self._lines.get()

    def _read(self) -> None:
        source: Any = getattr(sys.stdin.buffer, "raw", sys.stdin.buffer)
        rest = b""
        while chunk := source.read(_CHUNK_BYTES):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._hand_over(line.decode("utf-8", "replace").rstrip("\r"))
        if rest:
            self._hand_over(rest.decode("utf-8", "replace"))
        self._hand_over(None)

    def _hand_over(self, line: str | None) -> None:
        with suppress(RuntimeError):  # the loop has ended meanwhile
            self._loop.call_soon_threadsafe(self._lines.put_nowait, line)
