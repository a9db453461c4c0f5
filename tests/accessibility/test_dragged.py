"""A real drag from a window of another program, by a pointer that moves on a real X server. What it brings
is read as a screen reader reads it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PySide6.QtGui import QImage
from tests.accessibility.conftest import Started
from tests.documents import pdfs
from tests.harness import dragsource, program
from tests.harness.atspi import Reader
from tests.loopback.server import LoopbackServer

WINDOW = "Welcome – Chatbench"
PATIENCE_S = 20
STEPS = 10

Start = Callable[[Path], Started]


class Pointer:
    """xdotool, which moves the pointer of one display."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self._at = (0, 0)

    def hands(self, *arguments: str) -> str:
        done = subprocess.run(
            ["xdotool", *arguments], env=self._environment, capture_output=True, text=True,
            timeout=PATIENCE_S, check=True,
        )  # fmt: skip
        return done.stdout.strip()

    def go(self, x: int, y: int) -> None:
        """There in steps, as a hand moves."""
        from_x, from_y = self._at
        for step in range(1, STEPS + 1):
            at = (from_x + (x - from_x) * step // STEPS, from_y + (y - from_y) * step // STEPS)
            self.hands("mousemove", *map(str, at))
        self._at = (x, y)

    def middle_of(self, title: str) -> tuple[int, int]:
        """Of a window: where it is on the screen."""
        (window,) = self.hands("search", "--onlyvisible", "--name", f"^{title}$").split()
        told = self.hands("getwindowgeometry", "--shell", window).splitlines()
        at = {name: int(value) for name, _, value in (line.partition("=") for line in told)}
        return at["X"] + at["WIDTH"] // 2, at["Y"] + at["HEIGHT"] // 2


class Source:
    """The other program: what it says, line by line."""

    def __init__(self, reader: Reader, told: Path) -> None:
        self._reader = reader
        self._told = told

    def says(self, line: str) -> None:
        """Waits until it has."""
        self._reader.until(lambda: line in self._told.read_text().splitlines(), f"it to say {line!r}")


@contextmanager
def other_program(
    started: Started, environment: dict[str, str], told: Path, *arguments: str
) -> Iterator[Source]:
    with told.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.harness.dragsource", *arguments],
            cwd=program.ROOT, env=environment, stdout=out,
        )  # fmt: skip
    try:
        source = Source(started.reader, told)
        source.says("ready")
        yield source
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


@pytest.fixture
def pointer(assistive: dict[str, str]) -> Pointer:
    assert shutil.which("xdotool"), "not installed: xdotool (python3 packaging/dev.py test installs it)"
    return Pointer(assistive)


def pictured(path: Path) -> Path:
    image = QImage(300, 200, QImage.Format.Format_RGB32)
    image.fill(0xFF336699)
    assert image.save(str(path))
    return path


def shown(started: Started, words: str, *, is_so: bool = True) -> None:
    """Waits for something whose name has these words, or until there is nothing of that name."""
    reader = started.reader

    def found() -> bool:
        try:
            return any(words in name for _, _, name in reader.walk(started.application)) is is_so
        except RuntimeError:
            # What was there when its parent was asked may be gone.
            return False

    reader.until(found, f"{words!r} to be shown: {is_so}")


def drag(pointer: Pointer, source: Source, started: Started, told: str) -> None:
    """Presses on the other window, moves over the conversation, and drops there once `told` is said."""
    reader = started.reader
    corner = dragsource.EDGE // 2
    pointer.go(dragsource.PLACE[0] + corner, dragsource.PLACE[1] + corner)
    pointer.hands("mousedown", "1")
    source.says("begun")
    pointer.go(*pointer.middle_of(WINDOW))
    reader.until(lambda: [one for one in reader.events if one.value == told], f"{told!r} to be said")
    shown(started, told)
    source.says("offers CopyAction")
    pointer.hands("mouseup", "1")
    source.says("ended CopyAction")


def fetched(server: LoopbackServer) -> int:
    """How often the page's picture was asked for, of the proxy that leads to the web."""
    return sum(asked.target.endswith("/seen.png") for asked in server.asked)


def kept(profile: Path) -> set[bytes]:
    """The files that the profile keeps."""
    return {one.read_bytes() for one in (profile / "files").rglob("*") if one.is_file()}


def test_files_of_another_program(
    assistive: dict[str, str], start: Start, provider: Path, pointer: Pointer, home: Path
) -> None:
    photo, report = pictured(home / "photo.png"), home / "report.pdf"
    report.write_bytes(pdfs.single().data)
    originals = {photo.read_bytes(), report.read_bytes()}
    started = start(provider)
    shown(started, WINDOW)
    with other_program(started, assistive, home / "told", "files", str(photo), str(report)) as source:
        drag(pointer, source, started, "Drop to attach two files")
        for name in ("photo.png", "report.pdf"):
            shown(started, name)
    started.reader.until(lambda: originals <= kept(provider), "both files in the store")
    shown(started, "Drop to", is_so=False)


def test_a_picture_of_a_page(
    assistive: dict[str, str],
    start: Start,
    provider: Path,
    server: LoopbackServer,
    pointer: Pointer,
    home: Path,
) -> None:
    """What a browser hands over of a picture: its pixels, and where it was seen, from where nothing is
    fetched."""
    photo = QImage(str(pictured(home / "photo.png")))
    proxy = urlsplit(server.base_url("openai_chat")).netloc
    assistive["http_proxy"] = f"http://{proxy}"
    started = start(provider)
    shown(started, WINDOW)
    with other_program(started, assistive, home / "told", "page", str(home / "photo.png")) as source:
        drag(pointer, source, started, "Drop to attach the file")
        shown(started, "Pasted picture.png")
    started.reader.until(lambda: kept(provider), "a picture in the store")
    pictures = [QImage.fromData(one).convertToFormat(photo.format()) for one in kept(provider)]
    assert photo in pictures
    assert fetched(server) == 0
    there = HTTPConnection(proxy, timeout=PATIENCE_S)
    there.request("GET", dragsource.SEEN_AT)
    there.getresponse()
    there.close()
    assert fetched(server) == 1, "a fetch would have come here"
