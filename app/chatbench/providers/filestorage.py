"""File storage of providers: upload, list, retrieve, content, delete.

OpenAI, Anthropic and Mistral have one shape: `POST …/files` as multipart/form-data, `GET …/files`,
`GET …/files/{id}`, `GET …/files/{id}/content`, `DELETE …/files/{id}` (openai 3.52.0, anthropic and
mistralai SDKs: `resources/files.py`, `client/files.py`). Gemini has its own (`gemini/files.py`).
"""

from __future__ import annotations

import asyncio
import re
import secrets
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import BadRequest, EndpointNotSupported
from chatbench.core.files import RemoteFile
from chatbench.core.secrets import Secret
from chatbench.providers.enclosing import Enclosed, read_piece
from chatbench.providers.http import Fetched, HttpClient, HttpRequest, Timeouts
from chatbench.providers.wire import HttpWire

Query = tuple[tuple[str, str], ...]
_PAGES = 1000
_BREAKING = re.compile(r"[\x00-\x1f\x7f]")
UPLOADING = Timeouts(read=600.0)
"""A provider may take its time to store what came."""


class Outgoing(NamedTuple):
    """A file to be uploaded; one at a path is read while it is sent. `expires_s`: seconds it is to be kept,
    None for as long as the provider keeps files; `purpose` in the vendor's words, "" for the one that fits a
    question to a model."""

    data: bytes | Path
    name: str
    media_type: str
    expires_s: int | None = None
    purpose: str = ""
    size: int = 0
    """Bytes of it that are sent, where `data` is a path."""

    @property
    def length(self) -> int:
        """Bytes of the file."""
        return self.size if isinstance(self.data, Path) else len(self.data)

    async def piece(self, offset: int, size: int) -> bytes:
        """So many bytes from there on, or what there is. Raises AttachmentRefused where a file at a path
        has become shorter."""
        size = min(size, self.length - offset)
        if isinstance(self.data, Path):
            return await asyncio.to_thread(read_piece, self.data, offset, size)
        return self.data[offset : offset + size]


class FileStorage(ABC):
    """How one vendor keeps files: a codec, as a wire is, and the requests that go with it. A wire has
    one as `storage`. All requests raise EndpointNotSupported for an endpoint that is not known to keep
    files, and `ProviderError`s."""

    @abstractmethod
    def request(
        self, endpoint: Endpoint, key: Secret | None, path: str = "", query: Query = ()
    ) -> HttpRequest:
        """A GET of the list of files, or of `path` behind it."""

    @abstractmethod
    def fields(self, file: Outgoing) -> dict[str, str]:
        """What goes along with the bytes of a file. Raises BadRequest for a time it cannot be kept."""

    @abstractmethod
    def decode(self, body: bytes, endpoint: Endpoint) -> RemoteFile:
        """One file. Raises InvalidResponse."""

    @abstractmethod
    def page_query(self, page: str | None) -> Query:
        """What asks for a page of the list; None for the first."""

    @abstractmethod
    def decode_page(
        self, body: bytes, endpoint: Endpoint, page: str | None
    ) -> tuple[list[RemoteFile], str | None]:
        """The files of `page` of the list, and the next page's token. Raises InvalidResponse."""

    def path_of(self, file_id: str) -> str:
        """One step of a path, whatever the id holds."""
        return quote(file_id, safe="") if file_id not in ("", ".", "..") else "%2E"

    def content_request(self, endpoint: Endpoint, key: Secret | None, file_id: str) -> HttpRequest:
        return self.request(endpoint, key, f"{self.path_of(file_id)}/content")

    async def upload(self, at: Place, file: Outgoing) -> RemoteFile:
        """The file may be "processing" for a while."""
        at.check()
        asked = self.request(at.endpoint, at.key)
        content_type, before, after = multipart(self.fields(file), file)
        headers = {**asked.headers, "content-type": content_type}
        if isinstance(file.data, Path):
            enclosed = Enclosed(before, file.data, file.size, after)
            request = HttpRequest(url=asked.url, headers=headers, enclosed=enclosed)
        else:
            request = HttpRequest(url=asked.url, headers=headers, body=before + file.data + after)
        return self.decode(await at.fetch(request, UPLOADING), at.endpoint)

    async def retrieve(self, at: Place, file_id: str) -> RemoteFile:
        at.check()
        request = self.request(at.endpoint, at.key, self.path_of(file_id))
        return self.decode(await at.fetch(request), at.endpoint)

    async def list(self, at: Place) -> list[RemoteFile]:
        """All pages."""
        at.check()
        found: list[RemoteFile] = []
        page: str | None = None
        for _ in range(_PAGES):
            body = await at.fetch(self.request(at.endpoint, at.key, query=self.page_query(page)))
            before = page
            files, page = self.decode_page(body, at.endpoint, page)
            found += files
            if page in (None, before):
                break
        return found

    async def content(self, at: Place, file_id: str) -> bytes:
        at.check()
        return await at.fetch(self.content_request(at.endpoint, at.key, file_id), UPLOADING)

    async def delete(self, at: Place, file_id: str) -> None:
        at.check()
        asked = self.request(at.endpoint, at.key, self.path_of(file_id))
        await at.fetch(HttpRequest(url=asked.url, method="DELETE", headers=asked.headers))


class Place(NamedTuple):
    """A wire bound to an endpoint, its key and the network."""

    wire: HttpWire
    endpoint: Endpoint
    key: Secret | None
    http: HttpClient

    def check(self) -> None:
        """Raises EndpointNotSupported for an endpoint that is not known to keep files."""
        if not self.endpoint.quirks.file_storage or self.wire.storage is None:
            raise EndpointNotSupported(
                f"{self.endpoint.name} keeps no files.",
                "Send the file with the question.",
                provider=self.endpoint.id,
            )

    async def fetch(self, request: HttpRequest, timeouts: Timeouts = Timeouts()) -> bytes:
        return (await self.exchange(request, timeouts)).body

    async def exchange(self, request: HttpRequest, timeouts: Timeouts = Timeouts()) -> Fetched:
        """The whole answer, its headers too."""
        return await self.wire.exchange(request, self.endpoint, self.key, self.http, timeouts)


def kept_for(file: Outgoing, shortest_s: int, longest_s: int, endpoint_name: str) -> int | None:
    """The seconds a file is to be kept. Raises BadRequest for what the vendor does not offer."""
    if file.expires_s is not None and not shortest_s <= file.expires_s <= longest_s:
        raise BadRequest(
            f"{endpoint_name} keeps files between {shortest_s // 3600} h and {longest_s // 86400} days.",
            "Say another time, or none.",
            param="expires_in",
        )
    return file.expires_s


def multipart(fields: Mapping[str, str], file: Outgoing) -> tuple[str, bytes, bytes]:
    """Content type of a form (RFC 7578), and what goes before and after the file's bytes: the fields, and
    an end that no file can know. What would end a header or a quoted name is percent-encoded, as browsers
    do."""
    boundary = secrets.token_hex(16)
    pieces = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    media_type = _BREAKING.sub("", file.media_type) or "application/octet-stream"
    pieces.append(
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; '
        f'filename="{_quoted(file.name or "file")}"\r\nContent-Type: {media_type}\r\n\r\n'.encode()
    )
    after = f"\r\n--{boundary}--\r\n".encode()
    return f"multipart/form-data; boundary={boundary}", b"".join(pieces), after


def _quoted(name: str) -> str:
    """A name inside quotes; half a surrogate pair becomes a question mark."""
    whole = name.encode("utf-8", "replace").decode()
    return _BREAKING.sub(lambda found: quote(found[0]), whole).replace('"', "%22")
