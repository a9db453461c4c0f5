"""Where a text is split into blocks, and where parsing it can start again.

A split depends only on the text before it, so text that arrives in pieces splits as it does at
once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from chatbench.rendering.blocks import AnyBlock

_SPACE = re.compile(r"\s")
_JOINERS = re.compile("[\u0300-\u036f\u200d\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a block may get before the next one continues it (items, rows, characters, lines)."""

    list_items: int = 16
    list_chars: int = 2500
    item_lines: int = 40
    table_rows: int = 24
    paragraph_line: int = 3000
    paragraph_word: int = 4000
    paragraph_hard: int = 5000


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where parsing can start again inside a block that goes on.

    ``head`` are the source lines that must stand before the rest (a table's head, a fence's first
    line); ``number`` the next item of a list; ``code`` and ``source`` what a fence already holds,
    ``start`` its first line.
    """

    kind: Literal["", "list", "quote", "table", "fence"] = ""
    head: str = ""
    number: int = 0
    code: str = ""
    source: str = ""
    start: int = 0

    @property
    def head_lines(self) -> int:
        return self.head.count("\n")


PLAIN = Anchor()


@dataclass(frozen=True, slots=True)
class Mark:
    """A cut: once line ``sure`` is complete, blocks before ``index`` are final, and parsing can
    start again at ``line``."""

    line: int
    sure: int
    index: int
    anchor: Anchor


@dataclass(slots=True)
class Parsed:
    """Blocks of a text, its link definitions with their lines, and where it may be cut."""

    blocks: list[AnyBlock] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    open_fence: Anchor | None = None


def pieces(content: str, limits: Limits) -> Iterator[str]:
    """Cut a long paragraph: after a line, else after a word, else anywhere between characters."""
    start = 0
    while len(content) - start > limits.paragraph_line:
        end = content.find("\n", start + limits.paragraph_line, start + limits.paragraph_word)
        if end < 0 and len(content) - start > limits.paragraph_word:
            end = _space(content, start + limits.paragraph_word, start + limits.paragraph_hard)
        if end >= 0:
            end += 1
        elif len(content) - start > limits.paragraph_hard:
            end = start + limits.paragraph_hard
            while end < len(content) and _JOINERS.match(content, end):
                end += 1
            if end == len(content):
                break
        else:
            break
        if not content[end:].strip():
            break
        yield content[start:end]
        start = end
    if start < len(content):
        yield content[start:]


def _space(content: str, start: int, end: int) -> int:
    match = _SPACE.search(content, start, end)
    return match.start() if match else -1
