"""An answer beside another one: what is shown, read out and copied, and that it never stops a reader."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtTest import QTest
from tests.ui.transcript.conftest import Show, box_point, settle
from tests.ui.transcript.samples import answer, streaming, user

from chatbench.rendering.blocks import AnyBlock
from chatbench.rendering.document import parse
from chatbench.ui.chat.transcript import paragraphs
from chatbench.ui.chat.transcript.boxes.changes import Marked, kept, marks_of, spoken, whole_change
from chatbench.ui.chat.transcript.boxes.code import CodeBox
from chatbench.ui.chat.transcript.boxes.table import TableBox
from chatbench.ui.chat.transcript.boxes.text import TextBox
from chatbench.ui.chat.transcript.comparing import CodeLine, Compared, Shown, compare, merge, merge_code
from chatbench.ui.chat.transcript.paragraphs import ADDED, REMOVED, Paragraph
from chatbench.ui.chat.transcript.source import ListSource
from chatbench.ui.chat.transcript.utf16 import cut, units
from chatbench.ui.chat.transcript.view import TranscriptView
from chatbench.ui.theme import theme

HERE = (
    "Use an index, even if two requests arrive in the same millisecond.\n\n"
    "```sql\nCREATE INDEX one\n WHERE status = 'active';\n```\n\n"
    "| a | b |\n|---|---|\n| same words | new number 5 |\n\n"
    "A last paragraph stands only here.\n"
)
THERE = (
    "Use an index, even when two requests arrive together.\n\n"
    "Whatever is said here is said nowhere else.\n\n"
    "```sql\nCREATE INDEX CONCURRENTLY one\n WHERE status = 'passive';\n```\n\n"
    "| a | b |\n|---|---|\n| same words | new number 7 |\n"
)


def paragraph(markdown: str) -> Paragraph:
    (block,) = parse(markdown)
    (one,) = paragraphs.parse(block.html, block.objects)  # type: ignore[union-attr]
    return one


def side(one: Paragraph, flag: int) -> str:
    """The words without those of one kind."""
    gone = [(span.start, span.start + span.length) for span in one.spans if span.flags & flag]
    return "".join(
        cut(one.text, at, at + 1) for at in range(units(one.text)) if not any(a <= at < b for a, b in gone)
    )


WORDS = st.lists(
    st.sampled_from(["one", "two", "three.", "漢", "字", "العربية", "$x$", "**bold**", "`code`"]), max_size=9
)


@settings(max_examples=150, deadline=None)
@given(WORDS, WORDS)
def test_merged_words_hold_both_texts(here: list[str], there: list[str]) -> None:
    mine, theirs = paragraph(" ".join(["a", *here])), paragraph(" ".join(["a", *there]))
    merged = merge(mine, theirs)
    assert side(merged, REMOVED) == mine.text
    assert "".join(side(merged, ADDED).split()) == "".join(theirs.text.split())
    assert [value for at, value in mine.objects] == [
        value
        for at, value in merged.objects
        if not any(s.flags & REMOVED and s.start <= at < s.start + s.length for s in merged.spans)
    ]


def test_words_keep_their_styles_links_and_formulas() -> None:
    merged = merge(
        paragraph("Build **it** with [this](https://a.example) and $x^3$ here"),
        paragraph("Build **it** with `CODE` and $x^2$ here"),
    )
    assert spoken(merged.text, marks_of(merged)).count("removed") == 2
    bold = next(span for span in merged.spans if span.flags == paragraphs.BOLD)
    assert cut(merged.text, bold.start, bold.start + bold.length) == "it"
    code = next(span for span in merged.spans if span.flags == paragraphs.CODE)
    assert cut(merged.text, code.start, code.start + code.length) == "CODE"
    link = next(span for span in merged.spans if span.href)
    assert (link.href, cut(merged.text, link.start, link.start + link.length)) == (
        "https://a.example",
        "this",
    )
    assert [value.source for _at, value in merged.objects] == ["$x^2$", "$x^3$"]


def test_removed_words_are_parted_from_their_neighbours() -> None:
    merged = merge(paragraph("the build fails."), paragraph("the build fails and leaves an index."))
    assert merged.text == "the build fails and leaves an index."
    merged = merge(paragraph("we arrive at noon"), paragraph("we arrive together"))
    assert merged.text == "we arrive together at noon"
    merged = merge(paragraph("これは本です"), paragraph("これは紙です"))
    assert merged.text == "これは紙本です"


@pytest.mark.parametrize(
    ("here", "there", "expected"),
    [("one two", "three four five", ""), ("new words", "", "added"), ("", "gone words", "removed")],
)
def test_a_line_that_is_wholly_new_or_gone_is_known(here: str, there: str, expected: str) -> None:
    merged = merge(paragraph(here) if here else Paragraph(""), paragraph(there) if there else Paragraph(""))
    assert whole_change([merged]) == expected
    assert whole_change([merged, Paragraph("x")]) == ""
    assert whole_change([merged, Paragraph(" ")]) == expected


def test_code_is_compared_by_line_and_token() -> None:
    lines = merge_code("a = 1\nb = 20\n```\nnew()\n", "a = 1\nb = 10\n```\n")
    assert [(line.text, line.change, line.number) for line in lines] == [
        ("a = 1", "", 1),
        ("b = 1020", "", 2),
        ("```", "", 3),
        ("new()", "added", 4),
        ("", "", 5),
    ]
    assert lines[1].marks == ((4, 2, "removed"), (6, 2, "added"))


@settings(max_examples=100, deadline=None)
@given(*[st.lists(st.sampled_from(["a", "b = 1", "b = 2", "", "  c()", "```", "é漢"]), max_size=8)] * 2)
def test_code_of_both_versions_is_shown(here: list[str], there: list[str]) -> None:
    lines = merge_code("\n".join(here), "\n".join(there))
    own = [line for line in lines if line.change != "removed"]
    assert [line.number for line in own] == list(range(1, len(own) + 1))
    assert [_without(line, "removed") for line in own] == "\n".join(here).split("\n")
    others = "".join(_without(line, "added") for line in lines)
    assert others == "".join(there)


def _without(line: CodeLine, change: str) -> str:
    gone = [(start, start + length) for start, length, kind in line.marks if kind == change]
    return "".join(
        cut(line.text, at, at + 1)
        for at in range(units(line.text))
        if not any(start <= at < end for start, end in gone)
    )


def shown_of(here: str, there: str, *, ended: bool = True, complete: bool = True) -> list[Shown]:
    blocks: list[AnyBlock] = parse(here)
    return compare(here, blocks, Compared(there, complete), ended=ended)


def test_while_it_is_written_its_missing_end_is_not_called_removed() -> None:
    here, there = "One paragraph here.\n\n", "One paragraph there.\n\nAnother one, wholly apart.\n"
    assert [one.change for one in shown_of(here, there, ended=False)] == [""]
    assert [one.change for one in shown_of(here, there)] == ["", "removed"]


def test_while_the_other_is_written_what_it_may_still_say_is_not_called_added() -> None:
    here, there = "One paragraph.\n\nAnother one, wholly apart.\n", "One paragraph.\n\nAnoth"
    assert shown_of(here, there, complete=False) == []
    assert [one.change for one in shown_of(here, "One paragraph.\n")] == ["added"]


@pytest.mark.parametrize(
    ("start", "end", "expected"), [(0, 9, "aaaccc"), (3, 6, "bbb"), (4, 5, "b"), (2, 5, "a"), (5, 7, "c")]
)
def test_what_was_removed_is_copied_only_alone(start: int, end: int, expected: str) -> None:
    parts = kept(start, end, [Marked(3, 3, "removed")])
    assert "".join(cut("aaabbbccc", *part) for part in parts) == expected


ORDER = "Begin with the release notes.\n\nThen run all of the tests twice.\n\nTag it.\n"
OTHER_ORDER = "Tag it.\n\nBegin with the release notes.\n\nThen run all of the tests twice.\n"


def test_what_stands_elsewhere_is_moved_and_not_removed_and_added() -> None:
    assert [(one.index, one.change) for one in shown_of(ORDER, OTHER_ORDER)] == [(2, "moved")]
    twice = "Tag it.\n\nTag it.\n\nBegin with the release notes.\n\nThen run all of the tests twice.\n"
    assert [one.change for one in shown_of(ORDER, twice)] == ["removed", "moved"]
    assert [one.change for one in shown_of(twice, ORDER)] == ["moved", "added"]


def test_an_item_that_stands_elsewhere_is_moved() -> None:
    here, there = "- first thing\n- other thing\n- last\n", "- last\n- first thing\n- other thing\n- last\n"
    (one,) = shown_of(here, "- last\n- first thing\n- other thing\n")
    assert one.paragraphs is not None
    assert [(p.text, whole_change([p])) for p in one.paragraphs] == [
        ("first thing", ""), ("other thing", ""), ("last", "moved"),
    ]  # fmt: skip
    (one,) = shown_of(there, "- first thing\n- other thing\n- last\n- last\n")
    assert one.paragraphs is not None
    assert sorted(whole_change([p]) for p in one.paragraphs) == ["", "", "", "moved"]
    (one,) = shown_of("- a long item of words\n- b c\n- b c\n", "- b c\n- b c\n- a long item of words\n")
    assert one.paragraphs is not None
    assert [whole_change([p]) for p in one.paragraphs] == ["", "moved", "moved"]
    (one,) = shown_of("- a b c\n- x y z\n- a b c\n", "- x y z\n")
    assert one.paragraphs is not None
    assert [whole_change([p]) for p in one.paragraphs] == ["added", "", "added"]


# In the window


def beside(show: Show, here: str = HERE, there: str = THERE) -> TranscriptView:
    view = show(ListSource([user(0, "How?"), answer(1, here)]), 700, 900)
    view.set_comparison(lambda message: Compared(there) if message == "m1" else None)
    settle()
    return view


def colours(view: TranscriptView) -> set[str]:
    image = view.viewport().grab().toImage()
    return {
        QColor(image.pixel(x, y)).name() for x in range(image.width()) for y in range(0, image.height(), 2)
    }


def test_added_and_removed_have_colour_and_shape_and_are_read_out(show: Show) -> None:
    view = beside(show)
    item = view.stack.item(1)
    assert item is not None
    assert [box.change for box in item.boxes] == ["", "removed", "", "", "added"]
    words = item.plain_text()
    assert "even [removed: when] [added: if] two requests arrive" in words
    assert "[removed: Whatever is said here is said nowhere else.]" in words
    assert "CREATE INDEX [removed: CONCURRENTLY" in words
    assert "new number [removed: 7] [added: 5]" in words
    assert "[added: A last paragraph stands only here.]" in words
    for scheme in ("light", "dark"):
        theme().apply(scheme=scheme)
        settle()
        found = colours(view)
        for role in ("addbg", "rembg", "success", "danger"):
            assert theme().color(role).name() in found, role
    view.set_comparison(None)
    settle()
    assert "[removed" not in item.plain_text()
    assert [box.change for box in item.boxes] == [""] * 4
    assert theme().color("addbg").name() not in colours(view)


def test_what_was_moved_has_colour_and_shape_of_its_own_is_read_out_and_copied(show: Show) -> None:
    view = beside(show, ORDER, OTHER_ORDER)
    item = view.stack.item(1)
    assert item is not None
    assert "[moved: Tag it.]" in item.plain_text()
    assert "removed" not in item.plain_text()
    for scheme in ("light", "dark"):
        theme().apply(scheme=scheme)
        settle()
        found = colours(view)
        assert {theme().color(role).name() for role in ("selected", "accent")} <= found
        assert theme().color("rembg").name() not in found
    view.select_all()
    view.copy()
    assert QGuiApplication.clipboard().text().endswith("Tag it.")


def test_copying_gives_this_answer_and_not_what_was_removed(show: Show) -> None:
    view = beside(show)
    view.select_all()
    view.copy()
    data = QGuiApplication.clipboard().mimeData()
    assert bytes(data.data("text/markdown").data()).decode() == f"How?\n\n{HERE.strip()}"
    for words in (data.text(), data.html()):
        assert "together" not in words
        assert "nowhere else" not in words
        assert "CONCURRENTLY" not in words
    item = view.stack.item(1)
    assert item is not None
    first = item.boxes[0]
    assert isinstance(first, TextBox)
    assert "when" in first.text
    assert first.copied(0, first.length() - 1) == HERE.split("\n")[0][:-1]
    at = first.text.index("when")
    assert first.copied(at, at + 4) == "when"
    table = next(box for box in item.boxes if isinstance(box, TableBox))
    QTest.mouseClick(
        view.viewport(),
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
        box_point(view, 1, item.boxes.index(table), "csv").toPoint(),
    )
    assert QGuiApplication.clipboard().text().splitlines() == ["a,b", "same words,new number 5"]


def test_messages_that_come_later_are_shown_beside_too(show: Show) -> None:
    view = show(ListSource([user(0, "Why?")]))
    view.set_comparison(lambda _message: Compared("Other words.\n"))
    view.set_source(ListSource([answer(1, "Some words.\n")]))
    settle()
    item = view.stack.item(0)
    assert item is not None
    settle()
    assert "[removed: Other] [added: Some] words." in item.plain_text()


def test_a_mark_ends_with_the_last_letter_of_a_line(show: Show) -> None:
    view = show(ListSource([answer(1, "word " * 60)]), 500, 600)
    item = view.stack.item(0)
    assert item is not None
    box = item.boxes[0]
    assert isinstance(box, TextBox)
    laid = box._laid()[0]
    rects = laid.tight_rects(0, box.length())
    assert len(rects) > 2
    for line, rect in zip(laid.lines, rects, strict=True):
        last = len(box.text[: line.end].rstrip())
        assert rect.right() == pytest.approx(laid.rects(last - 1, last)[0].right(), abs=0.5)


def test_what_is_read_stays_in_place_when_the_comparison_arrives(show: Show) -> None:
    paragraph_of = "".join(f"Paragraph {at} says {at * 7}.\n\n" for at in range(40))
    gone = "".join(f"Gone words {at} here.\n\nParagraph {at} says {at * 7}.\n\n" for at in range(40))
    view = show(ListSource([answer(1, paragraph_of)]), 700, 500)
    view.stack.show(0, 20, 5.0)
    view.moved()
    item = view.stack.item(0)
    assert item is not None
    box = item.boxes[view.stack.anchor.box]
    top = view.stack.rows[0].top + item.tops[view.stack.anchor.box]
    view.set_comparison(lambda _message: Compared(gone))
    settle()
    assert len(item.boxes) == 80
    assert view.stack.rows[0].top + item.tops[item.boxes.index(box)] == top


def test_a_growing_answer_is_compared_as_its_blocks_end(show: Show) -> None:
    source, growing = streaming()
    view = show(source, 700, 500)
    view.set_comparison(lambda _message: Compared("The first words here.\n\nAnd what comes next.\n"))
    growing.add("The first words there.\n\nAnd what\n")
    settle(150)
    item = view.stack.item(0)
    assert item is not None
    assert "[removed: here]" in item.plain_text()
    assert "next" not in item.plain_text()
    growing.add("came next.\n\nMore\n")
    for _more in range(50):
        settle(100)
        if "[added: came]" in item.plain_text():
            break
        # A growing answer rests between two comparisons; more of it brings the next.
        growing.add("words\n")
    assert "[removed: comes] [added: came]" in item.plain_text()


def test_changes_since_the_version_before_are_shown_by_a_button(show: Show) -> None:
    old = '```py title="jobs.py"\ndef run(job):\n    return job.start()\n```\n'
    new = '```py title="jobs.py"\ndef run(job, wait):\n    return job.start()\n```\n'
    view = show(ListSource([answer(1, old), user(2, "Better"), answer(3, new)]), 800, 700)
    first, last = view.stack.item(0), view.stack.item(2)
    assert first is not None
    assert last is not None
    view.grab()
    box = last.boxes[0]
    assert isinstance(box, CodeBox)
    assert "changes" not in [spot.key for spot in first.boxes[0].hotspots()]
    point = box_point(view, 2, 0, "changes").toPoint()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, point)
    settle()
    assert box.spoken.startswith("def run(job[added: , wait]):")
    assert box.copied(0, box.length()) == "def run(job, wait):\n    return job.start()"
    view.grab()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, point)
    settle()
    assert box.spoken == box.code


def test_line_numbers_are_switched_for_all_code_and_never_copied(show: Show) -> None:
    code = "\n".join(f"line {at}" for at in range(1, 13))
    view = show(ListSource([answer(1, f"```\n{code}\n```\n"), answer(2, "```\nx\n```\n")]), 800, 700)
    heard: list[bool] = []
    view.line_numbers_changed.connect(heard.append)
    boxes = [item.boxes[0] for item in view.stack.items()]
    left = [box.rects(0, 1)[0].left() for box in boxes]
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Tab)
    assert view.marks.focused is not None
    assert view.marks.focused.key == "numbers"
    QTest.keyClick(view, Qt.Key.Key_Return)
    settle()
    assert heard == [True]
    assert all(box.rects(0, 1)[0].left() > before + 15 for box, before in zip(boxes, left, strict=True))
    view.select_all()
    view.copy()
    assert QGuiApplication.clipboard().text() == f"{code}\n\nx"
    inside = view.stack.items()[0].box_rect(0).topLeft() + QPointF(20, view.stack.rows[0].top + 60)
    assert boxes[0].offset_at(inside - view.stack.items()[0].box_rect(0).topLeft()) >= 0


def test_an_earlier_version_that_is_not_at_hand_is_asked_for(show: Show) -> None:
    old, new = ('```py title="a.py"\nx = 1\n```\n', '```py title="a.py"\nx = 2\n```\n')
    filler = [user(at, "words " * 300) for at in range(2, 9)]
    source = ListSource([answer(1, old), *filler, answer(9, new)])
    entries, given = source.entries, {8}
    asked: list[str] = []
    source.entry = lambda index: entries[index] if index in given else None  # type: ignore[method-assign]
    source.request = lambda ids: asked.extend(ids)  # type: ignore[method-assign]
    view = show(source, 800, 300)
    view.grab()
    last = view.stack.item(8)
    assert last is not None
    assert "changes" not in [spot.key for spot in last.boxes[0].hotspots()]
    assert "m1" in asked
    given |= {0, *range(9)}
    view.loaded(["m1"])
    settle()
    view.grab()
    assert "changes" in [spot.key for spot in last.boxes[0].hotspots()]
    before = len(asked)
    view.grab()
    assert len(asked) == before


@pytest.mark.parametrize(("width", "factor"), [(800, 1.0), (300, 1.0), (300, 2.0), (200, 2.0)])
def test_the_head_of_code_never_leaves_its_box(show: Show, width: int, factor: float) -> None:
    theme().apply(text_factor=factor)
    view = show(ListSource([answer(1, '```html title="index.html"\n<p>\n```\n')]), width, 500)
    item = view.stack.item(0)
    assert item is not None
    box = item.boxes[0]
    spots = box.hotspots()
    assert "copy" in [spot.key for spot in spots]
    assert len(spots) == 5 or width < 800
    rects = [spot.rects[0] for spot in spots]
    assert all(rect.left() >= 0 and rect.right() <= box.width for rect in rects)
    assert not any(one.intersects(other) for one in rects for other in rects if one is not other)
