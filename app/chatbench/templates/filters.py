"""What a value can be passed through: `{{ name | upper }}`, and tested for: `{% if name is defined %}`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from chatbench.templates.errors import Fault
from chatbench.templates.evaluating import Frame, Missing, as_json, items, known, words

Filter = Callable[..., object]
"""Takes the frame, the place, the value and the arguments. Raises Fault, and TypeError for arguments it does
not take."""


def _text(change: Callable[[str], str], frame: Frame, at: int, value: object) -> object:
    text = words(value, at)
    frame.budget.text(at, len(text))
    return change(text)


def _default(frame: Frame, at: int, value: object, other: object = "", empty: object = False) -> object:
    return other if isinstance(value, Missing) or value is None or (empty and not value) else value


def _join(frame: Frame, at: int, value: object, between: str = "") -> object:
    parts = [words(one, at) for one in items(value, at, pairs=False)]
    frame.budget.text(at, sum(map(len, parts)) + len(between) * len(parts))
    return between.join(parts)


def _replace(frame: Frame, at: int, value: object, old: str, new: str) -> object:
    text = words(value, at)
    count = text.count(old)
    frame.budget.text(at, len(text) + count * max(0, len(new) - len(old)))
    return text.replace(old, new)


def _indent(frame: Frame, at: int, value: object, width: int = 4, first: object = False) -> object:
    text = words(value, at)
    margin = " " * min(max(int(width), 0), 100)
    frame.budget.text(at, len(text) + len(margin) * (text.count("\n") + 1))
    return (margin if first else "") + text.replace("\n", "\n" + margin)


def _truncate(frame: Frame, at: int, value: object, length: int = 255, end: str = "…") -> object:
    text = words(value, at)
    return text if len(text) <= length else text[: max(0, int(length) - len(end))] + end


def _length(frame: Frame, at: int, value: object) -> object:
    value = known(value, at)
    return len(value) if isinstance(value, str | Mapping) else len(items(value, at, pairs=False))


def _list(change: Callable[[list[Any]], object], frame: Frame, at: int, value: object) -> object:
    value = known(value, at)
    if isinstance(value, str):
        value = list(value)
    found = items(value, at, pairs=False)
    frame.budget.step(at, len(found) * 50)
    try:
        return change(found)
    except TypeError:
        raise Fault(at, "These cannot be put into an order: they are of different kinds.") from None


def _end(place: int, frame: Frame, at: int, value: object) -> object:
    found = known(value, at)
    if not isinstance(found, str):
        found = items(found, at, pairs=False)
    return found[place] if found else Missing("The part of an empty list", at)


def _unique(found: list[Any]) -> list[Any]:
    kept: dict[Any, Any] = {}
    for one in found:
        plain = isinstance(one, str | int | float | None)
        kept.setdefault((type(one), one) if plain else repr(one), one)
    return list(kept.values())


def _number(kind: type[int] | type[float], frame: Frame, at: int, value: object) -> object:
    text = words(value, at)
    try:
        if len(text) > 100:
            raise ValueError
        return kind(float(text))
    except (ValueError, OverflowError):
        raise Fault(at, f"{text[:40]!r} is no number.") from None


def _round(frame: Frame, at: int, value: object, places: int = 0) -> object:
    number = round(float(words(_number(float, frame, at, value), at)), max(-15, min(int(places), 15)))
    return number if places > 0 else int(number)


def _json(frame: Frame, at: int, value: object, indent: int | None = None) -> object:
    text = as_json(value, at, None if indent is None else min(max(int(indent), 0), 16))
    frame.budget.text(at, len(text))
    return text


def _items(frame: Frame, at: int, value: object) -> object:
    return [list(pair) for pair in items(value, at, pairs=True)]


FILTERS: dict[str, Filter] = {
    "capitalize": partial(_text, str.capitalize),
    "d": _default,
    "default": _default,
    "dump": _json,
    "first": partial(_end, 0),
    "float": partial(_number, float),
    "indent": _indent,
    "int": partial(_number, int),
    "items": _items,
    "join": _join,
    "json": _json,
    "last": partial(_end, -1),
    "length": _length,
    "lower": partial(_text, str.lower),
    "replace": _replace,
    "reverse": partial(_list, lambda found: found[::-1]),
    "round": _round,
    "sort": partial(_list, sorted),
    "string": partial(_text, str),
    "title": partial(_text, str.title),
    "tojson": _json,
    "trim": partial(_text, str.strip),
    "truncate": _truncate,
    "unique": partial(_list, _unique),
    "upper": partial(_text, str.upper),
}
FORGIVING = frozenset({"d", "default"})
"""Filters that take a missing value."""

TESTS: dict[str, Callable[[object], bool]] = {
    "defined": lambda value: not isinstance(value, Missing),
    "undefined": lambda value: isinstance(value, Missing),
    "none": lambda value: value is None,
    "string": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "mapping": lambda value: isinstance(value, Mapping),
    "iterable": lambda value: isinstance(value, list | tuple | Mapping),
}
