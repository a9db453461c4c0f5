"""SEEDS.md names what exists: every row a Chatbench object or command and a test, or says why not."""

from __future__ import annotations

import importlib
import inspect
import re
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import click
import pytest

import chatbench
from chatbench.cli.command import chatbench as program

TESTS = Path(__file__).parents[1]
TABLE = Path(__file__).with_name("SEEDS.md")
LATER = ("tools", "MCP", "agents", "other endpoints", "plugins", "batch jobs", "documents")
"""What the seeds have beyond making calls."""
_QUOTED = re.compile(r"`([^`]+)`")
_SET = re.compile(r"\bself\.(\w+)(?:: [^=\n]+)? = ")
_TEST = re.compile(r"^(?:async )?def (test_\w+)\(", re.MULTILINE)


class Row(NamedTuple):
    """A line of the table, under the heading `section`."""

    line: int
    section: str
    seed: str
    here: str
    test: str


def rows_of(text: str) -> list[Row]:
    """Raises ValueError, with its line, for one that has not three cells."""
    rows, section = [], ""
    for number, line in enumerate(text.splitlines(), 1):
        section = line.removeprefix("## ") if line.startswith("## ") else section
        if not line.startswith("| ") or line.startswith(("| Seed", "| ---")):
            continue
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if len(cells) != 3:
            raise ValueError(f"line {number}: {len(cells)} cells")
        rows.append(Row(number, section, *cells))
    return rows


def wrong(row: Row) -> str:
    """What is wrong with a row; "" if nothing."""
    if row.here.startswith("later: "):
        return "" if row.here.removeprefix("later: ") in LATER and row.test == "—" else "no such later"
    named = _QUOTED.findall(row.here)
    if row.here.startswith("not: "):
        named_or_why = named or len(row.here) > len("not: ") + 10
        missing = [] if named_or_why else ["a reason"]
    else:
        missing = [] if named else ["a name"]
    tests = _QUOTED.findall(row.test)
    if not tests and not row.here.startswith("not: "):
        missing.append("a test")
    missing += [name for name in named if not exists(name)]
    missing += [test for test in tests if not has_test(test)]
    return ", ".join(missing)


def exists(name: str) -> bool:
    """`chatbench …` is a command with its options; all else a dotted name below the package, with a
    parameter or field as `Name(parameter=)`."""
    if name.startswith("chatbench "):
        return _is_command(name.split()[1:])
    dotted, _, parameter = name.partition("(")
    try:
        found = _resolved(dotted)
    except (AttributeError, ImportError):
        return False
    return not parameter or _takes(found, parameter.removesuffix(")").removesuffix("="))


def _resolved(dotted: str) -> Any:
    found: Any = chatbench
    for part in dotted.removeprefix("chatbench.").split("."):
        if isinstance(found, ModuleType) and not hasattr(found, part):
            found = importlib.import_module(f"{found.__name__}.{part}")
        elif part in getattr(found, "__struct_fields__", ()) or part in _annotated(found):
            found = object()
        else:
            found = getattr(found, part)
    return found


def _annotated(found: Any) -> set[str]:
    """Fields of a class, and what its `__init__` sets."""
    if not inspect.isclass(found):
        return set()
    names = {name for kind in found.__mro__ for name in vars(kind).get("__annotations__", {})}
    for kind in found.__mro__:
        names |= _attributes(kind) if kind.__module__.startswith("chatbench.") else set()
    return names


@lru_cache
def _attributes(kind: type) -> frozenset[str]:
    return frozenset(_SET.findall(inspect.getsource(kind)))


def _takes(found: Any, parameter: str) -> bool:
    if parameter in getattr(found, "__struct_fields__", ()):
        return True
    signature = inspect.signature(found)
    if parameter in signature.parameters:
        return True
    from chatbench.client.asking import _OTHER_NAMES, Asked
    from chatbench.client.runs import OF_THE_CALL
    from chatbench.core.params import Parameters

    passed_on = {
        *Parameters.__struct_fields__, *Asked.__struct_fields__, *_OTHER_NAMES, *OF_THE_CALL,
        "model", "progress", "show_progress", "total", "at_once",
    }  # fmt: skip
    open_ended = any(one.kind is one.VAR_KEYWORD for one in signature.parameters.values())
    return open_ended and parameter in passed_on


def _is_command(words: list[str]) -> bool:
    command: click.Command = program
    for word in words:
        if word.startswith("-"):
            if not any(word in option.opts + option.secondary_opts for option in command.params):
                return False
        elif isinstance(command, click.Group) and word in command.commands:
            command = command.commands[word]
        else:
            return False
    return bool(words)


def has_test(name: str) -> bool:
    """`folder/test_file.py::test_name`, below tests/."""
    place, _, function = name.partition("::")
    return bool(function) and function in _functions(place)


@lru_cache
def _functions(place: str) -> frozenset[str]:
    file = TESTS / place
    return frozenset(_TEST.findall(file.read_text("utf-8"))) if file.is_file() else frozenset()


ROWS = rows_of(TABLE.read_text("utf-8"))


def test_every_row_names_what_exists() -> None:
    faults = [f"line {row.line}: {row.seed}: {fault}" for row in ROWS if (fault := wrong(row))]
    assert not faults, "\n".join(faults)


def test_the_table_is_whole() -> None:
    """Each of the four is there, and nothing stands in it twice."""
    sections = re.findall(r"^## (.+)$", TABLE.read_text("utf-8"), re.MULTILINE)
    assert sections == ["LM Deluge", "llm", "OpenHands", "liter-llm"]
    assert len(ROWS) > 400
    seeds = [(row.section, row.seed) for row in ROWS]
    assert not {seed for seed in seeds if seeds.count(seed) > 1}


@pytest.mark.parametrize(
    ("here", "test", "fault"),
    [
        ("`LLMClient.no_such`", "`contracts/test_seeds.py::test_every_row_names_what_exists`", "no_such"),
        ("`LLMClient(no_such=)`", "`contracts/test_seeds.py::test_every_row_names_what_exists`", "no_such"),
        ("`nowhere.Thing`", "`contracts/test_seeds.py::test_every_row_names_what_exists`", "nowhere"),
        ("`Response.no_such`", "`contracts/test_seeds.py::test_every_row_names_what_exists`", "no_such"),
        ("`chatbench prompt --no-such`", "`contracts/test_seeds.py::test_the_table_is_whole`", "--no-such"),
        ("`chatbench nothing`", "`contracts/test_seeds.py::test_the_table_is_whole`", "nothing"),
        ("`LLMClient`", "`contracts/test_seeds.py::test_nothing`", "test_nothing"),
        ("`LLMClient`", "`contracts/test_nowhere.py::test_nothing`", "test_nowhere"),
        ("`LLMClient`", "—", "a test"),
        ("words", "`contracts/test_seeds.py::test_the_table_is_whole`", "a name"),
        ("later: some day", "—", "no such later"),
        ("not: no", "—", "a reason"),
    ],
)
def test_a_row_that_is_wrong_is_named(here: str, test: str, fault: str) -> None:
    assert fault in wrong(Row(1, "", "x", here, test))


@pytest.mark.parametrize(
    "name",
    [
        "LLMClient.process_prompts", "chatbench.LLMClient", "LLMClient(weights=)", "Response.text",
        "LLMClient.complete(temperature=)", "Parameters.seed", "errors.RateLimited.retry_after",
        "client.retries.elsewhere", "Session.messages", "chatbench prompt --schema", "chatbench models list",
    ],
)  # fmt: skip
def test_what_exists_is_found(name: str) -> None:
    assert exists(name)
