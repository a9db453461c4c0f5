"""Files that others have put into base64, as parts of a message."""

from __future__ import annotations

import base64
import binascii
import mimetypes
import re
import struct
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from chatbench.core.messages import (
    AudioPart,
    Detail,
    FilePart,
    ImagePart,
    InlineData,
    MediaPart,
    MediaSource,
    RemoteUrl,
    VideoPart,
)
from chatbench.documents.images import header_size, recognise
from chatbench.documents.kinds import UNKNOWN, media_type_of

_DATA_URL = re.compile(r"data:([^,;]*)((?:;[^,;]*)*),(.*)\Z", re.DOTALL | re.IGNORECASE)


def bytes_of(text: str) -> bytes | None:
    """What base64 text stands for; None where it is none."""
    try:
        return base64.b64decode(re.sub(r"\s", "", text), validate=True)
    except (binascii.Error, ValueError):
        return None


def data_of(url: str) -> tuple[str, bytes] | None:
    """Media type (may be empty) and bytes of a data URL; None where it is none."""
    found = _DATA_URL.match(url)
    if found is None:
        return None
    encoded = ";base64" in found[2].lower()
    data = bytes_of(found[3]) if encoded else unquote_to_bytes(found[3])
    return None if data is None else (found[1], data)


def media_type_at(url: str) -> str:
    """What the ending of an address says; "" where it says nothing."""
    try:
        return mimetypes.guess_type(urlsplit(url).path)[0] or ""
    except ValueError:
        return ""


def part_of(source: MediaSource, media_type: str, name: str = "", detail: Detail = "") -> MediaPart:
    """A part of the kind that the media type says; of a picture at hand, with its width and height.
    Nothing is decoded: what is damaged shows when it is sent."""
    data = source.data if isinstance(source, InlineData) else b""
    if not media_type and data:
        media_type = media_type_of(data, name)
    if isinstance(source, RemoteUrl) and (not media_type or media_type.endswith("/*")):
        media_type = media_type_at(source.url) or media_type
    about: dict[str, Any] = {"source": source, "media_type": media_type, "name": name, "size": len(data)}
    match media_type.partition("/")[0]:
        case "image":
            width, height = _size_of(data)
            return ImagePart(**about, detail=detail, width=width, height=height)
        case "audio":
            return AudioPart(**about)
        case "video":
            return VideoPart(**about)
    return FilePart(**{**about, "media_type": media_type or UNKNOWN})


def part_at(url: str, media_type: str, name: str = "", detail: Detail = "") -> MediaPart | None:
    """A part of an address, which may be a data URL; None where it is a damaged one."""
    if url[:5].lower() != "data:":
        return part_of(RemoteUrl(url=url), media_type, name, detail)
    found = data_of(url)
    return part_of(InlineData(data=found[1]), found[0] or media_type, name, detail) if found else None


def _size_of(data: bytes) -> tuple[int, int]:
    kind = recognise(data[:16])
    try:
        return header_size(data, kind) if kind else (0, 0)
    except (ValueError, struct.error, IndexError):
        return 0, 0
