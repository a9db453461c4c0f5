"""Functions for a confined process that do what a document must not make a reader do."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from chatbench.core.errors import AttachmentRefused


class Page(msgspec.Struct, frozen=True):
    """A value with bytes in it."""

    number: int
    data: bytes = b""


def echo(
    data: bytes, text: str, page: Page, pair: tuple[int, float]
) -> tuple[bytes, str, Page, tuple[int, float]]:
    return data, text, page, pair


def size_of(source: bytes | Path) -> int:
    return len(source) if isinstance(source, bytes) else source.stat().st_size


def peak_kib(data: bytes) -> int:
    """Bytes are there once: the process's peak, in KiB."""
    import resource

    assert data
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def pages(count: int, size: int, progress: Callable[[int, int], None]) -> Iterator[Page]:
    for number in range(count):
        yield Page(number, b"p" * size)
        progress(number + 1, count)


def spin() -> int:
    while True:
        pass


def wait_for_ever() -> int:
    """Its sleep is the misdeed itself, as that of `drip` is: no test waits for either."""
    while True:
        time.sleep(60)


def drip() -> Iterator[int]:
    """Never ends, and is never silent for long."""
    while True:
        yield 1
        time.sleep(0.1)


def take_memory() -> int:
    taken = [bytearray(16 << 20) for _ in range(1000)]
    return len(taken)


def nest() -> int:
    return nest() + 1


def crash() -> int:
    ctypes.string_at(0)
    return 0


def kill_itself(number: int) -> int:
    ctypes.CDLL(None).kill(os.getpid(), number)
    return 0


def refuse() -> int:
    raise AttachmentRefused("Page 3 is missing.", "Find it.")


def fail() -> int:
    raise KeyError("what the secret document says")


def print_much() -> int:
    print("x" * 100_000)
    sys.stdout.flush()
    return 1


def lie() -> int:
    """Says something else than what its type promises."""
    return "seven"  # type: ignore[return-value]


def babble() -> int:
    """Writes what is no answer, where answers go."""
    for file in range(3, 20):
        with suppress(OSError):
            os.write(file, b"\x00\x00\x00\x03\xc1\xc1\xc1")
    return 0


def environment() -> tuple[tuple[str, ...], tuple[str, ...], tuple[int, ...]]:
    """Variables, what lies in the folder, open files."""
    files = []
    for number in range(64):
        with suppress(OSError):
            os.fstat(number)
            files.append(number)
    return tuple(sorted(os.environ)), tuple(path.name for path in Path().iterdir()), tuple(files)


def _written() -> None:
    Path("here.txt").write_text("x", encoding="utf-8")


def _written_by_the_system() -> None:
    """Past Python: what only the system refuses."""
    library = ctypes.CDLL(None)
    file = library.open(b"there.txt", os.O_WRONLY | os.O_CREAT, 0o600)
    if file >= 0 and library.write(file, b"x", 1) != 1:
        raise PermissionError


def _renamed() -> None:
    Path("a").rename("b")


def _connected() -> None:
    socket.create_connection(("127.0.0.1", 9), timeout=1)


def _run() -> None:
    subprocess.run([sys.executable, "-c", "pass"], check=False)


def _forked() -> None:
    if os.fork() == 0:
        os._exit(0)


_MISDEEDS = {
    "write": _written,
    "write past Python": _written_by_the_system,
    "rename": _renamed,
    "connect": _connected,
    "run": _run,
    "fork": _forked,
}


def try_to(what: str) -> str:
    """The name of the error that it meets; "" where it succeeds."""
    try:
        _MISDEEDS[what]()
    except BaseException as error:
        return type(error).__name__
    return ""


TASKS = {
    name: f"{__name__}:{name}"
    for name in (
        *(
            "echo",
            "size_of",
            "peak_kib",
            "pages",
            "spin",
            "wait_for_ever",
            "take_memory",
            "nest",
            "crash",
            "drip",
        ),
        *("kill_itself", "refuse", "fail", "print_much", "lie", "babble", "environment", "try_to"),
    )
}
