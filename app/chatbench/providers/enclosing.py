"""Files inside request bodies, read piece by piece while they are sent."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from chatbench.core.errors import AttachmentRefused


class Enclosed(NamedTuple):
    """A body that is read while it is sent: the first `size` bytes of a file, between two texts."""

    before: bytes
    file: Path
    size: int
    after: bytes = b""

    @property
    def length(self) -> int:
        """Bytes of all of it."""
        return len(self.before) + self.size + len(self.after)


def read_piece(file: Path, offset: int, size: int) -> bytes:
    """So many bytes from there on. Raises AttachmentRefused where they are not there (any more)."""
    try:
        with file.open("rb") as opened:
            opened.seek(offset)
            piece = opened.read(size)
    except OSError as error:
        raise _gone(file, error.strerror or "not readable") from error
    if len(piece) != size:
        raise _gone(file, "it became shorter")
    return piece


def _gone(file: Path, reason: str) -> AttachmentRefused:
    return AttachmentRefused(f"{file.name} could not be read to its end: {reason}.", "Attach it again.")
