"""Where the quick chat stands, as it is kept in the preferences."""

from __future__ import annotations

import msgspec


class QuickPlace(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`size` and `position` in logical pixels, and the conversation that is in it."""

    size: tuple[int, int] | None = None
    position: tuple[int, int] | None = None
    chat: str = ""
