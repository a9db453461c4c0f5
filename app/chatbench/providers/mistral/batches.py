"""Mistral's batch jobs (mistralai 3.7.0: client/jobs.py, models/batchjob.py, createbatchjobrequest.py).

A job is a file of requests and an object that names it and the model, which the lines leave out, as in
Mistral's guide. It carries our label as metadata, by which it is found again. That a line of results is
`custom_id` with `response` (`status_code`, `body`) or `error` is told by Mistral's examples and by readers of
others, not by a type of the SDK; what stands in `error` nobody tells, and so any JSON is taken.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Literal

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import ProviderError, ServerError
from chatbench.core.jobs import RemoteJob
from chatbench.core.secrets import Secret
from chatbench.providers.decoding import peek_json, read_json
from chatbench.providers.encoding import headers_for
from chatbench.providers.filestorage import UPLOADING, Outgoing, Place, Query
from chatbench.providers.http import HttpRequest
from chatbench.providers.jobs import Answered, JobWork, check, milliseconds, raw_body
from chatbench.providers.mistral.addresses import joined
from chatbench.providers.mistral.files import MistralFiles
from chatbench.providers.mistral.naming import named
from chatbench.providers.wire import Call, HttpFailure, HttpWire

_LABEL = "chatbench"
_ADDRESS = "/v1/chat/completions"
_PER_PAGE = 100
_STATES: dict[str, Literal["cancelling", "ended", "failed"]] = {
    "CANCELLATION_REQUESTED": "cancelling", "SUCCESS": "ended", "TIMEOUT_EXCEEDED": "ended",
    "CANCELLED": "ended", "FAILED": "failed",
}  # fmt: skip
_ENDS: dict[str, Literal["expired", "cancelled"]] = {
    "TIMEOUT_EXCEEDED": "expired", "CANCELLED": "cancelled",
}  # fmt: skip


class _Error(msgspec.Struct):
    message: str = ""


class _Job(msgspec.Struct):
    id: str
    status: str
    created_at: float = 0
    metadata: dict[str, Any] | None = None
    total_requests: int = 0
    completed_requests: int = 0
    failed_requests: int = 0
    output_file: str | None = None
    error_file: str | None = None
    errors: list[_Error] | None = None


class _Page(msgspec.Struct):
    data: list[_Job] | None = None


class _Told(msgspec.Struct):
    status_code: int = 200
    body: msgspec.Raw = msgspec.Raw(b"null")


class _Line(msgspec.Struct):
    custom_id: str
    response: _Told | None = None
    error: msgspec.Raw = msgspec.Raw(b"null")


_job = msgspec.json.Decoder(_Job)
_page = msgspec.json.Decoder(_Page)
_line = msgspec.json.Decoder(_Line)
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_files = MistralFiles()


class MistralJobs(JobWork):
    """`/v1/batch/jobs`. Mistral takes 100,000 requests and 512 MB a job; answers are read whole, and so fewer
    go."""

    max_requests = 10_000
    max_bytes = 64 * 1024 * 1024

    def request(
        self, endpoint: Endpoint, key: Secret | None, path: str = "", query: Query = ()
    ) -> HttpRequest:
        url = joined(endpoint, f"batch/jobs/{path}" if path else "batch/jobs", dict(query))
        return HttpRequest(url=url, method="GET", headers=headers_for(endpoint, key))

    def line(self, name: str, call: Call, wire: HttpWire) -> bytes:
        body = _fields.decode(bytes(raw_body(call, wire)))
        body.pop("model", None)
        return msgspec.json.encode({"custom_id": name, "body": body})

    def apart(self, call: Call) -> str:
        """The model is told for a job as a whole."""
        return call.request.model.id

    async def submit(self, at: Place, label: str, lines: Sequence[bytes], apart: str) -> RemoteJob:
        check(at)
        file = Outgoing(b"\n".join(lines), f"{label}.jsonl", "application/jsonl", purpose="batch")
        kept = await _files.upload(at, file)
        fields = {
            "input_files": [kept.id],
            "endpoint": _ADDRESS,
            "model": apart,
            "metadata": {_LABEL: label},
            "timeout_hours": 24,
        }
        asked = self.request(at.endpoint, at.key)
        request = HttpRequest(url=asked.url, headers=asked.headers, body=msgspec.json.encode(fields))
        return self.decode(await at.fetch(request, UPLOADING), at.endpoint)

    def decode(self, body: bytes, endpoint: Endpoint) -> RemoteJob:
        return _told(read_json(_job, body, endpoint), endpoint)

    def page_query(self, page: str | None) -> Query:
        return (("page_size", str(_PER_PAGE)), ("page", page or "0"), ("order_by", "-created"))

    def decode_page(
        self, body: bytes, endpoint: Endpoint, page: str | None
    ) -> tuple[list[RemoteJob], str | None]:
        """A full page may have another behind it: the list itself does not say."""
        jobs = read_json(_page, body, endpoint).data or []
        following = str(int(page or "0") + 1) if len(jobs) >= _PER_PAGE else None
        return [_told(job, endpoint) for job in jobs], following

    async def results(self, at: Place, job: RemoteJob) -> list[bytes]:
        return [await _files.content(at, file_id) for file_id in job.files]

    def read(self, line: bytes, at: Place) -> Answered:
        told = read_json(_line, line, at.endpoint)
        response = told.response
        if response is None:
            return Answered(told.custom_id, "failed", error=_named(peek_json(bytes(told.error)), at.endpoint))
        if response.status_code < 400:
            return Answered(told.custom_id, "answered", bytes(response.body))
        failure = HttpFailure(status=response.status_code, headers={}, body=bytes(response.body))
        return Answered(told.custom_id, "failed", error=at.wire.error(failure, at.endpoint))

    async def find(
        self, at: Place, label: str, since_ms: int, total: int, known: Collection[str]
    ) -> RemoteJob | None:
        return next((job for job in await self.every(at, since_ms) if job.label == label), None)


def _named(error: Any, endpoint: Endpoint) -> ProviderError:
    if isinstance(error, dict):
        return named(error, endpoint)
    said = error if isinstance(error, str) and error else "it gave no reason"
    return ServerError(f"{endpoint.name} did not answer: {said}", "Ask again.", provider=endpoint.id)


def _told(job: _Job, endpoint: Endpoint) -> RemoteJob:
    return RemoteJob(
        id=job.id,
        provider=endpoint.id,
        state=_STATES.get(job.status, "working"),
        end=_ENDS.get(job.status, ""),
        label=str((job.metadata or {}).get(_LABEL, "")),
        total=job.total_requests,
        finished=job.completed_requests,
        failed=job.failed_requests,
        created_at=milliseconds(job.created_at),
        files=tuple(filter(None, (job.output_file, job.error_file))),
        why="; ".join(filter(None, (one.message for one in job.errors or ())))[:1000],
    )
