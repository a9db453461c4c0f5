"""Base64, data URLs and addresses as parts of a message."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbench.core.messages import (
    AudioPart,
    FilePart,
    ImagePart,
    InlineData,
    ProviderFile,
    RemoteUrl,
    VideoPart,
)
from chatbench.documents.kinds import media_type_of
from chatbench.documents.parts import bytes_of, data_of, media_type_at, part_at, part_of

GIF = b"GIF89a\x07\x00\x05\x00\x80"
DATA = InlineData(data=b"x")


@given(st.binary(max_size=50))
def test_base64_is_read_as_it_was_written(data: bytes) -> None:
    text = base64.b64encode(data).decode()
    assert bytes_of(text) == data
    assert bytes_of("\n".join(text[at : at + 4] for at in range(0, len(text), 4))) == data
    assert data_of(f"data:image/png;base64,{text}") == ("image/png", data)


@pytest.mark.parametrize("text", ["abc", "a===", "!!!!", "ab\u00e9d"])
def test_what_is_no_base64_is_none(text: str) -> None:
    assert bytes_of(text) is None
    assert data_of(f"data:image/png;base64,{text}") is None
    assert part_at(f"data:image/png;base64,{text}", "image/png") is None


def test_data_urls_of_every_form() -> None:
    assert data_of("data:,a%20b") == ("", b"a b")
    assert data_of("DATA:text/plain;charset=utf-8;BASE64,YQ==") == ("text/plain", b"a")
    assert data_of("https://example.org") is None


def test_the_media_type_tells_the_part() -> None:
    assert part_of(DATA, "audio/wav", "a.wav") == AudioPart(
        source=DATA, media_type="audio/wav", name="a.wav", size=1
    )
    assert part_of(DATA, "video/mp4") == VideoPart(source=DATA, media_type="video/mp4", size=1)
    assert part_of(DATA, "") == FilePart(source=DATA, media_type="text/plain", size=1)
    remote = ProviderFile(provider="p", file_id="f")
    assert part_of(remote, "") == FilePart(source=remote, media_type="application/octet-stream")


def test_a_picture_is_measured_and_a_damaged_one_is_not() -> None:
    source = InlineData(data=GIF)
    assert part_of(source, "image/gif", detail="low") == ImagePart(
        source=source, media_type="image/gif", size=len(GIF), width=7, height=5, detail="low"
    )
    cut = part_of(InlineData(data=GIF[:7]), "image/gif")
    assert isinstance(cut, ImagePart)
    assert (cut.width, cut.height) == (0, 0)


def test_an_address_tells_by_its_ending() -> None:
    assert media_type_at("https://example.org/a/b.PNG?x=.pdf") == "image/png"
    assert media_type_at("https://[broken") == ""
    url = RemoteUrl(url="https://example.org/a.webp")
    assert part_at(url.url, "image/*") == ImagePart(source=url, media_type="image/webp")
    assert part_at(url.url, "image/png") == ImagePart(source=url, media_type="image/png")
    plain = RemoteUrl(url="https://example.org/a")
    assert part_at(plain.url, "image/*") == ImagePart(source=plain, media_type="image/*")


@given(st.binary(max_size=64), st.text(max_size=12))
def test_any_bytes_are_of_some_kind(data: bytes, name: str) -> None:
    kind, slash, rest = media_type_of(data, name).partition("/")
    assert kind
    assert slash
    assert rest
