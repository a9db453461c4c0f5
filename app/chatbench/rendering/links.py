"""Which addresses may be opened, and what to show before one is.

Only http, https and mailto are links. A file, a share, a script or another program's scheme is
text, whoever wrote it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from chatbench.rendering.characters import visible

MAX_ADDRESS = 4096
_ALLOWED = re.compile(
    r"(?:https?://[^\s/\\?#%\x00-\x1f\x7f]+(?=[/?#]|$)|mailto:[^\s/\\])[^\s\\\x00-\x1f\x7f]*", re.IGNORECASE
)
_BARE = re.compile(r"(?<![\w@:])(?:https?://|mailto:)[^\s<>\"`\\^{|}\x00-\x1f\x7f]+", re.IGNORECASE)
_ATTACHMENT = re.compile(r"attachment:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class LinkTarget:
    """``address`` to open, ``host`` it goes to, ``shown`` as a person can read it, and whether the
    words of the link name another host (``misleading``)."""

    address: str
    host: str
    shown: str
    misleading: bool


def allowed(address: str) -> bool:
    """True for an http, https or mailto address without spaces, backslashes or controls."""
    return len(address) <= MAX_ADDRESS and _ALLOWED.fullmatch(address) is not None


def host_of(address: str) -> str:
    """The host an http, https or mailto address leads to (punycode as it is), "" if there is none."""
    if address[:7].lower() == "mailto:":
        return address.partition("?")[0].rpartition("@")[2]
    if not allowed(address):
        return ""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def attachment_of(address: str) -> str | None:
    """The SHA-256 in ``attachment:<sha256>``, None for any other address."""
    match = _ATTACHMENT.fullmatch(address)
    return match[1] if match else None


def link_target(address: str, words: str = "") -> LinkTarget | None:
    """What to show before opening ``address``; None when it may not be opened.

    ``words`` is the text the link shows.
    """
    if not allowed(address):
        return None
    host = host_of(address)
    named = re.search(r"(?:https?://)?((?:[\w-]+\.)+[^\W\d_]{2,})", words)
    misleading = (
        named is not None and named[1].lower().removeprefix("www.") != host.removeprefix("www.").lower()
    )
    return LinkTarget(address, host, visible(unquote(address, errors="replace")), misleading)


def bare_addresses(text: str) -> list[tuple[int, int]]:
    """Where http, https and mailto addresses stand in plain text, without trailing punctuation."""
    if ":" not in text:
        return []
    spans = []
    for match in _BARE.finditer(text):
        start, end = match.start(), _trimmed_end(text, match.start(), match.end())
        if allowed(text[start:end]) and host_of(text[start:end]):
            spans.append((start, end))
    return spans


def _trimmed_end(text: str, start: int, end: int) -> int:
    surplus = text.count(")", start, end) - text.count("(", start, end)
    while end > start:
        last = text[end - 1]
        if last == ")" and surplus > 0:
            surplus -= 1
        elif last not in ".,;:!?'*_~]\u3002\uff0c\u3001\uff1b\uff01\uff1f\uff09\u300d\u300f":
            break
        end -= 1
    return end
