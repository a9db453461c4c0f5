"""Where the results of many calls go as they arrive, so that a crash loses none that was paid for.

A line, or row, holds the prompt's place (`index`), its `id` and the fingerprint of its request.
Opened again, a sink knows which prompts it has; one that was asked something else is refused.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

from chatbench.core.errors import FormatError
from chatbench.core.messages import RefusalPart
from chatbench.core.requests import Response
from chatbench.core.values import plain
from chatbench.storage.failures import system_error

if TYPE_CHECKING:
    from chatbench.storage.resultstore import ResultStore

_NONE: Final = 0
_READ: Final = 1 << 20


class Sink(Protocol):
    """Takes results in any order. Its methods are quick: they are called on the event loop."""

    def open(self) -> None:
        """Makes it ready, and reads what it holds. Raises StorageError where it cannot be written,
        FormatError where it holds something else."""
        ...

    def has(self, index: int, fingerprint: str) -> bool:
        """Whether the prompt at this place has been answered without an error. Raises FormatError
        where its place holds the answer to another."""
        ...

    def write(self, index: int, identity: str, fingerprint: str, response: Response) -> None:
        """Raises StorageError."""
        ...

    def close(self) -> None:
        """Everything is on disk afterwards. Raises StorageError."""
        ...


def result_object(index: int, identity: str, fingerprint: str, response: Response) -> dict[str, Any]:
    """One result as a JSON object: money as decimal text, what is unknown as null."""
    usage, cost, timings = response.usage, response.cost, response.timings
    return {
        "index": index,
        "id": identity or None,
        "text": response.text,
        "thinking": response.thinking,
        "refusal": "".join(p.text for p in response.parts if isinstance(p, RefusalPart)) or None,
        "parsed": plain(response.parsed),
        "tool_calls": [
            {"id": call.call_id, "name": call.name, "arguments": call.arguments}
            for call in response.tool_calls
        ],
        "error": msgspec.to_builtins(response.error) if response.error else None,
        "model": str(response.model),
        "model_answered": response.model_answered or None,
        "stop_reason": response.stop_reason,
        "usage": {**msgspec.to_builtins(usage), "total_tokens": usage.total_tokens} if usage else None,
        "cost": {"amount": format(cost.amount, "f"), "currency": cost.currency, "source": cost.source}
        if cost
        else None,
        "timings": msgspec.to_builtins(timings),
        "left_out": [{"name": item.name, "reason": item.reason} for item in response.left_out],
        "attempts": response.attempts,
        "local_cache_hit": response.local_cache_hit,
        "fingerprint": fingerprint,
    }


class _Held:
    """Which places are answered, and what they were asked: eight bytes each."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._marks = array("Q")

    def put(self, index: int, fingerprint: str) -> None:
        if index >= len(self._marks):
            self._marks.extend([_NONE] * (max(index + 1, 2 * len(self._marks)) - len(self._marks)))
        self._marks[index] = int(fingerprint[:16], 16) or 1

    def has(self, index: int, fingerprint: str) -> bool:
        if index >= len(self._marks) or self._marks[index] == _NONE:
            return False
        if self._marks[index] != (int(fingerprint[:16], 16) or 1):
            raise FormatError(
                f"{self._name} holds the answers of another run: prompt {index} is not the one it answers.",
                "Name another file, or give the same prompts, model and parameters.",
            )
        return True


class _Line(msgspec.Struct):
    """As much of a line as it takes to go on."""

    index: int
    fingerprint: str
    error: Any = None


class JsonlSink:
    """One JSON object a line, in the order the answers come. Each is handed to the system at once,
    so that a killed program loses none; half a line that a crash has left is cut off."""

    def __init__(self, path: Path | str, *, resume: bool = True) -> None:
        self.path = Path(path)
        self._resume = resume
        self._held = _Held(self.path.name)
        self._file: int | None = None

    def open(self) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        try:
            self._file = os.open(self.path, flags, 0o600)
            if self._resume:
                whole = self._read()
                os.ftruncate(self._file, whole)
            elif os.fstat(self._file).st_size:
                raise FormatError(
                    f"{self.path.name} exists and is not empty.", "Name another file, or resume it."
                )
        except OSError as error:
            self._drop()
            raise system_error(error, self.path) from error
        except FormatError:
            self._drop()
            raise

    def has(self, index: int, fingerprint: str) -> bool:
        return self._held.has(index, fingerprint)

    def write(self, index: int, identity: str, fingerprint: str, response: Response) -> None:
        assert self._file is not None, "not open"
        line = msgspec.json.encode(result_object(index, identity, fingerprint, response)) + b"\n"
        try:
            rest = memoryview(line)
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError as error:
            raise system_error(error, self.path) from error

    def close(self) -> None:
        if self._file is None:
            return
        try:
            os.fsync(self._file)
        except OSError as error:
            raise system_error(error, self.path) from error
        finally:
            self._drop()

    def _drop(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _read(self) -> int:
        """Takes note of every answered line; returns where the last whole line ends."""
        end = 0
        for number, line in enumerate(self._lines(), 1):
            end += len(line)
            try:
                told = msgspec.json.decode(line, type=_Line)
                if told.index < 0:
                    raise ValueError("index")
                if told.error is None:
                    self._held.put(told.index, told.fingerprint)
            except (msgspec.MsgspecError, ValueError) as error:
                raise FormatError(
                    f"{self.path.name}, line {number}, is not a result of a run.",
                    "Name another file for the results.",
                ) from error
        return end

    def _lines(self) -> Iterator[bytes]:
        """The whole lines, one at a time, however large the file is."""
        assert self._file is not None
        with os.fdopen(os.dup(self._file), "rb", buffering=_READ) as reader:
            reader.seek(0)
            for line in reader:
                if line.endswith(b"\n"):
                    yield line


class SqliteSink:
    """A table `results` in an SQLite file: index, id, fingerprint, error, and the JSON object.
    Written on a thread of its own, all that has come since it last wrote."""

    def __init__(self, path: Path | str, *, resume: bool = True) -> None:
        self.path = Path(path)
        self._resume = resume
        self._held = _Held(self.path.name)
        self._store: ResultStore | None = None

    def open(self) -> None:
        from chatbench.storage.resultstore import ResultStore

        store = ResultStore(self.path)
        try:
            for index, fingerprint in store.answered():
                if not self._resume:
                    raise FormatError(f"{self.path.name} holds results.", "Name another file, or resume it.")
                self._held.put(index, fingerprint)
        except BaseException:
            store.close()
            raise
        self._store = store

    def has(self, index: int, fingerprint: str) -> bool:
        return self._held.has(index, fingerprint)

    def write(self, index: int, identity: str, fingerprint: str, response: Response) -> None:
        assert self._store is not None, "not open"
        told = result_object(index, identity, fingerprint, response)
        failed = response.error is not None
        self._store.put(index, identity, fingerprint, failed, msgspec.json.encode(told))

    def close(self) -> None:
        if self._store is not None:
            store, self._store = self._store, None
            store.close()


def sink_at(path: Path | str) -> Sink:
    """A sink by the file's name: SQLite for .db, .sqlite and .sqlite3, else JSON lines."""
    path = Path(path)
    return SqliteSink(path) if path.suffix.lower() in (".db", ".sqlite", ".sqlite3") else JsonlSink(path)
