"""What a file is: by its bytes first, by what is in it where it is a zip, by its name last."""

from __future__ import annotations

import gzip
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.documents import bombs, office, recordings

from chatbench.documents import kinds
from chatbench.documents.kinds import is_text, media_type_named, media_type_of
from chatbench.documents.markdown.convert import is_document

MAIL = b"Received: from x\r\n by y\r\nFrom: a@b.c\r\nTo: d@e.f\r\nSubject: hello\r\n\r\nwords\r\n"
OFFICE = {
    kinds.DOCX: office.letter(),
    kinds.XLSX: office.workbook(),
    kinds.PPTX: office.slides(),
    kinds.ODT: office.open_text(),
    kinds.ODS: office.open_sheet(),
    kinds.ODP: office.open_slides(),
    kinds.EPUB: office.book({"a.xhtml": "<p>x</p>"}),
}


@pytest.mark.parametrize("media_type", OFFICE)
@pytest.mark.parametrize("name", ["", "a.docx", "a.zip", "a.txt", "a.xlsx"])
def test_an_office_file_is_told_by_what_is_in_it(media_type: str, name: str) -> None:
    assert media_type_of(OFFICE[media_type], name) == media_type


@pytest.mark.parametrize("media_type", OFFICE)
def test_one_that_is_damaged_is_what_its_name_says(media_type: str) -> None:
    cut = OFFICE[media_type][:-30]
    assert media_type_of(cut, "a.docx") == kinds.DOCX
    assert media_type_of(cut, "a.png") == kinds.ZIP


@pytest.mark.parametrize(
    ("old", "new", "media_type"),
    [
        (b"officedocument.wordprocessingml.document.main", b"ms-word.document.macroEnabled.main", kinds.DOCX),
        (b"wordprocessingml.document.main", b"wordprocessingml.template.main", kinds.DOCX),
        (b"wordprocessingml.document.main", b"something.else", kinds.ZIP),
    ],
)  # fmt: skip
def test_templates_and_macros_are_of_the_same_kind(old: bytes, new: bytes, media_type: str) -> None:
    data = bombs.replaced_in(office.letter(), "[Content_Types].xml", old, new)
    assert media_type_of(data, "a.docx") == media_type


def test_a_zip_of_text_is_a_zip_whatever_it_is_called() -> None:
    assert media_type_of(bombs.zipped({"a.txt": b"x", "word/document.xml": b"x"}), "a.docx") == kinds.ZIP


def test_a_mimetype_may_stand_anywhere() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("content.xml", "<x/>")
        target.writestr("mimetype", "application/vnd.oasis.opendocument.text-template\n")
    assert media_type_of(out.getvalue(), "a") == kinds.ODT


@pytest.mark.parametrize(
    ("data", "name", "media_type"),
    [
        (MAIL, "a.txt", kinds.MAIL),
        (MAIL, "", kinds.MAIL),
        (b"From: me\nTo: you\nSubject: a note\n\ntext", "note.txt", "text/plain"),
        (b"From: me\nTo: you\nSubject: a note\n\ntext", "note.eml", kinds.MAIL),
        (b"  <!DOCTYPE html><p>x", "page.txt", "text/html"),
        (b"<?xml version='1.0'?>\n<!-- c --><html>", "", "text/html"),
        (b"\xef\xbb\xbf<html>", "a", "text/html"),
        (b"{\\rtf1 x}", "a.doc", kinds.RTF),
        (b'{"cells": []}', "a.ipynb", kinds.NOTEBOOK),
        (b"a,b\n", "a.csv", "text/csv"),
        (b"a,b\n", "a.txt", "text/plain"),
        (b"x = 1\n", "a.py", "text/x-python"),
        (b"export const x = 1\n", "a.ts", "text/plain"),
        ("Füße\n".encode("cp1252"), "a.txt", "text/plain"),
        ("Füße\n".encode("cp1252"), "a.csv", "text/csv"),
        ("Füße\n".encode("cp1252"), "a.bin", kinds.UNKNOWN),
        ("a;b\n".encode("utf-16"), "a.csv", "text/csv"),
        ("words\n".encode("utf-16-le"), "a.txt", "text/plain"),
        ("words\n".encode("utf-16"), "", "text/plain"),
        (bytes(range(256)), "a.txt", kinds.UNKNOWN),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.docx", kinds.OLE),
        (gzip.compress(b"x", mtime=0), "a.tar.gz", kinds.GZIP),
        (bombs.tarred({"a": b"x"}, "w:"), "a.tar", kinds.TAR),
        (recordings.sound("m4a"), "", "audio/mp4"),
        (recordings.film("mp4"), "voice.m4a", "audio/mp4"),
        (recordings.film("mp4"), "a.mp4", "video/mp4"),
        (recordings.sound("weba"), "a.webm", "audio/webm"),
        (recordings.film("webm"), "a.weba", "video/webm"),
        (recordings.film("mkv"), "a.webm", "video/x-matroska"),
        (recordings.sound("aac"), "", "audio/aac"),
        (recordings.sound("mp3"), "a.txt", "audio/mpeg"),
    ],
)
def test_bytes_come_before_the_name(data: bytes, name: str, media_type: str) -> None:
    assert media_type_of(data, name) == media_type


@pytest.mark.parametrize(
    ("media_type", "text", "document"),
    [
        ("text/x-anything", True, True),
        ("application/json", True, True),
        ("application/atom+xml", True, True),
        (kinds.DOCX, False, True),
        (kinds.ZIP, False, False),
        ("image/svg+xml", False, False),
        ("application/pdf", False, False),
        ("audio/mpeg", False, False),
    ],
)
def test_what_can_be_read_as_text(media_type: str, text: bool, document: bool) -> None:
    assert (is_text(media_type), is_document(media_type)) == (text, document)


@pytest.mark.parametrize(
    ("name", "media_type"),
    [("a.TS", "text/plain"), ("A.DOCX", kinds.DOCX), ("x", ""), (".md", "text/markdown")],
)
def test_a_name_says_what_it_says_everywhere(name: str, media_type: str) -> None:
    assert media_type_named(name) == media_type


@given(st.binary(max_size=400), st.sampled_from(["", "a.txt", "a.docx", "a.webm", "a.eml"]))
def test_any_bytes_are_of_some_kind(data: bytes, name: str) -> None:
    for beginning in (b"", b"PK\x03\x04", b"\x1aE\xdf\xa3", b"RIFF", b"\xff\xfe", b"From: "):
        assert "/" in media_type_of(beginning + data, name)


@pytest.mark.parametrize("name", ["a.toml", "b.YAML", "c.rs", "d.tsx", "e.sql", "f.tex"])
def test_what_people_write_programs_and_settings_in_is_text_by_its_name(name: str) -> None:
    assert kinds.is_text(kinds.media_type_named(name))
