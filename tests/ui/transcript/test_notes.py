"""Footnotes and citations in the window: where they lead, and that they come without a jump."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from tests.ui.transcript.conftest import Show, box_point, settle
from tests.ui.transcript.samples import answer, streaming

from chatbench.core.messages import Citation, TextPart
from chatbench.ui.chat.transcript.boxes.sources import SourcesBox
from chatbench.ui.chat.transcript.links import LinkDialog
from chatbench.ui.chat.transcript.source import ListSource

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
CITED = TextPart(text="Grass is green", citations=(Citation(url="https://a.example/x", title="On *grass*"),))
LAST = TextPart(text=", mostly.", citations=(Citation(title="A document"),))


def test_a_reference_leads_to_its_footnote(show: Show) -> None:
    filler = "".join(f"Paragraph {at}.\n\n" for at in range(60))
    view = show(ListSource([answer(0, f"Words[^1] here.\n\n{filler}[^1]: The note.\n")]), 800, 400)
    QTest.keyClick(view, Qt.Key.Key_Home)
    view.setFocus()
    item = view.stack.item(0)
    assert item is not None
    assert [spot.name for spot in item.boxes[0].hotspots()] == ["Footnote 1"]
    assert item.boxes[0].text == "Words[1] here."
    assert not view.stack.at_end()
    QTest.mouseClick(view.viewport(), LEFT, NONE, box_point(view, 0, 0, "link:0").toPoint())
    settle()
    row = view.stack.rows[0]
    assert 0 < row.top + item.tops[-1] < view.viewport().height()
    assert item.boxes[-1].text == "The note."
    assert view.findChild(LinkDialog) is None


def test_citations_are_numbered_links_with_their_sources_below(show: Show) -> None:
    view = show(ListSource([answer(0, CITED, LAST)]))
    item = view.stack.item(0)
    assert item is not None
    assert item.boxes[0].text == "Grass is green[1], mostly.[2]"
    below = item.boxes[1]
    assert isinstance(below, SourcesBox)
    assert below.text == "Sources\nOn *grass* · a.example\nA document"
    (link,) = below.hotspots()
    assert link.link == "https://a.example/x"
    QTest.mouseClick(view.viewport(), LEFT, NONE, box_point(view, 0, 1, link.key).toPoint())
    dialog = view.findChild(LinkDialog)
    assert dialog is not None
    dialog.reject()
    view.select_all()
    view.copy()
    data = QGuiApplication.clipboard().mimeData()
    assert bytes(data.data("text/markdown").data()).decode() == (
        "Grass is green[[1]](<https://a.example/x>), mostly.[2]\n\n"
        "**Sources**\n\n1. [On *grass*](<https://a.example/x>)\n2. A document"
    )
    assert '<li value="2">A document</li>' in data.html()


def test_marks_come_when_a_part_is_over_and_sources_when_the_answer_is(show: Show) -> None:
    source, growing = streaming()
    view = show(source)
    growing.set(CITED)
    settle(100)
    item = view.stack.item(0)
    assert item is not None
    assert item.plain_text() == "Grass is green"
    growing.set(CITED, TextPart(text=", mo"))
    settle(100)
    assert item.plain_text() == "Grass is green[1], mo"
    assert not any(isinstance(box, SourcesBox) for box in item.boxes)
    source.living.clear()
    source.entries[0] = answer(1, CITED, LAST)
    view.refresh()
    settle()
    assert item.plain_text().startswith("Grass is green[1], mostly.[2]\nSources")
