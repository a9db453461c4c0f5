"""Colours by the profile that a picture carries, converted to sRGB, which everybody takes without one."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_PROFILE_BYTES: Final = 4 * 1024 * 1024
_SPACES: Final = {"RGB": "RGB", "RGBA": "RGB", "P": "RGB", "CMYK": "CMYK"}


def is_srgb(profile: bytes | None, mode: str) -> bool:
    """Whether nothing is lost without the profile: there is none, it is damaged, or it says sRGB."""
    return _other_profile(profile, mode) is None


def in_srgb(image: Image, profile: bytes | None) -> Image:
    """The picture in sRGB; as it is where it is meant so already. Red, green and blue of one in CMYK."""
    source = _other_profile(profile, image.mode)
    if source is None:
        return image
    from PIL import ImageCms

    colours = image.convert("RGB") if image.mode == "RGBA" else image
    target = ImageCms.createProfile("sRGB")
    try:
        converted = ImageCms.profileToProfile(colours, source, target, outputMode="RGB")
    except ImageCms.PyCMSError:
        return image
    assert converted is not None
    converted.info = {}
    if image.mode == "RGBA":
        converted.putalpha(image.getchannel("A"))
    return converted


def _other_profile(profile: bytes | None, mode: str) -> Any:
    """The profile, if it fits the mode and is another than sRGB."""
    if not profile or mode not in _SPACES or len(profile) > MAX_PROFILE_BYTES:
        return None
    from PIL import ImageCms

    try:
        found = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if found.profile.xcolor_space.strip() != _SPACES[mode]:
            return None
        return None if "sRGB" in ImageCms.getProfileDescription(found) else found
    except (ImageCms.PyCMSError, OSError):
        return None
