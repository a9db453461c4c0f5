"""Pictures of kinds that models do not take, made into PNG or JPEG: BMP, TIFF, HEIC, AVIF, SVG.

Their decoders are large and see few files: they are run in a confined process only, by the task `picture`.
"""

from __future__ import annotations

import io
import logging
from typing import Any, Final

import msgspec

from chatbench.core.errors import AttachmentRefused
from chatbench.documents.colours import in_srgb
from chatbench.documents.images import (
    MAX_FILE_BYTES,
    OTHER_TYPES,
    plain,
    reading,
    recognise_other,
    refuse_if_too_large,
)

_FORMATS: Final = {"image/bmp": "BMP", "image/tiff": "TIFF", "image/heic": "HEIF", "image/avif": "AVIF"}
_LOSSY: Final = frozenset({"image/heic", "image/avif"})
_MOST_LOSSLESS: Final = 8_000_000
"""Pixels of a picture in colours that becomes a PNG; of more, it would be too large to send."""
_QUALITY: Final = 95


class ConvertedPicture(msgspec.Struct, frozen=True, kw_only=True):
    """A PNG or JPEG, upright, in sRGB, without metadata; `notes` say in words what was left out."""

    data: bytes
    media_type: str
    width: int
    height: int
    notes: tuple[str, ...] = ()


def converted(data: bytes, name: str = "") -> ConvertedPicture:
    """The picture as a PNG where it is lossless and not large, else as a JPEG.

    Raises AttachmentRefused: another kind, too large, or broken.
    """
    media_type = recognise_other(data)
    called = name or "The picture"
    if media_type is None:
        kinds = ", ".join(kind.partition("/")[2].removesuffix("+xml").upper() for kind in OTHER_TYPES)
        raise AttachmentRefused(f"{called} is none of {kinds}.", "Save it as a PNG or JPEG and try again.")
    if len(data) > MAX_FILE_BYTES:
        raise AttachmentRefused(f"{called} is larger than {MAX_FILE_BYTES >> 20} MiB.", "Save it smaller.")
    if media_type == "image/svg+xml":
        return _drawing(data, name)
    with reading(called):
        return _decoded(data, media_type, called)


def _drawing(data: bytes, name: str) -> ConvertedPicture:
    from PIL import Image

    from chatbench.documents import svg

    png = svg.drawn(data, name)
    with Image.open(io.BytesIO(png), formats=["PNG"]) as image:
        refuse_if_too_large(*image.size, name or "The drawing")
        if max(image.size) <= svg.LONGEST_EDGE:
            return ConvertedPicture(data=png, media_type="image/png", width=image.width, height=image.height)
        image.thumbnail((svg.LONGEST_EDGE, svg.LONGEST_EDGE))
        return _saved(image, "PNG", ())


def _decoded(data: bytes, media_type: str, called: str) -> ConvertedPicture:
    from PIL import Image, ImageOps

    _prepare_decoders(media_type)
    with Image.open(io.BytesIO(data), formats=[_FORMATS[media_type]]) as image:
        refuse_if_too_large(*image.size, called)
        frames = int(getattr(image, "n_frames", 1))
        profile = image.info.get("icc_profile")
        image.load()
        ImageOps.exif_transpose(image, in_place=True)
        upright = in_srgb(image if image.mode == "CMYK" else _eight_bits(image), profile)
        upright = plain(upright)
        upright.info = {}
    notes = (f"The first of {frames} pictures in the file.",) if frames > 1 else ()
    transparent = upright.mode == "RGBA" and upright.getchannel("A").getextrema()[0] != 255
    if upright.mode == "RGBA" and not transparent:
        upright = upright.convert("RGB")
    large = upright.mode == "RGB" and upright.width * upright.height > _MOST_LOSSLESS
    lossy = media_type in _LOSSY or large
    return _saved(upright, "JPEG" if lossy and not transparent else "PNG", notes)


def _prepare_decoders(media_type: str) -> None:
    """No more threads than they cannot do without. What they find wrong is said by what they raise."""
    logging.getLogger("PIL").setLevel(logging.CRITICAL)
    if media_type == "image/heic":
        import pi_heif  # type: ignore[import-untyped]

        pi_heif.register_heif_opener(thumbnails=False)
        pi_heif.options.DECODE_THREADS = 1
    elif media_type == "image/avif":
        from PIL import AvifImagePlugin

        AvifImagePlugin.DEFAULT_MAX_THREADS = 1


def _eight_bits(image: Any) -> Any:
    """Measurements as a picture: from the least to the largest."""
    if image.mode != "F":
        return plain(image)
    least, largest = image.getextrema()
    scale = 255 / (largest - least) if largest > least else 0.0
    return image.point(lambda value: value * scale + (-least * scale)).convert("L")


def _saved(image: Any, form: str, notes: tuple[str, ...]) -> ConvertedPicture:
    out = io.BytesIO()
    options = {"quality": _QUALITY} if form == "JPEG" else {}
    image.save(out, form, **options)
    return ConvertedPicture(
        data=out.getvalue(),
        media_type=f"image/{form.lower()}",
        width=image.width,
        height=image.height,
        notes=notes,
    )
