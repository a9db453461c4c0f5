"""Markdown that arrives in pieces: what can no longer change is kept, only the open tail is parsed."""

from __future__ import annotations

from dataclasses import dataclass

from chatbench.rendering.blocks import AnyBlock


@dataclass(frozen=True, slots=True)
class Growth:
    """``new`` is ``old`` with ``text`` after its code: append it to the document of ``old``."""

    old: AnyBlock
    new: AnyBlock
    text: str


@dataclass(frozen=True, slots=True)
class Flush:
    """What one ``feed`` did to ``IncrementalMarkdown.blocks``.

    ``blocks[:kept]`` are the objects of before, except where ``replaced`` says otherwise; the rest
    of the list is new. ``removed`` are the objects that are gone: drop what was cached for them.
    ``replaced`` are (index, old, new) below ``kept``: a link definition that came later changed
    them. ``frozen`` blocks at the front can change in no other way any more. ``growth`` is set when
    the block at ``kept`` is open code that only got longer.
    """

    kept: int
    removed: tuple[AnyBlock, ...]
    replaced: tuple[tuple[int, AnyBlock, AnyBlock], ...]
    frozen: int
    growth: Growth | None


class IncrementalMarkdown:
    """The blocks of a text that grows. After any number of feeds they equal ``parse`` of the text."""

    def __init__(self) -> None:
        self.blocks: list[AnyBlock] = []

    def feed(self, delta: str) -> Flush:
        """Add ``delta`` to the text and bring ``blocks`` up to date."""
        raise NotImplementedError
