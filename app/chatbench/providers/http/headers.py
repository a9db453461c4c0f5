"""What HTTP allows in the names and values of headers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from chatbench.core.errors import InvalidHeader

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_UNSENDABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]|[^\x00-\xff]")


def check_headers(headers: Mapping[Any, Any]) -> None:
    """Raises InvalidHeader for a name or value that HTTP does not allow; no value is shown."""
    for name, value in headers.items():
        if not isinstance(name, str) or not _TOKEN.match(name):
            told = str(name)[:60]
            raise InvalidHeader(f"{told!r} is not a header name.", "Correct the provider's headers.")
        if not isinstance(value, str):
            raise InvalidHeader(f"The value of the header {name} is no text.", "Put it in quotes.")
        if _UNSENDABLE.search(value):
            raise InvalidHeader(
                f"The value of the header {name} holds characters that cannot be sent.",
                "Correct the provider's headers or its key.",
            )
