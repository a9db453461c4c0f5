"""The assertions of promptfoo as checks, as far as one means the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from chatbench.core.checks import Check

_CASELESS = {"ignore_case": True}
_PLAIN: dict[str, tuple[str, dict[str, Any]]] = {
    "equals": ("equals", {}),
    "contains": ("contains", {}),
    "icontains": ("contains", _CASELESS),
    "contains-any": ("contains_any", {}),
    "icontains-any": ("contains_any", _CASELESS),
    "contains-all": ("contains_all", {}),
    "icontains-all": ("contains_all", _CASELESS),
    "regex": ("regex", {}),
    "starts-with": ("starts_with", {}),
    "is-refusal": ("refusal", {}),
    "levenshtein": ("levenshtein", {}),
    "bleu": ("bleu", {}),
    "rouge-n": ("rouge", {"type": "rouge_1"}),
    "similar": ("embedding", {}),
    "llm-rubric": ("rubric", {}),
    "model-graded-closedqa": ("closed_question", {}),
    "factuality": ("factuality", {}),
    "model-graded-factuality": ("factuality", {}),
}
_GRADED = frozenset({"rubric", "closed_question", "factuality"})
_LISTS = frozenset({"contains_any", "contains_all"})
_KNOWN = frozenset({"type", "value", "threshold", "weight", "metric", "provider"})


class NoCheck(Exception):
    """Why an assertion has no place here, in a sentence."""


def check(told: Any, grader: str = "", model: Callable[[str], str] = str) -> Check:
    """One assertion as a check; `model` says what a provider is called here. Raises NoCheck."""
    if not isinstance(told, dict) or not isinstance(told.get("type"), str):
        raise NoCheck("An assertion has no type.")
    kind: str = told["type"]
    negate = kind.startswith("not-")
    if strange := sorted(set(told) - _KNOWN):
        raise NoCheck(f"An assertion {kind} says {', '.join(strange)}, which has no meaning here.")
    made = _made(kind.removeprefix("not-"), told)
    if made.kind in _GRADED:
        provider = told.get("provider")
        made = msgspec.structs.replace(made, grader=model(provider) if isinstance(provider, str) else grader)
    return msgspec.structs.replace(
        made, name=str(told.get("metric") or ""), negate=negate, weight=float(told.get("weight", 1.0))
    )


def _made(kind: str, told: dict[str, Any]) -> Check:
    value, threshold = told.get("value"), told.get("threshold")
    if isinstance(value, str) and value.startswith(("file://", "python:", "javascript:")):
        raise NoCheck(f"An assertion {kind} reads {value.partition(':')[0]} from elsewhere.")
    if kind == "is-json":
        return Check(kind="json_schema", value=value) if value else Check(kind="is_json")
    if kind == "contains-json":
        options = {"fence": True}
        if value:
            return Check(kind="json_schema", value=value, options=options)
        return Check(kind="is_json", options=options)
    if kind in ("cost", "latency"):
        if threshold is None:
            raise NoCheck(f"An assertion {kind} sets no threshold.")
        return Check(kind="cost" if kind == "cost" else "latency", value=threshold)
    if kind == "word-count":
        return _word_count(value)
    if kind == "levenshtein":
        most = 5 if threshold is None else int(threshold)
        return Check(kind="levenshtein", value=value, options={"most_edits": most})
    if kind not in _PLAIN:
        raise NoCheck(f"The assertion {kind} has no check here.")
    ours, options = _PLAIN[kind]
    if ours in _LISTS and isinstance(value, str):
        value = [one.strip() for one in value.split(",")]
    return msgspec.convert(
        {"kind": ours, "value": value, "options": options, "threshold": _threshold(kind, threshold)}, Check
    )


def _word_count(value: Any) -> Check:
    if isinstance(value, dict):
        return Check(
            kind="length",
            options={"unit": "words"} | {name: int(value[name]) for name in ("min", "max") if name in value},
        )
    if isinstance(value, int | str) and str(value).isdecimal():
        return Check(kind="length", options={"unit": "words", "min": int(value), "max": int(value)})
    raise NoCheck("An assertion word-count counts no words.")


def _threshold(kind: str, threshold: Any) -> float | None:
    """What promptfoo takes where none is set."""
    if threshold is not None:
        return float(threshold)
    return {"similar": 0.75, "bleu": 0.5, "rouge-n": 0.75}.get(kind)
