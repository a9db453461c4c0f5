"""What a person thinks of an answer among those beside it."""

from __future__ import annotations

from typing import Literal

Rating = Literal["best", "tie", "bad"]
"""`best`: better than every other answer of its turn, so one a turn. `tie`: as good as the others so
marked, or as all that are unmarked where it is the only one. `bad`: worse than every answer that is
not bad too."""
