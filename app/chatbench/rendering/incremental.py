"""Markdown that arrives in pieces: what can no longer change is kept, only the open tail is parsed.

After each feed the text is cut at the last mark whose line is complete. Everything before it is
frozen; what follows is parsed again next time, from an anchor that says how to go on inside a list,
a table or a fence. A link definition is the only thing that reaches back: blocks that use its
label are made afresh.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from chatbench.rendering.blocks import AnyBlock, CodeBlock
from chatbench.rendering.cuts import LIMITS, PLAIN, Anchor, Limits, Parsed
from chatbench.rendering.document import parse_from

_LABEL = re.compile(r"\[((?:[^\[\]\\]|\\.)*)\]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Growth:
    """``new`` is ``old`` with ``text`` after its code: append it to the document of ``old``."""

    old: CodeBlock
    new: CodeBlock
    text: str


@dataclass(frozen=True, slots=True)
class Flush:
    """What one ``feed`` did to ``IncrementalMarkdown.blocks``.

    ``blocks[:kept]`` are the objects of before, except where ``replaced`` says otherwise; the rest
    of the list is new. ``removed`` are the objects that are gone: drop what was cached for them.
    ``replaced`` are (index, old, new) below ``kept``: a link definition that came later changed
    them. The first ``frozen`` blocks can change in no other way any more. ``growth`` is set when
    the block at ``kept`` is open code that only got longer (its ``old`` is ``removed[0]``).
    """

    kept: int
    removed: tuple[AnyBlock, ...]
    replaced: tuple[tuple[int, AnyBlock, AnyBlock], ...]
    frozen: int
    growth: Growth | None


class IncrementalMarkdown:
    """The blocks of a text that grows. After any number of feeds they equal ``parse`` of the text.

    The cost of a feed depends on what is open at the end, not on the length of the text.
    """

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.blocks: list[AnyBlock] = []
        self.frozen = 0
        self._limits = limits
        self._tail = ""
        self._line = 0
        self._anchor: Anchor = PLAIN
        self._code: list[str] = []
        self._committed: dict[str, dict[str, object]] = {}
        self._references: dict[str, dict[str, object]] = {}
        self._ended_in_return = False

    def feed(self, delta: str) -> Flush:
        """Add ``delta`` to the text and bring ``blocks`` up to date."""
        self._tail += self._normalized(delta)
        before = dict(self._references)
        known = dict(self._committed)
        parsed = parse_from(self._tail, self._anchor, self._line, known, self._references, self._limits)
        self._references.clear()
        self._references.update(known)
        changed = _changed(before, known)
        flush = self._merge(parsed.blocks, changed)
        self._freeze(parsed)
        return replace(flush, frozen=self.frozen)

    def _normalized(self, delta: str) -> str:
        if self._ended_in_return and delta.startswith("\n"):
            delta = delta[1:]
            self._ended_in_return = False
        if delta:
            self._ended_in_return = delta.endswith("\r")
        if "\r" in delta:
            delta = delta.replace("\r\n", "\n").replace("\r", "\n")
        return delta.replace("\0", "\ufffd")

    def _merge(self, fresh: list[AnyBlock], changed: frozenset[str]) -> Flush:
        """Keep old objects as far as they are the same; make those that use a label afresh."""
        old_open = self.blocks[self.frozen :]
        same = 0
        for old, new in zip(old_open, fresh, strict=False):
            if not old.same_as(new):
                break
            same += 1
        kept = self.frozen + same
        replaced = []
        if changed:
            for index, block in enumerate(self.blocks[:kept]):
                if _uses(block, changed):
                    again = block.afresh()
                    self.blocks[index] = again
                    replaced.append((index, block, again))
        removed = tuple(self.blocks[kept:])
        self.blocks[kept:] = fresh[same:]
        growth = _growth(removed, self.blocks[kept:])
        return Flush(kept, removed, tuple(replaced), self.frozen, growth)

    def _freeze(self, parsed: Parsed) -> None:
        """Cut at the last mark whose line is complete, or after the last line of an open fence."""
        last_complete = self._line + self._tail.count("\n") - 1
        for mark in reversed(parsed.marks):
            if mark.sure <= last_complete:
                self._cut(mark.line, mark.anchor)
                self.frozen += mark.index
                break
        if parsed.open_fence is not None and self.frozen == len(self.blocks) - 1:
            self._cut_fence(parsed.open_fence, last_complete + 1)

    def _cut_fence(self, fence: Anchor, line: int) -> None:
        """Keep an open fence's complete lines as they are; ``line`` is the first incomplete one."""
        # A first line with a bar in it may yet turn out to be the head of a table.
        sure = fence.start + 1 + ("|" in fence.head)
        if line < max(sure, self._line + 1):
            return
        first = 0 if self._anchor.kind == "fence" else _nth_line(self._tail, fence.start - self._line)
        source = self._anchor.source + self._tail[first : self._tail.rfind("\n") + 1]
        self._cut(line, replace(fence, source=source))

    def _cut(self, line: int, anchor: Anchor) -> None:
        self._tail = self._tail[_nth_line(self._tail, line - self._line) :]
        self._line = line
        self._anchor = anchor
        for label, definition in self._references.items():
            if definition["map"][0] < line:  # type: ignore[index]
                self._committed.setdefault(label, definition)


def _nth_line(text: str, count: int) -> int:
    at = 0
    for _line in range(count):
        at = text.index("\n", at) + 1
    return at


def _changed(before: dict[str, dict[str, object]], after: dict[str, dict[str, object]]) -> frozenset[str]:
    return frozenset(
        label
        for label in before.keys() | after.keys()
        if before.get(label, {}).get("href") != after.get(label, {}).get("href")
    )


def _uses(block: AnyBlock, labels: frozenset[str]) -> bool:
    from markdown_it.common.utils import normalizeReference

    return any(
        normalizeReference(match[1]) in labels
        for text in block.texts()
        if "[" in text
        for match in _LABEL.finditer(text)
    )


def _growth(removed: tuple[AnyBlock, ...], added: list[AnyBlock]) -> Growth | None:
    if len(removed) != 1 or len(added) != 1:
        return None
    old, new = removed[0], added[0]
    if not (isinstance(old, CodeBlock) and isinstance(new, CodeBlock)):
        return None
    if (old.start, old.containers, old.language) != (new.start, new.containers, new.language):
        return None
    return Growth(old, new, new.code[len(old.code) :]) if new.code.startswith(old.code) else None
