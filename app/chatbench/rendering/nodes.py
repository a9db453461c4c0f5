"""What the words of a block consist of before they are rendered: paragraphs, lists, inline objects."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

References = Mapping[str, Mapping[str, object]]

_CELL_END = re.compile(r"(?<!\\)\|")

OBJECT = "\ufffc"
"""Stands in a block's HTML for each of its inline objects, in their order."""


@dataclass(frozen=True, slots=True)
class MathObject:
    """Maths inside flowing text; ``source`` is the Markdown it came from."""

    tex: str
    display: bool
    source: str


@dataclass(frozen=True, slots=True)
class ImageObject:
    """An image inside flowing text: never loaded because a model wrote it.

    ``address`` is the normalised address, ``host`` what to show before asking ("" when the address
    has none); ``attachment`` is a SHA-256 in hex when the image is an attachment of this message,
    and then nothing needs to be asked.
    """

    alt: str
    address: str
    host: str
    attachment: str | None
    source: str


InlineObject = MathObject | ImageObject


class Inline(NamedTuple):
    """Safe HTML of one run of text, and the objects its ``OBJECT`` characters stand for."""

    html: str
    objects: tuple[InlineObject, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """A list item: its number (None in a bullet list), its tick (None without a box), its nodes."""

    number: int | None
    checked: bool | None
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """A paragraph (level 0) or a heading (level 1 to 6) as Markdown that is not parsed further yet."""

    content: str
    level: int = 0


@dataclass(frozen=True, slots=True)
class Items:
    """A list without anything in it that needs a block of its own."""

    ordered: bool
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """A footnote under its label, which is shown as it was written: numbers that were counted would
    change all over a text while it arrives."""

    label: str
    paragraphs: tuple[Words, ...]


Node = Words | Items | Note


def split_row(line: str) -> list[str]:
    """The cells of one table row; ``\\|`` is a bar inside a cell."""
    line = line.strip()
    if "\\" in line:
        cells = [cell.replace("\\|", "|") for cell in _CELL_END.split(line)]
    else:
        cells = line.split("|")
    if cells and not cells[0]:
        del cells[0]
    if cells and not cells[-1]:
        del cells[-1]
    return [cell.strip() for cell in cells]
