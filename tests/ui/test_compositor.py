"""Popups on a real X11 screen that no compositor owns: no black frame around the card."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHILD = """
import json
from PySide6.QtCore import QPoint, QTimer
from PySide6.QtWidgets import QWidget
from chatbench.ui.theme import install
from chatbench.ui.theme.current import make_application
from chatbench.ui.widgets import Popup
from chatbench.ui.widgets.compositor import composited

app = make_application("popup")
below = QWidget()
below.setStyleSheet("background: white")
below.setGeometry(0, 0, 600, 400)
below.show()
popup = Popup(below, name="Card")
popup.setFixedSize(264, 164)
popup.open_at(QPoint(150, 100))

def look():
    image = app.primaryScreen().grabWindow(0).toImage()
    at = lambda x, y: image.pixelColor(x, y).name()
    print(json.dumps({"blends": composited(), "beside": at(140, 150), "card": at(250, 150)}), flush=True)
    app.quit()

QTimer.singleShot(400, look)
app.exec()
"""


@pytest.fixture
def screen() -> Iterator[str]:
    """A bare X server: no window manager, no compositor."""
    server = shutil.which("Xvfb")
    assert server, "not installed: Xvfb (python3 packaging/dev.py test installs or names it)"
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [server, "-displayfd", str(writing), "-screen", "0", "800x600x24", "-nolisten", "tcp"],
        pass_fds=(writing,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(writing)
    with os.fdopen(reading) as told:
        yield f":{told.readline().strip()}"
    process.terminate()
    process.wait()


def test_a_popup_has_no_black_frame_where_nothing_blends(screen: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CHILD], capture_output=True, text=True, check=False, timeout=60,
        env={**os.environ, "DISPLAY": screen, "QT_QPA_PLATFORM": "xcb", "PYTHONPATH": str(ROOT / "app")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["blends"] is False
    assert seen["beside"] == "#ffffff", "the shadow's margin shows what is below it"
    assert seen["card"] == "#ffffff"
