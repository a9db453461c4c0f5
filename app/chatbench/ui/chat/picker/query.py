"""What was typed into the picker: words to find, and conditions such as "vision, local, under $1"."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Final

from chatbench.services.models import ModelGroup, ModelRow

Condition = Callable[[ModelRow], bool]

_UNDER: Final = re.compile(r"(?:under|below|less than|<)\s*\$?\s*(\d+(?:\.\d+)?)\s*\$?\Z")
_CONTEXT: Final = re.compile(
    r"(?:over|above|more than|at least|>)\s*(\d+(?:\.\d+)?)\s*([km])(?:\s+(?:context|tokens))?\Z"
)


def sees(row: ModelRow) -> bool:
    return "image" in row.takes


def uses_tools(row: ModelRow) -> bool:
    return row.info.tools is True


def thinks(row: ModelRow) -> bool:
    return row.info.thinking in ("optional", "always")


def is_local(row: ModelRow) -> bool:
    return row.info.local


def is_favourite(row: ModelRow) -> bool:
    return row.favourite


_WORDS: Final[dict[str, Condition]] = {
    **dict.fromkeys(("vision", "images", "image", "sees images", "sees"), sees),
    **dict.fromkeys(("tools", "tool", "tool calls"), uses_tools),
    **dict.fromkeys(("thinks", "thinking", "reasoning"), thinks),
    **dict.fromkeys(("local", "this computer", "on this computer"), is_local),
    **dict.fromkeys(("favourite", "favourites", "favorite", "favorites", "starred"), is_favourite),
    **dict.fromkeys(("free", "no charge"), lambda row: row.free),
    **dict.fromkeys(("files", "pdf"), lambda row: "file" in row.takes),
    "audio": lambda row: "audio" in row.takes,
    "video": lambda row: "video" in row.takes,
    "usable": lambda row: row.usable,
}


def haystack(group: ModelGroup, row: ModelRow) -> str:
    """Where words are looked for."""
    return f"{row.info.name} {row.info.ref.id} {group.endpoint.name} {group.endpoint.id}".casefold()


class Query:
    """Parts between commas all hold; the words of a part all occur, unless it is a condition."""

    def __init__(self, text: str) -> None:
        self._parts = [
            _part(part) for piece in text.split(",") if (part := " ".join(piece.casefold().split()))
        ]

    def matches(self, row: ModelRow, words: str) -> bool:
        """Whether a row with these words is meant."""
        return all(part(row, words) for part in self._parts)


def _part(part: str) -> Callable[[ModelRow, str], bool]:
    wanted = part.split()

    def spelled(row: ModelRow, words: str) -> bool:
        return all(word in words for word in wanted)

    condition = _condition(part)
    if condition is None:
        return spelled
    return lambda row, words: condition(row) or spelled(row, words)


def _condition(part: str) -> Condition | None:
    if part in _WORDS:
        return _WORDS[part]
    if match := _UNDER.match(part):
        most = Decimal(match[1])
        return lambda row: (
            row.free or (row.rates is not None and row.rates.input is not None and row.rates.input < most)
        )
    if match := _CONTEXT.match(part):
        least = Decimal(match[1]) * (1_000 if match[2] == "k" else 1_000_000)
        return lambda row: row.info.context_window is not None and row.info.context_window >= least
    return None
