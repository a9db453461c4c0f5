"""Checks on the words of an answer."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec

from chatbench.core.checks import Check, Subject
from chatbench.evaluation.deadlines import TookTooLong, is_brief
from chatbench.evaluation.findings import (
    Finding,
    Unjudged,
    finding,
    held_against,
    shown,
    text_against,
    texts_against,
)
from chatbench.evaluation.measures import is_same
from chatbench.evaluation.patterns import searched

_LANGUAGE_TOLD_BY = 20_000


def equals(check: Check, subject: Subject) -> Finding:
    """A value that is no text (a number, a list) is also met by its JSON."""
    wanted = held_against(check, subject)
    if not isinstance(wanted, str) and is_same(_decoded(subject.text), wanted):
        return finding(True, "The answer is what was expected.", "")
    written = _reduced(text_against(check, subject), check.options)
    return finding(
        _reduced(subject.text, check.options) == written,
        "The answer is what was expected.",
        f"The answer is not {shown(wanted)}.",
    )


def contains(check: Check, subject: Subject) -> Finding:
    wanted = text_against(check, subject)
    return finding(
        _reduced(wanted, check.options) in _reduced(subject.text, check.options),
        f"{shown(wanted)} is in it.",
        f"{shown(wanted)} is not in it.",
    )


def contains_any(check: Check, subject: Subject) -> Finding:
    wanted, text = texts_against(check, subject), _reduced(subject.text, check.options)
    found = next((one for one in wanted if _reduced(one, check.options) in text), None)
    return finding(found is not None, f"{shown(found)} is in it.", "None of the texts is in it.")


def contains_all(check: Check, subject: Subject) -> Finding:
    """Its score is the share of the texts that are there."""
    wanted, text = texts_against(check, subject), _reduced(subject.text, check.options)
    missing = [one for one in wanted if _reduced(one, check.options) not in text]
    told = f"{shown(missing[0])} is not in it" if missing else "All texts are in it"
    more = f", nor {len(missing) - 1} more" if len(missing) > 1 else ""
    return Finding(1 - len(missing) / len(wanted), f"{told}{more}.", not missing)


def regex(check: Check, subject: Subject) -> Finding:
    flags = "".join(
        letter
        for name, letter in (("ignore_case", "i"), ("multiline", "m"), ("dot_all", "s"))
        if check.options.get(name)
    )
    pattern = text_against(check, subject)
    found = searched(pattern, subject.text, flags, whole=bool(check.options.get("whole")))
    told = f"{shown(found[0])} matches." if found else ""
    return finding(found is not None, told, f"Nothing matches {shown(pattern)}.")


def starts_with(check: Check, subject: Subject) -> Finding:
    wanted = text_against(check, subject)
    passed = _reduced(subject.text, check.options).startswith(_reduced(wanted, check.options))
    return finding(passed, f"It starts with {shown(wanted)}.", f"It does not start with {shown(wanted)}.")


def ends_with(check: Check, subject: Subject) -> Finding:
    wanted = text_against(check, subject)
    passed = _reduced(subject.text, check.options).endswith(_reduced(wanted, check.options))
    return finding(passed, f"It ends with {shown(wanted)}.", f"It does not end with {shown(wanted)}.")


def language(check: Check, subject: Subject) -> Finding:
    from chatbench.evaluation.languages import LANGUAGES, language_named

    wanted = language_named(text_against(check, subject))
    if not wanted:
        raise Unjudged(f"{shown(text_against(check, subject))} is not a language that can be told.")
    if is_brief() and not _detector.cache_info().currsize:
        raise TookTooLong("The languages are not loaded yet.")
    told = _detector().detect(subject.text[:_LANGUAGE_TOLD_BY])
    if told.language is None or (told.language != wanted and not told.is_reliable()):
        raise Unjudged("The answer is too short to tell its language.")
    name = LANGUAGES.get(told.language, told.language)
    return finding(told.language == wanted, f"It is {name}.", f"It is {name}, not {LANGUAGES[wanted]}.")


@lru_cache(maxsize=1)
def _detector() -> Any:
    from eld import LanguageDetector

    return LanguageDetector()


def _reduced(text: str, options: dict[str, Any]) -> str:
    """Without what the options say does not count."""
    if options.get("ignore_case"):
        text = text.casefold()
    if options.get("ignore_punctuation"):
        from regex import sub

        text = sub(r"\p{P}+", "", text)
    if options.get("ignore_whitespace"):
        text = " ".join(text.split())
    return text


def _decoded(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
