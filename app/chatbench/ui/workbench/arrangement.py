"""What is open in the workbench of a window, as it is kept in the preferences."""

from __future__ import annotations

from typing import Literal

import msgspec

Arrangement = Literal["prompt", "both", "run"]
"""What a prompt's tab shows: the prompt, what came of it, or both beside each other."""


class WorkbenchPlace(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`tabs` and `current` are keys: a kind (`prompt`, `dataset`, `run`), ":" and an id. `folders` are those
    that were made and hold nothing yet."""

    tabs: tuple[str, ...] = ()
    current: str = ""
    arrangement: Arrangement = "both"
    folders: tuple[str, ...] = ()
