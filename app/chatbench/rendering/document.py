"""Markdown text to a flat list of blocks.

Only the block structure is parsed here; the words in it are read when a block is drawn. Whatever
could make one block costly is split the same way each time: a list into groups of items, a table
into groups of rows, a paragraph of thousands of characters into pieces (emphasis that crosses such
a cut stays as typed).
"""

from __future__ import annotations

import re

from chatbench.rendering.blocks import AnyBlock
from chatbench.rendering.builder import Builder, nested
from chatbench.rendering.cuts import LIMITS, PLAIN, Anchor, Limits, Parsed
from chatbench.rendering.nodes import References

_NEWLINES = re.compile(r"\r\n?")


def parse(text: str) -> list[AnyBlock]:
    """The blocks of a whole Markdown text. Never raises for any text."""
    references: dict[str, dict[str, object]] = {}
    return parse_from(normalized(text), PLAIN, 0, references, references).blocks


def normalized(text: str) -> str:
    """``text`` with line feeds as its only line ends, and no NUL."""
    if "\r" in text:
        text = _NEWLINES.sub("\n", text)
    return text.replace("\0", "\ufffd")


def parse_from(
    text: str,
    anchor: Anchor,
    line: int,
    known: dict[str, dict[str, object]],
    references: References,
    limits: Limits = LIMITS,
) -> Parsed:
    """Parse ``text``, which goes on at source line ``line`` where ``anchor`` says.

    ``known`` holds the link definitions so far and gets the new ones, their ``map`` in source
    lines; ``references`` is what the blocks will look their links up in.
    """
    from chatbench.rendering import grammar

    source = anchor.head + text
    offset = line - anchor.head_lines
    environment: dict[str, object] = {"references": known}
    if anchor.kind in ("list", "quote", "fence"):
        environment[grammar.CONTINUES] = True
    before = set(known)
    first: int
    last: int
    tokens = grammar.parser().parse(source, environment)
    for label in known.keys() - before:
        first, last = known[label]["map"]  # type: ignore[misc]
        known[label]["map"] = (first + offset, last + offset)
    builder = Builder(source.split("\n"), offset, references, limits, anchor)
    builder.build(nested(tokens))
    return builder.parsed
