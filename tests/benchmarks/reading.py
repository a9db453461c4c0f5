"""Documents and pictures read by our code, to what the libraries below take for the same."""

from __future__ import annotations

import asyncio
import gc
import io
import resource
import subprocess
import sys
import time
from contextlib import aclosing

from PIL import Image, ImageOps
from tests.benchmarks.measuring import interleaved, median
from tests.benchmarks.pdfium import take_text
from tests.benchmarks.rows import Measured
from tests.documents import pdfs, pictures

from chatbench.core.models import ImageLimits
from chatbench.documents import images
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


def photo_12mp_vs_library() -> Measured:
    """CPU time for a JPEG of 12 megapixels made ready for a model that takes 2,048 pixels (judged, decoded,
    turned upright, made smaller, its metadata removed, encoded), to that of Pillow doing no more than these
    steps."""
    data = pictures.photo()
    limits = ImageLimits()

    def ours() -> float:
        began = time.process_time()
        assert images.prepare(data, limits).height == limits.max_edge
        return time.process_time() - began

    def theirs() -> float:
        began = time.process_time()
        with Image.open(io.BytesIO(data)) as image:
            upright = ImageOps.exif_transpose(image)
        upright.thumbnail((limits.max_edge, limits.max_edge))
        upright.save(io.BytesIO(), "JPEG", quality=90)
        return time.process_time() - began

    found, library = map(median, interleaved(ROUNDS, ours, theirs))
    return Measured(found / library, notes=(f"{found * 1000:.0f} and {library * 1000:.0f} ms of CPU time",))


def _spent() -> float:
    """CPU time in seconds of this process and of those that it started and that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)
