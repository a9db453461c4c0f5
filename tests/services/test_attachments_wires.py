"""Every wire and every kind of file, from the file on the disk to what the provider decodes: the request is
one of the vendor's own types, and what is in it is what was attached."""

from __future__ import annotations

import base64
import binascii
import io
import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pypdfium2
import pytest
from PIL import Image, ImageChops, ImageStat
from tests.contracts import (
    test_anthropic,
    test_cohere,
    test_gemini,
    test_mistral,
    test_ollama,
    test_openai_chat,
    test_openai_responses,
)
from tests.contracts.vendors import accept
from tests.documents import office, pdfs, pictures, recordings
from tests.loopback.server import LoopbackServer
from tests.services.conftest import Open, loop, stored

from chatbench.core.conversations import Draft, SentFile
from chatbench.core.errors import AttachmentRefused
from chatbench.core.messages import FilePart, MediaPart
from chatbench.core.models import Modality, ModelInfo, ModelRef
from chatbench.services import Services

ALL: frozenset[Modality] = frozenset({"text", "image", "file", "audio", "video"})
PICTURE = pictures.saved(pictures.corner(), "PNG")
REPORT = pdfs.joined(pdfs.single().data, pdfs.two_columns().data)
JUDGES: dict[str, Callable[[Any], None]] = {
    "anthropic": lambda sent: accept(test_anthropic.STREAMED, sent),
    "openai_chat": lambda sent: accept(test_openai_chat.STREAMED, sent),
    "openai_responses": lambda sent: accept(test_openai_responses.STREAMED, sent),
    "gemini": test_gemini.accept,
    "mistral": test_mistral.accept,
    "cohere": test_cohere.accept,
    "ollama": test_ollama.accept,
}
NATIVE = {"anthropic", "openai_chat", "openai_responses", "gemini", "mistral"}
SOUND = {"openai_chat", "gemini", "mistral"}
FILM = {"gemini"}
WIRES = sorted(JUDGES)


@pytest.fixture
async def services(opened: Open, server: LoopbackServer) -> AsyncIterator[Services]:
    """A provider of each wire, called as the wire, whose model `m` takes whatever the wire has places for."""
    async with opened(LOOPBACK_KEY="k") as running:
        for wire in WIRES:
            rows = (ModelInfo(ref=ModelRef(wire, "m"), inputs=ALL, source="user"),)
            auth = "header:x-goog-api-key" if wire == "gemini" else "none"
            running.endpoints.save(
                loop(
                    server, id=wire, wire=wire, base_url=server.base_url(wire), rows=rows, auth=auth,
                    key_env=("LOOPBACK_KEY",),
                )
            )  # fmt: skip
        yield running


async def sent(
    services: Services, server: LoopbackServer, wire: str, part: MediaPart
) -> tuple[Any, SentFile]:
    """The body that the provider got for a question with this file, and what the answer says of it."""
    server.asked.clear()
    conversation = await services.chat.new_conversation(ModelRef(wire, "m"))
    turn = await services.chat.send(conversation.id, Draft(text="Look at it", attachments=(part,)))
    await services.chat.wait(turn)
    answer = await stored(services, turn.answers[0].id)
    assert answer.error is None, answer.error
    (asked,) = [one for one in server.asked if one.body]
    JUDGES[wire](asked.json)
    (file,) = answer.sent_files
    return asked.json, file


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)
    elif isinstance(value, str):
        yield value


def decoded(body: Any) -> list[bytes]:
    """All that is in base64, whatever the vendor calls it."""
    found = []
    for text in strings(body):
        head, _, data = text.partition(";base64,")
        try:
            raw = base64.b64decode(data if head.startswith("data:") else text, validate=True)
        except (binascii.Error, ValueError):
            continue
        if len(raw) > 100:
            found.append(raw)
    return found


def words(body: Any) -> str:
    return "\n".join(strings(body))


def info(wire: str) -> ModelInfo:
    return ModelInfo(ref=ModelRef(wire, "m"), inputs=ALL, source="user")


def difference(one: Image.Image, other: Image.Image) -> float:
    """Of two pictures, 0 to 255 on the average."""
    assert one.size == other.size
    apart = ImageChops.difference(one.convert("L"), other.convert("L"))
    return float(ImageStat.Stat(apart).mean[0])


@pytest.mark.parametrize("wire", WIRES)
async def test_a_picture(services: Services, server: LoopbackServer, wire: str) -> None:
    part = await services.attachments.attach_bytes(PICTURE, "p.png", info(wire))
    body, file = await sent(services, server, wire, part)
    (data,) = decoded(body)
    with Image.open(io.BytesIO(data)) as seen, Image.open(io.BytesIO(PICTURE)) as original:
        assert difference(seen, original) == 0
    assert file.form == "picture"


@pytest.mark.parametrize("wire", WIRES)
async def test_a_pdf_as_it_is(services: Services, server: LoopbackServer, wire: str) -> None:
    """Where the wire has a place for one; elsewhere it goes as text."""
    part = await services.attachments.attach_bytes(REPORT, "report.pdf", info(wire))
    body, file = await sent(services, server, wire, part)
    if wire in NATIVE:
        assert decoded(body) == [REPORT]
        assert file == SentFile(original=file.original, form="native", sent=(file.original,))
    else:
        assert decoded(body) == []
        assert "[Page 2]" in words(body)
        assert file.form == "text"


@pytest.mark.parametrize("wire", WIRES)
async def test_a_pdf_as_text(services: Services, server: LoopbackServer, wire: str) -> None:
    part = await services.attachments.attach_bytes(REPORT, "report.pdf", info(wire))
    assert isinstance(part, FilePart)
    body, file = await sent(services, server, wire, msgspec.structs.replace(part, form="text"))
    first, second = (await services.attachments.words(part)).split("\f")
    told = words(body)
    assert decoded(body) == []
    assert f"[Page 1]\n{first.strip()}" in told
    assert f"[Page 2]\n{second.strip()}" in told
    assert 'name="report.pdf"' in told
    assert file.form == "text"


@pytest.mark.parametrize("wire", WIRES)
async def test_a_pdf_as_pages(services: Services, server: LoopbackServer, wire: str) -> None:
    part = await services.attachments.attach_bytes(REPORT, "report.pdf", info(wire))
    assert isinstance(part, FilePart)
    body, file = await sent(services, server, wire, msgspec.structs.replace(part, form="pages"))
    pages = decoded(body)
    document = pypdfium2.PdfDocument(REPORT)
    assert len(pages) == len(file.sent) == len(document) == 2
    for data, page in zip(pages, document, strict=True):
        with Image.open(io.BytesIO(data)) as seen:
            assert max(seen.size) == 1568
            drawn = page.render(scale=1568 / max(page.get_size())).to_pil().resize(seen.size)
            assert difference(seen, drawn) < 4
            assert difference(seen, Image.new("L", seen.size, "white")) > 4
    document.close()
    assert "[report.pdf, page 2]" in words(body)
    assert file.form == "pages"


@pytest.mark.parametrize("wire", WIRES)
async def test_sound(services: Services, server: LoopbackServer, wire: str) -> None:
    wave = recordings.sound("wav", 0.5)
    if wire not in SOUND:
        with pytest.raises(AttachmentRefused, match="does not take sound"):
            await services.attachments.attach_bytes(wave, "memo.wav", info(wire))
        return
    part = await services.attachments.attach_bytes(wave, "memo.wav", info(wire))
    body, file = await sent(services, server, wire, part)
    assert decoded(body) == [wave]
    assert file.form == "sound"


@pytest.mark.parametrize("wire", WIRES)
async def test_a_film(services: Services, server: LoopbackServer, wire: str) -> None:
    film = recordings.film("mp4", 0.5)
    if wire not in FILM:
        with pytest.raises(AttachmentRefused, match="does not take film"):
            await services.attachments.attach_bytes(film, "film.mp4", info(wire))
        return
    part = await services.attachments.attach_bytes(film, "film.mp4", info(wire))
    body, file = await sent(services, server, wire, part)
    assert decoded(body) == [film]
    assert file.form == "film"


@pytest.mark.parametrize("wire", WIRES)
async def test_an_office_document(services: Services, server: LoopbackServer, wire: str) -> None:
    part = await services.attachments.attach_bytes(office.letter(), "letter.docx", info(wire))
    assert isinstance(part, FilePart)
    body, file = await sent(services, server, wire, part)
    assert (await services.attachments.words(part)).strip("\n") in words(body)
    assert decoded(body) == []
    assert file.form == "text"


async def test_lanes_of_one_turn_each_get_their_form(services: Services, server: LoopbackServer) -> None:
    """One question to all seven: who reads PDFs gets it, who does not gets its words."""
    part = await services.attachments.attach_bytes(REPORT, "report.pdf", info("anthropic"))
    conversation = await services.chat.new_conversation(ModelRef(WIRES[0], "m"))
    for wire in WIRES[1:]:
        await services.lanes.add(conversation.id, model=ModelRef(wire, "m"))
    turn = await services.chat.send(conversation.id, Draft(text="Sum it up", attachments=(part,)))
    await services.chat.wait(turn)
    for answer in [await stored(services, one.id) for one in turn.answers]:
        assert answer.state == "done", answer.error
        assert answer.model is not None
        (file,) = answer.sent_files
        assert file.form == ("native" if answer.model.provider in NATIVE else "text")
    assert sum(decoded(one.json) == [REPORT] for one in server.asked) == len(NATIVE)


async def test_the_same_file_twice_is_stored_once(services: Services, tmp_path: Path) -> None:
    file = tmp_path / "other name.pdf"
    file.write_bytes(REPORT)
    first = await services.attachments.attach_bytes(REPORT, "report.pdf", info("anthropic"))
    second = await services.attachments.attach_path(file, info("gemini"))
    assert first.source == second.source
    assert (first.name, second.name) == ("report.pdf", "other name.pdf")
    holding = [path for path in (services.profile.folder / "files").rglob("*") if path.is_file()]
    assert sum(path.read_bytes() == REPORT for path in holding) == 1


async def test_the_request_that_is_shown_names_no_path(services: Services, server: LoopbackServer) -> None:
    """What the inspector shows of a request with a file is short, and says nothing of this computer."""
    part = await services.attachments.attach_bytes(REPORT, "report.pdf", info("anthropic"))
    conversation = await services.chat.new_conversation(ModelRef("anthropic", "m"))
    turn = await services.chat.send(conversation.id, Draft(text="Look", attachments=(part,)))
    await services.chat.wait(turn)
    shown = await services.inspect.request(await stored(services, turn.answers[0].id))
    assert shown is not None
    told = json.dumps(shown.body)
    assert "bytes in base64" in told
    assert str(services.profile.folder) not in told
    assert len(told) < 5000
