"""Pictures: recognised by their first bytes, decoded within limits, shrunk, metadata removed.

Only PNG, JPEG, WebP and GIF are ever decoded here; `photos` makes them of other kinds. The size is read from
the header before the decoder sees the file, and again from what the decoder made of it; more than 89 million
pixels (where Pillow itself begins to warn) are refused, whatever the file weighs. Pillow is imported on first
use.
"""

from __future__ import annotations

import io
import re
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from chatbench.core.errors import AttachmentRefused
from chatbench.core.models import ImageLimits
from chatbench.documents.bare import without_metadata
from chatbench.documents.colours import in_srgb, is_srgb

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_PIXELS = 89_000_000
MAX_FILE_BYTES = 100 * 1024 * 1024
MEDIA_TYPES = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "WEBP": "image/webp",
    "GIF": "image/gif",
}
OTHER_TYPES = ("image/bmp", "image/tiff", "image/heic", "image/avif", "image/svg+xml")
"""Read by way of `photos.converted` only."""
_FORMATS = {media_type: name for name, media_type in MEDIA_TYPES.items()}
_QUALITIES = (90, 80, 70, 60, 45)
_BMP_HEADERS = frozenset(size.to_bytes(4, "little") for size in (12, 40, 52, 56, 64, 108, 124))
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_SVG_HEAD = 8192
_SVG = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*+(?><\?xml[^>]*>\s*)?"
    rb"(?:(?><!--.*?-->)\s*+|(?><!DOCTYPE\s+svg[^\[>]*(?:\[.*?\]\s*)?>)\s*+)*+<(?:svg:)?svg[\s>]",
    re.DOTALL | re.IGNORECASE,
)
_ORIENTATION = 0x0112  # of EXIF: 1 is upright, 5 to 8 lie on their side


class ImageFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the header says: pixels as displayed (orientation applied), bytes."""

    media_type: str
    width: int
    height: int
    size: int


class ReadyImage(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent: `data` of `media_type`, without metadata, within the limits asked for."""

    data: bytes
    media_type: str
    width: int
    height: int


def recognise(head: bytes) -> str | None:
    """The media type by the first 16 bytes; None for anything that is not one of the four."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "image/gif"
    return None


def recognise_other(data: bytes) -> str | None:
    """The media type of a picture that is to be converted first, by its beginning; None for the four
    kinds that are not, and for all that is no picture."""
    if data[:2] == b"BM" and data[14:18] in _BMP_HEADERS:
        return "image/bmp"
    if data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "image/tiff"
    if data[4:8] == b"ftyp":
        brands = {data[8:12], *(data[at : at + 4] for at in range(16, min(data[3], 64), 4))}
        if brands & {b"avif", b"avis"}:
            return "image/avif"
        return "image/heic" if brands & _HEIF_BRANDS else None
    return "image/svg+xml" if _SVG.match(data[:_SVG_HEAD]) else None


def inspect(data: bytes, name: str = "") -> ImageFacts:
    """Reads the header and decodes every pixel once, so that a broken file is found now.

    Raises AttachmentRefused: not a picture of the four kinds, too large, or broken.
    """
    with _opened(data, name) as image:
        width, height = _displayed_size(image)
        image.load()
        return ImageFacts(media_type=_media_type(data), width=width, height=height, size=len(data))


def prepare(data: bytes, limits: ImageLimits, name: str = "") -> ReadyImage:
    """The picture as a model takes it: orientation applied, metadata removed, edge and bytes
    within `limits`; of an animation its first frame. It is encoded anew only where it must be.

    Raises AttachmentRefused where it cannot be read or cannot be made to fit.
    """
    media_type = _media_type(data)
    with _opened(data, name) as image:
        bare = None
        if max(image.size) <= limits.max_edge and media_type in limits.media_types:
            image.load()
            bare = without_metadata(data, media_type) if _as_a_model_takes_it(image, media_type) else None
        if bare is not None and len(bare) <= limits.max_bytes:
            return ReadyImage(data=bare, media_type=media_type, width=image.width, height=image.height)
        return _encode(_upright(image, limits.max_edge), media_type, limits, name)


def resized(data: bytes, max_edge: int, name: str = "") -> bytes:
    """The picture with its longer edge at `max_edge` pixels at most; one that is small enough
    stays as it is, byte by byte. Raises AttachmentRefused where it cannot be read."""
    facts = inspect(data, name)
    if max(facts.width, facts.height) <= max_edge:
        return data
    return prepare(data, ImageLimits(max_bytes=MAX_FILE_BYTES, max_edge=max_edge), name).data


def _as_a_model_takes_it(image: Any, media_type: str) -> bool:
    """Eight bits a channel, the right way up, still, and in the colours that are meant without a profile."""
    if not is_srgb(image.info.get("icc_profile"), image.mode):
        return False
    still = media_type == "image/jpeg" or not getattr(image, "is_animated", False)
    plain = image.mode in ("1", "L", "LA", "P", "PA", "RGB", "RGBA")
    return still and plain and image.getexif().get(_ORIENTATION, 1) == 1


def thumbnail(data: bytes, width: int, height: int, name: str = "") -> bytes:
    """A PNG that covers `width` × `height` pixels, cropped at the centre.

    Raises AttachmentRefused where the picture cannot be read.
    """
    from PIL import ImageOps

    with _opened(data, name) as image:
        image.draft("RGB", (width * 2, height * 2))
        ImageOps.exif_transpose(image, in_place=True)
        upright = plain(image)
        fitted = ImageOps.fit(upright, (width, height))
        out = io.BytesIO()
        fitted.save(out, "PNG", compress_level=1)
        return out.getvalue()


@contextmanager
def _opened(data: bytes, name: str) -> Iterator[Any]:
    from PIL import Image

    called = name or "The picture"
    if len(data) > MAX_FILE_BYTES:
        raise AttachmentRefused(
            f"{called} is larger than {MAX_FILE_BYTES // 1024 // 1024} MiB.",
            "Save it smaller and try again.",
        )
    media_type = recognise(data[:16])
    if media_type is None:
        raise AttachmentRefused(
            f"{called} is not a PNG, JPEG, WebP or GIF picture.",
            "Save it as one of these and try again.",
        )
    with reading(called):
        refuse_if_too_large(*header_size(data, media_type), called)
        with Image.open(io.BytesIO(data), formats=[_FORMATS[media_type]]) as image:
            refuse_if_too_large(*image.size, called)
            yield image


@contextmanager
def reading(called: str) -> Iterator[None]:
    """What decoders raise within becomes AttachmentRefused."""
    from PIL import Image, UnidentifiedImageError

    try:
        # Said of broken files, to nobody who could do anything about it.
        warnings.filterwarnings("ignore", module=r"PIL\.|chatbench\.documents")
        yield
    except MemoryError as error:
        raise AttachmentRefused(
            f"{called} needs more memory than there is.", "Save it smaller and try again."
        ) from error
    except Image.DecompressionBombError as error:
        raise _too_many_pixels(called) from error
    except (
        UnidentifiedImageError,
        RuntimeError,
        struct.error,
        zlib.error,
        OSError,
        EOFError,
        SyntaxError,
        ValueError,
        LookupError,
        OverflowError,
    ) as error:
        raise AttachmentRefused(
            f"{called} is damaged and cannot be read.", "Open it elsewhere and save it again."
        ) from error


def refuse_if_too_large(width: int, height: int, called: str) -> None:
    """Raises AttachmentRefused for more than `MAX_PIXELS`."""
    if width * height > MAX_PIXELS:
        raise _too_many_pixels(called, f" ({width * height // 1_000_000} million)")


def _too_many_pixels(called: str, how_many: str = "") -> AttachmentRefused:
    return AttachmentRefused(
        f"{called} has too many pixels{how_many}.",
        f"At most {MAX_PIXELS // 1_000_000} million are read. Save it smaller.",
    )


def _media_type(data: bytes) -> str:
    """By the first bytes: Pillow has other names for some JPEGs (with a second picture behind)."""
    return recognise(data[:16]) or ""


def header_size(data: bytes, media_type: str) -> tuple[int, int]:
    """Width and height in pixels as stored, from the header alone.

    Raises ValueError or struct.error where the header is cut or makes no sense.
    """
    if media_type == "image/png":
        width, height = struct.unpack_from(">II", data, 16)
    elif media_type == "image/gif":
        width, height = struct.unpack_from("<HH", data, 6)
    elif media_type == "image/webp":
        width, height = _webp_size(data)
    else:
        width, height = _jpeg_size(data)
    if width < 1 or height < 1:
        raise ValueError("a picture without pixels")
    return width, height


def _webp_size(data: bytes) -> tuple[int, int]:
    kind = data[12:16]
    if kind == b"VP8X":
        return (
            1 + int.from_bytes(data[24:27], "little"),
            1 + int.from_bytes(data[27:30], "little"),
        )
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF


def _jpeg_size(data: bytes) -> tuple[int, int]:
    at = 2
    while at + 9 <= len(data):
        if data[at] != 0xFF:
            raise ValueError("not a JPEG marker")
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:
            at += 2
            continue
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        (length,) = struct.unpack_from(">H", data, at + 2)
        at += 2 + max(2, length)
    raise ValueError("no frame in this JPEG")


def _displayed_size(image: Image) -> tuple[int, int]:
    sideways = image.getexif().get(_ORIENTATION, 1) in (5, 6, 7, 8)
    return (image.height, image.width) if sideways else (image.width, image.height)


def _upright(image: Image, max_edge: int) -> Image:
    from PIL import ImageOps

    if max(image.size) > 2 * max_edge:
        image.draft("RGB", (max_edge, max_edge))
    ImageOps.exif_transpose(image, in_place=True)
    profile = image.info.get("icc_profile")
    upright = image if image.mode == "CMYK" else plain(image)
    upright.info = {}
    if max(upright.size) > max_edge:
        scale = max_edge / max(upright.size)
        size = (max(1, round(upright.width * scale)), max(1, round(upright.height * scale)))
        upright = upright.resize(size, reducing_gap=2.0)
    return plain(in_srgb(upright, profile))


def plain(image: Image) -> Image:
    """Eight bits a channel, with transparency where there is any."""
    if image.mode.startswith("I"):
        # Converted directly, all that is above 255 would become white.
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.mode in ("LA", "PA") or "transparency" in image.info:
        return image.convert("RGBA")
    return image if image.mode in ("RGB", "RGBA", "L") else image.convert("RGB")


def _encode(image: Image, media_type: str, limits: ImageLimits, name: str) -> ReadyImage:
    if media_type not in limits.media_types or media_type == "image/gif":
        media_type = "image/png"
    if image.mode == "RGBA" and media_type == "image/jpeg":
        media_type = "image/png"
    for candidate in _candidates(image, media_type, limits):
        if len(candidate.data) <= limits.max_bytes:
            return candidate
    raise AttachmentRefused(
        f"{name or 'The picture'} cannot be made smaller than "
        f"{limits.max_bytes // 1024} KiB, which is what the model takes.",
        "Crop it, or choose another model.",
    )


def _candidates(image: Image, media_type: str, limits: ImageLimits) -> Iterator[ReadyImage]:
    """First the kind it is, then JPEG in falling quality, then ever smaller."""
    if media_type != "image/jpeg":
        yield _saved(image, media_type, 90)
    flat = _flattened(image)
    while True:
        for quality in _QUALITIES:
            yield _saved(flat, "image/jpeg", quality)
        if max(flat.size) <= 64:
            return
        flat = flat.resize((max(1, flat.width * 3 // 4), max(1, flat.height * 3 // 4)))


def _flattened(image: Image) -> Image:
    from PIL import Image as Pictures

    if image.mode != "RGBA":
        return image if image.mode in ("RGB", "L") else image.convert("RGB")
    page = Pictures.new("RGB", image.size, (255, 255, 255))
    page.paste(image, mask=image.getchannel("A"))
    return page


def _saved(image: Image, media_type: str, quality: int) -> ReadyImage:
    out = io.BytesIO()
    options: dict[str, Any] = {} if media_type == "image/png" else {"quality": quality}
    image.save(out, _FORMATS[media_type], **options)
    return ReadyImage(data=out.getvalue(), media_type=media_type, width=image.width, height=image.height)
