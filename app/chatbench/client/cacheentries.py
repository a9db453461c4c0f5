"""What a cache keeps of an answer, and how: one JSON text an entry, which says its version.

Kept is the answer, not the question: no request (its headers may be secret), no raw exchange, and
nothing that is made anew from the text (`parsed`). Errors, and answers that broke off or were
stopped, are not kept.
"""

from __future__ import annotations

import zlib

import msgspec

from chatbench.core.requests import Request, Response
from chatbench.core.usage import Timings

VERSION = 1


class _Entry(msgspec.Struct, frozen=True):
    """`saved_at` is UTC seconds since the epoch, `check` the CRC-32 of the response's text."""

    v: int
    key: str
    saved_at: float
    check: int
    response: msgspec.Raw


_encode = msgspec.json.Encoder().encode
_decode_entry = msgspec.json.Decoder(_Entry).decode
_decode_response = msgspec.json.Decoder(Response).decode


def keepable(response: Response) -> bool:
    """Whether it is a whole answer (cut at its token limit counts as whole) that came from a provider."""
    return (
        response.error is None
        and response.stop_reason not in (None, "cancelled")
        and not response.local_cache_hit
    )


def hit_of(response: Response, request: Request | None = None) -> Response:
    """The answer as an identical call gets it: nothing was sent for it, and nothing is spent."""
    return msgspec.structs.replace(
        response,
        request=request,
        local_cache_hit=True,
        attempts=0,
        timings=Timings(),
        raw=None,
        parsed=None,
        at=None,
    )


def encode(key: str, response: Response, now: float) -> bytes:
    """The entry for a response; `now` is UTC seconds since the epoch."""
    text = _encode(msgspec.structs.replace(response, request=None, raw=None, parsed=None))
    return _encode(_Entry(VERSION, key, now, zlib.crc32(text), msgspec.Raw(text)))


def saved_at(data: bytes | str) -> float | None:
    """UTC seconds since the epoch; None for what is not an entry."""
    try:
        return _decode_entry(data).saved_at
    except (msgspec.DecodeError, UnicodeError):
        return None


def decode(key: str, data: object, oldest: float) -> Response | None:
    """The response of an entry, as a hit; None where it is damaged, another's, of another version
    of this program, or saved before `oldest` (UTC seconds)."""
    if not isinstance(data, bytes | str | bytearray | memoryview):
        return None
    try:
        entry = _decode_entry(data)
        whole = entry.v == VERSION and entry.key == key and zlib.crc32(entry.response) == entry.check
        return hit_of(_decode_response(entry.response)) if whole and entry.saved_at >= oldest else None
    except (msgspec.DecodeError, UnicodeError):
        return None
