"""What each kind of expression does, as a function of what a template is filled in with."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chatbench.templates import evaluating
from chatbench.templates.errors import Fault
from chatbench.templates.evaluating import Frame, Missing, known, truth, words
from chatbench.templates.filters import FILTERS

Expression = Callable[[Frame], object]


def nothing(_: Frame) -> object:
    """None, whatever there is."""
    return None


def constant(value: object) -> Expression:
    """Always this value."""
    return lambda _: value


def variable(name: str, at: int) -> Expression:
    """What a variable holds; Missing where it holds nothing."""
    missing = Missing(name, at)
    return lambda frame: frame.values.get(name, missing)


def member(value: Expression, key: Expression, name: str, at: int) -> Expression:
    """A part of a value. Raises Fault for a value without parts."""
    return lambda frame: evaluating.member(value(frame), key(frame), name, at)


def negated(value: Expression) -> Expression:
    """The contrary."""
    return lambda frame: not value(frame)


def either(left: Expression, right: Expression) -> Expression:
    """The first that is true, else the last."""

    def choose(frame: Frame) -> object:
        value = left(frame)
        return value if truth(value) else right(frame)

    return choose


def both(left: Expression, right: Expression) -> Expression:
    """The first that is not true, else the last."""

    def choose(frame: Frame) -> object:
        value = left(frame)
        return right(frame) if truth(value) else value

    return choose


def compared(sign: str, left: Expression, right: Expression, at: int) -> Expression:
    """Raises Fault for what cannot be compared."""

    def compare(frame: Frame) -> object:
        a, b = left(frame), right(frame)
        longest = max(len(one) if isinstance(one, str | list) else 0 for one in (a, b))
        frame.budget.step(at, longest)
        return evaluating.compared(sign, a, b, at)

    return compare


def concatenated(left: Expression, right: Expression, at: int) -> Expression:
    """Two values as one text. Raises Fault for one that is missing."""

    def join(frame: Frame) -> object:
        a, b = words(left(frame), at), words(right(frame), at)
        frame.budget.text(at, len(a) + len(b))
        return a + b

    return join


def calculated(sign: str, left: Expression, right: Expression, at: int) -> Expression:
    """Raises Fault for what cannot be calculated."""
    return lambda frame: evaluating.calculated(sign, left(frame), right(frame), frame, at)


def filtered(name: str, value: Expression, arguments: Sequence[Expression], at: int) -> Expression:
    """A value passed through a filter. Raises Fault for what that does not take."""
    change = FILTERS[name]

    def pass_through(frame: Frame) -> object:
        frame.budget.step(at)
        given = [known(one(frame), at) for one in arguments]
        try:
            return change(frame, at, value(frame), *given)
        except (TypeError, ValueError, AttributeError, OverflowError) as error:
            raise Fault(
                at, f"The filter {name} does not take this.", "Check what is in its brackets."
            ) from error

    return pass_through


def counted(arguments: Sequence[Expression], at: int) -> Expression:
    """A row of numbers. Raises Fault for what is none, or too long."""
    if not 1 <= len(arguments) <= 3:
        raise Fault(at, "range wants one to three numbers.")

    def count(frame: Frame) -> object:
        given = [known(one(frame), at) for one in arguments]
        try:
            found = range(*given)
            many = len(found)
        except (TypeError, ValueError, OverflowError) as error:
            raise Fault(at, f"range does not take this: {error}.") from error
        if many > evaluating.MAX_STEPS:
            raise Fault(at, f"range goes to {evaluating.MAX_STEPS:,} at most.", "Make the loop shorter.")
        return found

    return count


def fragment(name: str, at: int) -> Expression:
    """The text of a fragment. Raises Fault where there is none of that name."""

    def text(frame: Frame) -> object:
        found = frame.fragments.get(name)
        if found is None:
            raise Fault(at, f"There is no fragment {name!r}.", "Save one of that name, or correct the name.")
        return found

    return text
