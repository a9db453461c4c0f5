"""OpenAI's batch jobs (openai 3.52.0: types/batch.py, batch_create_params.py, batch_list_params.py).

A job is a file of requests and an object that names it. It carries our label as metadata, by which it is
found again where the answer to its making was lost.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Literal

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import ProviderError, ServerError
from chatbench.core.jobs import RemoteJob
from chatbench.core.secrets import Secret
from chatbench.providers.decoding import read_json
from chatbench.providers.encoding import headers_for
from chatbench.providers.filestorage import UPLOADING, Outgoing, Place, Query
from chatbench.providers.http import HttpRequest
from chatbench.providers.jobs import Answered, JobWork, check, milliseconds, raw_body
from chatbench.providers.openai_responses.addresses import joined
from chatbench.providers.openai_responses.files import OpenAIFiles
from chatbench.providers.wire import Call, HttpFailure, HttpWire

_LABEL = "chatbench"
_ADDRESS = "/v1/responses"
_ENDS: dict[str, Literal["", "expired", "cancelled"]] = {"expired": "expired", "cancelled": "cancelled"}
_STATES: dict[str, Literal["cancelling", "ended", "failed"]] = {
    "cancelling": "cancelling", "completed": "ended", "expired": "ended", "cancelled": "ended",
    "failed": "failed",
}  # fmt: skip
_UNDONE: dict[str, Literal["expired", "cancelled"]] = {
    "batch_expired": "expired", "batch_cancelled": "cancelled",
}  # fmt: skip


class _Counts(msgspec.Struct):
    total: int = 0
    completed: int = 0
    failed: int = 0


class _Error(msgspec.Struct):
    code: str | None = None
    message: str | None = None


class _Errors(msgspec.Struct):
    data: list[_Error] | None = None


class _Batch(msgspec.Struct):
    id: str
    status: str
    created_at: float = 0
    metadata: dict[str, Any] | None = None
    request_counts: _Counts | None = None
    output_file_id: str | None = None
    error_file_id: str | None = None
    errors: _Errors | None = None


class _Page(msgspec.Struct):
    data: list[_Batch]
    has_more: bool | None = None


class _Told(msgspec.Struct):
    status_code: int = 0
    body: msgspec.Raw = msgspec.Raw(b"null")


class _Line(msgspec.Struct):
    custom_id: str
    response: _Told | None = None
    error: _Error | None = None


_batch = msgspec.json.Decoder(_Batch)
_page = msgspec.json.Decoder(_Page)
_line = msgspec.json.Decoder(_Line)
_files = OpenAIFiles()


class OpenAIJobs(JobWork):
    """`/batches`. OpenAI takes 50,000 requests and 200 MB a job; answers are read whole, and so fewer go."""

    max_requests = 10_000
    max_bytes = 64 * 1024 * 1024

    def request(
        self, endpoint: Endpoint, key: Secret | None, path: str = "", query: Query = ()
    ) -> HttpRequest:
        version = endpoint.quirks.api_version
        url = joined(endpoint.base_url, f"batches/{path}" if path else "batches", version, query)
        return HttpRequest(url=url, method="GET", headers=headers_for(endpoint, key))

    def line(self, name: str, call: Call, wire: HttpWire) -> bytes:
        told = {"custom_id": name, "method": "POST", "url": _ADDRESS, "body": raw_body(call, wire)}
        return msgspec.json.encode(told)

    async def submit(self, at: Place, label: str, lines: Sequence[bytes], apart: str) -> RemoteJob:
        check(at)
        file = Outgoing(b"\n".join(lines), f"{label}.jsonl", "application/jsonl", purpose="batch")
        kept = await _files.upload(at, file)
        fields = {
            "input_file_id": kept.id,
            "endpoint": _ADDRESS,
            "completion_window": "24h",
            "metadata": {_LABEL: label},
        }
        asked = self.request(at.endpoint, at.key)
        request = HttpRequest(url=asked.url, headers=asked.headers, body=msgspec.json.encode(fields))
        return self.decode(await at.fetch(request, UPLOADING), at.endpoint)

    def decode(self, body: bytes, endpoint: Endpoint) -> RemoteJob:
        return _told(read_json(_batch, body, endpoint), endpoint)

    def page_query(self, page: str | None) -> Query:
        return (("limit", "100"), *((("after", page),) if page else ()))

    def decode_page(
        self, body: bytes, endpoint: Endpoint, page: str | None
    ) -> tuple[list[RemoteJob], str | None]:
        told = read_json(_page, body, endpoint)
        last = told.data[-1].id if told.has_more and told.data else None
        return [_told(batch, endpoint) for batch in told.data], last

    async def results(self, at: Place, job: RemoteJob) -> list[bytes]:
        return [await _files.content(at, file_id) for file_id in job.files]

    def read(self, line: bytes, at: Place) -> Answered:
        told = read_json(_line, line, at.endpoint)
        response = told.response
        if response is not None and response.status_code < 400:
            return Answered(told.custom_id, "answered", bytes(response.body))
        if response is not None:
            failure = HttpFailure(status=response.status_code, headers={}, body=bytes(response.body))
            return Answered(told.custom_id, "failed", error=at.wire.error(failure, at.endpoint))
        error = told.error or _Error()
        undone = _UNDONE.get(error.code or "")
        if undone is not None:
            return Answered(told.custom_id, undone)
        return Answered(told.custom_id, "failed", error=_named(error, at.endpoint))

    async def find(
        self, at: Place, label: str, since_ms: int, total: int, known: Collection[str]
    ) -> RemoteJob | None:
        return next((job for job in await self.every(at, since_ms) if job.label == label), None)


def _named(error: _Error, endpoint: Endpoint) -> ProviderError:
    said = error.message or error.code or "it gave no reason"
    return ServerError(f"{endpoint.name} did not answer: {said}", "Ask again.", provider=endpoint.id)


def _told(batch: _Batch, endpoint: Endpoint) -> RemoteJob:
    counts = batch.request_counts or _Counts()
    errors = (batch.errors.data if batch.errors else None) or []
    return RemoteJob(
        id=batch.id,
        provider=endpoint.id,
        state=_STATES.get(batch.status, "working"),
        end=_ENDS.get(batch.status, ""),
        label=str((batch.metadata or {}).get(_LABEL, "")),
        total=counts.total,
        finished=counts.completed + counts.failed,
        failed=counts.failed,
        created_at=milliseconds(batch.created_at),
        files=tuple(filter(None, (batch.output_file_id, batch.error_file_id))),
        why="; ".join(filter(None, (error.message or error.code for error in errors)))[:1000],
    )
