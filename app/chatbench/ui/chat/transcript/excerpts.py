"""Parts of paragraphs as they are copied: words and safe HTML, with what stands for pictures and formulas."""

from __future__ import annotations

import re
from dataclasses import replace
from html import escape
from itertools import pairwise

from chatbench.rendering.nodes import OBJECT, ImageObject, InlineObject, MathObject
from chatbench.ui.chat.transcript import paragraphs
from chatbench.ui.chat.transcript.paragraphs import CODE, NOTE, Paragraph, Span
from chatbench.ui.chat.transcript.utf16 import cut, units

_TAGS = ((paragraphs.BOLD, "b"), (paragraphs.ITALIC, "i"), (paragraphs.STRIKE, "s"), (CODE, "code"))


def spelled_out(paragraph: Paragraph, place: int, source: str) -> Paragraph:
    """``paragraph`` with the object at ``place`` replaced by its source as inline code."""
    source = source.replace("\n", " ")
    more = units(source) - 1
    text = cut(paragraph.text, 0, place) + source + cut(paragraph.text, place + 1, units(paragraph.text))
    spans = []
    for span in paragraph.spans:
        if span.start > place:
            span = span._replace(start=span.start + more)
        elif span.start + span.length > place:
            span = span._replace(length=span.length + more)
        spans.append(span)
    spans.append(Span(place, more + 1, CODE, ""))
    return replace(paragraph, text=text, spans=tuple(spans))


def without_objects(text: str, objects: list[InlineObject]) -> str:
    """``text`` with words in place of its pictures and formulas."""
    if OBJECT not in text:
        return text
    values = iter(objects)
    return re.sub(OBJECT, lambda _match: _words_of(next(values, None)), text)


def _words_of(value: InlineObject | None) -> str:
    if isinstance(value, MathObject):
        return value.source
    return f"[{value.alt or 'image'}]" if isinstance(value, ImageObject) else ""


def html_of(paragraph: Paragraph, first: int, last: int) -> str:
    """Part of a paragraph as safe HTML."""
    edges = {first, last}
    for span in paragraph.spans:
        edges |= {min(max(first, span.start), last), min(max(first, span.start + span.length), last)}
    out = []
    marks = sorted(edges)
    for start, end in pairwise(marks):
        words = escape(cut(paragraph.text, start, end)).replace(paragraphs.LINE_BREAK, "<br>")
        for span in paragraph.spans:
            if span.start <= start and end <= span.start + span.length:
                for flag, tag in _TAGS:
                    if span.flags & flag:
                        words = f"<{tag}>{words}</{tag}>"
                if span.flags & NOTE:
                    words = f"<sup>{words}</sup>"
                elif span.href:
                    words = f'<a href="{escape(span.href)}">{words}</a>'
        out.append(words)
    return without_objects("".join(out), [value for at, value in paragraph.objects if at >= first])
