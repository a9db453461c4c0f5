"""SVG is drawn, code can be opened as a page: by real events, and without a way out."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from PySide6.QtCore import QPointF, Qt, QUrl
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QTest
from tests.ui.transcript.conftest import Show, box_point, settle
from tests.ui.transcript.samples import answer, streaming

from chatbench.ui.chat.transcript import drawings as drawing_module
from chatbench.ui.chat.transcript import pages as page_files
from chatbench.ui.chat.transcript.boxes.code import CodeBox
from chatbench.ui.chat.transcript.boxes.drawing import DrawingBox
from chatbench.ui.chat.transcript.drawings import Drawing, DrawingKey, Drawings, draw
from chatbench.ui.chat.transcript.source import ListSource
from chatbench.ui.chat.transcript.view import TranscriptView

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
RED = '<svg viewBox="0 0 200 100"><rect width="200" height="100" fill="#ff0000"/></svg>'


@pytest.fixture(autouse=True)
def fresh_pages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Pages in a folder of the test."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(page_files, "_pages", None)
    yield
    page_files.pages().remove()


def red(image: QImage) -> int:
    return sum(
        image.pixelColor(x, y) == Qt.GlobalColor.red
        for x in range(0, image.width(), 4)
        for y in range(0, image.height(), 4)
    )


def box_of(view: TranscriptView) -> CodeBox:
    item = view.stack.item(0)
    assert item is not None
    box = item.boxes[0]
    assert isinstance(box, CodeBox)
    return box


@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_a_picture_and_a_switch_to_its_code(
    show: Show, monkeypatch: pytest.MonkeyPatch, ratio: float
) -> None:
    monkeypatch.setattr(TranscriptView, "devicePixelRatioF", lambda _view: ratio)
    view = show(ListSource([answer(0, f"```svg\n{RED}\n```\n")]))
    settle()
    box = box_of(view)
    assert isinstance(box, DrawingBox)
    assert red(view.viewport().grab().toImage()) > 900
    assert box.rects(0, 1)[0].size().toSize().width() == 200
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Tab)
    assert view.marks.focused is not None
    assert view.marks.focused.key == "source"
    QTest.keyClick(view, Qt.Key.Key_Return)
    settle()
    assert red(view.viewport().grab().toImage()) == 0
    QTest.mouseClick(view.viewport(), LEFT, NONE, box_point(view, 0, 0, "source").toPoint())
    settle()
    assert red(view.viewport().grab().toImage()) > 900
    QTest.mouseClick(view.viewport(), LEFT, NONE, box_point(view, 0, 0, "copy").toPoint())
    assert QGuiApplication.clipboard().text() == RED
    settle(1300)


def test_a_picture_appears_when_its_code_has_ended(show: Show) -> None:
    source, growing = streaming()
    view = show(source)
    growing.add(f"```svg\n{RED}\n")
    settle(100)
    assert not isinstance(box_of(view), DrawingBox)
    growing.add("```\n")
    settle(150)
    assert isinstance(box_of(view), DrawingBox)
    assert red(view.viewport().grab().toImage()) > 900


def test_what_is_not_drawn_is_code_and_says_why(show: Show) -> None:
    bad = '<!DOCTYPE svg [<!ENTITY a "b">]><svg><text>&a;</text></svg>'
    view = show(ListSource([answer(0, f"```svg\n{bad}\n```\n")]))
    settle()
    box = box_of(view)
    assert "source" not in [spot.key for spot in box.hotspots()]
    assert "entities" in box.tip(QPointF(20, 10))
    assert box.text == bad


def test_a_picture_that_takes_too_long_is_given_up(qapp: object, monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on = Event()

    def slow(key: DrawingKey) -> Drawing:
        goes_on.wait(10)
        return draw(key)

    monkeypatch.setattr(drawing_module, "LONGEST_MS", 20)
    monkeypatch.setattr(drawing_module, "draw", slow)
    made = Drawings()
    decided: list[object] = []
    made.ready.connect(decided.append)
    key = DrawingKey(RED, 1.0)
    assert made.get(key) is None
    while not decided:
        QTest.qWait(5)
    found = made.get(key)
    assert found is not None
    assert "too long" in found.why
    goes_on.set()
    while made.worker.busy:
        QTest.qWait(5)
    assert decided == [key]
    assert made.get(key) is found
    made.worker.stop()


def test_a_picture_is_as_large_as_there_is_room() -> None:
    wide = draw(DrawingKey('<svg viewBox="0 0 4000 1000"><rect width="9" height="9"/></svg>', 2.0))
    assert isinstance(wide, Drawing)
    assert wide.image is not None
    assert (wide.width, wide.height) == (812, 203)
    assert wide.image.width() == 1624


@pytest.mark.parametrize(
    ("language", "code"), [("html", "<p>hi</p>"), ("mermaid", "graph TD; A-->B"), ("svg", RED)]
)
def test_a_page_is_written_only_when_it_is_asked_for(show: Show, language: str, code: str) -> None:
    view = show(ListSource([answer(0, f"```{language}\n{code}\n```\n")]))
    settle()
    view.grab()
    chosen: list[str] = []
    view.page_chosen.connect(chosen.append)
    assert page_files.pages().folder is None
    QTest.mouseClick(view.viewport(), LEFT, NONE, box_point(view, 0, 0, "page").toPoint())
    (address,) = chosen
    path = Path(QUrl(address).toLocalFile())
    assert path.parent == page_files.pages().folder
    if os.name == "posix":
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text("utf-8")
    assert "default-src 'none'" in text
    assert "without network" in text
    assert ("nothing that draws Mermaid is included" in text) == (language == "mermaid")
    page_files.pages().remove()
    assert not path.parent.exists()


def test_a_page_that_cannot_be_written_is_told(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/nowhere/at/all")
    view = show(ListSource([answer(0, "```html\n<p>\n```\n")]))
    chosen: list[str] = []
    view.page_chosen.connect(chosen.append)
    QTest.mouseClick(view.viewport(), LEFT, NONE, box_point(view, 0, 0, "page").toPoint())
    assert chosen == []


def test_other_code_has_no_page(show: Show) -> None:
    view = show(ListSource([answer(0, "```py\nprint()\n```\n")]))
    assert "page" not in [spot.key for spot in box_of(view).hotspots()]
