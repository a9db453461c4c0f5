"""Attached files where the disk is full, or nothing can be written: said in words, nothing half done, and
everything goes on once there is room."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import apsw
import pytest
from tests.documents import pdfs
from tests.loopback.server import LoopbackServer
from tests.services.conftest import Open, loop, stored

from chatbench.core.conversations import Draft
from chatbench.core.errors import DiskFull, ReadOnly
from chatbench.core.messages import FilePart, ImagePart, MediaPart, StoredFile
from chatbench.core.models import Modality, ModelInfo, ModelRef
from chatbench.services import Services

SEES: frozenset[Modality] = frozenset({"text", "image"})
LONG = "Look at this. " * 5000
"""More than what is left of a database's last page."""
NAMES = ("photo.png", "report.pdf", "notes.md")
MODEL = ModelInfo(ref=ModelRef("chat", "sees"), inputs=SEES, source="user")


@pytest.fixture
async def services(opened: Open, server: LoopbackServer) -> AsyncIterator[Services]:
    async with opened() as running:
        running.endpoints.save(loop(server, id="chat", rows=(MODEL,)))
        yield running


@pytest.fixture(params=["full", "read-only"])
def fault(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def error_of(fault: str) -> type[Exception]:
    return DiskFull if fault == "full" else ReadOnly


async def database(services: Services, fault: str) -> None:
    """The database has no more room, or may not be written to; "" mends it."""

    def limit(connection: apsw.Connection) -> None:
        connection.execute(f"PRAGMA max_page_count = {1 if fault == 'full' else 1_000_000}").fetchone()

    def lock(connection: apsw.Connection) -> None:
        connection.execute(f"PRAGMA query_only = {int(fault == 'read-only')}")

    for act in (limit, lock):
        await services.profile._database._run_on_writer(act)


def folder(services: Services, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder of files takes no more bytes, or none at all."""
    number = errno.ENOSPC if fault == "full" else errno.EROFS
    files, opens = services.attachments._files._folder, os.open

    def refusing(path: Any, flags: int, *more: Any, **named: Any) -> int:
        if flags & os.O_CREAT and files in Path(path).parents:
            raise OSError(number, os.strerror(number))
        return opens(path, flags, *more, **named)

    monkeypatch.setattr(os, "open", refusing)


def kept(services: Services) -> set[Path]:
    """Whole and half files of the profile."""
    return {one for one in services.attachments._files._folder.rglob("*") if one.is_file()}


def photo() -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.linear_gradient("L").resize((300, 200)).save(out, "png")
    return out.getvalue()


def given(name: str) -> bytes:
    """What is in the file of that name."""
    if name == "photo.png":
        return photo()
    return pdfs.single().data if name == "report.pdf" else b"Some words\n"


async def taken_in(services: Services) -> list[MediaPart]:
    service = services.attachments
    return [await service.attach_bytes(given(name), name, None) for name in NAMES]


async def asked(services: Services, parts: list[MediaPart]) -> str:
    conversation = await services.chat.new_conversation(MODEL.ref)
    turn = await services.chat.send(conversation.id, Draft(text=LONG, attachments=tuple(parts)))
    await services.chat.wait(turn)
    answer = await stored(services, turn.answers[0].id)
    assert answer.state == "done", answer.error
    return conversation.id


@pytest.mark.parametrize("name", NAMES)
async def test_attaching_where_the_files_folder_takes_nothing(
    services: Services, fault: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        folder(services, fault, patch)
        with pytest.raises(error_of(fault)):
            await services.attachments.attach_bytes(given(name), name, None)
    assert kept(services) == set()
    part = await services.attachments.attach_bytes(given(name), name, None)
    await asked(services, [part])


@pytest.mark.parametrize("name", NAMES)
async def test_attaching_where_the_database_takes_nothing(services: Services, fault: str, name: str) -> None:
    await database(services, fault)
    # A small row may still have its place in the last page of a full disk.
    with pytest.raises(ReadOnly) if fault == "read-only" else suppress(DiskFull):
        await services.attachments.attach_bytes(given(name), name, None)
    await database(services, "")
    part = await services.attachments.attach_bytes(given(name), name, None)
    await asked(services, [part])
    assert await services.attachments._files.verify() == []


async def test_what_is_attached_is_seen_where_nothing_more_can_be_written(
    services: Services, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thumbnails, pages and forms are made; they need not be kept to be seen."""
    image, report, notes = await taken_in(services)
    service = services.attachments
    assert isinstance(image, ImagePart)
    assert isinstance(report, FilePart)
    assert isinstance(notes, FilePart)

    async def seen() -> None:
        assert isinstance(image.source, StoredFile)
        assert isinstance(report.source, StoredFile)
        assert (await service.thumbnail(image.source.sha256, 40, 30))[:4] == b"\x89PNG"
        drawn = await service.thumbnail(report.source.sha256, 40, 40, media_type="application/pdf")
        assert drawn[:4] == b"\x89PNG"
        assert len(await service.pages(report, [1], 300)) == 1
        assert await service.words(report)
        for part in (image, report, notes):
            assert (await service.outlook(part, MODEL)).chosen is not None

    await database(services, fault)
    await seen()
    await database(services, "")
    service._thumbnails.clear()
    with monkeypatch.context() as patch:
        folder(services, fault, patch)
        await seen()
    service._thumbnails.clear()
    await seen()
    assert services.attachments._renditions._held == {}, "on the disk, now that there is room"
    assert services.attachments._renditions._held_texts == {}
    assert await services.attachments._files.verify() == []


async def test_a_fork_of_a_chat_with_files_is_whole_or_not_at_all(services: Services, fault: str) -> None:
    conversation_id = await asked(services, await taken_in(services))
    before = {one.id for one in await services.history.summaries()}
    conversation = await services.history.load(conversation_id)
    await database(services, fault)
    with pytest.raises(error_of(fault)):
        await services.chat.fork(conversation_id, conversation.messages[-1].id)
    await database(services, "")
    assert {one.id for one in await services.history.summaries()} == before
    forked = await services.chat.fork(conversation_id, conversation.messages[-1].id)
    assert forked.id not in before
    assert await services.attachments._files.verify() == []


@pytest.mark.parametrize("form", ["markdown", "json"])
async def test_an_export_of_a_chat_with_files_is_whole_or_leaves_what_was_there(
    services: Services, fault: str, form: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation_id = await asked(services, await taken_in(services))
    out = tmp_path / "chat"
    out.write_text("the one before")
    number = errno.ENOSPC if fault == "full" else errno.EROFS

    def refusing(_handle: int) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refusing)
        with pytest.raises(error_of(fault)):
            await services.exchange.export(conversation_id, form, out)
    assert [one.name for one in tmp_path.iterdir() if "chat" in one.name] == ["chat"]
    assert out.read_text() == "the one before"
    await services.exchange.export(conversation_id, form, out)
    assert "photo.png" in out.read_text()
