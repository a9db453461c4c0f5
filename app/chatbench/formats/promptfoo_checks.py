"""The assertions of promptfoo as checks, as far as one means the other."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from chatbench.core.checks import Check
from chatbench.core.errors import FormatError
from chatbench.formats import yamltexts

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
_ENDS = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|\$", re.DOTALL)
"""What is escaped, classes of characters, and ends: only those are meant."""
_PARTS = re.compile(r'"((?:[^"]|"")+)"\s*(?=,|\Z)|[^,\s][^,]*')
"""What stands between commas; within quotation marks a comma is one of the text."""
_KNOWN = frozenset({"type", "value", "threshold", "weight", "metric", "provider"})

OTHERWISE = {
    "rouge-n": "An assertion rouge-n compares words here; promptfoo counts signs too, and scores higher.",
    "bleu": "An assertion bleu parts words from signs here; promptfoo parts them at spaces alone.",
}
"""What is counted in another way, by its type without `not-`."""


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
    weight = float(told.get("weight", 1.0))
    return msgspec.structs.replace(
        made, name=str(told.get("metric") or ""), negate=negate, weight=weight, required=weight > 0
    )


def _made(kind: str, told: dict[str, Any]) -> Check:
    value, threshold = told.get("value"), told.get("threshold")
    if isinstance(value, str) and value.startswith(("file://", "python:", "javascript:")):
        raise NoCheck(f"An assertion {kind} reads {value.partition(':')[0]} from elsewhere.")
    if kind in ("is-json", "contains-json"):
        return _json(value, {"within": True} if kind == "contains-json" else {})
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
    if ours in _LISTS:
        value = _texts(kind, value)
    elif ours == "regex":
        value = _expression(str(value))
    else:
        value = _text(value)
    return msgspec.convert(
        {"kind": ours, "value": value, "options": options, "threshold": _threshold(kind, threshold)}, Check
    )


def _json(value: Any, options: dict[str, Any]) -> Check:
    """A schema may be written as the text of one, in YAML."""
    if not value:
        return Check(kind="is_json", options=options)
    try:
        schema = yamltexts.read(value) if isinstance(value, str) else value
    except FormatError as error:
        raise NoCheck(f"The schema of an assertion is none: {error.message}") from error
    return Check(kind="json_schema", value=schema, options=options)


def _texts(kind: str, value: Any) -> list[Any]:
    if isinstance(value, str):
        value = [one[1].replace('""', '"') if one[1] else one[0].rstrip() for one in _PARTS.finditer(value)]
    if not isinstance(value, list) or not value:
        raise NoCheck(f"An assertion {kind} names no texts.")
    return [_text(one) for one in value]


def _text(value: Any) -> Any:
    """A number is compared as it is written."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _expression(pattern: str) -> str:
    """The end that JavaScript means by $: Python's is also before the last line break."""
    return _ENDS.sub(lambda found: r"\Z" if found[0] == "$" else found[0], pattern)


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
