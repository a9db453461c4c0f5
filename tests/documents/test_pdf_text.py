"""The text of PDFs: every layout in the order in which a person reads it.

Share of adjacent word pairs that are adjacent in the text, too, against PDFium's own text of the page:

    layout                    here   PDFium
    columns drawn by rows     1.00   0.87 (two), 0.79 (three)
    table drawn by columns    1.00   0.91
    header drawn last         1.00   0.998
    notes before a column     1.00   0.996
    rotated pages             1.00   0.993 (the heading drawn last)
    words cut at line ends    1.00   0.64
    filled form               1.00   0.00 (nothing but the labels)
    all others                1.00   1.00
"""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter
from tests.documents import pdfbombs, pdfs

from chatbench.core.errors import AttachmentRefused
from chatbench.documents.pdf import PageText, layout, tables
from chatbench.documents.pdf.library import opened, page_of, pdfium
from chatbench.documents.pdf.lines import Line, Lines, Reader
from chatbench.documents.pdf.text import text


def read(data: bytes, pages: tuple[int, ...] | None = None, password: str = "") -> list[str]:
    return [page.text for page in text(data, pages, password)]


def unmarked(found: str) -> str:
    """Without what makes a table Markdown."""
    return re.sub(r"(?m)^\| --- .*$|(?<!\\)\|", " ", found).replace("\\|", "|")


def by_pdfium_alone(data: bytes) -> str:
    found = []
    with opened(data) as document:
        for number in range(1, pdfium().FPDF_GetPageCount(document) + 1):
            with page_of(document, number) as page:
                words = pdfium().FPDFText_LoadPage(page)
                found.append(Reader()._text(words)[0])
                pdfium().FPDFText_ClosePage(words)
    return "\n".join(found)


@pytest.mark.parametrize("name", pdfs.LAYOUTS)
def test_every_layout_is_read_in_its_order(name: str) -> None:
    made = pdfs.LAYOUTS[name]()
    found = read(made.data)
    assert len(found) == len(made.pages)
    for page, meant in zip(found, made.pages, strict=True):
        assert pdfs.word_order(unmarked(page), meant) == 1


@pytest.mark.parametrize("name", ["two columns by rows", "table by columns", "hyphenated", "form"])
def test_the_measure_tells_good_order_from_bad(name: str) -> None:
    made = pdfs.LAYOUTS[name]()
    assert pdfs.word_order(by_pdfium_alone(made.data), made.text) < 0.92


def test_paragraphs_have_an_empty_line_between() -> None:
    made = pdfs.single()
    (found,) = read(made.data)
    blocks = [block.replace("\n", " ") for block in found.split("\n\n")]
    assert blocks == made.pages[0].split("\n")


def test_a_table_alone_is_one_however_it_was_drawn() -> None:
    (found,) = read(pdfs.bare_table())
    assert found.split("\n")[:3] == [
        "| Item | Quantity | Price |",
        "| --- | --- | --- |",
        "| Paper, white | 12 | 3.50 |",
    ]


def test_words_in_columns_are_a_table_and_not_columns_of_text() -> None:
    (found,) = read(pdfs.bare_table(pdfs.FRUIT))
    assert found.split("\n") == [
        "| Fruit | Colour | Taste |",
        "| --- | --- | --- |",
        "| Lemon | yellow | sour |",
        "| Cherry | red | sweet |",
    ]


@pytest.mark.parametrize("to_the_right", [False, True])
@pytest.mark.parametrize("by_columns", [False, True])
def test_a_table_becomes_markdown(*, by_columns: bool, to_the_right: bool) -> None:
    made = pdfs.table(by_columns=by_columns, to_the_right=to_the_right)
    (found,) = read(made.data)
    before, table, after = found.split("\n\n")
    assert table.split("\n") == [
        "| Item | Quantity | Price |",
        "| --- | --- | --- |",
        "| Paper, white | 12 | 3.50 |",
        "| Ink \\| black | 4 | 17.20 |",
        "| Staples |  | 0.99 |",
        "| Envelopes with a window | 250 | 21.00 |",
    ]
    assert before.replace("\n", " ") + " " + after.replace("\n", " ") == " ".join(
        made.pages[0].split("\n")[:1] + made.pages[0].split("\n")[-1:]
    )


def test_a_line_that_runs_upwards_stands_by_itself() -> None:
    (found,) = read(pdfs.sideways().data)
    assert found.split("\n\n")[0] == "preprint of the first of May"


def test_words_that_were_cut_are_whole_and_hyphens_that_belong_stay() -> None:
    (found,) = read(pdfs.hyphenated().data)
    assert found.replace("\n", " ") == pdfs.hyphenated().pages[0]


def test_letters_are_those_that_one_types() -> None:
    """Arabic in its base letters and in logical order, no ligatures, no leftovers of PDFium's own marks."""
    for make in (pdfs.arabic, pdfs.hyphenated):
        (found,) = read(make().data)
        assert not re.search("[\ufb00-\ufdff\ufe70-\ufefc\ufffe\x00-\x08\r]", found)
    assert read(pdfs.arabic().data)[0].split("\n") == pdfs.arabic().pages[0].split("\n")


def test_what_is_in_the_fields_of_a_form_stands_beside_their_names() -> None:
    (found,) = read(pdfs.form().data)
    assert found.split("\n") == ["| Name | Ada Lovelace |", "| --- | --- |", "| City | London |"]


def test_a_page_without_text_is_empty() -> None:
    assert read(pdfs.scan(2).data) == ["", ""]
    assert read(pdfs.blank()) == [""]


def test_pages_come_one_by_one_in_the_order_asked_for() -> None:
    data = pdfs.book(12)
    told: list[tuple[int, int]] = []
    pages = text(data, (12, 3, 7), progress=lambda done, total: told.append((done, total)))
    first = next(pages)
    assert isinstance(first, PageText)
    assert (first.number, told) == (12, [(0, 3)])
    assert first.text.endswith("12")
    assert [page.number for page in pages] == [3, 7]
    assert told == [(0, 3), (1, 3), (2, 3)]
    assert first.text == read(data)[11]


@pytest.mark.parametrize("columns", [1, 2, 3])
def test_a_book_is_read_as_it_was_written(columns: int) -> None:
    data = pdfs.book(6, columns)
    written = " ".join(pdfs.prose(90, 1 + number) for number in range(3))
    found = " ".join(re.sub(r"\s\d+\s*$", "", page) for page in read(data))
    assert pdfs.word_order(found, written) > 0.995


@pytest.mark.parametrize("pages", [(0,), (13,), (1, -1)])
def test_a_page_that_is_not_there_is_said(pages: tuple[int, ...]) -> None:
    with pytest.raises(AttachmentRefused, match=r"book\.pdf has no page") as refused:
        list(text(pdfs.blank(12), pages, "", "book.pdf"))
    assert "12" in refused.value.hint


def test_too_many_pages_at_a_time_are_refused_and_some_of_them_read() -> None:
    data = pdfs.blank(2001)
    with pytest.raises(AttachmentRefused, match=r"2,001 pages") as refused:
        next(text(data))
    assert "Choose" in refused.value.hint
    assert read(data, (2001,)) == [""]


def test_a_page_that_is_damaged_is_told_from_one_without_text() -> None:
    writer = PdfWriter()
    for page in PdfReader(pdfs.stream(pdfs.header_and_footer().data)).pages:
        writer.add_page(page)
    data = pdfs.written(writer)
    kids = re.search(rb"/Kids \[ (\d+ 0 R) (\d+ 0 R) (\d+ 0 R) \]", data)
    assert kids is not None
    broken = data.replace(kids[2], b"9999 0 R"[: len(kids[2])].ljust(len(kids[2])), 1)
    found = list(text(broken))
    assert [page.damaged for page in found] == [False, True, False]
    assert found[2].text.startswith("Minutes")


def test_a_page_of_a_whole_library_is_cut_and_says_so() -> None:
    contents = pdfbombs.stream(b"BT /F 1 Tf 9 9 Td " + (b"(" + b"ab " * 1000 + b") Tj ") * 100 + b"ET")
    (page,) = text(pdfbombs.page(contents, resources=pdfbombs.FONT))
    assert page.cut
    assert len(page.text) <= 200_000
    assert page.text.startswith("ab ab")
    assert not next(text(pdfs.single().data)).cut


# ---- geometry alone


def line(text_: str, left: float, top: float, width: float = 0, height: float = 10) -> Line:
    return Line(left, top, left + (width or 5 * len(text_)), top + height, text_)


def arranged(*lines: Line) -> str:
    return layout.page_text(Lines(list(lines), []))


PROSE = "the quick brown fox jumps over the lazy dog again"


def test_a_formula_in_a_column_does_not_end_it() -> None:
    left = [line(f"L{number} {PROSE}", 60, 100 + 14 * number, 220) for number in range(12)]
    left[5] = line("E = mc", 140, 170, 40)
    right = [line(f"R{number} {PROSE}", 310, 104 + 14 * number, 220) for number in range(12)]
    shuffled = [one for pair in zip(left, right, strict=True) for one in pair]
    found = arranged(*shuffled).split()
    assert [word for word in found if re.fullmatch(r"[LR]\d+", word)] == [
        *(f"L{number}" for number in range(12) if number != 5),
        *(f"R{number}" for number in range(12)),
    ]


def test_a_page_number_between_columns_comes_after_both() -> None:
    lines = [line("7", 292, 700)]
    for number in range(10):
        lines += [line(f"L{number} {PROSE}", 60, 100 + 14 * number, 220)]
        lines += [line(f"R{number} {PROSE}", 310, 100 + 14 * number, 220)]
    assert arranged(*lines).endswith("\n\n7")


def test_a_table_within_a_column_stays_there() -> None:
    left = [line(f"L{number} {PROSE}", 60, 100 + 14 * number, 220) for number in range(4)]
    for row in range(4):
        left += [line(f"a{row}", 60, 170 + 14 * row), line(f"b{row}", 200, 170 + 14 * row)]
    left += [line(f"M{number} {PROSE}", 60, 240 + 14 * number, 220) for number in range(4)]
    right = [line(f"R{number} {PROSE}", 310, 100 + 14 * number, 220) for number in range(14)]
    found = arranged(*right, *left)
    assert "| a0 | b0 |\n| --- | --- |\n| a1 | b1 |" in found
    places = [found.index(word) for word in ("L0", "| a0", "M0", "M3", "R0", "R13")]
    assert places == sorted(places)


def test_a_cell_may_go_on_in_the_next_line() -> None:
    rows = [[line(name, 60, top), line(value, 200, top)] for top, name, value in (
        (100, "Name", "Meaning"), (130, "alpha", "the first letter"), (160, "beta", "the second")
    )]  # fmt: skip
    rows.append([line("of them all", 200, 142)])
    table = tables.as_table([[one[0] for one in rows[:3]], [one[-1] for one in rows]])
    assert table == (
        "| Name | Meaning |\n| --- | --- |\n| alpha | the first letter of them all |\n| beta | the second |"
    )


def test_columns_of_a_right_to_left_page_begin_at_the_right() -> None:
    words = "هذا تقرير عن السنة في المدينة الكبيرة"
    lines = []
    for number in range(5):
        lines.append(line(f"ي{number} {words}", 60, 100 + 14 * number, 220))
        lines.append(line(f"م{number} {words}", 310, 100 + 14 * number, 220))
    found = arranged(*lines)
    assert found.index("م4") < found.index("ي0")


coordinate = st.floats(-2000, 2000, allow_nan=False)


@settings(max_examples=150)
@given(
    st.lists(
        st.tuples(
            coordinate,
            coordinate,
            st.floats(0, 600),
            st.floats(0, 40),
            st.text("ab -\ufffe|\u0647", min_size=1),
        ),
        max_size=40,
    )
)
def test_no_word_is_lost_wherever_it_stands(placed: list[tuple[float, float, float, float, str]]) -> None:
    lines = [Line(left, top, left + width, top + height, words) for left, top, width, height, words in placed]
    found = unmarked(arranged(*lines))
    for letter in "ab\u0647":
        assert found.count(letter) == sum(one.text.count(letter) for one in lines)


def test_a_page_of_countless_lines_is_not_arranged_but_read() -> None:
    chance = random.Random(3)
    lines = [line(f"w{number}", chance.random() * 500, chance.random() * 800) for number in range(20_000)]
    found = arranged(*lines)
    assert list(islice(found.split(), 3)) == ["w0", "w1", "w2"]
    assert len(found.split()) == 20_000


def test_a_page_of_nothing_but_columns_is_read_at_once() -> None:
    stairs = [line(f"w{number}", number * 20, number * 12) for number in range(3000)]
    began = time.thread_time()
    found = arranged(*reversed(stairs))
    assert time.thread_time() - began < 2
    assert found.split() == [f"w{number}" for number in range(3000)]


def letters(text_: str) -> Counter[str]:
    return Counter(letter for letter in text_ if letter.isalnum())


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 580),
            st.integers(0, 830),
            st.sampled_from([4, 8, 10, 10, 10, 30]),
            st.sampled_from([0, 0, 0, 0, 90, 270, 45]),
            st.text("abc de-f12", min_size=1, max_size=30),
        ),
        max_size=25,
    ),
    st.sampled_from([0, 90, 180, 270]),
)
def test_every_letter_of_any_page_is_there_once(
    placed: list[tuple[int, int, int, int, str]], rotation: int
) -> None:
    """As PDFium knows them, wherever and however they stand."""
    data = pdfs.strewn(placed, rotation)
    assert letters("".join(read(data))) == letters(by_pdfium_alone(data))
