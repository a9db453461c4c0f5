"""File storage as four vendors keep it, in memory; answers have the shapes of their SDKs' types."""

from __future__ import annotations

import email.parser
import email.policy
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from tests.loopback import replies
from tests.loopback.replies import Reply

if TYPE_CHECKING:
    from tests.loopback.server import Asked

CREATED = 1_790_000_000
"""UTC seconds."""
_CREATED_TEXT = "2026-09-21T14:13:20Z"


@dataclass
class Kept:
    """A file that came: its bytes, its name, and the fields beside it."""

    id: str
    data: bytes
    name: str
    media_type: str
    fields: dict[str, str]
    downloadable: bool = True
    state: str = "ACTIVE"


class FileShelf:
    """What one server keeps, by vendor. `page` files are told at once."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, Kept]] = {}
        self.page: int | None = None
        self.upload_host = ""
        """scheme://host of the address that takes the bytes, where it is to be another than this one."""
        self._begun: dict[str, dict[str, Any]] = {}
        self._count = 0

    def put(self, vendor: str, data: bytes, name: str, media_type: str, **fields: str) -> Kept:
        """As if it had been uploaded."""
        self._count += 1
        numbered = {"gemini": "files/up-{0}", "anthropic": "file_{0}"}.get(vendor, "file-{0}")
        kept = Kept(numbered.format(self._count), data, name, media_type, fields)
        self.kept.setdefault(vendor, {})[kept.id] = kept
        return kept

    def answer(self, asked: Asked) -> Reply | None:
        """None for what is not about files."""
        path = asked.path
        if path.startswith("/upload/"):
            return self._resumable(asked)
        before, found, behind = path.partition("/files")
        if not found or (behind and not behind.startswith("/")):
            return None
        vendor = "openai"
        if before.startswith("/mistral"):
            vendor = "mistral"
        elif "x-goog-api-key" in asked.headers or before.startswith("/v1beta"):
            vendor = "gemini"
        elif "anthropic-version" in asked.headers:
            vendor = "anthropic"
        shelf = self.kept.setdefault(vendor, {})
        if not behind:
            if asked.method == "POST":
                return replies.data(_TOLD[vendor](self._uploaded(vendor, asked)))
            return replies.data(self._listed(vendor, parse_qs(urlsplit(asked.target).query)))
        return self._about(vendor, shelf, behind[1:], asked)

    def _about(self, vendor: str, shelf: dict[str, Kept], rest: str, asked: Asked) -> Reply:
        file_id, _, content = rest.partition("/")
        if vendor == "gemini":
            name, _, content = rest.partition(":")
            file_id = f"files/{name}"
        kept = shelf.get(file_id)
        if kept is None:
            return replies.data(_missing(vendor), 404)
        if asked.method == "DELETE":
            del shelf[file_id]
            return replies.data(
                {} if vendor == "gemini" else {"id": file_id, "deleted": True, "object": "file"}
            )
        if content:
            if not kept.downloadable:
                return replies.data(_missing(vendor), 400)
            return Reply([kept.data], 200, {"content-type": "application/octet-stream"})
        return replies.data(_TOLD[vendor](kept))

    def _uploaded(self, vendor: str, asked: Asked) -> Kept:
        """By the parser of the standard library: whatever reads forms must read ours."""
        head = f"Content-Type: {asked.headers['content-type']}\r\n\r\n".encode()
        form = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + asked.body)
        fields: dict[str, str] = {}
        data, name, media_type = b"", "", ""
        for piece in form.iter_parts():
            payload = piece.get_payload(decode=True)
            assert isinstance(payload, bytes)
            field = str(piece.get_param("name", header="content-disposition"))
            if piece.get_filename() is not None or field == "file":
                data, name, media_type = payload, piece.get_filename() or "", piece.get_content_type()
            else:
                fields[field] = payload.decode()
        return self.put(vendor, data, name, media_type, **fields)

    def _resumable(self, asked: Asked) -> Reply:
        command = asked.headers.get("x-goog-upload-command", "")
        if command == "start":
            self._count += 1
            upload_id = f"u{self._count}"
            self._begun[upload_id] = {
                "told": json.loads(asked.body)["file"],
                "data": b"",
                "type": asked.headers["x-goog-upload-header-content-type"],
                "size": int(asked.headers["x-goog-upload-header-content-length"]),
            }
            host = self.upload_host or f"http://{asked.headers['host']}"
            address = f"{host}{asked.path}?upload_id={upload_id}&upload_protocol=resumable"
            return replies.data({}, headers={"x-goog-upload-url": address, "x-goog-upload-status": "active"})
        begun = self._begun[parse_qs(urlsplit(asked.target).query)["upload_id"][0]]
        assert int(asked.headers["x-goog-upload-offset"]) == len(begun["data"])
        begun["data"] += asked.body
        if "finalize" not in command:
            return replies.data({}, headers={"x-goog-upload-status": "active"})
        assert len(begun["data"]) == begun["size"]
        told = begun["told"]
        name = told.get("displayName") or told.get("display_name") or ""
        kept = self.put("gemini", begun["data"], name, begun["type"])
        kept.downloadable = False
        return replies.data({"file": _gemini(kept)}, headers={"x-goog-upload-status": "final"})

    def _listed(self, vendor: str, query: dict[str, list[str]]) -> dict[str, Any]:
        files = list(self.kept[vendor].values())
        size = self.page or len(files) or 1
        if vendor == "mistral":
            size = int(query.get("page_size", ["100"])[0])
            at = int(query.get("page", ["0"])[0]) * size
            told = [_openai(kept, mistral=True) for kept in files[at : at + size]]
            return {"data": told, "object": "list", "total": len(files)}
        token = {"openai": "after", "anthropic": "page", "gemini": "pageToken"}[vendor]
        after = query.get(token, [""])[0]
        at = next((n + 1 for n, kept in enumerate(files) if kept.id in after), 0) if after else 0
        shown, more = files[at : at + size], at + size < len(files)
        told = [_TOLD[vendor](kept) for kept in shown]
        if vendor == "gemini":
            return {"files": told, **({"nextPageToken": f"t-{shown[-1].id}"} if more else {})}
        if vendor == "anthropic":
            return {"data": told, "next_page": f"page_{shown[-1].id}" if more else None}
        return {
            "object": "list", "data": told, "has_more": more,
            "first_id": shown[0].id if shown else None, "last_id": shown[-1].id if shown else None,
        }  # fmt: skip


def _openai(kept: Kept, *, mistral: bool = False) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": kept.id, "object": "file", "bytes": len(kept.data), "created_at": CREATED,
        "filename": kept.name, "purpose": kept.fields.get("purpose", "user_data"),
    }  # fmt: skip
    if mistral:
        hours = kept.fields.get("expiry")
        expires = CREATED + 3600 * int(hours) if hours else None
        return {**told, "sample_type": "ocr_input", "source": "upload", "mimetype": kept.media_type,
                "expires_at": expires}  # fmt: skip
    seconds = kept.fields.get("expires_after[seconds]")
    return {**told, "status": "processed", "expires_at": CREATED + int(seconds) if seconds else None}


def _anthropic(kept: Kept) -> dict[str, Any]:
    seconds = kept.fields.get("expires_in_seconds")
    return {
        "id": kept.id, "type": "file", "filename": kept.name, "mime_type": kept.media_type,
        "size_bytes": len(kept.data), "created_at": _CREATED_TEXT, "downloadable": kept.downloadable,
        "expires_at": "2026-09-21T15:13:20Z" if seconds == "3600" else None,
    }  # fmt: skip


def _gemini(kept: Kept) -> dict[str, Any]:
    return {
        "name": kept.id, "displayName": kept.name, "mimeType": kept.media_type,
        "sizeBytes": str(len(kept.data)), "createTime": "2026-09-21T14:13:20.123456Z",
        "expirationTime": "2026-09-23T14:13:20.123456Z", "state": kept.state,
        "uri": f"https://generativelanguage.googleapis.com/v1beta/{kept.id}",
        "source": "UPLOADED" if not kept.downloadable else "GENERATED",
    }  # fmt: skip


_TOLD: dict[str, Callable[[Kept], dict[str, Any]]] = {
    "openai": _openai,
    "mistral": lambda kept: _openai(kept, mistral=True),
    "anthropic": _anthropic,
    "gemini": _gemini,
}


def _missing(vendor: str) -> dict[str, Any]:
    if vendor == "anthropic":
        return {"type": "error", "error": {"type": "not_found_error", "message": "no such file"}}
    if vendor == "gemini":
        return {"error": {"code": 404, "message": "no such file", "status": "NOT_FOUND"}}
    if vendor == "mistral":
        return {"object": "error", "message": "no such file", "type": "not_found", "code": 3000}
    return {"error": {"message": "No such File object", "type": "invalid_request_error", "param": "id",
                      "code": None}}  # fmt: skip
