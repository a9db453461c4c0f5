"""Markdown as it is put together: what a conversion gives, blocks within a limit, tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

MAX_CHARACTERS: Final = 5_000_000
MAX_BLOCKS: Final = 100_000
MAX_CELLS: Final = 200_000
"""So many cells of its tables together are taken of one document."""
_BLANK: Final = re.compile(r"[ \t\r\f\v\u00a0]*\n[ \t\r\f\v\u00a0\n]*")


class Converted(msgspec.Struct, frozen=True, kw_only=True):
    """A document as Markdown. `title` is "" where it has none; `notes` say in words what was left out;
    `units` are its pages, sheets, slides, chapters or cells."""

    markdown: str
    title: str = ""
    notes: tuple[str, ...] = ()
    units: int = 1


class Blocks:
    """Blocks of Markdown one after the other, until there are too many characters of them."""

    def __init__(self) -> None:
        self._blocks: list[str] = []
        self._size = 0
        self.full = False

    def add(self, block: str) -> None:
        """One more block; what is blank, or too much, is left out."""
        block = block.strip("\n")
        if not block.strip() or self.full:
            return
        if self._size + len(block) > MAX_CHARACTERS:
            block = block[: MAX_CHARACTERS - self._size]
            self.full = True
            if not block:
                return
        self._size += len(block)
        self._blocks.append(block)
        if len(self._blocks) == MAX_BLOCKS:
            self.full = True

    def extend(self, blocks: Iterable[str]) -> None:
        """Several more blocks, as long as there is room."""
        for block in blocks:
            self.add(block)
            if self.full:
                break

    def converted(self, title: str = "", notes: Sequence[str] = (), units: int = 1) -> Converted:
        """All of it; that it was cut is said."""
        said = [*notes]
        if self.full:
            many = len(self._blocks) == MAX_BLOCKS
            cut = f"{MAX_BLOCKS:,} paragraphs" if many else f"{MAX_CHARACTERS:,} characters"
            said.append(f"Cut after {cut}.")
        text = "\n\n".join(self._blocks)
        return Converted(
            markdown=f"{text}\n" if text else "", title=one_line(title)[:200], notes=tuple(said), units=units
        )


def one_line(text: str) -> str:
    """The text with every run of white space as one space."""
    return " ".join(text.split())


def table(rows: Iterable[Sequence[str]]) -> str:
    """A table whose first row is its head; "" for one without a word in it."""
    cells = [[_cell(cell) for cell in row] for row in rows]
    width = max((last for row in cells for last, cell in enumerate(row, 1) if cell), default=0)
    if not width:
        return ""
    lines = ["| " + " | ".join([*row[:width], *[""] * (width - len(row))]) + " |" for row in cells]
    lines.insert(1, "|" + " --- |" * width)
    return "\n".join(lines)


def _cell(text: str) -> str:
    text = text.strip()
    if "\n" in text:
        text = _BLANK.sub("<br>", text)
    return text.replace("|", "\\|") if "|" in text else text


def fenced(text: str, language: str = "") -> str:
    """The text as a block of code, whatever fences it holds."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def count_of(number: int, one: str, several: str) -> str:
    """ "1 picture", "2,000 pictures"."""
    return f"{number:,} {one if number == 1 else several}"
