"""Anthropic's file storage (anthropic SDK: types/file_metadata.py, file_upload_params.py)."""

from __future__ import annotations

from datetime import datetime

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.files import RemoteFile
from chatbench.core.secrets import Secret
from chatbench.providers.anthropic.addresses import joined
from chatbench.providers.anthropic.encode import CURRENT_VERSION
from chatbench.providers.decoding import read_json
from chatbench.providers.encoding import headers_for
from chatbench.providers.filestorage import FileStorage, Outgoing, Query, kept_for
from chatbench.providers.http import HttpRequest

SHORTEST_S, LONGEST_S = 3600, 7_776_000


class _File(msgspec.Struct):
    id: str
    filename: str = ""
    mime_type: str = ""
    size_bytes: int = 0
    created_at: datetime | None = None
    expires_at: datetime | None = None
    downloadable: bool | None = None


class _Page(msgspec.Struct):
    data: list[_File]
    next_page: str | None = None


_file = msgspec.json.Decoder(_File)
_page = msgspec.json.Decoder(_Page)


class AnthropicFiles(FileStorage):
    """`/v1/files`."""

    def request(
        self, endpoint: Endpoint, key: Secret | None, path: str = "", query: Query = ()
    ) -> HttpRequest:
        url = joined(endpoint.base_url, f"files/{path}" if path else "files", query)
        own = {"anthropic-version": CURRENT_VERSION}
        return HttpRequest(url=url, method="GET", headers=headers_for(endpoint, key, own))

    def fields(self, file: Outgoing) -> dict[str, str]:
        seconds = kept_for(file, SHORTEST_S, LONGEST_S, "Anthropic")
        return {} if seconds is None else {"expires_in_seconds": str(seconds)}

    def decode(self, body: bytes, endpoint: Endpoint) -> RemoteFile:
        return _told(read_json(_file, body, endpoint), endpoint)

    def page_query(self, page: str | None) -> Query:
        return (("limit", "1000"), *((("page", page),) if page else ()))

    def decode_page(
        self, body: bytes, endpoint: Endpoint, page: str | None
    ) -> tuple[list[RemoteFile], str | None]:
        told = read_json(_page, body, endpoint)
        return [_told(file, endpoint) for file in told.data], told.next_page


def _told(file: _File, endpoint: Endpoint) -> RemoteFile:
    return RemoteFile(
        id=file.id,
        provider=endpoint.id,
        name=file.filename,
        media_type=file.mime_type,
        size=file.size_bytes,
        created_at=int(file.created_at.timestamp() * 1000) if file.created_at else 0,
        expires_at=int(file.expires_at.timestamp() * 1000) if file.expires_at else None,
        downloadable=file.downloadable,
    )
