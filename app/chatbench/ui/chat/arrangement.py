"""How the open conversations of a window were arranged, as it is kept in the preferences."""

from __future__ import annotations

import msgspec

ScrollPlace = tuple[str, float]
"""A message and how many pixels of it are above the upper edge, as `TranscriptView.place`."""


class Arrangement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`tabs` and `current` as ids of conversations; `beside` are those in view, with the `widths` of
    their columns in pixels; `scrolled` where each of them is scrolled to, unless to its end."""

    tabs: tuple[str, ...] = ()
    current: str = ""
    beside: tuple[str, ...] = ()
    widths: tuple[int, ...] = ()
    scrolled: dict[str, ScrollPlace] = msgspec.field(default_factory=dict)
