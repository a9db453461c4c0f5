"""A composer in a window, and files for it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget
from tests.ui.chat.quiet import done

from chatbench.services import Services
from chatbench.ui.chat.composer import Composer
from chatbench.ui.chat.composer.filecard import FileCard

Runner = Callable[[Coroutine[Any, Any, Any]], Any]


class Place(QWidget):
    """A window with a composer at its foot."""

    def __init__(self, services: Services, run: Runner, conversation_id: str = "") -> None:
        super().__init__()
        self.resize(820, 900)
        self.run = run
        self.composer = Composer(services, self, conversation_id=conversation_id)
        column = QVBoxLayout(self)
        column.addStretch(1)
        column.addWidget(self.composer)
        self.show()
        self.composer.setFocus()
        QApplication.processEvents()

    def do(self, act: Callable[[], object]) -> None:
        """Does it on the loop, and waits for what it started."""
        self.run(done(act))
        QApplication.processEvents()

    def attach(self, *paths: Path) -> None:
        """As a dialog gives them."""
        self.do(lambda: self.composer.attach_paths(paths))

    def paste(self, mime: QMimeData) -> None:
        """By the key, from the clipboard."""

        def press() -> None:
            QGuiApplication.clipboard().setMimeData(mime)
            QTest.keyClick(self.composer.editor, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)

        self.do(press)
        QGuiApplication.clipboard().clear()

    @property
    def cards(self) -> list[FileCard]:
        """In their order."""
        return self.composer.strip.thumbs()

    @property
    def told(self) -> list[str]:
        """What the cards say, as assistive technology reads it."""
        return [card.accessibleName() for card in self.cards]

    @property
    def names(self) -> list[str]:
        """What is attached."""
        return [card.item.name for card in self.cards]


def picture(path: Path, color: str = "steelblue", width: int = 64, height: int = 40) -> Path:
    """A picture of one colour."""
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor(color))
    assert image.save(str(path))
    return path


def written(path: Path, data: bytes) -> Path:
    """A file with these bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
