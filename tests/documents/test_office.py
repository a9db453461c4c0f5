"""What office files have that tidy ones do not, and readers lose: each is kept."""

from __future__ import annotations

import io
import zipfile

import docx
import openpyxl
import pytest
from tests.documents import bombs, office

from chatbench.core.errors import AttachmentRefused
from chatbench.documents.markdown.convert import convert

STYLES, BOOK, SHEET = "xl/styles.xml", "xl/workbook.xml", "xl/worksheets/sheet1.xml"
SLIDE, DECK = "ppt/slides/slide1.xml", "ppt/presentation.xml"
_NOWHERE = (
    b'<p:sldId xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    b'id="900" r:id="rId999"/><p:sldId '
)
_MATH = b'<m:oMath xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math">%s</m:oMath>'


def test_a_list_goes_on_after_a_paragraph() -> None:
    document = docx.Document()
    for text, style in (("one", "List Number"), ("plain", "Normal"), ("two", "List Number")):
        document.add_paragraph(text, style=style)
    assert convert(office.saved(document), "a.docx").markdown == "1. one\n\nplain\n\n2. two\n"


def test_a_heading_is_one_by_its_style_or_by_its_level() -> None:
    document = docx.Document()
    document.styles.add_style("Mine", 1).base_style = document.styles["Heading 2"]
    document.add_paragraph("based", style="Mine")
    assert convert(office.saved(document), "a.docx").markdown == "## based\n"
    body = b'<w:p><w:pPr><w:outlineLvl w:val="2"/></w:pPr><w:r><w:t>outlined</w:t></w:r></w:p>'
    assert convert(bombs.word_of(body), "a.docx").markdown == "### outlined\n"


def test_a_formula_in_a_text_keeps_its_signs() -> None:
    formula = _MATH % b"<m:r><m:t>E=mc</m:t></m:r><m:sSup><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup>"
    body = b'<w:p><w:r><w:t xml:space="preserve">so </w:t></w:r>' + formula + b"</w:p>"
    assert convert(bombs.word_of(body), "a.docx").markdown == "so E=mc2\n"


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        (STYLES, b'<color theme="1"/>', b'<color rgb="FF"/>'),
        (STYLES, b"<left/>", b'<left style="wavy"/>'),
        (STYLES, b"<fill><patternFill/></fill>", b"<fill/>"),
        (STYLES, b'patternType="gray125"', b'patternType="other"'),
        (STYLES, b'<family val="2"/>', b'<family val="99"/>'),
        (BOOK, b"<workbookView ", b'<workbookView zoom="1" '),
    ],
)
def test_a_workbook_that_is_a_little_off_is_read_all_the_same(part: str, old: bytes, new: bytes) -> None:
    data = office.workbook()
    assert convert(bombs.replaced_in(data, part, old, new), "a.xlsx") == convert(data, "a.xlsx")


def test_a_value_that_is_none_stays_as_it_is_written() -> None:
    data = bombs.replaced_in(office.workbook(), SHEET, b"<v>0.25</v>", b"<v>abc</v>")
    assert "| abc | 1234.5 | TRUE |" in convert(data, "a.xlsx").markdown


def test_an_error_and_a_share_are_shown_as_such() -> None:
    book = openpyxl.Workbook()
    book.active.append(["#DIV/0!", 0.125])
    book.active["A1"].data_type = "e"
    book.active["B1"].number_format = "0.0%"
    assert convert(office.saved(book), "a.xlsx").markdown.endswith("\n| #DIV/0! | 12.5% |\n| --- | --- |\n")


def test_a_slide_keeps_breaks_and_fields_and_a_hidden_one_is_left_out() -> None:
    field = b'</a:r><a:br/><a:fld type="datetime1"><a:t>today</a:t></a:fld></a:p>'
    data = bombs.replaced_in(office.slides(), SLIDE, b"</a:r></a:p>", field)
    assert "- fast\ntoday\n" in convert(data, "a.pptx").markdown
    hidden = bombs.replaced_in(office.slides(), SLIDE, b"<p:sld ", b'<p:sld show="0" ')
    made = convert(hidden, "a.pptx")
    assert made.markdown.startswith("## Slide 2: Numbers\n")
    assert made.notes == ("1 picture was left out.", "1 hidden slide was left out.")


@pytest.mark.parametrize(
    ("part", "old", "new", "shown"),
    [
        (SLIDE, b'b="1"', b'b="on"', "- [calm](https://example.org/)"),
        (SLIDE, b'type="title"', b'type="heading"', "## Slide 1\n\nWhy us\n"),
        (SLIDE, b'<a:hlinkClick r:id="', b'<a:hlinkClick r:id="x', "- **calm**\n"),
        (DECK, b"<p:sldId ", _NOWHERE, "- fast"),
    ],
)
def test_a_presentation_that_is_a_little_off_is_read_all_the_same(
    part: str, old: bytes, new: bytes, shown: str
) -> None:
    assert shown in convert(bombs.replaced_in(office.slides(), part, old, new), "a.pptx").markdown


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_workbook_whose_sheet_does_not_unpack_is_refused(method: int) -> None:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(office.workbook())) as source,
        zipfile.ZipFile(out, "w") as target,
    ):
        for name in source.namelist():
            target.writestr(name, source.read(name), method if name == SHEET else None)
        place = target.getinfo(SHEET).header_offset
    data = bytearray(out.getvalue())
    begin = place + 30 + len(SHEET) + 15
    data[begin : begin + 200] = b"\xff" * 200
    with pytest.raises(AttachmentRefused, match=r"a\.xlsx cannot be read: a part of it is broken\."):
        convert(bytes(data), "a.xlsx")


def test_a_workbook_whose_sheet_lies_nowhere_is_refused() -> None:
    data = bytearray(office.workbook())
    listed = data.rfind(SHEET.encode()) - 46
    assert data[listed : listed + 4] == b"PK\x01\x02"
    data[listed + 42 : listed + 46] = b"\xff\xff\xff\x7f"
    with pytest.raises(AttachmentRefused, match=r"a\.xlsx cannot be read: a part of it is broken\."):
        convert(bytes(data), "a.xlsx")
