"""Emoji, CJK, Arabic, Hebrew, Thai and combining marks: selecting, walking, wrapping and copying."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from unicodedata import bidirectional

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter, QPixmap
from PySide6.QtTest import QTest
from tests.ui.transcript.conftest import Show, settle
from tests.ui.transcript.samples import answer, user
from tests.ui.transcript.test_view import place_of

from chatbench.core.usage import Cost, Timings
from chatbench.ui.chat.transcript.boxes.code import CodeBox
from chatbench.ui.chat.transcript.boxes.order import Order
from chatbench.ui.chat.transcript.boxes.ornaments import paint_marker
from chatbench.ui.chat.transcript.boxes.text import TextBox
from chatbench.ui.chat.transcript.painter import Hit
from chatbench.ui.chat.transcript.selection import Position, Selection
from chatbench.ui.chat.transcript.source import ListSource
from chatbench.ui.chat.transcript.typeset import CODE_PADDING
from chatbench.ui.chat.transcript.utf16 import units
from chatbench.ui.chat.transcript.view import TranscriptView
from chatbench.ui.theme import ColorRole, FontRole, theme

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier

CLUSTERS = {
    "family": ["a", "👩‍👩‍👧‍👦", "b"],
    "flag": ["🇩🇪", "🇫🇷", "x"],
    "skin": ["👍🏽", "!", "👍"],
    "combining": ["e\u0301", "a\u0323\u0308", "x"],
    "han": ["漢", "字", "𠮷", "。"],
    "hangul": ["한", "\u1112\u1161\u11ab", "글"],
    "arabic": ["م", "ر\u064e", "ح", "ب"],
    "keycap": ["1\ufe0f\u20e3", "2"],
}


def first_box(view: TranscriptView) -> TextBox:
    item = view.stack.item(0)
    assert item is not None
    box = item.boxes[0]
    assert isinstance(box, TextBox)
    return box


def start_at(view: TranscriptView, offset: int) -> None:
    place = Position(0, 0, offset)
    view.setFocus()
    view.select(Selection(place, place))


@pytest.mark.parametrize("where", ["paragraph", "code", "table"])
@pytest.mark.parametrize("clusters", CLUSTERS.values(), ids=CLUSTERS.keys())
def test_shift_and_arrows_take_whole_characters(show: Show, clusters: list[str], where: str) -> None:
    text = "".join(clusters)
    source = {
        "paragraph": text,
        "code": f"```\n{text}\n```",
        "table": f"| {text} | b |\n|---|---|\n| 1 | 2 |",
    }
    view = show(ListSource([answer(0, source[where])]))
    start_at(view, 0)
    arabic = bidirectional(clusters[0][0]) in ("R", "AL") and where != "code"
    on, back = (Qt.Key.Key_Left, Qt.Key.Key_Right) if arabic else (Qt.Key.Key_Right, Qt.Key.Key_Left)
    seen = []
    for _cluster in clusters:
        QTest.keyClick(view, on, SHIFT)
        seen.append(view.selected_text())
    assert seen == ["".join(clusters[: at + 1]) for at in range(len(clusters))]
    QTest.keyClick(view, back, SHIFT)
    assert view.selected_text() == "".join(clusters[:-1])
    QTest.keySequence(view, "Ctrl+C")
    assert QGuiApplication.clipboard().text() == "".join(clusters[:-1])


@pytest.mark.parametrize(
    ("text", "inside", "expected"),
    [
        ("one naïve café two", "naïve", "naïve"),
        ("one cafe\u0301s two", "cafe", "cafe\u0301s"),
        ("one 👩‍👩‍👧‍👦 two", "👩", "👩‍👩‍👧‍👦"),
        ("قال مرحبا للعالم", "مرحبا", "مرحبا"),
        ("אמר שלום לעולם", "שלום", "שלום"),
    ],
)
def test_a_double_click_takes_a_word(show: Show, text: str, inside: str, expected: str) -> None:
    view = show(ListSource([answer(0, text)]))
    box = first_box(view)
    item = view.stack.item(0)
    assert item is not None
    at = units(box.text[: box.text.index(inside)])
    rect = box.rects(at, at + 1)[0]
    point = rect.center() + item.box_rect(0).topLeft() + QPointF(0, view.stack.rows[0].top)
    QTest.mouseDClick(view.viewport(), LEFT, NONE, point.toPoint())
    QTest.mouseRelease(view.viewport(), LEFT, NONE, point.toPoint())
    assert view.selected_text() == expected


MIXED = "abc שלום def مرحبا 123 ghi"


def test_mixed_directions_are_marked_where_they_stand(show: Show) -> None:
    view = show(ListSource([answer(0, MIXED)]))
    box = first_box(view)
    whole = box.rects(0, box.length())
    assert len(whole) == 1
    start = MIXED.index("ל")
    split = box.rects(start, MIXED.index("def") + 1)
    assert len(split) == 2
    wide = sum(rect.width() for rect in split)
    one_by_one = sum(
        rect.width() for at in range(start, MIXED.index("def") + 1) for rect in box.rects(at, at + 1)
    )
    assert wide == pytest.approx(one_by_one, abs=2)
    letters = [box.rects(MIXED.index(one), MIXED.index(one) + 1)[0].center().x() for one in "שלום"]
    assert letters == sorted(letters, reverse=True)
    assert max(rect.right() for rect in split) <= whole[0].right() + 1


def test_a_hit_in_mixed_code_is_marked_where_it_stands(show: Show) -> None:
    view = show(ListSource([answer(0, f"```\n{MIXED}\n```")]))
    view.search("ום d")
    settle()
    hit = view.marks.current_hit
    assert isinstance(hit, Hit)
    item = view.stack.item(0)
    assert item is not None
    assert len(item.boxes[0].rects(hit.start, hit.end)) == 2


CODE = 'name = "مرحبا بالعالم" + "שלום"  # تعليق'


def test_code_stands_in_the_order_it_was_written(show: Show) -> None:
    view = show(ListSource([answer(0, f"```py\n{CODE}\n```")]))
    item = view.stack.item(0)
    assert item is not None
    box = item.boxes[0]
    parts = ["name", '"مرحبا', '" +', '"שלום', "#", "تعليق"]
    places = []
    for part in parts:
        at = CODE.index(part)
        places.append(box.rects(at, at + len(part))[0])
    assert [rect.left() for rect in places] == sorted(rect.left() for rect in places)
    first, second = CODE.index("مرحبا"), CODE.index("بالعالم")
    assert box.rects(first, first + 1)[0].left() > box.rects(second, second + 1)[0].left()
    assert isinstance(box, CodeBox)
    view.grab()
    settle()
    layout, order = box._layout(0), box._orders[0]
    roles: list[tuple[str, ColorRole]] = [
        ("#", "code-comment"),
        ("تعليق", "code-comment"),
        ("بالعالم", "code-string"),
        ('"  #', "code-string"),
    ]
    for word, role in roles:
        at = order.laid(CODE.index(word))
        inside = [one for one in layout.formats() if one.start <= at < one.start + one.length]
        assert [one.format.foreground().color() for one in inside] == [theme().color(role)], word
    starts = {one.start for one in layout.formats()}
    assert {order.laid(CODE.index(word)) for word in ('"مرحبا', '"שלום', "#")} <= starts
    plus = order.laid(CODE.index("+"))
    assert not any(one.start <= plus < one.start + one.length for one in layout.formats())
    for at in range(len(CODE)):
        rect = box.rects(at, at + 1)[0]
        assert box.offset_at(rect.center()) in (at, at + 1)
    view.select_all()
    view.copy()
    assert QGuiApplication.clipboard().text() == CODE


@given(st.text(st.sampled_from([*list('a "#1()'), "م", "ש", "\u064e", "漢", "👍"]), max_size=20))
def test_marks_of_order_are_only_laid_out(text: str) -> None:
    order = Order(text)
    assert order.text.replace("\u200e", "") == text
    for offset in range(units(text) + 1):
        assert order.written(order.laid(offset)) == offset
        assert order.written(order.laid(offset, end=True)) == offset
    for at, character in enumerate(text[1:], 1):
        start, end = order.laid(units(text[:at])), units(character)
        assert order.text.encode("utf-16-le")[2 * start : 2 * (start + end)] == character.encode("utf-16-le")


def test_right_to_left_paragraphs_stand_on_the_right_and_their_end_on_the_left(show: Show) -> None:
    view = show(ListSource([answer(0, "مرحبا بالعالم\n\n1. أول\n2. ثان\n\nLatin")]))
    item = view.stack.item(0)
    assert item is not None
    arabic, items, latin = item.boxes
    assert arabic.rects(0, 5)[0].right() == pytest.approx(arabic.width, abs=2)
    assert items.rects(0, 3)[0].right() == pytest.approx(items.width - 22, abs=2)
    assert latin.rects(0, 5)[0].left() == 0
    first = place_of(view, 0, "مرحبا")
    QTest.mouseClick(view.viewport(), LEFT, NONE, (first + QPointF(36, 0)).toPoint())
    QTest.keyClick(view, Qt.Key.Key_End, SHIFT)
    assert view.selected_text()
    QTest.keyClick(view, Qt.Key.Key_Home, SHIFT)
    QTest.keySequence(view, "Ctrl+A")
    QTest.keySequence(view, "Ctrl+C")
    assert QGuiApplication.clipboard().text() == "مرحبا بالعالم\n\n1. أول\n2. ثان\n\nLatin"


@pytest.mark.parametrize("width", [300, 480, 900])
def test_cjk_wraps_anywhere_but_not_before_its_full_stop(show: Show, width: int) -> None:
    text = "漢字かな交じり文はどこでも折り返せます。句読点は、行頭に来ません。" * 6
    view = show(ListSource([answer(0, text), user(1, "x" * 400), answer(2, "👩‍👩‍👧‍👦" * 80)]), width, 900)
    box = first_box(view)
    assert all(rect.right() <= box.width + 8 for rect in box.rects(0, box.length()))
    lines = box._laid()[0].lines
    assert len(lines) > 3
    assert not any(text[line.start] in "。、" for line in lines)
    emoji = view.stack.item(2)
    assert emoji is not None
    laid = emoji.boxes[0]._laid()[0]  # type: ignore[attr-defined]
    size = units("👩‍👩‍👧‍👦")
    assert all(line.start % size == 0 for line in laid.lines)


def test_what_is_copied_is_what_was_written(show: Show) -> None:
    england = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
    text = f"漢字 👩‍👩‍👧‍👦 e\u0301 {england} مرحبا क्षि ภาษาไทย 한글"
    view = show(ListSource([answer(0, f"{text}\n\n```\n{text}\n```\n\n| {text} |\n|---|\n| {text} |\n")]))
    view.select_all()
    view.copy()
    data = QGuiApplication.clipboard().mimeData()
    assert data.text().count(text) == 4
    assert bytes(data.data("text/markdown").data()).decode().count(text) == 4
    assert data.html().count(text) == 4


def test_find_counts_characters_beyond_the_first_plane(show: Show) -> None:
    view = show(ListSource([answer(0, "👍👍 needle 👍 needle")]))
    view.search("needle")
    settle()
    hit = view.marks.current_hit
    assert hit is not None
    box = first_box(view)
    assert box.copied(hit.start, hit.end) == "needle"


def drawn(
    rect: QRectF, text: str, color: ColorRole, role: FontRole, weight: int | None, *, at_end: bool = False
) -> list[int]:
    """The columns with ink of a line as it stands where everything runs from left to right."""
    picture = QPixmap(rect.size().toSize())
    picture.fill(theme().color("page"))
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
    painter.setFont(theme().font(role, weight))
    painter.setPen(theme().color(color))
    side = Qt.AlignmentFlag.AlignRight if at_end else Qt.AlignmentFlag.AlignLeft
    across = side | Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute
    painter.drawText(QRectF(QPointF(), rect.size()), across, text)
    painter.end()
    return inked(picture.toImage())


def grabbed(view: TranscriptView, rect: QRectF) -> list[int]:
    """The columns with ink in a part of the viewport."""
    return inked(view.viewport().grab(rect.toRect()).toImage())


def inked(picture: QImage) -> list[int]:
    """The columns in which something dark stands."""
    rows = range(picture.height())
    return [
        x for x in range(picture.width()) if any(picture.pixelColor(x, y).lightness() < 170 for y in rows)
    ]


@pytest.mark.parametrize("width", [1100, 500])
def test_latin_names_and_figures_keep_their_order_beside_arabic(show: Show, width: int) -> None:
    cost = Cost(amount=Decimal("0.0229"), estimated=True)
    entry = answer(0, "مرحبا بالعالم", timings=Timings(), cost=cost)
    view = show(ListSource([replace(entry, author="Sonnet 4.5 (2)", place="")]), width=width)
    view.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    settle()
    (row,) = view.stack.rows
    assert row.item is not None
    name = view.painter.name_rect(row.item).translated(0, row.top)
    tokens, price = row.item.facts()
    assert (tokens, price) == ("≈ 618 tok out", "≈ $0.0229")
    frame, high = view.stack.frame, float(theme().line("small"))
    # Above its message a name begins where the words do.
    assert grabbed(view, name) == drawn(name, "Sonnet 4.5 (2)", "text", "ui", 600, at_end=frame.folded)
    if frame.folded:
        # The first fact stands where reading begins, the last one at the other end.
        wide = theme().metrics("small").horizontalAdvance(price)
        place = QRectF(frame.column_x, name.y(), wide, name.height())
    else:
        place = QRectF(frame.margin_x, name.bottom() + 2 * high + 6, frame.margin, high)
    assert grabbed(view, place) == drawn(place, price, "text3", "small", None)


def test_the_fill_of_code_leaves_the_same_room_on_both_sides_in_a_line_from_the_right(show: Show) -> None:
    view = show(ListSource([answer(0, "👍 التقط خطأ `unique_violation` في التطبيق")]))
    laid = first_box(view)._laid()[0]
    text = laid.paragraph.text

    def ends(word: str) -> tuple[float, float]:
        start = units(text[: text.index(word)])
        (rect,) = laid.tight_rects(start, start + units(word))
        return rect.left(), rect.right()

    left, right = ends("unique_violation")
    assert left - CODE_PADDING - ends("في")[1] == pytest.approx(ends("خطأ")[0] - right, abs=1.5)
    assert ends("خطأ")[0] - right > 2


def test_the_full_stop_of_a_number_stands_on_its_far_side_in_a_list_from_the_right(show: Show) -> None:
    view = show(ListSource([answer(0, "1. واحد\n2. اثنان")]))
    laid = first_box(view)._laid()[0]
    assert laid.right_to_left
    pictures = []
    for direction in (Qt.LayoutDirection.LeftToRight, Qt.LayoutDirection.RightToLeft):
        picture = QImage(view.width(), 40, QImage.Format.Format_RGB32)
        picture.fill(theme().color("page"))
        painter = QPainter(picture)
        painter.setLayoutDirection(direction)
        paint_marker(painter, laid, "prose", 22.0)
        painter.end()
        pictures.append(picture)
    assert inked(pictures[0])
    assert pictures[0] == pictures[1], "whichever way the interface runs"
