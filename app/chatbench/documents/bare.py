"""Pictures without what is not the picture: kept as they are encoded, everything else left out.

What a picture may hold is listed, not what it may not: a kind of metadata that nobody thought of
(a sound, a second picture, a film behind the end) goes, too.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"bKGD"}
)
_JPEG_TABLES = frozenset({0xC4, 0xDB, 0xDD, *(set(range(0xC0, 0xD0)) - {0xC4, 0xC8})})
_SOS, _EOI, _APP0, _ADOBE = 0xDA, 0xD9, 0xE0, 0xEE
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_WEBP_ALPHA = 0x10


def without_metadata(data: bytes, media_type: str) -> bytes | None:
    """The picture alone; None where it must be decoded and encoded anew for that.

    Any bytes are allowed: what makes no sense gives None.
    """
    try:
        if media_type == "image/png":
            return _PNG_SIGNATURE + b"".join(_png(data))
        if media_type == "image/jpeg":
            return b"\xff\xd8" + b"".join(_jpeg(data))
        if media_type == "image/webp":
            return _webp(data)
    except (struct.error, ValueError, IndexError):
        return None
    return None


def _png(data: bytes) -> Iterator[bytes]:
    at = len(_PNG_SIGNATURE)
    while True:
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            raise ValueError("a chunk that is cut")
        if kind in _PNG_KEPT:
            yield data[at:end]
        if kind == b"IEND":
            return
        at = end


def _jpeg(data: bytes) -> Iterator[bytes]:
    at = 2
    while True:
        while data[at + 1] == 0xFF:
            at += 1
        if data[at] != 0xFF:
            raise ValueError("not a marker")
        marker = data[at + 1]
        if marker == _EOI:
            yield b"\xff\xd9"
            return
        (length,) = struct.unpack_from(">H", data, at + 2)
        end = at + 2 + length
        if length < 2 or end > len(data):
            raise ValueError("a segment that is cut")
        if marker == _SOS:
            following = _NEXT_MARKER.search(data, end)
            if following is None:
                raise ValueError("no end")
            end = following.start()
        if marker == _SOS or marker in _JPEG_TABLES:
            yield data[at:end]
        elif marker == _APP0 and data[at + 4 : at + 9] == b"JFIF\0" and length >= 16:
            # Without the thumbnail that may follow.
            yield b"\xff\xe0\x00\x10" + data[at + 4 : at + 16] + b"\0\0"
        elif marker == _ADOBE and data[at + 4 : at + 9] == b"Adobe":
            # It says how the colours are meant, in twelve bytes.
            yield b"\xff\xee\x00\x0e" + data[at + 4 : at + 16]
        at = end


def _webp(data: bytes) -> bytes | None:
    (size,) = struct.unpack_from("<I", data, 4)
    chunks: dict[bytes, bytes] = {}
    at, last = 12, min(len(data), size + 8)
    while at + 8 <= last:
        kind, length = struct.unpack_from("<4sI", data, at)
        end = at + 8 + length + length % 2
        chunks.setdefault(kind, data[at:end])
        at = end
    if b"ANIM" in chunks:
        return None
    picture = chunks.get(b"VP8 ") or chunks.get(b"VP8L")
    if picture is None:
        return None
    body = picture
    if b"ALPH" in chunks and b"VP8 " in chunks:
        canvas = chunks[b"VP8X"][12:18]
        head = b"VP8X" + struct.pack("<IB3x", 10, _WEBP_ALPHA) + canvas
        body = head + chunks[b"ALPH"] + picture
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body
