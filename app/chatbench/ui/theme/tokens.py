"""The design's numbers: colours by role, type, spacing, control sizes, motion, breakpoints.

Plain data without Qt. Colours are ``#RRGGBB`` or ``#AARRGGBB``; lengths are logical
pixels at 100 % scale and text factor 1; durations are milliseconds.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

ColorRole = Literal[
    "rail",
    "chrome",
    "page",
    "sunken",
    "raised",
    "hover",
    "pressed",
    "selected",
    "line",
    "btnline",
    "linectl",
    "scrim",
    "text",
    "text2",
    "text3",
    "disabled",
    "accent",
    "accenttext",
    "onaccent",
    "accenthover",
    "accentpressed",
    "success",
    "warning",
    "danger",
    "successsoft",
    "warningsoft",
    "dangersoft",
    "selbg",
    "hit",
    "addbg",
    "rembg",
    "tooltip",
    "tooltiptext",
    "knob",
    "paper",
    "code-plain",
    "code-keyword",
    "code-string",
    "code-number",
    "code-comment",
    "code-function",
    "code-type",
    "chart-1",
    "chart-2",
    "chart-3",
    "chart-4",
    "chart-5",
]
"""Every colour the program knows. ``onaccent`` is the label on a primary button, ``paper`` lies under
pictures that were drawn for white."""

_BOTH: Final[dict[ColorRole, tuple[str, str]]] = {
    "rail": ("#E9EDED", "#111415"),
    "chrome": ("#F3F5F5", "#191D1E"),
    "page": ("#FFFFFF", "#151819"),
    "sunken": ("#F4F6F6", "#1D2223"),
    "raised": ("#FFFFFF", "#202526"),
    "hover": ("#E8ECEC", "#252B2C"),
    "pressed": ("#DBE1E1", "#303739"),
    "selected": ("#D9EAEC", "#17383C"),
    "line": ("#DBE0E0", "#2C3335"),
    "btnline": ("#C6CECF", "#424C4F"),
    "linectl": ("#829092", "#6E7C7F"),
    "scrim": ("#5210181A", "#80000000"),
    "text": ("#1A2022", "#E3E8E8"),
    "text2": ("#475356", "#B4BFC1"),
    "text3": ("#566265", "#9AA6A9"),
    "disabled": ("#8B9698", "#667174"),
    "accent": ("#0B6B78", "#62C4CF"),
    "accenttext": ("#0A6370", "#6CCAD4"),
    "onaccent": ("#FFFFFF", "#06282C"),
    "accenthover": ("#095A65", "#7DD3DC"),
    "accentpressed": ("#074A53", "#4FB3BE"),
    "success": ("#27702F", "#7CC885"),
    "warning": ("#845400", "#E2B45A"),
    "danger": ("#AE2A26", "#F28F86"),
    "successsoft": ("#E2F1E3", "#1B3320"),
    "warningsoft": ("#FAEFD6", "#372D15"),
    "dangersoft": ("#FAE7E5", "#3F2321"),
    "selbg": ("#BCDEE3", "#1E525A"),
    "hit": ("#FFE7A0", "#5A4710"),
    "addbg": ("#DAF1DC", "#1D3A24"),
    "rembg": ("#FADFDC", "#43221F"),
    "tooltip": ("#1A2022", "#E3E8E8"),
    "tooltiptext": ("#FFFFFF", "#151819"),
    "knob": ("#FFFFFF", "#151819"),
    "paper": ("#FFFFFF", "#FFFFFF"),
    "code-plain": ("#1A2022", "#E3E8E8"),
    "code-keyword": ("#86358C", "#D5A3DE"),
    "code-string": ("#37661C", "#A5CF8C"),
    "code-number": ("#8F4600", "#E8B47E"),
    "code-comment": ("#566265", "#9AA6A9"),
    "code-function": ("#0B579A", "#8FC1F1"),
    "code-type": ("#0A6370", "#6CCAD4"),
    "chart-1": ("#0B6B78", "#62C4CF"),
    "chart-2": ("#B0702A", "#E0A05A"),
    "chart-3": ("#4697A1", "#3F8F99"),
    "chart-4": ("#86358C", "#C98AD2"),
    "chart-5": ("#7A8789", "#8C999B"),
}

LIGHT: Final[dict[ColorRole, str]] = {role: pair[0] for role, pair in _BOTH.items()}
DARK: Final[dict[ColorRole, str]] = {role: pair[1] for role, pair in _BOTH.items()}

FontRole = Literal[
    "display",
    "figure",
    "title",
    "input-large",
    "prose",
    "ui",
    "small",
    "micro",
    "code",
    "code-small",
    "h1",
    "h2",
    "h3",
    "h4",
]


class FontToken(NamedTuple):
    """One type role: sizes in points (96 dpi) and pixels, line height, weight."""

    pt: float
    px: float
    line: int
    weight: int
    mono: bool = False
    tabular: bool = True


FONTS: Final[dict[FontRole, FontToken]] = {
    "display": FontToken(16.5, 22, 30, 600),
    "figure": FontToken(15, 20, 28, 600),
    "title": FontToken(13.5, 18, 26, 600),
    "input-large": FontToken(12, 16, 24, 400),
    "prose": FontToken(10.5, 14, 22, 400, tabular=False),
    "ui": FontToken(9.75, 13, 20, 400),
    "small": FontToken(9, 12, 18, 400),
    "micro": FontToken(8.25, 11, 16, 400),
    "code": FontToken(9.4, 12.5, 20, 400, mono=True),
    "code-small": FontToken(8.25, 11, 17, 400, mono=True),
    "h1": FontToken(15, 20, 28, 600, tabular=False),
    "h2": FontToken(12.75, 17, 26, 600, tabular=False),
    "h3": FontToken(12, 16, 24, 600, tabular=False),
    "h4": FontToken(10.5, 14, 22, 600, tabular=False),
}


class ShadowToken(NamedTuple):
    """One layer of the shadow of what floats: offset down, blur, tint, strength."""

    drop: int
    blur: int
    tint: str
    strength: float


SHADOW_LIGHT: Final = (ShadowToken(10, 28, "#122022", 0.16), ShadowToken(1, 2, "#122022", 0.10))
SHADOW_DARK: Final = (ShadowToken(12, 32, "#000000", 0.55), ShadowToken(1, 2, "#000000", 0.50))

SPACE: Final = (2, 4, 6, 8, 10, 12, 16, 20, 24, 32, 48)

CornerRole = Literal["inline", "control", "card", "popup", "drop"]
CORNERS: Final[dict[CornerRole, int]] = {
    "inline": 4,
    "control": 6,
    "card": 8,
    "popup": 10,
    "drop": 12,
}

ControlRole = Literal[
    "button-small",
    "button",
    "button-large",
    "icon-button",
    "icon-button-row",
    "icon-button-code",
    "field",
    "field-form",
    "segments",
    "segments-form",
    "segment",
    "segment-form",
    "chip",
    "pill",
    "switch",
    "switch-form",
    "row",
    "row-double",
    "menu-row",
    "palette-row",
    "palette-field",
    "picker-row",
    "group-row",
    "tab-strip",
    "toolbar",
    "status-bar",
    "rail-button",
    "inspector-head",
    "inspector-row",
    "send-button",
    "composer-line",
]


class ControlToken(NamedTuple):
    """Height of a control, the type role inside it, and whether a finger aims at it."""

    height: int
    font: FontRole
    touch: bool = True


CONTROLS: Final[dict[ControlRole, ControlToken]] = {
    "button-small": ControlToken(24, "small"),
    "button": ControlToken(28, "ui"),
    "button-large": ControlToken(32, "ui"),
    "icon-button": ControlToken(28, "ui"),
    "icon-button-row": ControlToken(26, "small"),
    "icon-button-code": ControlToken(24, "small"),
    "field": ControlToken(28, "ui"),
    "field-form": ControlToken(32, "ui"),
    "segments": ControlToken(28, "ui"),
    "segments-form": ControlToken(32, "ui"),
    "segment": ControlToken(24, "ui"),
    "segment-form": ControlToken(26, "ui"),
    "chip": ControlToken(24, "small"),
    "pill": ControlToken(18, "micro", touch=False),
    "switch": ControlToken(14, "micro", touch=False),
    "switch-form": ControlToken(16, "micro", touch=False),
    "row": ControlToken(30, "ui"),
    "row-double": ControlToken(44, "ui"),
    "menu-row": ControlToken(28, "ui"),
    "palette-row": ControlToken(36, "ui"),
    "palette-field": ControlToken(52, "input-large"),
    "picker-row": ControlToken(34, "ui"),
    "group-row": ControlToken(28, "small"),
    "tab-strip": ControlToken(40, "ui"),
    "toolbar": ControlToken(44, "ui"),
    "status-bar": ControlToken(24, "micro", touch=False),
    "rail-button": ControlToken(36, "ui"),
    "inspector-head": ControlToken(18, "small", touch=False),
    "inspector-row": ControlToken(22, "small", touch=False),
    "send-button": ControlToken(30, "ui"),
    "composer-line": ControlToken(30, "small"),
}

TOUCH_HEIGHT: Final = 36
ICON_GROWTH_LIMIT: Final = 1.5

MotionRole = Literal["popup", "fold", "slide", "toast", "jump", "gauge"]
MOTION: Final[dict[MotionRole, int]] = {
    "popup": 90,
    "fold": 120,
    "slide": 140,
    "toast": 120,
    "jump": 160,
    "gauge": 300,
}
NOTICE_MS: Final = 6_000
NOTICE_WITH_ACTION_MS: Final = 10_000
TOOLTIP_DELAY_MS: Final = 500

RAIL_WIDTH: Final = 48
SIDEBAR_WIDTH: Final = (200, 248, 400)
"""Least, usual and greatest width."""
INSPECTOR_WIDTH: Final = (260, 296, 480)
PANE_MIN_WIDTH: Final = 400
SHADOW_MARGIN: Final = 32

WIDE_FROM: Final = 1180
"""From this window width (divided by the text factor) the inspector stands in the window."""
SIDEBAR_FROM: Final = 860
RAIL_FROM: Final = 620
MARGIN_FROM: Final = 760
"""A pane narrower than this folds the transcript's margin into a header line."""
