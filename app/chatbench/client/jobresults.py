"""What comes of the requests of a batch job: the lines that providers tell, as responses with their price."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from chatbench.client.environment import Environment
from chatbench.client.outcome import outcome
from chatbench.core.errors import ErrorReport, InvalidResponse, ProviderError
from chatbench.core.ids import new_id
from chatbench.core.jobs import JobPiece, RemoteJob
from chatbench.core.requests import Request, Response
from chatbench.core.streams import Accumulator
from chatbench.core.usage import Timings
from chatbench.providers.filestorage import Place
from chatbench.providers.jobs import Answered, JobWork, seq_of
from chatbench.providers.wire import Call, fitted
from chatbench.storage.jobs import Asked, Result

log = logging.getLogger(__name__)


class At(NamedTuple):
    """A provider, and how it takes jobs."""

    place: Place
    work: JobWork


def call_of(environment: Environment, request: Request, place: Place) -> Call:
    """The request as it goes to this provider."""
    info = environment.learned.info(environment.catalogue.info(request.model))
    sent, _ = fitted(request, info, place.wire, place.endpoint)
    return Call(endpoint=place.endpoint, info=info, request=sent, key=place.key)


def result_of(environment: Environment, at: At, seq: int, request: Request, told: Answered) -> Result:
    """What was told of a request."""
    if told.state == "answered":
        try:
            return Result(seq, "answered", _response(environment, at.place, request, told.body))
        except ProviderError as error:
            return Result(seq, "failed", _failed(request, error.report()))
    if told.error is not None:
        return Result(seq, told.state, _failed(request, told.error.report()))
    return Result(seq, told.state, _failed(request, _report(told.state)))


def _response(environment: Environment, place: Place, request: Request, body: bytes) -> Response:
    """The answer, priced as one of a batch job."""
    pricing, now = environment.pricing, datetime.now(UTC)
    call = call_of(environment, request, place)
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


def line_of(at: At, piece: JobPiece, line: bytes) -> tuple[int, Answered] | None:
    """A line of results and whose it is; None for what is no line, or of no request of this piece."""
    try:
        told = at.work.read(line, at.place)
    except InvalidResponse:
        log.warning("a line of the results of a batch job of %s cannot be read", piece.provider)
        return None
    seq = seq_of(told.name, piece.id)
    return None if seq is None else (seq, told)


def without_result(asked: Asked, remote: RemoteJob) -> Result:
    """A request of a job that has ended and of which nothing was told."""
    if remote.end:
        return Result(asked.seq, remote.end, _failed(asked.request, _report(remote.end)))
    told = remote.why or "The provider told no result."
    return Result(
        asked.seq,
        "failed",
        _failed(asked.request, ErrorReport(kind="ServerError", message=told, retryable=not remote.why)),
    )


def _failed(request: Request, error: ErrorReport) -> Response:
    return Response(model=request.model, id=new_id(), error=error, attempts=1)


def _report(state: str) -> ErrorReport:
    told = {"expired": "The provider did not come to it in time.", "cancelled": "It was cancelled before."}
    return ErrorReport(
        kind=state.capitalize(), message=told.get(state, "It failed."), hint="Ask it again.", retryable=True
    )
