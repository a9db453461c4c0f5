"""PDFs made of a PDF: without its password, or with some of its pages."""

from __future__ import annotations

import ctypes

from chatbench.core.errors import AttachmentRefused
from chatbench.documents.pdf.library import opened, pdfium, saved
from chatbench.documents.pdf.text import chosen


def unlocked(data: bytes, password: str, name: str = "") -> bytes:
    """The same document, without a password and without restrictions.

    Raises PasswordNeeded where that is not its password, AttachmentRefused where it cannot be read.
    """
    with opened(data, password, name) as document:
        return saved(document, unlocked=True)


def subset(data: bytes, pages: tuple[int, ...], password: str = "", name: str = "") -> bytes:
    """A document of these pages in that order, without a password; the rest is not in it.

    Raises AttachmentRefused: no pages, one that does not exist, or as `opened`.
    """
    library = pdfium()
    with opened(data, password, name) as document:
        wanted = chosen(document, pages, name)
        if not wanted:
            raise AttachmentRefused("No page is chosen.", "Choose one at least.")
        made = library.FPDF_CreateNewDocument()
        try:
            indices = (ctypes.c_int * len(wanted))(*(number - 1 for number in wanted))
            if not library.FPDF_ImportPagesByIndex(made, document, indices, len(wanted), 0):
                raise AttachmentRefused(
                    f"Pages of {name or 'the PDF'} cannot be taken out of it.",
                    "Send it as a whole, or as text.",
                )
            return saved(made)
        finally:
            library.FPDF_CloseDocument(made)
