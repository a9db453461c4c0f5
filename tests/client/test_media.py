"""Images and files from wherever they come, read late and judged by their bytes."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.client.pictures import encoded, png
from tests.documents import pdfs
from tests.documents.test_photos import KINDS

from chatbench.client import sync
from chatbench.client.media import File, Image
from chatbench.core.errors import AttachmentRefused, FormatError
from chatbench.core.messages import (
    AudioPart,
    FilePart,
    ImagePart,
    InlineData,
    Message,
    ProviderFile,
    RemoteUrl,
    StoredFile,
    VideoPart,
)

PDF = b"%PDF-1.7\n1 0 obj"
PNG = png(4, 3)
URL = "https://example.org/a%20b.png?size=3"


@pytest.fixture(autouse=True)
def _nothing_left_running() -> Iterator[None]:
    """Pictures of other kinds are read on a loop of their own."""
    yield
    sync.background.stop()


def data_url(data: bytes, media_type: str) -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def test_the_same_picture_by_every_way(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(PNG)
    ways: list[Any] = [
        path, str(path), PNG, bytearray(PNG), memoryview(PNG), data_url(PNG, "image/jpeg"),
        base64.b64encode(PNG).decode(),
    ]  # fmt: skip
    for way in ways:
        part = Image(way).part()
        assert part.source == InlineData(data=PNG)
        assert (part.media_type, part.width, part.height, part.size) == ("image/png", 4, 3, len(PNG))
        assert Image(way) == Image(PNG)
        assert hash(Image(way)) == hash(Image(PNG))
    assert Image(path).part().name == "photo.jpg"
    assert Image(path, filename="other.png").name == "other.png"


def test_nothing_is_read_before_it_is_needed(tmp_path: Path) -> None:
    path = tmp_path / "later.png"
    image = Image(path)
    smaller = image.resize(2)
    assert repr(image) == "Image('later.png')"
    path.write_bytes(PNG)
    assert image.size == len(PNG)
    assert smaller.facts.width == 2
    path.unlink()
    assert image.data == PNG


def test_an_address_is_kept_and_never_fetched() -> None:
    image = Image(URL, detail="low")
    assert image.part() == ImagePart(source=RemoteUrl(url=URL), media_type="image/png", detail="low")
    assert (image.url, image.file_id, image.size) == (URL, None, None)
    assert Image("https://example.org/x").part().media_type == "image/*"
    assert File("gs://bucket/film.mp4").part() == VideoPart(
        source=RemoteUrl(url="gs://bucket/film.mp4"), media_type="video/mp4"
    )
    for read in (lambda: image.data, lambda: image.facts, lambda: image.resize(3)):
        with pytest.raises(AttachmentRefused, match=r"example\.org"):
            read()


def test_a_file_at_a_provider_goes_by_its_id() -> None:
    file = File(file_id="file-1", provider="anthropic", media_type="application/pdf")
    assert file.part() == FilePart(
        source=ProviderFile(provider="anthropic", file_id="file-1"), media_type="application/pdf"
    )
    assert file != File(file_id="file-1", provider="openai")
    assert repr(file) == "File('file-1')"
    with pytest.raises(AttachmentRefused, match="file-1"):
        _ = file.data


@pytest.mark.parametrize("given", [(), (PDF, "id")])
def test_either_data_or_an_id(given: tuple[Any, ...]) -> None:
    with pytest.raises(AttachmentRefused, match="either"):
        File(*given[:1], file_id=given[1] if given else None)


def test_the_fingerprint_is_of_the_bytes_or_of_what_stands_for_them() -> None:
    assert File(PDF).fingerprint == hashlib.sha256(PDF).hexdigest()
    assert File(PDF, filename="a").fingerprint == File(PDF, filename="b").fingerprint
    assert len({File(URL).fingerprint, File(URL + "x").fingerprint, File(file_id=URL).fingerprint}) == 3


def test_a_large_picture_is_made_smaller_and_a_small_one_left_alone(tmp_path: Path) -> None:
    large = Image(encoded(300, 150, "JPEG"), filename="a.jpg", detail="high")
    smaller = large.resize(100)
    assert (smaller.facts.width, smaller.facts.height) == (100, 50)
    assert (smaller.name, smaller.part().detail) == ("a.jpg", "high")
    assert smaller.fingerprint != large.fingerprint
    assert (large.facts.width, large.facts.height) == (300, 150)
    assert large.resize(300).data == large.data
    small_file = tmp_path / "a.jpg"
    small_file.write_bytes(large.data)
    assert Image(small_file).resize(100).resize(200).facts.width == 100
    assert (large.resize(100).resize(200).facts.width, large.resize(200).resize(100).facts.width) == (
        100,
        100,
    )
    assert (large.resize(100).size or 0) < (large.size or 0)
    with pytest.raises(AttachmentRefused, match="one pixel"):
        large.resize(0)
    with pytest.raises(AttachmentRefused, match="not on this computer"):
        Image(file_id="f", max_size=9)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_the_bytes_tell_the_kind(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.pdf"
    path.write_bytes(encoded(5, 5, kind))
    assert File(path).part().media_type == f"image/{kind.lower()}"
    assert isinstance(File(path).part(), ImagePart)


@pytest.mark.parametrize(
    ("data", "name", "media_type", "part"),
    [
        (PDF, "x.png", "application/pdf", FilePart),
        (b"ID3\x04", "", "audio/mpeg", AudioPart),
        (b"\xff\xfb\x90\x00", "", "audio/mpeg", AudioPart),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "x.txt", "audio/wav", AudioPart),
        (b"fLaC\x00", "", "audio/flac", AudioPart),
        (b"OggS\x00", "", "audio/ogg", AudioPart),
        (b"\x00\x00\x00\x20ftypisom", "", "video/mp4", VideoPart),
        (b"\x00\x00\x00\x20ftypM4A ", "", "audio/mp4", AudioPart),
        (b"\x1aE\xdf\xa3\x01", "", "video/webm", VideoPart),
        (b"a,b\n1,2", "table.csv", "text/csv", FilePart),
        (b"a,b\n1,2", "table.png", "text/plain", FilePart),
        (b'{"a": 1}', "x.json", "application/json", FilePart),
        ("Grüße".encode(), "", "text/plain", FilePart),
        (("ü" * 5000).encode()[1:], "", "application/octet-stream", FilePart),
        (b"x" + "ü".encode() * 5000, "", "text/plain", FilePart),
        (b"PK\x03\x04 mimetype", "a.odt", "application/vnd.oasis.opendocument.text", FilePart),
        (b"PK\x03\x04 stuff", "a.png", "application/zip", FilePart),
        (b"\x00\x01\x02\x03", "a.pdf", "application/octet-stream", FilePart),
        (b"", "", "text/plain", FilePart),
    ],
)  # fmt: skip
def test_other_files_are_known_by_their_bytes(data: bytes, name: str, media_type: str, part: type) -> None:
    made = File(data, filename=name).part()
    assert (made.media_type, type(made)) == (media_type, part)
    assert made.size == len(data)


def test_what_is_said_of_a_file_holds() -> None:
    assert File(b"a;b", media_type="text/csv").part().media_type == "text/csv"
    assert File("data:text/html,%3Cb%3E").part() == FilePart(
        source=InlineData(data=b"<b>"), media_type="text/html", size=3
    )


def test_what_cannot_be_read_is_refused_with_a_hint(tmp_path: Path) -> None:
    fifo = tmp_path / "pipe"
    os.mkfifo(fifo)
    broken = tmp_path / "broken.png"
    broken.write_bytes(PNG[:50])
    text = tmp_path / "text.png"
    text.write_text("not a picture")
    for path in (
        tmp_path,
        fifo,
        tmp_path / "nowhere.png",
        broken,
        text,
        "no\0name",
        "data:image/png;base64,###",
    ):
        with pytest.raises(AttachmentRefused) as refused:
            Image(path).part()
        assert refused.value.hint
    for path in ("/nowhere/paper.pdf", "/nowhere/" + "a" * 31):
        with pytest.raises(AttachmentRefused, match="does not exist"):
            File(path).part()


@given(st.one_of(st.text(max_size=60), st.binary(max_size=60)))
@example(b"BM" + bytes(12) + b"\x28" + bytes(9))
def test_any_bytes_or_text_are_a_file_or_refused(data: Any) -> None:
    try:
        source = File(data).part().source
    except AttachmentRefused:
        return
    assert isinstance(source, InlineData | RemoteUrl)


def test_to_dict_and_back() -> None:
    for file in (
        File(PDF, filename="a.pdf"),
        File(URL),
        File(file_id="f", provider="gemini", media_type="text/csv"),
        Image(PNG, detail="high"),
        Image(URL, detail="low"),
    ):
        again = type(file).from_dict(file.to_dict())
        assert again == file
        assert again.part() == file.part()
    with pytest.raises(FormatError):
        File.from_dict({"type": "text", "text": "x"})
    stored = FilePart(source=StoredFile(sha256="0" * 64), media_type="text/plain", name="a.txt")
    with pytest.raises(AttachmentRefused, match=r"a\.txt"):
        File.from_part(stored)


def test_a_name_may_begin_with_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "~nobody-of-that-name").write_bytes(b"words")
    assert File("~nobody-of-that-name").data == b"words"
    with pytest.raises(AttachmentRefused, match="does not exist"):
        File("~nobody-of-that-name/x").part()


# ---- pages of a PDF, pictures of other kinds


async def test_the_pages_of_a_pdf_are_pictures(tmp_path: Path) -> None:
    path = tmp_path / "minutes.pdf"
    path.write_bytes(pdfs.header_and_footer().data)
    pages = await Image.from_pdf(path)
    assert [page.name for page in pages] == ["minutes-1.jpg", "minutes-2.jpg", "minutes-3.jpg"]
    part = pages[1].part()
    assert (part.media_type, part.width, part.height) == ("image/jpeg", 724, 1024)
    for way in (path.read_bytes(), str(path), File(path)):
        assert await Image.from_pdf(way) == pages


async def test_pages_are_chosen_by_number_or_as_they_are_written() -> None:
    data = pdfs.book(9)
    pages = await Image.from_pdf(data, pages="2-3, -1", dpi=50, target_size=None)
    assert [page.name for page in pages] == ["page-2.jpg", "page-3.jpg", "page-9.jpg"]
    assert (pages[0].facts.width, pages[0].facts.height) == (413, 585)
    assert await Image.from_pdf(data, pages=(2, 3, 9), dpi=50, target_size=None) == pages
    (small,) = await Image.from_pdf(data, pages=[1], target_size=100)
    assert small.facts.height == 100
    with pytest.raises(AttachmentRefused, match="no page 10"):
        await Image.from_pdf(data, pages="10")


async def test_a_locked_pdf_needs_its_password() -> None:
    locked = pdfs.encrypted(pdfs.single().data, "AES-256", "secret")
    for pages in (None, "1"):
        with pytest.raises(AttachmentRefused, match="opens with a password only"):
            await Image.from_pdf(locked, pages=pages)
        with pytest.raises(AttachmentRefused, match="not the password"):
            await Image.from_pdf(locked, password="wrong", pages=pages)
        assert len(await Image.from_pdf(locked, password="secret", pages=pages)) == 1


def test_pages_without_a_loop_and_what_is_no_pdf() -> None:
    (page,) = Image.from_pdf_sync(pdfs.single().data, dpi=20)
    assert page.facts.height == 234
    with pytest.raises(AttachmentRefused, match="is not a PDF"):
        Image.from_pdf_sync(PNG)


@pytest.mark.parametrize("name", ["bmp", "tiff-lying", "avif", "heic", "svg"])
def test_pictures_of_other_kinds_become_ones_that_models_take(name: str, tmp_path: Path) -> None:
    path = tmp_path / "picture.any"
    path.write_bytes(KINDS[name])
    image = Image(path)
    assert image.media_type in ("image/png", "image/jpeg")
    assert (image.facts.width, image.facts.height) == ((1024, 512) if name == "svg" else (120, 80))
    assert image.part().media_type == image.media_type
    assert Image(path).resize(40).facts.width == 40
    assert File(path).part() == image.part()
    assert Image(image.data) == image
    assert Message.user("?", image=path).parts[0] == image.part()
