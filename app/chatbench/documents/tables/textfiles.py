"""Text files of any size and encoding, line by line."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from chatbench.core.errors import FormatError
from chatbench.documents.markdown.encodings import decoded, is_text
from chatbench.documents.tables.table import MAX_CELL

_HEAD: Final = 1 << 16
_PIECE: Final = 1 << 20
_LITTER: Final = 10
"""One control character among so many others is too many for a text."""


def encoding_of(path: Path) -> str:
    """How a text file is encoded: by its mark, as UTF-8, or guessed from what is not ASCII in it.

    Raises FormatError for what is no text, or cannot be read."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
            if not is_text(head) and not _is_littered(head):
                raise FormatError(f"{path.name} is no text.", "Save it as CSV, JSON lines or XLSX.")
            encoding = decoded(head)[1]
            if encoding.startswith(("utf-8-", "utf-16", "utf-32", "iso2022")):
                return encoding
            return _checked(file, head)
    except OSError as error:
        raise unreadable(path, error) from error


def _is_littered(head: bytes) -> bool:
    """Whether it is a text with a few characters in it that stand in no text."""
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return sum(sign < " " and sign not in "\t\n\r\f" for sign in text) * _LITTER < len(text)


def unreadable(path: Path, error: OSError) -> FormatError:
    return FormatError(f"{path.name} cannot be read: {error.strerror or error}.", "Check the file.")


def _checked(file: io.BufferedReader, head: bytes) -> str:
    """UTF-8 where the rest is that too, or was until a single fault."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    piece = head
    plain = True
    while piece:
        try:
            plain = len(decoder.decode(piece)) == len(piece) and plain
        except UnicodeDecodeError as error:
            seen: bytes = error.object
            if not plain or not seen[: error.start].isascii():
                return "utf-8"
            return decoded(seen[error.start :][:_HEAD] + file.read(_HEAD))[1]
        piece = file.read(_PIECE)
    return "utf-8"


class Lines:
    """The lines of a text file with their ends. `nulls` and `unreadable` count characters that were left
    out and replaced; `share` is how much of the file was read (0–1)."""

    def __init__(self, path: Path, encoding: str) -> None:
        """Raises FormatError for an encoding that nobody knows, or a file that cannot be read."""
        self._path = path
        self.nulls = self.unreadable = 0
        try:
            self._size = max(1, path.stat().st_size)
            "".encode(encoding)
            self._bytes = path.open("rb")
        except LookupError:
            raise FormatError(
                f"There is no encoding {encoding!r}.", "Try utf-8, utf-16 or windows-1252."
            ) from None
        except OSError as error:
            raise unreadable(path, error) from error
        self._file = io.TextIOWrapper(self._bytes, encoding=encoding, errors="replace", newline="")

    @property
    def share(self) -> float:
        return min(1.0, self._bytes.tell() / self._size)

    def __iter__(self) -> Iterator[str]:
        """Raises FormatError for a line of more than `MAX_CELL` characters."""
        number = 0
        while line := self._file.readline(MAX_CELL + 1):
            number += 1
            if len(line) > MAX_CELL:
                raise FormatError(
                    f"{self._path.name}, line {number:,} has more than {MAX_CELL:,} characters.",
                    "Check how its lines end, and that it is a table.",
                )
            if "\0" in line:
                self.nulls += line.count("\0")
                line = line.replace("\0", "")
            if "\ufffd" in line:
                self.unreadable += line.count("\ufffd")
            yield line

    def read(self) -> str:
        """The next piece of the text; "" at its end."""
        return self._file.read(_PIECE)

    def close(self) -> None:
        self._file.close()

    def notes(self, encoding: str) -> list[str]:
        """In words what of the characters is odd."""
        found: list[str] = []
        if encoding not in ("utf-8", "utf-8-sig", "ascii"):
            found.append(f"It was read as {encoding}, not as UTF-8: look whether all letters are right.")
        if self.unreadable:
            found.append(f"Characters that make no sense as {encoding}: {self.unreadable:,}.")
        if self.nulls:
            found.append(f"Null characters that were left out: {self.nulls:,}.")
        return found
