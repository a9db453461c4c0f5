"""Blocks on their way out: plain text, Markdown, HTML for the clipboard."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape, unescape
from itertools import groupby

from chatbench.rendering.blocks import AnyBlock, CodeBlock, MathBlock, TableBlock, TextBlock
from chatbench.rendering.nodes import OBJECT, Inline, InlineObject, MathObject

_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)([^>]*)>")
_NOTE = re.compile(r'<(sup|li) note="([^"]*)">')
_START = re.compile(r'start="(\d+)"')


def plain_text(blocks: Iterable[AnyBlock]) -> str:
    """The words without Markdown: code exact, table cells parted by tabs, maths as TeX source."""
    return _joined((block, _plain_block(block)) for block in blocks)


def markdown(blocks: Iterable[AnyBlock]) -> str:
    """The source of the blocks. A table that starts in its middle gets its head back."""
    sources: list[tuple[AnyBlock, str]] = []
    for block in blocks:
        source = block.source
        if isinstance(block, TableBlock) and block.continued and not _goes_on(sources, block):
            source = f"{_table_head(block)}\n{source}"
        if source:
            sources.append((block, source))
    return _joined(sources)


def to_html(blocks: Iterable[AnyBlock]) -> str:
    """HTML for another program's paste: the safe subset, code in pre, tables, quotations as such.

    Images are their words, never an address to load; maths is its TeX source in code.
    """
    out: list[str] = []
    for path, group in groupby(blocks, key=lambda block: block.containers):
        open_tags = "".join("<blockquote>" if mark == "q" else "<div>" for mark in path)
        close_tags = "".join("</blockquote>" if mark == "q" else "</div>" for mark in path[::-1])
        out.append(open_tags + "".join(_html_parts(list(group))) + close_tags)
    return "".join(out)


def _joined(parts: Iterable[tuple[AnyBlock, str]]) -> str:
    """Texts of blocks with the space between them that their places in the source ask for."""
    out: list[str] = []
    before: AnyBlock | None = None
    for block, text in parts:
        if before is not None:
            # A continued paragraph's pieces carry their own white space.
            pieces = block.continued and block.kind == "paragraph" == before.kind
            close = block.continued or block.start == before.end
            out.append("" if pieces else "\n" if close else "\n\n")
        out.append(text)
        before = block
    return "".join(out)


def _goes_on(parts: list[tuple[AnyBlock, str]], block: TableBlock) -> bool:
    return bool(parts) and parts[-1][0].kind == "table" and parts[-1][0].end == block.start


def _table_head(block: TableBlock) -> str:
    rule = {"left": ":--", "right": "--:", "center": ":-:", "": "---"}
    cells = (cell.replace("|", "\\|") for cell in block.header)
    marks = (rule[alignment] for alignment in block.alignments)
    return f"| {' | '.join(cells)} |\n| {' | '.join(marks)} |"


def _plain_block(block: AnyBlock) -> str:
    if isinstance(block, CodeBlock):
        return block.code
    if isinstance(block, MathBlock):
        return block.tex
    if isinstance(block, TableBlock):
        rows = block.row_cells if block.continued else (block.header_cells, *block.row_cells)
        return "\n".join("\t".join(_plain_inline(cell) for cell in row) for row in rows)
    if isinstance(block, TextBlock):
        text = _plain_inline(Inline(block.html, block.objects))
        # The white space a piece of a long paragraph ends with keeps it apart from the next.
        return text + block.source[len(block.source.rstrip()) :] if block.level == 0 else text
    return "---"


def _plain_inline(inline: Inline) -> str:
    """Safe HTML back to words: the only tags in it are the few that the renderer writes."""
    lists: list[int | None] = []
    out: list[str] = []
    at = 0
    for match in _TAG.finditer(inline.html):
        out.append(unescape(inline.html[at : match.start()]))
        out.append(_plain_tag(match[1] == "/", match[2], match[3], lists))
        at = match.end()
    out.append(unescape(inline.html[at:]))
    words = iter([_object_words(value) for value in inline.objects])
    return re.sub(OBJECT, lambda _match: next(words), "".join(out)).strip("\n")


def _plain_tag(closing: bool, tag: str, attributes: str, lists: list[int | None]) -> str:
    if tag in ("ul", "ol"):
        if closing:
            lists.pop()
        else:
            start = _START.search(attributes)
            lists.append((int(start[1]) if start else 1) if tag == "ol" else None)
        return ""
    if tag == "li" and not closing:
        number = lists[-1]
        if number is not None:
            lists[-1] = number + 1
        mark = "-" if number is None else f"{number}."
        if attributes.startswith(' note="'):
            mark = f"[{unescape(attributes[7:-1])}]"
        tick = {"checked": " [x]", "unchecked": " [ ]"}.get(attributes[8:-1], "")
        return f"\n{'  ' * (len(lists) - 1)}{mark}{tick} "
    if tag == "br" or (closing and tag == "p" and lists):
        return "\n"
    return ""


def _object_words(value: InlineObject) -> str:
    if isinstance(value, MathObject):
        return value.source
    return f"[{value.alt or 'image'}]"


def _html_parts(blocks: list[AnyBlock]) -> Iterator[str]:
    for index, block in enumerate(blocks):
        if isinstance(block, CodeBlock):
            yield f"<pre><code>{escape(block.code)}</code></pre>"
        elif isinstance(block, MathBlock):
            yield f"<p><code>{escape(block.tex)}</code></p>"
        elif isinstance(block, TextBlock):
            yield _NOTE.sub(_spelled_label, _with_objects(Inline(block.html, block.objects)))
        elif isinstance(block, TableBlock):
            goes_on = block.continued and index > 0 and blocks[index - 1].kind == "table"
            more = index + 1 < len(blocks) and blocks[index + 1].continued
            more = more and blocks[index + 1].kind == "table"
            yield _html_rows(block, head=not goes_on, last=not more)
        else:
            yield "<hr>"


def _spelled_label(match: re.Match[str]) -> str:
    """Other programs know no footnotes: the label stands before the words."""
    return "<sup>" if match[1] == "sup" else f"<li>[{match[2]}] "


def _html_rows(block: TableBlock, *, head: bool, last: bool) -> str:
    out = []
    if head:
        out.append('<table border="1" cellspacing="0" cellpadding="4">')
        out.append(_html_row(block, block.header_cells, "th"))
    out += [_html_row(block, row, "td") for row in block.row_cells]
    if last:
        out.append("</table>")
    return "".join(out)


def _html_row(block: TableBlock, cells: Sequence[Inline], tag: str) -> str:
    out = []
    for cell, alignment in zip(cells, block.alignments, strict=True):
        align = f' align="{alignment}"' if alignment else ""
        out.append(f"<{tag}{align}>{_with_objects(cell)}</{tag}>")
    return f"<tr>{''.join(out)}</tr>"


def _with_objects(inline: Inline) -> str:
    words = iter(
        f"<code>{escape(value.tex)}</code>" if isinstance(value, MathObject) else escape(_object_words(value))
        for value in inline.objects
    )
    return re.sub(OBJECT, lambda _match: next(words), inline.html)
