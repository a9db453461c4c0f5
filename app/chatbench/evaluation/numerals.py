"""Numbers in a text, however they are written."""

from __future__ import annotations

import math
import re
import unicodedata
from typing import Any

from chatbench.core.checks import Check, Subject
from chatbench.evaluation.findings import Finding, Unjudged, finding, held_against, shown

_NUMBER = re.compile(
    r"(?<![\w.,])[-+]?"
    r"(?:\d{1,3}(?:(?P<group>[.,' ])\d{3})(?:(?P=group)\d{3})*(?:[.,]\d+)?|\d+(?:[.,]\d+)?|[.,]\d+)"
    r"(?:[eE][-+]?\d{1,3})?(?![\d])"
)
_LONGEST, _MOST = 100, 50_000
"""Characters of a number that is read, and how many numbers of an answer are."""
_GROUPED = re.compile(r"[-+]?\d{1,3}(?:([.,' ])\d{3})(?:\1\d{3})*(?:[.,]\d+)?\Z")
_MEANING = str.maketrans(
    {"−": "-", "–": "-", "’": "'", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "٫": ".", "٬": ","}
)


def number(check: Check, subject: Subject) -> Finding:
    wanted = _wanted(held_against(check, subject))
    which = check.options.get("which", "last")
    found = [match[0] for match in _NUMBER.finditer(_plain(subject.text)) if len(match[0]) <= _LONGEST]
    if not found:
        return finding(False, "", "There is no number in it.")
    read = found[:_MOST] if which == "any" else [found[0] if which == "first" else found[-1]]
    reach = max(
        float(check.options.get("tolerance", 0)),
        abs(wanted) * float(check.options.get("relative_tolerance", 0)),
    )
    decimal = check.options.get("decimal", "")
    for written in read:
        for value in readings(written, decimal):
            if is_near(value, wanted, reach):
                return finding(True, f"It says {written}.", "")
    said = f"It says {read[0]}" if which != "any" else "None of its numbers is it"
    return finding(False, "", f"{said}, expected was {wanted:g}{f' ± {reach:g}' if reach else ''}.")


def readings(written: str, decimal: str = "") -> list[float]:
    """What a written number may mean: "1,234" is 1234 to some and 1.234 to others, so both are told
    unless `decimal` ("." or ",") says which. The likeliest is first."""
    exponent = re.search(r"[eE][-+]?\d+\Z", written)
    tail = exponent[0] if exponent else ""
    bare = written[: len(written) - len(tail)]
    found: list[str] = []
    grouped = _GROUPED.match(bare)
    if grouped and grouped[1] != decimal:
        rest = bare.replace(grouped[1], "")
        found.append(rest.replace(",", "."))
    if bare.count(".") + bare.count(",") == 1 and not set(" '") & set(bare):
        apart = "," if "," in bare else "."
        if decimal in ("", apart):
            found.append(bare.replace(",", "."))
    if not found:
        found.append(re.sub(r"[.,' ]", "", bare) if set(".,' ") & set(bare) else bare)
    if decimal == "" and len(found) == 2 and "." in bare:
        found.reverse()
    if " " in bare:
        # A space may also stand between two numbers.
        found += [bare.split(" ")[0], bare.split(" ")[-1].replace(",", ".")]
    return [value for one in dict.fromkeys(found) if math.isfinite(value := float(one + tail))]


def is_near(value: float, wanted: float, reach: float) -> bool:
    """Whether two numbers are no further apart than that, the last bits of a float aside."""
    return abs(value - wanted) <= reach or math.isclose(value, wanted, rel_tol=1e-12, abs_tol=1e-15)


def numeral(text: str) -> float | None:
    """The one number that a text is; None for any other text."""
    match = _NUMBER.fullmatch(_plain(text).strip())
    found = readings(match[0]) if match else []
    return found[0] if found else None


def _wanted(value: Any) -> float:
    if isinstance(value, bool):
        value = str(value)
    try:
        found = float(value) if not isinstance(value, str) else numeral(value)
    except (TypeError, ValueError, OverflowError):
        found = None
    if found is None or not math.isfinite(found):
        raise Unjudged(f"{shown(value)} is not a number.")
    return found


def _plain(text: str) -> str:
    """Digits of any script as 0–9, signs and spaces as they are on a keyboard; length aside, the same."""
    text = text.translate(_MEANING)
    if text.isascii():
        return text
    return "".join(
        str(unicodedata.digit(char)) if not char.isascii() and char.isdecimal() else char for char in text
    )
