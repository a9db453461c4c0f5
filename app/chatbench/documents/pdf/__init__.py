"""PDFs through PDFium: what they are, their text in reading order, their pages as pictures.

Nothing here is thread-safe, and PDFium has faults of its own: files of strangers are read in a confined
process, by the tasks `pdf_facts`, `pdf_text`, `pdf_pictures`, `pdf_thumbnail`, `pdf_unlocked` and
`pdf_subset`, within `LIMITS`. Pages are counted from 1.
"""

from __future__ import annotations

from typing import Final

import msgspec

from chatbench.documents.frames import Limits

LIMITS: Final = Limits(memory=512 << 20, seconds=60.0, output=512 << 20)
"""Enough for a file of 100 MiB or a page of 40 million pixels; what asks for more shows in a second."""


class PdfFacts(msgspec.Struct, frozen=True, kw_only=True):
    """`sizes` in points as displayed, one for each page (of the first 100,000). `text_pages` have a text
    layer, `scanned_pages` are pictures with no or hardly any text, both among the first `looked_at` pages.
    Where a password is needed, nothing else is known and `pages` is 0."""

    pages: int = 0
    encrypted: bool = False
    needs_password: bool = False
    sizes: tuple[tuple[float, float], ...] = ()
    text_pages: tuple[int, ...] = ()
    scanned_pages: tuple[int, ...] = ()
    looked_at: int = 0
    title: str = ""

    @property
    def is_scan(self) -> bool:
        """Whether most of it would be lost as text."""
        return 2 * len(self.scanned_pages) > self.looked_at


class PageText(msgspec.Struct, frozen=True):
    """One page, from 1. `text` is empty where it has no text layer; `damaged` where it cannot be read, `cut`
    where it has more than the 200,000 characters that are."""

    number: int
    text: str
    damaged: bool = False
    cut: bool = False


class PagePicture(msgspec.Struct, frozen=True, kw_only=True):
    """Page `number` (from 1) as a picture, `width` × `height` pixels."""

    number: int
    data: bytes
    media_type: str
    width: int
    height: int
