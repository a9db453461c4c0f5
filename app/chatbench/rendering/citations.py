"""Where an answer has its words from: numbered sources, and marks in the text that link to them.

Parts of text that follow one another are one text: a provider cuts it where a citation ends. Marks
are Markdown links, so that they are copied as such. While a part is still written it has none: where
its words end is not known yet, and nothing that is drawn may move.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from chatbench.core.messages import Citation, Part, TextPart
from chatbench.rendering.blocks import CodeBlock, MathBlock
from chatbench.rendering.document import normalized, parse
from chatbench.rendering.links import allowed

_MAY_CLOSE = re.compile(r"```|~~~|\$\$|\\\[|\r|^(?: {4}|\t)", re.MULTILINE)
_UNSAFE = re.compile(r"[<>\\\s\x00-\x1f]")


@dataclass(frozen=True, slots=True)
class Source:
    """A source of an answer: its number in the message (from 1), address and title ("" if unknown)."""

    number: int
    url: str
    title: str


@dataclass(frozen=True, slots=True)
class Cited:
    """A text with marks, and the sources it names in the order of their numbers."""

    text: str
    sources: tuple[Source, ...]


def joined(parts: Sequence[Part], *, live: bool) -> tuple[Part, ...]:
    """``parts`` with neighbouring texts as one; citations without a place stand at their part's end.

    ``live``: the last part is being written, its citations are left out.
    """
    out: list[Part] = []
    last = len(parts) - 1 if live else -1
    for is_text, group in groupby(enumerate(parts), key=lambda one: isinstance(one[1], TextPart)):
        if not is_text:
            out += [part for _at, part in group]
            continue
        run = [(at, part) for at, part in group if isinstance(part, TextPart)]
        if len(run) == 1 and not run[0][1].citations:
            out.append(run[0][1])
            continue
        text, citations = "", list[Citation]()
        for at, part in run:
            if at != last:
                citations += [_placed(one, len(text), part.text) for one in part.citations]
            text += part.text
        out.append(TextPart(text=text, citations=tuple(citations)))
    return tuple(out)


def _placed(citation: Citation, before: int, text: str) -> Citation:
    end = len(text.rstrip()) if citation.end is None else min(max(0, citation.end), len(text))
    return Citation(
        url=citation.url, title=citation.title, cited_text=citation.cited_text, end=before + end
    )  # fmt: skip


def sources_of(parts: Sequence[Part]) -> dict[object, Source]:
    """The sources of a message by what tells them apart, numbered as they are first named."""
    found: dict[object, Source] = {}
    for part in parts:
        for one in part.citations if isinstance(part, TextPart) else ():
            key = _key(one)
            if key not in found:
                found[key] = Source(len(found) + 1, one.url, one.title)
    return found


def _key(citation: Citation) -> object:
    return citation.url or citation.title or citation.cited_text


def marked(part: TextPart, sources: dict[object, Source]) -> Cited:
    """The text of a part from ``joined`` with a numbered mark behind each passage that has a source.

    Inside code and maths no mark can stand: their sources are named all the same.
    """
    if not part.citations:
        return Cited(part.text, ())
    closed = _closed_places(part.text)
    places: dict[int, list[Source]] = {}
    named: dict[int, Source] = {}
    for one in part.citations:
        source = sources[_key(one)]
        named[source.number] = source
        end = len(part.text) if one.end is None else one.end
        if not any(first < end <= last for first, last in closed):
            here = places.setdefault(_after_code(part.text, end), [])
            if source not in here:
                here.append(source)
    text, at = [], 0
    for place in sorted(places):
        text.append(part.text[at:place])
        text += [_mark(source, part.text) for source in sorted(places[place], key=lambda one: one.number)]
        at = place
    text.append(part.text[at:])
    return Cited("".join(text), tuple(named[number] for number in sorted(named)))


def _mark(source: Source, text: str) -> str:
    # A text that defines links by number would take a number in brackets for one of them.
    label = f"({source.number})" if f"[{source.number}]:" in text else f"[{source.number}]"
    if not allowed(source.url) or _UNSAFE.search(source.url):
        return label
    return f"[{label}](<{source.url}>)"


def _closed_places(text: str) -> list[tuple[int, int]]:
    """Where code and display maths stand, in characters."""
    if not _MAY_CLOSE.search(text):
        return []
    clean = normalized(text)
    if len(clean) != len(text):
        return [(-1, len(text))]
    starts = [0]
    for line in clean.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    return [
        (starts[block.start], starts[min(block.end, len(starts) - 1)] - 1)
        for block in parse(clean)
        if isinstance(block, CodeBlock | MathBlock)
    ]


def _after_code(text: str, place: int) -> int:
    """``place``, or behind the inline code around it."""
    line = text.rfind("\n", 0, place) + 1
    if text.count("`", line, place) % 2:
        closing = text.find("`", place)
        end = text.find("\n", place)
        if closing >= 0 and (end < 0 or closing < end):
            return closing + 1
    return place
