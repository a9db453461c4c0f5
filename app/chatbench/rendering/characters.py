"""Characters that hide or reorder text, made visible.

Text from a model, a page or a file may carry control characters (terminal escapes), bidirectional
controls (code that reads other than it runs) and tag characters (words nobody sees). They are shown,
never obeyed. Joiners and variation selectors stay: scripts and emoji need them.
"""

from __future__ import annotations

import re

_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_HIDDEN = re.compile(
    # A black flag followed by tags is an emoji (the flags of England, Scotland, Wales).
    "(?P<flag>\U0001f3f4[\U000e0030-\U000e007a]{2,6}\U000e007f)"
    rf"|[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffc{_BIDI}\u2028\u2029\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    """``text`` with every hidden character replaced by a visible stand-in; newline and tab stay.

    C0 controls become their control pictures, others their code point in angle brackets. The
    object replacement character becomes U+FFFD, so that it can only stand for an inline object.
    """
    return text if text.isascii() and text.isprintable() else _HIDDEN.sub(_stand_in, text)


def has_hidden(text: str) -> bool:
    """True when ``visible`` would change ``text``: copying it deserves a warning."""
    return any(match["flag"] is None for match in _HIDDEN.finditer(text))


def _stand_in(match: re.Match[str]) -> str:
    if match["flag"]:
        return match[0]
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if code == 0xFFFC or 0xD800 <= code <= 0xDFFF:
        return "\ufffd"
    return f"\u27e8U+{code:04X}\u27e9"
