"""What a confined reader and its parent say to each other: MessagePack in frames with a length before them.

A frame is four bytes of length, most significant first, and a value. Bytes that are handed in follow the
request as they are, so that a large file is never copied into a message.
"""

from __future__ import annotations

import os

import msgspec

_LENGTH = 4
_PIECE = 1 << 20


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one reading may use: bytes of memory, seconds of time, bytes of answers."""

    memory: int = 1 << 30
    seconds: float = 30.0
    output: int = 64 << 20


class Bytes(msgspec.Struct, frozen=True, tag=True):
    """An argument of so many bytes; they come after the request."""

    size: int


class Place(msgspec.Struct, frozen=True, tag=True):
    """An argument that is a path."""

    path: str


class Value(msgspec.Struct, frozen=True, tag=True):
    """An argument of any other type, packed."""

    packed: bytes


class Request(msgspec.Struct, frozen=True):
    """The first frame: which function to call, with what, within which limits."""

    task: str
    arguments: tuple[Bytes | Place | Value, ...]
    limits: Limits


class Progress(msgspec.Struct, frozen=True, tag=True):
    """So many units are done of so many."""

    done: int
    total: int


class Item(msgspec.Struct, frozen=True, tag=True):
    """What the function returned, or one of the values that it yielded; packed."""

    packed: bytes


class Refused(msgspec.Struct, frozen=True, tag=True):
    """The function said what is wrong with the file."""

    message: str
    hint: str


class Failed(msgspec.Struct, frozen=True, tag=True):
    """The function broke: on `memory`, on `depth` (too deeply nested), or on something else (`why` empty).
    `where` names the error and the lines it went through, never what was read."""

    why: str
    where: str


class Done(msgspec.Struct, frozen=True, tag=True):
    """Nothing follows."""


Answer = Progress | Item | Refused | Failed | Done


class TooLarge(Exception):
    """A frame is longer than what may still come."""


def framed(value: msgspec.Struct) -> bytes:
    """The value as a frame."""
    packed = msgspec.msgpack.encode(value)
    return len(packed).to_bytes(_LENGTH, "big") + packed


class Unframer:
    """Answers out of the bytes of a pipe, as they come. More than `most` bytes are refused."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._bytes = bytearray()
        self._decoder = msgspec.msgpack.Decoder(Answer)

    def feed(self, piece: bytes) -> list[Answer]:
        """The answers that are whole now. Raises TooLarge; msgspec.DecodeError for what is no answer."""
        self._bytes += piece
        found: list[Answer] = []
        at = 0
        while len(self._bytes) >= at + _LENGTH:
            length = int.from_bytes(self._bytes[at : at + _LENGTH], "big")
            end = at + _LENGTH + length
            if at + length > self._most:
                raise TooLarge
            if len(self._bytes) < end:
                break
            found.append(self._decoder.decode(bytes(self._bytes[at + _LENGTH : end])))
            at = end
        self._most -= at
        del self._bytes[:at]
        return found


def write_all(file: int, data: bytes) -> None:
    """Every byte to a pipe, whatever it takes at a time. Raises OSError where nobody reads."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest[:_PIECE]) :]
