"""The sources of an answer under its words: numbered, each with where it leads."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from chatbench.rendering.characters import visible
from chatbench.rendering.citations import Source
from chatbench.rendering.links import allowed, host_of
from chatbench.ui.chat.transcript.boxes.base import Context
from chatbench.ui.chat.transcript.boxes.controls import tr
from chatbench.ui.chat.transcript.boxes.text import TextBox
from chatbench.ui.chat.transcript.paragraphs import BOLD, Paragraph, Span
from chatbench.ui.chat.transcript.typeset import Style
from chatbench.ui.chat.transcript.utf16 import units

_LONGEST = 200


class SourcesBox(TextBox):
    """A list of sources; copied as Markdown it is a numbered list of links."""

    before = 4.0

    def __init__(self, context: Context, key: tuple[Any, ...], sources: Sequence[Source]) -> None:
        self.sources = tuple(sources)
        size = (sum(len(one.title) + len(one.url) for one in self.sources), len(self.sources) + 1)
        super().__init__(context, key, self._paragraphs, size, Style("small", "text2"))

    def _paragraphs(self) -> list[Paragraph]:
        head = tr("Sources")
        found = [Paragraph(head, (Span(0, units(head), BOLD, ""),))]
        for one in self.sources:
            name, host = _name(one), visible(host_of(one.url))
            link = allowed(one.url)
            spans = (Span(0, units(name), 0, one.url),) if link else ()
            words = f"{name} · {host}" if host and host != name else name
            found.append(Paragraph(words, spans, depth=1, marker=f"{one.number}.", gap=2))
        return found

    def markdown(self, start: int, end: int) -> str:
        if start > 0 or end < self.length():
            return self.copied(start, end)
        lines = []
        for one in self.sources:
            name = _name(one).replace("[", "\\[").replace("]", "\\]")
            lines.append(
                f"{one.number}. [{name}](<{one.url}>)" if allowed(one.url) else f"{one.number}. {name}"
            )
        return "\n".join((f"**{tr('Sources')}**\n", *lines))

    def html(self, start: int, end: int) -> str:
        if start > 0 or end < self.length():
            return super().html(start, end)
        items = "".join(
            f'<li value="{one.number}">' + _html_link(one) + "</li>" for one in self.sources
        )  # fmt: skip
        return f"<p><b>{escape(tr('Sources'))}</b></p><ol>{items}</ol>"


def _name(source: Source) -> str:
    return (
        visible(" ".join(source.title.split()))[:_LONGEST] or visible(host_of(source.url)) or tr("A document")
    )


def _html_link(source: Source) -> str:
    name = escape(_name(source))
    return f'<a href="{escape(source.url)}">{name}</a>' if allowed(source.url) else name
