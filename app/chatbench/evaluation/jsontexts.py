"""Checks on answers in JSON."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import msgspec

from chatbench.core.checks import Check, Subject
from chatbench.core.errors import ConfigurationError
from chatbench.evaluation.deadlines import Deadline, TookTooLong
from chatbench.evaluation.findings import Finding, Unjudged, as_text, finding, held_against, shown
from chatbench.evaluation.measures import is_same
from chatbench.evaluation.numerals import is_near, numeral
from chatbench.evaluation.patterns import searched

if TYPE_CHECKING:
    from jsonpath_rfc9535 import JSONPathEnvironment
    from jsonpath_rfc9535.query import JSONPathQuery

SECONDS: Final = 1.0
"""How long a path or a schema may be followed through one answer."""
_MOST_NODES: Final = 10_000
_FENCED = re.compile(r"```[ \t]*(?:json5?|jsonc)?[ \t]*\r?\n(.*?)\r?\n[ \t]*```", re.DOTALL | re.IGNORECASE)
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_TYPES: Final[dict[str, type | tuple[type, ...]]] = {"object": dict, "array": list}
OPERATIONS: Final = ("==", "!=", "<", "<=", ">", ">=", "contains", "regex", "exists")


def is_json(check: Check, subject: Subject) -> Finding:
    values, reason = _values(subject.text, check.options)
    if not values:
        return Finding(0.0, reason, False)
    kind = check.options.get("type", "")
    return finding(
        kind not in _TYPES or any(isinstance(value, _TYPES[kind]) for value in values),
        "It is JSON.",
        f"It is JSON, but no {kind}.",
    )


def json_schema(check: Check, subject: Subject) -> Finding:
    """Of several values one fits; what is told is what is wrong with the first."""
    values, reason = _values(subject.text, check.options)
    if not values:
        return Finding(0.0, reason, False)
    from chatbench.evaluation.jsonschemas import mismatch

    schema = held_against(check, subject)
    wrong = mismatch(schema, values[0])
    _watch.begin(SECONDS)
    fits = not wrong or any(_in_time() and not mismatch(schema, value) for value in values[1:])
    return finding(fits, "It fits the schema.", f"It does not fit the schema, {wrong}")


def json_path(check: Check, subject: Subject) -> Finding:
    """Compares what the path finds: any of it, or with `every` all of it."""
    values, reason = _values(subject.text, check.options)
    if not values:
        return Finding(0.0, reason, False)
    path, operation = str(check.options.get("path", "$")), str(check.options.get("op", "=="))
    found = _found(path, values[0])
    if operation == "exists":
        return finding(bool(found), f"{path} is there.", f"{path} is not there.")
    if not found:
        return Finding(0.0, f"{path} is not there.", False)
    wanted = held_against(check, subject)
    holds = [_compared(one, operation, wanted, float(check.options.get("tolerance", 0))) for one in found]
    passed = all(holds) if check.options.get("every") else any(holds)
    told = found[holds.index(passed)] if passed in holds else found[0]
    more = f" ({len(found)} places)" if len(found) > 1 else ""
    words = f"{path} is {shown(told)}{more}"
    return finding(passed, f"{words}.", f"{words}, which is not {operation} {shown(wanted)}.")


def path_problem(path: str) -> str:
    """What is wrong with a path; "" for a good one."""
    try:
        _query(path)
    except ConfigurationError as error:
        return error.message
    return ""


def fenced(text: str) -> str:
    """What stands in the first fence of JSON of a text; the text itself where there is none."""
    found = _FENCED.search(text)
    return found[1] if found else text


def _values(text: str, options: dict[str, Any]) -> tuple[list[Any], str]:
    """The value, or those within other words; none, and why."""
    bare = fenced(text) if options.get("fence") else text
    try:
        return [msgspec.json.decode(bare.strip())], ""
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        told = "It is empty." if not bare.strip() else f"It is not JSON: {error}."
    return (_within(text) if options.get("within") else []), told


def _within(text: str) -> list[Any]:
    """The objects that stand somewhere in a text. Lists are not looked for: [1] is a footnote."""
    decoder, found = json.JSONDecoder(parse_constant=_no_value), []
    _watch.begin(SECONDS)
    at = text.find("{")
    while at >= 0 and _in_time():
        try:
            value, end = decoder.raw_decode(text, at)
            found.append(value)
        except (ValueError, RecursionError):
            end = at + 1
        at = text.find("{", end)
    return found


def _in_time() -> bool:
    """True. Raises TookTooLong once the time is over."""
    try:
        _watch.look()
    except TimeoutError:
        raise TookTooLong(f"It takes longer than {SECONDS:g} s to look for JSON in this answer.") from None
    return True


def _no_value(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _compared(value: Any, operation: str, wanted: Any, tolerance: float) -> bool:
    if operation == "contains":
        return _holds(value, wanted)
    if operation == "regex":
        return searched(as_text(wanted), as_text(value)) is not None
    numbers = _number(value), _number(wanted)
    near = None not in numbers and is_near(numbers[0] or 0.0, numbers[1] or 0.0, tolerance)
    if operation in ("==", "!="):
        same = near or is_same(value, wanted) or (isinstance(wanted, str) and as_text(value) == wanted)
        return same == (operation == "==")
    order = _ORDERS[operation]
    if None not in numbers:
        return order(numbers[0], numbers[1]) or (near and "=" in operation)
    if isinstance(value, str) and isinstance(wanted, str):
        return order(value, wanted)
    return False


_ORDERS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def _holds(value: Any, wanted: Any) -> bool:
    if isinstance(value, str):
        return as_text(wanted) in value
    if isinstance(value, dict):
        return as_text(wanted) in value
    return isinstance(value, list) and (
        wanted in value or (isinstance(wanted, str) and numeral(wanted) in value)
    )


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        try:
            return float(value)
        except OverflowError:
            return None
    return numeral(value) if isinstance(value, str) and len(value) < 50 else None


_watch = Deadline()


def _found(path: str, value: Any) -> list[Any]:
    from jsonpath_rfc9535 import JSONPathError

    query = _query(path)
    _watch.begin(SECONDS)
    try:
        return _first(query.finditer(value))
    except TimeoutError:
        raise TookTooLong(f"{path} takes longer than {SECONDS:g} s to be followed in this answer.") from None
    except (JSONPathError, RecursionError) as error:
        raise Unjudged(f"{path} cannot be followed in this answer: {error}.") from error


def _first(nodes: Iterable[Any]) -> list[Any]:
    found = []
    for node in nodes:
        _watch.look()
        found.append(node.value)
        if len(found) >= _MOST_NODES:
            break
    return found


@lru_cache(maxsize=256)
def _query(path: str) -> JSONPathQuery:
    """Raises ConfigurationError."""
    from jsonpath_rfc9535 import JSONPathError

    bare = _QUOTED.sub("''", path)
    if "$" in bare[1:] or len(path) > 1_000:
        raise ConfigurationError(
            f"The path {shown(path)} is too involved: within a filter, begin at the element (@).",
            "Write a simpler path.",
        )
    try:
        return _environment().compile(path)
    except (JSONPathError, RecursionError, ValueError) as error:
        raise ConfigurationError(
            f"{shown(path)} is not a JSON path: {error}.", "Write as in $.items[0].name"
        ) from error


@lru_cache(maxsize=1)
def _environment() -> JSONPathEnvironment:
    from jsonpath_rfc9535 import JSONPathEnvironment
    from jsonpath_rfc9535.function_extensions import Match, Search

    class Matches(Match):
        def __call__(self, string: object, pattern: object) -> bool:
            _watch.look()
            return (
                isinstance(pattern, str) and isinstance(string, str) and _matches(pattern, string, whole=True)
            )

    class Searches(Search):
        def __call__(self, string: object, pattern: object) -> bool:
            _watch.look()
            return (
                isinstance(pattern, str)
                and isinstance(string, str)
                and _matches(pattern, string, whole=False)
            )

    class Environment(JSONPathEnvironment):
        """Looks at the clock at every container that is walked through."""

        def setup_function_extensions(self) -> None:
            super().setup_function_extensions()
            self.function_extensions.update(match=Matches(), search=Searches())

        @property
        def max_recursion_depth(self) -> int:  # type: ignore[override]
            _watch.look()
            return 100

    return Environment()


def _matches(pattern: str, text: str, *, whole: bool) -> bool:
    from iregexp_check import check

    if not check(pattern):
        return False
    try:
        return searched(pattern, text, whole=whole) is not None
    except ConfigurationError:
        return False
