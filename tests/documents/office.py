"""Office files made by the libraries that others write them with."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from typing import Any

import docx
import odf.draw
import odf.opendocument
import odf.style
import odf.table
import odf.text
import openpyxl
import pptx
import xlsxwriter
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from openpyxl.styles import Font
from pptx.util import Inches
from tests.documents import pictures


def saved(document: Any) -> bytes:
    """The bytes of a document that can be saved to a file."""
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def letter() -> bytes:
    """A Word document with all that its reader knows."""
    document = docx.Document()
    document.core_properties.title = "Yearly report"
    document.add_heading("Report", 0)
    document.add_heading("Numbers", 1)
    paragraph = document.add_paragraph("We grew ")
    paragraph.add_run("much").bold = True
    paragraph.add_run(" and ")
    paragraph.add_run("slowly").italic = True
    paragraph.add_run(".")
    for line in ("apples", "pears"):
        document.add_paragraph(line, style="List Bullet")
    document.add_paragraph("between")
    for line in ("first", "second"):
        document.add_paragraph(line, style="List Number")
    _add_link(document.add_paragraph("See "), "https://example.org/a b", "the page")
    _add_changes(document.add_paragraph("kept "))
    table = document.add_table(3, 3)
    for row, cells in enumerate((("Fruit", "Kilos", "Price"), ("Apple|s", "1", "2.50"), ("Pears", "3", ""))):
        for column, text in enumerate(cells):
            table.cell(row, column).text = text
    table.cell(1, 0).merge(table.cell(2, 0))
    document.add_picture(io.BytesIO(pictures.saved(pictures.corner(8, 8), "PNG")))
    document.element.body.iter(qn("wp:docPr")).__next__().set("descr", "A red square")
    document.sections[0].header.paragraphs[0].text = "secret header"
    return _with_footnote(saved(document))


def _add_link(paragraph: Any, address: str, text: str) -> None:
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink"
    link = OxmlElement("w:hyperlink")
    link.set(qn("r:id"), paragraph.part.relate_to(address, kind, is_external=True))
    link.append(paragraph.add_run(text)._r)
    paragraph._p.append(link)


def _add_changes(paragraph: Any) -> None:
    """Text that somebody put in, and text that somebody took out."""
    for kind, tag, text in (("w:ins", "w:t", "added"), ("w:del", "w:delText", "removed")):
        change, run, words = OxmlElement(kind), OxmlElement("w:r"), OxmlElement(tag)
        words.text = text
        run.append(words)
        change.append(run)
        paragraph._p.append(change)


def _with_footnote(data: bytes) -> bytes:
    """Its last paragraph has a footnote, which the library cannot write."""
    notes = (
        '<w:footnotes xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        '<w:footnote w:id="7"><w:p><w:r><w:t>As audited.</w:t></w:r></w:p></w:footnote></w:footnotes>'
    )
    relation = (
        '<Relationship Id="rIdNotes" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
        'footnotes" Target="footnotes.xml"/></Relationships>'
    )
    kind = (
        '<Override PartName="/word/footnotes.xml" ContentType="application/vnd.openxmlformats-officedocument.'
        'wordprocessingml.footnotes+xml"/></Types>'
    )
    changes = {
        "word/document.xml": ("between</w:t>", 'between</w:t><w:footnoteReference w:id="7"/>'),
        "word/_rels/document.xml.rels": ("</Relationships>", relation),
        "[Content_Types].xml": ("</Types>", kind),
    }
    return rezipped(data, changes, {"word/footnotes.xml": notes})


def rezipped(data: bytes, changes: dict[str, tuple[str, str]], more: dict[str, str]) -> bytes:
    """A zip file with text replaced in some entries and others added."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as source,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            content = source.read(name)
            if name in changes:
                old, new = (one.encode() for one in changes[name])
                assert old in content, (name, old)
                content = content.replace(old, new)
            target.writestr(name, content)
        for name, text in more.items():
            target.writestr(name, text)
    return out.getvalue()


def workbook() -> bytes:
    """An Excel workbook with values, dates, merged cells, and a hidden sheet."""
    book = openpyxl.Workbook()
    book.properties.title = "Budget"
    sheet = book.active
    sheet.title = "Plan"
    sheet.append(["What", "When", "Share", "Sum", "Sure"])
    sheet.append(["a|b\nc", dt.datetime(2024, 2, 29, 12, 30), 0.25, 1234.5, True])  # noqa: DTZ001
    sheet.append(["Füße", dt.date(2024, 1, 1), 1.5, 0.1 + 0.2, False])
    sheet.append([None, dt.time(8, 15)])
    sheet["C2"].number_format = "0.00%"
    sheet["A1"].font = Font(bold=True)
    sheet["A6"] = "over three"
    sheet.merge_cells("A6:C6")
    sheet["D6"] = "behind"
    other = book.create_sheet("Empty")
    other["B2"].number_format = '"day" 0'
    other["B2"] = 45000
    book.create_sheet("Secret").sheet_state = "hidden"
    return saved(book)


def computed(data: bytes, cell: str, value: str) -> bytes:
    """The workbook as a program saves it that has computed: the formula's cell has its value beside it."""
    return rezipped(data, {"xl/worksheets/sheet1.xml": ("</f><v></v>", f"</f><v>{value}</v>")}, {})


def shared_strings() -> bytes:
    """A workbook whose texts stand in a part of their own, as Excel itself writes them."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Plan")
        sheet.write_row(0, 0, ["What", "Sum", "What"])
        sheet.write_rich_string(1, 0, "half ", book.add_format({"bold": True}), "bold")
        sheet.write_formula(1, 1, "=1+1", None, 2)
    return out.getvalue()


def slides() -> bytes:
    """A PowerPoint presentation of two slides."""
    show = pptx.Presentation()
    show.core_properties.title = "Pitch"
    slide = show.slides.add_slide(show.slide_layouts[1])
    slide.shapes.title.text = "Why us"
    frame = slide.placeholders[1].text_frame
    frame.text = "fast"
    deeper = frame.add_paragraph()
    deeper.text, deeper.level = "very", 1
    run = frame.add_paragraph().add_run()
    run.text = "calm"
    run.font.bold = True
    run.hyperlink.address = "https://example.org/"
    slide.notes_slide.notes_text_frame.text = "Say it slowly."
    second = show.slides.add_slide(show.slide_layouts[5])
    second.shapes.title.text = "Numbers"
    table = second.shapes.add_table(2, 2, Inches(1), Inches(1), Inches(4), Inches(1)).table
    for row in range(2):
        for column in range(2):
            table.cell(row, column).text = f"{row}/{column}"
    picture = second.shapes.add_picture(io.BytesIO(pictures.saved(pictures.corner(8, 8), "PNG")), 0, 0)
    picture._element.nvPicPr.cNvPr.set("descr", "A chart")
    return saved(show)


def open_text() -> bytes:
    """An OpenDocument text."""
    document = odf.opendocument.OpenDocumentText()
    bold = odf.style.Style(name="Strong", family="text")
    bold.addElement(odf.style.TextProperties(fontweight="bold"))
    document.automaticstyles.addElement(bold)
    document.text.addElement(odf.text.H(outlinelevel=2, text="Over view"))
    paragraph = odf.text.P(text="Some ")
    paragraph.addElement(odf.text.Span(stylename=bold, text="strong"))
    paragraph.addElement(odf.text.S(c=3))
    link = odf.text.A(href="https://example.org/")
    link.addText("words")
    paragraph.addElement(link)
    note = odf.text.Note(noteclass="footnote", id="n1")
    note.addElement(odf.text.NoteCitation(text="1"))
    body = odf.text.NoteBody()
    body.addElement(odf.text.P(text="As told."))
    note.addElement(body)
    paragraph.addElement(note)
    document.text.addElement(paragraph)
    items = odf.text.List()
    for text in ("one", "two"):
        item = odf.text.ListItem()
        item.addElement(odf.text.P(text=text))
        items.addElement(item)
    document.text.addElement(items)
    document.text.addElement(_open_table("T", [["a", "b"], ["1", "2"]]))
    return _open_saved(document)


def open_sheet() -> bytes:
    """An OpenDocument spreadsheet that ends, as they do, with a million empty rows."""
    document = odf.opendocument.OpenDocumentSpreadsheet()
    table = _open_table("Plan", [["What", "Sum"], ["Füße", "12"]])
    empty = odf.table.TableRow(numberrowsrepeated=1_048_000)
    empty.addElement(odf.table.TableCell(numbercolumnsrepeated=16_384))
    table.addElement(empty)
    document.spreadsheet.addElement(table)
    return _open_saved(document)


def open_slides() -> bytes:
    """An OpenDocument presentation."""
    document = odf.opendocument.OpenDocumentPresentation()
    layout = odf.style.PageLayout(name="L")
    document.automaticstyles.addElement(layout)
    master = odf.style.MasterPage(name="M", pagelayoutname=layout)
    document.masterstyles.addElement(master)
    page = odf.draw.Page(masterpagename=master)
    for kind, text in (("title", "Why us"), ("outline", "Because we care")):
        frame = odf.draw.Frame(width="10cm", height="2cm", x="1cm", y="1cm")
        frame.setAttrNS("urn:oasis:names:tc:opendocument:xmlns:presentation:1.0", "class", kind)
        box = odf.draw.TextBox()
        box.addElement(odf.text.P(text=text))
        frame.addElement(box)
        page.addElement(frame)
    document.presentation.addElement(page)
    return _open_saved(document)


def _open_table(name: str, rows: list[list[str]]) -> Any:
    table = odf.table.Table(name=name)
    for row in rows:
        line = odf.table.TableRow()
        for text in row:
            cell = odf.table.TableCell()
            cell.addElement(odf.text.P(text=text))
            line.addElement(cell)
        table.addElement(line)
    return table


def _open_saved(document: Any) -> bytes:
    out = io.BytesIO()
    document.write(out)
    return out.getvalue()


def book(chapters: dict[str, str], *, spine: list[str] | None = None) -> bytes:
    """An EPUB: a zip file whose first entry says so, with the chapters in the order of its spine."""
    items = "".join(
        f'<item id="i{n}" href="{name}" media-type="application/xhtml+xml"/>'
        for n, name in enumerate(chapters)
    )
    order = spine if spine is not None else list(chapters)
    references = "".join(f'<itemref idref="i{list(chapters).index(name)}"/>' for name in order)
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>The Whale</dc:title></metadata>'
        f"<manifest>{items}</manifest><spine>{references}</spine></package>"
    )
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>'
        '<rootfile full-path="OPS/book.opf" media-type="application/oebps-package+xml"/>'
        "</rootfiles></container>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr(zipfile.ZipInfo("mimetype"), "application/epub+zip", zipfile.ZIP_STORED)
        target.writestr("META-INF/container.xml", container)
        target.writestr("OPS/book.opf", package)
        for name, text in chapters.items():
            target.writestr(f"OPS/{name}", text)
    return out.getvalue()
