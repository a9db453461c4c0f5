"""Web pages: the main content as Markdown, without scripts, styles, menus and what is hidden.

lxml parses them; they are written here, because markdownify 1.2 keeps what is hidden and what frames a page,
loses merged rows, bars and line ends in cells, keeps `javascript:` and relative addresses, and breaks off on
what is nested deeply. Mending that before it begins would be most of this file; it takes eight times as long.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin

import msgspec

from chatbench.core.errors import AttachmentRefused
from chatbench.documents.archives import content_of
from chatbench.documents.markdown.encodings import decoded
from chatbench.documents.markdown.packages import whole
from chatbench.documents.markdown.writing import (
    MAX_CELLS,
    Blocks,
    Converted,
    count_of,
    fenced,
    one_line,
    table,
)

_MAX_BYTES: Final = 50 << 20
_DEEPEST: Final = 150
_MAX_COLUMNS: Final = 500
_CHARSET: Final = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w:.-]{1,40})""", re.IGNORECASE)
_DECLARATION: Final = re.compile(r"\s*<\?xml[^>]*\?>")
_GONE: Final = frozenset(
    {
        *("audio", "button", "canvas", "datalist", "dialog", "embed", "head", "iframe", "input"),
        *("link", "map", "meta", "nav", "noscript", "object", "script", "select", "style", "svg"),
        *("template", "textarea", "title", "video"),
    }
)
_FRAME: Final = frozenset({"aside", "footer", "header", "nav"})
_BLOCKS: Final = frozenset(
    {
        *("address", "article", "aside", "blockquote", "body", "center", "dd", "details", "div", "dl"),
        *("dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5"),
        *("h6", "header", "hgroup", "hr", "html", "legend", "li", "main", "menu", "ol", "p", "pre"),
        *("search", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul"),
    }
)
_MARKS: Final = {
    "b": "**",
    "strong": "**",
    "i": "*",
    "em": "*",
    "cite": "*",
    "s": "~~",
    "del": "~~",
    "strike": "~~",
}
_HIDDEN: Final = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_ESCAPED: Final = str.maketrans({" ": "%20", "(": "%28", ")": "%29", "<": "%3C", ">": "%3E", "\n": ""})
_SPACES: Final = re.compile(r"[ \t\r\n\f]+")


class Page(msgspec.Struct):
    """Blocks of one page; pictures without a text that stands for them are counted."""

    title: str
    blocks: list[str]
    pictures: int = 0
    is_cut: bool = False
    """Whether a table has more cells than are taken."""
    is_deep: bool = False
    """Whether its end is nested so deeply that it was not read."""


def convert(source: bytes | Path, name: str) -> Converted:
    """An HTML file as Markdown. Raises AttachmentRefused."""
    page = read(content_of(source, name), name)
    blocks = Blocks()
    blocks.extend(page.blocks)
    return blocks.converted(page.title, notes_of([page]))


def notes_of(pages: Sequence[Page]) -> list[str]:
    """What was left out of these pages, in words."""
    pictures = sum(page.pictures for page in pages)
    notes = [f"{count_of(pictures, 'picture was', 'pictures were')} left out."] if pictures else []
    if any(page.is_cut for page in pages):
        notes.append(f"Of its tables the first {MAX_CELLS:,} cells were taken.")
    if any(page.is_deep for page in pages):
        notes.append("Its end was left out: it is nested too deeply.")
    return notes


def read(data: bytes | str, name: str, *, whole: bool = False) -> Page:
    """A page; its main content only, unless `whole`. Raises AttachmentRefused."""
    from lxml import etree

    if len(data) > _MAX_BYTES:
        raise AttachmentRefused(f"{name} is larger than {_MAX_BYTES >> 20} MiB.", "Attach a part of it.")
    text = data if isinstance(data, str) else _decoded(data)
    text = _DECLARATION.sub("", text.replace("\x00", ""), count=1)
    parser = etree.HTMLParser(
        encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=True
    )
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError):
        root = None
    page = Page(title="", blocks=[])
    if root is None:
        page.blocks += [one_line(text)] if text.strip() and "<" not in text else []
        return page
    titled = root.find(".//title")
    page.title = one_line(titled.text or "") if titled is not None else ""
    based = root.find(".//base[@href]")
    body = root.find("body")
    body = body if body is not None else root
    main = body if whole else _main(body)
    left_out = frozenset[str]() if whole else _FRAME if main is body else frozenset({"nav"})
    if len(root.findall(".//h1")) == 1 and root.find(".//header//h1") is not None:
        left_out -= {"header"}
    writer = _Writer(based.get("href") if based is not None else "", page, left_out)
    page.blocks += [block for block in writer.blocks(main, 0) if block.strip()]
    if any("depth" in error.message for error in parser.error_log):
        if not page.blocks:
            raise AttachmentRefused(f"{name} is nested too deeply to be read.", "Attach its text.")
        page.is_deep = True
    return page


def _decoded(data: bytes) -> str:
    told = _CHARSET.search(data[:4096])
    return decoded(data, told[1].decode("ascii") if told else "")[0]


def _main(body: Any) -> Any:
    """The one element that holds the content, where the page has said which."""
    for path in (".//main", ".//*[@role='main']", ".//article"):
        found = body.findall(path)
        if len(found) == 1 and len("".join(found[0].itertext())) * 4 >= len("".join(body.itertext())):
            return found[0]
    return body


class _Writer:
    def __init__(self, base: str, page: Page, left_out: frozenset[str]) -> None:
        self._base = base
        self._left_out = left_out
        self._cells = 0
        self.page = page

    def blocks(self, parent: Any, depth: int) -> Iterator[str]:
        """The blocks in an element: what stands beside blocks is a paragraph of its own."""
        if depth > _DEEPEST:
            yield _collapsed(" ".join(parent.itertext()))
            return
        run = [_collapsed(parent.text)]
        for child in parent:
            if _is_block(child):
                yield _tidy(run)
                run = []
                shown = _is_shown(child) and not self._is_frame(child)
                yield from self._block(child, depth + 1) if shown else ()
            elif _is_shown(child):
                run.append(self.inline(child, depth + 1))
            run.append(_collapsed(child.tail))
        yield _tidy(run)

    def _is_frame(self, element: Any) -> bool:
        """Whether it stands around the content. What an article has at its head belongs to the article."""
        if element.tag not in self._left_out:
            return False
        return element.tag == "nav" or next(element.iterancestors("article"), None) is None

    def _block(self, element: Any, depth: int) -> Iterator[str]:
        match element.tag:
            case "h1" | "h2" | "h3" | "h4" | "h5" | "h6":
                text = one_line(self.inside(element, depth)).replace("**", "")
                yield f"{'#' * int(element.tag[1])} {text}" if text else ""
            case "ul" | "ol" | "menu":
                yield self._list(element, depth)
            case "pre":
                yield self._code(element)
            case "blockquote":
                inner = "\n\n".join(block for block in self.blocks(element, depth) if block.strip())
                yield "\n".join(f"> {line}".rstrip() for line in inner.split("\n")) if inner else ""
            case "hr":
                yield "---"
            case "table":
                yield from self._table(element, depth)
            case "dt":
                text = _tidy([self.inside(element, depth)])
                yield f"**{text}**" if text and "**" not in text else text
            case _:
                yield from self.blocks(element, depth)

    def _list(self, element: Any, depth: int) -> str:
        number = whole(element.get("start"), 1)
        lines: list[str] = []
        for item in element:
            if not _is_shown(item):
                continue
            mark = f"{number}. " if element.tag == "ol" else "- "
            blocks = [block for block in self.blocks(item, depth + 1) if block.strip()]
            if not blocks:
                continue
            number += 1
            inner = "\n".join(blocks).split("\n")
            lines.append(mark + inner[0])
            lines += [f"{' ' * len(mark)}{line}" if line else "" for line in inner[1:]]
        return "\n".join(lines)

    def _code(self, element: Any) -> str:
        text = "".join(element.itertext())
        named = [element.get("class") or "", *[(one.get("class") or "") for one in element.iterfind("code")]]
        language = re.search(r"(?:language|lang|highlight-source)-([\w+#-]+)", " ".join(named))
        return fenced(text.strip("\n"), language[1] if language else "") if text.strip() else ""

    def _table(self, element: Any, depth: int) -> Iterator[str]:
        if element.find(".//table") is not None or element.get("role") == "presentation":
            # It lays the page out: what it holds is read in order.
            for cell in element.iter("td", "th", "caption"):
                if not any(outer is not element for outer in _outer_tables(cell, element)):
                    yield from self.blocks(cell, depth + 1)
            return
        caption = element.find("caption")
        if caption is not None:
            yield _tidy([self.inside(caption, depth)])
        grid: list[list[str]] = []
        waiting: dict[int, int] = {}
        for row in element.iter("tr"):
            cells: list[str] = []
            for cell in row.iterfind("*"):
                if cell.tag not in ("td", "th") or len(cells) >= _MAX_COLUMNS:
                    continue
                _fill(cells, waiting)
                text = "\n".join(block for block in self.blocks(cell, depth + 2) if block.strip())
                width, height = _span(cell.get("colspan")), _span(cell.get("rowspan"))
                for column in range(len(cells), len(cells) + width) if height > 1 else ():
                    waiting[column] = height
                cells += [text, *[""] * (width - 1)]
            _fill(cells, waiting)
            waiting = {column: rows - 1 for column, rows in waiting.items() if rows > 1}
            grid.append(cells)
            self._cells += len(cells)
            if self._cells > MAX_CELLS:
                self.page.is_cut = True
                break
        yield table(grid)

    def inside(self, element: Any, depth: int) -> str:
        """The text in an element, as one run."""
        if depth > _DEEPEST:
            return _collapsed(" ".join(element.itertext()))
        pieces = [_collapsed(element.text)]
        for child in element:
            if _is_shown(child):
                pieces.append(self.inline(child, depth + 1))
            pieces.append(_collapsed(child.tail))
        return "".join(pieces)

    def inline(self, element: Any, depth: int) -> str:
        """One element of a run."""
        match element.tag:
            case "br":
                return "\n"
            case "img":
                return self._picture(element)
            case "code" | "kbd" | "samp" | "tt":
                text = one_line("".join(element.itertext()))
                return f"`{text}`" if text and "`" not in text else text
            case "a":
                return self._link(element, depth)
            case "q":
                return f"“{self.inside(element, depth)}”"
        text = self.inside(element, depth)
        mark = _MARKS.get(element.tag, "")
        core = text.strip()
        if not mark or not core or "\n" in core or mark in core:
            return text
        before, _, after = text.partition(core)
        return f"{before}{mark}{core}{mark}{after}"

    def _link(self, element: Any, depth: int) -> str:
        text = self.inside(element, depth)
        target = self._absolute(element.get("href", ""))
        core = text.strip()
        if not core or not target or core == target:
            return text
        before, _, after = text.partition(core)
        return f"{before}[{one_line(core)}]({target}){after}"

    def _picture(self, element: Any) -> str:
        told = one_line(element.get("alt", "")).replace("]", ")")
        target = self._absolute(element.get("src", ""))
        if not told:
            self.page.pictures += 1
            return ""
        return f"![{told}]({target})" if target else f"![{told}]"

    def _absolute(self, target: str) -> str:
        """The address where it is one on the web; "" for what leads to a place in the page or runs."""
        if target.strip().startswith("#"):
            return ""
        try:
            joined = urljoin(self._base, target.strip())
        except ValueError:
            return ""
        kept = joined.lower().startswith(("http://", "https://", "mailto:", "tel:"))
        return joined.translate(_ESCAPED) if kept else ""


def _is_block(element: Any) -> bool:
    """A link or a span around whole blocks is as if it were not there."""
    return element.tag in _BLOCKS or any(child.tag in _BLOCKS for child in element)


def _outer_tables(cell: Any, last: Any) -> Iterator[Any]:
    for outer in cell.iterancestors("table"):
        yield outer
        if outer is last:
            return


def _is_shown(element: Any) -> bool:
    tag = element.tag
    if not isinstance(tag, str) or tag in _GONE:
        return False
    if element.get("hidden") is not None or element.get("aria-hidden") == "true":
        return False
    return not _HIDDEN.search(element.get("style", ""))


def _fill(cells: list[str], waiting: dict[int, int]) -> None:
    while len(cells) in waiting and len(cells) < _MAX_COLUMNS:
        cells.append("")


def _span(told: str | None) -> int:
    return max(1, min(100, whole(told, 1)))


def _collapsed(text: str | None) -> str:
    return _SPACES.sub(" ", text) if text else ""


def _tidy(run: list[str]) -> str:
    lines = "".join(run).split("\n")
    return "\n".join(_SPACES.sub(" ", line).strip() for line in lines).strip()
