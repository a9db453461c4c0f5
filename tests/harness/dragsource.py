"""A window of another program: what its mouse press begins is a real drag of files, or of a page's picture.

    python -m tests.harness.dragsource files|page PATH [PATH ...]

It says "ready" when it is shown, "begun" when the drag begins, "offers ACTION" whenever what lies under
the pointer answers otherwise, and "ended ACTION" after the drop; its title is TITLE.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QDrag, QImage, QMouseEvent, QPaintEvent
from PySide6.QtWidgets import QApplication, QWidget

TITLE = "Files of another program"
PLACE = (1500, 900)
SEEN_AT = "http://pictures.example/seen.png"
"""Where the page's picture would be fetched from."""
EDGE = 80
"""It stands at the far corner of the screen, above other windows, so many pixels wide and high."""


class Source(QWidget):
    """Drags what it was given, as a file manager or a browser does."""

    def __init__(self, kind: str, paths: Sequence[str]) -> None:
        super().__init__(None, Qt.WindowType.WindowStaysOnTopHint)
        self._kind = kind
        self._paths = paths
        self.setWindowTitle(TITLE)
        self.setGeometry(*PLACE, EDGE, EDGE)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        say("ready")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        drag = QDrag(self)
        drag.setMimeData(self._mime())
        drag.actionChanged.connect(lambda action: say(f"offers {action.name}"))
        say("begun")
        say(f"ended {drag.exec(Qt.DropAction.CopyAction).name}")

    def _mime(self) -> QMimeData:
        mime = QMimeData()
        if self._kind == "files":
            mime.setUrls([QUrl.fromLocalFile(path) for path in self._paths])
        else:
            mime.setHtml(f'<img src="{SEEN_AT}">')
            mime.setImageData(QImage(self._paths[0]))
        return mime


def say(words: str) -> None:
    """To whoever started this."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def main(kind: str, *paths: str) -> int:
    """Runs until it is ended."""
    app = QApplication([])
    source = Source(kind, paths)
    source.show()
    return app.exec()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
