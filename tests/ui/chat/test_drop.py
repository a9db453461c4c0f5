"""The drop zone under real drag events, over the pane and over the composer."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget
from tests.harness.drags import drag_point
from tests.ui.chat.quiet import done

from chatbench.core.messages import ImagePart
from chatbench.core.models import ModelRef
from chatbench.services import Services
from chatbench.ui.chat.composer import Composer, DropZone
from chatbench.ui.chat.composer.choosing import MOST_AT_ONCE
from chatbench.ui.chat.composer.sheet import number_words, size_words
from chatbench.ui.theme import theme

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

Runner = Callable[[Coroutine[Any, Any, Any]], Any]
COPY = Qt.DropAction.CopyAction
NO_KEY = Qt.KeyboardModifier.NoModifier
LEFT = Qt.MouseButton.LeftButton


class Pane(QWidget):
    """A transcript's place above a composer."""

    def __init__(self, services: Services, run: Runner) -> None:
        super().__init__()
        self.run = run
        self.resize(800, 700)
        self.composer = Composer(services, self)
        column = QVBoxLayout(self)
        column.addStretch(1)
        column.addWidget(self.composer)
        self.zone = DropZone(self, self.composer, services)


@pytest.fixture
def pane(qtbot: QtBot, services: Services, settle: Callable[[], None], run_async: Runner) -> Iterator[Pane]:
    pane = Pane(services, run_async)
    qtbot.addWidget(pane)
    pane.show()
    QApplication.processEvents()
    yield pane
    settle()


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Two pictures and a sound."""
    image = QImage(40, 30, QImage.Format.Format_RGB32)
    image.fill(QColor("olive"))
    paths = [tmp_path / "a.png", tmp_path / "b.jpg", tmp_path / "call.m4a"]
    assert image.save(str(paths[0]))
    assert image.save(str(paths[1]))
    paths[2].write_bytes(b"sound")
    return paths


def carrying(paths: list[Path]) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return mime


def enter(widget: QWidget, mime: QMimeData) -> QDragEnterEvent:
    event = QDragEnterEvent(drag_point(20, 20), COPY, mime, LEFT, NO_KEY)
    QApplication.sendEvent(widget, event)
    return event


def hover(pane: Pane, mime: QMimeData) -> QDragEnterEvent:
    """The drag comes in, and what it brings has been looked at."""
    events: list[QDragEnterEvent] = []
    pane.run(done(lambda: events.append(enter(pane, mime))))
    return events[0]


def drop(widget: QWidget, mime: QMimeData) -> QDropEvent:
    event = QDropEvent(QPointF(20, 20), COPY, mime, LEFT, NO_KEY)
    QApplication.sendEvent(widget, event)
    return event


def names(composer: Composer) -> list[str]:
    return [part.name for part in composer.draft().attachments if isinstance(part, ImagePart)]


def test_before_the_drop_it_says_what_would_happen_to_each_file(pane: Pane, files: list[Path]) -> None:
    event = hover(pane, carrying(files))
    assert event.isAccepted()
    assert event.dropAction() == COPY
    assert pane.zone.isVisible()
    assert pane.zone.title() == "Drop to attach two of three files"
    assert [verdict.accepted for verdict in pane.zone.verdicts()] == [True, True, False]
    assert "call.m4a: Guide does not take sound." in pane.zone.accessibleDescription()
    assert pane.zone.geometry().bottom() < pane.composer.geometry().top(), "the composer stays visible"
    assert names(pane.composer) == []


def test_the_drop_attaches_what_is_accepted(pane: Pane, files: list[Path], run_async: Runner) -> None:
    mime = carrying(files)

    def act() -> None:
        enter(pane, mime)
        assert drop(pane, mime).isAccepted()

    run_async(done(act))
    assert not pane.zone.isVisible()
    assert names(pane.composer) == ["a.png", "b.jpg"]
    assert len(pane.composer.strip.thumbs()) == 2, "the refused one is left where it was"
    assert pane.composer.editor.hasFocus()


def test_over_the_words_it_is_the_same(pane: Pane, files: list[Path], run_async: Runner) -> None:
    mime = carrying(files[:1])

    def act() -> None:
        # Qt hands a drag to the deepest widget that takes drops; refused there, it goes to the parents.
        enter(pane.composer.editor.viewport(), mime)
        assert pane.zone.isVisible()
        assert pane.zone.title() == "Drop to attach the file"
        drop(pane.composer.editor.viewport(), mime)

    run_async(done(act))
    assert names(pane.composer) == ["a.png"]
    assert pane.composer.editor.text() == ""


def test_nothing_is_opened_before_the_drop(pane: Pane, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    hover(pane, carrying([pipe]))  # opening it would wait for ever
    assert pane.zone.isVisible()
    QApplication.sendEvent(pane, QDragLeaveEvent())
    assert not pane.zone.isVisible()


def test_leaving_and_escape_cancel(pane: Pane, files: list[Path]) -> None:
    mime = carrying(files)
    hover(pane, mime)
    QApplication.sendEvent(pane, QDragLeaveEvent())
    assert not pane.zone.isVisible()
    hover(pane, mime)
    pane.composer.setFocus()
    QTest.keyClick(pane.composer.editor, Qt.Key.Key_Escape)
    assert not pane.zone.isVisible()
    move = QDragMoveEvent(drag_point(30, 30), COPY, mime, LEFT, NO_KEY)
    QApplication.sendEvent(pane, move)
    assert move.dropAction() == Qt.DropAction.IgnoreAction
    drop(pane, mime)
    assert pane.composer.strip.thumbs() == []
    hover(pane, mime)
    assert pane.zone.isVisible(), "the next drag starts anew"
    QApplication.sendEvent(pane, QDragLeaveEvent())


def test_where_nothing_can_be_attached_the_drop_does_nothing(pane: Pane, files: list[Path]) -> None:
    mime = carrying(files[2:])
    event = hover(pane, mime)
    assert pane.zone.title() == "This cannot be attached"
    assert event.dropAction() == Qt.DropAction.IgnoreAction
    assert not drop(pane, mime).isAccepted()
    assert not pane.zone.isVisible()
    assert pane.composer.strip.thumbs() == []


def test_a_model_that_takes_no_pictures_refuses_them(pane: Pane, files: list[Path]) -> None:
    pane.composer.set_model(ModelRef("groq", "openai/gpt-oss-20b"))
    hover(pane, carrying(files[:2]))
    assert pane.zone.title() == "None of these can be attached"
    assert "does not take images" in pane.zone.verdicts()[0].reason
    QApplication.sendEvent(pane, QDragLeaveEvent())


def test_a_dragged_picture_without_a_file_is_attached(pane: Pane, run_async: Runner) -> None:
    mime = QMimeData()
    mime.setImageData(QImage(20, 10, QImage.Format.Format_RGB32))

    def act() -> None:
        enter(pane, mime)
        drop(pane, mime)

    run_async(done(act))
    assert len(pane.composer.draft().attachments) == 1


def test_dragged_words_are_left_to_the_field(pane: Pane) -> None:
    mime = QMimeData()
    mime.setText("words")
    assert not hover(pane, mime).isAccepted()
    assert not pane.zone.isVisible()


@pytest.mark.parametrize(
    ("count", "size"), [(1, (800, 700)), (40, (800, 700)), (3, (320, 300)), (3, (1100, 560))]
)
def test_the_sheet_is_opaque_and_everything_stays_on_it(
    pane: Pane, tmp_path: Path, count: int, size: tuple[int, int]
) -> None:
    theme().apply(text_factor=2.0 if size[0] == 1100 else 1.0)
    pane.resize(*size)
    QApplication.processEvents()
    hover(pane, carrying([tmp_path / f"{number}.png" for number in range(count)]))
    QApplication.processEvents()
    shown = pane.zone.grab().toImage()
    page = theme().color("page")
    for x, y in ((2, 2), (shown.width() - 3, shown.height() - 3), (shown.width() // 2, 4)):
        assert shown.pixelColor(x, y) == page
    QApplication.sendEvent(pane, QDragLeaveEvent())


def test_numbers_and_sizes_in_words() -> None:
    assert [number_words(count) for count in (1, 9, 10, 12345)] == ["one", "nine", "10", "12,345"]
    assert [size_words(size) for size in (None, 12, 212_400, 35_000_000)] == [
        "",
        "12 bytes",
        "212 kB",
        "35.0 MB",
    ]


def test_sizes_and_folders_are_told_as_soon_as_the_disk_has_said_them(
    pane: Pane, files: list[Path], tmp_path: Path
) -> None:
    folder = tmp_path / "folder.png"
    folder.mkdir()
    mime = carrying([files[0], folder])
    before: list[int | None] = []

    def act() -> None:
        enter(pane, mime)
        before.extend(verdict.candidate.size for verdict in pane.zone.verdicts())

    pane.run(done(act))
    assert before == [None, None], "nothing has waited for a disk"
    sizes = [verdict.candidate.size for verdict in pane.zone.verdicts()]
    assert sizes == [files[0].stat().st_size, None]
    assert [verdict.candidate.kind for verdict in pane.zone.verdicts()] == ["picture", "folder"]
    assert pane.zone.verdicts()[1].reason == "You choose which of its files."
    QApplication.sendEvent(pane, QDragLeaveEvent())


def test_of_very_many_files_some_are_to_be_chosen(pane: Pane, tmp_path: Path) -> None:
    mime = carrying([tmp_path / f"{number}.txt" for number in range(10_000)])
    hover(pane, mime)
    assert pane.zone.title() == "Drop to choose from 10,000 files"
    assert len(pane.zone.verdicts()) == MOST_AT_ONCE
    pane.run(done(lambda: drop(pane, mime)))
    chooser = pane.composer.attaching.chooser
    assert chooser is not None
    assert len(chooser.model.files) == 10_000
    assert pane.composer.strip.thumbs() == []
    pane.run(done(chooser.reject))


def test_a_link_says_that_it_would_be_fetched(pane: Pane, monkeypatch: pytest.MonkeyPatch) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl("https://example.com/a.png")])
    hover(pane, mime)
    (verdict,) = pane.zone.verdicts()
    assert (verdict.candidate.name, verdict.reason) == (
        "https://example.com/a.png",
        "Fetched when it is dropped.",
    )
    fetched: list[list[str]] = []
    monkeypatch.setattr(pane.composer.attaching, "addresses", fetched.append)
    drop(pane, mime)
    assert fetched == [["https://example.com/a.png"]]


def test_it_says_what_the_model_takes(pane: Pane, services: Services) -> None:
    def able(ref: ModelRef) -> list[bool]:
        return [one.able for one in services.attachments.capabilities(services.models.info(ref))]

    assert able(ModelRef("openai", "gpt-4o")) == [True, True, True, False, False]
    assert able(ModelRef("openai", "gpt-3.5-turbo")) == [False, True, True, False, False]
    assert able(ModelRef("gemini", "gemini-2.5-flash")) == [True] * 5
