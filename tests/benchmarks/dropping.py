"""Two hundred photographs dropped at once."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication
from tests.benchmarks.measuring import peak_rss_mib
from tests.benchmarks.rows import Measured
from tests.harness.drags import drag_point
from tests.scenarios.window import opened, until, view_of

from chatbench.documents import images
from chatbench.ui import aio
from chatbench.ui.app import make_application

PHOTOS = 200
_MAKER = f"""
import pathlib, sys
from tests.documents import pictures
folder = pathlib.Path(sys.argv[1])
folder.mkdir()
made = [pictures.photo() for _ in range(4)]
for number in range({PHOTOS}):
    # Bytes behind the end of a picture change nothing of it, and make it another file.
    (folder / f"{{number:03}}.jpg").write_bytes(made[number % 4] + b"%d" % number)
"""
_PATIENCE_S = 600.0


def drop_200_images_rss_mib() -> Measured:
    """200 photographs of 12 megapixels (3 MB each, no two alike), dropped on the conversation: the
    largest memory of the program until all have their thumbnail. Beside it: seconds of decoding of the
    second picture that began before the first thumbnail was made (none are promised)."""
    folder = Path.home() / "photos"
    # In a process of its own: to make them takes more memory than to show them.
    subprocess.run([sys.executable, "-c", _MAKER, str(folder)], check=True)
    steps: list[str] = []
    _write_down(steps)

    async def scenario() -> int:
        async with opened(Path.home() / "profile") as session:
            view = view_of(session)
            before = peak_rss_mib()
            mime = QMimeData()
            mime.setUrls([QUrl.fromLocalFile(str(path)) for path in sorted(folder.iterdir())])
            began = time.perf_counter()
            _drop(view, mime)
            attached = view.composer.attachments
            await until(lambda: len(attached.items) == PHOTOS, "the cards")
            drawn = asyncio.Event()

            def look(_item: object) -> None:
                if all(item.picture is not None for item in attached.items):
                    drawn.set()

            attached.redrawn.connect(look)
            async with asyncio.timeout(_PATIENCE_S):
                await drawn.wait()
            print(f"{before:.0f} MiB before; all thumbnails after {time.perf_counter() - began:.1f} s")
        return 0

    aio.run(make_application(), scenario)
    early = steps[: steps.index("thumbnail")].count("inspect") - 1
    return Measured(peak_rss_mib(), besides={"decoded_before_the_first_thumbnail": (float(early), 0.0)})


def _write_down(steps: list[str]) -> None:
    lock = threading.Lock()
    inspect, thumbnail = images.inspect, images.thumbnail

    def inspected(*given: Any) -> Any:
        with lock:
            steps.append("inspect")
        return inspect(*given)

    def drawn(*given: Any) -> Any:
        found = thumbnail(*given)
        with lock:
            steps.append("thumbnail")
        return found

    vars(images).update(inspect=inspected, thumbnail=drawn)


def _drop(view: Any, mime: QMimeData) -> None:
    """Over the middle of the conversation, as a file manager would."""
    x, y = view.width() // 2, view.height() // 3
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    actions = Qt.DropAction.CopyAction
    QApplication.sendEvent(view, QDragEnterEvent(drag_point(x, y), actions, mime, buttons, keys))
    QApplication.sendEvent(view, QDropEvent(QPointF(x, y), actions, mime, buttons, keys))
