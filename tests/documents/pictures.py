"""Real pictures of every kind, made in memory."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from PIL import Image, ImageCms, ImageDraw
from PIL.ExifTags import IFD


def saved(image: Image.Image, form: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def corner(width: int = 120, height: int = 80, mode: str = "RGB") -> Image.Image:
    """White, with a red rectangle top left: which way up it is can be seen."""
    image = Image.new("RGB", (width, height), "white")
    ImageDraw.Draw(image).rectangle((0, 0, width // 3, height // 3), fill="red")
    return image.convert(mode)


def noise(width: int, height: int) -> Image.Image:
    """What cannot be compressed."""
    import random

    return Image.frombytes("RGB", (width, height), random.Random(1).randbytes(width * height * 3))


def exif(orientation: int = 1) -> Image.Exif:
    """With the place and the camera."""
    tags = Image.Exif()
    tags[0x0112] = orientation
    tags[0x010F] = "SpyCam"
    tags.get_ifd(IFD.GPSInfo).update({1: "N", 2: (52.0, 31.0, 12.0)})
    return tags


def swapped_profile() -> bytes:
    """A colour profile in which what is called red is green, and the other way round."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for old, new in ((b"rXYZ", b"????"), (b"gXYZ", b"rXYZ"), (b"????", b"gXYZ")):
        profile = profile.replace(old, new)
    named = profile.replace("sRGB".encode("utf-16-be"), "Swap".encode("utf-16-be"))
    assert named != profile
    return named


def photo(width: int = 4000, height: int = 3000) -> bytes:
    """A JPEG with as much in it as a photograph, lying on its side."""
    grain = Image.effect_noise((width // 8, height // 8), 80).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    turned = (grain, grain.rotate(180), grain.transpose(Image.Transpose.FLIP_TOP_BOTTOM))
    return saved(Image.merge("RGB", turned), "JPEG", quality=90, exif=exif(6))


def animation() -> bytes:
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "green", "blue")]
    return saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=50, loop=0)


def chunk(kind: bytes, data: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def huge_png(width: int, height: int) -> bytes:
    """A header that promises much, and hardly any data."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def segment(marker: int, data: bytes) -> bytes:
    """One segment of a JPEG."""
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def everything() -> dict[str, bytes]:
    """One of each: kind, mode, and what is odd about it."""
    return {
        "png": saved(corner(), "PNG"),
        "png-grey": saved(corner(mode="L"), "PNG"),
        "png-16-bit": saved(Image.linear_gradient("L").convert("I;16").point(lambda v: v * 257), "PNG"),
        "png-bits": saved(corner(mode="1"), "PNG"),
        "png-alpha": saved(Image.new("RGBA", (50, 50), (255, 0, 0, 128)), "PNG"),
        "png-grey-alpha": saved(Image.new("LA", (50, 50), (9, 128)), "PNG"),
        "png-palette": saved(corner(mode="P"), "PNG"),
        "png-palette-transparent": saved(corner(mode="P"), "PNG", transparency=225),
        "png-key-colour": saved(corner(), "PNG", transparency=(255, 255, 255)),
        "png-exif": saved(corner(), "PNG", exif=exif(6)),
        "jpeg": saved(corner(), "JPEG"),
        "jpeg-progressive": saved(corner(), "JPEG", progressive=True),
        "jpeg-grey": saved(corner(mode="L"), "JPEG"),
        "jpeg-cmyk": saved(corner(mode="CMYK"), "JPEG"),
        "jpeg-exif": saved(corner(), "JPEG", exif=exif(6)),
        "mpo": saved(corner(), "MPO", save_all=True, append_images=[corner()]),
        "webp": saved(corner(), "WEBP"),
        "webp-lossless": saved(corner(), "WEBP", lossless=True),
        "webp-alpha": saved(Image.new("RGBA", (50, 50), (255, 0, 0, 128)), "WEBP"),
        "webp-exif": saved(corner(), "WEBP", exif=exif(6)),
        "gif": saved(corner(mode="P"), "GIF"),
        "gif-animated": animation(),
        "one-pixel": saved(Image.new("RGB", (1, 1)), "PNG"),
    }
