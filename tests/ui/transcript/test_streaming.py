"""Living answers: what is drawn equals what a finished answer would be, and only the tail is touched."""

from __future__ import annotations

import gc
import random
import weakref

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QRegion, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from tests.ui.transcript.conftest import Show, settle
from tests.ui.transcript.samples import KINDS, RICH, answer, streaming

from chatbench.core.errors import ErrorReport
from chatbench.core.messages import TextPart, ThinkingPart, ToolCallPart
from chatbench.ui.chat.transcript.boxes.base import Context
from chatbench.ui.chat.transcript.boxes.code import CodeBox
from chatbench.ui.chat.transcript.frame import frame_for
from chatbench.ui.chat.transcript.item import Item
from chatbench.ui.chat.transcript.paintclock import INTERVAL_MS, SLOWEST_MS, interval_for, paint_clock
from chatbench.ui.chat.transcript.view import TranscriptView
from chatbench.ui.widgets import gauge_clock

_FRAGMENTS = [
    "words and more words ", "\n", "\n\n", "# Heading\n", "- item\n", "1. one\n", "> quote\n", "```py\n",
    "x = 1\n", "```\n", "| a | b |\n|---|--:|\n", "| 1 | 2 |\n", "**bold** ", "`code` ", "$a^2$ ",
    "$$x$$\n\n", "[link](https://e.com) ", "---\n",
    "  - nested\n", "[ref]: https://e.com\n", "[ref] ", "中文", "😀 ",
]  # fmt: skip


def shape(item: Item) -> list[tuple[str, str, float, float]]:
    """What an item draws, box by box: kind, words, place and height, all exact."""
    item.settle_between(0, 1e9)
    return [
        (type(box).__name__, box.text, top, box.height)
        for box, top in zip(item.boxes, item.tops, strict=True)
    ]


@settings(max_examples=60)
@given(st.lists(st.sampled_from(_FRAGMENTS), min_size=1, max_size=40), st.integers(0, 10_000))
def test_incremental_boxes_equal_the_finished_ones(qapp: QApplication, parts: list[str], seed: int) -> None:
    text = "".join(parts)
    pieces = random.Random(seed)
    source, growing = streaming()
    frame = frame_for(900)
    living = Item(Context(), source.entries[0], frame, growing)
    at = 0
    while at < len(text):
        size = pieces.randint(1, 12)
        growing.add(text[at : at + size])
        at += size
        living.tick()
        if pieces.random() < 0.5:
            living.settle_between(0, 1e9)
    finished = answer(1, text)
    living.take(finished, None)
    assert shape(living) == shape(Item(Context(), finished, frame, None))


def grow(view: TranscriptView, growing: object, text: str, step: int = 40) -> None:
    """Let the answer grow, a step for every turn of the clock."""
    for at in range(0, len(text), step):
        growing.add(text[at : at + step])  # type: ignore[attr-defined]
        view.step()
        QApplication.processEvents()


def test_what_is_on_screen_equals_a_full_repaint_at_every_step(show: Show) -> None:
    source, growing = streaming(before=8)
    view = show(source, 900, 500)
    text = KINDS + RICH
    for at in range(0, len(text), 97):
        growing.add(text[at : at + 97])
        view.step()
        item = view.stack.item(8)
        assert item is not None
        item.facts()
        QApplication.processEvents()
        if at % 5 == 0:
            shown = view.window().windowHandle().screen().grabWindow(view.window().winId()).toImage()
            view.viewport().repaint()
            again = view.window().windowHandle().screen().grabWindow(view.window().winId()).toImage()
            assert shown == again


def test_only_the_tail_is_repainted_while_it_grows(show: Show) -> None:
    source, growing = streaming(before=8)
    view = show(source, 900, 600)
    grow(view, growing, "A paragraph that is done.\n\n" * 30 + "The beginning of a tail ")
    regions: list[QRegion] = []
    original = view.paintEvent

    def watch(event: object) -> None:
        regions.append(QRegion(event.region()))  # type: ignore[attr-defined]
        original(event)  # type: ignore[arg-type]

    view.paintEvent = watch  # type: ignore[method-assign]
    growing.add("and a few")
    view.step()
    QApplication.processEvents()
    assert regions
    assert max(region.boundingRect().height() for region in regions) < 200


def test_follows_the_end_until_the_reader_leaves(show: Show) -> None:
    source, growing = streaming(before=8)
    view = show(source, 900, 500)
    grow(view, growing, "Some words of an answer.\n\n" * 40)
    assert view.stack.at_end()
    point = QPointF(400, 200)
    up = QWheelEvent(
        point, view.viewport().mapToGlobal(point), QPoint(0, 30), QPoint(0, 30), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view.viewport(), up)
    assert not view.stack.following
    before = {row.index: row.top for row in view.stack.rows}
    grow(view, growing, "Still more words.\n\n" * 20)
    assert {row.index: row.top for row in view.stack.rows} == before
    view.scrolling.show_place()
    assert view.pill.isVisible()
    QTest.keyClick(view, Qt.Key.Key_End)
    assert view.stack.following


def test_the_clock_runs_only_while_something_in_view_is_written(show: Show) -> None:
    source, growing = streaming(before=60)
    view = show(source, 900, 500)
    growing.add("words")
    settle(80)
    assert paint_clock().running
    view.show_message("m1000")
    assert not paint_clock().running
    view.jump_to_end()
    assert paint_clock().running
    view.hide()
    assert not paint_clock().running
    view.show()
    settle()
    assert paint_clock().running
    del source.living["m1"]
    source.entries[-1] = answer(1, "words")
    view.refresh()
    settle()
    assert not paint_clock().running


def test_the_interval_follows_the_cost() -> None:
    assert interval_for(1.0) == INTERVAL_MS
    assert interval_for(30.0) == 120
    assert interval_for(900.0) == SLOWEST_MS


def test_frozen_boxes_stay_and_replaced_ones_go(show: Show) -> None:
    source, growing = streaming()
    view = show(source)
    growing.add("First.\n\nSecond, which is op")
    view.step()
    item = view.stack.item(0)
    assert item is not None
    first, second = item.boxes
    gone = weakref.ref(second)
    growing.add("en.\n\nThird.")
    view.step()
    assert item.boxes[0] is first
    del second
    QApplication.processEvents()
    gc.collect()
    assert gone() is None


def test_an_open_fence_is_one_box_that_grows_and_is_not_folded(show: Show) -> None:
    source, growing = streaming()
    view = show(source)
    growing.add("```python\n")
    view.step()
    item = view.stack.item(0)
    assert item is not None
    box = item.boxes[0]
    for at in range(200):
        growing.add(f"value_{at} = {at}\n")
        view.step()
    assert item.boxes[0] is box
    assert isinstance(box, CodeBox)
    assert box.code.count("\n") == 199
    assert box.height > 200 * 18
    growing.add("```\n")
    view.step()
    source.entries[0] = answer(
        1, "```python\n" + "".join(f"value_{at} = {at}\n" for at in range(200)) + "```\n"
    )
    source.living.clear()
    view.refresh()
    settle()
    assert view.stack.item(0) is item
    assert item.boxes[0] is box
    assert box.folded(), "long code folds when its answer is over"
    assert view.stack.at_end()


LONG_CODE = "```python\n" + "".join(f"value_{at} = {at}\n" for at in range(60)) + "```\n\n"


@pytest.mark.parametrize("step", [7, 10_000])
def test_long_code_is_not_folded_before_the_end_however_it_comes(show: Show, step: int) -> None:
    source, growing = streaming()
    view = show(source)
    grow(view, growing, "Words.\n\n" + LONG_CODE + "More words.\n\n" * 30, step)
    item = view.stack.item(0)
    assert item is not None
    box = next(one for one in item.boxes if isinstance(one, CodeBox))
    assert not box.folded()
    assert box.height > 60 * 18
    source.entries[0] = answer(1, growing._text)
    source.living.clear()
    view.refresh()
    settle()
    kept = next(one for one in item.boxes if isinstance(one, CodeBox))
    assert kept.folded()
    assert kept.height < 32 * 18
    assert view.stack.at_end()


def test_long_code_that_is_read_stays_open_when_the_answer_ends(show: Show) -> None:
    source, growing = streaming()
    view = show(source)
    grow(view, growing, LONG_CODE + "More words.\n\n" * 60 + LONG_CODE, 500)
    view.scroll_by(-100_000)
    view.scroll_by(300)
    item = view.stack.item(0)
    assert item is not None
    first, last = (one for one in item.boxes if isinstance(one, CodeBox))
    top = view.stack.rows[0].top
    source.entries[0] = answer(1, growing._text)
    source.living.clear()
    view.refresh()
    settle()
    assert not first.folded()
    assert last.folded()
    assert view.stack.rows[0].top == top, "what is read stays where it is"


def test_thinking_shows_the_gauge_then_its_duration(show: Show) -> None:
    source, growing = streaming()
    view = show(source)
    growing.set(ThinkingPart(text="Hm"))
    view.step()
    view.follow_living()
    assert gauge_clock().running is False or view.isVisible()
    item = view.stack.item(0)
    assert item is not None
    assert item.boxes[0].words == "Thinking"  # type: ignore[attr-defined]
    growing.set(ThinkingPart(text="Hm, yes", seconds=3.14), TextPart(text="So"))
    view.step()
    assert item.boxes[0].words == "Thought for 3.1 s"  # type: ignore[attr-defined]
    assert item.boxes[1].text == "So"


def test_open_thinking_grows_in_place(show: Show) -> None:
    source, growing = streaming()
    view = show(source)
    growing.set(ThinkingPart(text="one\ntwo"))
    view.step()
    item = view.stack.item(0)
    assert item is not None
    item.boxes[0].activate("fold")
    item.rebuild_part_of(item.boxes[0])
    for at in range(60):
        growing.set(ThinkingPart(text="one\ntwo" + "\nmore" * at))
        view.step()
    view.grab()
    assert item.boxes[1].text.count("more") == 59
    assert item.boxes[1].height == 240


def test_waiting_for_another_attempt_is_said_with_ways_on(show: Show) -> None:
    import time

    source, growing = streaming()
    view = show(source)
    growing.retry_at = time.monotonic() + 12
    growing.waiting_for = ErrorReport(kind="RateLimited", message="Too many requests.")
    growing.version += 1
    view.step()
    item = view.stack.item(0)
    assert item is not None
    assert "Again in 1" in item.plain_text()
    assert [spot.key for spot in item.boxes[-1].hotspots()] == ["retry-now", "stop"]
    growing.retry_at = growing.waiting_for = None
    growing.add("Words")
    view.step()
    assert item.plain_text() == "Words"


def test_a_growing_tool_call_and_a_reset(show: Show) -> None:
    source, growing = streaming()
    view = show(source)
    growing.set(TextPart(text="Let me look."), ToolCallPart(call_id="1", name="find", arguments='{"q": '))
    view.step()
    item = view.stack.item(0)
    assert item is not None
    assert "find" in item.plain_text()
    growing.set()
    view.step()
    assert item.plain_text() == ""
    growing.set(TextPart(text="Another start"))
    view.step()
    assert item.plain_text() == "Another start"


def test_a_finished_answer_is_the_same_picture(show: Show) -> None:
    source, growing = streaming(before=2)
    view = show(source, 900, 1200)
    grow(view, growing, RICH)
    settle()
    item = view.stack.item(2)
    assert item is not None
    boxes = list(item.boxes)
    source.living.clear()
    source.entries[-1] = answer(1, RICH)
    view.refresh()
    settle()
    assert item.boxes[: len(boxes)] == boxes


def test_views_are_freed(show: Show, qapp: QApplication) -> None:
    view = TranscriptView()
    view.set_source(streaming()[0])
    view.resize(600, 400)
    view.show()
    settle()
    ref = weakref.ref(view)
    view.close()
    view.deleteLater()
    del view
    settle()
    QApplication.sendPostedEvents(None, 52)
    gc.collect()
    assert ref() is None
