"""Undoing the compression of a body, with an eye on the size."""

from __future__ import annotations

import zlib

MAX_BODY_BYTES = 256 * 1024 * 1024


class TooLarge(Exception):
    """The body is larger than any may be."""


class NotAsked(Exception):
    """The body is compressed in a way that was not asked for."""


class Unpacker:
    """Undoes a compression, with an eye on the size."""

    def __init__(self, encoding: str) -> None:
        self._raw_may_come = encoding == "deflate"
        self._packed = zlib.decompressobj(zlib.MAX_WBITS | (16 if encoding == "gzip" else 0))

    def feed(self, data: bytes, cap: int) -> bytes:
        """Raises TooLarge for more than `cap` bytes, zlib.error."""
        try:
            found = self._packed.decompress(data, cap + 1)
        except zlib.error:
            if not self._raw_may_come:
                raise
            # Some servers leave out the two bytes that the standard has before the data.
            self._packed = zlib.decompressobj(-zlib.MAX_WBITS)
            found = self._packed.decompress(data, cap + 1)
        self._raw_may_come = False
        if len(found) > cap:
            raise TooLarge
        return found

    def finish(self) -> None:
        """Raises zlib.error for what lacks its end."""
        if not self._packed.eof:
            raise zlib.error("incomplete")


def unpacker(encoding: str) -> Unpacker | None:
    """None for what is not compressed. Raises NotAsked, also for encodings stacked on one another,
    which unpack to anything at all."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return None
    if encoding not in ("gzip", "deflate"):
        raise NotAsked
    return Unpacker(encoding)
