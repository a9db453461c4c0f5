"""Pictures of the screen: of a real X server, and of a portal on a real bus."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest
from PySide6.QtCore import QPoint, QRect, Qt, QUrl
from PySide6.QtGui import QColor, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from tests.harness.atspi import screen
from tests.harness.portal import REGISTRY, SHORTCUTS, portal
from tests.harness.secret_service import session_bus
from tests.scenarios.window import until

from chatbench.ui.chat.screenshot import ScreenshotRefused, areas, take, why_not
from chatbench.ui.chat.screenshot.portal import by_portal
from chatbench.ui.chat.screenshot.region import RegionSheet

Run = Callable[[Coroutine[Any, Any, None]], None]
ROOT = Path(__file__).resolve().parents[3]
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
BEHIND = """
import sys
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QApplication, QWidget

app = QApplication(sys.argv)

class Behind(QWidget):
    def paintEvent(self, event):
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor("#00aa00"))
        painter.fillRect(200, 150, 300, 200, QColor("#0000cc"))
        painter.end()

behind = Behind(None, Qt.WindowType.FramelessWindowHint)
behind.setGeometry(app.primaryScreen().geometry())
behind.show()
app.processEvents()
print("there", flush=True)
app.exec()
"""
OWN = """
import sys
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget
from chatbench.ui import aio
from chatbench.ui.app import make_application
from chatbench.ui.chat.screenshot import areas, take

app = make_application()

async def main():
    import asyncio
    window = QWidget(None, Qt.WindowType.FramelessWindowHint)
    window.setStyleSheet("background: #ff00ff")
    window.setGeometry(100, 100, 900, 700)
    window.show()
    await asyncio.sleep(0.3)
    print("areas", *areas(), flush=True)
    image = await take(window, sys.argv[1])
    print("back" if window.isVisible() else "lost", flush=True)
    if image is None:
        print("none", flush=True)
    else:
        image.save(sys.argv[2])
        print("saved", flush=True)
    window.close()
    window.deleteLater()
    return 0

aio.run(app, main)
"""


class Desk:
    """An X server on which another program fills the screen."""

    def __init__(self, display: str) -> None:
        self.environment = {
            **os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb", "PYTHONPATH": str(ROOT / "app"),
        }  # fmt: skip

    @contextmanager
    def runs(self, code: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments], env=self.environment, text=True, stdout=subprocess.PIPE
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate(timeout=20)

    def hands(self, *arguments: str) -> str:
        done = subprocess.run(
            ["xdotool", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        return done.stdout.strip()

    def sheet(self) -> str:
        """The window over the screen, once it is there."""
        return self.hands("search", "--sync", "--onlyvisible", "--name", "^Part of the screen")


@pytest.fixture
def desk() -> Iterator[Desk]:
    missing = [name for name in ("Xvfb", "xdotool") if shutil.which(name) is None]
    assert not missing, f"not installed: {missing} (python3 packaging/dev.py test installs or names them)"
    with screen() as display:
        made = Desk(display)
        with made.runs(BEHIND) as behind:
            assert told(behind.stdout) == "there"
            yield made


def told(out: IO[str] | None) -> str:
    assert out is not None
    return out.readline().strip()


def test_the_whole_screen_without_the_own_window(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "screen.png"
    with desk.runs(OWN, "screen", str(path)) as own:
        assert [told(own.stdout) for _ in range(3)] == ["areas screen region", "back", "saved"]
    image = QImage(str(path))
    assert image.size().toTuple() == (1600, 1000)
    assert image.pixelColor(1500, 900) == QColor("#00aa00")
    assert image.pixelColor(800, 600) == QColor("#00aa00"), "the own window was in the way"
    assert image.pixelColor(300, 200) == QColor("#0000cc")


def test_a_part_is_drawn_by_the_mouse(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "part.png"
    with desk.runs(OWN, "region", str(path)) as own:
        assert told(own.stdout) == "areas screen region"
        assert desk.sheet()
        desk.hands("mousemove", "190", "140", "mousedown", "1", "mousemove", "300", "300")
        desk.hands("mousemove", "509", "359", "mouseup", "1")
        assert [told(own.stdout) for _ in range(2)] == ["back", "saved"]
    image = QImage(str(path))
    assert image.size().toTuple() == (320, 220)
    assert image.pixelColor(5, 5) == QColor("#00aa00")
    assert image.pixelColor(15, 15) == QColor("#0000cc")
    assert image.pixelColor(305, 205) == QColor("#0000cc")
    assert image.pixelColor(315, 215) == QColor("#00aa00")


@pytest.mark.parametrize("keys", [("Escape",), ("Right", "Escape")])
def test_escape_gives_up(desk: Desk, tmp_path: Path, keys: tuple[str, ...]) -> None:
    path = tmp_path / "none.png"
    with desk.runs(OWN, "region", str(path)) as own:
        assert told(own.stdout) == "areas screen region"
        desk.hands("windowfocus", "--sync", desk.sheet())
        desk.hands("key", *keys)
        assert [told(own.stdout) for _ in range(2)] == ["back", "none"]
    assert not path.exists()


# The part, without a screen of its own


@pytest.fixture
def sheet(qapp: QApplication) -> Iterator[RegionSheet]:
    where = QGuiApplication.primaryScreen()
    size = where.geometry().size()
    image = QImage(2 * size.width(), 2 * size.height(), QImage.Format.Format_RGB32)
    image.fill(QColor("#123456"))
    image.setPixelColor(2 * 100 + 40, 2 * 100 + 40, QColor("#ffffff"))
    made = RegionSheet(where, image)
    made.open()
    yield made
    made.hide()
    made.deleteLater()


def test_a_part_is_moved_and_sized_by_keys(sheet: RegionSheet) -> None:
    taken: list[QImage] = []
    sheet.taken.connect(taken.append)
    QTest.keyClick(sheet, Qt.Key.Key_Return)
    assert taken == []
    QTest.keyClick(sheet, Qt.Key.Key_Right)
    whole = sheet.rect()
    first = QRect(whole.width() // 4, whole.height() // 4, whole.width() // 2, whole.height() // 2)
    assert sheet.chosen == first
    QTest.keyClick(sheet, Qt.Key.Key_Left)
    QTest.keyClick(sheet, Qt.Key.Key_Down, CTRL)
    assert sheet.chosen == first.translated(-20, 1)
    QTest.keyClick(sheet, Qt.Key.Key_Right, SHIFT)
    QTest.keyClick(sheet, Qt.Key.Key_Up, SHIFT)
    assert sheet.chosen == first.translated(-20, 1).adjusted(0, 0, 20, -20)
    for _ in range(200):
        QTest.keyClick(sheet, Qt.Key.Key_Left)
    assert sheet.chosen.left() == 0
    QTest.keyClick(sheet, Qt.Key.Key_Return)
    assert taken[0].size() == sheet.chosen.size() * 2


def test_a_click_chooses_nothing_and_the_right_button_gives_up(sheet: RegionSheet) -> None:
    taken: list[QImage] = []
    given_up: list[bool] = []
    sheet.taken.connect(taken.append)
    sheet.given_up.connect(lambda: given_up.append(True))
    QTest.mouseClick(sheet, Qt.MouseButton.LeftButton, pos=QPoint(50, 50))
    assert taken == []
    QTest.mousePress(sheet, Qt.MouseButton.LeftButton, pos=QPoint(200, 160))
    QTest.mouseMove(sheet, QPoint(100, 100))
    QTest.mouseRelease(sheet, Qt.MouseButton.LeftButton, pos=QPoint(100, 100))
    (image,) = taken
    assert image.pixelColor(40, 40) == QColor("#ffffff")
    assert given_up == []
    QTest.mouseClick(sheet, Qt.MouseButton.RightButton, pos=QPoint(50, 50))
    assert given_up == [True]


def test_where_nothing_gives_pictures_it_is_said(qapp: QApplication, run_async: Run) -> None:
    async def scenario() -> None:
        window = QWidget()
        assert areas() == ()
        assert why_not() == "Nothing on this computer gives pictures of its screen."
        with pytest.raises(ScreenshotRefused) as refused:
            await take(window, "screen")
        assert refused.value.words == why_not()
        window.deleteLater()

    run_async(scenario())


# The portal


@pytest.fixture
def bus(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with session_bus(home) as address:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        yield address


def picture(folder: Path) -> Path:
    path = folder / "A picture.png"
    image = QImage(30, 20, QImage.Format.Format_RGB32)
    image.fill(QColor("#abcdef"))
    image.save(str(path))
    return path


@pytest.mark.parametrize("interactive", [False, True])
def test_the_portal_gives_a_picture(bus: str, tmp_path: Path, run_async: Run, interactive: bool) -> None:
    async def scenario() -> None:
        async with portal(bus) as desktop:
            desktop.gives = QUrl.fromLocalFile(str(picture(tmp_path))).toString(
                QUrl.ComponentFormattingOption.FullyEncoded
            )
            image = await by_portal(interactive=interactive)
            assert image is not None
            assert image.size().toTuple() == (30, 20)
            assert image.pixelColor(3, 3) == QColor("#abcdef")
            assert desktop.pictures == [interactive]
            assert list(desktop.registered.values()) == ["chatbench"]
            await until(lambda: desktop.gone, "the connection's end")

    run_async(scenario())


def test_a_reader_who_gives_up_is_no_error(bus: str, run_async: Run) -> None:
    async def scenario() -> None:
        async with portal(bus) as desktop:
            desktop.answer = 1
            assert await by_portal(interactive=True) is None
            await until(lambda: desktop.gone, "the connection's end")

    run_async(scenario())


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"answer": 2}, "The desktop gives no picture."),
        ({"refuses": "Not now"}, "The desktop refuses: Not now"),
        ({"interfaces": {REGISTRY, SHORTCUTS}}, "This desktop's portal gives no pictures."),
        ({"gives": "file:///nowhere/at/all.png"}, "The desktop's picture cannot be read."),
        ({"gives": "https://example.com/a.png"}, "The desktop's picture cannot be read."),
    ],
    ids=["failed", "error", "no-screenshots", "gone", "remote"],
)
def test_a_refusal_is_said_in_words(bus: str, run_async: Run, given: dict[str, object], words: str) -> None:
    async def scenario() -> None:
        async with portal(bus) as desktop:
            for name, value in given.items():
                setattr(desktop, name, value)
            with pytest.raises(ScreenshotRefused) as refused:
                await by_portal(interactive=False)
            assert refused.value.words == words
            await until(lambda: desktop.gone, "the connection's end")

    run_async(scenario())


def test_without_a_portal_or_a_bus_it_is_said(
    bus: str, run_async: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused() -> str:
        with pytest.raises(ScreenshotRefused) as refusal:
            await by_portal(interactive=False)
        return refusal.value.words

    async def scenario() -> None:
        assert await refused() == "This desktop has no portal that gives pictures."
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/bus")
        assert await refused() == "The desktop's message bus does not answer."
        monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
        assert await refused() == "This desktop has no message bus to ask for a picture."

    run_async(scenario())
