"""The outline of an answer: its headings, where they stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chatbench.rendering.blocks import AnyBlock, TextBlock
from chatbench.rendering.export import plain_text


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading: its level (1 to 6), its words, the index of its block and its source line (from 0).

    ``depth`` counts from 0 the headings it stands under, so that levels which were left out leave
    no hole.
    """

    level: int
    text: str
    block: int
    line: int
    depth: int


def outline(blocks: Sequence[AnyBlock]) -> list[Heading]:
    """The headings that do not stand in a list or quotation, in order.

    Costs nothing for blocks that are no headings; the outline of a text that grows only gets longer,
    except for its last block.
    """
    found: list[Heading] = []
    above: list[int] = []
    for index, block in enumerate(blocks):
        if not isinstance(block, TextBlock) or not block.level or block.containers:
            continue
        while above and above[-1] >= block.level:
            above.pop()
        words = " ".join(plain_text([block]).split())
        found.append(Heading(block.level, words, index, block.start, len(above)))
        above.append(block.level)
    return found
