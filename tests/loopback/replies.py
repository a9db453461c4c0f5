"""What the loopback server can be told to answer, well or badly."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

End = Literal["whole", "cut", "hang", "endless"]


@dataclass(frozen=True)
class Reply:
    """A response. `pieces` go out one write each, `pace` of them a second (0: as fast as can be).

    `first_byte_s` is waited before the head. The end: "whole" as HTTP wants it, "cut" closes the
    connection in the middle, "hang" sends no more and waits for the other side to leave,
    "endless" repeats the last piece until the other side leaves.
    """

    pieces: Iterable[bytes] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    pace: float = 0.0
    first_byte_s: float = 0.0
    end: End = "whole"
    never: bool = False
    """Takes the request and closes the connection without a word."""
    raw: bytes = b""
    """Sent in place of everything else, then the connection is closed."""
    gate: threading.Event | None = None
    """What follows the second piece waits until it is set (and goes on after ten seconds without)."""


def events(frames: Iterable[bytes], *, pace: float = 0.0, end: End = "whole", **more: Any) -> Reply:
    """A stream of server-sent events."""
    return Reply(frames, headers={"content-type": "text/event-stream"}, pace=pace, end=end, **more)


def lines(frames: Iterable[bytes], *, pace: float = 0.0, end: End = "whole", **more: Any) -> Reply:
    """A stream of lines of JSON."""
    return Reply(frames, headers={"content-type": "application/x-ndjson"}, pace=pace, end=end, **more)


def data(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """A JSON body; bytes go out as they are."""
    body = value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode()
    return Reply([body], status, {"content-type": "application/json", **(headers or {})})


def web_page(status: int = 200) -> Reply:
    """What a login or a wrong address answers."""
    page = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Sign in</body></html>"
    return Reply([page], status, {"content-type": "text/html; charset=utf-8"})


def endless_event() -> Reply:
    """An event that never ends: 64 KiB of a line, again and again."""
    return events([b"data: {", b"x" * 65_536], end="endless")


def redirect(location: str) -> Reply:
    return Reply(status=307, headers={"location": location})
