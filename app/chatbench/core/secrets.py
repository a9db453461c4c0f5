"""A value that must not be shown: its text leaves only through `reveal()`."""

from __future__ import annotations

import hmac
import re
import secrets
from typing import Any, NoReturn

_SALT = secrets.token_bytes(16)
_TELLING = re.compile(
    r"(?:\A|[-_.])(?:key|token|secret|password|signature|sig|auth|code|credential)s?\Z|apikey|accesskey",
    re.IGNORECASE,
)


def may_be_secret(name: str) -> bool:
    """Whether a parameter of an address is, by its name, one that opens doors: `?key=…`."""
    return _TELLING.search(name) is not None


class Secret:
    """An API key. `str`, `repr`, formatting, pickling and copying never give the text away."""

    __slots__ = ("_digest", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._digest = ""

    def reveal(self) -> str:
        """The text itself, for the one place that puts it on the wire or into the keyring."""
        return self._text

    def masked(self) -> str:
        """At most the last four characters, and only where twelve or more remain hidden."""
        return f"…{self._text[-4:]}" if len(self._text) >= 16 else "…"

    def digest(self) -> str:
        """Tells keys apart without telling what they are: good within this process only."""
        if not self._digest:
            self._digest = hmac.new(_SALT, self._text.encode(), "sha256").hexdigest()[:16]
        return self._digest

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(("Secret", self._text))

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __format__(self, format_spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is never pickled or copied")

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self
