"""Earlier versions of a file in one conversation: what code was shown under the same path before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatbench.core.messages import TextPart
from chatbench.rendering.blocks import CodeBlock
from chatbench.rendering.document import parse
from chatbench.rendering.fences import file_of
from chatbench.ui.chat.transcript.boxes.code import CodeBox

if TYPE_CHECKING:
    from chatbench.ui.chat.transcript.source import Entry
    from chatbench.ui.chat.transcript.view import TranscriptView

_LOOK_BACK = 60
"""How many messages that are not at hand are asked for, for the sake of an earlier version."""


class Versions:
    """Finds the code that the same path had before, in one view."""

    def __init__(self, view: TranscriptView) -> None:
        self._view = view
        self._found: dict[tuple[Any, ...], str | None] = {}
        self._asked: set[str] = set()

    def forget(self) -> None:
        """Messages came or went."""
        self._found.clear()

    def earlier(self, key: tuple[Any, ...], file: str) -> str | None:
        """The newest code of ``file`` before the box ``key``; None if there is none at hand.

        Messages that may hold it and are not at hand are asked for once.
        """
        if key not in self._found:
            self._found[key] = self._search(key, file)
        return self._found[key]

    def _search(self, key: tuple[Any, ...], file: str) -> str | None:
        stack = self._view.stack
        index = stack.index_of(key[0])
        if index is None:
            return None
        found = self._in_same_message(index, key, file)
        missing: list[str] = []
        for at in range(index - 1, -1, -1):
            if found is not None or len(missing) >= _LOOK_BACK:
                break
            entry = stack.source.entry(at)
            if entry is None:
                missing.append(stack.ids[at])
            else:
                found = _last_of(entry, file)
        if found is None:
            new = [one for one in missing if one not in self._asked]
            self._asked.update(new)
            if new:
                stack.source.request(new)
        return found

    def _in_same_message(self, index: int, key: tuple[Any, ...], file: str) -> str | None:
        item = self._view.stack.at_hand(index)
        found = None
        for box in item.boxes if item is not None else ():
            if box.key == key:
                break
            if isinstance(box, CodeBox) and box.file == file and box.change != "removed":
                found = box.code
        return found


def _last_of(entry: Entry, file: str) -> str | None:
    """The last code of a path in a message."""
    for part in reversed(entry.message.parts):
        if isinstance(part, TextPart) and file in part.text:
            for block in reversed(parse(part.text)):
                if isinstance(block, CodeBlock) and file_of(block) == file:
                    return block.code
    return None
