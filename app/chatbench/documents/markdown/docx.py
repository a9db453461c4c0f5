"""Word documents: headings, lists, tables, notes, links, emphasis, alternative texts; the final text where
changes were tracked.

Read here over lxml, because the libraries lose text. mammoth 1.13 leaves out formulas, headings by outline
level or by a style based on another, and the number with which a list goes on; it takes twenty times as
long, and ran out of a gigabyte on 400,000 paragraphs. python-docx 1.2 leaves out inserted text, footnotes,
content controls, text boxes, formulas, alternative texts and numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from chatbench.documents.markdown.packages import Package, whole
from chatbench.documents.markdown.writing import Blocks, Converted, count_of, one_line, table

_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_R: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_M: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_MC: Final = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_TRANSPARENT: Final = frozenset(
    {f"{_W}{name}" for name in ("ins", "moveTo", "smartTag", "customXml", "sdt", "sdtContent", "fldSimple")}
    | {f"{_W}{name}" for name in ("dir", "bdo")}
    | {f"{_MC}AlternateContent", f"{_MC}Choice"}
)
_REMOVED: Final = frozenset({f"{_W}del", f"{_W}moveFrom", f"{_MC}Fallback"})
_DEEPEST: Final = 8
_MAX_COLUMNS: Final = 500
_LONGEST_CHAIN: Final = 16  # of styles, each based on the next


class _Style(msgspec.Struct, frozen=True):
    heading: int = 0
    list: tuple[str, int] | None = None


class _Run(msgspec.Struct):
    text: str
    bold: bool = False
    italic: bool = False
    struck: bool = False
    link: str = ""

    def looks_like(self, other: _Run) -> bool:
        mine = (self.bold, self.italic, self.struck, self.link)
        return mine == (other.bold, other.italic, other.struck, other.link)


def convert(source: bytes | Path, name: str) -> Converted:
    """A .docx file as Markdown. Raises AttachmentRefused."""
    package = Package(source, name)
    return _Document(package).converted()


class _Document:
    def __init__(self, package: Package) -> None:
        self._package = package
        self._path = package.main_part()
        self._relations = package.relations(self._path)
        self._styles = _styles(self._part("styles"))
        self._numbering = _numbering(self._part("numbering"))
        self._counts: dict[tuple[str, int], int] = {}
        self._notes_used: list[tuple[str, str]] = []
        self._boxes: list[Any] = []
        self._pictures = self._deleted = 0

    def _part(self, kind: str) -> Any:
        for found, target, outside in self._relations.values():
            if found == kind and not outside and target in self._package:
                return self._package.xml(target)
        return None

    def converted(self) -> Converted:
        body = self._package.xml(self._path).find(f"{_W}body")
        blocks = Blocks()
        blocks.extend(self._blocks(body if body is not None else (), 0))
        self._add_notes(blocks)
        return blocks.converted(self._package.title(), self._said(), self._pages())

    def _said(self) -> list[str]:
        kinds = {kind for kind, _, _ in self._relations.values()}
        said = []
        if self._pictures:
            said.append(f"{count_of(self._pictures, 'picture was', 'pictures were')} left out.")
        if "comments" in kinds:
            said.append("Comments were left out.")
        if self._deleted:
            said.append("Text deleted in tracked changes was left out.")
        if {"header", "footer"} & kinds:
            said.append("Headers and footers were left out.")
        return said

    def _pages(self) -> int:
        root = self._package.optional_xml("docProps/app.xml")
        return max(1, whole(root.findtext("{*}Pages")) if root is not None else 1)

    def _blocks(self, parent: Any, depth: int) -> Iterator[str]:
        listed: list[str] = []
        for element in _flat(parent):
            properties = element.find(f"{_W}pPr")
            item = self._list_item(element, properties) if properties is not None else None
            if item is not None:
                listed.append(item)
                continue
            if listed:
                yield "\n".join(listed)
                listed = []
            if element.tag == f"{_W}p":
                yield self._paragraph(element, properties)
            elif element.tag == f"{_W}tbl" and depth < _DEEPEST:
                yield self._table(element, depth)
            while self._boxes:
                yield from self._blocks(self._boxes.pop(0), depth + 1) if depth < _DEEPEST else ()
        if listed:
            yield "\n".join(listed)

    def _paragraph(self, element: Any, properties: Any) -> str:
        text = self._inline(element)
        level = (self._style_of(properties).heading or _outline(properties)) if properties is not None else 0
        if level and text.strip():
            return f"{'#' * min(level, 6)} {one_line(text).replace('**', '')}"
        return text

    def _style_of(self, properties: Any) -> _Style:
        named = properties.find(f"{_W}pStyle")
        return self._styles.get(named.get(f"{_W}val", ""), _Style()) if named is not None else _Style()

    def _list_item(self, element: Any, properties: Any) -> str | None:
        style = self._style_of(properties)
        if style.heading:
            return None
        place = _numbered(properties) or style.list
        if place is None or place[0] not in self._numbering:
            return None
        text = self._inline(element)
        if not text.strip():
            return None
        number, level = place
        ordered, start = self._numbering[number].get(level, (False, 1))
        for key in [key for key in self._counts if key[0] == number and key[1] > level]:
            del self._counts[key]
        count = self._counts[place] = self._counts.get(place, start - 1) + 1
        indent = "    " * level
        return f"{indent}{f'{count}.' if ordered else '-'} " + text.replace("\n", f"\n{indent}  ")

    def _table(self, element: Any, depth: int) -> str:
        rows = []
        for row in (one for one in _flat(element) if one.tag == f"{_W}tr"):
            cells: list[str] = []
            for cell in (one for one in _flat(row) if one.tag == f"{_W}tc"):
                merged = cell.find(f"{_W}tcPr/{_W}vMerge")
                follows = merged is not None and merged.get(f"{_W}val", "continue") == "continue"
                text = "" if follows else "\n".join(self._blocks(cell, depth + 1))
                cells += [text, *[""] * (_span(cell) - 1)]
                if len(cells) > _MAX_COLUMNS:
                    break
            rows.append(cells)
        return table(rows)

    def _inline(self, element: Any) -> str:
        runs: list[_Run] = []
        for run in self._runs(element, ""):
            if runs and runs[-1].looks_like(run):
                runs[-1].text += run.text
            else:
                runs.append(run)
        return "".join(map(_written, runs))

    def _runs(self, parent: Any, link: str) -> Iterator[_Run]:
        for element in _flat(parent, self._count_deleted):
            if element.tag == f"{_W}r":
                yield self._run(element, link)
            elif element.tag == f"{_W}hyperlink":
                _, target, outside = self._relations.get(element.get(f"{_R}id", ""), ("", "", False))
                yield from self._runs(element, target if outside else link)
            elif element.tag in (f"{_M}oMath", f"{_M}oMathPara"):
                yield _Run("".join(one.text or "" for one in element.iter(f"{_M}t")))

    def _count_deleted(self) -> None:
        self._deleted += 1

    def _run(self, element: Any, link: str) -> _Run:
        looks = element.find(f"{_W}rPr")
        text = "".join(self._texts(element))
        if looks is None:
            return _Run(text, link=link)
        return _Run(text, _is_on(looks, "b"), _is_on(looks, "i"), _is_on(looks, "strike"), link)

    def _texts(self, run: Any) -> Iterator[str]:
        for element in _flat(run):
            match element.tag.rpartition("}")[2]:
                case "t":
                    yield element.text or ""
                case "tab":
                    yield "\t"
                case "br" | "cr":
                    yield "\n"
                case "noBreakHyphen":
                    yield "-"
                case "footnoteReference" | "endnoteReference" as kind:
                    yield self._note(kind.removesuffix("Reference"), element.get(f"{_W}id", ""))
                case "drawing" | "pict" | "object":
                    yield self._drawing(element)

    def _note(self, kind: str, number: str) -> str:
        self._notes_used.append((kind, number))
        return f"[^{len(self._notes_used)}]"

    def _drawing(self, element: Any) -> str:
        boxes = list(element.iter(f"{_W}txbxContent"))
        self._boxes += [box for box in boxes if not any(True for _ in box.iterancestors(f"{_MC}Fallback"))]
        if boxes:
            return ""
        self._pictures += 1
        for one in element.iter():
            told = one.get("descr") or (one.get("alt") if one.tag.endswith("}shape") else "")
            if told:
                return f"![{one_line(told).replace(']', ')')}]"
        return ""

    def _add_notes(self, blocks: Blocks) -> None:
        parts = {kind: self._part(f"{kind}s") for kind in ("footnote", "endnote")}
        texts = {
            (kind, one.get(f"{_W}id", "")): one
            for kind, root in parts.items()
            for one in (root if root is not None else ())
        }
        # A note may refer to another one, which is then added to the list; so many are enough.
        for place, (kind, number) in enumerate(self._notes_used, 1):
            if place > 10_000:
                break
            note = texts.pop((kind, number), None)
            text = "\n".join(self._inline(one) for one in note.iter(f"{_W}p")) if note is not None else ""
            blocks.add(f"[^{place}]: {text.strip()}")


def _flat(parent: Any, deleted: Any = None) -> Iterator[Any]:
    """Children, through what only wraps them, without what was deleted."""
    for element in parent:
        if element.tag in _TRANSPARENT:
            yield from _flat(element, deleted)
        elif element.tag not in _REMOVED:
            yield element
        elif deleted is not None and element.tag != f"{_MC}Fallback":
            deleted()


def _written(run: _Run) -> str:
    core = run.text.strip()
    if not core or "\n" in core:
        return run.text
    mark = "***" if run.bold and run.italic else "**" if run.bold else "*" if run.italic else ""
    marked = f"{mark}{core}{mark}"
    if run.struck:
        marked = f"~~{marked}~~"
    if run.link:
        marked = f"[{marked}]({run.link.replace(' ', '%20')})"
    before, _, after = run.text.partition(core)
    return f"{before}{marked}{after}"


def _is_on(looks: Any, name: str) -> bool:
    element = looks.find(f"{_W}{name}")
    return element is not None and element.get(f"{_W}val", "1") not in ("0", "false", "off", "none")


def _span(cell: Any) -> int:
    told = cell.find(f"{_W}tcPr/{_W}gridSpan")
    return max(1, min(64, _number(told))) if told is not None else 1


def _number(element: Any) -> int:
    return whole(element.get(f"{_W}val")) if element is not None else 0


def _outline(properties: Any) -> int:
    told = properties.find(f"{_W}outlineLvl") if properties is not None else None
    return _number(told) + 1 if told is not None and _number(told) < 9 else 0


def _numbered(properties: Any) -> tuple[str, int] | None:
    told = properties.find(f"{_W}numPr") if properties is not None else None
    number = told.find(f"{_W}numId") if told is not None else None
    if told is None or number is None:
        return None
    return number.get(f"{_W}val", ""), min(8, _number(told.find(f"{_W}ilvl")))


def _styles(root: Any) -> dict[str, _Style]:
    """What each style of paragraphs makes of one; a style has what the one it is based on has."""
    elements = {
        one.get(f"{_W}styleId", ""): one for one in (root.iter(f"{_W}style") if root is not None else ())
    }
    return {key: _inherited(key, elements) for key in elements}


def _inherited(key: str, elements: dict[str, Any]) -> _Style:
    style = _Style()
    for _ in range(_LONGEST_CHAIN):
        element = elements.get(key)
        if element is None:
            break
        numbered = _numbered(element.find(f"{_W}pPr"))
        style = _Style(style.heading or _heading(element), style.list or numbered)
        based = element.find(f"{_W}basedOn")
        key = based.get(f"{_W}val", "") if based is not None else ""
    return style


def _heading(style: Any) -> int:
    named = style.find(f"{_W}name")
    name = named.get(f"{_W}val", "").lower() if named is not None else ""
    if name == "title":
        return 1
    if name.startswith("heading ") and whole(name[8:]):
        return whole(name[8:])
    return _outline(style.find(f"{_W}pPr"))


def _numbering(root: Any) -> dict[str, dict[int, tuple[bool, int]]]:
    """Of each list, its levels: whether they are counted, and from where."""
    if root is None:
        return {}
    kinds: dict[str, dict[int, tuple[bool, int]]] = {}
    for one in root.iter(f"{_W}abstractNum"):
        levels = {}
        for level in one.iter(f"{_W}lvl"):
            form, start = level.find(f"{_W}numFmt"), level.find(f"{_W}start")
            ordered = form is not None and form.get(f"{_W}val") not in ("bullet", "none")
            levels[whole(level.get(f"{_W}ilvl"))] = (
                ordered,
                _number(start) if start is not None else 1,
            )
        kinds[one.get(f"{_W}abstractNumId", "")] = levels
    found = {}
    for one in root.iter(f"{_W}num"):
        kind = one.find(f"{_W}abstractNumId")
        found[one.get(f"{_W}numId", "")] = kinds.get(kind.get(f"{_W}val", ""), {}) if kind is not None else {}
    return found
