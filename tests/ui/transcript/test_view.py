"""The transcript with real events: scrolling, selecting, copying, pressing, finding."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import QAccessible, QContextMenuEvent, QGuiApplication, QImage, QPainter, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot
from tests.ui.transcript.conftest import Show, action_point, box_point, settle
from tests.ui.transcript.samples import KINDS, RICH, SHA, answer, image, showcase, user

from chatbench.ui.chat.transcript.actions import actions_of
from chatbench.ui.chat.transcript.boxes.base import Paint
from chatbench.ui.chat.transcript.boxes.code import CodeBox
from chatbench.ui.chat.transcript.boxes.controls import paint_button
from chatbench.ui.chat.transcript.boxes.table import TableBox
from chatbench.ui.chat.transcript.boxes.text import TextBox
from chatbench.ui.chat.transcript.links import LinkDialog
from chatbench.ui.chat.transcript.paintclock import paint_clock
from chatbench.ui.chat.transcript.source import Entry, ListSource
from chatbench.ui.chat.transcript.view import TranscriptView
from chatbench.ui.theme import theme

LEFT = Qt.MouseButton.LeftButton
NONE = Qt.KeyboardModifier.NoModifier


UNEVEN = "".join(f"{'words ' * (17 * at % 90 + 1)}\n\n" for at in range(7)) + "- a\n- b\n\n```\nc\n```\n"


def long_talk(count: int = 60) -> ListSource:
    entries = []
    for at in range(count):
        entries.append(user(2 * at, f"Question {at}"))
        entries.append(answer(2 * at + 1, f"Answer {at}\n\n{UNEVEN}"))
    return ListSource(entries)


def places(view: TranscriptView) -> dict[tuple[int, int], float]:
    """Where the boxes that begin in view stand."""
    found = {}
    for row in view.stack.rows:
        assert row.item is not None
        for number, top in enumerate(row.item.tops):
            if 0 <= row.top + top < view.viewport().height():
                found[row.index, number] = row.top + top
    return found


def wheel(
    view: TranscriptView, pixels: int, at: QPointF | None = None, held: Qt.KeyboardModifier = NONE
) -> None:
    point = at or QPointF(view.viewport().rect().center())
    event = QWheelEvent(
        point, view.viewport().mapToGlobal(point), QPoint(0, pixels), QPoint(0, pixels),
        Qt.MouseButton.NoButton, held, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view.viewport(), event)


def drag(view: TranscriptView, start: QPointF, end: QPointF) -> None:
    surface = view.viewport()
    QTest.mousePress(surface, LEFT, NONE, start.toPoint())
    QTest.mouseMove(surface, end.toPoint())
    move = QEvent.Type.MouseMove
    from PySide6.QtGui import QMouseEvent

    event = QMouseEvent(move, end, surface.mapToGlobal(end), Qt.MouseButton.NoButton, LEFT, NONE)
    QApplication.sendEvent(surface, event)
    QTest.mouseRelease(surface, LEFT, NONE, end.toPoint())


def place_of(view: TranscriptView, index: int, words: str) -> QPointF:
    """The left end of words in a message, in the viewport."""
    row = next(row for row in view.stack.rows if row.index == index)
    assert row.item is not None
    for number, box in enumerate(row.item.boxes):
        at = box.text.find(words)
        if at >= 0:
            rect = box.rects(at, at + len(words))[0]
            return rect.translated(row.item.box_rect(number).topLeft()).translated(
                0, row.top
            ).topLeft() + QPointF(0, rect.height() / 2)
    raise AssertionError(words)


def number_of(view: TranscriptView, index: int, kind: type) -> int:
    item = view.stack.item(index)
    assert item is not None
    return next(number for number, box in enumerate(item.boxes) if isinstance(box, kind))


def test_opens_at_the_end_and_shows_words_and_colours(show: Show) -> None:
    view = show()
    assert view.stack.following
    assert view.stack.rows[-1].index == len(view.stack.ids) - 1
    for scheme in ("light", "dark"):
        theme().apply(scheme=scheme)
        settle()
        image = view.viewport().grab().toImage()
        assert image.pixelColor(2, 2) == theme().color("page")
        assert len({image.pixel(x, y) for x in range(200, 800, 3) for y in range(0, 700, 3)}) > 20


@pytest.mark.parametrize(("width", "factor"), [(480, 1.0), (1200, 2.0), (300, 2.0)])
def test_every_kind_is_drawn_at_every_width(show: Show, width: int, factor: float) -> None:
    theme().apply(text_factor=factor)
    view = show(showcase(), width)
    for _ in range(60):
        view.grab()
        wheel(view, 600)
    assert view.stack.rows[0].index == 0
    assert view.stack.rows[0].top == 0


def test_wheel_moves_what_is_shown_by_exactly_its_pixels(show: Show) -> None:
    view = show(long_talk())
    for _ in range(40):
        before = places(view)
        wheel(view, 137)
        after = places(view)
        moved = {after[one] - before[one] for one in before.keys() & after.keys()}
        assert moved == {137.0}
    assert not view.stack.following


def test_content_stays_when_heights_above_become_known(show: Show) -> None:
    view = show(long_talk())
    view.verticalScrollBar().setValue(view.verticalScrollBar().maximum() // 2)
    before = places(view)
    wheel(view, 2000)
    wheel(view, -2000)
    assert places(view) == before


def test_resizing_keeps_the_words_at_the_upper_edge(show: Show) -> None:
    view = show(long_talk())
    view.show_message("m41")
    anchor = view.stack.anchor
    for width in (500, 1300, 640, 900):
        view.resize(width, 700)
        settle()
        assert (view.stack.anchor.index, view.stack.anchor.box) == (anchor.index, anchor.box)
        for row in view.stack.rows:
            assert row.item is not None
            assert row.item.frame == view.stack.frame
            assert all(box.width <= view.stack.frame.column for box in row.item.boxes)


def test_keys_scroll_and_end_follows_again(show: Show) -> None:
    view = show(long_talk())
    QTest.keyClick(view, Qt.Key.Key_PageUp)
    assert not view.stack.following
    assert view.pill.isVisible()
    QTest.keyClick(view, Qt.Key.Key_Home)
    assert view.stack.rows[0].index == 0
    assert view.stack.rows[0].top == 0
    QTest.mouseClick(view.pill, LEFT)
    assert view.stack.following
    assert not view.pill.isVisible()


def test_nothing_is_shown_above_the_beginning(show: Show) -> None:
    view = show(long_talk())
    view.scrolling.reveal(0, 0, 0)
    assert (view.stack.rows[0].index, view.stack.rows[0].top) == (0, 0)
    view.scrolling.reveal(21, 0, 0)
    first = view.stack.rows[0]
    assert first.top <= 0 < first.top + view.stack.height_of(first.index)
    assert any(row.index == 21 for row in view.stack.rows)


def test_scroll_bar_reaches_both_ends(show: Show) -> None:
    view = show(long_talk())
    bar = view.verticalScrollBar()
    bar.setValue(0)
    assert view.stack.rows[0].index == 0
    bar.setValue(bar.maximum())
    settle()
    assert view.stack.rows[-1].index == len(view.stack.ids) - 1


def test_the_bar_is_empty_where_there_is_nothing_to_scroll(show: Show) -> None:
    source = ListSource([user(0, "Why?")])
    view = show(source)
    view.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
    settle()
    bar = view.verticalScrollBar()
    assert bar.isVisible()
    assert not bar.isEnabled()
    view = show(long_talk())
    assert view.verticalScrollBar().isEnabled()


def test_drag_selects_across_messages_and_copies_three_forms(show: Show) -> None:
    source = ListSource([user(0, "First question"), answer(1, "Some **bold** words\n\nand a last paragraph")])
    view = show(source)
    drag(view, place_of(view, 0, "question"), place_of(view, 1, "last"))
    QTest.keySequence(view, "Ctrl+C")
    data = QGuiApplication.clipboard().mimeData()
    assert data.text() == "question\n\nSome bold words\n\nand a "
    assert bytes(data.data("text/markdown").data()).decode() == "question\n\nSome **bold** words\n\nand a "
    assert "<strong>bold</strong>" in data.html()


def test_select_all_copies_everything_as_its_source(show: Show) -> None:
    view = show(ListSource([user(0, "Why?"), answer(1, KINDS), answer(2, RICH)]))
    QTest.keySequence(view, "Ctrl+A")
    QTest.keySequence(view, "Ctrl+C")
    markdown = bytes(QGuiApplication.clipboard().mimeData().data("text/markdown").data()).decode()
    assert markdown.startswith("Why?\n\n# A heading")
    for line in (line.strip() for line in (KINDS + RICH).split("\n")):
        assert line in markdown


def test_double_click_takes_a_word_and_triple_a_paragraph(show: Show) -> None:
    view = show(ListSource([answer(0, "one two three\n\nfour")]))
    point = (place_of(view, 0, "two") + QPointF(4, 0)).toPoint()
    QTest.mouseDClick(view.viewport(), LEFT, NONE, point)
    assert view.selected_text() == "two"
    QTest.mousePress(view.viewport(), LEFT, NONE, point)
    QTest.mouseRelease(view.viewport(), LEFT, NONE, point)
    assert view.selected_text() == "one two three"


def test_shift_click_and_shift_arrows_extend(show: Show) -> None:
    view = show(ListSource([answer(0, "one two three\n\nfour")]))
    QTest.mouseClick(view.viewport(), LEFT, NONE, place_of(view, 0, "two").toPoint())
    QTest.mouseClick(
        view.viewport(), LEFT, Qt.KeyboardModifier.ShiftModifier, place_of(view, 0, "three").toPoint()
    )
    assert view.selected_text() == "two "
    for _ in range(2):
        QTest.keyClick(view, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert view.selected_text() == "two th"
    QTest.keyClick(view, Qt.Key.Key_End, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(view, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(view, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert view.selected_text() == "two three\n\nf"


def test_dragging_past_an_edge_scrolls_on(show: Show) -> None:
    view = show(long_talk())
    surface = view.viewport()
    before = places(view)
    QTest.mousePress(surface, LEFT, NONE, QPoint(400, 300))
    for _ in range(5):
        view.pointer.drag_step(QPointF(400, -80))
    QTest.mouseRelease(surface, LEFT, NONE, QPoint(400, 10))
    after = places(view)
    assert {after[one] - before[one] for one in before.keys() & after.keys()} == {200.0}
    assert len(view.selected_text()) > 200


def test_copy_of_code_by_mouse_and_keyboard(show: Show) -> None:
    view = show(ListSource([answer(0, "Look:\n\n```py\nprint(1)\nprint(2)\n```\n")]))
    number = number_of(view, 0, CodeBox)
    QTest.mouseClick(view.viewport(), LEFT, NONE, box_point(view, 0, number, "copy").toPoint())
    assert QGuiApplication.clipboard().text() == "print(1)\nprint(2)"
    QGuiApplication.clipboard().clear()
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Tab)
    assert view.marks.focused is not None
    assert view.marks.focused.key == "numbers"
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert view.marks.focused.key == "wrap"
    QTest.keyClick(view, Qt.Key.Key_Right)
    with QtBotSignal(view) as saved:
        QTest.keyClick(view, Qt.Key.Key_Return)
    assert saved == [("print(1)\nprint(2)", "code.py")]
    QTest.keyClick(view, Qt.Key.Key_Right)
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert QGuiApplication.clipboard().text() == "print(1)\nprint(2)"
    QTest.keyClick(view, Qt.Key.Key_Tab)
    assert view.marks.focused.key == "copy"
    assert view.marks.focused.box < 0
    QTest.keyClick(view, Qt.Key.Key_Backtab)
    assert view.marks.focused.box == number
    settle(1300)
    assert view.marks.ticked is None


class QtBotSignal:
    """Collects what ``save_requested`` carries."""

    def __init__(self, view: TranscriptView) -> None:
        self._view = view
        self._got: list[tuple[str, str]] = []

    def _take(self, text: str, name: str) -> None:
        self._got.append((text, name))

    def __enter__(self) -> list[tuple[str, str]]:
        self._view.save_requested.connect(self._take)
        return self._got

    def __exit__(self, *_error: object) -> None:
        self._view.save_requested.disconnect(self._take)


def test_long_code_is_folded_and_unfolds_under_the_pointer(show: Show) -> None:
    code = "\n".join(f"line {at}" for at in range(100))
    view = show(ListSource([answer(0, f"```\n{code}\n```")]))
    number = number_of(view, 0, CodeBox)
    item = view.stack.item(0)
    assert item is not None
    folded = item.boxes[number].height
    top = view.stack.rows[0].top
    QTest.mouseClick(view.viewport(), LEFT, NONE, box_point(view, 0, number, "more").toPoint())
    settle()
    assert item.boxes[number].height > folded + 70 * 18
    assert view.stack.rows[0].top == top


def test_wide_code_scrolls_sideways_and_wraps(show: Show) -> None:
    view = show(ListSource([answer(0, "```\n" + "x" * 300 + "\nshort\n```")]))
    number = number_of(view, 0, CodeBox)
    item = view.stack.item(0)
    assert item is not None
    box = item.boxes[number]
    before = box.height
    inside = QPointF(view.stack.frame.column_x + 60, item.tops[number] + view.stack.rows[0].top + 45)
    image = view.grab().toImage()
    wheel(view, -500, inside, Qt.KeyboardModifier.ShiftModifier)
    assert view.grab().toImage() != image
    QTest.mouseClick(view.viewport(), LEFT, NONE, box_point(view, 0, number, "wrap").toPoint())
    settle()
    assert box.height > before
    rects = box.rects(0, 300)
    assert len(rects) > 3
    assert max(rect.right() for rect in rects) <= box.width


def test_a_thumb_is_dragged(show: Show) -> None:
    view = show(ListSource([answer(0, "```\n" + "x" * 300 + "\n```")]))
    number = number_of(view, 0, CodeBox)
    item = view.stack.item(0)
    assert item is not None
    thumb = item.boxes[number].thumb()
    assert thumb is not None
    corner = item.box_rect(number).topLeft() + QPointF(0, view.stack.rows[0].top)
    start = thumb[0].center() + corner - QPointF(thumb[0].width() / 2 - 10, 0)
    left = item.boxes[number].rects(0, 1)[0].left()
    drag(view, start, start + QPointF(100, 0))
    assert item.boxes[number].rects(0, 1)[0].left() < left - 100
    assert view.selected_text() == ""


def test_table_copies_as_csv_and_markdown_and_keeps_its_first_column(show: Show) -> None:
    rows = "\n".join(f"| name {at} | {at},000 | =cmd() |" + " a wide cell of words |" * 6 for at in range(60))
    head = "| name | number | formula |" + " wide |" * 6
    text = f"{head}\n|{'---|' * 9}\n{rows}\n"
    view = show(ListSource([answer(0, text)]), 900, 900)
    QTest.keyClick(view, Qt.Key.Key_Home)
    number = number_of(view, 0, TableBox)
    item = view.stack.item(0)
    assert item is not None
    first = item.boxes[number]
    assert isinstance(first, TableBox)
    assert len(first.shape.boxes) == 3
    assert first.shape.right_aligned(1)
    assert not first.shape.right_aligned(2)
    QTest.mouseClick(view.viewport(), LEFT, NONE, box_point(view, 0, number, "csv").toPoint())
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0].startswith("name,number,formula")
    assert lines[60].startswith('name 59,"59,000",\'=cmd()')
    QTest.mouseClick(view.viewport(), LEFT, NONE, box_point(view, 0, number, "markdown").toPoint())
    assert QGuiApplication.clipboard().text() == text.strip()
    view.setFocus()
    for key, expected in ((Qt.Key.Key_Tab, "name,number"), (Qt.Key.Key_Right, "| name | number")):
        QTest.keyClick(view, key)
        QTest.keyClick(view, Qt.Key.Key_Return)
        assert QGuiApplication.clipboard().text().startswith(expected)
    left = first.rects(0, 4)[0].left()
    assert first.scroll_sideways(200)
    assert first.rects(0, 4)[0].left() == left


def test_a_formula_is_copied_as_tex_by_mouse_keyboard_and_menu(show: Show) -> None:
    view = show(ListSource([answer(0, "Here $a^2$ is:\n\n$$\n\\frac{1}{2}\n$$\n")]))
    settle()
    clipboard = QGuiApplication.clipboard()
    QTest.mouseClick(view.viewport(), LEFT, NONE, box_point(view, 0, 1, "tex").toPoint())
    assert clipboard.text() == "\\frac{1}{2}"
    clipboard.clear()
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Tab)
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert clipboard.text() == "\\frac{1}{2}"
    item = view.stack.item(0)
    assert item is not None
    inline = item.boxes[0]
    at = inline.text.index("\ufffc")
    point = inline.rects(at, at + 1)[0].center()
    assert inline.copies(point) == [("Copy formula as TeX", "a^2")]
    assert inline.copies(QPointF(1, 1)) == []
    place = point + item.box_rect(0).topLeft() + QPointF(0, view.stack.rows[0].top)
    event = QContextMenuEvent(
        QContextMenuEvent.Reason.Mouse, place.toPoint(), view.viewport().mapToGlobal(place.toPoint())
    )
    QApplication.sendEvent(view.viewport(), event)
    menu = view.findChild(QMenu)
    assert menu is not None
    next(action for action in menu.actions() if "TeX" in action.text()).trigger()
    assert clipboard.text() == "a^2"
    menu.close()
    settle(1300)


def test_the_outline_leads_to_its_headings(show: Show) -> None:
    text = "".join(f"{'#' * (at % 3 + 1)} Heading {at}\n\n{'words ' * 300}\n\n" for at in range(9))
    view = show(ListSource([user(0, "Long, please"), answer(1, text)]))
    places = view.headings.of("m1")
    assert [place.heading.text for place in places] == [f"Heading {at}" for at in range(9)]
    assert view.headings.of("m0") == view.headings.of("nobody") == []
    for place in (places[5], places[1]):
        view.headings.show("m1", place)
        item = view.stack.item(1)
        assert item is not None
        number = next(n for n, box in enumerate(item.boxes) if box.text == place.heading.text)
        row = next(row for row in view.stack.rows if row.index == 1)
        assert row.top + item.tops[number] == 16


def test_a_heading_stands_where_it_was_led_to_also_below_what_was_never_seen(show: Show) -> None:
    code = "```sh\n" + "run --with 'a long option' | sort\n" * 7 + "```\n\n"
    rows = "".join(f"| {at} | {'words ' * 30} |\n" for at in range(5))
    table = f"| a | b |\n|---|---|\n{rows}\n"
    text = "".join(f"## Heading {at}\n\n{'words ' * 300}\n\n{(code, table)[at % 2]}" for at in range(12))
    view = show(ListSource([user(0, "Long, please"), answer(1, text)]))
    item = view.stack.item(1)
    assert item is not None
    for at, place in enumerate(view.headings.of("m1")[1:11]):
        view.headings.show("m1", place)
        settle()
        number = next(n for n, box in enumerate(item.boxes) if box.text == place.heading.text)
        for width in (900, 620 + at):
            view.resize(width, 700)
            view.arrange()
            row = next(row for row in view.stack.rows if row.index == 1)
            assert row.top + item.tops[number] == 16, (place.heading.text, width)


def test_a_heading_or_a_hit_ends_the_way_to_the_end(show: Show) -> None:
    text = "".join(f"## Heading {at}\n\n{'words ' * 300}\n\n" for at in range(9))
    view = show(ListSource([user(0, "Long, please"), answer(1, text)]))
    theme().apply(motion="full")
    places = view.headings.of("m1")

    def glide() -> None:
        view.headings.show("m1", places[-1])
        view.scroll_by(-300)
        view.jump_to_end()
        assert not view.stack.following

    glide()
    view.headings.show("m1", places[3])
    settle(theme().duration("jump") + 100)
    assert not view.stack.following
    anchor = view.stack.anchor
    glide()
    view.search("Heading 3")
    settle(theme().duration("jump") + 100)
    assert not view.stack.following
    assert view.stack.anchor.box <= anchor.box


def test_a_link_asks_and_shows_where_it_leads(show: Show, qtbot: QtBot) -> None:
    text = "Go to [bank.example](https://xn--bnk-6na.example/login) now, not to [this](file:///etc/passwd)."
    view = show(ListSource([answer(0, text)]))
    chosen: list[str] = []
    view.link_chosen.connect(chosen.append)
    point = place_of(view, 0, "bank") + QPointF(5, 0)
    QTest.mouseClick(view.viewport(), LEFT, NONE, point.toPoint())
    dialog = view.findChild(LinkDialog)
    assert dialog is not None
    assert dialog.isVisible()
    words = " ".join(label.text() for label in dialog.findChildren(type(view.find_bar._count)))
    assert "xn--bnk-6na.example" in words
    assert "bänk.example" in words or "Reads as" in words
    assert chosen == []
    QTest.mouseClick(dialog.open_button, LEFT)
    assert chosen == ["https://xn--bnk-6na.example/login"]
    item = view.stack.item(0)
    assert item is not None
    assert [spot.link for spot in item.boxes[0].hotspots()] == ["https://xn--bnk-6na.example/login"]


def test_hidden_characters_are_shown(show: Show) -> None:
    view = show(ListSource([user(0, "a\u202eb"), answer(1, "c\u202ed\n\n```\nx\u202ey\n```")]))
    words = [item.plain_text() for item in view.stack.items()]
    assert not any("\u202e" in one for one in words)
    assert sum(one.count("U+202E") for one in words) == 3


def test_actions_are_signalled_and_copy_is_done_here(show: Show) -> None:
    source = ListSource([user(0, "Why?"), answer(1, "Because **so**.", entry={"position": 2, "count": 3})])
    view = show(source)
    asked: list[tuple[str, str]] = []
    view.action_requested.connect(lambda message, action: asked.append((message, action)))
    more: list[str] = []
    view.more_requested.connect(lambda message, _point: more.append(message))
    for index, key in (
        (0, "edit"),
        (1, "regenerate"),
        (1, "previous-branch"),
        (1, "next-branch"),
        (1, "more"),
    ):
        QTest.mouseClick(view.viewport(), LEFT, NONE, action_point(view, index, key).toPoint())
    assert asked == [("m0", "edit"), ("m1", "regenerate"), ("m1", "previous-branch"), ("m1", "next-branch")]
    assert more == ["m1"]
    QTest.mouseClick(view.viewport(), LEFT, NONE, action_point(view, 1, "copy").toPoint())
    assert QGuiApplication.clipboard().text() == "Because so."
    assert QGuiApplication.clipboard().mimeData().data("text/markdown").data() == b"Because **so**."
    settle(1300)


def test_the_actions_of_a_question_are_the_gap_above_its_answer(show: Show) -> None:
    source = ListSource(
        [answer(0, "Hello."), user(1, "Why?\nAnd how?\n\nTell."), answer(2, "So.\n\nAnd so.")]
    )
    view = show(source)
    greeting, question, reply = (row for row in view.stack.rows)
    assert greeting.item is not None
    assert question.item is not None
    assert reply.item is not None
    assert greeting.item.content_top == 18
    assert question.item.content_top == 18
    body = question.top + question.item.fill_rect().bottom()
    assert reply.top + reply.item.content_top - body == 28
    for action in actions_of(question.item):
        assert body <= question.top + action.rect.top()
        assert question.top + action.rect.bottom() <= reply.top
    del source.entries[:2]
    view.refresh()
    settle()
    first = view.stack.rows[0].item
    assert first is not None
    assert first.content_top == 18


def test_error_cards_offer_ways_on(show: Show) -> None:
    view = show(ListSource([user(0, "Why?"), showcase().entries[8]]))
    asked: list[str] = []
    view.action_requested.connect(lambda _message, action: asked.append(action))
    item = view.stack.item(1)
    assert item is not None
    number = len(item.boxes) - 1
    assert "slow down" in item.boxes[number].text
    for key in ("retry", "retry-with", "details"):
        QTest.mouseClick(view.viewport(), LEFT, NONE, box_point(view, 1, number, key).toPoint())
    assert asked == ["retry", "retry-with", "details"]


def test_folds_open_and_close(show: Show) -> None:
    view = show(ListSource([showcase().entries[1]]))
    item = view.stack.item(0)
    assert item is not None
    boxes = len(item.boxes)
    assert "Then the intervals" not in item.plain_text()
    QTest.mouseClick(view.viewport(), LEFT, NONE, box_point(view, 0, 0, "fold").toPoint())
    settle()
    assert "Then the intervals" in item.plain_text()
    QTest.mouseClick(view.viewport(), LEFT, NONE, box_point(view, 0, 2, "fold").toPoint())
    settle()
    assert '"rows": 2' in item.plain_text()
    for number in (2, 0):
        QTest.mouseClick(view.viewport(), LEFT, NONE, box_point(view, 0, number, "fold").toPoint())
        settle()
    assert len(item.boxes) == boxes


def test_keyboard_walks_messages_and_actions(show: Show) -> None:
    view = show(ListSource([user(0, "Why?"), answer(1, "So.", entry={"position": 1, "count": 2})]))
    asked: list[tuple[str, str]] = []
    view.action_requested.connect(lambda message, action: asked.append((message, action)))
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Up, Qt.KeyboardModifier.ControlModifier)
    assert view.marks.current == 1
    QTest.keyClick(view, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    QTest.keyClick(view, Qt.Key.Key_Up, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(view, Qt.Key.Key_Tab)
    assert view.marks.focused is not None
    assert (view.marks.focused.message, view.marks.focused.key) == (0, "copy")
    QTest.keyClick(view, Qt.Key.Key_Right)
    QTest.keyClick(view, Qt.Key.Key_Space)
    assert asked == [("m1", "next-branch"), ("m0", "edit")]
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert view.marks.focused is None


def test_find_marks_and_walks_through_all_messages(show: Show) -> None:
    source = long_talk(30)
    source.entries[3] = answer(3, "a needle in *prose*, a Needle in\n\n```\ncode needle\n```\n")
    source.entries[50] = user(50, "needle at the end")
    view = show(source)
    QTest.keySequence(view, "Ctrl+F")
    assert view.find_bar.isVisible()
    QTest.keyClicks(view.find_bar.field, "needle")
    assert view.find_bar._count.text() in ("1 of 4", "4 of 4")
    seen = set()
    for _ in range(4):
        QTest.keyClick(view.find_bar.field, Qt.Key.Key_Return)
        settle()
        hit = view.marks.current_hit
        assert hit is not None
        seen.add((hit.message, hit.box, hit.start))
        assert any(row.index == hit.message for row in view.stack.rows)
    assert len(seen) == 4
    QTest.keyClick(view.find_bar.field, Qt.Key.Key_Escape)
    QTest.keyClick(view.find_bar, Qt.Key.Key_Escape)
    assert not view.find_bar.isVisible()
    assert view.marks.current_hit is None


def test_a_picture_is_taken_when_it_is_ready_and_nothing_else_is_loaded(show: Show) -> None:
    source = showcase()
    source.entries = source.entries[:1]
    view = show(source)
    before = view.grab().toImage()
    picture = QImage(228, 144, QImage.Format.Format_RGB32)
    picture.fill(Qt.GlobalColor.red)
    source.thumbnail = lambda sha256, width, height: picture  # type: ignore[method-assign]
    view.thumbnail_ready("ab" * 32)
    after = view.grab().toImage()
    assert before != after
    frame = view.stack.frame
    assert after.pixelColor(frame.column_x + 40, 60) == Qt.GlobalColor.red


@pytest.mark.parametrize(("ratio", "factor"), [(1.0, 1.0), (2.0, 1.0), (1.25, 2.0)])
def test_a_picture_has_as_many_pixels_as_the_screen_has_for_it(
    show: Show, monkeypatch: pytest.MonkeyPatch, ratio: float, factor: float
) -> None:
    monkeypatch.setattr(TranscriptView, "devicePixelRatioF", lambda _view: ratio)
    source = showcase()
    source.entries = [user(0, "Look", image("a.png")), answer(1, f"![A](attachment:{SHA})")]
    asked: set[tuple[int, int]] = set()

    def ask(sha256: str, width: int, height: int) -> None:
        asked.add((width, height))

    source.thumbnail = ask  # type: ignore[method-assign]
    view = show(source)
    theme().apply(text_factor=factor)
    asked.clear()
    settle()
    view.grab()
    assert asked == {(round(114 * factor * ratio), round(72 * factor * ratio))}


def test_messages_not_at_hand_are_asked_for_and_take_their_place(show: Show) -> None:
    source = long_talk(20)
    held = {entry.message.id: entry for entry in source.entries}
    asked: list[str] = []
    source.entry = lambda index: held.get(f"m{index}") if f"m{index}" in given else None  # type: ignore[method-assign]
    source.request = lambda ids: asked.extend(ids)  # type: ignore[method-assign]
    given: set[str] = set()
    view = show(source)
    assert "m39" in asked
    given |= set(asked)
    view.loaded(asked)
    settle()
    assert view.stack.at_hand(39) is not None
    QTest.keySequence(view, "Ctrl+A")
    QGuiApplication.clipboard().setText("before")
    QTest.keySequence(view, "Ctrl+C")
    assert QGuiApplication.clipboard().text() == "before"
    given |= set(asked)
    view.loaded(asked)
    assert "Answer 0" in QGuiApplication.clipboard().text()


def test_everything_is_copied_from_a_source_that_keeps_little(show: Show) -> None:
    source = long_talk(200)
    entries = source.entries
    held: dict[str, Entry] = {}
    source.entry = lambda index: held.get(f"m{index}")  # type: ignore[method-assign]

    def load(ids: Sequence[str]) -> None:
        held.clear()
        held.update({one: entries[int(one[1:])] for one in list(ids)[-200:]})
        QTimer.singleShot(0, view, lambda: view.loaded(ids))

    view = TranscriptView()
    source.request = load  # type: ignore[method-assign]
    view.set_source(source)
    view.show()
    settle()
    view.select_all()
    QGuiApplication.clipboard().clear()
    view.copy()
    settle(200)
    text = QGuiApplication.clipboard().text()
    assert all(f"Answer {at}\n" in text for at in range(200))
    view.close()
    view.deleteLater()


def test_an_older_version_is_shown_until_the_newer_is_at_hand(show: Show) -> None:
    source = ListSource([user(0, "Why?"), answer(1, "old words")])
    view = show(source)
    asked: list[str] = []
    source.request = lambda ids: asked.extend(ids)  # type: ignore[method-assign]
    entries = source.entries
    source.entry = lambda index: None if index == 1 else entries[index]  # type: ignore[method-assign]
    view.refresh()
    settle()
    item = view.stack.at_hand(1)
    assert item is not None
    assert item.plain_text() == "old words"
    assert asked == ["m1"]
    entries[1] = answer(1, "new words")
    source.entry = lambda index: entries[index]  # type: ignore[method-assign]
    view.loaded(asked)
    assert item.plain_text() == "new words"


def test_refresh_keeps_the_place_and_counts_what_is_new(show: Show) -> None:
    source = long_talk(30)
    view = show(source)
    wheel(view, 900)
    before = {row.index: row.top for row in view.stack.rows}
    source.entries.append(user(100, "New"))
    source.entries.append(answer(101, "New answer"))
    view.refresh()
    settle()
    assert {row.index: row.top for row in view.stack.rows} == before
    assert "2 new" in view.pill.accessibleName()


def test_a_reader_hears_messages_with_author_and_state(show: Show) -> None:
    view = show()
    found = QAccessible.queryAccessibleInterface(view)
    assert found is not None
    assert found.role() == QAccessible.Role.List
    assert found.childCount() == len(view.stack.ids)
    item = found.child(8)
    assert item.role() == QAccessible.Role.ListItem
    name = item.text(QAccessible.Text.Name)
    assert name.startswith("Sonnet 4.5, failed. Anthropic asks to slow down.")
    assert not item.rect().isEmpty()
    assert found.child(0).state().offscreen
    assert found.indexOfChild(item) == 8


def test_idle_means_no_timer_and_no_painting(show: Show) -> None:
    view = show()
    settle(100)
    painted: list[int] = []
    original = view.paintEvent
    view.paintEvent = lambda event: (painted.append(1), original(event))  # type: ignore[assignment,func-returns-value]
    settle(300)
    assert painted == []
    assert not paint_clock().running


def test_a_long_paste_is_laid_out_only_where_it_is_seen(show: Show) -> None:
    view = show(ListSource([user(0, "a line of a long paste\n" * 40_000)]))
    item = view.stack.item(0)
    assert item is not None
    laid = [box for box in item.boxes if isinstance(box, TextBox) and box._sets]
    assert 0 < len(laid) < 6
    assert len(item.boxes) > 200


def test_right_to_left_mirrors_the_margin(show: Show) -> None:
    view = show()
    view.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    settle()
    frame = view.stack.frame
    assert frame.margin_x > frame.column_x + frame.column
    view.grab()


@pytest.mark.usefixtures("qapp")
def test_the_words_of_a_painted_button_stand_beside_its_icon_in_both_directions() -> None:
    pictures = []
    for direction in (Qt.LayoutDirection.LeftToRight, Qt.LayoutDirection.RightToLeft):
        image = QImage(120, 30, QImage.Format.Format_RGB32)
        image.fill(Qt.GlobalColor.white)
        painter = QPainter(image)
        painter.setLayoutDirection(direction)
        paint_button(painter, QRectF(0, 0, 120, 30), "copy", Paint(QRectF()), icon="copy", label="Copy")
        painter.end()
        pictures.append(image)
    assert pictures[0] == pictures[1]


def painted_from_to(image: QImage) -> tuple[int, int]:
    """The first and the last column in which something is drawn on the middle line's ground."""
    rows = range(image.height() // 3, 2 * image.height() // 3)
    ground = image.pixelColor(image.width() // 2, 3)
    inside = range(6, image.width() - 6)
    drawn = [
        x for x in inside if any(image.pixelColor(x, y).lightness() < ground.lightness() - 60 for y in rows)
    ]
    return drawn[0], drawn[-1]


def test_the_pill_reads_from_right_to_left_too(show: Show) -> None:
    view = show(long_talk())
    QTest.keyClick(view, Qt.Key.Key_PageUp)
    first, last = painted_from_to(view.pill.grab().toImage())
    view.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    settle()
    mirrored = painted_from_to(view.pill.grab().toImage())
    wide = view.pill.width()
    assert abs(mirrored[0] - (wide - 1 - last)) <= 2
    assert abs(mirrored[1] - (wide - 1 - first)) <= 2
