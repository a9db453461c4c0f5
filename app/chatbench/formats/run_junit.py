"""A run as JUnit XML, which build servers show: a suite for each column, a case for each cell."""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

import msgspec

# What XML 1.0 cannot hold, and what would be read back as something else.
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A cell: `failure` says which checks it did not pass, `error` why there is no answer, `skipped` why
    nothing could be judged; `seconds` until the whole answer."""

    name: str
    seconds: float | None = None
    text: str = ""
    failure: str = ""
    error: str = ""
    skipped: str = ""


class Suite(msgspec.Struct, frozen=True, kw_only=True):
    """A column: its name, how many cases of each kind it has, and all their seconds."""

    name: str
    tests: int
    failures: int = 0
    errors: int = 0
    skipped: int = 0
    seconds: float = 0.0


def beginning(name: str) -> str:
    """The head of the file."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name={_quoted(name)}>\n'


def suite_beginning(suite: Suite) -> str:
    """The head of a column."""
    return (
        f"<testsuite name={_quoted(suite.name)} tests=\"{suite.tests}\" failures=\"{suite.failures}\" "
        f"errors=\"{suite.errors}\" skipped=\"{suite.skipped}\" time=\"{suite.seconds:.3f}\">\n"
    )  # fmt: skip


def cases(suite: str, each: Iterable[Case]) -> str:
    """Cells of a column."""
    return "".join(_case(suite, one) for one in each)


def suite_end() -> str:
    """The end of a column."""
    return "</testsuite>\n"


def end() -> str:
    """The end of the file."""
    return "</testsuites>\n"


def _case(suite: str, case: Case) -> str:
    seconds = "" if case.seconds is None else f' time="{case.seconds:.3f}"'
    told = f"<testcase classname={_quoted(suite)} name={_quoted(case.name)}{seconds}>"
    for kind, why in (("error", case.error), ("failure", case.failure), ("skipped", case.skipped)):
        if why:
            told += f"<{kind} message={_quoted(why)}/>"
            break
    if case.text:
        told += f"<system-out>{escape(_writable(case.text))}</system-out>"
    return told + "</testcase>\n"


def _writable(text: str) -> str:
    return _UNWRITABLE.sub("\ufffd", text)


def _quoted(text: str) -> str:
    return quoteattr(_writable(text))
