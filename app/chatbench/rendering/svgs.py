"""SVG that a model wrote, made safe to draw: rebuilt from what is known, bounded in what it costs.

What is not in the lists below is left out: scripts, styles that reach out, pictures, filters, masks,
animation, links. Entities, and whatever would take long to draw, are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Final

from chatbench.core.errors import ChatbenchError

if TYPE_CHECKING:
    from xml.etree import ElementTree as ET

MAX_CHARS: Final = 400_000
MAX_ELEMENTS: Final = 5_000
MAX_DRAWN: Final = 20_000
"""Elements that are drawn once every ``use`` has put its own in."""
MAX_DEPTH: Final = 64
MAX_NUMBER: Final = 1e6
MAX_TEXT: Final = 20_000
MAX_EDGE: Final = 4_096.0

_SVG: Final = "http://www.w3.org/2000/svg"
_XLINK: Final = "http://www.w3.org/1999/xlink"
_ELEMENT_NAMES: Final = (
    "svg g path rect circle ellipse line polyline polygon text tspan defs linearGradient radialGradient stop"
    " use symbol title desc clipPath marker switch a"
)
_ATTRIBUTE_NAMES: Final = (
    "id class x y x1 y1 x2 y2 cx cy r rx ry fx fy d points width height viewBox preserveAspectRatio transform"
    " gradientTransform gradientUnits spreadMethod offset fill stroke fill-opacity stroke-opacity opacity"
    " fill-rule clip-rule clip-path clipPathUnits stroke-width stroke-linecap stroke-linejoin"
    " stroke-miterlimit stroke-dasharray stroke-dashoffset stop-color stop-opacity color display visibility"
    " font-family font-size font-style font-weight text-anchor dominant-baseline dx dy style marker-start"
    " marker-mid marker-end markerWidth markerHeight markerUnits refX refY orient vector-effect href"
)
_ELEMENTS: Final = frozenset(_ELEMENT_NAMES.split())
_ATTRIBUTES: Final = frozenset(_ATTRIBUTE_NAMES.split())
_REACHES_OUT = re.compile(r"url\s*\(\s*['\"]?\s*(?!#)|@|expression|javascript:|\\", re.IGNORECASE)
_DROPPED_STYLE = re.compile(
    r"(?:^|;)\s*(?:filter|mask|stroke-dasharray|background[\w-]*|behavior)\s*:[^;]*", re.IGNORECASE
)
_DOCTYPE = re.compile(r"<!DOCTYPE[^>\[]*>", re.IGNORECASE)
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_LENGTH = re.compile(r"\s*([\d.]+(?:[eE][-+]?\d+)?)\s*(px|pt|mm|cm|in|em|rem)?\s*")
_TAG = re.compile(r"<svg[\s>]")
_REFERENCES: Final = ("xlink:href", "clip-path", "marker-start", "marker-mid", "marker-end", "fill", "stroke")
_UNITS: Final = {"pt": 4 / 3, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0, "em": 16.0, "rem": 16.0}
_BEGINS = re.compile(
    r"\s*+(?:<\?xml[^>]*+(?<=\?)>\s*+)?(?:<!--(?:(?!-->).)*+-->\s*+|<!DOCTYPE[^>\[]*+>\s*+)*+<svg[\s>]",
    re.DOTALL,
)
"""Nothing is tried twice: many comments could else be parted in a great many ways."""


class SvgError(ChatbenchError):
    """This SVG is not drawn; show its source instead."""


@dataclass(frozen=True, slots=True)
class SafeSvg:
    """What may be drawn, as bytes (UTF-8), and its size in pixels."""

    data: bytes
    width: float
    height: float


def is_svg(code: str, language: str) -> bool:
    """Whether code is a whole SVG picture, by its fence or by its first tag."""
    if language.lower() == "svg":
        return _TAG.search(code) is not None
    return language.lower() in ("xml", "html", "") and _BEGINS.match(code) is not None


def safe_svg(code: str) -> SafeSvg:
    """The picture without anything that runs, loads or takes long. Costs up to 100 ms: call it from a
    worker thread.

    Raises:
        SvgError: no SVG, or over one of the limits of this module.
    """
    from xml.etree import ElementTree as ET

    if len(code) > MAX_CHARS:
        raise SvgError("The picture is too large to draw.")
    code = _DOCTYPE.sub("", code)
    if re.search(r"<!(?!--|\[CDATA\[)", code):
        raise SvgError("Pictures that define entities are not drawn.")
    if "xlink:" in code and "xmlns:xlink" not in code:
        code = code.replace("<svg", f'<svg xmlns:xlink="{_XLINK}"', 1)
    root = _read(code)
    if _name(root) != "svg":
        raise SvgError("This is no picture.")
    clean = _clean(root, _Budget())
    assert clean is not None
    width, height = _size(root)
    _check_cost(clean)
    clean.set("xmlns", _SVG)
    clean.set("xmlns:xlink", _XLINK)
    clean.set("width", f"{width:g}")
    clean.set("height", f"{height:g}")
    return SafeSvg(ET.tostring(clean, encoding="utf-8"), width, height)


def _read(code: str) -> ET.Element:
    from xml.etree import ElementTree as ET

    depth = count = 0
    root: ET.Element | None = None
    try:
        data = BytesIO(code.strip().encode("utf-8", "replace"))
        parser = ET.XMLParser(encoding="utf-8")  # noqa: S314 - no entities come this far
        for event, element in ET.iterparse(data, ("start", "end"), parser):  # noqa: S314
            depth += 1 if event == "start" else -1
            count += event == "start"
            root = element if root is None else root
            if depth > MAX_DEPTH or count > MAX_ELEMENTS:
                raise SvgError("The picture has too many parts to draw.")
    except (ET.ParseError, ValueError) as error:
        raise SvgError("The picture is not well formed.") from error
    if root is None:
        raise SvgError("This is no picture.")
    return root


def _name(element: ET.Element) -> str:
    return str(element.tag).rpartition("}")[2]


class _Budget:
    """What a whole picture may hold."""

    def __init__(self) -> None:
        self.text = MAX_TEXT

    def take(self, text: str) -> str:
        self.text -= len(text)
        if self.text < 0:
            raise SvgError("The picture has too much text to draw.")
        return text


def _clean(element: ET.Element, budget: _Budget) -> ET.Element | None:
    name = _name(element)
    if name not in _ELEMENTS:
        return None
    made = element.makeelement(name, {})
    for key, value in element.attrib.items():
        kept = _attribute(key.rpartition("}")[2], value)
        if kept is not None:
            made.set(key.rpartition("}")[2] if not key.endswith("}href") else "href", kept)
    if made.get("href") is not None:
        made.set("xlink:href", made.attrib.pop("href"))
    if name in ("text", "tspan", "title", "desc"):
        made.text = budget.take(element.text or "")
    for child in element:
        kept_child = _clean(child, budget)
        if kept_child is not None:
            made.append(kept_child)
            if name in ("text", "tspan"):
                kept_child.tail = budget.take(child.tail or "")
    return made


def _attribute(name: str, value: str) -> str | None:
    """A value as it may stay; None when the attribute goes."""
    if name not in _ATTRIBUTES or _REACHES_OUT.search(value):
        return None
    if name == "href":
        return value if value.startswith("#") else None
    if name == "style":
        value = _DROPPED_STYLE.sub("", value)
    if name not in ("id", "class", "font-family") and any(
        abs(float(number)) > MAX_NUMBER for number in _NUMBER.findall(value)
    ):
        raise SvgError("The picture has numbers that are too large to draw.")
    return value


def _size(root: ET.Element) -> tuple[float, float]:
    box = [float(one) for one in _NUMBER.findall(root.get("viewBox", ""))]
    seen = (box[2], box[3]) if len(box) == 4 and box[2] > 0 and box[3] > 0 else None
    width, height = _length(root.get("width", "")), _length(root.get("height", ""))
    if width and seen and not height:
        height = width * seen[1] / seen[0]
    elif height and seen and not width:
        width = height * seen[0] / seen[1]
    width, height = (width, height) if width and height else seen or (300.0, 150.0)
    scale = min(1.0, MAX_EDGE / max(width, height))
    return max(1.0, width * scale), max(1.0, height * scale)


def _length(text: str) -> float:
    found = _LENGTH.fullmatch(text)
    try:
        return float(found[1]) * _UNITS.get(found[2], 1.0) if found else 0.0
    except ValueError:
        return 0.0


def _check_cost(root: ET.Element) -> None:
    """Refuse what is drawn too often, and drop dashes that would be countless."""
    known = {identity: one for one in root.iter() if (identity := one.get("id"))}
    if _drawn(root, known, {}) > MAX_DRAWN:
        raise SvgError("The picture has too many parts to draw.")
    edge = max(_size(root))
    for one in root.iter():
        dashes = [float(number) for number in _NUMBER.findall(one.get("stroke-dasharray", ""))]
        outline = len(one.get("d", "")) + len(one.get("points", ""))
        if dashes and (min(dashes) < edge / 2_000 or outline > 5_000):
            del one.attrib["stroke-dasharray"]


def _drawn(
    element: ET.Element, known: dict[str, ET.Element], counted: dict[ET.Element, int], depth: int = 0
) -> int:
    if depth > 2 * MAX_DEPTH:
        raise SvgError("The picture contains itself.")
    if element not in counted:
        parts = _drawn_by(element, known)
        total = 1 + sum(times * _drawn(part, known, counted, depth + 1) for part, times in parts)
        counted[element] = total
    return counted[element]


def _drawn_by(element: ET.Element, known: dict[str, ET.Element]) -> Iterator[tuple[ET.Element, int]]:
    """What is drawn with an element, and how often."""
    for child in element:
        yield child, 1
    for key in _REFERENCES:
        value = element.get(key, "")
        target = (
            known.get(value.removeprefix("url(").strip("'\") ").removeprefix("#")) if "#" in value else None
        )
        if target is not None:
            # A marker stands at every point of its outline.
            points = len(_NUMBER.findall(element.get("d", element.get("points", ""))))
            yield target, max(1, points) if key.startswith("marker") else 1
