"""Mistral's file storage (mistralai SDK: client/files.py, models/fileschema.py).

`expiry` is hours: the SDK tells no unit, La Plateforme's address for signed URLs counts in hours, and
so nothing is said where a person did not ask for it.
"""

from __future__ import annotations

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.files import RemoteFile
from chatbench.core.secrets import Secret
from chatbench.providers.decoding import read_json
from chatbench.providers.encoding import headers_for
from chatbench.providers.filestorage import FileStorage, Outgoing, Query, kept_for
from chatbench.providers.http import HttpRequest
from chatbench.providers.mistral.addresses import joined

SHORTEST_S, LONGEST_S = 3600, 31_536_000
_FOR_QUESTIONS = "ocr"
_PER_PAGE = 100


class _File(msgspec.Struct):
    id: str
    filename: str = ""
    bytes: int | None = None
    created_at: float | None = None
    expires_at: float | None = None
    purpose: str | None = None
    mimetype: str | None = None


class _Page(msgspec.Struct):
    data: list[_File]


_file = msgspec.json.Decoder(_File)
_page = msgspec.json.Decoder(_Page)


class MistralFiles(FileStorage):
    """`/v1/files`."""

    def request(
        self, endpoint: Endpoint, key: Secret | None, path: str = "", query: Query = ()
    ) -> HttpRequest:
        url = joined(endpoint, f"files/{path}" if path else "files", dict(query))
        return HttpRequest(url=url, method="GET", headers=headers_for(endpoint, key))

    def fields(self, file: Outgoing) -> dict[str, str]:
        fields = {"purpose": file.purpose or _FOR_QUESTIONS}
        seconds = kept_for(file, SHORTEST_S, LONGEST_S, "Mistral")
        if seconds is not None:
            fields["expiry"] = str(-(-seconds // 3600))
        return fields

    def decode(self, body: bytes, endpoint: Endpoint) -> RemoteFile:
        return _told(read_json(_file, body, endpoint), endpoint)

    def page_query(self, page: str | None) -> Query:
        return (("page_size", str(_PER_PAGE)), ("page", page or "0"))

    def decode_page(
        self, body: bytes, endpoint: Endpoint, page: str | None
    ) -> tuple[list[RemoteFile], str | None]:
        """A full page may have another behind it: the list itself does not say."""
        found = read_json(_page, body, endpoint).data
        following = str(int(page or "0") + 1) if len(found) >= _PER_PAGE else None
        return [_told(file, endpoint) for file in found], following


def _told(file: _File, endpoint: Endpoint) -> RemoteFile:
    return RemoteFile(
        id=file.id,
        provider=endpoint.id,
        name=file.filename,
        media_type=file.mimetype or "",
        size=file.bytes or 0,
        created_at=int((file.created_at or 0) * 1000),
        expires_at=int(file.expires_at * 1000) if file.expires_at else None,
        purpose=file.purpose or "",
    )
