"""What a PDF is, before anything is made of it: pages, their sizes, text or pictures, a password."""

from __future__ import annotations

import ctypes
from typing import Any, Final

from chatbench.core.errors import PasswordNeeded
from chatbench.documents.pdf import PdfFacts
from chatbench.documents.pdf.library import (
    Document,
    Page,
    opened,
    page_count,
    page_of,
    pdfium,
    sizes,
    title,
)
from chatbench.documents.pdf.lines import Reader

MAX_LOOKED_AT: Final = 2_000
MAX_SIZES: Final = 100_000
_TEXT, _IMAGE, _FORM = 1, 3, 5
_MOST_OBJECTS: Final = 5_000
_DEPTH: Final = 4
_SCANNED_SHARE: Final = 0.5
"""Share of a page that pictures cover where it is a scan."""
_FEW_LETTERS: Final = 40
"""A scan may have a page number or a stamp as text."""


def inspect(data: bytes, password: str = "", name: str = "") -> PdfFacts:
    """The facts of a PDF. A missing or wrong password is a fact (`needs_password`).

    Raises AttachmentRefused for what is no PDF, or is damaged.
    """
    try:
        with opened(data, password, name) as document:
            return _facts(document, name)
    except PasswordNeeded:
        return PdfFacts(encrypted=True, needs_password=True)


def _facts(document: Document, name: str) -> PdfFacts:
    count = page_count(document, name)
    reader = Reader()
    text_pages: list[int] = []
    scanned: list[int] = []
    looked_at = min(count, MAX_LOOKED_AT)
    for number in range(1, looked_at + 1):
        with page_of(document, number) as page:
            if page is None:
                continue
            has_text, is_scan = _contents(reader, page)
            if is_scan:
                scanned.append(number)
            elif has_text:
                text_pages.append(number)
    return PdfFacts(
        pages=count,
        encrypted=pdfium().FPDF_GetSecurityHandlerRevision(document) >= 0,
        sizes=sizes(document, min(count, MAX_SIZES)),
        text_pages=tuple(text_pages),
        scanned_pages=tuple(scanned),
        looked_at=looked_at,
        title=title(document),
    )


def _contents(reader: Reader, page: Page) -> tuple[bool, bool]:
    """Whether the page has text, and whether it is a picture of a page instead."""
    library = pdfium()
    seen = _Seen()
    for index in range(min(_MOST_OBJECTS, library.FPDFPage_CountObjects(page))):
        seen.take(library.FPDFPage_GetObject(page, index), _DEPTH)
    area = library.FPDF_GetPageWidthF(page) * library.FPDF_GetPageHeightF(page)
    if seen.covered < _SCANNED_SHARE * area:
        return seen.texts > 0, False
    return True, not seen.texts or reader.letters(page, _FEW_LETTERS) < _FEW_LETTERS


class _Seen:
    """Text objects counted, and the area of pictures added up, also within groups of objects."""

    def __init__(self) -> None:
        self.texts = 0
        self.covered = 0.0
        self._left = _MOST_OBJECTS
        self._edges = tuple(ctypes.c_float() for _ in range(4))
        self._references = tuple(ctypes.byref(edge) for edge in self._edges)

    def take(self, thing: Any, depth: int) -> None:
        library = pdfium()
        self._left -= 1
        kind = library.FPDFPageObj_GetType(thing)
        if kind == _TEXT:
            self.texts += 1
        elif kind == _IMAGE:
            if library.FPDFPageObj_GetBounds(thing, *self._references):
                left, bottom, right, top = (edge.value for edge in self._edges)
                self.covered += max(0.0, right - left) * max(0.0, top - bottom)
        elif kind == _FORM and depth:
            for index in range(library.FPDFFormObj_CountObjects(thing)):
                if self._left <= 0:
                    break
                self.take(library.FPDFFormObj_GetObject(thing, index), depth - 1)
