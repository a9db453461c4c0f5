"""Undoing the compression of a body, with an eye on the size."""

from __future__ import annotations

import zlib

MAX_BODY_BYTES = 256 * 1024 * 1024
_MEMBERS = 10_000


class TooLarge(Exception):
    """The body is larger than any may be."""


class NotAsked(Exception):
    """The body is compressed in a way that was not asked for."""


class Unpacker:
    """Undoes a compression, with an eye on the size."""

    def __init__(self, encoding: str) -> None:
        self._bits = zlib.MAX_WBITS | (16 if encoding == "gzip" else 0)
        self._packed = zlib.decompressobj(self._bits)
        self._gzip = encoding == "gzip"
        self._first = b""
        self._begun = False
        self._members = 1

    def feed(self, data: bytes, cap: int) -> bytes:
        """Raises TooLarge for more than `cap` bytes, zlib.error."""
        if not self._begun:
            self._first += data
            if len(self._first) < 2:
                return b""
            data, self._begun = self._first, True
            if not self._gzip and not _has_head(data):
                # Some servers leave out the two bytes that the standard has before the data.
                self._packed = zlib.decompressobj(-zlib.MAX_WBITS)
        if self._packed.eof:
            found, rest = b"", data
        else:
            found = self._packed.decompress(data, cap + 1)
            rest = self._packed.unused_data
        while rest and len(found) <= cap:
            if not rest.strip(b"\0"):
                # Some fill up their blocks.
                break
            # Another member, which continues the first (RFC 1952, 2.2).
            self._members += 1
            if not self._gzip or self._members > _MEMBERS:
                raise zlib.error("more than it says")
            self._packed = zlib.decompressobj(self._bits)
            found += self._packed.decompress(rest, cap + 1 - len(found))
            rest = self._packed.unused_data
        if len(found) > cap:
            raise TooLarge
        return found

    def finish(self) -> None:
        """Raises zlib.error for what lacks its end."""
        if self._first and not self._packed.eof:
            raise zlib.error("incomplete")


def _has_head(data: bytes) -> bool:
    """Whether zlib's two bytes stand before the data (RFC 1950, 2.2)."""
    return data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0


def unpacker(encoding: str) -> Unpacker | None:
    """None for what is not compressed. Raises NotAsked, also for encodings stacked on one another,
    which unpack to anything at all."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return None
    if encoding not in ("gzip", "deflate"):
        raise NotAsked
    return Unpacker(encoding)
