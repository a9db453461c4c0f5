"""Files made to break their reader: each is read or refused in a moment, in little memory, and nothing is
written."""

from __future__ import annotations

import asyncio
import io
import re
import resource
import tempfile
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.documents import bombs, office

from chatbench.core.errors import AttachmentRefused
from chatbench.documents.confined import confined
from chatbench.documents.markdown.convert import convert
from chatbench.documents.markdown.writing import MAX_CHARACTERS, Converted

MIB = 1 << 20


def resident() -> tuple[int, int]:
    """Bytes of this process in memory: now, and at the most since `forget`."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmRSS"].split()[0]) * 1024, int(status["VmHWM"].split()[0]) * 1024


def spent_by_children() -> float:
    """Seconds of processor time of the readers that have ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def forget() -> None:
    Path("/proc/self/clear_refs").write_text("5")


@pytest.fixture(autouse=True)
def _nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield
    assert list(tmp_path.rglob("*")) == [folder]


@pytest.mark.parametrize("name", bombs.BOMBS)
async def test_a_bomb_is_refused_or_cut_in_a_moment(name: str) -> None:
    data = bombs.BOMBS[name]()
    forget()
    before, _ = resident()
    began = spent_by_children()
    reading = confined("markdown", data, name, name=name)
    ended: Any = (await asyncio.gather(reading, return_exceptions=True))[0]
    took = spent_by_children() - began
    _, most = resident()
    print(f"{name}: {took:.2f} s, {(most - before) / MIB:.0f} MiB; {getattr(ended, 'message', 'read')}")
    if isinstance(ended, AttachmentRefused):
        assert name in ended.message
        assert ended.hint
    else:
        assert isinstance(ended, Converted)
        assert len(ended.markdown) <= 2 * MAX_CHARACTERS
    assert took < 4, "seconds of processor time, of which a busy machine takes twice as many"
    assert most - before < 200 * MIB


WHOLE = {
    "a.docx": office.letter(),
    "a.xlsx": office.workbook(),
    "shared.xlsx": office.shared_strings(),
    "a.pptx": office.slides(),
    "a.odt": office.open_text(),
    "a.ods": office.open_sheet(),
    "a.odp": office.open_slides(),
    "a.epub": office.book({"one.xhtml": "<html><body><p>Words</p></body></html>" * 20}),
    "a.html": b"<!doctype html><html><body><table><tr><td>a<td>b</table><p>Some <b>words</b>" * 30,
    "a.eml": b"From: a@b.c\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    + b"--b\r\nContent-Type: text/html\r\n\r\n<p>x</p>\r\n" * 40,
    "a.rtf": b"{\\rtf1\\ansi{\\fonttbl\\f0 Arial;}" + b"Some {\\b words} \\'e4\\par " * 60 + b"}",
    "a.ipynb": b'{"cells": [' + b'{"cell_type": "code", "source": ["x"], "outputs": []},' * 40 + b"{}]}",
    "a.json": b'{"a": [' + b'{"b": "\\u00e4"},' * 100 + b"1]}",
    "a.csv": b'a,"b ""x""",c\r\n' * 100,
    "utf16.csv": ("a;b\r\n" * 100).encode("utf-16"),
}


@pytest.mark.parametrize("name", WHOLE)
def test_one_that_is_cut_anywhere_is_read_or_refused(name: str) -> None:
    data = WHOLE[name]
    convert(data, name)
    step = max(100, len(data) // 200)
    for end in range(0, len(data), step):
        with suppress(AttachmentRefused):
            convert(data[:end], name)


@pytest.mark.parametrize("name", WHOLE)
@given(seed=st.randoms(use_true_random=False))
@settings(max_examples=20)
def test_one_that_is_broken_anywhere_is_read_or_refused(name: str, seed: Any) -> None:
    data = bytearray(WHOLE[name])
    for _ in range(10):
        data[seed.randrange(len(data))] = seed.randrange(256)
    with suppress(AttachmentRefused):
        convert(bytes(data), name)


@pytest.mark.parametrize("name", ["laughs.docx", "laughs in an attribute.docx"])
def test_xml_that_defines_names_is_not_even_begun(name: str) -> None:
    with pytest.raises(AttachmentRefused, match="defines names of its own"):
        convert(bombs.BOMBS[name](), name)


def parts_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {one: archive.read(one) for one in archive.namelist()}


@pytest.mark.parametrize("name", [name for name, data in WHOLE.items() if data.startswith(b"PK")])
@given(seed=st.randoms(use_true_random=False))
@settings(max_examples=20)
def test_one_whose_xml_says_nonsense_is_read_or_refused(name: str, seed: Any) -> None:
    """Sound zip, sound XML; but attributes, references and order are what they never are."""
    parts = parts_of(WHOLE[name])
    texts = [one for one in parts if one.endswith((".xml", ".rels", ".opf", ".xhtml"))]
    chosen = seed.choice(texts)
    values = list(re.finditer(rb'="([^"]*)"', parts[chosen]))
    others = [b"", b"-1", b"99999999999", b"../../../etc/passwd", b"x" * 50, "ä\u0661".encode(), b"true"]
    others += [value[1] for value in seed.sample(values, min(5, len(values)))]
    text = parts[chosen]
    for value in reversed(values):
        if seed.random() < 0.2 and b"http" not in value[1] and b"urn:" not in value[1]:
            text = text[: value.start(1)] + seed.choice(others) + text[value.end(1) :]
    with suppress(AttachmentRefused):
        convert(bombs.zipped(parts | {chosen: text}), name)


@pytest.mark.parametrize("name", [name for name, data in WHOLE.items() if data.startswith(b"PK")])
def test_one_that_lacks_a_part_is_read_or_refused(name: str) -> None:
    parts = parts_of(WHOLE[name])
    for lacking in parts:
        with suppress(AttachmentRefused):
            convert(bombs.zipped({one: data for one, data in parts.items() if one != lacking}), name)


@pytest.mark.parametrize("name", [name for name, data in WHOLE.items() if data.startswith(b"PK")])
def test_an_entity_that_names_a_file_gives_nothing_of_it(name: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("CANARY", encoding="utf-8")
    defines = (
        f'<!DOCTYPE x [<!ENTITY e SYSTEM "{secret.as_uri()}"><!ENTITY % p SYSTEM "{secret.as_uri()}">%p;]>'
    )
    parts = parts_of(WHOLE[name])
    for part, data in parts.items():
        if not part.endswith((".xml", ".rels", ".opf", ".xhtml")):
            continue
        text = re.sub(rb"^<\?xml[^>]*\?>\s*", b"", data)
        text = defines.encode() + re.sub(rb">([^<>]+)<", rb">&e;\1<", text)
        with suppress(AttachmentRefused):
            assert "CANARY" not in convert(bombs.zipped(parts | {part: text}), name).markdown
    secret.unlink()
