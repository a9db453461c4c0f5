"""The pages of a PDF as pictures."""

from __future__ import annotations

import ctypes
import io
from collections.abc import Callable, Iterator
from typing import Any, Final, Literal

from chatbench.core.errors import AttachmentRefused
from chatbench.documents.pdf import PagePicture
from chatbench.documents.pdf.library import Page, filled_page_of, opened, pdfium
from chatbench.documents.pdf.text import chosen

DPI: Final = 150
MAX_EDGE: Final = 10_000
MAX_PIXELS: Final = 40_000_000
_ROUNDING: Final = 2 * MAX_EDGE
_POINTS_AN_INCH: Final = 72
_WHITE: Final = 0xFFFFFFFF
_QUALITY: Final = 90
_FORMATS: Final = {"image/png": "PNG", "image/jpeg": "JPEG"}

PictureType = Literal["image/png", "image/jpeg"]


def render(
    data: bytes,
    pages: tuple[int, ...] | None = None,
    dpi: int = DPI,
    target_size: int | None = None,
    password: str = "",
    media_type: PictureType = "image/jpeg",
    name: str = "",
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[PagePicture]:
    """Draws pages in the order given, all where none are given: at `dpi`, but with the longer edge at
    `target_size` pixels at most. What is larger than 40 million pixels is drawn smaller.

    Raises AttachmentRefused: as `text`, or a page that cannot be drawn.
    """
    _check(dpi, target_size)
    with opened(data, password, name) as document:
        wanted = chosen(document, pages, name)
        for done, number in enumerate(wanted):
            if progress is not None:
                progress(done, len(wanted))
            with filled_page_of(document, number) as page:
                picture = _drawn(page, dpi, target_size) if page is not None else None
            if picture is None:
                raise AttachmentRefused(
                    f"Page {number} of {name or 'the PDF'} is damaged and cannot be drawn.", "Leave it out."
                )
            yield PagePicture(
                number=number,
                data=_saved(picture, media_type),
                media_type=media_type,
                width=picture.width,
                height=picture.height,
            )


def thumbnail(data: bytes, page: int = 1, edge: int = 256, password: str = "", name: str = "") -> PagePicture:
    """One page as a small PNG, its longer edge `edge` pixels. Raises AttachmentRefused as `render`."""
    far_more = 100 * _POINTS_AN_INCH
    return next(render(data, (page,), far_more, edge, password, "image/png", name))


def _check(dpi: int, target_size: int | None) -> None:
    if dpi < 1 or (target_size is not None and target_size < 1):
        raise AttachmentRefused("A page has one pixel at least.", "Give dpi and target_size above zero.")


def _drawn(page: Page, dpi: int, target_size: int | None) -> Any:
    """The page on white; None where it has no size or cannot be drawn."""
    from PIL import Image

    library = pdfium()
    width, height = library.FPDF_GetPageWidthF(page), library.FPDF_GetPageHeightF(page)
    if not (0 < width < 1e7 and 0 < height < 1e7):
        return None
    scale = dpi / _POINTS_AN_INCH
    edge = min(MAX_EDGE, target_size or MAX_EDGE)
    scale = min(scale, edge / max(width, height), ((MAX_PIXELS - _ROUNDING) / (width * height)) ** 0.5)
    pixels = max(1, round(width * scale)), max(1, round(height * scale))
    bitmap = library.FPDFBitmap_CreateEx(*pixels, library.FPDFBitmap_BGR, None, 0)
    if not bitmap:
        return None
    try:
        library.FPDFBitmap_FillRect(bitmap, 0, 0, *pixels, _WHITE)
        flags = library.FPDF_ANNOT | library.FPDF_REVERSE_BYTE_ORDER
        library.FPDF_RenderPageBitmap(bitmap, page, 0, 0, *pixels, 0, flags)
        stride = library.FPDFBitmap_GetStride(bitmap)
        data = library.FPDFBitmap_GetBuffer(bitmap)
        size = stride * pixels[1]
        held = ctypes.string_at(data, size)
        return Image.frombytes("RGB", pixels, held, "raw", "RGB", stride)
    finally:
        library.FPDFBitmap_Destroy(bitmap)


def _saved(picture: Any, media_type: PictureType) -> bytes:
    out = io.BytesIO()
    options: dict[str, Any] = {"quality": _QUALITY} if media_type == "image/jpeg" else {"compress_level": 6}
    picture.save(out, _FORMATS[media_type], **options)
    return out.getvalue()
