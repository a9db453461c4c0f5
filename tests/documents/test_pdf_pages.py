"""PDFs as documents: facts, passwords, page ranges, pictures of pages, some pages of many."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageStat
from pypdf import PdfReader, PdfWriter
from tests.documents import pdfs

from chatbench.core.errors import AttachmentRefused, PasswordNeeded
from chatbench.documents.pdf import PagePicture, PdfFacts
from chatbench.documents.pdf.copies import subset, unlocked
from chatbench.documents.pdf.drawing import render, thumbnail
from chatbench.documents.pdf.inspecting import inspect
from chatbench.documents.pdf.ranges import parse_pages, written_pages
from chatbench.documents.pdf.text import text

ALGORITHMS = ("RC4-40", "RC4-128", "AES-128", "AES-256-R5", "AES-256")


def opened(picture: PagePicture) -> Image.Image:
    image = Image.open(io.BytesIO(picture.data))
    image.load()
    assert (image.size, Image.MIME[image.format or ""]) == (
        (picture.width, picture.height),
        picture.media_type,
    )
    return image.convert("RGB")


def ink(image: Image.Image) -> tuple[int, int, int, int]:
    """The box of all that is not white. Raises AssertionError where the page is empty."""
    box = image.convert("L").point(lambda value: 255 * (value < 128)).getbbox()
    assert box is not None
    return box


# ---- facts


def test_the_facts_of_a_plain_document() -> None:
    facts = inspect(pdfs.single().data)
    assert (facts.pages, facts.title, facts.sizes) == (1, "Report of the year", ((595.28, 841.89),))
    assert (facts.text_pages, facts.scanned_pages, facts.looked_at) == ((1,), (), 1)
    assert not facts.encrypted
    assert not facts.needs_password
    assert not facts.is_scan


@pytest.mark.parametrize(("angle", "wide"), [(90, True), (180, True), (270, True)])
def test_sizes_are_as_displayed(angle: int, *, wide: bool) -> None:
    ((width, height),) = inspect(pdfs.rotated(angle).data).sizes
    assert (width > height) is wide


def test_a_scan_is_noticed_and_one_with_words_is_none() -> None:
    assert inspect(pdfs.scan(3).data).scanned_pages == (1, 2, 3)
    assert inspect(pdfs.scan(3).data).is_scan
    stamped = inspect(pdfs.scan(2, words="Page of 2").data)
    assert (stamped.scanned_pages, stamped.text_pages) == ((1, 2), ())
    searchable = inspect(pdfs.scan(words=pdfs.prose(150)).data)
    assert (searchable.scanned_pages, searchable.text_pages) == ((), (1,))


def test_a_document_that_is_scanned_in_part_tells_which_part() -> None:
    writer = PdfWriter()
    for data in (pdfs.single().data, pdfs.scan(2).data, pdfs.blank()):
        writer.append(pdfs.stream(data))
    facts = inspect(pdfs.written(writer))
    assert (facts.pages, facts.text_pages, facts.scanned_pages) == (4, (1,), (2, 3))
    assert not facts.is_scan


def test_a_document_of_thousands_of_pages_is_looked_at_in_part() -> None:
    facts = inspect(pdfs.blank(2100))
    assert (facts.pages, len(facts.sizes), facts.looked_at) == (2100, 2100, 2000)


# ---- passwords


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("password", ["secret", "pässwörd"])
def test_a_password_opens_the_document(algorithm: str, password: str) -> None:
    made = pdfs.single()
    locked = pdfs.encrypted(made.data, algorithm, password)
    assert inspect(locked) == PdfFacts(encrypted=True, needs_password=True)
    assert inspect(locked, "wrong").needs_password
    for word in (password, "owner"):
        facts = inspect(locked, word)
        assert (facts.pages, facts.encrypted, facts.needs_password) == (1, True, False)
        assert list(text(locked, None, word)) == list(text(made.data))
    free = unlocked(locked, password)
    assert not inspect(free).encrypted
    assert not PdfReader(io.BytesIO(free)).is_encrypted
    assert list(text(free)) == list(text(made.data))


def test_the_owners_password_alone_keeps_nobody_out() -> None:
    facts = inspect(pdfs.encrypted(pdfs.single().data, "AES-128", ""))
    assert (facts.pages, facts.encrypted, facts.needs_password) == (1, True, False)


def test_a_missing_and_a_wrong_password_are_told_apart() -> None:
    locked = pdfs.encrypted(pdfs.single().data, "AES-256", "secret")
    for act in (
        lambda word: next(text(locked, None, word, "b.pdf")),
        lambda word: unlocked(locked, word, "b.pdf"),
    ):
        with pytest.raises(PasswordNeeded, match=r"b\.pdf opens with a password"):
            act("")
        with pytest.raises(PasswordNeeded, match=r"not the password of b\.pdf") as refused:
            act("hunter2")
        assert "hunter2" not in f"{refused.value!r}{refused.value.hint}"
    with pytest.raises(PasswordNeeded):
        next(render(locked))
    with pytest.raises(PasswordNeeded):
        subset(locked, (1,))


# ---- ranges


@pytest.mark.parametrize(
    ("written", "pages"),
    [
        ("1-3,7,-1", (1, 2, 3, 7, 10)),
        ("", tuple(range(1, 11))),
        (" , ", tuple(range(1, 11))),
        ("4", (4,)),
        ("8-", (8, 9, 10)),
        ("8 – 10; 2", (8, 9, 10, 2)),
        ("2—3", (2, 3)),
        ("-3", (8,)),
        ("-3--1", (8, 9, 10)),
        ("9--1", (9, 10)),
        ("5-3", (5, 4, 3)),
        ("1 2  3", (1, 2, 3)),
        ("3,1,3,2-3", (3, 1, 2)),
        ("1,-2", (1, 9)),
        ("٢-٤", (2, 3, 4)),
    ],
)
def test_pages_as_people_write_them(written: str, pages: tuple[int, ...]) -> None:
    assert parse_pages(written, 10) == pages


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("0", "no page 0"),
        ("11", "no page 11"),
        ("3-11", "no page 11"),
        ("-11", "no page -11"),
        ("a", "“a” is no page"),
        ("1-b", "“1-b”"),
        ("1.5", r"“1\.5”"),
        ("-", "“-”"),
        ("--", "“--”"),
        ("1-2-3", "“1-2-3”"),
        ("9" * 30, "is no page"),
        ("1," * 6000, "too long"),
    ],
)
def test_what_is_no_page_is_said(written: str, said: str) -> None:
    with pytest.raises(AttachmentRefused, match=said) as refused:
        parse_pages(written, 10)
    assert refused.value.hint


@given(st.text("0123456789-, ;–abc", max_size=30), st.integers(1, 40))
def test_anything_written_gives_pages_or_a_reason(written: str, count: int) -> None:
    try:
        pages = parse_pages(written, count)
    except AttachmentRefused:
        return
    assert len(set(pages)) == len(pages)
    assert all(1 <= page <= count for page in pages)


@given(st.lists(st.integers(1, 50), unique=True, min_size=1))
def test_pages_are_written_so_that_they_are_read_again(pages: list[int]) -> None:
    assert parse_pages(written_pages(pages), 50) == tuple(pages)


def test_pages_are_written_short() -> None:
    assert written_pages((1, 2, 3, 7, 9, 10)) == "1-3, 7, 9-10"


# ---- pictures


def test_a_page_is_drawn_at_its_resolution() -> None:
    (page,) = render(pdfs.single().data, None, 100)
    assert (page.number, page.width, page.height) == (1, 827, 1169)
    image = opened(page)
    left, top, right, bottom = ink(image)
    assert (round(left / 100, 1), round(top / 100, 1)) == (0.8, 0.9)  # 60 and 66 points of 72 an inch
    assert right < 827 - 70
    assert bottom > 500


@pytest.mark.parametrize("target", [64, 500, 1024])
def test_the_longer_edge_keeps_to_the_target(target: int) -> None:
    (page,) = render(pdfs.rotated(90).data, None, 200, target)
    assert (page.width, page.height) == (target, round(target / 2**0.5))
    opened(page)


def test_a_target_makes_nothing_larger() -> None:
    (page,) = render(pdfs.single().data, None, 72, 5000)
    assert (page.width, page.height) == (595, 842)


@pytest.mark.parametrize("angle", [90, 180, 270])
def test_a_turned_page_is_drawn_as_it_is_read(angle: int) -> None:
    """The same text at the same place, however the page is turned."""
    (turned,) = render(pdfs.rotated(angle).data, None, 50)
    (other,) = render(pdfs.rotated(270).data, None, 50)
    difference = ImageChops.difference(opened(turned), opened(other))
    assert ImageStat.Stat(difference.convert("L")).mean[0] < 1
    assert ink(opened(turned))[1] < 60


def test_pages_come_in_the_order_asked_for_and_as_png_without_loss() -> None:
    data = pdfs.header_and_footer().data
    told: list[tuple[int, int]] = []
    pages = list(
        render(data, (3, 1), 60, None, "", "image/png", progress=lambda done, all_: told.append((done, all_)))
    )
    assert [page.number for page in pages] == [3, 1]
    assert told == [(0, 2), (1, 2)]
    assert opened(pages[0]).tobytes() != opened(pages[1]).tobytes()
    (again,) = render(data, (1,), 60, None, "", "image/png")
    assert again == pages[1]


def test_what_is_in_the_fields_of_a_form_is_drawn() -> None:
    (page,) = render(pdfs.form().data, None, 72)
    field = opened(page).crop((140, 80, 340, 104))
    assert min(field.convert("L").tobytes()) < 100


def test_a_scan_is_drawn() -> None:
    (page,) = render(pdfs.scan().data, None, 50)
    assert ImageStat.Stat(opened(page).convert("L")).stddev[0] > 20


def test_a_thumbnail_is_small_and_needs_a_password_where_the_document_does() -> None:
    small = thumbnail(pdfs.single().data)
    assert (max(small.width, small.height), small.media_type) == (256, "image/png")
    ink(opened(small))
    locked = pdfs.encrypted(pdfs.book(3), "AES-256", "secret")
    second = thumbnail(locked, 2, 100, "secret")
    assert (second.number, second.height) == (2, 100)
    with pytest.raises(PasswordNeeded):
        thumbnail(locked)
    with pytest.raises(AttachmentRefused, match="no page 4"):
        thumbnail(locked, 4, 100, "secret")


@pytest.mark.parametrize(("dpi", "target"), [(0, None), (-5, None), (72, 0)])
def test_a_page_without_pixels_is_refused(dpi: int, target: int | None) -> None:
    with pytest.raises(AttachmentRefused, match="one pixel"):
        next(render(pdfs.blank(), None, dpi, target))


def test_a_page_too_large_for_its_resolution_is_drawn_smaller() -> None:
    (page,) = render(pdfs.blank(), None, 100_000)
    assert page.width * page.height <= 40_000_000
    assert max(page.width, page.height) <= 10_000


# ---- some pages of many


def test_some_pages_become_a_document_of_their_own() -> None:
    data = pdfs.book(9)
    part = subset(data, (9, 1, 4))
    assert [page.text for page in text(part)] == [page.text for page in text(data, (9, 1, 4))]
    assert len(part) < len(data) / 2
    assert len(PdfReader(io.BytesIO(part)).pages) == 3


def test_some_pages_of_a_locked_document_are_free() -> None:
    locked = pdfs.encrypted(pdfs.book(3), "AES-256", "secret")
    part = subset(locked, (2,), "secret")
    assert not inspect(part).encrypted
    assert re.search(r"2\Z", next(text(part)).text)


@pytest.mark.parametrize(("pages", "said"), [((), "No page"), ((4,), "no page 4")])
def test_no_pages_are_no_document(pages: tuple[int, ...], said: str) -> None:
    with pytest.raises(AttachmentRefused, match=said):
        subset(pdfs.book(3), pages)
