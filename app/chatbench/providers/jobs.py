"""Batch jobs of providers: submit, list, retrieve, cancel, results."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import EndpointNotSupported, ProviderError
from chatbench.core.jobs import RemoteJob
from chatbench.core.secrets import Secret
from chatbench.providers.filestorage import Place, Query
from chatbench.providers.http import HttpRequest
from chatbench.providers.wire import Call, HttpWire

_PAGES = 200
_EARLY_MS = 300_000
"""A provider's clock may be behind ours by so much."""
_NAME = re.compile(r"(?P<label>[0-9a-f]{32})-(?P<seq>[0-9]{1,18})\Z")


class Answered(NamedTuple):
    """What came of one request, by the name it was sent under: a whole answer in `body`, or none."""

    name: str
    state: Literal["answered", "failed", "expired", "cancelled"]
    body: bytes = b""
    error: ProviderError | None = None


class JobWork(ABC):
    """How one vendor takes batch jobs: a codec, as a wire is, and the requests that go with it. Everything
    raises EndpointNotSupported for an endpoint that is not known to take any, and `ProviderError`s."""

    max_requests: int
    max_bytes: int
    """Of one job."""

    @abstractmethod
    def request(
        self, endpoint: Endpoint, key: Secret | None, path: str = "", query: Query = ()
    ) -> HttpRequest:
        """A GET of the list of jobs, or of `path` behind it."""

    @abstractmethod
    def line(self, name: str, call: Call, wire: HttpWire) -> bytes:
        """A request as it stands in a job. Raises what encoding it raises."""

    def apart(self, call: Call) -> str:
        """Requests for which this differs cannot go in one job."""
        return ""

    @abstractmethod
    async def submit(self, at: Place, label: str, lines: Sequence[bytes], apart: str) -> RemoteJob:
        """Sends one job. Where it raises anything but a refusal, the provider may have it all the same."""

    @abstractmethod
    def decode(self, body: bytes, endpoint: Endpoint) -> RemoteJob:
        """One job. Raises InvalidResponse."""

    @abstractmethod
    def page_query(self, page: str | None) -> Query:
        """What asks for a page of the list; None for the first."""

    @abstractmethod
    def decode_page(
        self, body: bytes, endpoint: Endpoint, page: str | None
    ) -> tuple[list[RemoteJob], str | None]:
        """The jobs of `page` of the list, newest first, and the next page's token. Raises InvalidResponse."""

    @abstractmethod
    async def results(self, at: Place, job: RemoteJob) -> list[bytes]:
        """The files of results of a job that has ended, as they came: lines of JSON."""

    @abstractmethod
    def read(self, line: bytes, at: Place) -> Answered:
        """One line of them. Raises InvalidResponse."""

    @abstractmethod
    async def find(
        self, at: Place, label: str, since_ms: int, total: int, known: Collection[str]
    ) -> RemoteJob | None:
        """The job that was sent under `label` from `since_ms` (UTC milliseconds) on and whose id we were
        never told, and so none of `known`; None where there is none. Raises `Undecided`."""

    async def retrieve(self, at: Place, job_id: str) -> RemoteJob:
        check(at)
        return self.decode(await at.fetch(self.request(at.endpoint, at.key, job_id)), at.endpoint)

    async def cancel(self, at: Place, job_id: str) -> RemoteJob:
        check(at)
        asked = self.request(at.endpoint, at.key, f"{job_id}/cancel")
        request = HttpRequest(url=asked.url, headers=asked.headers, body=b"{}")
        return self.decode(await at.fetch(request), at.endpoint)

    async def every(self, at: Place, since_ms: int = 0) -> list[RemoteJob]:
        """All of them, newest first, or those that were made since `since_ms` (UTC milliseconds)."""
        check(at)
        found: list[RemoteJob] = []
        page: str | None = None
        for _ in range(_PAGES):
            before = page
            body = await at.fetch(self.request(at.endpoint, at.key, query=self.page_query(page)))
            jobs, page = self.decode_page(body, at.endpoint, page)
            new = [job for job in jobs if job.created_at >= since_ms - _EARLY_MS or not since_ms]
            found += new
            if page in (None, before) or len(new) < len(jobs):
                break
        return sorted(found, key=lambda job: job.created_at, reverse=True)


class Undecided(Exception):
    """Whether a provider has a job cannot be told yet."""


def check(at: Place) -> None:
    """Raises EndpointNotSupported for an endpoint that is not known to take batch jobs."""
    if not at.endpoint.quirks.batch_jobs or at.wire.jobs is None:
        raise EndpointNotSupported(
            f"{at.endpoint.name} takes no batch jobs that are known here.",
            "Ask its models as usual, or choose OpenAI, Anthropic, Gemini or Mistral.",
            provider=at.endpoint.id,
        )


def name_of(label: str, seq: int) -> str:
    """What a request of a piece is called at the provider: letters, digits and a hyphen, below 64."""
    return f"{label}-{seq}"


def seq_of(name: str, label: str) -> int | None:
    """The number of the request with this name, if it is one of the piece `label`."""
    found = _NAME.match(name)
    return int(found["seq"]) if found is not None and found["label"] == label else None


def lines_in(files: Sequence[bytes]) -> Iterator[bytes]:
    """The lines of results that are not empty."""
    for data in files:
        start = 0
        while start < len(data):
            end = data.find(b"\n", start)
            end = len(data) if end < 0 else end
            if line := data[start:end].strip():
                yield line
            start = end + 1


def milliseconds(at: datetime | float | None) -> int:
    """UTC milliseconds of a time, or of seconds; 0 where none was told."""
    if at is None:
        return 0
    return int((at.timestamp() if isinstance(at, datetime) else at) * 1000)


def raw_body(call: Call, wire: HttpWire) -> msgspec.Raw:
    """The body of a request as it would go out by itself."""
    return msgspec.Raw(wire.encode(call).body)
