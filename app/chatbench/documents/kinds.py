"""What kind of file some bytes are: by the bytes, and by the name only where they leave it open."""

from __future__ import annotations

import mimetypes

from chatbench.documents.images import recognise

UNKNOWN = "application/octet-stream"
_BEGINNINGS = (
    (b"%PDF-", "application/pdf"),
    (b"ID3", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
    (b"OggS", "audio/ogg"),
    (b"FORM", "audio/aiff"),
    (b"\x1aE\xdf\xa3", "video/webm"),
)
_FTYP = {b"M4A ": "audio/mp4", b"M4B ": "audio/mp4", b"qt  ": "video/quicktime"}
_TEXTUAL = frozenset({"application/json", "application/xml", "application/javascript", "application/x-sh"})
_IN_ZIP = ("application/vnd.openxmlformats", "application/vnd.oasis.opendocument", "application/epub+zip")
_HEAD = 4096


def media_type_of(data: bytes, name: str = "") -> str:
    """The media type of a file. `name` decides among kinds of text, and among the documents that
    are zip files; `UNKNOWN` where nothing tells."""
    found = recognise(data[:16]) or _by_beginning(data)
    if found is not None:
        return found
    named = mimetypes.guess_type(name)[0] or ""
    if data[:4] == b"PK\x03\x04":
        return named if named.startswith(_IN_ZIP) else "application/zip"
    if _is_text(data[:_HEAD], whole=len(data) <= _HEAD):
        return named if named.startswith("text/") or named in _TEXTUAL else "text/plain"
    return UNKNOWN


def _by_beginning(data: bytes) -> str | None:
    for beginning, media_type in _BEGINNINGS:
        if data.startswith(beginning):
            return media_type
    if data[:4] == b"RIFF":
        return {b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}.get(data[8:12])
    if data[4:8] == b"ftyp":
        return _FTYP.get(data[8:12], "video/mp4")
    if len(data) > 1 and data[0] == 0xFF and data[1] & 0xE0 == 0xE0 and data[1] & 0x06:
        return "audio/mpeg"
    return None


def _is_text(head: bytes, *, whole: bool) -> bool:
    if b"\x00" in head:
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        # A character that the end of the sample cuts is none of the file's faults.
        return not whole and error.start >= len(head) - 3
    return True
