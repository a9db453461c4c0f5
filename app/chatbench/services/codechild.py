"""The other side of `codechecks`: a process that runs somebody's `check(answer, row)` and can do little else.

It starts without environment and in an empty folder. Once the few modules that a check may import are there,
it opens no file (neither to write nor to read), makes no connection, starts no process and imports nothing
more; memory is limited by the system, time by whoever asks.
"""

from __future__ import annotations

import importlib
import math
import os
import sys
from types import TracebackType
from typing import Any, BinaryIO

import msgspec

from chatbench.documents.bounds import confine
from chatbench.documents.frames import Limits, write_all

MODULES = (
    *("base64", "bisect", "collections", "copy", "csv", "dataclasses", "datetime", "decimal", "difflib"),
    *("enum", "fractions", "functools", "hashlib", "heapq", "html", "itertools", "json", "math", "operator"),
    *("random", "re", "statistics", "string", "textwrap", "typing", "unicodedata"),
)
"""What a check may import."""
_LATER = (
    *("_strptime", "encodings.ascii", "encodings.cp1252", "encodings.idna", "encodings.latin_1"),
    *("encodings.utf_16", "encodings.utf_8_sig", "html.entities", "html.parser", "collections.abc"),
)
"""What those import only when it is used."""
NAME = "check"
_FILE = "<check>"
_MOST_REASON = 500
_REFUSED = ("open", "import", "mmap.__new__", "sys.addaudithook")
_REFUSED_FAMILIES = ("os.", "ctypes.", "gc.", "fcntl.", "pty.", "signal.", "resource.", "_thread.")


def main() -> None:
    """Reads the code from the standard input, then answers and rows; writes a result for each."""
    source = sys.stdin.buffer
    target = os.dup(1)
    silence = os.open(os.devnull, os.O_RDWR)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    began = _read(source)
    for module in (*MODULES, *_LATER):
        importlib.import_module(module)
    confine(Limits(memory=began["memory"], seconds=began["seconds"]))
    sys.addaudithook(_refuse)
    check = _function(began["code"])
    while True:
        asked = _read(source)
        result = check if isinstance(check, dict) else _called(check, asked["answer"], asked["row"])
        packed = msgspec.json.encode(result)
        write_all(target, len(packed).to_bytes(4, "big") + packed)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "import":
        raise PermissionError(f"a check may not import {arguments[0]}; it may import {', '.join(MODULES)}")
    if event in _REFUSED or event.startswith(_REFUSED_FAMILIES):
        raise PermissionError(f"a check may not use {event}")


def _function(code: str) -> Any:
    """The function, or the result that says what is wrong with the code."""
    space: dict[str, Any] = {"__name__": NAME}
    try:
        exec(compile(code, _FILE, "exec"), space)  # noqa: S102 - a person has allowed this very code
        found = space.get(NAME)
    except BaseException as error:  # noqa: BLE001 - whatever it raises is its own
        return {"error": _told(error)}
    return found if callable(found) else {"error": f"it has no function {NAME}(answer, row)"}


def _called(check: Any, answer: str, row: dict[str, Any]) -> dict[str, Any]:
    try:
        return _result(check(answer, row))
    except BaseException as error:  # noqa: BLE001 - as above, SystemExit among it
        return {"error": _told(error)}


def _result(given: Any) -> dict[str, Any]:
    """`passed` or `score`, with a `reason`; or `error`."""
    reason = ""
    passed: bool | None = None
    if isinstance(given, dict):
        reason = str(given.get("reason", ""))[:_MOST_REASON]
        decided = given.get("pass", given.get("passed"))
        if isinstance(decided, bool):
            passed = decided
        given = given.get("score", passed)
    if isinstance(given, bool):
        return {"passed": given if passed is None else passed, "score": float(given), "reason": reason}
    if isinstance(given, int | float) and math.isfinite(given) and 0 <= given <= 1:
        return {"passed": passed, "score": float(given), "reason": reason}
    return {"error": f"it returned {str(given)[:80]!r}, not true or false or a score from 0 to 1"}


def _told(error: BaseException) -> str:
    """What went wrong, with the line of the check."""
    line, trace = 0, error.__traceback__
    while isinstance(trace, TracebackType):
        if trace.tb_frame.f_code.co_filename == _FILE:
            line = trace.tb_lineno
        trace = trace.tb_next
    if isinstance(error, SyntaxError):
        line = error.lineno or 0
        words = error.msg
    else:
        words = str(error)
    place = f" (line {line})" if line else ""
    return f"{type(error).__name__}: {words}"[:_MOST_REASON] + place


def _read(source: BinaryIO) -> dict[str, Any]:
    length = source.read(4)
    data = source.read(int.from_bytes(length, "big")) if len(length) == 4 else b""
    if not data:
        # The one that asked is gone.
        os._exit(0)
    told: dict[str, Any] = msgspec.json.decode(data)
    return told


if __name__ == "__main__":
    main()
