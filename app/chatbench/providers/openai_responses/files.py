"""OpenAI's file storage (openai 3.52.0: types/file_object.py, file_create_params.py)."""

from __future__ import annotations

from typing import Literal

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.files import RemoteFile
from chatbench.core.secrets import Secret
from chatbench.providers.decoding import read_json
from chatbench.providers.encoding import headers_for
from chatbench.providers.filestorage import FileStorage, Outgoing, Query, kept_for
from chatbench.providers.http import HttpRequest
from chatbench.providers.openai_responses.addresses import joined

SHORTEST_S, LONGEST_S = 3600, 2_592_000
_FOR_QUESTIONS = "user_data"
_NOT_DOWNLOADABLE = frozenset({"user_data", "vision", "assistants"})


class _File(msgspec.Struct):
    id: str
    filename: str = ""
    bytes: int | None = None
    created_at: float | None = None
    expires_at: float | None = None
    purpose: str = ""
    status: str | None = None


class _Page(msgspec.Struct):
    data: list[_File]
    has_more: bool | None = None
    last_id: str | None = None


_file = msgspec.json.Decoder(_File)
_page = msgspec.json.Decoder(_Page)


class OpenAIFiles(FileStorage):
    """`/files`."""

    def request(
        self, endpoint: Endpoint, key: Secret | None, path: str = "", query: Query = ()
    ) -> HttpRequest:
        version = endpoint.quirks.api_version
        url = joined(endpoint.base_url, f"files/{path}" if path else "files", version, query)
        return HttpRequest(url=url, method="GET", headers=headers_for(endpoint, key))

    def fields(self, file: Outgoing) -> dict[str, str]:
        fields = {"purpose": file.purpose or _FOR_QUESTIONS}
        seconds = kept_for(file, SHORTEST_S, LONGEST_S, "OpenAI")
        if seconds is not None:
            fields |= {"expires_after[anchor]": "created_at", "expires_after[seconds]": str(seconds)}
        return fields

    def decode(self, body: bytes, endpoint: Endpoint) -> RemoteFile:
        return _told(read_json(_file, body, endpoint), endpoint)

    def page_query(self, page: str | None) -> Query:
        return (("limit", "10000"), *((("after", page),) if page else ()))

    def decode_page(
        self, body: bytes, endpoint: Endpoint, page: str | None
    ) -> tuple[list[RemoteFile], str | None]:
        told = read_json(_page, body, endpoint)
        last = told.last_id or (told.data[-1].id if told.data else None)
        return [_told(file, endpoint) for file in told.data], last if told.has_more else None


def _told(file: _File, endpoint: Endpoint) -> RemoteFile:
    state: Literal["ready", "processing", "failed"] = "failed" if file.status == "error" else "ready"
    return RemoteFile(
        id=file.id,
        provider=endpoint.id,
        name=file.filename,
        size=file.bytes or 0,
        created_at=int((file.created_at or 0) * 1000),
        expires_at=int(file.expires_at * 1000) if file.expires_at else None,
        state=state,
        purpose=file.purpose,
        downloadable=False if file.purpose in _NOT_DOWNLOADABLE else None,
    )
