"""Documents and pictures read by our code, to what the libraries below take for the same."""

from __future__ import annotations

import asyncio
import gc
import resource
import subprocess
import sys
from contextlib import aclosing

from tests.benchmarks.measuring import interleaved, median
from tests.benchmarks.pdfium import take_text
from tests.benchmarks.rows import Measured
from tests.documents import pdfs

from chatbench.documents.confined import confined_stream
from chatbench.documents.pdf import LIMITS

PAGES = 300
ROUNDS = 7


def pdf_text_vs_library() -> Measured:
    """CPU time for the text of a document of 300 pages, half of them in two columns: of both processes from
    the call to the last page, to that of a process that does nothing but take PDFium's own text of each page
    through pypdfium2. Beside it the same in this process, where all is loaded and memory is at hand."""
    data = pdfs.joined(pdfs.book(PAGES // 2), pdfs.book(PAGES // 2, columns=2))

    def ours() -> float:
        began = _spent()
        asyncio.run(_read(data))
        return _spent() - began

    def theirs() -> float:
        began = _spent()
        subprocess.run([sys.executable, "-m", "tests.benchmarks.pdfium"], input=data, check=True)
        return _spent() - began

    def theirs_warm() -> float:
        began = _spent()
        assert take_text(data) > 1000 * PAGES
        return _spent() - began

    gc.collect()
    found, library, warm = map(median, interleaved(ROUNDS, ours, theirs, theirs_warm))
    notes = (
        f"{found * 1000:.0f} and {library * 1000:.0f} ms of CPU time",
        f"{found / warm:.2f} x of what it takes in a process that has done it before ({warm * 1000:.0f} ms)",
    )
    return Measured(found / library, notes=notes)


async def _read(data: bytes) -> None:
    count = 0
    async with aclosing(confined_stream("pdf_text", data, limits=LIMITS)) as pages:
        async for page in pages:
            count += len(page.text) > 1000
    assert count == PAGES


def _spent() -> float:
    """CPU time in seconds of this process and of those that it started and that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)
