"""Files at providers, from Python."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.client import pictures
from tests.client.conftest import endpoint_at
from tests.loopback import replies
from tests.loopback.filestorage import CREATED
from tests.loopback.server import LoopbackServer

from chatbench.client import defaults, sync
from chatbench.client.environment import Environment
from chatbench.client.files import ProviderFiles, keeps_files
from chatbench.client.llm import LLMClient
from chatbench.client.media import File, Image
from chatbench.core.endpoints import Quirks
from chatbench.core.errors import (
    AttachmentRefused,
    BadRequest,
    EndpointNotSupported,
    NotFound,
    Timeout,
    UnknownModel,
)
from chatbench.core.messages import FilePart, ImagePart, Message, ProviderFile

WIRES = {"openai": "openai_responses", "anthropic": "anthropic", "gemini": "gemini", "mistral": "mistral"}
PDF = b"%PDF-1.7\n%of it"


@pytest.fixture
def environment(open_environment: Callable[..., Environment], server: LoopbackServer) -> Environment:
    """All four vendors at the loopback server."""
    opened = open_environment(LOOPBACK_KEY="k")
    for vendor, wire in WIRES.items():
        quirks = Quirks(file_storage=True, api_version="v1beta" if vendor == "gemini" else "")
        auth = "header:x-goog-api-key" if vendor == "gemini" else "none"
        opened.registry.register(
            endpoint_at(server, wire, id=vendor, auth=auth, quirks=quirks, key_env=("LOOPBACK_KEY",))
        )
    return opened


@pytest.mark.parametrize("vendor", ["openai", "anthropic", "mistral"])
async def test_a_file_becomes_remote_is_asked_about_and_deleted(
    environment: Environment, server: LoopbackServer, vendor: str
) -> None:
    remote = await File(PDF, filename="a.pdf").as_remote(vendor, environment=environment)
    (kept,) = server.files.kept[vendor].values()
    assert (kept.data, kept.media_type) == (PDF, "application/pdf")
    assert (remote.file_id, remote.name, remote.media_type) == (kept.id, "a.pdf", "application/pdf")
    part = remote.part()
    assert isinstance(part, FilePart)
    assert part.source == ProviderFile(provider=vendor, file_id=kept.id)
    client = LLMClient(f"{vendor}/text", environment=environment)
    await client.complete(Message.user("What is it?", file=remote))
    assert kept.id.encode() in server.asked[-1].body
    assert b"JVBERi" not in server.asked[-1].body
    await remote.delete(environment=environment)
    assert server.files.kept[vendor] == {}
    with pytest.raises(NotFound):
        await remote.delete(environment=environment)


async def test_a_picture_stays_one(environment: Environment, server: LoopbackServer) -> None:
    remote = await Image(pictures.png(8, 8), filename="p.png").as_remote("openai", environment=environment)
    assert isinstance(remote, Image)
    assert isinstance(remote.part(), ImagePart)


async def test_only_a_file_at_a_provider_can_be_deleted_there(environment: Environment) -> None:
    with pytest.raises(AttachmentRefused, match="at no provider"):
        await File(PDF).delete(environment=environment)


async def test_the_clients_own_methods(environment: Environment, server: LoopbackServer) -> None:
    client = LLMClient("openai/text", environment=environment)
    told = await client.create_file(File(b"hello", filename="h.txt"), expires_in=timedelta(hours=2))
    assert told.expires_at == (CREATED + 7200) * 1000
    assert await client.retrieve_file(told.id) == told
    assert await client.list_files() == [told]
    assert await client.file_content(told.id) == b"hello"
    await client.delete_file(told.id)
    assert await client.list_files() == []
    assert await client.list_files(provider="mistral") == []


def test_the_twins(environment: Environment, server: LoopbackServer) -> None:
    defaults.set_default_environment(environment)
    try:
        remote = File(b"hello", filename="h.txt").as_remote_sync("openai")
        client = LLMClient("openai/text")
        assert remote.file_id is not None
        assert client.retrieve_file_sync(remote.file_id).name == "h.txt"
        assert client.file_content_sync(remote.file_id) == b"hello"
        assert len(client.list_files_sync()) == 1
        remote.delete_sync()
        assert client.list_files_sync() == []
        told = client.create_file_sync(File(b"x", filename="x.txt"))
        client.delete_file_sync(told.id)
        assert server.files.kept["openai"] == {}
    finally:
        sync.background.run(environment.http.aclose())
        sync.background.stop()
        defaults.set_default_environment(None)


async def test_an_upload_waits_until_the_file_can_be_asked_about(
    environment: Environment, server: LoopbackServer
) -> None:
    files = ProviderFiles(environment, "gemini")
    film = {"name": "files/f", "displayName": "f.mp4", "mimeType": "video/mp4", "sizeBytes": "4"}
    start = replies.data({}, headers={"x-goog-upload-url": f"{server.url}/upload/x"})
    server.script(
        start,
        replies.data({"file": {**film, "state": "PROCESSING"}}),
        replies.data({**film, "state": "PROCESSING"}),
        replies.data({**film, "state": "ACTIVE"}),
    )
    told = await files.upload(b"film", "f.mp4", "video/mp4")
    assert (told.id, told.state) == ("files/f", "ready")
    server.script(start, replies.data({"file": {**film, "state": "FAILED"}}))
    with pytest.raises(BadRequest, match=r"could not read f\.mp4"):
        await files.upload(b"film", "f.mp4", "video/mp4")
    server.script(start, replies.data({"file": {**film, "state": "PROCESSING"}}))
    with pytest.raises(Timeout, match=r"not made f\.mp4 ready"):
        await files.upload(b"film", "f.mp4", "video/mp4", ready_within_s=0)


async def test_who_keeps_files(environment: Environment, server: LoopbackServer) -> None:
    environment.registry.register(endpoint_at(server, "openai_chat", id="other"))
    assert [keeps_files(environment, one) for one in (*WIRES, "other", "nobody", "groq")] == [
        True, True, True, True, False, False, False,
    ]  # fmt: skip
    for provider in ("other", "cohere"):
        with pytest.raises(EndpointNotSupported, match="keeps no files"):
            await ProviderFiles(environment, provider).list()
    with pytest.raises(UnknownModel):
        await ProviderFiles(environment, "nobody").list()
    assert server.asked == []
