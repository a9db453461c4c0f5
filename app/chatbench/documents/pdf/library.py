"""PDFium itself: documents and pages opened, and closed again whatever happens.

The bindings are used as they are, without their object layer, which costs a fifth of the time that reading
text takes. All coordinates are points (1/72 inch) from the bottom left of the page as it is stored.
"""

from __future__ import annotations

import ctypes
import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

from chatbench.core.errors import AttachmentRefused, PasswordNeeded

MAX_BYTES: Final = 100 * 1024 * 1024
_HEAD: Final = 1024
_PASSWORD: Final = 4
_SECURITY: Final = 5
_UNSAFE_COUNT: Final = 1_000_000
_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
_MOST_FIELDS: Final = 1_000

Document = Any
Page = Any


@cache
def pdfium() -> Any:
    """The bindings, with the library made ready."""
    bindings = importlib.import_module("pypdfium2_raw")
    bindings.FPDF_InitLibrary()
    _keep_memory()
    return bindings


def _keep_memory() -> None:
    """Lets glibc keep what a page needed for the next one: to give it back to the system and to ask for it
    again costs a third of the time that the text of a document takes."""
    if sys.platform == "linux":
        own = getattr(ctypes.CDLL(None), "mallopt", None)
        if own is not None:
            own(_TRIM_THRESHOLD, 64 << 20)
            own(_MMAP_THRESHOLD, 32 << 20)


@contextmanager
def opened(data: bytes, password: str = "", name: str = "") -> Iterator[Document]:
    """A document, open within. `name` is what it is called in errors.

    Raises PasswordNeeded, or AttachmentRefused for what is no PDF or is too damaged to be one.
    """
    called = name or "The PDF"
    if len(data) > MAX_BYTES:
        raise AttachmentRefused(f"{called} is larger than {MAX_BYTES >> 20} MiB.", "Attach a part of it.")
    if b"%PDF-" not in data[:_HEAD]:
        raise AttachmentRefused(
            f"{called} is not a PDF.", "It may be named so by mistake: open it elsewhere."
        )
    library = pdfium()
    # Only the password as its bytes: encodings differ between old and new files, PDFium tries both.
    document = library.FPDF_LoadMemDocument64(data, len(data), password.encode() if password else None)
    if not document:
        raise _reason(library.FPDF_GetLastError(), called, given=bool(password))
    try:
        yield document
    finally:
        library.FPDF_CloseDocument(document)


def _reason(error: int, called: str, *, given: bool) -> AttachmentRefused:
    if error == _PASSWORD and given:
        return PasswordNeeded(f"That is not the password of {called}.", "Check upper and lower case.")
    if error == _PASSWORD:
        return PasswordNeeded(f"{called} opens with a password only.", "Give its password.")
    if error == _SECURITY:
        return AttachmentRefused(
            f"{called} is protected in a way that cannot be read here.", "Save it without protection."
        )
    return AttachmentRefused(
        f"{called} is damaged and cannot be read.", "Open it elsewhere and save it again."
    )


def page_count(document: Document, name: str = "") -> int:
    """How many pages there are. Raises AttachmentRefused where there are none, or the file lies."""
    count = int(pdfium().FPDF_GetPageCount(document))
    called = name or "The PDF"
    if count < 1:
        raise AttachmentRefused(f"{called} has no pages.", "Open it elsewhere and save it again.")
    if count > _UNSAFE_COUNT:
        raise AttachmentRefused(f"{called} says it has {count:,} pages.", "Attach a part of it.")
    return count


@contextmanager
def page_of(document: Document, number: int) -> Iterator[Page | None]:
    """A page, open within, by its number from 1; None where it is too damaged to be read."""
    library = pdfium()
    page = library.FPDF_LoadPage(document, number - 1)
    if not page:
        yield None
        return
    try:
        yield page
    finally:
        library.FPDF_ClosePage(page)


@contextmanager
def filled_page_of(document: Document, number: int) -> Iterator[Page | None]:
    """As `page_of`, with what is written in the fields of a form as part of the page."""
    with page_of(document, number) as page:
        if page is None or not _has_fields(page):
            yield page
            return
        pdfium().FPDFPage_Flatten(page, 0)
    # What a page holds is read when it is opened.
    with page_of(document, number) as page:
        yield page


def _has_fields(page: Page) -> bool:
    library = pdfium()
    for index in range(min(_MOST_FIELDS, library.FPDFPage_GetAnnotCount(page))):
        annotation = library.FPDFPage_GetAnnot(page, index)
        kind = library.FPDFAnnot_GetSubtype(annotation)
        library.FPDFPage_CloseAnnot(annotation)
        if kind == library.FPDF_ANNOT_WIDGET:
            return True
    return False


def sizes(document: Document, count: int) -> tuple[tuple[float, float], ...]:
    """Width and height of every page as it is displayed, in points; (0, 0) where that is not known."""
    library = pdfium()
    size = library.FS_SIZEF()
    reference = ctypes.byref(size)
    found = []
    for index in range(count):
        known = library.FPDF_GetPageSizeByIndexF(document, index, reference)
        found.append((round(size.width, 2), round(size.height, 2)) if known else (0.0, 0.0))
    return tuple(found)


def title(document: Document) -> str:
    """What the document calls itself; "" where it has no title."""
    library = pdfium()
    length = library.FPDF_GetMetaText(document, b"Title", None, 0)
    buffer = ctypes.create_string_buffer(length)
    library.FPDF_GetMetaText(document, b"Title", buffer, length)
    text = buffer.raw[:length].decode("utf-16-le", "replace")
    return " ".join(text.replace("\0", " ").split())


def saved(document: Document, *, unlocked: bool = False) -> bytes:
    """The document as a file; with `unlocked` one that asks for no password."""
    library = pdfium()
    written = bytearray()

    def write(_self: Any, data: Any, size: int) -> int:
        written.extend(ctypes.string_at(data, size))
        return 1

    target = library.FPDF_FILEWRITE()
    target.version = 1
    target.WriteBlock = type(target.WriteBlock)(write)
    flags = library.FPDF_REMOVE_SECURITY if unlocked else library.FPDF_NO_INCREMENTAL
    if not library.FPDF_SaveAsCopy(document, ctypes.byref(target), flags):
        raise AttachmentRefused("The PDF cannot be written anew.", "Open it elsewhere and save it again.")
    return bytes(written)
