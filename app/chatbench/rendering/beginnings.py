"""How a Markdown text begins: its first words for a title or a row of a list."""

from __future__ import annotations

import re

from chatbench.rendering.document import parse
from chatbench.rendering.export import plain_text

_MARKUP = re.compile(r"[*_`~#>\[\]|\\&$]|^\s*(?:[-+=]|\d+[.)])", re.MULTILINE)
_READ_FOR_EACH = 6
_READ_MORE = 200


def beginning(text: str, most: int) -> str:
    """The first words of a Markdown text on one line without its marks, ``most`` characters at most.

    Marks that are not closed in what is read of it stay as typed. Only the start of a long text is
    parsed, and nothing where there is nothing to parse.
    """
    read = text[: _READ_FOR_EACH * most + _READ_MORE]
    plain = ""
    if _MARKUP.search(read):
        plain = " ".join(plain_text(block for block in parse(read) if block.kind != "rule").split())
    return (plain.removeprefix("- ") or " ".join(read.split()))[:most].rstrip()
