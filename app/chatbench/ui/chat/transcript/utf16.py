"""Offsets as Qt counts them: UTF-16 code units, of which characters beyond U+FFFF have two."""

from __future__ import annotations


def units(text: str) -> int:
    """Length of ``text`` in code units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, start: int, end: int) -> str:
    """``text`` from code unit ``start`` to ``end``; half a character at an edge is left out."""
    if text.isascii() or units(text) == len(text):
        return text[start:end]
    data = text.encode("utf-16-le", "surrogatepass")[2 * start : 2 * end]
    return data.decode("utf-16-le", "ignore")


def offsets(text: str, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans in characters as spans in code units."""
    if not spans or text.isascii() or units(text) == len(text):
        return spans
    return [(units(text[:start]), units(text[:end])) for start, end in spans]
