"""What is written below a column, as a condition on its values."""

from __future__ import annotations

from typing import Final

from chatbench.core.datasets import FilterKind, RowFilter

_SIGNS: Final[dict[str, FilterKind]] = {"=": "equals", ">": "greater", "<": "less"}


def filter_of(column: str, text: str) -> RowFilter | None:
    """Words are looked for; `=` is all of it, `>` and `<` compare, `!` before any of them turns it round;
    `=` alone is what is empty. None where nothing is asked."""
    text = text.strip()
    negate = text.startswith("!")
    text = text.removeprefix("!").strip()
    kind = _SIGNS.get(text[:1])
    if kind is None:
        return RowFilter(column=column, value=text, negate=negate) if text else None
    value = text[1:].strip()
    if not value:
        return RowFilter(column=column, kind="empty", negate=negate) if kind == "equals" else None
    return RowFilter(column=column, kind=kind, value=value, negate=negate)
