"""SVG drawn as pixels: nothing outside the file is read, nothing runs, its size is bounded.

resvg draws; it knows neither scripts nor the network. What it would read from the disk is taken out before,
and text that asks for a font that is not there is drawn in one that comes along.
"""

from __future__ import annotations

import io
import re
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from chatbench.core.errors import AttachmentRefused

if TYPE_CHECKING:
    from xml.etree import ElementTree as ET

MAX_BYTES: Final = 20 * 1024 * 1024
MAX_ELEMENTS: Final = 200_000
MAX_DEPTH: Final = 200
SHORTEST_EDGE, LONGEST_EDGE = 1024, 2048
"""Pixels of the longer edge: drawings have none of their own, and are drawn so that they can be read."""

_WITHIN: Final = re.compile(r"\s*(?:#|data:image/(?:png|jpeg|gif|webp);base64,)", re.IGNORECASE)
_LENGTH: Final = re.compile(r"\s*(\d*\.?\d+(?:[eE][-+]?\d+)?)\s*(px|pt|pc|mm|cm|in|em|rem)?\s*")
_UNITS: Final = {
    None: 1.0, "px": 1.0, "pt": 4 / 3, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0, "em": 16.0,
    "rem": 16.0,
}  # fmt: skip
_LARGEST: Final = 1e6


def drawn(data: bytes, name: str = "") -> bytes:
    """The drawing as a PNG on white. Raises AttachmentRefused: no SVG, too large, or not to be drawn."""
    called = name or "The drawing"
    if len(data) > MAX_BYTES:
        raise AttachmentRefused(f"{called} is larger than {MAX_BYTES >> 20} MiB.", "Save it as a PNG.")
    root = _read(data, called)
    for element in root.iter():
        for key in [key for key in element.attrib if key.rpartition("}")[2] == "href"]:
            if not _WITHIN.match(element.attrib[key]):
                del element.attrib[key]
    return _rasterised(root, called)


def _read(data: bytes, called: str) -> ET.Element:
    from xml.etree import ElementTree as ET

    depth = count = 0
    root: ET.Element | None = None
    try:
        # Entities that grow beyond measure are refused by the parser, others outside the file not read.
        for event, element in ET.iterparse(io.BytesIO(data), ("start", "end")):  # noqa: S314
            root = element if root is None else root
            depth += 1 if event == "start" else -1
            count += event == "start"
            if depth > MAX_DEPTH or count > MAX_ELEMENTS:
                raise AttachmentRefused(f"{called} has too many parts to be drawn.", "Save it as a PNG.")
    except (ET.ParseError, ValueError, LookupError) as error:
        raise AttachmentRefused(f"{called} is damaged and cannot be drawn.", "Save it as a PNG.") from error
    if root is None or root.tag.rpartition("}")[2] != "svg":
        raise AttachmentRefused(f"{called} is no drawing.", "It may be named so by mistake.")
    return root


def _rasterised(root: ET.Element, called: str) -> bytes:
    from xml.etree import ElementTree as ET

    import resvg_py

    size = _size(root)
    fitted: dict[str, Any] = {}
    if size is not None:
        edge = min(LONGEST_EDGE, max(SHORTEST_EDGE, round(max(size))))
        fitted = {"width" if size[0] >= size[1] else "height": edge}
        root.set("width", f"{size[0]:g}")
        root.set("height", f"{size[1]:g}")
    text = ET.tostring(root, encoding="unicode")
    try:
        return resvg_py.svg_to_bytes(svg_string=text, background="white", **fitted, **_fonts())
    except ValueError as error:
        raise AttachmentRefused(f"{called} cannot be drawn: {error}", "Save it as a PNG.") from error


def _size(root: ET.Element) -> tuple[float, float] | None:
    """Width and height as the drawing says them; None where it does not."""
    box = [float(one) for one in re.findall(r"-?\d*\.?\d+(?:[eE][-+]?\d+)?", root.get("viewBox", ""))[:4]]
    seen = (box[2], box[3]) if len(box) == 4 and min(box[2:]) > 0 else None
    width, height = _length(root.get("width", "")), _length(root.get("height", ""))
    if width and seen and not height:
        height = width * seen[1] / seen[0]
    elif height and seen and not width:
        width = height * seen[0] / seen[1]
    found = (width, height) if width and height else seen
    if found is None or not 0 < max(found) <= _LARGEST:
        return None
    return found


def _length(text: str) -> float:
    found = _LENGTH.fullmatch(text)
    return float(found[1]) * _UNITS[found[2]] if found else 0.0


def _fonts() -> dict[str, Any]:
    """The family that a drawing means by its general names, and by all that are not there."""
    if sys.platform != "linux":
        return {}
    found = find_spec("ziafont")
    font = Path(found.origin).parent / "fonts" / "DejaVuSans.ttf" if found and found.origin else Path()
    if not font.is_file():
        return {}
    named = dict.fromkeys(("font_family", "serif_family", "sans_serif_family"), "DejaVu Sans")
    return {**named, "monospace_family": "DejaVu Sans Mono", "font_files": [str(font)]}
