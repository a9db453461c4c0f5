"""Documents of strangers read in a process of their own, which can do nothing but read them.

The process gets memory, time and answers within `Limits`, an empty environment, an empty folder, no open
files but its pipes; it writes no files and opens no connections. However it ends, this side says so in a
sentence, and leaves neither process nor thread behind. To start one takes some 50 ms; as many run at once as
the computer has processors, four at most, the others wait their turn.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any, Final
from weakref import WeakKeyDictionary

import msgspec

from chatbench.core.errors import AttachmentRefused
from chatbench.documents.bounds import OUT_OF_MEMORY
from chatbench.documents.child import task_named
from chatbench.documents.frames import (
    Answer,
    Bytes,
    Done,
    Failed,
    Item,
    Limits,
    Place,
    Progress,
    Refused,
    Request,
    TooLarge,
    Unframer,
    Value,
    framed,
    write_all,
)

_log = logging.getLogger(__name__)

_PIECE: Final = 256 * 1024
_MOST_WORDS: Final = 1000
_CLOSING_SECONDS: Final = 2.0
_NEEDED_VARIABLES: Final = ("SYSTEMROOT", "LD_LIBRARY_PATH")
_AGAIN: Final = "It may be damaged: open it in its own program and save it anew."
_SMALLER: Final = "Attach a part of it, or save it as plain text."
_Gates = WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore]
_gates: Final[_Gates] = WeakKeyDictionary()


def command() -> list[str]:
    """How the process is started. An interpreter that looks for nothing by itself: it finds modules where
    this one does. A bundle without an interpreter has to tell another command here."""
    places = [os.path.abspath(place) for place in sys.path if place]  # noqa: PTH100 - resolves no links
    start = f"import sys; sys.path[:] = {places!r}; from chatbench.documents.child import main; main()"
    return [sys.executable, "-I", "-S", "-B", "-X", "utf8", "-c", start]


async def confined(
    task: str,
    *arguments: Any,
    name: str = "",
    limits: Limits = Limits(),
    on_progress: Callable[[int, int], None] | None = None,
) -> Any:
    """What the function of that task (`child.TASKS`) returns for these arguments.

    `name` is what the file is called in errors; `on_progress` is called with units done and units in all.
    Raises AttachmentRefused: what the function found wrong, or which limit the file exceeds. Cancelling it
    ends the process at once.
    """
    value: Any = None
    stream = confined_stream(task, *arguments, name=name, limits=limits, on_progress=on_progress)
    async with aclosing(stream) as values:
        async for item in values:
            value = item
    return value


async def confined_stream(
    task: str,
    *arguments: Any,
    name: str = "",
    limits: Limits = Limits(),
    on_progress: Callable[[int, int], None] | None = None,
) -> AsyncGenerator[Any, None]:
    """What the function of that task yields, as it comes; see `confined`. The time that is taken between
    two items does not count, but its turn is kept: nothing else may be read here between them. To be closed
    (`contextlib.aclosing`) where it is not read to its end."""
    loop = asyncio.get_running_loop()
    async with _gates.setdefault(loop, asyncio.Semaphore(max(1, min(4, os.cpu_count() or 1)))):
        reader = _Reader(task, arguments, name or "The file", limits)
        thread = ThreadPoolExecutor(1, thread_name_prefix=f"confined-{task}")
        try:
            left = limits.seconds
            while not reader.ended:
                began = time.monotonic()
                waiting = loop.run_in_executor(thread, reader.more)
                await asyncio.wait({waiting}, timeout=left)
                left -= time.monotonic() - began
                for answer in waiting.result() if waiting.done() else [reader.too_slow()]:
                    if isinstance(answer, AttachmentRefused):
                        raise answer
                    if not isinstance(answer, Progress):
                        yield answer
                    elif on_progress is not None:
                        on_progress(answer.done, answer.total)
        finally:
            reader.kill()
            try:
                # A file on a share that hangs can keep even a killed process: nobody waits for that.
                await asyncio.wait({loop.run_in_executor(thread, reader.close)}, timeout=_CLOSING_SECONDS)
            finally:
                thread.shutdown(wait=False)


class _Reader:
    """One process; every method but `kill` and `too_slow` blocks, and belongs to one thread."""

    def __init__(self, task: str, arguments: tuple[Any, ...], name: str, limits: Limits) -> None:
        self.ended = False
        self._name = name
        self._limits = limits
        self._task_name = task
        self._arguments = arguments
        self._gives: Any = None
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._unframer = Unframer(limits.output)
        self._killed = False
        self._lock = threading.Lock()

    def more(self) -> list[Any]:
        """What has come: values, Progress, and an AttachmentRefused where it ends with one. Waits for one
        at least, unless this is the end."""
        if self._process is None:
            self._start()
        assert self._process is not None
        assert self._process.stdout is not None
        found: list[Answer] = []
        try:
            while not found:
                piece = os.read(self._process.stdout.fileno(), _PIECE)
                if not piece:
                    return [self._death()]
                found = self._unframer.feed(piece)
            return [self._understood(answer) for answer in found if not isinstance(answer, Done)]
        except TooLarge:
            return [self._too_much()]
        except msgspec.DecodeError:
            return [self._broken("an answer that is none")]
        finally:
            self.ended = self.ended or any(isinstance(answer, Done) for answer in found)

    def kill(self) -> None:
        """Ends the process now; from any thread, at any time, also before it runs."""
        with self._lock:
            self._killed = True
            if self._process is not None:
                self._process.kill()

    def close(self) -> None:
        """Waits for the end of the process and gives back what it held."""
        if self._process is not None:
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    pipe.close()
        if self._folder is not None:
            self._folder.cleanup()

    def too_slow(self) -> AttachmentRefused:
        """The error for a document that takes more time than it may."""
        return AttachmentRefused(
            f"{self._name} takes longer to read than a document may ({self._limits.seconds:g} seconds).",
            _SMALLER,
        )

    def _start(self) -> None:
        task = task_named(self._task_name)
        if len(self._arguments) > len(task.takes):
            raise TypeError(f"{self._task_name} takes {len(task.takes)} arguments")
        self._gives = task.gives
        request = Request(
            task=self._task_name,
            arguments=tuple(map(_described, self._arguments, task.takes)),
            limits=self._limits,
        )
        self._folder = tempfile.TemporaryDirectory(prefix="chatbench-", ignore_cleanup_errors=True)
        process = subprocess.Popen(
            command(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            cwd=self._folder.name,
            env={name: os.environ[name] for name in _NEEDED_VARIABLES if name in os.environ},
            # An interrupt from the terminal is for this process: it ends the other one in its own way.
            start_new_session=sys.platform != "win32",
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        with self._lock:
            self._process = process
            if self._killed:
                process.kill()
        assert process.stdin is not None
        # One that dies while it is written to has its reason, which is read at its end.
        with suppress(OSError):
            write_all(process.stdin.fileno(), framed(request))
            for argument in self._arguments:
                if isinstance(argument, bytes):
                    write_all(process.stdin.fileno(), argument)

    def _understood(self, answer: Progress | Item | Refused | Failed) -> Any:
        match answer:
            case Item(packed):
                return msgspec.msgpack.decode(packed, type=self._gives)
            case Refused(message, hint):
                return AttachmentRefused(message[:_MOST_WORDS], hint[:_MOST_WORDS])
            case Failed("memory"):
                return self._out_of_memory()
            case Failed("depth"):
                return AttachmentRefused(f"{self._name} is nested too deeply to be read.", _SMALLER)
            case Failed(where=where):
                return self._broken(where)
        return answer

    def _death(self) -> AttachmentRefused:
        assert self._process is not None
        code = self._process.wait()
        if code == OUT_OF_MEMORY or code == -getattr(signal, "SIGKILL", 0):
            # Nobody but a system without memory kills it before this side does.
            return self._out_of_memory()
        if code == -getattr(signal, "SIGXCPU", 0):
            return self.too_slow()
        return self._broken(f"the end of the process ({code})")

    def _out_of_memory(self) -> AttachmentRefused:
        most = _size(self._limits.memory)
        return AttachmentRefused(
            f"{self._name} needs more memory than a document may take ({most}).", _SMALLER
        )

    def _too_much(self) -> AttachmentRefused:
        return AttachmentRefused(
            f"{self._name} holds more text and pictures than a document may ({_size(self._limits.output)}).",
            _SMALLER,
        )

    def _broken(self, where: str) -> AttachmentRefused:
        _log.info("a document could not be read by %s: %s", self._task_name, where[:_MOST_WORDS])
        return AttachmentRefused(f"{self._name} cannot be read.", _AGAIN)


def _described(argument: Any, kind: Any) -> Bytes | Place | Value:
    if isinstance(argument, bytes):
        return Bytes(len(argument))
    if isinstance(argument, Path):
        return Place(str(argument.absolute()))
    packed = msgspec.msgpack.encode(argument)
    # Of the wrong type, it is this side's fault, not the file's.
    msgspec.msgpack.decode(packed, type=kind)
    return Value(packed)


def _size(count: int) -> str:
    return f"{count / (1 << 30):.3g} GiB" if count >= 1 << 30 else f"{count / (1 << 20):.3g} MiB"
