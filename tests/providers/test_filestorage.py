"""Files kept by providers: what goes out is read by a parser of forms and by the SDKs' own clients."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import openai
import pytest
from google import genai
from google.genai import types as genai_types
from hypothesis import given, settings
from hypothesis import strategies as st
from mistralai.client import Mistral as MistralSdk
from tests.loopback import replies
from tests.loopback.filestorage import CREATED, FileShelf
from tests.loopback.server import Asked, LoopbackServer
from tests.providers import wires

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import BadRequest, EndpointNotSupported, InvalidResponse, NotFound
from chatbench.core.secrets import Secret
from chatbench.providers.anthropic import Anthropic
from chatbench.providers.filestorage import Outgoing, Place, multipart
from chatbench.providers.gemini import Gemini
from chatbench.providers.gemini.files import PIECE
from chatbench.providers.http import Http
from chatbench.providers.mistral import Mistral
from chatbench.providers.openai_responses import OpenAIResponses
from chatbench.providers.wire import HttpWire

WIRES: dict[str, HttpWire] = {
    "openai": OpenAIResponses(),
    "anthropic": Anthropic(),
    "gemini": Gemini(),
    "mistral": Mistral(),
}
VENDORS = tuple(WIRES)
AUTH = {"anthropic": "header:x-api-key", "gemini": "header:x-goog-api-key"}
PDF = Outgoing(b"%PDF-1.7 \x00\xff\r\n--not a boundary\r\n" * 3, "ä b.pdf", "application/pdf")


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer() as running:
        yield running


def endpoint_at(server: LoopbackServer, vendor: str, **quirks: Any) -> Endpoint:
    wire = WIRES[vendor].id
    told = {"file_storage": True, **({"api_version": "v1beta"} if vendor == "gemini" else {}), **quirks}
    return wires.endpoint(wire, server.base_url(wire), auth=AUTH.get(vendor, "bearer"), **told)


def place(server: LoopbackServer, vendor: str, client: Http, **quirks: Any) -> Place:
    return Place(WIRES[vendor], endpoint_at(server, vendor, **quirks), Secret(wires.KEY), client)


class Sdk:
    """The vendor's own client at the same server."""

    def __init__(self, server: LoopbackServer, vendor: str) -> None:
        self.vendor = vendor
        base = server.base_url(WIRES[vendor].id)
        match vendor:
            case "openai":
                self.openai = openai.OpenAI(api_key="k", base_url=base, max_retries=0)
            case "anthropic":
                self.anthropic = anthropic.Anthropic(api_key="k", base_url=base, max_retries=0)
            case "gemini":
                options = genai_types.HttpOptions(base_url=base, api_version="v1beta")
                self.gemini = genai.Client(api_key="k", http_options=options)
            case _:
                self.mistral = MistralSdk(api_key="k", server_url=base)

    def listed(self) -> list[tuple[str, str, int]]:
        """(id, name, bytes) of every file."""
        match self.vendor:
            case "openai":
                return [(one.id, one.filename, one.bytes) for one in self.openai.files.list()]
            case "anthropic":
                return [(one.id, one.filename, one.size_bytes) for one in self.anthropic.files.list()]
            case "gemini":
                told = self.gemini.files.list()
                return [(str(one.name), str(one.display_name), int(one.size_bytes or 0)) for one in told]
        return [(one.id, one.filename, one.size_bytes) for one in self.mistral.files.list().data]

    def upload(self, data: bytes, name: str, media_type: str) -> str:
        match self.vendor:
            case "openai":
                return self.openai.files.create(file=(name, data, media_type), purpose="user_data").id
            case "anthropic":
                return self.anthropic.files.upload(file=(name, data, media_type)).id
            case "gemini":
                import io

                config = genai_types.UploadFileConfig(mime_type=media_type, display_name=name)
                return str(self.gemini.files.upload(file=io.BytesIO(data), config=config).name)
        file: Any = {"file_name": name, "content": data}
        return self.mistral.files.upload(file=file, purpose="ocr").id

    def close(self) -> None:
        for name in ("openai", "anthropic", "gemini"):
            if (client := getattr(self, name, None)) is not None:
                client.close()
        if self.vendor == "mistral":
            leave: Callable[..., None] = self.mistral.__exit__
            leave(None, None, None)


@pytest.fixture
def sdk(server: LoopbackServer, request: pytest.FixtureRequest) -> Iterator[Sdk]:
    made = Sdk(server, request.getfixturevalue("vendor"))
    yield made
    made.close()


@pytest.mark.parametrize("vendor", VENDORS)
async def test_what_is_uploaded_comes_whole_and_the_vendors_client_sees_it(
    server: LoopbackServer, client: Http, vendor: str, sdk: Sdk
) -> None:
    at = place(server, vendor, client)
    storage = at.wire.storage
    assert storage is not None
    told = await storage.upload(at, PDF)
    (kept,) = server.files.kept[vendor].values()
    assert (kept.data, kept.name, kept.media_type) == (PDF.data, PDF.name, PDF.media_type)
    assert (told.id, told.provider, told.name, told.size) == (
        kept.id,
        at.endpoint.id,
        PDF.name,
        PDF.length,
    )
    assert (told.state, told.created_at // 1000) == ("ready", CREATED)
    assert sdk.listed() == [(told.id, PDF.name, PDF.length)]
    assert await storage.retrieve(at, told.id) == told
    assert await storage.list(at) == [told]
    ours = [asked for asked in server.asked if "chatbench" in asked.headers.get("user-agent", "").lower()]
    assert len(ours) == (4 if vendor == "gemini" else 3)
    assert all(wires.KEY in asked.headers.values() or f"Bearer {wires.KEY}" in asked.headers.values()
               for asked in ours)  # fmt: skip


@pytest.mark.parametrize("vendor", VENDORS)
async def test_what_the_vendors_client_uploads_is_listed_and_deleted(
    server: LoopbackServer, client: Http, vendor: str, sdk: Sdk
) -> None:
    at = place(server, vendor, client)
    storage = at.wire.storage
    assert storage is not None
    file_id = sdk.upload(b"words", "words.txt", "text/plain")
    (told,) = await storage.list(at)
    assert (told.id, told.name, told.size) == (file_id, "words.txt", 5)
    if vendor == "gemini":
        assert told.downloadable is False
        server.files.kept[vendor][file_id].downloadable = True
    assert await storage.content(at, file_id) == b"words"
    await storage.delete(at, file_id)
    assert await storage.list(at) == []
    with pytest.raises(NotFound):
        await storage.retrieve(at, file_id)


@pytest.mark.parametrize("vendor", VENDORS)
async def test_all_pages_are_listed(server: LoopbackServer, client: Http, vendor: str) -> None:
    count = 205 if vendor == "mistral" else 7
    server.files.page = 3
    for number in range(count):
        server.files.put(vendor, b"x", f"{number}.txt", "text/plain")
    at = place(server, vendor, client)
    assert at.wire.storage is not None
    found = await at.wire.storage.list(at)
    assert [file.name for file in found] == [f"{number}.txt" for number in range(count)]
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("vendor", "fields"),
    [
        ("openai", {"purpose": "user_data", "expires_after[anchor]": "created_at",
                    "expires_after[seconds]": "3600"}),
        ("anthropic", {"expires_in_seconds": "3600"}),
        ("mistral", {"purpose": "ocr", "expiry": "1"}),
    ],
)  # fmt: skip
async def test_a_file_may_expire(
    server: LoopbackServer, client: Http, vendor: str, fields: dict[str, str]
) -> None:
    at = place(server, vendor, client)
    assert at.wire.storage is not None
    told = await at.wire.storage.upload(at, PDF._replace(expires_s=3600))
    (kept,) = server.files.kept[vendor].values()
    assert kept.fields == fields
    assert told.expires_at == (CREATED + 3600) * 1000


@pytest.mark.parametrize(
    ("vendor", "seconds"),
    [("openai", 3599), ("openai", 2_592_001), ("anthropic", 7_776_001), ("gemini", 3600), ("mistral", 1)],
)
async def test_a_time_that_is_not_offered_is_refused_before_anything_is_sent(
    server: LoopbackServer, client: Http, vendor: str, seconds: int
) -> None:
    at = place(server, vendor, client)
    assert at.wire.storage is not None
    with pytest.raises(BadRequest, match="keeps"):
        await at.wire.storage.upload(at, PDF._replace(expires_s=seconds))
    assert server.asked == []


async def test_gemini_tells_when_its_files_go_and_whether_they_are_ready(
    server: LoopbackServer, client: Http
) -> None:
    kept = server.files.put("gemini", b"film", "f.mp4", "video/mp4")
    at = place(server, "gemini", client)
    assert at.wire.storage is not None
    for state, told in (("PROCESSING", "processing"), ("FAILED", "failed")):
        kept.state = state
        assert (await at.wire.storage.retrieve(at, kept.id)).state == told
    kept.state = "ACTIVE"
    found = await at.wire.storage.retrieve(at, kept.id)
    assert found.state == "ready"
    assert found.expires_at is not None
    assert found.expires_at // 1000 == CREATED + 2 * 86_400


async def test_a_large_file_goes_to_gemini_in_pieces_and_never_to_another_host(
    server: LoopbackServer, client: Http
) -> None:
    data = os.urandom(2 * PIECE + 17)
    server.files.upload_host = "https://upload.example"
    at = place(server, "gemini", client)
    assert at.wire.storage is not None
    await at.wire.storage.upload(at, Outgoing(data, "film.mp4", "video/mp4"))
    (kept,) = server.files.kept["gemini"].values()
    assert kept.data == data
    assert [len(asked.body) for asked in server.asked[1:]] == [PIECE, PIECE, 17]
    commands = [asked.headers["x-goog-upload-command"] for asked in server.asked]
    assert commands == ["start", "upload", "upload", "upload, finalize"]


async def test_an_upload_without_an_address_is_not_gone_on_with(server: LoopbackServer, client: Http) -> None:
    server.script(replies.data({}))
    at = place(server, "gemini", client)
    assert at.wire.storage is not None
    with pytest.raises(InvalidResponse):
        await at.wire.storage.upload(at, PDF)


@pytest.mark.parametrize("vendor", VENDORS)
async def test_an_endpoint_that_is_not_known_to_keep_files_is_not_asked(
    server: LoopbackServer, client: Http, vendor: str
) -> None:
    at = place(server, vendor, client, file_storage=False)
    storage = at.wire.storage
    assert storage is not None
    for asking in (
        lambda: storage.upload(at, PDF),
        lambda: storage.retrieve(at, "x"),
        lambda: storage.list(at),
        lambda: storage.content(at, "x"),
        lambda: storage.delete(at, "x"),
    ):
        with pytest.raises(EndpointNotSupported, match="keeps no files"):
            await asking()
    assert server.asked == []


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("file_id", ["..", ".", "", "../models", "a/b?c=d#e", "x%2f", "é"])
async def test_an_id_is_one_step_of_the_path(
    server: LoopbackServer, client: Http, vendor: str, file_id: str
) -> None:
    at = place(server, vendor, client)
    assert at.wire.storage is not None
    with pytest.raises((NotFound, BadRequest)):
        await at.wire.storage.delete(at, file_id)
    (asked,) = server.asked
    assert "/files/" in asked.path
    assert asked.path.count("/") == {"openai": 3, "anthropic": 3, "gemini": 3, "mistral": 4}[vendor]
    assert "?" not in asked.target


@settings(max_examples=200)
@given(
    data=st.binary(max_size=200),
    name=st.text(max_size=40),
    media_type=st.sampled_from(["application/pdf", "text/plain\r\nx: y", ""]),
    value=st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
)
def test_any_name_and_any_bytes_are_one_file_of_a_form(
    data: bytes, name: str, media_type: str, value: str
) -> None:
    content_type, before, after = multipart({"purpose": value}, Outgoing(data, name, media_type))
    body = before + data + after
    shelf = FileShelf()
    shelf.answer(Asked("POST", "/v1/files", {"content-type": content_type}, body))
    (kept,) = shelf.kept["openai"].values()
    assert kept.data == data
    assert "\n" not in kept.name
    assert set(kept.fields) == {"purpose"}
    if (
        name.isascii()
        and name.isprintable()
        and not set(name) & set('"\\%')
        and name.strip() == name
        and name
    ):
        assert kept.name == name


async def test_a_list_that_leads_back_to_itself_ends(server: LoopbackServer, client: Http) -> None:
    at = place(server, "anthropic", client)
    assert at.wire.storage is not None
    again = {"data": [{"id": "file_1"}], "next_page": "page_1"}
    server.script(*[replies.data(again) for _ in range(3)])
    assert [file.id for file in await at.wire.storage.list(at)] == ["file_1", "file_1"]
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("told", "size"),
    [('"12"', 12), ("12", 12), ('"-1"', 0), ('"many"', 0), (f'"{"9" * 5000}"', 0), ('""', 0)],
)
def test_a_size_that_is_none_is_not_known(server: LoopbackServer, told: str, size: int) -> None:
    storage = WIRES["gemini"].storage
    assert storage is not None
    body = f'{{"name": "files/x", "sizeBytes": {told}}}'.encode()
    assert storage.decode(body, endpoint_at(server, "gemini")).size == size
