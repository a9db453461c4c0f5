"""Safe HTML of a block as paragraphs: text, styled spans, objects and list markers. No layout yet."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape, unescape
from typing import Final, NamedTuple

from chatbench.rendering.nodes import OBJECT, Inline, InlineObject, MathObject
from chatbench.ui.chat.transcript.utf16 import units

BOLD: Final = 1
ITALIC: Final = 2
STRIKE: Final = 4
CODE: Final = 8
NOTE: Final = 64
"""A reference to a footnote; its ``href`` is the label."""
ADDED: Final = 16
REMOVED: Final = 32
"""What of a compared text is only here, and only in the other one."""
MOVED: Final = 128
"""What stands elsewhere in the other one."""

LINE_BREAK: Final = "\u2028"

Marker = str
"""What stands before a list item: a bullet, a number with its full stop, or one of the two below."""
CHECKED: Final = "[x]"
UNCHECKED: Final = "[ ]"
BULLET: Final = "•"

_TOKEN = re.compile(r"<(/?)([a-z][a-z0-9]*)([^>]*)>|([^<]+)")
_ATTRIBUTE = re.compile(r'(start|href|class|note)="([^"]*)"')
_FLAGS: Final = {"strong": BOLD, "em": ITALIC, "s": STRIKE, "code": CODE, "sup": NOTE}
_ITEM_GAP: Final = 2
_SHORT_LABEL: Final = 2
"""Labels of footnotes up to this length have room before the text."""
_LOOSE_GAP: Final = 6


class Span(NamedTuple):
    """``length`` characters from ``start`` with style flags and perhaps a link."""

    start: int
    length: int
    flags: int
    href: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One run of text that wraps as a whole.

    ``depth`` counts the lists it stands in, ``gap`` is the space before it in pixels, ``level`` is
    1 to 6 for a heading. ``objects`` are (offset, object) for each ``OBJECT`` character.
    """

    text: str
    spans: tuple[Span, ...] = ()
    objects: tuple[tuple[int, InlineObject], ...] = ()
    level: int = 0
    depth: int = 0
    marker: Marker = ""
    gap: int = 0


def plain(text: str) -> list[Paragraph]:
    """Plain text, one paragraph a line."""
    return [Paragraph(line) for line in text.split("\n")]


def parse(html: str, objects: Sequence[InlineObject] = ()) -> list[Paragraph]:
    """The paragraphs of a block's safe HTML."""
    reader = _Reader(objects)
    for closing, tag, attributes, text in _TOKEN.findall(html):
        if text:
            reader.words(unescape(text))
        elif closing:
            reader.close(tag)
        else:
            reader.open(tag, dict(_ATTRIBUTE.findall(attributes)))
    reader.flush()
    return reader.paragraphs


def cell(inline: Inline) -> Paragraph:
    """A table's cell: its words, formulas and pictures as their source."""
    html = inline.html
    for value in inline.objects:
        word = value.source if isinstance(value, MathObject) else f"[{value.alt or 'image'}]"
        html = html.replace(OBJECT, escape(word, quote=False), 1)
    found = parse(html)
    return found[0] if found else Paragraph("")


class _List:
    __slots__ = ("number",)

    def __init__(self, number: int | None) -> None:
        self.number = number


class _Reader:
    def __init__(self, objects: Sequence[InlineObject]) -> None:
        self.paragraphs: list[Paragraph] = []
        self._objects = iter(objects)
        self._lists: list[_List] = []
        self._flags: list[int] = []
        self._links: list[str] = []
        self._marker = ""
        self._after_paragraph = False
        self._level = 0
        self._reset()

    def _reset(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._spans: list[Span] = []
        self._placed: list[tuple[int, InlineObject]] = []

    def words(self, text: str) -> None:
        text = text.replace("\n", " ")
        if not self._parts and not text.strip() and OBJECT not in text and not self._flags:
            return
        flags = 0
        for flag in self._flags:
            flags |= flag
        href = self._links[-1] if self._links else ""
        if flags or href:
            self._spans.append(Span(self._length, units(text), flags, href))
        if OBJECT in text:
            self._place_objects(text)
        self._parts.append(text)
        self._length += units(text)

    def _place_objects(self, text: str) -> None:
        for match in re.finditer(OBJECT, text):
            value = next(self._objects, None)
            if value is not None:
                self._placed.append((self._length + units(text[: match.start()]), value))

    def open(self, tag: str, attributes: dict[str, str]) -> None:
        if tag in _FLAGS:
            self._flags.append(_FLAGS[tag])
            if tag == "sup":
                self._links.append(unescape(attributes.get("note", "")))
        elif tag == "a":
            self._links.append(unescape(attributes.get("href", "")))
        elif tag == "br":
            self._parts.append(LINE_BREAK)
            self._length += 1
        elif tag in ("ul", "ol"):
            self.flush()
            start = int(attributes.get("start", "1")) if tag == "ol" else None
            self._lists.append(_List(start))
        elif tag == "li":
            self._open_item(attributes.get("class", ""), unescape(attributes.get("note", "")))
        elif tag[0] == "h" and len(tag) == 2:
            self.flush()
            self._level = int(tag[1])
        elif tag == "p":
            self.flush()

    def _open_item(self, kind: str, note: str = "") -> None:
        self.flush()
        inside = self._lists[-1]
        self._marker = BULLET if inside.number is None else f"{inside.number}."
        if note:
            self._marker = f"{note}." if len(note) <= _SHORT_LABEL else BULLET
            if len(note) > _SHORT_LABEL:
                self._flags.append(BOLD)
                self.words(note)
                self._flags.pop()
                self.words(" ")
        if kind:
            self._marker = CHECKED if kind == "checked" else UNCHECKED
        if inside.number is not None:
            inside.number += 1

    def close(self, tag: str) -> None:
        if tag in _FLAGS:
            self._flags.pop()
            if tag == "sup":
                self._links.pop()
        elif tag == "a":
            self._links.pop()
        elif tag in ("ul", "ol"):
            self.flush()
            self._lists.pop()
        elif tag == "li":
            self.flush(always=bool(self._marker))
            self._after_paragraph = False
        elif tag == "p":
            self.flush(always=not self._lists)
            self._after_paragraph = bool(self._lists)
        elif tag[0] == "h":
            self.flush(always=True)
            self._level = 0

    def flush(self, *, always: bool = False) -> None:
        """End the paragraph that is being read, if there is one."""
        if not self._parts and not always:
            return
        gap = 0
        if self.paragraphs:
            gap = _LOOSE_GAP if self._after_paragraph and not self._marker else _ITEM_GAP
        self.paragraphs.append(
            Paragraph(
                "".join(self._parts),
                tuple(self._spans),
                tuple(self._placed),
                self._level,
                len(self._lists),
                self._marker,
                gap,
            )
        )
        self._marker = ""
        self._reset()
