"""Python checks, each in a process of its own; see `codechild` for what that process may do.

One process serves many answers, one after the other. To start one takes some 60 ms.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
import sys
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec

from chatbench.core.checks import Check
from chatbench.core.errors import FormatError
from chatbench.documents.frames import write_all
from chatbench.evaluation.findings import Finding, Unjudged

MEMORY: Final = 512 << 20
"""Bytes that a check may take."""
SECONDS: Final = 5.0
"""For one answer; the start of the process counts."""
_START_SECONDS: Final = 15.0
_CPU_SECONDS: Final = 300.0
"""Of a process, after which the system ends it: another is started."""
_MOST_ANSWER: Final = 64 << 10
_MOST_CODE: Final = 1 << 20
_MOST_PROCESSES: Final = 4
_NEEDED_VARIABLES: Final = ("SYSTEMROOT", "LD_LIBRARY_PATH")


def digest(code: str) -> str:
    """By which consent to code is remembered: SHA-256, hex."""
    return hashlib.sha256(code.encode("utf-8", "replace")).hexdigest()


def with_code(checks: Sequence[Check], folder: Path) -> tuple[Check, ...]:
    """With the code itself where a Python check names a file (one line that ends in .py, relative to
    `folder`): what runs is what was read, and allowed. Raises FormatError."""
    return tuple(
        msgspec.structs.replace(check, value=_read(folder / check.value)) if _names_a_file(check) else check
        for check in checks
    )


def _names_a_file(check: Check) -> bool:
    value = check.value
    return check.kind == "python" and isinstance(value, str) and value.endswith(".py") and "\n" not in value


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_CODE + 1)
        if len(data) > _MOST_CODE:
            raise FormatError(f"{path.name} is larger than 1 MiB.", "A check is a small file.")
        return data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(f"The check {path} cannot be read: {error}.", "Look after the file.") from error


def command() -> list[str]:
    """How the process is started; a bundle without an interpreter has to tell another command here."""
    places = [os.path.abspath(place) for place in sys.path if place]  # noqa: PTH100 - resolves no links
    start = f"import sys; sys.path[:] = {places!r}; from chatbench.services.codechild import main; main()"
    return [sys.executable, "-I", "-S", "-B", "-X", "utf8", "-c", start]


class _Ended(Unjudged):
    """The process is gone."""


class CodeRunner:
    """Runs checks that somebody has allowed: it asks nobody."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._processes: OrderedDict[str, _Process] = OrderedDict()
        self._closed = False

    async def run(self, code: str, answer: str, row: dict[str, Any]) -> Finding:
        """What `check(answer, row)` says. Raises Unjudged: it fails, takes too long or too much, or
        returns what is no verdict. Cancelling it ends the process."""
        name = digest(code)
        process = self._processes.get(name)
        if process is None:
            process = self._processes[name] = _Process(code)
        self._processes.move_to_end(name)
        await self._make_room()
        async with process.lock:
            served = process.served
            try:
                return await self._asked(process, answer, row)
            except _Ended:
                # It may have used up the time that a process has for many answers.
                if not served:
                    raise
            return await self._asked(process, answer, row)

    async def aclose(self) -> None:
        """Ends every process."""
        self._closed = True
        processes = list(self._processes.values())
        self._processes.clear()
        for process in processes:
            process.kill()
        for process in processes:
            await asyncio.to_thread(process.close)

    async def _make_room(self) -> None:
        idle = [name for name, one in self._processes.items() if not one.lock.locked()]
        while len(self._processes) > _MOST_PROCESSES and len(idle) > 1:
            await asyncio.to_thread(self._processes.pop(idle.pop(0)).close)

    async def _asked(self, process: _Process, answer: str, row: dict[str, Any]) -> Finding:
        if self._closed:
            raise Unjudged("Chatbench is closing.")
        packed = msgspec.json.encode({"answer": answer, "row": row}, enc_hook=str)
        waiting = asyncio.get_running_loop().run_in_executor(None, process.exchange, packed)
        try:
            patience = self._seconds if process.is_running else self._seconds + _START_SECONDS
            await asyncio.wait({waiting}, timeout=patience)
            if not waiting.done():
                raise Unjudged(f"The check takes longer than {self._seconds:g} seconds.")
            return _finding(waiting.result())
        except (Unjudged, asyncio.CancelledError):
            if not waiting.done():
                process.kill()
                with suppress(Unjudged):
                    await waiting
            raise


def _finding(told: dict[str, Any]) -> Finding:
    if "error" in told:
        raise Unjudged(f"The check broke: {told['error']}.")
    passed, score = told.get("passed"), told.get("score")
    if not isinstance(score, int | float) or not isinstance(passed, bool | None):
        raise Unjudged("The check broke: its process answered with something that is no verdict.")
    reason = str(told.get("reason", "")) or ("" if passed is not None else f"Score {score:.2f}.")
    return Finding(float(score), reason, passed)


class _Process:
    """Every method but `kill` blocks; one exchange at a time."""

    def __init__(self, code: str) -> None:
        self.lock = asyncio.Lock()
        self.served = 0
        """Answers of the process that runs."""
        self._code = code
        self._running: subprocess.Popen[bytes] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._guard = threading.Lock()

    @property
    def is_running(self) -> bool:
        return self._running is not None

    def exchange(self, packed: bytes) -> dict[str, Any]:
        """Raises Unjudged where the process ends before it has answered."""
        process = self._running or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(OSError):
            write_all(process.stdin.fileno(), len(packed).to_bytes(4, "big") + packed)
        head = process.stdout.read(4)
        size = int.from_bytes(head, "big")
        data = process.stdout.read(size) if len(head) == 4 and size <= _MOST_ANSWER else b""
        try:
            told: dict[str, Any] = msgspec.json.decode(data, type=dict[str, Any])
        except msgspec.DecodeError:
            self.close()
            raise _Ended("The check ended its process, or took more memory or time than it may.") from None
        self.served += 1
        return told

    def kill(self) -> None:
        """From any thread."""
        with self._guard:
            if self._running is not None:
                self._running.kill()

    def close(self) -> None:
        """Ends the process and gives back what it held; another one is started by the next exchange."""
        with self._guard:
            process, self._running, self.served = self._running, None, 0
            folder, self._folder = self._folder, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
        if folder is not None:
            folder.cleanup()

    def _start(self) -> subprocess.Popen[bytes]:
        folder = tempfile.TemporaryDirectory(prefix="chatbench-", ignore_cleanup_errors=True)
        process = subprocess.Popen(
            command(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder.name,
            env={name: os.environ[name] for name in _NEEDED_VARIABLES if name in os.environ},
            start_new_session=sys.platform != "win32",
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        with self._guard:
            self._running, self._folder = process, folder
        began = msgspec.json.encode({"code": self._code, "memory": MEMORY, "seconds": _CPU_SECONDS})
        assert process.stdin is not None
        with suppress(OSError):
            write_all(process.stdin.fileno(), len(began).to_bytes(4, "big") + began)
        return process
