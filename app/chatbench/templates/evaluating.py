"""What a template is filled in with while it is: values as text, and limits on time and size."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from chatbench.templates.errors import Fault

MAX_OUTPUT = 16_000_000
"""Characters that one template may become."""
MAX_STEPS = 200_000
"""Loops gone round, conditions looked at and values put in, of one template."""
MAX_SECONDS = 0.5
"""Of the processor's time for one template."""
_LOOK_EVERY = 128
_STEP_CHARACTERS = 2_000
_MAX_NUMBER = 10**15


class Missing(NamedTuple):
    """What has no value: `name` is what it is called, and stands at character `at`."""

    name: str
    at: int


class Budget:
    """What is left of the time and the size that one template may take."""

    def __init__(self) -> None:
        self._steps = 0
        self._written = 0
        self._look_at = _LOOK_EVERY
        self._until: float | None = None

    def step(self, at: int, characters: int = 0) -> None:
        """Counts one thing done at a place, over so many characters. Raises Fault where that was too much."""
        self._steps += 1 + characters // _STEP_CHARACTERS
        if self._steps >= self._look_at:
            self._look_at = self._steps + _LOOK_EVERY
            # The processor's time and not the clock's: a machine that is busy otherwise breaks no template.
            # To ask for it takes longer than most templates do, which never come here.
            now = time.thread_time()
            if self._until is None:
                self._until = now + MAX_SECONDS
            if self._steps > MAX_STEPS or now > self._until:
                raise Fault(
                    at,
                    "This template does not come to an end soon enough.",
                    f"It was stopped after {self._steps:,} steps: make its loops shorter.",
                    is_endless=True,
                )

    def write(self, at: int, characters: int) -> None:
        """Counts what is written. Raises Fault where it becomes too long."""
        self._written += characters
        if self._written > MAX_OUTPUT:
            self.too_long(at)

    def text(self, at: int, characters: int) -> None:
        """Counts a text that is about to be made. Raises Fault where it is too long."""
        if characters > MAX_OUTPUT:
            self.too_long(at)
        self.step(at, characters)

    def too_long(self, at: int) -> None:
        """Raises Fault."""
        raise Fault(
            at, f"What this template becomes is longer than {MAX_OUTPUT:,} characters.", "Put less into it."
        )


class Frame:
    """One filling in: the values that hold at the moment, and what was written so far."""

    __slots__ = ("budget", "fragments", "values", "written")

    def __init__(self, values: Mapping[str, object], fragments: Mapping[str, str]) -> None:
        self.values: dict[str, object] = dict(values)
        self.fragments = fragments
        self.budget = Budget()
        self.written: list[str] = []

    def write(self, text: str, at: int) -> None:
        """Adds to what was written."""
        self.budget.write(at, len(text))
        self.written.append(text)


def known(value: object, at: int) -> Any:
    """The value. Raises Fault for one that is missing."""
    if isinstance(value, Missing):
        raise Fault(value.at, f"{value.name} has no value.", "Give one, or a default.")
    return value


def truth(value: object) -> bool:
    """Whether a section with this value appears."""
    return not isinstance(value, Missing) and bool(value)


def words(value: object, at: int) -> str:
    """A value as text: lists and objects as JSON, nothing for none. Raises Fault for what has no text."""
    value = known(value, at)
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        try:
            return str(value)
        except ValueError:
            raise Fault(at, "This number is too large.") from None
    return as_json(value, at)


def as_json(value: object, at: int, indent: int | None = None) -> str:
    """Raises Fault for what JSON cannot hold."""
    try:
        return json.dumps(known(value, at), ensure_ascii=False, indent=indent)
    except (TypeError, ValueError, RecursionError) as error:
        raise Fault(at, f"This value cannot be written as JSON: {error}.") from error


def member(value: object, key: object, name: str, at: int) -> object:
    """What stands under a key of an object or at a place of a list; Missing where nothing does. Raises
    Fault for a value that has no members."""
    value = known(value, at)
    key = known(key, at)
    if isinstance(value, Mapping):
        try:
            return value[key] if key in value else Missing(name, at)
        except TypeError:
            return Missing(name, at)
    if isinstance(value, list | tuple | str) and isinstance(key, int) and not isinstance(key, bool):
        return value[key] if -len(value) <= key < len(value) else Missing(name, at)
    if key == "length" and isinstance(value, list | tuple | str):
        return len(value)
    raise Fault(at, f"{name} does not exist: {_what(value)} has no such part.")


def items(value: object, at: int, *, pairs: bool) -> list[Any]:
    """What a loop goes through. Raises Fault for what is no list."""
    value = known(value, at)
    if isinstance(value, Mapping):
        return list(value.items()) if pairs else list(value)
    if isinstance(value, list | tuple | range):
        return list(value)
    if value is None:
        return []
    raise Fault(at, f"A loop wants a list, and this is {_what(value)}.", "Give the variable the type JSON.")


def calculated(sign: str, left: object, right: object, frame: Frame, at: int) -> object:
    """Two numbers, or two texts put one after the other. Raises Fault for anything else."""
    a, b = known(left, at), known(right, at)
    if sign == "+" and isinstance(a, str) and isinstance(b, str):
        frame.budget.text(at, len(a) + len(b))
        return a + b
    if not (_is_number(a) and _is_number(b)):
        raise Fault(at, f"{sign} wants two numbers.", "Put texts one after the other with ~.")
    try:
        result: Any = _NUMBERS[sign](a, b)
    except ZeroDivisionError:
        raise Fault(at, "Nothing can be divided by zero.") from None
    if abs(result) > _MAX_NUMBER:
        raise Fault(at, "This number becomes too large.")
    return result


_NUMBERS: dict[str, Any] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
}


def compared(sign: str, left: object, right: object, at: int) -> bool:
    """Raises Fault for what cannot be compared."""
    if sign in ("==", "!="):
        return (left == right) is (sign == "==")
    a, b = known(left, at), known(right, at)
    try:
        if sign == "in":
            return a in (b if isinstance(b, str | list | tuple | Mapping) else items(b, at, pairs=False))
        return bool(_ORDERS[sign](a, b))
    except TypeError:
        raise Fault(at, f"{_what(a)} and {_what(b)} cannot be compared with {sign}.") from None


_ORDERS: dict[str, Any] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _MAX_NUMBER


def _what(value: object) -> str:
    if isinstance(value, str):
        return "a text"
    if isinstance(value, bool):
        return "a yes or no"
    if isinstance(value, int | float | Decimal):
        return "a number"
    if isinstance(value, Mapping):
        return "an object"
    return "nothing" if value is None else "a list"
