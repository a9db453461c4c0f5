"""Pictures: any bytes are either refused with a reason or read; nothing but the picture is sent."""

from __future__ import annotations

import io
import random
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageCms
from PIL.PngImagePlugin import PngInfo
from tests.documents import pictures

from chatbench.core.errors import AttachmentRefused
from chatbench.core.models import ImageLimits
from chatbench.documents import images
from chatbench.documents.bare import without_metadata

KINDS = pictures.everything()
LIMITS = ImageLimits()
ROOT = Path(__file__).resolve().parents[2]


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def test_kinds_are_told_by_their_first_bytes() -> None:
    for name, data in KINDS.items():
        kind = {"mpo": "jpeg", "one": "png"}.get(name.partition("-")[0], name.partition("-")[0])
        assert images.recognise(data[:16]) == f"image/{kind}"
    for data in (
        b"",
        b"%PDF-1.7",
        b"<svg/>",
        b"BM\0\0",
        b"RIFF\0\0\0\0WAVE",
        b"II*\0",
        b"\0\0\0\x18ftypheic",
    ):
        assert images.recognise(data) is None


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_is_read_and_made_ready(name: str) -> None:
    data = KINDS[name]
    facts = images.inspect(data, name)
    shown = opened(data)
    sideways = name.endswith("exif")
    assert (facts.width, facts.height) == (shown.size[::-1] if sideways else shown.size)
    assert facts.size == len(data)
    ready = images.prepare(data, LIMITS, name)
    sent = opened(ready.data)
    assert sent.size == (ready.width, ready.height) == (facts.width, facts.height)
    assert images.recognise(ready.data[:16]) == ready.media_type
    assert sent.mode in ("1", "L", "LA", "P", "RGB", "RGBA")
    small = opened(images.thumbnail(data, 20, 30))
    assert (small.size, small.format) == ((20, 30), "PNG")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_stands_upright(kind: str, orientation: int) -> None:
    """As the camera meant it, in the thumbnail too."""
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    meant = pictures.corner()
    lying = meant.transpose(turns[orientation]) if orientation in turns else meant
    data = pictures.saved(lying, kind, exif=pictures.exif(orientation))
    facts = images.inspect(data)
    assert (facts.width, facts.height) == meant.size
    sent = opened(images.prepare(data, LIMITS).data).convert("RGB")
    difference = ImageChops.difference(sent, meant).resize((12, 8), Image.Resampling.BOX)
    assert max(high for _, high in difference.getextrema()) < 40  # type: ignore[misc]
    red, _, blue = opened(images.thumbnail(data, 120, 80)).convert("RGB").getpixel((10, 10))  # type: ignore[misc]
    assert red > 200 > 60 > blue


def with_everything(kind: str) -> bytes:
    """A picture with a place, a comment, a description, and something behind its end."""
    tags = pictures.exif()
    if kind == "PNG":
        info = PngInfo()
        info.add_text("Author", "Secret Person")
        info.add_itxt("XML:com.adobe.xmp", "<x>Secret Person</x>")
        plain = pictures.saved(
            pictures.corner(), kind, exif=tags, pnginfo=info, icc_profile=b"Secret profile"
        )
        late = pictures.chunk(b"tEXt", b"Comment\0Secret late") + pictures.chunk(b"prIv", b"Secret private")
        at = plain.rindex(b"IEND") - 4
        plain = plain[:at] + late + plain[at:]
    elif kind == "JPEG":
        plain = pictures.saved(
            pictures.corner(), kind, exif=tags, comment=b"Secret comment", xmp=b"Secret xmp",
            icc_profile=b"Secret profile",
        )  # fmt: skip
        own = b"".join(pictures.segment(0xE0 + n, b"Secret app") for n in (0, 4, 11, 13, 15))
        plain = plain[:2] + own + plain[2:]
    else:
        plain = pictures.saved(
            pictures.corner(), kind, exif=tags, xmp=b"Secret xmp", icc_profile=b"Secret profile"
        )
    return plain + b"Secret film"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("edge", [2048, 60])
def test_nothing_but_the_picture_is_sent(kind: str, edge: int) -> None:
    """As it is and made smaller: no place, no camera, no words, nothing behind the end."""
    data = with_everything(kind)
    assert b"SpyCam" in data
    assert data.count(b"Secret") >= 3
    ready = images.prepare(data, ImageLimits(max_edge=edge))
    assert b"Secret" not in ready.data
    assert b"SpyCam" not in ready.data
    sent = opened(ready.data)
    assert not sent.getexif()
    assert not {"comment", "xmp", "icc_profile", "Author", "Comment", "exif"} & set(sent.info)


@pytest.mark.parametrize(
    "name", [n for n in KINDS if n.startswith(("png", "jpeg", "webp", "one")) and "exif" not in n]
)
def test_taking_metadata_out_changes_no_pixel(name: str) -> None:
    data = KINDS[name]
    media_type = images.recognise(data[:16]) or ""
    bare = without_metadata(data, media_type)
    assert bare is not None
    before, after = opened(data), opened(bare)
    assert (before.mode, before.size) == (after.mode, after.size)
    assert before.convert("RGBA").tobytes() == after.convert("RGBA").tobytes()
    assert without_metadata(bare, media_type) == bare


def test_a_plain_picture_is_sent_as_it_is() -> None:
    """No loss and no time for what needs neither."""
    for name in ("png", "jpeg-progressive", "webp", "webp-alpha"):
        assert images.prepare(KINDS[name], LIMITS).data == KINDS[name]


def test_sixteen_bits_become_eight_and_not_white() -> None:
    sent = opened(images.prepare(KINDS["png-16-bit"], LIMITS).data)
    assert sent.mode == "L"
    assert [sent.getpixel((0, row)) for row in (0, 64, 128, 255)] == [0, 64, 128, 255]


def test_printers_colours_become_the_screens() -> None:
    sent = opened(images.prepare(KINDS["jpeg-cmyk"], LIMITS).data)
    assert sent.mode == "RGB"
    red, green, blue = sent.getpixel((5, 5))  # type: ignore[misc]
    assert red > 200 > 60 > max(green, blue)


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("PNG", "RGB"), ("PNG", "RGBA"), ("PNG", "P"), ("JPEG", "RGB"), ("WEBP", "RGB"), ("WEBP", "RGBA")],
)
@pytest.mark.parametrize("edge", [2048, 60])
def test_colours_are_those_that_the_profile_means(kind: str, mode: str, edge: int) -> None:
    """As it is and made smaller: without its profile it looks as it did with it."""
    data = pictures.saved(pictures.corner(mode=mode), kind, icc_profile=pictures.swapped_profile())
    ready = images.prepare(data, ImageLimits(max_edge=edge))
    sent = opened(ready.data)
    assert "icc_profile" not in sent.info
    red, green, blue, alpha = sent.convert("RGBA").getpixel((4, 4))  # type: ignore[misc]
    assert green > 180 > 90 > max(red, blue)
    assert alpha == 255


def test_a_profile_that_says_srgb_costs_nothing() -> None:
    """Neither a loss by encoding anew, nor is it sent."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain = pictures.saved(pictures.corner(), "JPEG")
    assert (
        images.prepare(pictures.saved(pictures.corner(), "JPEG", icc_profile=profile), LIMITS).data == plain
    )


@pytest.mark.parametrize("name", ["png-palette-transparent", "png-key-colour", "png-alpha", "webp-alpha"])
def test_what_is_transparent_stays_so_when_made_smaller(name: str) -> None:
    sent = opened(images.prepare(KINDS[name], ImageLimits(max_edge=20)).data)
    assert sent.mode == "RGBA"
    assert min(sent.getchannel("A").tobytes()) < 255


def test_an_animation_sends_its_first_frame() -> None:
    ready = images.prepare(KINDS["gif-animated"], LIMITS)
    assert ready.media_type == "image/png"
    assert opened(ready.data).convert("RGB").getpixel((5, 5)) == (255, 0, 0)


@pytest.mark.parametrize("name", [n for n in KINDS if n != "one-pixel"])
@settings(max_examples=8)
@given(edge=st.integers(8, 200), kind=st.sampled_from(["image/png", "image/jpeg", "image/webp"]))
def test_limits_are_kept(name: str, edge: int, kind: str) -> None:
    ready = images.prepare(KINDS[name], ImageLimits(max_edge=edge, media_types=(kind, "image/jpeg")))
    assert max(ready.width, ready.height) <= edge
    assert ready.media_type in (kind, "image/jpeg", "image/png")


def test_bytes_are_kept_to() -> None:
    """First worse, then smaller; what cannot be made small enough is refused with the reason."""
    photo = pictures.saved(pictures.noise(800, 600), "PNG")
    ready = images.prepare(photo, ImageLimits(max_bytes=40_000))
    assert len(ready.data) <= 40_000
    assert ready.media_type == "image/jpeg"
    with pytest.raises(AttachmentRefused, match="cannot be made smaller"):
        images.prepare(photo, ImageLimits(max_bytes=100))


def test_a_long_strip_keeps_a_pixel_of_width() -> None:
    strip = pictures.saved(Image.new("RGB", (1, 9000), "red"), "PNG")
    ready = images.prepare(strip, ImageLimits(max_edge=100))
    assert (ready.width, ready.height) == (1, 100)


# Hostile


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (pictures.huge_png(20_000, 10_000), "200 million"),
        (b"GIF89a" + struct.pack("<HH", 20_000, 10_000) + bytes(20), "200 million"),
        (pictures.huge_png(0, 10), "damaged"),
        (pictures.huge_png(100, 100), "damaged"),
        (b"", "not a PNG"),
        (b"MZ\x90", "not a PNG"),
        (KINDS["png"][:60], "damaged"),
        (KINDS["jpeg"][:100], "damaged"),
        (KINDS["webp"][:40], "damaged"),
        (KINDS["gif"][:12], "damaged"),
    ],
)
def test_what_is_refused_and_why(data: bytes, said: str) -> None:
    for act in (
        lambda: images.inspect(data, "x.png"),
        lambda: images.prepare(data, LIMITS, "x.png"),
        lambda: images.thumbnail(data, 9, 9, "x.png"),
    ):
        with pytest.raises(AttachmentRefused, match=said) as caught:
            act()
        assert str(caught.value).startswith("x.png")
        assert caught.value.hint


def test_a_size_that_only_the_decoder_finds_is_refused_too() -> None:
    """A second frame header, behind the one that was looked at."""
    data = bytearray(KINDS["jpeg"])
    at = data.index(b"\xff\xc0")
    liar = bytes(data[:at]) + pictures.segment(0xC0, bytes([8, 0, 9, 0, 9, 1, 1, 0x11, 0])) + bytes(data[at:])
    grown = bytearray(liar)
    real = grown.rindex(b"\xff\xc0")
    grown[real + 5 : real + 9] = struct.pack(">HH", 12_000, 12_000)
    with pytest.raises(AttachmentRefused, match="144 million"):
        images.inspect(bytes(grown))


@settings(max_examples=300)
@given(st.binary(max_size=300))
def test_any_bytes_are_refused_or_read(tail: bytes) -> None:
    for head in (b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"RIFF\x40\0\0\0WEBPVP8X"):
        judged(head + tail)


def judged(data: bytes) -> None:
    for act in (images.inspect, lambda d: images.prepare(d, LIMITS), lambda d: images.thumbnail(d, 9, 9)):
        try:
            act(data)
        except AttachmentRefused:
            continue
    for media_type in ("image/png", "image/jpeg", "image/webp"):
        without_metadata(data, media_type)


@pytest.mark.parametrize("name", KINDS)
def test_any_damage_is_refused_or_read(name: str) -> None:
    chance = random.Random(name)
    for _ in range(60):
        data = bytearray(KINDS[name])
        for _ in range(chance.choice((1, 2, 8))):
            at = chance.randrange(len(data) + 1)
            match chance.randrange(4):
                case 0:
                    data[at : at + 1] = chance.randbytes(1)
                case 1:
                    del data[at:]
                case 2:
                    data[at:at] = chance.randbytes(chance.randrange(20))
                case _:
                    del data[at : at + chance.randrange(20)]
        judged(bytes(data))


@pytest.mark.skipif(sys.platform != "linux", reason="resident memory as Linux tells it")
def test_memory_is_bounded() -> None:
    """The largest picture that is read, all of it transparent, costs two decoded copies and little more."""
    code = """
import io, resource, sys
from PIL import Image
from chatbench.core.models import ImageLimits
from chatbench.documents import images
Image.MAX_IMAGE_PIXELS = None
out = io.BytesIO()
Image.new("RGBA", (9400, 9400), (1, 2, 3, 4)).save(out, "PNG", compress_level=1)
data = out.getvalue()
limit = int(sys.argv[1]) * 1024 * 1024
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
ready = images.prepare(data, ImageLimits())
print(ready.width, ready.height)
"""
    megabytes = 9400 * 9400 * 4 // 1024 // 1024
    done = subprocess.run(
        [sys.executable, "-c", code, str(megabytes * 2 + 300)],
        env={"PYTHONPATH": str(ROOT / "app"), "PATH": ""}, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.stdout == "2048 2048\n", done.stderr[-500:]


def test_what_is_small_enough_is_not_touched_by_resizing() -> None:
    commented = pictures.saved(pictures.corner(60, 40), "JPEG", comment=b"mine")
    assert images.resized(commented, 60) is commented
    smaller = images.resized(commented, 30)
    assert opened(smaller).size == (30, 20)
    assert b"mine" not in smaller
