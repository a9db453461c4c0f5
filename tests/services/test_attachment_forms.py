"""Documents, sound and film on their way to a model: the form each model gets, and what is remembered."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pypdf
import pytest
from PIL import Image
from tests.documents import office, pdfs, pictures, recordings
from tests.documents.test_photos import heic
from tests.loopback.server import LoopbackServer
from tests.services.conftest import Open, loop, stored

from chatbench.core.conversations import Draft, SentFile
from chatbench.core.endpoints import Quirks
from chatbench.core.errors import AttachmentRefused, PasswordNeeded
from chatbench.core.messages import (
    AudioPart,
    FilePart,
    ImagePart,
    InlineData,
    MediaPart,
    ProviderFile,
    StoredFile,
    TextPart,
    VideoPart,
    user,
)
from chatbench.core.models import ImageLimits, Modality, ModelInfo, ModelRef
from chatbench.services import Services
from chatbench.services.attachments import Candidate

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="120" height="80"><rect width="9" height="9"/></svg>'
ALL: frozenset[Modality] = frozenset({"text", "image", "file", "audio", "video"})
READS = ModelInfo(ref=ModelRef("claude", "reads"), inputs=ALL, source="user")
SEES = ModelInfo(ref=ModelRef("chat", "sees"), inputs=frozenset({"text", "image"}), source="user")
BLIND = ModelInfo(ref=ModelRef("chat", "blind"), source="user")
FILMS = ModelInfo(ref=ModelRef("films", "films"), inputs=ALL, source="user")
HEARS = ModelInfo(ref=ModelRef("chat", "hears"), inputs=frozenset({"text", "audio"}), source="user")


@pytest.fixture
async def services(opened: Open, server: LoopbackServer) -> AsyncIterator[Services]:
    async with opened(LOOPBACK_KEY="k") as running:
        for provider, wire, rows in (
            ("claude", "anthropic", (READS,)),
            ("chat", "openai_chat", (SEES, BLIND, HEARS)),
            ("films", "gemini", (FILMS,)),
        ):
            quirks = Quirks(file_storage=wire == "gemini", api_version="v1beta" if wire == "gemini" else "")
            running.endpoints.save(
                loop(
                    server, id=provider, wire=wire, base_url=server.base_url(wire), rows=rows, quirks=quirks,
                    auth="header:x-goog-api-key" if wire == "gemini" else "none", key_env=("LOOPBACK_KEY",),
                )
            )  # fmt: skip
        yield running


async def ready(services: Services, part: MediaPart, info: ModelInfo) -> tuple[Any, SentFile]:
    """The parts of the one message, and what is told of its one file."""
    told = await services.attachments.ready([user("", part)], info)
    (file,) = told.files
    return [one for one in told.messages[0].parts if one != TextPart()], file


def sha256_of(part: MediaPart) -> str:
    assert isinstance(part.source, StoredFile)
    return part.source.sha256


async def attached(services: Services, data: bytes, name: str, info: ModelInfo = READS) -> Any:
    return await services.attachments.attach_bytes(data, name, info)


@pytest.fixture
def report() -> bytes:
    return pdfs.joined(*[pdfs.single().data for _ in range(3)])


async def test_a_pdf_goes_as_it_is_as_text_or_as_pages(services: Services, report: bytes) -> None:
    part = await attached(services, report, "report.pdf")
    kept = sha256_of(part)
    assert (part.media_type, part.page_count, part.size) == ("application/pdf", 3, len(report))
    outlook = await services.attachments.outlook(part, READS)
    assert [form.sent_as for form in outlook.forms] == ["native", "text", "pages"]
    assert [form.why_not for form in outlook.forms] == ["", "", ""]
    assert all(form.tokens for form in outlook.forms)
    assert outlook.chosen is not None
    assert outlook.chosen.sent_as == "native"

    (native,), told = await ready(services, part, READS)
    assert native.source == InlineData(data=report)
    assert (told.form, told.sent) == ("native", (kept,))

    as_text = msgspec.structs.replace(part, form="text", pages="2-3")
    (text,), told = await ready(services, as_text, READS)
    assert text.text.startswith('<attachment name="report.pdf" pages="2-3">\n[Page 2]\n')
    assert "[Page 3]" in text.text
    assert "[Page 1]" not in text.text
    assert told.form == "text"

    as_pages = msgspec.structs.replace(part, form="pages", pages="3")
    (said, page), told = await ready(services, as_pages, SEES)
    assert said.text == "[report.pdf, page 3]"
    assert (page.media_type, max(page.width, page.height)) == ("image/jpeg", 1568)
    assert (told.form, len(told.sent)) == ("pages", 1)

    some = msgspec.structs.replace(part, form="native", pages="2")
    (one_page,), told = await ready(services, some, READS)
    assert len(pypdf.PdfReader(io.BytesIO(one_page.source.data)).pages) == 1
    assert told.sent != (kept,)
    again, _ = await ready(services, some, READS)
    assert again == [one_page]
    with pytest.raises(AttachmentRefused, match="5"):
        await ready(services, msgspec.structs.replace(part, pages="5"), READS)


async def test_each_lane_gets_the_form_its_model_takes(services: Services, server: LoopbackServer) -> None:
    part = await attached(services, pdfs.single().data, "report.pdf")
    conversation = await services.chat.new_conversation(READS.ref)
    await services.lanes.add(conversation.id, model=BLIND.ref)
    turn = await services.chat.send(conversation.id, Draft(text="Sum it up", attachments=(part,)))
    await services.chat.wait(turn)
    answers = [await stored(services, answer.id) for answer in turn.answers]
    assert [answer.state for answer in answers] == ["done", "done"]
    assert [[file.form for file in answer.sent_files] for answer in answers] == [["native"], ["text"]]
    bodies = {asked.path: asked.json for asked in server.asked}
    document = bodies["/v1/messages"]["messages"][0]["content"][0]
    assert base64.b64decode(document["source"]["data"]) == await services.attachments.original(
        sha256_of(part)
    )
    words = bodies["/v1/chat/completions"]["messages"][0]["content"]
    assert words.startswith('<attachment name="report.pdf">\n[Page 1]\n')
    question = await stored(services, turn.user_message_id)
    assert question.parts[0] == part


async def test_a_scan_is_offered_as_pages(services: Services) -> None:
    part = await attached(services, pdfs.scan(2).data, "scan.pdf")
    outlook = await services.attachments.outlook(part, SEES)
    native, text, pages = outlook.forms
    assert "does not take documents" in native.why_not
    assert "scan" in text.why_not
    assert outlook.chosen == pages
    assert pages.pictures == 2
    blind = await services.attachments.outlook(part, BLIND)
    assert blind.chosen is None
    assert blind.models == ("sees",)
    with pytest.raises(AttachmentRefused) as caught:
        await ready(services, part, BLIND)
    assert caught.value.models == ("sees",)


async def test_more_pages_than_the_model_takes_pictures(services: Services, report: bytes) -> None:
    part = msgspec.structs.replace(await attached(services, report, "report.pdf"), form="pages")
    two = msgspec.structs.replace(SEES, images=ImageLimits(max_count=2))
    outlook = await services.attachments.outlook(part, two)
    assert outlook.forms[2].why_not == "sees takes 2 images at most."
    assert outlook.chosen is not None
    assert outlook.chosen.sent_as == "text"
    some = msgspec.structs.replace(part, pages="1-2")
    picture = await attached(services, pictures.saved(pictures.corner(), "PNG"), "p.png", SEES)
    with pytest.raises(AttachmentRefused, match="holds 3"):
        await services.attachments.ready([user("", some, picture)], two)


async def test_an_encrypted_pdf_asks_for_its_password_and_is_kept_without(services: Services) -> None:
    secret = pdfs.encrypted(pdfs.single().data, "AES-256", "open sesame")
    with pytest.raises(PasswordNeeded, match=r"secret\.pdf is encrypted\."):
        await attached(services, secret, "secret.pdf")
    with pytest.raises(PasswordNeeded, match="not its password"):
        await services.attachments.attach_bytes(secret, "secret.pdf", READS, password="wrong")
    part = await services.attachments.attach_bytes(secret, "secret.pdf", READS, password="open sesame")
    assert isinstance(part, FilePart)
    assert part.page_count == 1
    kept = await services.attachments.original(sha256_of(part))
    assert not pypdf.PdfReader(io.BytesIO(kept)).is_encrypted
    for path in services.profile.folder.rglob("*"):
        if path.is_file():
            assert b"open sesame" not in path.read_bytes()


async def test_an_office_document_goes_as_text_and_is_found(services: Services) -> None:
    part = await attached(services, office.letter(), "letter.docx", BLIND)
    assert isinstance(part, FilePart)
    (text,), told = await ready(services, part, BLIND)
    assert text.text.startswith('<attachment name="letter.docx">\n')
    assert told.form == "text"
    words = await services.attachments.words(part)
    assert words in text.text
    conversation = await services.chat.new_conversation(BLIND.ref)
    await services.chat.wait(await services.chat.send(conversation.id, Draft(attachments=(part,))))
    word = max(words.split(), key=lambda one: len(one) if one.isalpha() else 0)
    hits = await services.history.search(word)
    assert [(hit.conversation_id, hit.file) for hit in hits] == [(conversation.id, "letter.docx")]


@pytest.mark.parametrize("ending", ["bmp", "tiff", "heic", "avif", "svg"])
async def test_pictures_of_other_kinds_are_kept_as_they_are_and_sent_as_models_take_them(
    services: Services, ending: str
) -> None:
    made = {"svg": lambda: SVG, "heic": lambda: heic(pictures.corner())}
    data = made.get(ending, lambda: pictures.saved(pictures.corner(), ending.upper()))()
    part = await attached(services, data, f"p.{ending}", SEES)
    assert isinstance(part, ImagePart)
    size = (1024, 683) if ending == "svg" else (120, 80)
    assert (part.media_type.removesuffix("+xml"), part.width, part.height) == (f"image/{ending}", *size)
    assert await services.attachments.original(sha256_of(part)) == data
    (sent,), told = await ready(services, part, SEES)
    assert sent.media_type in ("image/png", "image/jpeg")
    with Image.open(io.BytesIO(sent.source.data)) as seen:
        assert seen.size == size
    assert told.form == "picture"
    assert told.sent != (told.original,)
    thumbnail = await services.attachments.thumbnail(sha256_of(part), 60, 40)
    assert thumbnail.startswith(b"\x89PNG")
    assert (await services.attachments.picture(part))[:3] in (b"\x89PN", b"\xff\xd8\xff")


async def test_what_is_no_document_is_refused_when_it_is_attached(services: Services) -> None:
    broken = office.letter()[:2000]
    for data, name in ((broken, "a.docx"), (b"\x00\x01\x02" * 50, "a.txt"), (b"", "empty.md")):
        with pytest.raises(AttachmentRefused):
            await attached(services, data, name)


async def test_sound_goes_where_it_is_heard(services: Services) -> None:
    wave = recordings.sound("wav", 1.5)
    part = await attached(services, wave, "memo.wav", HEARS)
    assert isinstance(part, AudioPart)
    assert part.seconds == pytest.approx(1.5, abs=0.05)
    (sent,), told = await ready(services, part, HEARS)
    assert (sent.source, told.form) == (InlineData(data=wave), "sound")
    with pytest.raises(AttachmentRefused, match=r"sees does not take sound\. hears would"):
        await attached(services, wave, "memo.wav", SEES)
    with pytest.raises(AttachmentRefused, match="takes MP3, WAV, not OGG"):
        await attached(services, recordings.sound("ogg"), "memo.ogg", HEARS)
    heard = Candidate(name="memo.ogg", media_type="audio/ogg", size=1000)
    assert services.attachments.judge([heard], FILMS)[0].accepted


async def test_a_film_that_is_too_large_is_uploaded_once(
    services: Services, server: LoopbackServer, tmp_path: Path
) -> None:
    film = recordings.film("mp4", 2.0)
    large = film + bytes(15_000_000)
    file = tmp_path / "film.mp4"
    file.write_bytes(large)
    part = await services.attachments.attach_path(file, FILMS)
    assert isinstance(part, VideoPart)
    assert part.seconds == pytest.approx(2.0, abs=0.3)
    outlook = await services.attachments.outlook(part, FILMS)
    assert outlook.chosen is not None
    assert outlook.chosen.uploaded
    (sent,), told = await ready(services, part, FILMS)
    (kept,) = server.files.kept["gemini"].values()
    assert kept.data == large
    assert sent.source == ProviderFile(provider="films", file_id=kept.id)
    assert told == SentFile(original=sha256_of(part), form="film", file_id=kept.id)
    await ready(services, part, FILMS)
    assert len(server.files.kept["gemini"]) == 2  # the loopback's files went in 2026-09: expired, sent anew
    await services.attachments.forget_upload("films", list(server.files.kept["gemini"])[-1])
    assert len(server.files.kept["gemini"]) == 1


async def test_files_of_an_archive_and_of_a_folder(services: Services, tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("notes/one.md", "# One")
        file.writestr("../two.txt", "two")
    listed = await services.attachments.list_archive(archive)
    assert [entry.name for entry in listed.entries] == ["notes/one.md", "two.txt"]
    part = await services.attachments.attach_entry(archive, listed.entries[0], BLIND)
    assert part.name == "one.md"
    (text,), _ = await ready(services, part, BLIND)
    assert "# One" in text.text
    with pytest.raises(AttachmentRefused, match="is an archive"):
        await services.attachments.attach_path(archive, BLIND)
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "kept.py").write_text("x = 1")
    (folder / "left.log").write_text("noise")
    (folder / ".gitignore").write_text("*.log")
    found = await services.attachments.list_folder(folder)
    assert [file.path for file in found.files] == ["kept.py"]


async def test_what_several_lanes_need_is_made_once(
    services: Services, report: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio

    from chatbench.documents import confined
    from chatbench.services.attachments import reading

    begun: list[str] = []
    stream = confined.confined_stream

    def counted(task: str, *rest: Any, **more: Any) -> Any:
        begun.append(task)
        return stream(task, *rest, **more)

    monkeypatch.setattr(reading, "confined_stream", counted)
    part = msgspec.structs.replace(await attached(services, report, "report.pdf"), form="pages")
    made = await asyncio.gather(*[services.attachments.ready([user("", part)], SEES) for _ in range(4)])
    assert begun == ["pdf_pictures"]
    assert all(one == made[0] for one in made)
    texts = [one for one in made[0].messages[0].parts if isinstance(one, ImagePart)]
    assert len(texts) == 3
