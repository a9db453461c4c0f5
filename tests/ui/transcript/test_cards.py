"""Cards of answers that failed: what they say, and the ways on they offer."""

from __future__ import annotations

from itertools import pairwise

import pytest
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtTest import QTest
from tests.ui.transcript.conftest import Show, box_point
from tests.ui.transcript.samples import answer

from chatbench.core.errors import ErrorReport
from chatbench.ui.chat.transcript.boxes.cards import ErrorCard, NoteBox
from chatbench.ui.chat.transcript.source import ListSource
from chatbench.ui.chat.transcript.view import TranscriptView
from chatbench.ui.theme import theme

LEFT = Qt.MouseButton.LeftButton
NONE = Qt.KeyboardModifier.NoModifier


def _card(view: TranscriptView, index: int) -> tuple[int, ErrorCard]:
    item = view.stack.item(index)
    assert item is not None
    box = item.boxes[-1]
    assert isinstance(box, ErrorCard)
    return len(item.boxes) - 1, box


def test_an_answer_that_broke_off_says_once_that_it_is_kept_and_shows_no_bare_name(show: Show) -> None:
    hint = "What arrived is kept. Try again, or continue from it."
    broke = ErrorReport(
        kind="StreamInterrupted", message="It broke off.", hint=hint, raw="ClientPayloadError"
    )
    late = ErrorReport(kind="Timeout", message="Too late.", hint="Try again.", raw='{"type": "timeout"}')
    source = ListSource(
        [
            answer(0, "Words", state="interrupted", error=broke),
            answer(1, "Words", state="interrupted", error=late),
            answer(2, "Words", state="interrupted"),
        ]
    )
    view = show(source, height=900)
    cards = [_card(view, index)[1] for index in range(3)]
    assert [card.report.hint for card in cards] == [
        hint, "Try again. What had arrived is kept.", "What had arrived is kept.",
    ]  # fmt: skip
    assert [card.report.raw for card in cards] == ["", '{"type": "timeout"}', ""]


def test_a_note_is_told_whole_where_the_column_is_narrow(show: Show) -> None:
    cut = answer(0, "Words", stop_reason="max_tokens")
    heights = []
    for width in (900, 300):
        view = show(ListSource([cut]), width=width)
        item = view.stack.item(0)
        assert item is not None
        (note,) = [box for box in item.boxes if isinstance(box, NoteBox)]
        heights.append(note.height)
        (spot,) = note.hotspots()
        assert QRectF(0, 0, note.width, note.height).contains(spot.rects[0])
    assert heights[1] >= heights[0] + theme().line("small") / 2


@pytest.mark.parametrize("kind", ["Authentication", "MissingKey", "PermissionDenied", "QuotaExhausted"])
def test_what_settings_can_mend_leads_to_them(show: Show, kind: str) -> None:
    report = ErrorReport(kind=kind, message="Refused.", hint="Check the key.", raw='{"error": 1}')
    view = show(ListSource([answer(0, state="failed", error=report)]))
    asked: list[tuple[str, str]] = []
    view.action_requested.connect(lambda message, action: asked.append((message, action)))
    number, card = _card(view, 0)
    assert [button.action for button in card.buttons] == ["settings", "retry", "retry-with", "details"]
    QTest.mouseClick(view.viewport(), LEFT, NONE, box_point(view, 0, number, "settings").toPoint())
    assert asked == [("m0", "settings")]


def test_the_buttons_of_a_card_take_rows_where_they_do_not_fit_beside_each_other(show: Show) -> None:
    report = ErrorReport(kind="Authentication", message="Refused.", hint="Check the key.")
    source = ListSource([answer(0, state="failed", error=report)])
    wide, narrow = (_card(show(source, width=width), 0)[1] for width in (900, 300))
    rects = [spot.rects[0] for spot in narrow.hotspots()]
    assert all(QRectF(0, 0, narrow.width, narrow.height).contains(rect) for rect in rects)
    assert not any(a.intersects(b) for a, b in pairwise(rects))
    assert len({rect.y() for rect in rects}) > 1
    assert len({spot.rects[0].y() for spot in wide.hotspots()}) == 1


def test_the_first_way_on_of_the_urged_message_alone_is_primary(show: Show) -> None:
    report = ErrorReport(kind="Authentication", message="Refused.", hint="Check the key.")
    view = show(ListSource([answer(n, state="failed", error=report) for n in range(2)]), height=900)

    def primary() -> list[tuple[int, str]]:
        picture = view.viewport().grab().toImage()
        found = []
        for index in range(2):
            number, card = _card(view, index)
            for spot in card.hotspots():
                corner = box_point(view, index, number, spot.key) - QPointF(0, spot.rects[0].height() / 2 - 3)
                if picture.pixelColor(corner.toPoint()) == theme().color("accent"):
                    found.append((index, spot.key))
        return found

    assert primary() == []
    view.serving.urge("m1")
    assert primary() == [(1, "settings")]
    view.serving.urge("")
    assert primary() == []
