"""E-books: the chapters in reading order.

Read here over lxml: ebooklib's licence, the AGPL, does not go with this program's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from chatbench.core.errors import AttachmentRefused
from chatbench.documents.markdown import html
from chatbench.documents.markdown.packages import DAMAGED, Package, resolved
from chatbench.documents.markdown.writing import Blocks, Converted, count_of

_CONTAINER: Final = "META-INF/container.xml"
_DUBLIN: Final = "{http://purl.org/dc/elements/1.1/}"


def convert(source: bytes | Path, name: str) -> Converted:
    """An .epub file as Markdown. Raises AttachmentRefused."""
    package = Package(source, name)
    if "META-INF/rights.xml" in package or "META-INF/license.lcpl" in package:
        raise AttachmentRefused(
            f"{name} is protected against copying.", "Attach an e-book without protection."
        )
    rootfile = package.xml(_CONTAINER).find(".//{*}rootfile")
    path = rootfile.get("full-path", "") if rootfile is not None else ""
    root = package.xml(path)
    folder = path.rpartition("/")[0]
    manifest = {
        one.get("id", ""): (resolved(folder, one.get("href", "")), one.get("properties", ""))
        for one in root.iterfind("{*}manifest/{*}item")
    }
    blocks = Blocks()
    pages: list[html.Page] = []
    chapters = missing = 0
    seen: set[str] = set()
    for reference in root.iterfind("{*}spine/{*}itemref"):
        chapter, properties = manifest.get(reference.get("idref", ""), ("", ""))
        if reference.get("linear") == "no" or "nav" in properties.split() or blocks.full:
            continue
        if chapter not in package or chapter in seen:
            missing += chapter not in package
            continue
        seen.add(chapter)
        page = html.read(package.read(chapter), name, whole=True)
        chapters += bool(page.blocks)
        blocks.extend(page.blocks)
        page.blocks.clear()
        pages.append(page)
    if missing and not chapters:
        raise AttachmentRefused(f"{name} cannot be read: its chapters are missing.", DAMAGED)
    notes = html.notes_of(pages)
    if missing:
        notes.append(f"{count_of(missing, 'chapter is', 'chapters are')} missing.")
    return blocks.converted(root.findtext(f".//{_DUBLIN}title") or "", notes, max(1, chapters))
