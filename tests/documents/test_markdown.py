"""Documents as Markdown: each format written by a library that others write it with."""

from __future__ import annotations

import json
from email.message import EmailMessage
from pathlib import Path

import docx
import openpyxl
import pytest
from tests.documents import bombs, office

from chatbench.core.errors import AttachmentRefused
from chatbench.documents.markdown import xlsx
from chatbench.documents.markdown.convert import convert
from chatbench.documents.markdown.html import read
from chatbench.documents.markdown.packages import whole
from chatbench.documents.markdown.writing import MAX_CHARACTERS, Blocks, fenced, table


def test_a_word_document() -> None:
    made = convert(office.letter(), "report.docx")
    assert made.title == "Yearly report"
    assert made.markdown == (
        "# Report\n\n# Numbers\n\nWe grew **much** and *slowly*.\n\n- apples\n- pears\n\nbetween[^1]\n\n"
        "1. first\n2. second\n\nSee [the page](https://example.org/a%20b)\n\nkept added\n\n"
        "| Fruit | Kilos | Price |\n| --- | --- | --- |\n| Apple\\|s<br>Pears | 1 | 2.50 |\n|  | 3 |  |\n\n"
        "![A red square]\n\n[^1]: As audited.\n"
    )
    assert made.notes == (
        "1 picture was left out.",
        "Text deleted in tracked changes was left out.",
        "Headers and footers were left out.",
    )


def test_a_path_is_read_as_well(tmp_path: Path) -> None:
    (tmp_path / "a.docx").write_bytes(office.letter())
    assert convert(tmp_path / "a.docx", "a.docx") == convert(office.letter(), "a.docx")
    with pytest.raises(AttachmentRefused, match=r"gone\.docx cannot be read: No such file"):
        convert(tmp_path / "gone.docx", "gone.docx")


def test_a_workbook() -> None:
    made = convert(office.workbook(), "budget.xlsx")
    assert made.markdown == (
        "## Plan\n\n"
        "| What | When | Share | Sum | Sure |\n| --- | --- | --- | --- | --- |\n"
        "| a\\|b<br>c | 2024-02-29 12:30 | 25% | 1234.5 | TRUE |\n"
        "| Füße | 2024-01-01 | 1.5 | 0.3 | FALSE |\n"
        "|  | 8:15:00 |  |  |  |\n|  |  |  |  |  |\n"
        "| over three |  |  | behind |  |\n\n"
        "## Empty\n\n|  | 45000 |\n| --- | --- |\n"
    )
    assert (made.title, made.units, made.notes) == ("Budget", 2, ("1 hidden sheet was left out.",))


def test_a_formula_gives_the_value_it_had() -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = "=1+1"
    data = office.saved(book)
    assert "2" not in convert(data, "a.xlsx").markdown, "nothing is computed here"
    assert convert(office.computed(data, "A1", "2"), "a.xlsx").markdown.endswith("| 2 |\n| --- |\n")


def test_texts_that_cells_share() -> None:
    made = convert(office.shared_strings(), "a.xlsx")
    assert made.markdown == "## Plan\n\n| What | Sum | What |\n| --- | --- | --- |\n| half bold | 2 |  |\n"


def test_the_day_that_was_not_is_told_as_the_program_tells_it() -> None:
    book = openpyxl.Workbook()
    for row, number in enumerate((1, 59, 61, 45_000.75), 1):
        book.active.cell(row, 1, number).number_format = "yyyy-mm-dd"
    shown = convert(office.saved(book), "a.xlsx").markdown
    assert [
        one for one in ("1900-01-01", "1900-02-28", "1900-03-01", "2023-03-15 18:00") if one not in shown
    ] == []


@pytest.mark.parametrize(
    ("code", "form"),
    [
        ("General", ""),
        ("0.00", ""),
        ('0.00 "days"', ""),
        ("[Red]0;[Blue]-0", ""),
        ("0.0%", "percent"),
        ("yyyy\\-mm\\-dd", "date"),
        ("[$-409]mmm d", "date"),
        ("[h]:mm:ss", "date"),
        ("#,##0 [$€-407]", ""),
    ],
)
def test_a_date_is_told_by_its_format(code: str, form: str) -> None:
    assert xlsx._format("164", code) == form


def test_a_huge_sheet_is_cut_and_says_so() -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Big")
    for number in range(xlsx.MAX_ROWS + 500):
        sheet.append([number, "x"])
    made = convert(office.saved(book), "big.xlsx")
    assert made.markdown.count("\n") == xlsx.MAX_ROWS + 3
    assert made.notes == (f"Big: only the first {xlsx.MAX_ROWS:,} rows were taken.",)


def test_the_cells_of_all_sheets_together_are_limited() -> None:
    book = openpyxl.Workbook(write_only=True)
    for name in ("One", "Two"):
        sheet = book.create_sheet(name)
        for _ in range(600):
            sheet.append(list(range(200)))
    made = convert(office.saved(book), "wide.xlsx")
    assert made.notes == ("Two: only the first 400 rows were taken.",)


def test_a_presentation() -> None:
    made = convert(office.slides(), "pitch.pptx")
    assert made.markdown == (
        "## Slide 1: Why us\n\n- fast\n    - very\n- [**calm**](https://example.org/)\n\n"
        "Notes: Say it slowly.\n\n## Slide 2: Numbers\n\n"
        "| 0/0 | 0/1 |\n| --- | --- |\n| 1/0 | 1/1 |\n\n![A chart]\n"
    )
    assert (made.title, made.units, made.notes) == ("Pitch", 2, ("1 picture was left out.",))


def test_an_open_text() -> None:
    made = convert(office.open_text(), "a.odt")
    assert made.markdown == (
        "## Over view\n\nSome **strong**   [words](https://example.org/)[^1]\n\n- one\n- two\n\n"
        "| a | b |\n| --- | --- |\n| 1 | 2 |\n\n[^1]: As told.\n"
    )


def test_an_open_sheet() -> None:
    made = convert(office.open_sheet(), "a.ods")
    assert made.markdown == "## Plan\n\n| What | Sum |\n| --- | --- |\n| Füße | 12 |\n"


def test_an_open_presentation() -> None:
    made = convert(office.open_slides(), "a.odp")
    assert made.markdown == "## Slide 1: Why us\n\nBecause we care\n"
    assert made.units == 1


def test_a_book_is_read_in_the_order_of_its_spine() -> None:
    chapters = {
        "two.xhtml": '<?xml version="1.0"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml">'
        "<body><h1>Two</h1><p>Caf&#233; &amp; b&uuml;cher.</p></body></html>",
        "one.xhtml": "<html><body><h1>One</h1><p>Call me.</p></body></html>",
    }
    made = convert(office.book(chapters, spine=["one.xhtml", "two.xhtml"]), "whale.epub")
    assert made.markdown == "# One\n\nCall me.\n\n# Two\n\nCafé & bücher.\n"
    assert (made.title, made.units) == ("The Whale", 2)


PAGE = """<!doctype html><html><head><title> The  title </title><style>p{color:red}</style>
<base href="https://example.org/dir/page.html"></head><body><nav>Menu</nav><header>Top</header>
<main><h2>Head <em>line</em></h2><p>Some <b>bold</b>, <code>x = 1</code>
and a <a href="other.html?a=1">link</a>, <a href="javascript:alert(1)">trap</a>, <a href="#here">jump</a>.<br>
Next line.
<img src="a.png" alt="A cat"><img src="b.png"></p>
<ul><li>one<ul><li>deeper</li></ul></li><li><p>two</p></li></ul><ol start="3"><li>three<li>four</ol>
<table><tr><th>a<th>b<th>c</tr><tr><td rowspan=2>1<td colspan=2>2|3</tr><tr><td>4<td>5</tr></table>
<pre><code class="language-python">if x:
    y()</code></pre><blockquote><p>said</p><p>he</p></blockquote><p hidden>not</p>
<p style="display: none">nor</p><script>alert("never")</script><svg><text>no</text></svg></main>
<footer>Bottom</footer></body></html>"""


def test_a_page() -> None:
    made = convert(PAGE.encode(), "page.html")
    assert made.markdown == (
        "## Head *line*\n\n"
        "Some **bold**, `x = 1` and a [link](https://example.org/dir/other.html?a=1), trap, jump.\n"
        "Next line. ![A cat](https://example.org/dir/a.png)\n\n"
        "- one\n  - deeper\n- two\n\n3. three\n4. four\n\n"
        "| a | b | c |\n| --- | --- | --- |\n| 1 | 2\\|3 |  |\n|  | 4 | 5 |\n\n"
        "```python\nif x:\n    y()\n```\n\n> said\n>\n> he\n"
    )
    assert (made.title, made.notes) == ("The title", ("1 picture was left out.",))


ARTICLE = (
    "<article><header><h1>Title</h1><p>by me</p></header><p>x</p><aside>note</aside><nav>Menu</nav>"
    "<footer>end</footer></article>"
)


@pytest.mark.parametrize(
    ("page", "blocks"),
    [
        (
            "<header>Site</header><nav>Menu</nav><h1>Title</h1><p>x</p><aside>ad</aside><footer>f</footer>",
            ["# Title", "x"],
        ),
        ("<div><div><div><div><footer>f</footer></div></div></div></div><p>x</p>", ["x"]),
        ("<header>Site<h1>Title</h1></header><p>x</p>", ["Site", "# Title", "x"]),
        (f"<header>Site</header>{ARTICLE}", ["# Title", "by me", "x", "note", "end"]),
        (f"<header>Site</header>{ARTICLE * 2}", ["# Title", "by me", "x", "note", "end"] * 2),
        ("<main>short</main><p>" + "the text " * 50 + "</p>", ["short", "the text " * 50]),
    ],
)
def test_what_frames_a_page_is_left_out(page: str, blocks: list[str]) -> None:
    assert read(page, "x").blocks == [block.strip() for block in blocks]


def test_a_chapter_keeps_its_asides() -> None:
    chapter = "<body><header><h1>One</h1></header><p>x</p><aside>a note</aside></body>"
    assert convert(office.book({"a.xhtml": chapter}), "a.epub").markdown == "# One\n\nx\n\na note\n"


def test_a_page_without_a_base_keeps_only_addresses_that_are_whole() -> None:
    page = read(
        '<a href="x.html">near</a> <a href="https://a.b/c">far</a> <a href="file:///etc/passwd">here</a>', "x"
    )
    assert page.blocks == ["near [far](https://a.b/c) here"]


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        ('<meta charset="windows-1251">', "cp1251"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=Shift_JIS">', "shift_jis"),
        ("", "utf-8"),
        ("", "utf-16"),
    ],
)
def test_a_page_says_how_it_is_encoded(head: str, encoding: str) -> None:
    word = {"cp1251": "Привет", "shift_jis": "会議"}.get(encoding, "Füße €")
    page = f"<html><head>{head}</head><body><p>{word}</p></body></html>".encode(encoding)
    assert convert(page, "page.html").markdown == f"{word}\n"


def test_a_page_that_is_nested_too_deeply_says_so() -> None:
    text = b"<p>start</p>" + b"<div>" * 5000 + b"end"
    assert convert(b"<html><body>" + text, "a.html").notes == (
        "Its end was left out: it is nested too deeply.",
    )
    assert "end" in convert(b"<html><body>" + b"<b>" * 400 + b"end", "a.html").markdown


def test_a_table_that_lays_the_page_out_is_read_in_order() -> None:
    page = (
        "<table><tr><td><h1>Left</h1></td><td><table><tr><td>a</td><td>b</td></tr></table></td></tr></table>"
    )
    assert read(page, "x").blocks == ["# Left", "| a | b |\n| --- | --- |"]


def test_an_e_mail() -> None:
    message = EmailMessage()
    message["From"], message["To"] = "Jörg <joerg@example.org>", "a@example.org, b@example.org"
    message["Subject"], message["Date"] = "Grüße – today", "Sat, 21 Nov 2026 10:00:00 +0000"
    message.set_content("Hello,\n\nthe text is here: ä.\n", charset="iso-8859-1")
    message.add_alternative("<p>Hello <b>again</b></p>", subtype="html")
    message.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="../../a plan.pdf")
    made = convert(message.as_bytes(), "mail.eml")
    assert made.markdown == (
        "From: Jörg <joerg@example.org>\nTo: a@example.org, b@example.org\n"
        "Date: Sat, 21 Nov 2026 10:00:00 +0000\n"
        "Subject: Grüße – today\n\nHello,\n\nthe text is here: ä.\n\n"
        "Attachments:\n- a plan.pdf (application/pdf, 8 bytes)\n"
    )
    assert (made.title, made.notes) == ("Grüße – today", ("1 attachment was left out.",))


def test_an_e_mail_that_is_a_page_only() -> None:
    message = EmailMessage()
    message["From"], message["Subject"] = "a@example.org", "Sale"
    message.set_content("<h1>Sale</h1><p>Now <a href='https://x.y/'>here</a></p>", subtype="html")
    inner = EmailMessage()
    inner["Subject"] = "inner secret"
    inner.set_content("inner secret")
    message.add_attachment(inner)
    made = convert(message.as_bytes(), "mail.eml").markdown
    assert "# Sale\n\nNow [here](https://x.y/)\n" in made
    assert "inner secret" not in made
    assert "(message/rfc822" in made


def test_a_notebook() -> None:
    picture = {"image/png": "AAAA", "text/plain": "<Figure>"}
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": ["1\n"]},
        {"output_type": "display_data", "data": picture, "metadata": {}},
        {"output_type": "error", "ename": "E", "evalue": "bad", "traceback": ["\x1b[31mE\x1b[0m: bad"]},
        {"output_type": "execute_result", "data": {"text/plain": ["42"]}, "metadata": {}},
    ]
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Study\n", "of things"]},
        {"cell_type": "code", "metadata": {}, "source": "print(1)\nplot()", "outputs": outputs},
    ]
    notebook = {"cells": cells, "metadata": {"language_info": {"name": "julia"}}, "nbformat": 4}
    made = convert(json.dumps(notebook).encode(), "study.ipynb")
    assert made.markdown == (
        "# Study\nof things\n\n```julia\nprint(1)\nplot()\n```\n\n```text\n1\n```\n\n"
        "```text\nE: bad\n```\n\n```text\n42\n```\n"
    )
    assert (made.title, made.units, made.notes) == ("Study", 2, ("1 picture was left out.",))


def test_rich_text() -> None:
    fonts = r"{\fonttbl\f0\fswiss Helvetica;}"
    text = rf"{{\rtf1\ansi\ansicpg1252{fonts}\f0\pard Hello {{\b bold}} F\'fc\'dfe \u8364?\par Next\par}}"
    made = convert(text.encode("ascii"), "a.rtf")
    assert made.markdown == "Hello bold Füße €\n\nNext\n"
    assert made.notes == ("Formatting was left out.",)


@pytest.mark.parametrize(
    ("data", "name", "sentence"),
    [
        (b"", "a.docx", "a.docx is empty."),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "a.doc", "format of Office 2003"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "a.docx",
            "a.docx is encrypted with a password.",
        ),
        (b"\x7fELF\x02\x01\x01" + bytes(100), "a.docx", "a.docx holds no text that can be read"),
        (b'{"cells": 3}', "a.ipynb", "a.ipynb is no notebook"),
        (bombs.zipped({"a.txt": b"x"}), "a.docx", "a.docx is an archive."),
    ],
)
def test_what_is_none_says_so(data: bytes, name: str, sentence: str) -> None:
    with pytest.raises(AttachmentRefused) as caught:
        convert(data, name)
    assert sentence in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (office.letter(), "letter.txt"),
        (office.workbook(), "table.docx"),
        (office.slides(), "page.html"),
        (office.open_text(), ""),
        (PAGE.encode(), "page.txt"),
    ],
)
def test_a_wrong_ending_deceives_nobody(data: bytes, name: str) -> None:
    right = {"letter.txt": "a.docx", "table.docx": "a.xlsx", "page.html": "a.pptx", "": "a.odt"}
    assert convert(data, name).markdown == convert(data, right.get(name, "a.html")).markdown


def test_too_much_text_is_cut_and_says_so() -> None:
    blocks = Blocks()
    for _ in range(3):
        blocks.add("x" * (MAX_CHARACTERS // 2))
    made = blocks.converted("  A\n title ")
    assert len(made.markdown) == MAX_CHARACTERS + 3
    assert (made.title, made.notes) == ("A title", (f"Cut after {MAX_CHARACTERS:,} characters.",))


def test_blocks_of_code_outdo_the_fences_in_them() -> None:
    assert fenced("a\n````\nb", "x") == "`````x\na\n````\nb\n`````"


def test_a_table_has_one_width() -> None:
    assert table([["a"], ["b", "c", ""], []]) == "| a |  |\n| --- | --- |\n| b | c |\n|  |  |"
    assert table([["", ""], []]) == ""


def test_a_document_whose_zip_lies_about_a_part_is_refused() -> None:
    data = bytearray(office.letter())
    at = data.find(b"word/document.xml")
    data[at + 100 : at + 110] = bytes(10)
    with pytest.raises(AttachmentRefused, match=r"damaged|broken"):
        convert(bytes(data), "a.docx")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("7", 7),
        ("007", 7),
        ("", 5),
        (None, 5),
        ("-1", 5),
        ("1.5", 5),
        ("٣", 5),
        ("²", 5),
        ("9" * 10, 5),
        (" 1", 5),
    ],
)
def test_a_number_in_a_file_is_one_or_none(text: str | None, number: int) -> None:
    assert whole(text, 5) == number


def test_levels_that_are_no_numbers_are_the_first() -> None:
    slides = bombs.replaced_in(office.slides(), "ppt/slides/slide1.xml", b'lvl="1"', b'lvl=""')
    assert "\n- very\n" in convert(slides, "a.pptx").markdown
    letter = bombs.replaced_in(office.letter(), "word/numbering.xml", b'w:ilvl="0"', b'w:ilvl=""')
    assert "- apples\n" in convert(letter, "a.docx").markdown


def test_what_a_merged_cell_hides_stays_hidden() -> None:
    cell = b"<w:tc><w:tcPr>%s</w:tcPr><w:p><w:r><w:t>%s</w:t></w:r></w:p></w:tc>"
    begins, follows = b'<w:vMerge w:val="restart"/>', b"<w:vMerge/>"
    rows = (cell % (begins, b"shown") + cell % (b"", b"a"), cell % (follows, b"hidden") + cell % (b"", b"b"))
    body = b"<w:tbl>" + b"".join(b"<w:tr>%s</w:tr>" % row for row in rows) + b"</w:tbl>"
    assert convert(bombs.word_of(body), "a.docx").markdown == "| shown | a |\n| --- | --- |\n|  | b |\n"


def test_wrappers_text_boxes_and_alternatives() -> None:
    body = (
        b'<w:sdt><w:sdtContent><w:p><w:r><w:t xml:space="preserve">in a </w:t></w:r><w:smartTag><w:r>'
        b"<w:t>wrapper</w:t></w:r></w:smartTag></w:p></w:sdtContent></w:sdt>"
        b'<w:p><w:r><w:t>beside</w:t></w:r><w:r><mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org'
        b'/markup-compatibility/2006"><mc:Choice><w:drawing><w:txbxContent><w:p><w:r><w:t>boxed</w:t></w:r></w:p>'
        b"</w:txbxContent></w:drawing></mc:Choice><mc:Fallback><w:pict><w:txbxContent><w:p><w:r><w:t>boxed</w:t>"
        b"</w:r></w:p></w:txbxContent></w:pict></mc:Fallback></mc:AlternateContent></w:r></w:p>"
        b"<w:p><w:r><w:t>one</w:t><w:br/><w:t>two</w:t><w:tab/><w:t>three</w:t></w:r></w:p>"
        b"<w:p><w:r><w:rPr><w:b/><w:i/></w:rPr><w:t>both</w:t></w:r><w:r><w:rPr><w:b w:val='0'/></w:rPr>"
        b"<w:t> none </w:t></w:r><w:r><w:rPr><w:strike/></w:rPr><w:t>gone</w:t></w:r></w:p>"
    )
    assert convert(bombs.word_of(body), "a.docx").markdown == (
        "in a wrapper\n\nbeside\n\nboxed\n\none\ntwo\tthree\n\n***both*** none ~~gone~~\n"
    )


def test_lists_in_lists_are_counted_by_themselves() -> None:
    document = docx.Document()
    for text, style in (
        ("one", "List Number"),
        ("deep", "List Bullet 2"),
        ("two", "List Number"),
        ("three", "List Number"),
    ):
        document.add_paragraph(text, style=style)
    made = convert(office.saved(document), "a.docx").markdown
    assert [line.strip() for line in made.splitlines()] == ["1. one", "- deep", "2. two", "3. three"]


@pytest.mark.parametrize("name", ["a.docx", "a.xlsx", "a.pptx"])
def test_the_strict_spelling_of_names_is_read_as_well(name: str) -> None:
    data = {"a.docx": office.letter, "a.xlsx": office.shared_strings, "a.pptx": office.slides}[name]()
    strict = bombs.respelt(data)
    assert convert(strict, name).markdown == convert(data, name).markdown
