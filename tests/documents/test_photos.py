"""Pictures of other kinds: made into ones that every model takes, upright, in the right colours."""

from __future__ import annotations

import io
import resource
import struct
import sys
import time

import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops
from tests.documents import pictures

from chatbench.core.errors import AttachmentRefused
from chatbench.core.models import ImageLimits
from chatbench.documents import child, images
from chatbench.documents import confined as confining
from chatbench.documents import kinds as kinds_of_files
from chatbench.documents.confined import command, confined
from chatbench.documents.photos import ConvertedPicture, converted

SPACES = b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
SVG = SPACES + b'width="200" height="100">'


def heic(image: Image.Image, **options: object) -> bytes:
    out = io.BytesIO()
    pillow_heif.from_pillow(image).save(out, quality=95, **options)
    return out.getvalue()


def kinds() -> dict[str, bytes]:
    """One of each kind and mode."""
    corner, saved = pictures.corner, pictures.saved
    pages = [corner(mode="L"), corner()]
    return {
        "bmp": saved(corner(), "BMP"),
        "bmp-palette": saved(corner(mode="P"), "BMP"),
        "bmp-bits": saved(corner(mode="1"), "BMP"),
        "tiff": saved(corner(), "TIFF"),
        "tiff-lzw": saved(corner(), "TIFF", compression="tiff_lzw"),
        "tiff-jpeg": saved(corner(), "TIFF", compression="jpeg"),
        "tiff-fax": saved(corner(mode="1"), "TIFF", compression="group4"),
        "tiff-cmyk": saved(corner(mode="CMYK"), "TIFF"),
        "tiff-16-bit": saved(corner(mode="L").convert("I;16").point(lambda v: v * 257), "TIFF"),
        "tiff-measured": saved(corner(mode="L").convert("F"), "TIFF"),
        "tiff-lying": saved(corner().transpose(Image.Transpose.ROTATE_90), "TIFF", exif=pictures.exif(6)),
        "tiff-pages": saved(corner(), "TIFF", save_all=True, append_images=pages),
        "avif": saved(corner(), "AVIF", quality=95),
        "avif-lying": saved(
            corner().transpose(Image.Transpose.ROTATE_90), "AVIF", quality=95, exif=pictures.exif(6)
        ),
        "heic": heic(corner()),
        "heic-lying": heic(corner().transpose(Image.Transpose.ROTATE_90), exif=pictures.exif(6).tobytes()),
        "svg": SVG
        + b'<rect width="100%" height="100%" fill="white"/><rect width="67" height="33" fill="red"/></svg>',
    }


KINDS = kinds()
TYPES = {
    "bmp": "image/bmp",
    "tiff": "image/tiff",
    "avif": "image/avif",
    "heic": "image/heic",
    "svg": "image/svg+xml",
}


def opened(picture: ConvertedPicture) -> Image.Image:
    assert images.recognise(picture.data[:16]) == picture.media_type
    image = Image.open(io.BytesIO(picture.data))
    image.load()
    assert image.size == (picture.width, picture.height)
    return image


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_looks_as_it_was_meant(name: str) -> None:
    data = KINDS[name]
    assert images.recognise_other(data) == TYPES[name.partition("-")[0]]
    assert images.recognise(data[:16]) is None
    assert kinds_of_files.media_type_of(data, "film.mp4") == TYPES[name.partition("-")[0]]
    made = converted(data, name)
    sent = opened(made)
    assert not {"exif", "icc_profile", "comment"} & set(sent.info)
    meant = pictures.corner().resize(sent.size)
    assert sent.size in ((120, 80), (1024, 512))
    grey = {"bmp-bits", "tiff-fax", "tiff-16-bit", "tiff-measured"}
    wanted = meant.convert("1").convert("RGB") if name in {"bmp-bits", "tiff-fax"} else meant
    if name in grey - {"bmp-bits", "tiff-fax"}:
        wanted = meant.convert("L").convert("RGB")
    difference = ImageChops.difference(sent.convert("RGB"), wanted).resize((12, 8), Image.Resampling.BOX)
    allowed = 80 if name == "tiff-measured" else 45
    assert max(high for _, high in difference.getextrema()) < allowed  # type: ignore[misc]
    assert images.prepare(made.data, ImageLimits(max_edge=50)).width == 50


def test_what_loses_nothing_is_kept_so_and_photographs_are_not_blown_up() -> None:
    assert converted(KINDS["bmp"]).media_type == converted(KINDS["tiff-lzw"]).media_type == "image/png"
    assert converted(KINDS["heic"]).media_type == converted(KINDS["avif"]).media_type == "image/jpeg"
    large = converted(pictures.saved(Image.new("RGB", (4000, 2100), "red"), "BMP"))
    assert large.media_type == "image/jpeg"


def test_what_is_transparent_stays_so() -> None:
    glass = Image.new("RGBA", (60, 40), (255, 0, 0, 128))
    for data in (pictures.saved(glass, "TIFF"), pictures.saved(glass, "AVIF"), heic(glass)):
        sent = opened(converted(data))
        assert (sent.mode, sent.format) == ("RGBA", "PNG")
        assert abs(sent.getpixel((9, 9))[3] - 128) < 4  # type: ignore[index]
    assert opened(converted(heic(pictures.corner().convert("RGBA")))).mode == "RGB"


def test_of_many_pages_the_first_is_taken_and_that_is_said() -> None:
    made = converted(KINDS["tiff-pages"])
    assert made.notes == ("The first of 3 pictures in the file.",)
    assert converted(KINDS["tiff"]).notes == ()


@pytest.mark.parametrize("kind", ["TIFF", "AVIF", "HEIC"])
def test_colours_are_those_that_the_profile_means(kind: str) -> None:
    profile = pictures.swapped_profile()
    image = pictures.corner()
    data = (
        heic(image, icc_profile=profile)
        if kind == "HEIC"
        else pictures.saved(image, kind, icc_profile=profile)
    )
    red, green, blue = opened(converted(data)).convert("RGB").getpixel((4, 4))  # type: ignore[misc]
    assert green > 180 > 90 > max(red, blue)


# ---- drawings


def drawing(body: bytes, head: bytes = SVG) -> Image.Image:
    return opened(converted(head + body + b"</svg>")).convert("RGB")


def has(image: Image.Image, colour: tuple[int, int, int]) -> bool:
    return any(found == colour for _, found in image.getcolors(1 << 24) or ())


@pytest.mark.parametrize("family", ["sans-serif", "serif", "monospace", "Nobody Has This", "Helvetica"])
def test_the_words_of_a_drawing_are_drawn(family: str) -> None:
    body = f'<text x="10" y="60" font-size="40" font-family="{family}">Grüße</text>'
    image = drawing(body.encode())
    assert sum(image.convert("L").histogram()[:100]) > 2000


def test_a_drawing_stands_on_white_and_is_large_enough_to_be_read() -> None:
    image = drawing(b'<rect x="100" width="100" height="100" fill="#00f"/>')
    assert image.size == (1024, 512)
    assert (image.getpixel((9, 9)), image.getpixel((1000, 400))) == ((255, 255, 255), (0, 0, 255))


@pytest.mark.parametrize(
    ("about", "size"),
    [
        (b'width="4000" height="10"', (2048, 6)),
        (b'viewBox="0 0 30 60"', (512, 1024)),
        (b'width="10cm" viewBox="0 0 100 50"', (1024, 512)),
        (b'width="100%" height="100%" viewBox="0 0 40 40"', (1024, 1024)),
        (b'width="1500pt" height="1500"', (2000, 1500)),
        (b'width="9e9" height="9e9"', None),
        (b"", None),
    ],
)
def test_a_drawing_has_the_size_that_it_says(about: bytes, size: tuple[int, int] | None) -> None:
    head = b'<svg xmlns="http://www.w3.org/2000/svg" ' + about + b">"
    try:
        image = drawing(b'<rect width="9" height="9"/>', head)
    except AttachmentRefused:
        assert size is None
        return
    assert image.size == size if size else max(image.size) <= 2048


@pytest.mark.parametrize(
    "reference",
    [
        '<image href="{file}" width="200" height="100"/>',
        '<image xlink:href="{file}" width="200" height="100"/>',
        '<image href="file://{file}" width="200" height="100"/>',
        '<image href="../../../../../../../..{file}" width="200" height="100"/>',
        '<filter id="f"><feImage href="{file}"/></filter><rect width="200" height="100" filter="url(#f)"/>',
        (
            '<image href="data:image/svg+xml;utf8,&lt;svg xmlns=&quot;http://www.w3.org/2000/svg&quot;&gt;'
            "&lt;image href=&quot;{file}&quot; width=&quot;200&quot; height=&quot;100&quot;/&gt;&lt;/svg&gt;"
            '" width="200" height="100"/>'
        ),
        '<style>rect {{ fill: url("{file}") }} @import "{file}";</style><rect width="200" height="100"/>',
    ],
)
def test_a_drawing_reads_no_other_file(reference: str, tmp_path: pytest.TempPathFactory) -> None:
    colour = (12, 200, 77)
    file = f"{tmp_path}/secret.png"
    Image.new("RGB", (10, 10), colour).save(file)
    assert not has(drawing(reference.format(file=file).encode()), colour)


def test_a_picture_within_a_drawing_is_drawn() -> None:
    import base64

    inner = base64.b64encode(pictures.saved(Image.new("RGB", (10, 10), (12, 200, 77)), "PNG")).decode()
    body = f'<image xlink:href="data:image/png;base64,{inner}" width="200" height="100"/>'
    assert has(drawing(body.encode()), (12, 200, 77))


ENTITIES = b"<!DOCTYPE svg [" + b"".join(
    b'<!ENTITY e%d "%s">' % (n + 1, b"&e%d;" % n * 10 if n else b"aaaaaaaaaa") for n in range(9)
)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"<svg", "damaged"),
        (b"<svg>", "damaged"),
        (b"<svg xmlns='x'/>", "cannot be drawn"),
        (SVG + b"<g>" * 1000 + b"</g>" * 1000 + b"</svg>", "too many parts"),
        (SVG + b"<g/>" * 200_001 + b"</svg>", "too many parts"),
        (ENTITIES + b"]>" + SVG + b"<text>&e9;</text></svg>", "damaged|cannot be drawn"),
        (
            b'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + SVG + b"<text>&x;</text></svg>",
            "damaged",
        ),
        (SVG + b" " * (20 << 20) + b"</svg>", "larger than 20 MiB"),
    ],
)
def test_a_drawing_that_means_harm_is_refused(data: bytes, said: str) -> None:
    assert images.recognise_other(data) == "image/svg+xml" or data == b"<svg"
    began = time.process_time()
    with pytest.raises(AttachmentRefused, match=said if data != b"<svg" else "none of"):
        converted(data)
    assert time.process_time() - began < 2


def test_drawings_are_told_from_other_text() -> None:
    for data in (
        SVG,
        b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- drawn by hand -->\n" + SVG,
        b'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/x.dtd" [<!ENTITY a "b">]>' + SVG,
        b"<svg:svg xmlns:svg='http://www.w3.org/2000/svg'/>",
    ):
        assert images.recognise_other(data) == "image/svg+xml"
    for data in (b"<html><svg>", b"text <svg>", b"<svgs>", b"<!-- <svg> -->", b""):
        assert images.recognise_other(data) is None
    began = time.process_time()
    assert images.recognise_other(b"<!---->" * 5000) is None
    assert time.process_time() - began < 0.1


# ---- hostile


def immense_bmp(edge: int = 20_000) -> bytes:
    head = struct.pack("<IiiHHIIiiII", 40, edge, edge, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + head


def immense_tiff(edge: int = 20_000) -> bytes:
    entries = ((256, edge), (257, edge), (258, 8), (259, 1), (262, 1), (273, 8), (278, edge), (279, 8))
    body = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(entries)) + body + bytes(4)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (immense_bmp(), "too many pixels"),
        (immense_tiff(), "too many pixels"),
        (KINDS["bmp"][:100], "damaged"),
        (KINDS["tiff"][:100], "damaged"),
        (KINDS["avif"][:100], "damaged"),
        (KINDS["heic"][:100], "damaged"),
        (b"", "none of BMP, TIFF, HEIC, AVIF, SVG"),
        (pictures.saved(pictures.corner(), "PNG"), "none of"),
    ],
)
async def test_what_is_refused_and_why(data: bytes, said: str) -> None:
    with pytest.raises(AttachmentRefused, match=said) as refused:
        await confined("picture", data, "x.png")
    assert str(refused.value).startswith("x.png")
    assert refused.value.hint


def immense_heic() -> bytes:
    """A picture that says it has 400 million pixels."""
    data = KINDS["heic"]
    at = data.index(b"ispe") + 8
    return data[:at] + struct.pack(">II", 20_000, 20_000) + data[at + 8 :]


async def test_a_photograph_that_says_it_is_immense_is_refused_at_once() -> None:
    began = time.monotonic()
    with pytest.raises(AttachmentRefused):
        await confined("picture", immense_heic(), "x.heic")
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("name", ["bmp", "tiff-lzw", "tiff-jpeg", "avif", "heic", "svg"])
@settings(max_examples=25)
@given(data=st.data())
def test_any_damage_is_refused_or_read(name: str, data: st.DataObject) -> None:
    whole = bytearray(KINDS[name])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at : at + 2] = data.draw(st.binary(max_size=4))
        if len(whole) < 20:
            break
    try:
        converted(bytes(whole))
    except AttachmentRefused as refused:
        assert refused.hint  # noqa: PT017 - both ends are right


async def test_the_same_comes_out_of_the_child() -> None:
    for name in ("heic", "avif", "svg", "tiff-pages"):
        assert await confined("picture", KINDS[name], name) == converted(KINDS[name], name)


def most_processes(data: bytes, name: str = "") -> int:
    """In place of a task: how many threads its process and all others of this person may have together."""
    return resource.getrlimit(resource.RLIMIT_NPROC)[0]


@pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux counts threads among the processes that RLIMIT_NPROC limits"
)
@pytest.mark.parametrize(("task", "may_start_threads"), [("picture", True), ("pdf_text", False)])
async def test_the_decoder_of_heic_may_start_its_thread(
    task: str, monkeypatch: pytest.MonkeyPatch, *, may_start_threads: bool
) -> None:
    """Nobody but root is let off the limit, so that it does not show where the tests run as root."""
    here = f"{__name__}:most_processes"
    told = command()
    told[-1] = told[-1].replace(
        "from chatbench",
        f"from chatbench.documents import child; child.TASKS[{task!r}] = {here!r}; from chatbench",
        1,
    )
    monkeypatch.setattr(confining, "command", lambda: told)
    monkeypatch.setitem(child.TASKS, task, here)
    assert (await confined(task, b"") != 0) is may_start_threads
