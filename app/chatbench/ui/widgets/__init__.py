"""The window's own widgets: painted, themed, named for screen readers, at least 24 px to hit."""

from __future__ import annotations

from chatbench.ui.widgets.announce import announce
from chatbench.ui.widgets.buttons import Button, IconButton, PaintedButton
from chatbench.ui.widgets.chips import GAUGE, Chip, Pill, draw_pill, pill_width
from chatbench.ui.widgets.fields import LineField, SearchField, SecretField, Select
from chatbench.ui.widgets.flow import Flow, flowing
from chatbench.ui.widgets.gauge import Gauge, GaugeClock, gauge_clock
from chatbench.ui.widgets.keys import KeyHint, draw_keys, key_names, keys_width
from chatbench.ui.widgets.labels import ElidedLabel, Label
from chatbench.ui.widgets.mark import Mark
from chatbench.ui.widgets.paint import SHADOW_MARGINS, box, ring_inside, shadow
from chatbench.ui.widgets.popup import Popup
from chatbench.ui.widgets.rawtext import RawText
from chatbench.ui.widgets.sections import Card, ClickSurface, Divider, FactRow, Meter, Section, Surface
from chatbench.ui.widgets.switches import SegmentControl, Switch
from chatbench.ui.widgets.tooltips import describe, tip

__all__ = [
    "GAUGE",
    "SHADOW_MARGINS",
    "Button",
    "Card",
    "Chip",
    "ClickSurface",
    "Divider",
    "ElidedLabel",
    "FactRow",
    "Flow",
    "Gauge",
    "GaugeClock",
    "IconButton",
    "KeyHint",
    "Label",
    "LineField",
    "Mark",
    "Meter",
    "PaintedButton",
    "Pill",
    "Popup",
    "RawText",
    "SearchField",
    "SecretField",
    "Section",
    "SegmentControl",
    "Select",
    "Surface",
    "Switch",
    "announce",
    "box",
    "describe",
    "draw_keys",
    "draw_pill",
    "flowing",
    "gauge_clock",
    "key_names",
    "keys_width",
    "pill_width",
    "ring_inside",
    "shadow",
    "tip",
]
