"""Gemini's batch jobs (google-genai 3.4.0: batches.py, types.py; ai.google.dev/api/batch-api).

A small job carries its requests with it and its answers are told with it; a larger one is a file of requests,
and its answers are another. Jobs are found by their display name. That each answer goes with the key of its
request, and what a line of an error looks like in a file, only Google's guide says: the SDK has no type for
lines. Both shapes of errors that it names (`error`, and a bare status) are read.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import ProviderError
from chatbench.core.jobs import RemoteJob
from chatbench.core.secrets import Secret
from chatbench.providers.decoding import read_json
from chatbench.providers.encoding import headers_for
from chatbench.providers.filestorage import UPLOADING, Outgoing, Place, Query
from chatbench.providers.gemini.addresses import joined, model_path
from chatbench.providers.gemini.files import GeminiFiles
from chatbench.providers.gemini.naming import named
from chatbench.providers.http import HttpRequest
from chatbench.providers.jobs import Answered, JobWork, check, milliseconds, raw_body
from chatbench.providers.wire import Call, HttpFailure, HttpWire

INLINE_BYTES = 1024 * 1024
"""Google takes 20 MB with a job; a look at one that has ended brings its answers along, and so less goes."""
_STATES: dict[str, Literal["ended", "failed"]] = {
    "SUCCEEDED": "ended", "PARTIALLY_SUCCEEDED": "ended", "CANCELLED": "ended", "EXPIRED": "ended",
    "FAILED": "failed",
}  # fmt: skip
_ENDS: dict[str, Literal["expired", "cancelled"]] = {"EXPIRED": "expired", "CANCELLED": "cancelled"}
_CANCELLED = 1
_STATUSES = {
    3: "INVALID_ARGUMENT", 4: "DEADLINE_EXCEEDED", 5: "NOT_FOUND", 7: "PERMISSION_DENIED",
    8: "RESOURCE_EXHAUSTED", 9: "FAILED_PRECONDITION", 13: "INTERNAL", 14: "UNAVAILABLE",
    16: "UNAUTHENTICATED",
}  # fmt: skip
"""Codes of `google.rpc.Status`, by the names that answers beside jobs give them."""


class _Stats(msgspec.Struct, rename="camel"):
    """Counts are 64 bits wide, and so are told as text."""

    request_count: str | int = 0
    successful_request_count: str | int = 0
    failed_request_count: str | int = 0


class _Output(msgspec.Struct, rename="camel"):
    responses_file: str = ""


class _About(msgspec.Struct, rename="camel"):
    state: str = ""
    display_name: str = ""
    create_time: datetime | None = None
    batch_stats: _Stats | None = None
    output: _Output | None = None


class _Error(msgspec.Struct):
    code: int = 0
    message: str = ""
    status: str = ""


class _Operation(msgspec.Struct):
    name: str
    metadata: _About = msgspec.field(default_factory=_About)
    response: _Output | None = None
    error: _Error | None = None


class _Page(msgspec.Struct, rename="camel"):
    operations: list[_Operation] = []
    next_page_token: str | None = None


class _Key(msgspec.Struct):
    key: str = ""


class _Line(msgspec.Struct):
    """A line of a file has `key`, an answer that was told with its job has `metadata`; a bare status has
    `code` and `message`."""

    key: str = ""
    metadata: _Key | None = None
    response: msgspec.Raw = msgspec.Raw(b"")
    error: _Error | None = None
    code: int = 0
    message: str = ""
    status: str = ""


class _Inlined(msgspec.Struct, rename="camel"):
    inlined_responses: list[msgspec.Raw] = []


class _Inline(msgspec.Struct, rename="camel"):
    inlined_responses: _Inlined = msgspec.field(default_factory=_Inlined)


class _WithAnswers(msgspec.Struct):
    output: _Inline | None = None


class _Answers(msgspec.Struct):
    """Of a job that has ended: the guide reads them in `response`, the SDK in `metadata`."""

    metadata: _WithAnswers | None = None
    response: _Inline | None = None


class _Asked(msgspec.Struct):
    key: str
    request: msgspec.Raw


_operation = msgspec.json.Decoder(_Operation)
_page = msgspec.json.Decoder(_Page)
_line = msgspec.json.Decoder(_Line)
_answers = msgspec.json.Decoder(_Answers)
_asked = msgspec.json.Decoder(_Asked)
_files = GeminiFiles()


class GeminiJobs(JobWork):
    """`models/…:batchGenerateContent` and `batches`. Google takes a file of 2 GB; answers are read whole, and
    so less goes."""

    max_requests = 10_000
    max_bytes = 64 * 1024 * 1024

    def request(
        self, endpoint: Endpoint, key: Secret | None, path: str = "", query: Query = ()
    ) -> HttpRequest:
        """An id is told and taken with `batches/` before it."""
        path = path.removeprefix("batches/")
        url = joined(endpoint, f"batches/{quote(path, safe=':')}" if path else "batches", query)
        return HttpRequest(url=url, method="GET", headers=headers_for(endpoint, key))

    def line(self, name: str, call: Call, wire: HttpWire) -> bytes:
        return msgspec.json.encode({"key": name, "request": raw_body(call, wire)})

    def apart(self, call: Call) -> str:
        """The model stands in the address of a job."""
        return model_path(call.request)

    async def submit(self, at: Place, label: str, lines: Sequence[bytes], apart: str) -> RemoteJob:
        check(at)
        if sum(map(len, lines)) <= INLINE_BYTES:
            source: dict[str, Any] = {"requests": {"requests": [_inlined(line) for line in lines]}}
        else:
            file = Outgoing(b"\n".join(lines), f"{label}.jsonl", "application/jsonl")
            source = {"fileName": (await _files.upload(at, file)).id}
        request = HttpRequest(
            url=joined(at.endpoint, f"{quote(apart)}:batchGenerateContent"),
            headers=headers_for(at.endpoint, at.key),
            body=msgspec.json.encode({"batch": {"displayName": label, "inputConfig": source}}),
        )
        return self.decode(await at.fetch(request, UPLOADING), at.endpoint)

    def decode(self, body: bytes, endpoint: Endpoint) -> RemoteJob:
        return _told(read_json(_operation, body, endpoint), endpoint)

    def page_query(self, page: str | None) -> Query:
        return (("pageSize", "100"), *((("pageToken", page),) if page else ()))

    def decode_page(
        self, body: bytes, endpoint: Endpoint, page: str | None
    ) -> tuple[list[RemoteJob], str | None]:
        told = read_json(_page, body, endpoint)
        return [_told(one, endpoint) for one in told.operations], told.next_page_token or None

    async def cancel(self, at: Place, job_id: str) -> RemoteJob:
        """What answers is empty, and so the job is asked about."""
        check(at)
        asked = self.request(at.endpoint, at.key, f"{job_id}:cancel")
        await at.fetch(HttpRequest(url=asked.url, headers=asked.headers, body=b"{}"))
        return await self.retrieve(at, job_id)

    async def results(self, at: Place, job: RemoteJob) -> list[bytes]:
        if job.files:
            return [await _files.content(at, file_id) for file_id in job.files]
        check(at)
        body = await at.fetch(self.request(at.endpoint, at.key, job.id), UPLOADING)
        told = read_json(_answers, body, at.endpoint)
        found = told.response or (told.metadata.output if told.metadata else None) or _Inline()
        # Laid out by the server over several lines, it may be.
        return [
            msgspec.json.format(bytes(one), indent=-1) for one in found.inlined_responses.inlined_responses
        ]

    def read(self, line: bytes, at: Place) -> Answered:
        told = read_json(_line, line, at.endpoint)
        name = told.key or (told.metadata.key if told.metadata else "")
        if told.response:
            return Answered(name, "answered", bytes(told.response))
        error = told.error or _Error(told.code, told.message, told.status)
        if error.code == _CANCELLED or error.status == "CANCELLED":
            return Answered(name, "cancelled")
        return Answered(name, "failed", error=_named(error, at.endpoint))

    async def find(
        self, at: Place, label: str, since_ms: int, total: int, known: Collection[str]
    ) -> RemoteJob | None:
        """In what order Google lists jobs it does not say, and so all of them are looked through."""
        return next((job for job in await self.every(at) if job.label == label), None)


def _inlined(line: bytes) -> dict[str, Any]:
    asked = _asked.decode(line)
    return {"request": asked.request, "metadata": {"key": asked.key}}


def _named(error: _Error, endpoint: Endpoint) -> ProviderError:
    status = error.status or _STATUSES.get(error.code, "")
    failure = HttpFailure(status=error.code, headers={}, body=b"") if error.code >= 400 else None
    return named({"error": {"message": error.message, "status": status}}, endpoint, failure)


def _told(job: _Operation, endpoint: Endpoint) -> RemoteJob:
    about = job.metadata
    state = about.state.removeprefix("BATCH_STATE_").removeprefix("JOB_STATE_")
    stats = about.batch_stats or _Stats()
    failed = _number(stats.failed_request_count)
    outputs = [one.responses_file for one in (job.response, about.output) if one is not None]
    return RemoteJob(
        id=job.name,
        provider=endpoint.id,
        state=_STATES.get(state, "working"),
        end=_ENDS.get(state, ""),
        label=about.display_name,
        total=_number(stats.request_count),
        finished=_number(stats.successful_request_count) + failed,
        failed=failed,
        created_at=milliseconds(about.create_time),
        files=tuple(filter(None, outputs))[:1],
        why=job.error.message[:1000] if job.error is not None and state == "FAILED" else "",
    )


def _number(told: str | int) -> int:
    text = str(told)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
