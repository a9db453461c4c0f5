"""Checks on what an answer took, how long it is, and which tools it called."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from chatbench.core.checks import Check, Subject
from chatbench.evaluation.findings import Finding, Unjudged, finding, shown, text_against


def cost(check: Check, subject: Subject) -> Finding:
    """US dollars."""
    if subject.cost is None:
        raise Unjudged("What the answer cost is unknown.")
    most = _amount(check.value)
    told = f"It cost ${subject.cost:f}"
    return finding(subject.cost <= most, f"{told}.", f"{told}, more than ${most:f}.")


def latency(check: Check, subject: Subject) -> Finding:
    """Milliseconds."""
    if subject.latency_ms is None:
        raise Unjudged("How long the answer took is unknown.")
    most = _amount(check.value)
    told = f"It took {subject.latency_ms:,} ms"
    return finding(subject.latency_ms <= most, f"{told}.", f"{told}, more than {most:,} ms.")


def tokens(check: Check, subject: Subject) -> Finding:
    most, of = _amount(check.value), check.options.get("of", "output")
    counted = {
        "output": subject.output_tokens,
        "input": subject.input_tokens,
        "total": subject.input_tokens + subject.output_tokens,
    }[of]
    if not counted:
        raise Unjudged("How many tokens it took is unknown.")
    return finding(counted <= most, f"{counted:,} tokens.", f"{counted:,} tokens, more than {most:,}.")


def length(check: Check, subject: Subject) -> Finding:
    unit = check.options.get("unit", "characters")
    counted = _length(subject, unit)
    least, most = check.options.get("min"), check.options.get("max")
    told = f"{counted:,} {unit}"
    if least is not None and counted < least:
        return finding(False, "", f"{told}, fewer than {least:,}.")
    return finding(most is None or counted <= most, f"{told}.", f"{told}, more than {most or 0:,}.")


def tool_called(check: Check, subject: Subject) -> Finding:
    """A call of the tool whose arguments hold at least what is wanted of them."""
    name, wanted = text_against(check, subject), check.options.get("arguments")
    calls = [arguments for called, arguments in subject.tool_calls if called == name]
    if not calls:
        others = ", ".join(dict.fromkeys(called for called, _ in subject.tool_calls))
        return finding(False, "", f"{shown(name)} was not called{f', but {others}' if others else ''}.")
    matching = [one for one in calls if wanted is None or is_within(wanted, _arguments(one))]
    if not matching:
        return finding(False, "", f"{shown(name)} was called with {shown(_arguments(calls[0]))}.")
    times = check.options.get("times")
    told = f"{shown(name)} was called{'' if len(matching) == 1 else f' {len(matching)} times'}"
    return finding(times is None or len(matching) == times, f"{told}.", f"{told}, not {times} times.")


def is_within(wanted: Any, value: Any) -> bool:
    """Whether everything that is wanted is there: the names of an object and what they hold, however
    deep; everything else is the same."""
    if isinstance(wanted, dict):
        return isinstance(value, dict) and all(
            name in value and is_within(one, value[name]) for name, one in wanted.items()
        )
    if isinstance(wanted, list):
        return isinstance(value, list) and len(wanted) == len(value) and all(map(is_within, wanted, value))
    return is_same(wanted, value)


def is_same(one: Any, other: Any) -> bool:
    """Whether two values of JSON are the same: to Python, 1 is also True."""
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _arguments(given: Any) -> Any:
    if not isinstance(given, str):
        return given
    try:
        return msgspec.json.decode(given) if given.strip() else {}
    except (msgspec.DecodeError, ValueError, RecursionError):
        return given


def _amount(value: Any) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise Unjudged(f"{shown(value)} is not a number.") from None


def _length(subject: Subject, unit: str) -> int:
    if unit == "words":
        return len(subject.text.split())
    if unit == "lines":
        return len(subject.text.splitlines())
    if unit == "tokens":
        if not subject.output_tokens:
            raise Unjudged("How many tokens it has is unknown.")
        return subject.output_tokens
    return len(subject.text)
