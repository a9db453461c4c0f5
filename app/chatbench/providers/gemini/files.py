"""Gemini's file storage (google-genai 3.4.0: files.py, types.py, _api_client.py, _extra_utils.py).

An upload is begun with what is known of the file; the answer's `x-goog-upload-url` then takes the
bytes, in pieces of 8 MiB. That address is taken for its path and query alone: like the SDK, the bytes
go to the host of the endpoint. Files expire 48 hours after they came; nobody can say another time.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import BadRequest
from chatbench.core.files import RemoteFile
from chatbench.core.secrets import Secret
from chatbench.providers.decoding import invalid, read_json
from chatbench.providers.encoding import body_of, headers_for
from chatbench.providers.filestorage import UPLOADING, FileStorage, Outgoing, Place, Query
from chatbench.providers.gemini.addresses import joined, version_for
from chatbench.providers.http import HttpRequest

PIECE = 8 * 1024 * 1024
_STATES: dict[str, Literal["processing", "failed"]] = {"PROCESSING": "processing", "FAILED": "failed"}


class _File(msgspec.Struct, rename="camel"):
    name: str = ""
    display_name: str = ""
    mime_type: str = ""
    size_bytes: str | int = 0
    create_time: datetime | None = None
    expiration_time: datetime | None = None
    state: str = ""
    source: str = ""


class _Uploaded(msgspec.Struct):
    file: _File


class _Page(msgspec.Struct, rename="camel"):
    files: list[_File] = []
    next_page_token: str | None = None


_file = msgspec.json.Decoder(_File)
_uploaded = msgspec.json.Decoder(_Uploaded)
_page = msgspec.json.Decoder(_Page)


class GeminiFiles(FileStorage):
    """`/v1beta/files`, and `/upload/v1beta/files`."""

    def request(
        self, endpoint: Endpoint, key: Secret | None, path: str = "", query: Query = ()
    ) -> HttpRequest:
        url = joined(endpoint, f"files/{path}" if path else "files", query)
        return HttpRequest(url=url, method="GET", headers=headers_for(endpoint, key))

    def path_of(self, file_id: str) -> str:
        """An id is told and taken with `files/` before it."""
        return super().path_of(file_id.removeprefix("files/"))

    def content_request(self, endpoint: Endpoint, key: Secret | None, file_id: str) -> HttpRequest:
        return self.request(endpoint, key, f"{self.path_of(file_id)}:download", (("alt", "media"),))

    def fields(self, file: Outgoing) -> dict[str, str]:
        if file.expires_s is not None:
            raise BadRequest("Gemini keeps every file for 48 hours.", "Say no time.", param="expires_in")
        told = {"displayName": file.name, "mimeType": file.media_type, "sizeBytes": str(file.length)}
        return {name: value for name, value in told.items() if value}

    def decode(self, body: bytes, endpoint: Endpoint) -> RemoteFile:
        return _told(read_json(_file, body, endpoint), endpoint)

    def page_query(self, page: str | None) -> Query:
        return (("pageSize", "100"), *((("pageToken", page),) if page else ()))

    def decode_page(
        self, body: bytes, endpoint: Endpoint, page: str | None
    ) -> tuple[list[RemoteFile], str | None]:
        told = read_json(_page, body, endpoint)
        return [_told(file, endpoint) for file in told.files], told.next_page_token or None

    async def upload(self, at: Place, file: Outgoing) -> RemoteFile:
        at.check()
        begun = await at.exchange(self._beginning(at.endpoint, at.key, file))
        upload_url = begun.headers.get("x-goog-upload-url", "")
        if not upload_url:
            raise invalid(at.endpoint, begun.body)
        body = b""
        for offset in range(0, max(file.length, 1), PIECE):
            piece = await file.piece(offset, PIECE)
            last = offset + len(piece) >= file.length
            request = _piece(at.endpoint, at.key, upload_url, piece, offset, last=last)
            body = await at.fetch(request, UPLOADING)
        return _told(read_json(_uploaded, body, at.endpoint).file, at.endpoint)

    def _beginning(self, endpoint: Endpoint, key: Secret | None, file: Outgoing) -> HttpRequest:
        own = {
            "x-goog-upload-protocol": "resumable",
            "x-goog-upload-command": "start",
            "x-goog-upload-header-content-length": str(file.length),
            "x-goog-upload-header-content-type": file.media_type,
        }
        version = version_for(endpoint, "")
        home = urlsplit(joined(endpoint, "files"))
        path = home.path.replace(f"/{version}/files", f"/upload/{version}/files")
        return HttpRequest(
            url=urlunsplit(home._replace(path=path)),
            headers=headers_for(endpoint, key, own),
            body=body_of({"file": self.fields(file)}, None),
        )


def _piece(
    endpoint: Endpoint, key: Secret | None, upload_url: str, piece: bytes, offset: int, *, last: bool
) -> HttpRequest:
    """The bytes from `offset` on; the last piece ends the upload."""
    own = {
        "content-type": "application/octet-stream",
        "x-goog-upload-command": "upload, finalize" if last else "upload",
        "x-goog-upload-offset": str(offset),
    }
    given, home = urlsplit(upload_url), urlsplit(endpoint.base_url)
    url = urlunsplit(given._replace(scheme=home.scheme, netloc=home.netloc))
    return HttpRequest(url=url, headers={**headers_for(endpoint, key), **own}, body=piece)


def _size(told: str | int) -> int:
    """An int64 comes as text; of anything else nothing is known."""
    text = str(told)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0


def _told(file: _File, endpoint: Endpoint) -> RemoteFile:
    return RemoteFile(
        id=file.name,
        provider=endpoint.id,
        name=file.display_name,
        media_type=file.mime_type,
        size=_size(file.size_bytes),
        created_at=int(file.create_time.timestamp() * 1000) if file.create_time else 0,
        expires_at=int(file.expiration_time.timestamp() * 1000) if file.expiration_time else None,
        state=_STATES.get(file.state, "ready"),
        downloadable=file.source == "GENERATED",
    )
