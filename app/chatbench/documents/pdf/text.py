"""The text of a PDF, page by page, in the order in which it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from chatbench.core.errors import AttachmentRefused
from chatbench.documents.pdf import PageText
from chatbench.documents.pdf.layout import page_text
from chatbench.documents.pdf.library import Document, filled_page_of, opened, page_count
from chatbench.documents.pdf.lines import Reader

MAX_PAGES: Final = 2_000
"""Pages that are read at a time."""


def text(
    data: bytes,
    pages: tuple[int, ...] | None = None,
    password: str = "",
    name: str = "",
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[PageText]:
    """Reads pages in the order given, all where none are given; values of form fields included.

    Raises AttachmentRefused: no PDF, damaged, its password missing or wrong, more than `MAX_PAGES` at a
    time, a page that does not exist.
    """
    with opened(data, password, name) as document:
        wanted = chosen(document, pages, name)
        reader = Reader()
        for done, number in enumerate(wanted):
            if progress is not None:
                progress(done, len(wanted))
            with filled_page_of(document, number) as page:
                if page is None:
                    yield PageText(number, "", damaged=True)
                else:
                    found = page_text(reader.read(page))
                    yield PageText(number, found, cut=reader.was_cut)


def chosen(document: Document, pages: Sequence[int] | None, name: str) -> Sequence[int]:
    """The pages to be worked on. Raises AttachmentRefused where they are too many or do not exist."""
    count = page_count(document, name)
    wanted = range(1, count + 1) if pages is None else pages
    called = name or "The PDF"
    if len(wanted) > MAX_PAGES:
        raise AttachmentRefused(
            f"{called} has {len(wanted):,} pages; at most {MAX_PAGES:,} are read at a time.", "Choose pages."
        )
    outside = next((number for number in wanted if not 1 <= number <= count), None)
    if outside is not None:
        raise AttachmentRefused(f"{called} has no page {outside}.", f"Choose from 1 to {count}.")
    return wanted
