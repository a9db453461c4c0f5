"""PowerPoint presentations: a heading for each slide, its text as lists, tables, alternative texts, notes.

Read here over lxml: python-pptx 1.0 knows nothing of bullets, alternative texts, hidden slides, and the line
breaks and fields between runs, and fails on a level, a link or a kind of placeholder that is off. Written
over it, with all that read from its XML, this file was longer and refused more.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from chatbench.documents.markdown.packages import Package, whole
from chatbench.documents.markdown.writing import Blocks, Converted, count_of, one_line, table

_A: Final = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_P: Final = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_R: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_DECORATION: Final = frozenset({"sldNum", "dt", "ftr", "hdr", "sldImg"})
_DEEPEST: Final = 16


def convert(source: bytes | Path, name: str) -> Converted:
    """A .pptx file as Markdown. Raises AttachmentRefused."""
    package = Package(source, name)
    path = package.main_part()
    relations = package.relations(path)
    listed = package.xml(path).iterfind(f"{_P}sldIdLst/{_P}sldId")
    # Each once: a list that names one again and again is made to keep its reader busy.
    slides = dict.fromkeys(relations.get(one.get(f"{_R}id", ""), ("", "", True))[1] for one in listed)
    blocks = Blocks()
    pictures = hidden = units = 0
    for number, slide in enumerate(slides, 1):
        if slide not in package or blocks.full:
            continue
        root = package.xml(slide)
        if root.get("show") in ("0", "false"):
            hidden += 1
            continue
        units += 1
        pictures += sum(1 for _ in root.iter(f"{_P}pic"))
        _add_slide(blocks, package, slide, root, number)
    notes = []
    if pictures:
        notes.append(f"{count_of(pictures, 'picture was', 'pictures were')} left out.")
    if hidden:
        notes.append(f"{count_of(hidden, 'hidden slide was', 'hidden slides were')} left out.")
    return blocks.converted(package.title(), notes, units)


def _add_slide(blocks: Blocks, package: Package, path: str, root: Any, number: int) -> None:
    relations = package.relations(path)
    links = {key: target for key, (_, target, outside) in relations.items() if outside}
    shapes = list(_shapes(root.find(f"{_P}cSld/{_P}spTree"), 0))
    titles = [one for one in shapes if _placeholder(one) in ("title", "ctrTitle")]
    title = one_line(" ".join(_text(one, links) for one in titles))
    blocks.add(f"## Slide {number}: {title}" if title else f"## Slide {number}")
    for shape in shapes:
        if shape not in titles and _placeholder(shape) not in _DECORATION:
            blocks.extend(_shape(shape, links))
    for kind, target, outside in relations.values():
        if kind == "notesSlide" and not outside and target in package:
            spoken = _notes(package.xml(target))
            blocks.add(f"Notes: {spoken}" if spoken else "")


def _shapes(parent: Any, depth: int) -> Iterator[Any]:
    for one in parent if parent is not None else ():
        kind = one.tag.rpartition("}")[2]
        if kind == "grpSp" and depth < _DEEPEST:
            yield from _shapes(one, depth + 1)
        elif kind in ("sp", "graphicFrame", "pic"):
            yield one


def _placeholder(shape: Any) -> str:
    told = shape.find(f"{_P}nvSpPr/{_P}nvPr/{_P}ph")
    return (told.get("type") or "body") if told is not None else ""


def _shape(shape: Any, links: dict[str, str]) -> Iterator[str]:
    kind = shape.tag.rpartition("}")[2]
    if kind == "pic":
        about = shape.find(f"{_P}nvPicPr/{_P}cNvPr")
        told = one_line(about.get("descr", "")) if about is not None else ""
        yield f"![{told.replace(']', ')')}]" if told else ""
    elif kind == "graphicFrame":
        for found in shape.iter(f"{_A}tbl"):
            rows = found.iterfind(f"{_A}tr")
            yield table([[_plain(cell, links) for cell in row.iterfind(f"{_A}tc")] for row in rows])
    else:
        yield _text(shape, links, listed=_placeholder(shape) in ("body", "obj"))


def _text(shape: Any, links: dict[str, str], *, listed: bool = False) -> str:
    lines = []
    for paragraph in shape.iterfind(f"{_P}txBody/{_A}p"):
        text = _paragraph(paragraph, links)
        if not text.strip():
            continue
        about = paragraph.find(f"{_A}pPr")
        indent = "    " * (min(8, whole(about.get("lvl"))) if about is not None else 0)
        bullet = _bullet(about, listed or bool(indent))
        lines.append(f"{indent}{bullet}{text}" if bullet else text)
    return "\n".join(lines)


def _bullet(about: Any, listed: bool) -> str:
    if about is not None:
        if about.find(f"{_A}buNone") is not None:
            return ""
        if about.find(f"{_A}buAutoNum") is not None:
            return "1. "
        if about.find(f"{_A}buChar") is not None:
            return "- "
    return "- " if listed else ""


def _plain(cell: Any, links: dict[str, str]) -> str:
    return "\n".join(_paragraph(one, links) for one in cell.iterfind(f"{_A}txBody/{_A}p"))


def _paragraph(paragraph: Any, links: dict[str, str]) -> str:
    pieces = []
    for one in paragraph:
        kind = one.tag.rpartition("}")[2]
        if kind == "br":
            pieces.append("\n")
        elif kind in ("r", "fld"):
            pieces.append(_run(one, links))
    return "".join(pieces)


def _run(run: Any, links: dict[str, str]) -> str:
    text = run.findtext(f"{_A}t") or ""
    looks = run.find(f"{_A}rPr")
    core = text.strip()
    if looks is None or not core:
        return text
    bold, italic = looks.get("b") in ("1", "true"), looks.get("i") in ("1", "true")
    mark = "*" * (2 * bold + italic)
    marked = f"{mark}{core}{mark}"
    link = looks.find(f"{_A}hlinkClick")
    target = links.get(link.get(f"{_R}id", ""), "") if link is not None else ""
    if target:
        marked = f"[{marked}]({target.replace(' ', '%20')})"
    before, _, after = text.partition(core)
    return f"{before}{marked}{after}"


def _notes(root: Any) -> str:
    shapes = _shapes(root.find(f"{_P}cSld/{_P}spTree"), 0)
    return "\n".join(_text(one, {}) for one in shapes if _placeholder(one) == "body").strip()
