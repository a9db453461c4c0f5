"""Files that mean harm, and files that are gone, on the whole way: a clear sentence, in a moment, in little
memory, and nothing written outside the profile."""

from __future__ import annotations

import asyncio
import os
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.documents import bombs, office, pdfbombs, pdfs, pictures
from tests.documents.test_hostile import MIB, forget, resident, spent_by_children
from tests.loopback import replies
from tests.loopback.replies import Reply
from tests.loopback.server import LoopbackServer
from tests.services.conftest import loop, stored

from chatbench.client.fetching import Fetcher
from chatbench.core.conversations import Draft, TreeMessage
from chatbench.core.endpoints import Quirks
from chatbench.core.errors import AttachmentRefused
from chatbench.core.messages import FilePart, MediaPart, StoredFile
from chatbench.core.models import Modality, ModelInfo, ModelRef
from chatbench.main import build
from chatbench.services import Services

ALL: frozenset[Modality] = frozenset({"text", "image", "file", "audio", "video"})
READS = ModelInfo(ref=ModelRef("keeper", "m"), inputs=ALL, source="user")
BLIND = ModelInfo(ref=ModelRef("keeper", "blind"), source="user")
REPORT = pdfs.joined(pdfs.single().data, pdfs.single().data)
BOMBS: dict[str, Callable[[], bytes]] = {
    **bombs.BOMBS,
    **{f"{name}.pdf": make for name, make in pdfbombs.ALL.items()},
    "huge.png": lambda: pictures.huge_png(20_000, 10_000),
    "wide.png": lambda: pictures.huge_png(2_000_000_000, 1),
    "overlapping.zip": lambda: bombs.overlapping(500, 1 << 20),
    "entries.zip": lambda: bombs.many_entries(20_000),
    "zeros.tar.gz": lambda: bombs.tarred({"zeros": bytes(300 * MIB)}),
    "nothing.txt": lambda: b"",
    "tricks/../../../etc/passwd": lambda: b"root:x:0:0",
}


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer() as running:
        yield running


@pytest.fixture
async def services(
    tmp_path: Path, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Services]:
    """In a folder where nothing else is, with an empty folder for temporary files."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.chdir(tmp_path)
    running = build(tmp_path / "profile", environ={})
    await running.profile.ready()
    running.endpoints.save(
        loop(
            server, id="keeper", wire="openai_responses", base_url=server.base_url("openai_responses"),
            rows=(READS, BLIND), quirks=Quirks(file_storage=True),
        )
    )  # fmt: skip
    yield running
    await running.aclose()
    outside = [path for path in tmp_path.rglob("*") if (tmp_path / "profile") not in (path, *path.parents)]
    assert outside == [temporary]


def sha256_of(part: MediaPart) -> str:
    assert isinstance(part.source, StoredFile)
    return part.source.sha256


async def asked(services: Services, *parts: MediaPart, model: ModelInfo = READS, **more: Any) -> TreeMessage:
    """The answer to a question with these files."""
    conversation = await services.chat.new_conversation(model.ref, **more)
    turn = await services.chat.send(conversation.id, Draft(text="Look", attachments=parts))
    await services.chat.wait(turn)
    return await stored(services, turn.answers[0].id)


@pytest.mark.parametrize("name", BOMBS)
async def test_a_bomb(services: Services, name: str) -> None:
    """Attached, and made ready in every form a model could get it in: refused in words, or cut."""
    data = await asyncio.to_thread(BOMBS[name])
    forget()
    before, _ = resident()
    began = spent_by_children(), os.times().user
    attaching = services.attachments.attach_bytes(data, name, READS)
    ended = (await asyncio.gather(attaching, return_exceptions=True))[0]
    took = spent_by_children() - began[0] + os.times().user - began[1]
    _, most = resident()
    if isinstance(ended, AttachmentRefused):
        assert ended.message.endswith(".")
    else:
        assert isinstance(ended, MediaPart)
    assert took < 3, "seconds of processor time, of the reader and of whoever asks what each form costs"
    assert most - before < 200 * MIB
    kept = [path for path in (services.profile.folder / "files").rglob("*") if path.is_file()]
    assert all(path.resolve().is_relative_to(services.profile.folder.resolve()) for path in kept)
    assert all(len(path.name) == 62 for path in kept)


@pytest.fixture
def fetching(services: Services, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[str], bool]], None]:
    """Lets the service fetch from where `allowed` says, at any port."""

    def let(allowed: Callable[[str], bool]) -> None:
        monkeypatch.setattr(services.attachments, "_fetcher", Fetcher({}, allowed=allowed, ports=None))

    return let


def resolving(monkeypatch: pytest.MonkeyPatch, names: dict[str, Iterator[str]]) -> None:
    """From now on each of these names leads to the next of its addresses."""
    look_up = socket.getaddrinfo

    def answer(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        return look_up(next(names[host]) if host in names else host, port, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", answer)


async def test_an_address_that_leads_into_this_house(
    services: Services, server: LoopbackServer, fetching: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once, by a redirect, or by a name that changes its mind: nothing is asked there, nothing kept."""
    with pytest.raises(AttachmentRefused, match="not on the public internet"):
        await services.attachments.attach_url("http://127.0.0.1/x.pdf", READS)
    with LoopbackServer() as inner:
        resolving(
            monkeypatch,
            {
                "outer.example": iter(["127.0.0.1"] * 9),
                "inner.example": iter(["127.0.0.2"] * 9),
                "rebinding.example": iter(["127.0.0.3", *["127.0.0.1"] * 9]),
            },
        )
        fetching(lambda address: address == "127.0.0.1")
        server.script(replies.redirect(f"http://inner.example:{inner.port}/secret.pdf"))
        with pytest.raises(AttachmentRefused, match=r"inner\.example is not on the public internet"):
            await services.attachments.attach_url(f"http://outer.example:{server.port}/", READS)
        await services.attachments.aclose()
        fetching(lambda address: address == "127.0.0.3")
        for _ in range(3):
            with pytest.raises(AttachmentRefused):
                await services.attachments.attach_url(f"http://rebinding.example:{inner.port}/", READS)
        assert inner.connections == 0
    await services.attachments.aclose()
    assert not [path for path in (services.profile.folder / "files").rglob("*") if path.is_file()]


async def test_what_an_address_gives_is_judged_by_its_bytes(
    services: Services, server: LoopbackServer, fetching: Callable[..., None]
) -> None:
    """Whatever the server calls it."""
    fetching(lambda _address: True)
    lie = {"content-type": "image/png", "content-disposition": 'attachment; filename="../../x.png"'}
    server.script(Reply([REPORT], 200, lie), Reply([b"MZ\x90\0" * 99], 200, lie))
    part = await services.attachments.attach_url(f"{server.url}/x", READS)
    assert (part.media_type, part.name) == ("application/pdf", "x.png")
    with pytest.raises(AttachmentRefused, match="neither text nor"):
        await services.attachments.attach_url(f"{server.url}/x", READS)
    await services.attachments.aclose()


async def test_a_file_that_is_deleted_after_it_was_attached(services: Services, tmp_path: Path) -> None:
    """The profile has its own; where that one is gone, the answer says so and the chat goes on."""
    file = tmp_path / "report.pdf"
    file.write_bytes(REPORT)
    part = await services.attachments.attach_path(file, READS)
    file.unlink()
    assert (await asked(services, part)).state == "done"
    kept = sha256_of(part)
    (services.profile.folder / "files" / kept[:2] / kept[2:]).unlink()
    answer = await asked(services, part)
    assert answer.state == "failed"
    assert answer.error is not None
    assert answer.error.kind == "StorageError"
    assert "missing from the profile" in answer.error.message
    assert (await asked(services)).state == "done"


async def test_one_that_is_damaged_in_the_profile_is_not_sent(
    services: Services, server: LoopbackServer
) -> None:
    part = await services.attachments.attach_bytes(REPORT, "report.pdf", READS)
    kept = sha256_of(part)
    (services.profile.folder / "files" / kept[:2] / kept[2:]).write_bytes(pdfs.two_columns().data)
    answer = await asked(services, part)
    assert answer.error is not None
    assert answer.error.kind == "StorageError"
    assert "damaged" in answer.error.message
    assert server.asked == []


async def test_one_that_the_provider_has_let_go_of_is_uploaded_again(
    services: Services, server: LoopbackServer
) -> None:
    part = await services.attachments.attach_bytes(REPORT, "report.pdf", READS)
    upload = await services.attachments.upload(part, "keeper")
    answer = await asked(services, part)
    assert answer.sent_files[0].file_id == upload.file_id
    # Its time is over.
    over = msgspec.structs.replace(upload, expires_at=1)
    await services.provider_files._uploads.put(over)
    answer = await asked(services, part)
    assert (answer.sent_files[0].file_id, answer.state) == ("", "done")
    assert server.asked[-1].json["input"][0]["content"][0]["file_data"].startswith("data:application/pdf")
    # Somebody deleted it there, which the next look at the list finds out.
    long_ago = msgspec.structs.replace(upload, uploaded_at=1)
    await services.provider_files._uploads.put(long_ago)
    server.files.kept["openai"].clear()
    assert await services.provider_files.list("keeper") == ()
    assert (await asked(services, part)).sent_files[0].file_id == ""


def files_of(services: Services) -> set[str]:
    folder = services.profile.folder / "files"
    return {path.parent.name + path.name for path in folder.rglob("*") if path.is_file()}


async def used_in_every_form(services: Services, **more: Any) -> TreeMessage:
    """A chat with a PDF as it is, as text and as pages, a document and a picture, and a thumbnail."""
    conversation = await services.chat.new_conversation(READS.ref, **more)
    attach, cid = services.attachments.attach_bytes, conversation.id
    report = await attach(REPORT, "report.pdf", READS, conversation_id=cid)
    assert isinstance(report, FilePart)
    letter = await attach(office.letter(), "letter.docx", READS, conversation_id=cid)
    picture = await attach(pictures.saved(pictures.corner(), "BMP"), "p.bmp", READS, conversation_id=cid)
    forms = [msgspec.structs.replace(report, form=form, pages="2") for form in ("native", "text", "pages")]
    turn = await services.chat.send(cid, Draft(text="Look", attachments=(*forms, letter, picture)))
    await services.chat.wait(turn)
    await services.attachments.thumbnail(
        sha256_of(report), 60, 80, media_type=report.media_type, name=report.name
    )
    answer = await stored(services, turn.answers[0].id)
    assert answer.state == "done"
    assert len(answer.sent_files) == 5
    return answer


async def test_an_empty_trash_keeps_nothing_of_files(services: Services) -> None:
    """Not the file, not what was made of it, not its words; what another chat shows stays whole."""
    other = await asked(services, await services.attachments.attach_bytes(b"kept words", "k.txt", READS))
    before = files_of(services)
    answer = await used_in_every_form(services)
    assert len(files_of(services) - before) >= 6
    words = (await services.attachments._reading.known_words(answer.sent_files[0].original)) or ""
    rare = max(words.split(), key=len)
    assert await services.history.search(rare)
    await services.history.trash(answer.conversation_id)
    await services.history.empty_trash()
    assert files_of(services) == before
    assert await services.history.search(rare) == []
    assert await services.attachments._reading.known_words(answer.sent_files[0].original) is None
    assert (await asked(services, *(await stored(services, other.parent_id or "")).parts[:1])).state == "done"  # type: ignore[arg-type]


async def test_a_temporary_chat_leaves_nothing_of_its_files(services: Services) -> None:
    answer = await used_in_every_form(services, temporary=True)
    assert files_of(services) == set()
    words = (await services.attachments._reading.known_words(answer.sent_files[0].original)) or ""
    rare = max(words.split(), key=len).encode()
    for path in services.profile.folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert rare not in data
            assert b"report.pdf" not in data
            assert answer.sent_files[0].original.encode() not in data
    await services.chat.forget(answer.conversation_id)
    assert await services.attachments._reading.known_words(answer.sent_files[0].original) is None
