"""The checks that need no model: from an answer to a verdict, in bounded time, however odd it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from chatbench.core.checks import Check, Subject, Verdict
from chatbench.core.errors import ConfigurationError
from chatbench.evaluation import jsontexts, measures, numerals, refusals, similarity, wording
from chatbench.evaluation.deadlines import TookTooLong, briefly
from chatbench.evaluation.findings import Finding, Unjudged
from chatbench.evaluation.verdicts import decided, unjudged

_SHORT: Final = 20_000
"""Characters of an answer that may be checked in passing."""
_MOMENT_S: Final = 0.004
_JUDGES: Final[dict[str, Callable[[Check, Subject], Finding]]] = {
    "equals": wording.equals,
    "contains": wording.contains,
    "contains_any": wording.contains_any,
    "contains_all": wording.contains_all,
    "regex": wording.regex,
    "starts_with": wording.starts_with,
    "ends_with": wording.ends_with,
    "length": measures.length,
    "is_json": jsontexts.is_json,
    "json_schema": jsontexts.json_schema,
    "json_path": jsontexts.json_path,
    "number": numerals.number,
    "levenshtein": similarity.levenshtein,
    "rouge": similarity.rouge,
    "bleu": similarity.bleu,
    "language": wording.language,
    "refusal": refusals.refusal,
    "cost": measures.cost,
    "latency": measures.latency,
    "tokens": measures.tokens,
    "tool_called": measures.tool_called,
}


def judge(check: Check, subject: Subject) -> Verdict:
    """What a check of a deterministic kind finds. Never raises for an answer or a check that makes no
    sense: the verdict's `passed` is then None, with the reason. Raises KeyError for another kind."""
    try:
        return _judged(check, subject)
    except TookTooLong as error:
        return unjudged(str(error))


def judge_briefly(check: Check, subject: Subject) -> Verdict | None:
    """The same where it takes a moment only; None where it is better left to `judge` on another thread."""
    if len(subject.text) > _SHORT:
        return None
    try:
        with briefly(_MOMENT_S):
            return _judged(check, subject)
    except TookTooLong:
        return None


def _judged(check: Check, subject: Subject) -> Verdict:
    find = _JUDGES[check.kind]
    try:
        return decided(check, find(check, subject))
    except TookTooLong:
        raise
    except (Unjudged, ConfigurationError) as error:
        return unjudged(str(error))
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        # A plan written by hand may hold an option of the wrong kind; `kinds.problems` says which.
        return unjudged(f"The check's options are wrong: {error}.")
