"""PDFs that mean harm, written by hand: small files that ask for much."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import cache

_TWICE = b"/Filter [/FlateDecode /FlateDecode]"
FONT = b"/Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>"
_FORM = b"/Type /XObject /Subtype /Form /BBox [0 0 600 800] "


def pdf(*objects: bytes) -> bytes:
    """A document of these objects, numbered from 1; the first is its catalogue."""
    out = bytearray(b"%PDF-1.7\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def stream(data: bytes, entries: bytes = b"") -> bytes:
    """An object that holds data."""
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data), entries, data)


@cache
def deflated(piece: bytes, times: int) -> bytes:
    """A piece so many times, deflated twice: some kilobytes for a gibibyte."""
    once = zlib.compressobj(9)
    packed = b"".join(once.compress(piece) for _ in range(times)) + once.flush()
    return zlib.compress(packed, 9)


def page(contents: bytes, *more: bytes, box: bytes = b"0 0 600 800", resources: bytes = b"") -> bytes:
    """One page with these contents (an object) and further objects from number 5 on."""
    about = b"/MediaBox [%s] /Contents 4 0 R /Resources << %s >>" % (box, resources)
    return pdf(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R %s >>" % about,
        contents,
        *more,
    )


def count_of_pages() -> bytes:
    """One page that says it is a milliard."""
    return pdf(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1000000000 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>",
    )


def pages_in_a_ring() -> bytes:
    return pdf(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R 3 0 R] /Count 1000 >>",
        b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Parent 2 0 R /Count 500 >>",
    )


def pages_nested(depth: int = 50_000) -> bytes:
    nodes = [
        b"<< /Type /Pages /Kids [%d 0 R] /Parent %d 0 R /Count 1 >>" % (number + 3, number + 1)
        for number in range(depth)
    ]
    last = b"<< /Type /Page /MediaBox [0 0 9 9] >>"
    return pdf(b"<< /Type /Catalog /Pages 2 0 R >>", *nodes, last)


def blanks() -> bytes:
    """600 mebibytes of blanks as the contents of a page."""
    return page(stream(deflated(b" " * (1 << 20), 600), _TWICE))


def countless_objects() -> bytes:
    """Contents that draw thirty million things."""
    return page(stream(deflated(b"0 0 1 1 re f " * 80_000, 375), _TWICE))


def countless_letters() -> bytes:
    """Ten million letters on one page."""
    piece = b"BT /F 1 Tf 9 9 Td (" + b"a" * 1000 + b") Tj ET "
    return page(stream(deflated(piece, 10_000), _TWICE), resources=FONT)


def laughs(width: int = 10, depth: int = 12) -> bytes:
    """Forms that draw forms that draw forms: a trillion words on one page."""
    inner = b"/Resources << /XObject << /X %d 0 R >> >>"
    forms = [stream(b"/X Do " * width, _FORM + inner % (level + 6)) for level in range(depth)]
    last = stream(b"BT /F 10 Tf 9 9 Td (ha) Tj ET", _FORM + b"/Resources << %s >>" % FONT)
    return page(stream(b"/X Do"), *forms, last, resources=b"/XObject << /X 5 0 R >>")


def form_in_itself() -> bytes:
    own = _FORM + b"/Resources << /XObject << /X 5 0 R >> >>"
    return page(stream(b"/X Do"), stream(b"/X Do /X Do", own), resources=b"/XObject << /X 5 0 R >>")


def immense_page() -> bytes:
    return page(stream(b"1 0 0 rg 0 0 9e8 9e8 re f"), box=b"0 0 9e8 9e8")


def immense_picture(edge: int = 30_000) -> bytes:
    """A picture of a milliard pixels."""
    about = (
        b"/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8 "
        % (edge, edge)
    )
    data = deflated(b"\0" * edge, edge)
    contents = stream(b"600 0 0 800 0 0 cm /X Do")
    return page(contents, stream(data, about + _TWICE), resources=b"/XObject << /X 5 0 R >>")


ALL: dict[str, Callable[[], bytes]] = {
    "a count of pages": count_of_pages,
    "pages in a ring": pages_in_a_ring,
    "pages nested": pages_nested,
    "blanks": blanks,
    "countless objects": countless_objects,
    "countless letters": countless_letters,
    "laughs": laughs,
    "a form in itself": form_in_itself,
    "an immense page": immense_page,
    "an immense picture": immense_picture,
}
