"""What a check found before its threshold and its negation count, and what it is held against."""

from __future__ import annotations

from typing import Any, NamedTuple

from chatbench.core.checks import Check, Subject

_SHOWN = 80


class Unjudged(Exception):
    """It cannot be said whether the check passes; the message says why, as a sentence."""


class Finding(NamedTuple):
    """`score` is 0–1. `passed` None: the score decides, from the check's threshold on."""

    score: float
    reason: str
    passed: bool | None = None


def finding(passed: bool, good: str, bad: str) -> Finding:
    """Of a check that has no score of its own, with what is said either way."""
    return Finding(float(passed), good if passed else bad, passed)


def held_against(check: Check, subject: Subject) -> Any:
    """The check's value, or where it has none the row's expected answer. Raises Unjudged where there
    is neither."""
    if check.value is not None and check.value != "":
        return check.value
    if subject.expected is None or subject.expected == "":
        raise Unjudged("The check has no value, and the row no expected answer.")
    return subject.expected


def text_against(check: Check, subject: Subject) -> str:
    """The same as text. Raises Unjudged."""
    return as_text(held_against(check, subject))


def texts_against(check: Check, subject: Subject) -> list[str]:
    """The same as one text or several. Raises Unjudged."""
    value = held_against(check, subject)
    found = [as_text(one) for one in value] if isinstance(value, list | tuple) else [as_text(value)]
    if not found:
        raise Unjudged("The check has no value.")
    return found


def as_text(value: Any) -> str:
    """A value as it stands in an answer: text as it is, everything else as JSON."""
    if isinstance(value, str):
        return value
    import json

    return json.dumps(value, ensure_ascii=False, default=str)


def shown(value: Any) -> str:
    """A value within a sentence: in quotation marks, cut where it is long."""
    text = as_text(value)
    return f"“{text}”" if len(text) <= _SHOWN else f"“{text[:_SHOWN]}…”"
