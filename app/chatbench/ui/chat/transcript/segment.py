"""The boxes of one part of a message."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from chatbench.core.messages import Part
from chatbench.ui.chat.transcript.boxes.base import Box, Context

Key = tuple[Any, ...]


class Segment(ABC):
    """The boxes of one part. ``update`` takes a newer version of it."""

    def __init__(self, context: Context, key: Key, part: Part) -> None:
        self.context = context
        self.key = key
        self.part = part
        self.boxes: list[Box] = []

    @abstractmethod
    def update(self, part: Part, *, live: bool) -> int | None:
        """Bring the boxes up to date; the first changed one, None if nothing changed."""

    def rebuild(self) -> None:  # noqa: B027 - most parts have no fold
        """Make the boxes again: a fold was opened or closed."""
