"""PDFium's own text of a document, through pypdfium2 as its users call it.

`python -m tests.benchmarks.pdfium` takes it of the document on its standard input and does nothing else.
"""

from __future__ import annotations

import sys

import pypdfium2


def take_text(data: bytes) -> int:
    """Takes the text of every page; how many characters that is."""
    document = pypdfium2.PdfDocument(data)
    count = 0
    for page in document:
        words = page.get_textpage()
        count += len(words.get_text_range())
        words.close()
        page.close()
    document.close()
    return count


if __name__ == "__main__":
    sys.exit(take_text(sys.stdin.buffer.read()) == 0)
