"""What the head of a picture's file says: its format and size. Nothing is decoded.

Facts: PNG specification 11.2.1 (IHDR); ITU-T T.81 B.2.2 (frame header); GIF89a §18; RFC 9649
(WebP: VP8X in 2.7, VP8 from RFC 6386 9.1, VP8L in 3).
"""

from __future__ import annotations

from typing import NamedTuple


class Picture(NamedTuple):
    """Width and height in pixels."""

    format: str
    width: int
    height: int


def picture_of(data: bytes) -> Picture | None:
    """The picture whose file begins with `data`; None for any other file. Never raises."""
    for reader in (_png, _gif, _webp, _jpeg):
        found = reader(data)
        if found is not None and found.width and found.height:
            return found
    return None


def _png(data: bytes) -> Picture | None:
    if len(data) < 24 or not data.startswith(b"\x89PNG\r\n\x1a\n") or data[12:16] != b"IHDR":
        return None
    return Picture("PNG", _big(data[16:20]), _big(data[20:24]))


def _gif(data: bytes) -> Picture | None:
    if len(data) < 10 or data[:6] not in (b"GIF87a", b"GIF89a"):
        return None
    return Picture("GIF", _little(data[6:8]), _little(data[8:10]))


def _webp(data: bytes) -> Picture | None:
    if len(data) < 30 or data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        return None
    kind = data[12:16]
    if kind == b"VP8X":
        return Picture("WebP", _little(data[24:27]) + 1, _little(data[27:30]) + 1)
    if kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        return Picture("WebP", _little(data[26:28]) & 0x3FFF, _little(data[28:30]) & 0x3FFF)
    if kind == b"VP8L" and data[20] == 0x2F:
        bits = _little(data[21:25])
        return Picture("WebP", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    return None


def _jpeg(data: bytes) -> Picture | None:
    """Walks the segments to the frame header, whichever of the thirteen kinds it is."""
    if not data.startswith(b"\xff\xd8\xff"):
        return None
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return Picture("JPEG", _big(data[at + 7 : at + 9]), _big(data[at + 5 : at + 7]))
        elif marker == 0x01 or 0xD0 <= marker <= 0xD8:
            at += 2
        elif marker in (0xD9, 0xDA):
            return None
        else:
            at += 2 + _big(data[at + 2 : at + 4])
    return None


def _big(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _little(data: bytes) -> int:
    return int.from_bytes(data, "little")
