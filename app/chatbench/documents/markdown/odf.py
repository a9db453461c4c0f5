"""OpenDocument files: texts, sheets and presentations, as LibreOffice writes them.

Read here over lxml: odfpy, the one library for them, has had no release since 2020.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from chatbench.core.errors import AttachmentRefused
from chatbench.documents.markdown.packages import Package, whole
from chatbench.documents.markdown.writing import MAX_CELLS, Blocks, Converted, count_of, one_line, table

_NAMESPACE: Final = "urn:oasis:names:tc:opendocument:xmlns:"
_TEXT: Final = f"{{{_NAMESPACE}text:1.0}}"
_TABLE: Final = f"{{{_NAMESPACE}table:1.0}}"
_DRAW: Final = f"{{{_NAMESPACE}drawing:1.0}}"
_OFFICE: Final = f"{{{_NAMESPACE}office:1.0}}"
_STYLE: Final = f"{{{_NAMESPACE}style:1.0}}"
_PRESENTATION: Final = f"{{{_NAMESPACE}presentation:1.0}}"
_FO: Final = f"{{{_NAMESPACE}xsl-fo-compatible:1.0}}"
_SVG: Final = f"{{{_NAMESPACE}svg-compatible:1.0}}"
_LINK: Final = "{http://www.w3.org/1999/xlink}href"
_PAGES: Final = f"{{{_NAMESPACE}meta:1.0}}page-count"
_SKIPPED: Final = frozenset(
    {
        *("text:tracked-changes", "text:sequence-decls", "text:table-of-content-source"),
        *("office:annotation", "office:forms", "presentation:notes", ""),
    }
)
_PREFIXES: Final = {"drawing": "draw"}
_DEEPEST: Final = 64
_MAX_REPEATED: Final = 500


class _Looks(msgspec.Struct, frozen=True):
    bold: bool = False
    italic: bool = False


def convert(source: bytes | Path, name: str) -> Converted:
    """An .odt, .ods or .odp file as Markdown. Raises AttachmentRefused."""
    package = Package(source, name)
    if "META-INF/manifest.xml" in package and b"encryption-data" in package.read("META-INF/manifest.xml"):
        raise AttachmentRefused(f"{name} is encrypted with a password.", "Save it without one and try again.")
    return _Document(package).converted()


class _Document:
    def __init__(self, package: Package) -> None:
        self._package = package
        self._root = package.xml("content.xml")
        self._looks = dict(_looks(self._root))
        self._ordered = set(_ordered_lists(self._root))
        self._notes: list[str] = []
        self._said: list[str] = []
        self._pictures = self._taken = 0

    def converted(self) -> Converted:
        blocks = Blocks()
        units = 0
        body = self._root.find(f"{_OFFICE}body")
        for kind in body if body is not None else ():
            match _short(kind):
                case "office:text":
                    blocks.extend(self._blocks(kind, 0))
                case "office:spreadsheet":
                    for sheet in kind.iterfind(f"{_TABLE}table"):
                        units += 1
                        blocks.add(f"## {sheet.get(f'{_TABLE}name', '')}")
                        blocks.add(self._table(sheet, 0))
                case "office:presentation":
                    for page in kind.iterfind(f"{_DRAW}page"):
                        units += 1
                        blocks.extend(self._slide(page, units))
        for number, note in enumerate(self._notes, 1):
            blocks.add(f"[^{number}]: {note}")
        if self._pictures:
            self._said.append(f"{count_of(self._pictures, 'picture was', 'pictures were')} left out.")
        if next(self._root.iter(f"{_OFFICE}annotation"), None) is not None:
            self._said.append("Comments were left out.")
        if next(self._root.iter(f"{_TEXT}tracked-changes"), None) is not None:
            self._said.append("Text deleted in tracked changes was left out.")
        return blocks.converted(self._title(), self._said, max(1, units or self._pages()))

    def _meta(self) -> Any:
        return self._package.optional_xml("meta.xml")

    def _title(self) -> str:
        root = self._meta()
        found = next(root.iter("{http://purl.org/dc/elements/1.1/}title"), None) if root is not None else None
        return (found.text or "") if found is not None else ""

    def _pages(self) -> int:
        root = self._meta()
        statistic = next(root.iter("{*}document-statistic"), None) if root is not None else None
        return max(1, whole(statistic.get(_PAGES)) if statistic is not None else 1)

    def _blocks(self, parent: Any, depth: int) -> Iterator[str]:
        if depth > _DEEPEST:
            return
        for element in parent:
            match _short(element):
                case "text:h":
                    level = whole(element.get(f"{_TEXT}outline-level"), 1)
                    text = one_line(self._inline(element))
                    yield f"{'#' * max(1, min(6, level))} {text}" if text else ""
                case "text:p":
                    yield self._inline(element)
                    yield from self._boxes(element, depth)
                case "text:list":
                    yield "\n".join(self._list(element, 0, element.get(f"{_TEXT}style-name", "")))
                case "table:table":
                    yield self._table(element, depth)
                case name if name not in _SKIPPED:
                    yield from self._blocks(element, depth + 1)

    def _boxes(self, paragraph: Any, depth: int) -> Iterator[str]:
        for box in paragraph.iter(f"{_DRAW}text-box"):
            yield from self._blocks(box, depth + 1)

    def _list(self, element: Any, level: int, style: str) -> Iterator[str]:
        number = 0
        for item in element:
            if item.tag not in (f"{_TEXT}list-item", f"{_TEXT}list-header") or level > 8:
                continue
            number += 1
            mark = f"{number}." if (style, level + 1) in self._ordered else "-"
            first = True
            for part in item:
                if part.tag == f"{_TEXT}list":
                    yield from self._list(part, level + 1, part.get(f"{_TEXT}style-name", style))
                elif part.tag in (f"{_TEXT}p", f"{_TEXT}h") and (text := self._inline(part).strip()):
                    yield "    " * level + (f"{mark} " if first else "  ") + text.replace("\n", " ")
                    first = False

    def _table(self, element: Any, depth: int) -> str:
        rows: list[list[str]] = []
        blank = 0
        for row in element.iter(f"{_TABLE}table-row"):
            cells = self._cells(row, depth)
            if not any(cells):
                # A sheet ends with a million empty rows, written as one.
                blank += 1
                continue
            rows += [[] for _ in range(min(blank, 2) if rows else 0)]
            blank = 0
            repeated = min(whole(row.get(f"{_TABLE}number-rows-repeated"), 1), _MAX_REPEATED)
            rows += [cells] * max(1, repeated)
            self._taken += len(cells) * max(1, repeated)
            if self._taken > MAX_CELLS:
                self._said.append(f"Of its tables about {MAX_CELLS:,} cells were taken.")
                break
        return table(rows)

    def _cells(self, row: Any, depth: int) -> list[str]:
        cells: list[str] = []
        for cell in row:
            if cell.tag not in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
                continue
            repeated = whole(cell.get(f"{_TABLE}number-columns-repeated"), 1)
            text = "" if depth > 3 else "\n".join(self._blocks(cell, depth + 1)).strip() if len(cell) else ""
            cells += [text] * max(1, min(repeated, _MAX_REPEATED))
            if len(cells) > _MAX_REPEATED:
                break
        while cells and not cells[-1]:
            cells.pop()
        return cells

    def _slide(self, page: Any, number: int) -> Iterator[str]:
        title = ""
        blocks: list[str] = []
        for frame in page.iter(f"{_DRAW}frame", f"{_DRAW}custom-shape"):
            if next(frame.iterancestors(f"{_PRESENTATION}notes"), None) is not None:
                continue
            kind = frame.get(f"{_PRESENTATION}class", "")
            found = [block for block in self._frame(frame) if block.strip()]
            if kind == "title" and not title:
                title = one_line(" ".join(found))
            else:
                blocks += found
        yield f"## Slide {number}: {title}" if title else f"## Slide {number}"
        yield from blocks
        notes = page.find(f"{_PRESENTATION}notes")
        spoken = (
            "\n".join(block for block in self._blocks(notes, 0) if block.strip()) if notes is not None else ""
        )
        yield f"Notes: {spoken}" if spoken else ""

    def _frame(self, frame: Any) -> Iterator[str]:
        self._count_picture(frame)
        yield from self._blocks(frame, 1)

    def _count_picture(self, frame: Any) -> str:
        if frame.find(f"{_DRAW}image") is None:
            return ""
        self._pictures += 1
        told = frame.findtext(f"{_SVG}desc") or frame.findtext(f"{_SVG}title") or ""
        return f"![{one_line(told).replace(']', ')')}]" if told else ""

    def _inline(self, element: Any, depth: int = 0) -> str:
        pieces = [_spaced(element.text)]
        for one in element:
            pieces.append(self._piece(one, depth) if depth < _DEEPEST else "")
            pieces.append(_spaced(one.tail))
        return "".join(pieces)

    def _piece(self, one: Any, depth: int) -> str:
        match _short(one):
            case "text:s":
                return " " * max(1, min(whole(one.get(f"{_TEXT}c"), 1), 100))
            case "text:tab":
                return "\t"
            case "text:line-break":
                return "\n"
            case "text:span":
                return _marked(
                    self._inline(one, depth + 1), self._looks.get(one.get(f"{_TEXT}style-name", ""))
                )
            case "text:a":
                text, target = self._inline(one, depth + 1), one.get(_LINK, "")
                return f"[{text}]({target.replace(' ', '%20')})" if "://" in target and text.strip() else text
            case "text:note":
                return self._note(one, depth)
            case "draw:frame":
                return self._count_picture(one)
            case name if name in _SKIPPED or name.startswith("draw:"):
                return ""
        return self._inline(one, depth + 1)

    def _note(self, one: Any, depth: int) -> str:
        body = one.find(f"{_TEXT}note-body")
        place = len(self._notes)
        self._notes.append("")
        if body is not None:
            self._notes[place] = one_line(" ".join(self._inline(part, depth + 1) for part in body))
        return f"[^{place + 1}]"


def _short(element: Any) -> str:
    """ "text:p" for a paragraph; "" for what is no element."""
    if not isinstance(element.tag, str) or not element.tag.startswith(f"{{{_NAMESPACE}"):
        return ""
    space, _, name = element.tag[len(_NAMESPACE) + 1 :].partition("}")
    kind = space.partition(":")[0]
    return f"{_PREFIXES.get(kind, kind)}:{name}"


def _spaced(text: str | None) -> str:
    """White space as the format means it: a run of it is one space."""
    if not text:
        return ""
    core = one_line(text)
    if not core:
        return " "
    return (" " if text[0].isspace() else "") + core + (" " if text[-1].isspace() else "")


def _marked(text: str, looks: _Looks | None) -> str:
    core = text.strip()
    if looks is None or not core or "\n" in core:
        return text
    mark = "*" * (2 * looks.bold + looks.italic)
    before, _, after = text.partition(core)
    return f"{before}{mark}{core}{mark}{after}"


def _looks(root: Any) -> Iterator[tuple[str, _Looks]]:
    for style in root.iter(f"{_STYLE}style"):
        told = style.find(f"{_STYLE}text-properties")
        if told is not None and style.get(f"{_STYLE}family") == "text":
            bold = told.get(f"{_FO}font-weight", "") in ("bold", "600", "700", "800", "900")
            italic = told.get(f"{_FO}font-style", "") in ("italic", "oblique")
            yield style.get(f"{_STYLE}name", ""), _Looks(bold, italic)


def _ordered_lists(root: Any) -> Iterator[tuple[str, int]]:
    for level in root.iter(f"{_TEXT}list-level-style-number"):
        style = level.getparent().get(f"{_STYLE}name", "")
        yield style, whole(level.get(f"{_TEXT}level"), 1)
