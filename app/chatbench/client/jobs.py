"""Batch jobs: kept before they are sent, sent once, looked at until they end, each answer kept once.

A piece is written down as being sent before it is; where its sender died or heard nothing, the provider is
asked whether it has it before it is sent again. Nothing looks at a job but whoever waits for it.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from chatbench.client.environment import Environment
from chatbench.client.outcome import outcome
from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import (
    ConfigurationError,
    EndpointNotSupported,
    ErrorReport,
    InvalidResponse,
    MissingKey,
    NotFound,
    ProviderError,
    StreamInterrupted,
    Timeout,
    Unreachable,
)
from chatbench.core.ids import new_id
from chatbench.core.jobs import Job, JobPiece, RemoteJob
from chatbench.core.requests import Request, Response
from chatbench.core.secrets import Secret
from chatbench.core.streams import Accumulator
from chatbench.core.usage import Timings
from chatbench.providers.filestorage import Place
from chatbench.providers.jobs import (
    Answered,
    JobWork,
    Undecided,
    check,
    lines_in,
    name_of,
    seq_of,
)
from chatbench.providers.wire import Call, HttpWire, fitted
from chatbench.storage.jobs import Asked, JobStore, NewPiece, Result

log = logging.getLogger(__name__)
Where = Callable[[str], tuple[Endpoint, Secret | None]]
"""Address and own key for a provider; without a key the environment's is taken."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S, _GROWTH = 5.0, 300.0, 1.5
_GROUP = 200
_LONGEST_NAME = name_of("0" * 32, 10**15)
_PASSING = (Timeout, Unreachable, StreamInterrupted)
_sending: set[str] = set()
"""Pieces that this process is sending at the moment."""


class At(NamedTuple):
    """A provider, and how it takes jobs."""

    place: Place
    work: JobWork


class Jobs:
    """The batch jobs of a profile. Everything raises StorageError, ConfigurationError for a job there is
    none of, `ProviderError`s, and whatever finding the key raises."""

    def __init__(
        self, environment: Environment, where: Where | None = None, *, pause_s: float = _FIRST_PAUSE_S
    ) -> None:
        """Raises ConfigurationError where the environment has no database."""
        self._environment = environment
        self._store = JobStore(environment.need_database())
        self._owner = environment.profile.owner
        self._where: Where = where or (lambda provider: (environment.endpoint(provider), None))
        self._pause_s = pause_s

    async def submit(self, requests: Iterable[tuple[str, Request]], *, name: str = "") -> Job:
        """Sends requests, each under an id of its own, in as many pieces as it takes. What is wrong with
        any of them is raised before anything is sent; so is a refusal of all pieces, and nothing is kept
        then. A piece that could not be sent otherwise is sent by `wait`."""
        asked = [(custom_id, _whole(request)) for custom_id, request in requests]
        _refuse_doubles(asked)
        pieces = await self._cut(asked)
        job_id = new_id()
        await self._store.create(job_id, name, asked, pieces)
        _, errors = await self._advance(job_id)
        job = await self._store.get(job_id)
        if errors and all(piece.state == "ready" for piece in job.pieces):
            await self._store.delete(job_id)
            raise errors[0]
        return job

    async def jobs(self) -> list[Job]:
        """All that are kept here, newest first, as they were last looked at."""
        return await self._store.jobs()

    async def get(self, job_id: str) -> Job:
        """As it was last looked at."""
        return await self._store.get(job_id)

    async def look(self, job_id: str) -> Job:
        """Asks the providers once. What fails in passing is tried at the next look."""
        job, errors = await self._advance(job_id)
        for error in errors:
            if not _in_passing(error):
                raise error
        return job

    async def wait(self, job_id: str, on_progress: Callable[[Job], object] | None = None) -> Job:
        """Looks again and again, at longer and longer pauses and no sooner than a provider wishes, until
        every piece has ended."""
        pause = self._pause_s
        while True:
            job, errors = await self._advance(job_id)
            if on_progress is not None:
                on_progress(job)
            for error in errors:
                if not _in_passing(error):
                    raise error
            if job.state != "open":
                return job
            wished = max((error.retry_after or 0.0 for error in errors), default=0.0)
            await asyncio.sleep(max(pause, wished))
            pause = min(_GROWTH * pause, max(self._pause_s, _LONGEST_PAUSE_S))

    async def cancel(self, job_id: str) -> Job:
        """Nothing of it is sent any more, and providers are told to stop; what is answered already stays,
        and `wait` fetches it."""
        job = await self._store.get(job_id)
        if job.state != "open":
            return job
        await self._store.cancelled(job_id)
        for piece in job.pieces:
            if piece.state == "working":
                at = await self._at(piece.provider)
                await at.work.cancel(at.place, piece.remote_id)
        return await self.look(job_id)

    async def again(self, job_id: str) -> Job:
        """Asks what failed, expired or was cancelled once more, as part of the same job. Raises
        ConfigurationError where it has not ended, or nothing is missing."""
        job = await self._store.get(job_id)
        missing = await self._store.missing(job_id)
        if job.state == "open" or not missing:
            told = "has not ended yet" if job.state == "open" else "misses no answer"
            raise ConfigurationError(f"The batch job {told}.", "See `chatbench jobs list`.")
        await self._store.ask_again(job_id, await self._cut(missing))
        return await self.look(job_id)

    async def collect(self, job_id: str) -> AsyncIterator[tuple[str, Response]]:
        """Custom id and response of every request that has a result, in the order they were given; a
        response carries its error. Asks nobody."""
        await self._store.get(job_id)
        after = 0
        while found := await self._store.results(job_id, after, _GROUP):
            for _, custom_id, response in found:
                yield custom_id, response
            after = found[-1][0]

    async def remote(self, provider: str) -> list[RemoteJob]:
        """What the provider tells of all jobs there, also those of others, newest first."""
        at = await self._at(provider)
        return await at.work.every(at.place)

    async def delete(self, job_id: str) -> None:
        """Forgets a job that has ended, with its answers. Raises ConfigurationError where it has not."""
        if (await self._store.get(job_id)).state == "open":
            raise ConfigurationError("The batch job has not ended yet.", "Cancel it, or wait for it.")
        await self._store.delete(job_id)

    # Cutting

    async def _cut(self, asked: Sequence[tuple[str, Request]]) -> list[NewPiece]:
        """Pieces within each vendor's limits. Encodes everything, so that what cannot be sent is known."""
        places: dict[str, At] = {}
        groups: dict[tuple[str, str, str], list[list[str]]] = {}
        sizes: dict[tuple[str, str, str], int] = {}
        for custom_id, request in asked:
            provider = request.model.provider
            if provider not in places:
                places[provider] = await self._at(provider)
            at = places[provider]
            call = self._call(request, at.place)
            size = len(at.work.line(_LONGEST_NAME, call, at.place.wire)) + 1
            key = (provider, request.model.id, at.work.apart(call))
            cut = groups.setdefault(key, [[]])
            full = len(cut[-1]) >= at.work.max_requests or sizes.get(key, 0) + size > at.work.max_bytes
            if cut[-1] and full:
                cut.append([])
                sizes[key] = 0
            cut[-1].append(custom_id)
            sizes[key] = sizes.get(key, 0) + size
        return [
            NewPiece(new_id(), provider, model, tuple(ids))
            for (provider, model, _), cut in groups.items()
            for ids in cut
        ]

    async def _at(self, provider: str) -> At:
        environment = self._environment
        source, key = self._where(provider)
        endpoint = environment.keys.effective(source)
        wire = environment.registry.wire(endpoint.wire)
        if not isinstance(wire, HttpWire):
            raise EndpointNotSupported(f"{endpoint.name} takes no batch jobs.", provider=provider)
        if key is None:
            found = await environment.keys.find(endpoint)
            key = found.secret if found else None
        place = Place(wire, endpoint, key, environment.http)
        check(place)
        assert wire.jobs is not None, "checked before"
        return At(place, wire.jobs)

    def _call(self, request: Request, place: Place) -> Call:
        environment = self._environment
        info = environment.learned.info(environment.catalogue.info(request.model))
        sent, _ = fitted(request, info, place.wire, place.endpoint)
        return Call(endpoint=place.endpoint, info=info, request=sent, key=place.key)

    # Sending and looking

    async def _advance(self, job_id: str) -> tuple[Job, list[ProviderError]]:
        """One step of every piece that has not ended, and what went wrong."""
        job = await self._store.get(job_id)
        errors: list[ProviderError] = []
        for piece in job.pieces:
            try:
                await self._step(job, piece)
            except ProviderError as error:
                log.info("batch job %s: %s", job_id, type(error).__name__)
                errors.append(error)
        return await self._store.get(job_id), errors

    async def _step(self, job: Job, piece: JobPiece) -> None:
        if piece.state == "ended":
            return
        if piece.state == "ready" and job.stopped:
            await self._end(piece, RemoteJob(id="", provider=piece.provider, state="ended", end="cancelled"))
            return
        at = await self._at(piece.provider)
        if piece.state == "ready":
            await self._send(at, piece)
        elif piece.state == "sending":
            await self._find(at, job, piece)
        else:
            await self._ask_about(at, piece)

    async def _send(self, at: At, piece: JobPiece) -> None:
        if not await self._store.claim(piece.id, self._owner.id):
            return
        _sending.add(piece.id)
        try:
            lines, apart = await self._lines(at, piece)
            remote = await at.work.submit(at.place, piece.id, lines, apart)
            await self._store.sent(piece.id, remote.id)
        except ProviderError as error:
            if _refused(error):
                await self._store.not_sent(piece.id, error.message)
            raise
        finally:
            _sending.discard(piece.id)

    async def _lines(self, at: At, piece: JobPiece) -> tuple[list[bytes], str]:
        lines: list[bytes] = []
        apart, after = "", 0
        while asked := await self._store.asked(piece.id, after, _GROUP):
            for one in asked:
                call = self._call(one.request, at.place)
                apart = at.work.apart(call)
                lines.append(at.work.line(name_of(piece.id, one.seq), call, at.place.wire))
            after = asked[-1].seq
        return lines, apart

    async def _find(self, at: At, job: Job, piece: JobPiece) -> None:
        """A piece whose sender has died or heard no answer: does the provider have it?"""
        if piece.id in _sending:
            return
        if piece.owner != self._owner.id and self._owner.is_alive(piece.owner):
            return
        try:
            known = await self._store.remote_ids(piece.provider)
            remote = await at.work.find(at.place, piece.id, piece.sent_at, piece.requests, known)
        except Undecided:
            return
        if remote is None:
            await self._store.not_sent(piece.id, "")
            return
        await self._store.sent(piece.id, remote.id)
        if job.stopped and remote.state == "working":
            await at.work.cancel(at.place, remote.id)

    async def _ask_about(self, at: At, piece: JobPiece) -> None:
        try:
            remote = await at.work.retrieve(at.place, piece.remote_id)
        except NotFound as error:
            gone = RemoteJob(id=piece.remote_id, provider=piece.provider, state="failed", why=error.message)
            await self._end(piece, gone)
            return
        if remote.state in ("ended", "failed"):
            await self._take(at, piece, remote)
            await self._end(piece, remote)
        elif remote.finished != piece.finished:
            await self._store.told(piece.id, remote.finished)

    # Results

    async def _take(self, at: At, piece: JobPiece, remote: RemoteJob) -> None:
        lines = lines_in(await at.work.results(at.place, remote))
        while group := list(itertools.islice(lines, _GROUP)):
            told = dict(filter(None, (_read(at, piece, line) for line in group)))
            requests = await self._store.requests(piece.id, list(told))
            results = [self._result(at, seq, requests[seq], told[seq]) for seq in told if seq in requests]
            await self._store.settle(piece.id, results)

    async def _end(self, piece: JobPiece, remote: RemoteJob) -> None:
        """Of what had no result by then there will be none."""
        while asked := await self._store.asked(piece.id, 0, _GROUP, due=True):
            await self._store.settle(piece.id, [_without(one, remote) for one in asked])
        await self._store.ended(piece.id, remote.why)

    def _result(self, at: At, seq: int, request: Request, told: Answered) -> Result:
        if told.state == "answered":
            try:
                return Result(seq, "answered", self._response(at.place, request, told.body))
            except ProviderError as error:
                return Result(seq, "failed", _failed(request, error.report()))
        if told.error is not None:
            return Result(seq, told.state, _failed(request, told.error.report()))
        return Result(seq, told.state, _failed(request, _report(told.state)))

    def _response(self, place: Place, request: Request, body: bytes) -> Response:
        """The answer, priced as one of a batch job."""
        pricing, now = self._environment.pricing, datetime.now(UTC)
        call = self._call(request, place)
        accumulator = Accumulator()
        accumulator.extend(place.wire.decode_whole(body, call))
        _, left = fitted(request, call.info, place.wire, place.endpoint)
        response = outcome(
            request, place.endpoint, accumulator, None, left, pricing, now, place.key, Timings(), 1, None
        )
        cost = None
        if response.usage is not None:
            cost = pricing.cost(request.model, place.endpoint, response.usage, now, service="batch")
        return msgspec.structs.replace(response, request=None, cost=cost, service_tier="batch", status=200)


def _whole(request: Request) -> Request:
    """As it goes into a job, which has no place for headers or addresses of single requests, and is kept."""
    if request.extra_headers or request.extra_query or request.api_version:
        raise ConfigurationError(
            "A request of a batch job cannot have headers, a query or an API version of its own.",
            "Leave them out, or ask as usual.",
        )
    parameters = request.parameters
    if parameters.background or parameters.service_tier:
        parameters = msgspec.structs.replace(parameters, background=None, service_tier=None)
    return msgspec.structs.replace(request, stream=False, parameters=parameters, base_url="")


def _refuse_doubles(asked: Sequence[tuple[str, Any]]) -> None:
    if not asked:
        raise ConfigurationError("There is nothing to ask.", "Give at least one request.")
    seen: set[str] = set()
    for custom_id, _ in asked:
        if custom_id in seen:
            raise ConfigurationError(f"The id {custom_id!r} stands there twice.", "Give each its own.")
        seen.add(custom_id)


def _read(at: At, piece: JobPiece, line: bytes) -> tuple[int, Answered] | None:
    """A line of results and whose it is; None for what is no line, or of no request of this piece."""
    try:
        told = at.work.read(line, at.place)
    except InvalidResponse:
        log.warning("a line of the results of a batch job of %s cannot be read", piece.provider)
        return None
    seq = seq_of(told.name, piece.id)
    return None if seq is None else (seq, told)


def _without(asked: Asked, remote: RemoteJob) -> Result:
    if remote.end:
        return Result(asked.seq, remote.end, _failed(asked.request, _report(remote.end)))
    told = remote.why or "The provider told no result."
    return Result(asked.seq, "failed", _failed(asked.request, ErrorReport(kind="ServerError", message=told)))


def _failed(request: Request, error: ErrorReport) -> Response:
    return Response(model=request.model, id=new_id(), error=error, attempts=1)


def _report(state: str) -> ErrorReport:
    told = {"expired": "The provider did not come to it in time.", "cancelled": "It was cancelled before."}
    return ErrorReport(
        kind=state.capitalize(), message=told.get(state, "It failed."), hint="Ask it again.", retryable=True
    )


def _refused(error: ProviderError) -> bool:
    """Whether the provider certainly took nothing."""
    if isinstance(error, MissingKey | EndpointNotSupported):
        return True
    return error.status is not None and 400 <= error.status < 500 and error.status not in (408, 409)


def _in_passing(error: ProviderError) -> bool:
    return error.retryable or isinstance(error, _PASSING)
