"""The pieces of batch jobs: cut to what a provider takes, sent once, found again, looked at, and read.

A piece is written down as being sent before it is; where its sender died or heard nothing, the provider is
asked whether it has it before it is sent again.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence

from chatbench.client.environment import Environment
from chatbench.client.jobresults import At, call_of, line_of, result_of, without_result
from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import EndpointNotSupported, MissingKey, NotFound, ProviderError
from chatbench.core.ids import new_id
from chatbench.core.jobs import Job, JobPiece, RemoteJob
from chatbench.core.requests import Request
from chatbench.core.secrets import Secret
from chatbench.providers.filestorage import Place
from chatbench.providers.jobs import Undecided, check, lines_in, name_of
from chatbench.providers.wire import HttpWire
from chatbench.storage.jobs import JobStore, NewPiece

Where = Callable[[str], tuple[Endpoint, Secret | None]]
"""Address and own key for a provider; without a key the environment's is taken."""
_GROUP = 200
_BREATH = 32
"""Requests and answers that are encoded or read before others on the loop have their turn."""
_LONGEST_NAME = name_of("0" * 32, 10**15)
_sending: set[str] = set()
"""Pieces that this process is sending at the moment."""


class Pieces:
    """What is done with single pieces. Everything raises StorageError, `ProviderError`s, and whatever finding
    the key raises."""

    def __init__(self, environment: Environment, store: JobStore, where: Where) -> None:
        self._environment, self._store, self._where = environment, store, where
        self._owner = environment.profile.owner

    def size(self, at: At, request: Request) -> int:
        """Bytes of a request in a job. Raises what encoding it raises."""
        call = call_of(self._environment, request, at.place)
        return len(at.work.line(_LONGEST_NAME, call, at.place.wire)) + 1

    async def cut(self, asked: Sequence[tuple[str, Request]]) -> list[NewPiece]:
        """Pieces within each vendor's limits. Encodes everything, so that what cannot be sent is known."""
        places: dict[str, At] = {}
        groups: dict[tuple[str, str, str], list[list[str]]] = {}
        sizes: dict[tuple[str, str, str], int] = {}
        for number, (custom_id, request) in enumerate(asked):
            if number % _BREATH == 0:
                await asyncio.sleep(0)
            provider = request.model.provider
            if provider not in places:
                places[provider] = await self.at(provider)
            at = places[provider]
            call = call_of(self._environment, request, at.place)
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

    async def at(self, provider: str) -> At:
        """Raises EndpointNotSupported for one that takes no jobs."""
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

    async def step(self, job: Job, piece: JobPiece) -> None:
        """What is next for a piece: sent, looked for, asked about, or its results read."""
        if piece.state == "ended":
            return
        if piece.state == "ready" and job.stopped:
            await self._end(piece, RemoteJob(id="", provider=piece.provider, state="ended", end="cancelled"))
            return
        at = await self.at(piece.provider)
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
            for number, one in enumerate(asked):
                if number % _BREATH == 0:
                    await asyncio.sleep(0)
                call = call_of(self._environment, one.request, at.place)
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

    async def _take(self, at: At, piece: JobPiece, remote: RemoteJob) -> None:
        lines = lines_in(await at.work.results(at.place, remote))
        while group := list(itertools.islice(lines, _BREATH)):
            told = dict(filter(None, (line_of(at, piece, line) for line in group)))
            requests = await self._store.requests(piece.id, list(told))
            results = [
                result_of(self._environment, at, seq, requests[seq], told[seq])
                for seq in told
                if seq in requests
            ]
            await self._store.settle(piece.id, results)

    async def _end(self, piece: JobPiece, remote: RemoteJob) -> None:
        """Of what had no result by then there will be none."""
        while asked := await self._store.asked(piece.id, 0, _GROUP, due=True):
            await self._store.settle(piece.id, [without_result(one, remote) for one in asked])
        await self._store.ended(piece.id, remote.why)


def _refused(error: ProviderError) -> bool:
    """Whether the provider certainly took nothing."""
    if isinstance(error, MissingKey | EndpointNotSupported):
        return True
    return error.status is not None and 400 <= error.status < 500 and error.status not in (408, 409)
