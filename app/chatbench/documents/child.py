"""The other side of `confined`: a process that calls one function on one document, within limits.

Only functions named in `TASKS` can be called. They are pure: what they get is in their arguments, what they
make is what they return or yield. A function that has a keyword `progress` gets a call for units done and
units in all. Arguments and results are typed by the function's annotations, which have to exist when the
program runs: bytes, str, numbers, tuples, msgspec Structs, and paths as arguments.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec

from chatbench.core.errors import AttachmentRefused
from chatbench.documents.bounds import confine
from chatbench.documents.frames import (
    Answer,
    Bytes,
    Done,
    Failed,
    Item,
    Place,
    Progress,
    Refused,
    Request,
    Value,
    framed,
    write_all,
)

TASKS: dict[str, str] = {
    "markdown": "chatbench.documents.markdown.convert:convert",
    "list_archive": "chatbench.documents.archives:list_archive",
    "read_entry": "chatbench.documents.archives:read_entry",
    "sound_facts": "chatbench.documents.sounds:sound_facts",
    "picture": "chatbench.documents.photos:converted",
    "pdf_facts": "chatbench.documents.pdf.inspecting:inspect",
    "pdf_text": "chatbench.documents.pdf.text:text",
    "pdf_pictures": "chatbench.documents.pdf.drawing:render",
    "pdf_thumbnail": "chatbench.documents.pdf.drawing:thumbnail",
    "pdf_unlocked": "chatbench.documents.pdf.copies:unlocked",
    "pdf_subset": "chatbench.documents.pdf.copies:subset",
}
"""What can be called: name -> module:function."""
WITH_THREADS = frozenset({"picture"})
"""Those whose libraries cannot do without: the decoder of HEIC starts one, whatever it is told."""

_FLUSH_SECONDS, _FLUSH_BYTES = 0.02, 256 * 1024
_PROGRESS_SECONDS = 0.05


class Task(msgspec.Struct, frozen=True):
    """A function that may be called, the types of its arguments in order, and of what it gives: `gives` is
    the type of each item where it `streams`."""

    function: Callable[..., Any]
    takes: tuple[Any, ...]
    gives: Any
    streams: bool
    tells_progress: bool


def task_named(name: str) -> Task:
    """The task. Raises KeyError for a name that is not in `TASKS`."""
    module, _, attribute = TASKS[name].partition(":")
    function = getattr(importlib.import_module(module), attribute)
    hints = get_type_hints(function)
    gives = hints.pop("return")
    streams = getattr(gives, "__origin__", None) is Iterator
    tells_progress = hints.pop("progress", None) is not None
    return Task(
        function=function,
        takes=tuple(hints.values()),
        gives=get_args(gives)[0] if streams else gives,
        streams=streams,
        tells_progress=tells_progress,
    )


class _Speaker:
    """Answers on their way out: several at a time, none kept longer than a moment."""

    def __init__(self, file: int) -> None:
        self._file = file
        self._waiting: list[bytes] = []
        self._size = 0
        self._flushed = 0.0
        self._told = 0.0

    def say(self, answer: Answer) -> None:
        frame = framed(answer)
        self._waiting.append(frame)
        self._size += len(frame)
        if self._size >= _FLUSH_BYTES or time.monotonic() - self._flushed >= _FLUSH_SECONDS:
            self.flush()

    def progress(self, done: int, total: int) -> None:
        now = time.monotonic()
        if done >= total or now - self._told >= _PROGRESS_SECONDS:
            self._told = now
            self.say(Progress(done, total))

    def flush(self) -> None:
        write_all(self._file, b"".join(self._waiting))
        self._waiting, self._size, self._flushed = [], 0, time.monotonic()


def main() -> None:
    """Reads a request from the standard input and writes answers to the standard output."""
    source = sys.stdin.buffer
    target = os.dup(1)
    silence = os.open(os.devnull, os.O_WRONLY)
    # What a library prints must not come among the answers.
    os.dup2(silence, 1)
    request = msgspec.msgpack.decode(
        _exactly(source, int.from_bytes(_exactly(source, 4), "big")), type=Request
    )
    confine(request.limits, threads=request.task in WITH_THREADS)
    speaker = _Speaker(target)
    short_of_memory = framed(Failed("memory", ""))
    try:
        answer = _call(request, source, speaker)
    except MemoryError:
        write_all(target, short_of_memory)
        os._exit(0)
    except RecursionError:
        answer = Failed("depth", "")
    except AttachmentRefused as error:
        answer = Refused(error.message, error.hint)
    except Exception as error:  # noqa: BLE001 - what breaks on a file is said, not what the file held
        answer = Failed("", _where(error))
    speaker.say(answer)
    speaker.flush()
    # Nothing is left to be put in order: what was read is large, and taking it apart takes time.
    os._exit(0)


def _call(request: Request, source: Any, speaker: _Speaker) -> Answer:
    task = task_named(request.task)
    arguments = [
        _argument(given, kind, source) for given, kind in zip(request.arguments, task.takes, strict=False)
    ]
    told = {"progress": speaker.progress} if task.tells_progress else {}
    made = task.function(*arguments, **told)
    for item in made if task.streams else (made,):
        speaker.say(Item(msgspec.msgpack.encode(item)))
    return Done()


def _argument(given: Bytes | Place | Value, kind: Any, source: Any) -> Any:
    match given:
        case Bytes(size):
            return _exactly(source, size)
        case Place(path):
            return Path(path)
        case Value(packed):
            return msgspec.msgpack.decode(packed, type=kind)


def _exactly(source: Any, size: int) -> bytes:
    data: bytes = source.read(size)
    if len(data) < size:
        # The one that asked is gone.
        os._exit(1)
    return data


def _where(error: BaseException) -> str:
    steps = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        steps.append(f"{Path(code.co_filename).name}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return f"{type(error).__name__} in " + " > ".join(steps[-6:])


if __name__ == "__main__":
    main()
