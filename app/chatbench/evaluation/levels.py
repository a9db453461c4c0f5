"""What graders may say, and what it is worth."""

from __future__ import annotations

from typing import Any, Final

import msgspec

LEVELS: Final = {"bad": 0.0, "weak": 0.25, "fair": 0.5, "good": 0.75, "excellent": 1.0}
"""Of a rubric that names none."""
SAMENESS: Final = {"same": 1.0, "partly": 0.5, "different": 0.0}
"""Of an answer beside the expected one."""
CATEGORIES: Final = {"A": 1.0, "B": 1.0, "C": 1.0, "D": 0.0, "E": 1.0}
"""Of facts: a subset, a superset, the same, a contradiction, differences that do not matter."""
_MOST = 20


def levels_of(told: Any, default: dict[str, float]) -> dict[str, float]:
    """The levels that an option tells, over those that it leaves open where these are named by letters."""
    if not told:
        return default
    told = _read(told)
    return {**default, **told} if default is CATEGORIES else dict(told)


def levels_problem(told: Any, allowed: tuple[str, ...] = ()) -> str:
    """What is wrong with them; "" for good ones, and where there are none. `allowed`: the only names."""
    if not told:
        return ""
    read = _read(told)
    if not isinstance(read, dict) or not read:
        return "Its levels are not an object of names and scores."
    if not all(
        isinstance(score, int | float) and not isinstance(score, bool) and 0 <= score <= 1
        for score in read.values()
    ):
        return "The score of a level is not a number from 0 to 1."
    if allowed:
        strange = next((name for name in read if name not in allowed), "")
        return f"It has no category {strange!r}; there are {', '.join(allowed)}." if strange else ""
    if not 2 <= len(read) <= _MOST:
        return f"It needs 2 to {_MOST} levels."
    return "A level has no name." if not all(name.strip() for name in read) else ""


def _read(told: Any) -> Any:
    if not isinstance(told, str):
        return told
    try:
        return msgspec.json.decode(told)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
