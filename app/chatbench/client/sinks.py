"""Where the results of many calls go as they arrive, so that a crash loses none that was paid for.

A line, or row, holds the prompt's place (`index`), its `id` and the fingerprint of its request.
Opened again, a sink knows which prompts it has; one that was asked something else is refused.
"""

from __future__ import annotations

import errno
import os
import stat
from array import array
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Protocol

import msgspec

from chatbench.core.errors import ChatbenchError, DiskFull, FormatError, StorageError
from chatbench.core.requests import Response
from chatbench.core.values import plain
from chatbench.formats.conversation_json import answer_object, response_object
from chatbench.storage import rows
from chatbench.storage.failures import system_error
from chatbench.storage.owners import try_hold

if TYPE_CHECKING:
    from chatbench.storage.resultstore import ResultStore

_NONE: Final = 0
_MOST: Final = 1 << 27
"""More prompts than a run can have: what says so is no result of one, and is not made room for (1 GB)."""
_READ: Final = 1 << 20
_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)


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
    """One result as a JSON object, with all that `prompt --json` prints."""
    return {
        "index": index,
        "id": identity or None,
        **answer_object(response),
        "state": "failed" if response.error else "done",
        "conversation_id": None,
        **response_object(response),
        "parsed": plain(response.parsed),
        "tool_calls": [
            {"id": call.call_id, "name": call.name, "arguments": call.arguments}
            for call in response.tool_calls
        ],
        "error": msgspec.to_builtins(response.error) if response.error else None,
        "local_cache_hit": response.local_cache_hit,
        "fingerprint": fingerprint,
    }


class _Held:
    """Which places are answered, and what they were asked: eight bytes each."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._marks = array("Q")

    def put(self, index: int, fingerprint: str) -> None:
        """Raises ValueError or OverflowError for what cannot be a place, or a fingerprint."""
        if not 0 <= index < _MOST:
            raise ValueError("index")
        mark = int(fingerprint[:16], 16) or 1
        if index >= len(self._marks):
            room = min(_MOST, max(index + 1, 2 * len(self._marks)))
            self._marks.frombytes(bytes(self._marks.itemsize * (room - len(self._marks))))
        self._marks[index] = mark

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
    so that a killed program loses none.

    Opening it changes nothing in the file. With the first result, half a line that a crash has left
    is cut off, and the lines of prompts that failed are taken out, for those are asked again.
    """

    def __init__(self, path: Path | str, *, resume: bool = True) -> None:
        self.path = Path(path)
        self._resume = resume
        self._held = _Held(self.path.name)
        self._file: int | None = None
        self._target = self.path
        self._mended = False
        self._whole = 0
        self._failed = False

    def open(self) -> None:
        self._held = _Held(self.path.name)
        self._mended = self._failed = False
        self._whole = 0
        try:
            self._file = os.open(self.path, _FLAGS, 0o600)
            self._target = self.path.resolve()
            # Another run may have put a mended copy in its place before it let go of this one.
            if not try_hold(self._file) or not os.path.samestat(os.fstat(self._file), self.path.stat()):
                raise StorageError(
                    f"Another run is writing to {self.path.name}.", "Wait for its end, or name another file."
                )
            if self._resume:
                self._whole = self._read()
            elif os.fstat(self._file).st_size:
                raise FormatError(
                    f"{self.path.name} exists and is not empty.", "Name another file, or resume it."
                )
        except OSError as error:
            self._drop()
            raise _refused(error, self.path) from error
        except ChatbenchError:
            self._drop()
            raise

    def has(self, index: int, fingerprint: str) -> bool:
        return self._held.has(index, fingerprint)

    def write(self, index: int, identity: str, fingerprint: str, response: Response) -> None:
        line = _encoded(index, identity, fingerprint, response) + b"\n"
        try:
            if not self._mended:
                self._mend()
            assert self._file is not None, "not open"
            _write(self._file, line)
        except OSError as error:
            self._mended = False
            raise _refused(error, self.path) from error
        self._whole += len(line)

    def close(self) -> None:
        if self._file is None:
            return
        try:
            os.fsync(self._file)
        except OSError as error:
            raise _refused(error, self.path) from error
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
                if told.error is None:
                    self._held.put(told.index, told.fingerprint)
                else:
                    self._failed = True
            except (msgspec.MsgspecError, ValueError, OverflowError) as error:
                raise FormatError(
                    f"{self.path.name}, line {number}, is not a result of a run.",
                    "Name another file for the results.",
                ) from error
        return end

    def _mend(self) -> None:
        assert self._file is not None, "not open"
        if self._failed:
            self._leave_out_failed()
        else:
            os.ftruncate(self._file, self._whole)
        self._mended = True

    def _leave_out_failed(self) -> None:
        """Puts a copy without them in the file's place: a crash leaves the one or the other."""
        assert self._file is not None
        beside = self._target.with_name(f"{self._target.name}.part")
        fresh = os.open(beside, _FLAGS | os.O_TRUNC, 0o600)
        try:
            for line in self._lines():
                if msgspec.json.decode(line, type=_Line).error is None:
                    _write(fresh, line)
            os.fsync(fresh)
            if not try_hold(fresh):
                raise BlockingIOError(errno.EAGAIN, "another run has it")
            beside.chmod(stat.S_IMODE(os.fstat(self._file).st_mode))
            whole = os.fstat(fresh).st_size
            beside.replace(self._target)
        except BaseException:
            os.close(fresh)
            beside.unlink(missing_ok=True)
            raise
        os.close(self._file)
        self._file, self._whole, self._failed = fresh, whole, False

    def _lines(self) -> Iterator[bytes]:
        """The whole lines, one at a time, however large the file is."""
        assert self._file is not None
        with os.fdopen(os.dup(self._file), "rb", buffering=_READ) as reader:
            reader.seek(0)
            for line in reader:
                if line.endswith(b"\n"):
                    yield line


class StreamSink:
    """One JSON object a line to a stream that is open already, such as standard output: nothing can
    be resumed. The stream stays open."""

    def __init__(self, stream: BinaryIO, name: str = "standard output") -> None:
        self._stream, self._name = stream, name

    def open(self) -> None:
        """It is open."""

    def has(self, index: int, fingerprint: str) -> bool:
        return False

    def write(self, index: int, identity: str, fingerprint: str, response: Response) -> None:
        line = _encoded(index, identity, fingerprint, response) + b"\n"
        try:
            self._stream.write(line)
            self._stream.flush()
        except OSError as error:
            raise StorageError(
                f"{self._name.capitalize()} takes no more: {error.strerror or error}.",
                "Name a file to keep the results, and to be able to go on.",
            ) from error

    def close(self) -> None:
        """Whoever opened it closes it."""


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

        self._held = _Held(self.path.name)
        store = ResultStore(self.path)
        try:
            for index, fingerprint in store.answered():
                if not self._resume:
                    raise FormatError(f"{self.path.name} holds results.", "Name another file, or resume it.")
                self._held.put(index, fingerprint)
        except (ValueError, OverflowError) as error:
            store.close()
            raise FormatError(
                f"{self.path.name} has a row that is not a result of a run.",
                "Name another file for the results.",
            ) from error
        except BaseException:
            store.close()
            raise
        self._store = store

    def has(self, index: int, fingerprint: str) -> bool:
        return self._held.has(index, fingerprint)

    def write(self, index: int, identity: str, fingerprint: str, response: Response) -> None:
        assert self._store is not None, "not open"
        told = _encoded(index, identity, fingerprint, response)
        self._store.put(index, rows.plain(identity), fingerprint, response.error is not None, told)

    def close(self) -> None:
        if self._store is not None:
            store, self._store = self._store, None
            store.close()


def _encoded(index: int, identity: str, fingerprint: str, response: Response) -> bytes:
    told = result_object(index, identity, fingerprint, response)
    try:
        return msgspec.json.encode(told)
    except UnicodeEncodeError:
        return rows.encode(told).encode()


def _write(file: int, line: bytes) -> None:
    """All of it, however much the system takes at once; or nothing, if that can be cut off again, so
    that no other line is put behind half of this one."""
    rest = memoryview(line)
    try:
        while rest:
            rest = rest[os.write(file, rest) :]
    except OSError:
        if len(rest) < len(line):
            with suppress(OSError):
                os.ftruncate(file, os.fstat(file).st_size - len(line) + len(rest))
        raise


def _refused(error: OSError, path: Path) -> StorageError:
    """Why the system did not let us; the file is the user's own and none of the profile."""
    told = system_error(error, path)
    if isinstance(told, DiskFull):
        return told
    if isinstance(error, FileNotFoundError):
        return StorageError(f"The folder of {path} does not exist.", "Make it, or name another file.")
    return type(told)(told.message, "Allow writing there, or name another file for the results.")


def sink_at(path: Path | str) -> Sink:
    """A sink by the file's name: SQLite for .db, .sqlite and .sqlite3, else JSON lines."""
    path = Path(path)
    return SqliteSink(path) if path.suffix.lower() in (".db", ".sqlite", ".sqlite3") else JsonlSink(path)
