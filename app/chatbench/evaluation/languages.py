"""The languages that can be told from a text, by their ISO 639-1 codes."""

from __future__ import annotations

_TOLD = """
am Amharic, ar Arabic, az Azerbaijani, be Belarusian, bg Bulgarian, bn Bengali, ca Catalan, cs Czech,
da Danish, de German, el Greek, en English, es Spanish, et Estonian, eu Basque, fa Persian, fi Finnish,
fr French, gu Gujarati, he Hebrew, hi Hindi, hr Croatian, hu Hungarian, hy Armenian, is Icelandic, it Italian,
ja Japanese, ka Georgian, kn Kannada, ko Korean, ku Kurdish, lo Lao, lt Lithuanian, lv Latvian, ml Malayalam,
mr Marathi, ms Malay, nl Dutch, no Norwegian, or Odia, pa Punjabi, pl Polish, pt Portuguese, ro Romanian,
ru Russian, sk Slovak, sl Slovenian, sq Albanian, sr Serbian, sv Swedish, ta Tamil, te Telugu, th Thai,
tl Tagalog, tr Turkish, uk Ukrainian, ur Urdu, vi Vietnamese, yo Yoruba, zh Chinese"""
LANGUAGES: dict[str, str] = dict(language.split() for language in _TOLD.split(","))
"""Code → English name."""

_BY_NAME = {name.casefold(): code for code, name in LANGUAGES.items()}
_SAME = {"nb": "no", "nn": "no", "iw": "he", "fil": "tl", "cmn": "zh"}


def language_named(text: str) -> str:
    """The code of a language by its code (also as in "de-AT") or English name; "" where there is none."""
    bare = text.strip().casefold()
    code = bare.replace("_", "-").partition("-")[0]
    code = _SAME.get(code, code)
    return code if code in LANGUAGES else _BY_NAME.get(bare, "")
