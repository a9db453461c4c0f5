"""Files that are small and would be large, or take for ever, for a reader without limits."""

from __future__ import annotations

import gzip
import io
import json
import random
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from itertools import pairwise

from tests.documents import office

MIB = 1 << 20
_DOCUMENT = "word/document.xml"
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def zipped(entries: dict[str, bytes]) -> bytes:
    """A zip file of these entries."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
        for name, data in entries.items():
            stored = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            target.writestr(name, data, stored)
    return out.getvalue()


def replaced(data: bytes, entries: dict[str, bytes]) -> bytes:
    """The zip file with these entries instead of its own."""
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        return zipped({name: source.read(name) for name in source.namelist()} | entries)


def replaced_in(data: bytes, name: str, old: bytes, new: bytes) -> bytes:
    """The zip file with these bytes replaced wherever they stand in one entry."""
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        content = source.read(name)
    assert old in content, (name, old)
    return replaced(data, {name: content.replace(old, new)})


def respelt(data: bytes) -> bytes:
    """An office file with its names spelt as the strict form of the standard has it."""
    old = re.compile(rb"http://schemas\.openxmlformats\.org/(\w+)/2006/")
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        parts = {name: source.read(name) for name in source.namelist()}
    kept = ("[Content_Types].xml", ".rels")
    return zipped(
        {
            name: part if name.endswith(kept) else old.sub(rb"http://purl.oclc.org/ooxml/\1/", part)
            for name, part in parts.items()
        }
    )


def noise(beside: bytes) -> bytes:
    """A comment that does not pack, so large that what stands beside it does not pack too well."""
    return b"<!--" + random.Random(1).randbytes(len(beside) // 100).hex().encode() + b"-->"


def word(xml: bytes) -> bytes:
    """A Word document of this XML."""
    return replaced(office.letter(), {_DOCUMENT: xml})


def word_of(body: bytes) -> bytes:
    """A Word document with this in its body."""
    head = f'<w:document xmlns:w="{_WORD}"><w:body>'.encode()
    return word(head + noise(body) + body + b"</w:body></w:document>")


def sheet_of(rows: bytes, dimension: bytes = b"") -> bytes:
    """An Excel workbook of one sheet with these rows."""
    head = f'<worksheet xmlns="{_SHEET}">'.encode()
    xml = head + dimension + noise(rows) + b"<sheetData>" + rows + b"</sheetData></worksheet>"
    return replaced(office.workbook(), {"xl/worksheets/sheet1.xml": xml})


def laughs(root: bytes) -> bytes:
    """XML whose entities become a billion words."""
    names = [b"lol%d" % number for number in range(10)]
    defined = b'<!ENTITY lol0 "lol">' + b"".join(
        b'<!ENTITY %s "%s">' % (name, b"&%s;" % before * 10) for before, name in pairwise(names)
    )
    return b'<?xml version="1.0"?><!DOCTYPE x [' + defined + b"]>" + root


def overlapping(count: int, size: int) -> bytes:
    """A zip file in which every entry is the same stretch of the file."""
    packed = zlib.compress(bytes(size), 9)[2:-4]
    crc = zlib.crc32(bytes(size))
    local = (
        struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 8, 0, 0, crc, len(packed), size, 1, 0) + b"a" + packed
    )
    central = b"".join(
        struct.pack(
            "<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, crc, len(packed), size, 5, 0, 0, 0, 0, 0, 0
        )
        + b"%05d" % number
        for number in range(count)
    )
    end = struct.pack(
        "<4s4H2IH", b"PK\x05\x06", 0, 0, count & 0xFFFF, count & 0xFFFF, len(central), len(local), 0
    )
    return local + central + end


def many_entries(count: int) -> bytes:
    """A zip file of so many empty entries, whose end says that it has one."""
    data = bytearray(overlapping(count, 0))
    data[-14:-10] = struct.pack("<2H", 1, 1)
    return bytes(data)


def tarred(entries: dict[str, bytes], mode: str = "w:gz") -> bytes:
    """A tar of these entries."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as target:  # type: ignore[call-overload]
        for name, data in entries.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            target.addfile(info, io.BytesIO(data))
    return out.getvalue()


def open_repeated() -> bytes:
    """A sheet with one cell, a million times to the right and a million times down, a hundred times."""
    cell = (
        b'<table:table-cell table:number-columns-repeated="16384" office:value-type="string">'
        b"<text:p>xxxxxxxxxx</text:p></table:table-cell>"
    )
    row = b'<table:table-row table:number-rows-repeated="1048576">' + cell + b"</table:table-row>"
    data = office.open_sheet()
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        xml = source.read("content.xml")
    at = xml.index(b"<table:table-row")
    return replaced(data, {"content.xml": xml[:at] + row * 1000 + xml[at:]})


def mail_of_parts(depth: int) -> bytes:
    """An e-mail with parts in parts in parts."""
    head = b"From: a@example.org\r\nSubject: x\r\n"
    inner = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (number, number)
        for number in range(depth)
    )
    return head + inner + b"Content-Type: text/plain\r\n\r\nhello\r\n"


def same_slide(count: int) -> bytes:
    """A presentation that shows one large slide again and again."""
    data = office.slides()
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        xml = source.read("ppt/presentation.xml")
        slide = source.read("ppt/slides/slide1.xml")
    at = xml.index(b"<p:sldId ")
    one = xml[at : xml.index(b"/>", at) + 2]
    text = b"<a:p><a:r><a:t>words</a:t></a:r></a:p>" * 20_000
    large = slide.replace(b"</p:txBody>", noise(text) + text + b"</p:txBody>", 1)
    return replaced(
        data, {"ppt/presentation.xml": xml.replace(one, one * count), "ppt/slides/slide1.xml": large}
    )


def strings() -> bytes:
    """A workbook that shares two and a half million texts."""
    items = b"<si><t>x</t></si>" * 2_500_000
    xml = f'<sst xmlns="{_SHEET}">'.encode() + noise(items) + items + b"</sst>"
    return replaced(office.shared_strings(), {"xl/sharedStrings.xml": xml})


def again_and_again() -> bytes:
    """A book that has the same long chapter without a word three thousand times."""
    pages = {f"{n}.xhtml": "<p></p>" * 100_000 for n in range(3)}
    return office.book(pages, spine=["0.xhtml"] * 3000)


def rows(count: int) -> bytes:
    """A sheet of so many rows with a number each."""
    each = (b'<row r="%d"><c r="A%d"><v>%d</v></c></row>' % (n, n, n) for n in range(1, count + 1))
    return sheet_of(b"".join(each), b'<dimension ref="A1:A%d"/>' % count)


def styled(count: int) -> bytes:
    """A sheet of so many rows with a hundred cells each that have a style and nothing else."""
    cells = b'<c r="A1" s="1"/>' * 100
    return sheet_of(b"".join(b'<row r="%d">%s</row>' % (n, cells) for n in range(1, count + 1)))


def printed() -> bytes:
    """A notebook with twenty thousand outputs."""
    cell = {"cell_type": "code", "source": "x", "outputs": [{"text": "y" * 1000}] * 20_000}
    return json.dumps({"cells": [cell]}).encode()


_COMMENT = b"<!--" + b" " * 5000 + b"-->"
_EMPTY_CELL = b'<w:tc><w:tcPr><w:gridSpan w:val="99999999"/></w:tcPr></w:tc>'
_MULTIPART = b"From: a@b.c\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"

BOMBS: dict[str, Callable[[], bytes]] = {
    "zeros.docx": lambda: word(bytes(200 * MIB)),
    "laughs.docx": lambda: word(laughs(f'<w:document xmlns:w="{_WORD}">&lol9;</w:document>'.encode())),
    "laughs in an attribute.docx": lambda: word(laughs(b'<x a="&lol9;"/>')),
    "laughs further down.docx": lambda: word(
        laughs(b'<x a="&lol9;">&lol9;</x>').replace(b"<!DOC", _COMMENT + b"<!DOC")
    ),
    "deep.docx": lambda: word(b"<a>" + noise(bytes(MIB)) + b"<a>" * 200_000 + b"</a>" * 200_001),
    "deep tables.docx": lambda: word_of(b"<w:tbl><w:tr><w:tc>" * 80 + b"</w:tc></w:tr></w:tbl>" * 80),
    "paragraphs.docx": lambda: word_of(b"<w:p><w:r><w:t>word</w:t></w:r></w:p>" * 400_000),
    "spans.docx": lambda: word_of(b"<w:tbl><w:tr>" + _EMPTY_CELL * 50_000 + b"</w:tr></w:tbl>"),
    "rows.xlsx": lambda: rows(1_048_576),
    "styled.xlsx": lambda: styled(10_000),
    "far.xlsx": lambda: sheet_of(b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'),
    "far columns.xlsx": lambda: sheet_of(b'<row r="1"><c r="ZZZZZZZZ1"><v>1</v></c></row>'),
    "one row.xlsx": lambda: sheet_of(b'<row r="1">' + b'<c r="A1"><v>1</v></c>' * 1_000_000 + b"</row>"),
    "strings.xlsx": strings,
    "repeated.ods": open_repeated,
    "slide.pptx": lambda: same_slide(5000),
    "spine.epub": again_and_again,
    "deep.html": lambda: b"<html><body>" + b"<div>" * 200_000 + b"end",
    "deep list.html": lambda: b"<html><body>" + b"<ul><li>" * 100_000 + b"end",
    "bold.html": lambda: b"<html><body>" + b"<b>" * 300_000 + b"end",
    "quotes.html": lambda: b"<html><body>" + b"<blockquote>" * 1000 + b"line<br>" * 10_000,
    "spans.html": lambda: b"<html><table>" + b"<tr><td rowspan=9999 colspan=9999>x" * 20_000,
    "attributes.html": lambda: b"<html><body><a " + b"href='x' " * 1_000_000 + b">x",
    "deep.json": lambda: b"[" * 1_000_000 + b"]" * 1_000_000,
    "deep.ipynb": lambda: b'{"cells": ' + b"[" * 500_000 + b"]" * 500_000 + b"}",
    "outputs.ipynb": printed,
    "commas.csv": lambda: b"," * 10_000_000,
    "lines.csv": lambda: b"a,b\n" * 3_000_000,
    "quotes.csv": lambda: b'"' * 5_000_001,
    "backticks.md": lambda: b"`" * 10_000_000,
    "backticks.py": lambda: b"`" * 10_000_000,
    "deep.eml": lambda: mail_of_parts(5000),
    "parts.eml": lambda: _MULTIPART + b"--b\r\n\r\nx\r\n" * 200_000,
    "header.eml": lambda: b"From: a@b.c\r\nSubject: " + b"=?utf-8?q?=C3=A4?= " * 100_000 + b"\r\n\r\nx",
    "addresses.eml": lambda: b"Subject: x\r\nFrom: " + b"(" * 200_000 + b"\r\n\r\nx",
    "deep.rtf": lambda: b"{\\rtf1 " + b"{" * 1_000_000,
    "letters.rtf": lambda: b"{\\rtf1 " + b"\\'e4" * 1_000_000 + b"}",
    "zeros.gz": lambda: gzip.compress(bytes(300 * MIB), 1),
}
"""Name of the file -> how its bytes are made, for the readers of documents."""
