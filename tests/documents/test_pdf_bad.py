"""PDFs that are damaged or mean harm: refused in words or read, in bounded time and memory."""

from __future__ import annotations

import random
import re
import resource
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.documents import pdfbombs, pdfs

from chatbench.core.errors import AttachmentRefused
from chatbench.documents.confined import confined, confined_stream
from chatbench.documents.pdf import LIMITS
from chatbench.documents.pdf.copies import subset, unlocked
from chatbench.documents.pdf.drawing import render, thumbnail
from chatbench.documents.pdf.inspecting import inspect
from chatbench.documents.pdf.text import text

ACTS: tuple[Callable[[bytes], Any], ...] = (
    lambda data: inspect(data, "", "x.pdf"),
    lambda data: list(text(data, None, "", "x.pdf")),
    lambda data: list(render(data, None, 20, 200, "", "image/jpeg", "x.pdf")),
    lambda data: thumbnail(data, 1, 50, "", "x.pdf"),
    lambda data: unlocked(data, "", "x.pdf"),
    lambda data: subset(data, (1,), "", "x.pdf"),
)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is not a PDF"),
        (b"MZ\x90\0 some program", "is not a PDF"),
        (b"<html>" + b" " * 5000 + b"%PDF-1.7", "is not a PDF"),
        (b"%PDF-1.7\n", "is damaged"),
        (b"%PDF-1.7\n" + b"\0" * 5000, "is damaged"),
    ],
)
def test_what_is_no_pdf_is_refused_in_words(data: bytes, said: str) -> None:
    for act in ACTS:
        with pytest.raises(AttachmentRefused, match=f"^x.pdf {said}") as refused:
            act(data)
        assert refused.value.hint


def judged(data: bytes) -> None:
    for act in ACTS:
        try:
            act(data)
        except AttachmentRefused:
            continue


@pytest.mark.parametrize("name", ["table", "form", "hyphenated", "scan with words"])
def test_a_truncated_file_is_refused_or_read(name: str) -> None:
    data = pdfs.LAYOUTS[name]().data
    for share in range(40):
        judged(data[: len(data) * share // 40])


@pytest.mark.parametrize("name", ["table", "form", "arabic", "cjk", "rotated by 90"])
def test_any_damage_is_refused_or_read(name: str) -> None:
    chance = random.Random(name)
    whole = pdfs.LAYOUTS[name]().data
    for _ in range(25):
        data = bytearray(whole)
        for _ in range(chance.choice((1, 3, 20))):
            at = chance.randrange(len(data))
            data[at : at + chance.randrange(4)] = chance.randbytes(chance.randrange(4))
        judged(bytes(data))


@settings(max_examples=60)
@given(st.binary(max_size=300))
def test_any_bytes_are_refused_or_read(tail: bytes) -> None:
    judged(b"%PDF-1.7\n" + tail)


@pytest.mark.parametrize("name", pdfbombs.ALL)
@pytest.mark.parametrize("task", ["pdf_facts", "pdf_text", "pdf_pictures"])
async def test_what_means_harm_costs_neither_time_nor_memory(name: str, task: str) -> None:
    """Refused in words, within two seconds of work, or read after all; nothing of it in this process."""
    data = pdfbombs.ALL[name]()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    spent = _spent_by_children()
    refused = await refusal(task, data)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024
    if refused is not None:
        assert re.match(r"x\.pdf|Page 1 of x\.pdf", str(refused))
        assert refused.hint
        assert _spent_by_children() - spent < 2


async def refusal(task: str, data: bytes) -> AttachmentRefused | None:
    arguments = {"pdf_pictures": (None, 100, 1000, "", "image/jpeg", "x.pdf")}.get(task, ())
    try:
        async for _ in confined_stream(task, data, *arguments, name="x.pdf", limits=LIMITS):
            pass
    except AttachmentRefused as error:
        return error
    return None


def _spent_by_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


async def test_the_same_comes_out_of_the_child() -> None:
    data = pdfs.header_and_footer().data
    assert await confined("pdf_facts", data, limits=LIMITS) == inspect(data)
    assert [page async for page in confined_stream("pdf_text", data, (3, 1))] == list(text(data, (3, 1)))
    told: list[tuple[int, int]] = []
    stream = confined_stream(
        "pdf_pictures", data, None, 50, on_progress=lambda done, total: told.append((done, total))
    )
    assert [page async for page in stream] == list(render(data, None, 50))
    assert told[0] == (0, 3)
    locked = pdfs.encrypted(data, "AES-256", "secret")
    assert inspect(await confined("pdf_unlocked", locked, "secret")).text_pages == (1, 2, 3)
    assert (await confined("pdf_thumbnail", locked, 2, 90, "secret")).height == 90
    with pytest.raises(AttachmentRefused, match=r"not the password of y\.pdf"):
        await confined("pdf_subset", locked, (1,), "wrong", "y.pdf")
