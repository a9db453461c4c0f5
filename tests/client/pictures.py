"""Pictures for the tests, made here."""

from __future__ import annotations

import io

from PIL import Image


def png(width: int, height: int) -> bytes:
    return encoded(width, height, "PNG")


def encoded(width: int, height: int, kind: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), (200, 30, 90)).save(out, kind)
    return out.getvalue()
