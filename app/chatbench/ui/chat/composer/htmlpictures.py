"""The pictures of a piece of HTML from the clipboard: those it has in itself, and those it only names."""

from __future__ import annotations

import base64
import binascii
import mimetypes
import re
from html import unescape
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

_IMAGE: Final = re.compile(r"<img\b[^>]{0,4000}?\bsrc\s*=\s*(\"[^\"]*\"|'[^']*')", re.IGNORECASE)
_DATA: Final = re.compile(r"data:(image/[\w.+-]+)((?:;[\w=-]+)*),", re.IGNORECASE)
_REMOTE: Final = re.compile(r"https?://\S+$", re.IGNORECASE)
_MOST: Final = 20


class Found(NamedTuple):
    """`held` are pictures as (bytes, name), `remote` addresses of the web."""

    held: list[tuple[bytes, str]]
    remote: list[str]


def pictures_in(html: str) -> Found:
    """At most twenty of each; files of this computer that a page names are not looked at."""
    found = Found([], [])
    for match in _IMAGE.finditer(html):
        source = unescape(match[1][1:-1]).strip()
        if source[:5].lower() == "data:":
            held = _held(source, len(found.held) + 1)
            if held is not None and len(found.held) < _MOST:
                found.held.append(held)
        elif _REMOTE.match(source) and source not in found.remote and len(found.remote) < _MOST:
            found.remote.append(source)
    return found


def _held(source: str, number: int) -> tuple[bytes, str] | None:
    """A data: address (RFC 2397) of a picture, which has no name of its own."""
    head = _DATA.match(source)
    if head is None:
        return None
    body = unquote_to_bytes(source[head.end() :])
    if ";base64" in head[2].lower():
        try:
            body = base64.b64decode(body, validate=False)
        except binascii.Error:
            return None
    ending = mimetypes.guess_extension(head[1].lower()) or ""
    return (body, f"Pasted picture {number}{ending}") if body else None
