"""Regular expressions of strangers on texts of strangers: in bounded time, the interpreter free meanwhile.

The syntax is that of Python's `re`, by the library `regex`, which can be stopped.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from chatbench.core.errors import ConfigurationError
from chatbench.evaluation.deadlines import TookTooLong, allowed

if TYPE_CHECKING:
    from regex import Pattern

SECONDS = 1.0
"""How long one search may take."""
LONGEST = 10_000
"""Characters of an expression."""


def searched(pattern: str, text: str, flags: str = "", *, whole: bool = False) -> Any:
    """The match, or None. `flags` are letters of Python's (i, m, s, x). Raises ConfigurationError for
    what is no expression; TookTooLong where it takes too long."""
    compiled = expression(pattern, flags)
    search = compiled.fullmatch if whole else compiled.search
    try:
        return search(text, timeout=allowed(SECONDS), concurrent=True)
    except TimeoutError:
        raise TookTooLong(f"The regular expression takes longer than {SECONDS:g} s on this answer.") from None


@lru_cache(maxsize=256)
def expression(pattern: str, flags: str = "") -> Pattern[str]:
    """Compiled. Raises ConfigurationError, which names the place."""
    import regex

    if len(pattern) > LONGEST:
        raise ConfigurationError(
            f"The regular expression is longer than {LONGEST:,} characters.", "Split it into several checks."
        )
    told = 0
    for letter in flags:
        told |= getattr(regex, letter.upper())
    try:
        return regex.compile(pattern, told)
    except (regex.error, OverflowError, RecursionError, ValueError) as error:
        raise ConfigurationError(
            f"The regular expression is wrong: {error}.", "Check its brackets and backslashes."
        ) from error
