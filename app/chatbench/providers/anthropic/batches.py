"""Anthropic's batch jobs (anthropic 2.11.0: types/messages/batch_create_params.py, message_batch.py).

A job has no name of ours, only its requests have: where the answer to its making was lost, it is known by
the names in its results, which are told when it has ended.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.jobs import RemoteJob
from chatbench.core.secrets import Secret
from chatbench.providers.anthropic.addresses import joined
from chatbench.providers.anthropic.encode import CURRENT_VERSION, version_for
from chatbench.providers.anthropic.naming import named
from chatbench.providers.decoding import invalid, peek_json, read_json
from chatbench.providers.encoding import headers_for
from chatbench.providers.filestorage import UPLOADING, Place, Query
from chatbench.providers.http import HttpRequest
from chatbench.providers.jobs import (
    Answered,
    JobWork,
    Undecided,
    check,
    lines_in,
    milliseconds,
    raw_body,
    seq_of,
)
from chatbench.providers.wire import Call, HttpWire

_STATES: dict[str, Literal["working", "cancelling", "ended"]] = {
    "in_progress": "working", "canceling": "cancelling", "ended": "ended",
}  # fmt: skip


class _Counts(msgspec.Struct):
    processing: int = 0
    succeeded: int = 0
    errored: int = 0
    canceled: int = 0
    expired: int = 0


class _Batch(msgspec.Struct):
    id: str
    processing_status: str
    request_counts: _Counts
    created_at: datetime | None = None


class _Page(msgspec.Struct):
    data: list[_Batch]
    has_more: bool = False
    last_id: str | None = None


class _Result(msgspec.Struct):
    type: str
    message: msgspec.Raw = msgspec.Raw(b"null")
    error: msgspec.Raw = msgspec.Raw(b"null")


class _Line(msgspec.Struct):
    custom_id: str
    result: _Result


_batch = msgspec.json.Decoder(_Batch)
_page = msgspec.json.Decoder(_Page)
_line = msgspec.json.Decoder(_Line)


class AnthropicJobs(JobWork):
    """`/v1/messages/batches`. Anthropic takes 256 MB a job; answers are read whole, and so less goes."""

    max_requests = 10_000
    max_bytes = 64 * 1024 * 1024

    def request(
        self, endpoint: Endpoint, key: Secret | None, path: str = "", query: Query = ()
    ) -> HttpRequest:
        batches = "messages/batches"
        url = joined(endpoint.base_url, f"{batches}/{path}" if path else batches, query)
        own = {"anthropic-version": CURRENT_VERSION}
        return HttpRequest(url=url, method="GET", headers=headers_for(endpoint, key, own))

    def line(self, name: str, call: Call, wire: HttpWire) -> bytes:
        return msgspec.json.encode({"custom_id": name, "params": raw_body(call, wire)})

    def apart(self, call: Call) -> str:
        """The version of the interface goes for a job as a whole."""
        return version_for(call.request, call.endpoint)

    async def submit(self, at: Place, label: str, lines: Sequence[bytes], apart: str) -> RemoteJob:
        check(at)
        asked = self.request(at.endpoint, at.key)
        headers = {**asked.headers, "anthropic-version": apart}
        body = b'{"requests":[' + b",".join(lines) + b"]}"
        request = HttpRequest(url=asked.url, headers=headers, body=body)
        return self.decode(await at.fetch(request, UPLOADING), at.endpoint)

    def decode(self, body: bytes, endpoint: Endpoint) -> RemoteJob:
        return _told(read_json(_batch, body, endpoint), endpoint)

    def page_query(self, page: str | None) -> Query:
        return (("limit", "100"), *((("after_id", page),) if page else ()))

    def decode_page(
        self, body: bytes, endpoint: Endpoint, page: str | None
    ) -> tuple[list[RemoteJob], str | None]:
        told = read_json(_page, body, endpoint)
        return [_told(batch, endpoint) for batch in told.data], told.last_id if told.has_more else None

    async def results(self, at: Place, job: RemoteJob) -> list[bytes]:
        check(at)
        return [await at.fetch(self.request(at.endpoint, at.key, f"{job.id}/results"), UPLOADING)]

    def read(self, line: bytes, at: Place) -> Answered:
        told = read_json(_line, line, at.endpoint)
        match told.result.type:
            case "succeeded":
                return Answered(told.custom_id, "answered", bytes(told.result.message))
            case "errored":
                error: Any = peek_json(bytes(told.result.error))
                return Answered(told.custom_id, "failed", error=named(error, at.endpoint))
            case "expired":
                return Answered(told.custom_id, "expired")
            case "canceled":
                return Answered(told.custom_id, "cancelled")
            case _:
                raise invalid(at.endpoint, line)

    async def find(
        self, at: Place, label: str, since_ms: int, total: int, known: Collection[str]
    ) -> RemoteJob | None:
        """Jobs of that time with as many requests may be the one; which it is their results tell."""
        undecided = False
        for job in await self.every(at, since_ms):
            if job.total != total or job.id in known:
                continue
            if job.state != "ended":
                undecided = True
                continue
            first = next(lines_in(await self.results(at, job)), None)
            if first is not None and seq_of(self.read(first, at).name, label) is not None:
                return job
        if undecided:
            raise Undecided
        return None


def _told(batch: _Batch, endpoint: Endpoint) -> RemoteJob:
    counts = batch.request_counts
    over = counts.succeeded + counts.errored + counts.canceled + counts.expired
    return RemoteJob(
        id=batch.id,
        provider=endpoint.id,
        state=_STATES.get(batch.processing_status, "working"),
        total=counts.processing + over,
        finished=over,
        failed=counts.errored,
        created_at=milliseconds(batch.created_at),
    )
