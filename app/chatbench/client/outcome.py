"""What a call came to: a priced `Response` of what has come so far, and events of an answer that is
there already."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from chatbench.client.estimate import estimate_text, estimate_tokens
from chatbench.client.pricing import Pricing
from chatbench.client.raw import masked_exchange, shown
from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import ErrorReport
from chatbench.core.ids import new_id
from chatbench.core.messages import Part
from chatbench.core.models import ModelInfo
from chatbench.core.params import LeftOut
from chatbench.core.requests import Request, Response
from chatbench.core.secrets import Secret
from chatbench.core.streams import Accumulator, PartEnd, PartStart, Stop, StreamEvent, UsageUpdate
from chatbench.core.usage import Cost, Timings, Usage
from chatbench.providers.wire import Exchange


def outcome(
    request: Request,
    endpoint: Endpoint,
    accumulator: Accumulator,
    exchange: Exchange | None,
    left_out: tuple[LeftOut, ...],
    pricing: Pricing,
    at: datetime | None,
    key: Secret | None,
    timings: Timings,
    attempts: int,
    error: ErrorReport | None,
) -> Response:
    """The answer to `request` as far as it came. `exchange` is the last attempt, `at` when the call
    was made, `key` what may not be shown."""
    stop, parts = accumulator.stop, accumulator.parts()
    usage, counted = _used(accumulator.usage, parts, whole=stop is not None)
    tier = (stop.service_tier if stop else "") or _sent("service_tier", request, left_out) or ""
    cost = _cost(pricing, request, endpoint, usage, at, tier)
    if cost is not None and counted:
        cost = msgspec.structs.replace(cost, estimated=True)
    told = {} if stop is None else _told(stop)
    if exchange is not None:
        told["status"] = exchange.status
        told["region"] = exchange.headers.get("x-ms-region", "")
        if exchange.body is not None:
            told["raw"] = masked_exchange(exchange, endpoint, request, key)
    return Response(
        model=request.model,
        id=new_id(),
        request=shown(request),
        parts=parts,
        alternatives=tuple(accumulator.parts(c) for c in accumulator.choices if c != 0),
        usage=usage,
        cost=cost,
        left_out=left_out,
        logprobs=tuple(accumulator.logprobs.get(0, ())),
        stored_by_provider=bool(_sent("background", request, left_out)),
        at=at,
        timings=timings,
        attempts=attempts,
        error=error,
        **told,
    )


def _told(stop: Stop) -> dict[str, Any]:
    """What the provider said at the end, by the names it has in a `Response`."""
    return {
        "stop_reason": stop.reason,
        "stop_detail": stop.detail,
        "response_id": stop.response_id,
        "model_answered": stop.model_answered,
        "created": stop.created,
        "system_fingerprint": stop.system_fingerprint,
        "service_tier": stop.service_tier,
    }


def together(response: Response, other: Response) -> Response:
    """The response with what `other`, made before it or beside it, has used and cost besides."""
    if other.usage is None and other.cost is None and not other.parts:
        return response
    if response.usage is None and response.cost is None and not response.parts:
        return msgspec.structs.replace(response, usage=other.usage, cost=other.cost)
    usage = None
    if other.usage is not None and response.usage is not None:
        usage = other.usage + response.usage
    return msgspec.structs.replace(response, usage=usage, cost=_both(other.cost, response.cost))


def _both(first: Cost | None, second: Cost | None) -> Cost | None:
    if first is None or second is None or first.currency != second.currency:
        return None
    return msgspec.structs.replace(
        second,
        amount=first.amount + second.amount,
        lines=(*first.lines, *second.lines),
        estimated=first.estimated or second.estimated,
    )


def counted(
    response: Response, request: Request, info: ModelInfo, endpoint: Endpoint, pricing: Pricing
) -> Response:
    """An answer that broke off before the provider told any usage, counted from the words."""
    usage = Usage(
        input_tokens=estimate_tokens(request.messages, request.system, info, request.tools),
        output_tokens=_output_of(response.parts),
    )
    cost = _cost(pricing, request, endpoint, usage, response.at, request.parameters.service_tier or "")
    if cost is not None:
        cost = msgspec.structs.replace(cost, estimated=True)
    return msgspec.structs.replace(response, usage=usage, cost=cost)


def events_of(response: Response) -> list[StreamEvent]:
    """The events of a whole answer that did not come over the wire this time."""
    events: list[StreamEvent] = []
    for choice, parts in enumerate((response.parts, *response.alternatives)):
        for index, part in enumerate(parts):
            events += [PartStart(index, part, choice), PartEnd(index, choice=choice)]
    if response.usage is not None:
        events.append(UsageUpdate(response.usage))
    if response.stop_reason is not None:
        events.append(
            Stop(response.stop_reason, response.stop_detail, response.response_id, response.model_answered)
        )
    return events


def _used(usage: Usage | None, parts: tuple[Part, ...], *, whole: bool) -> tuple[Usage | None, int]:
    """The usage, and how many tokens of it were counted from the words: of an answer that broke off
    the provider told only what it had used at its beginning."""
    if usage is None or whole:
        return usage, 0
    counted = max(0, _output_of(parts) - usage.output_tokens)
    if not counted:
        return usage, 0
    return msgspec.structs.replace(usage, output_tokens=usage.output_tokens + counted), counted


def _cost(
    pricing: Pricing,
    request: Request,
    endpoint: Endpoint,
    usage: Usage | None,
    at: datetime | None,
    tier: str,
) -> Cost | None:
    if usage is None:
        return None
    return pricing.cost(request.model, endpoint, usage, at or datetime.now(UTC), service=tier)


def _sent(name: str, request: Request, left_out: tuple[LeftOut, ...]) -> Any:
    """The value of a parameter, if it was not left out."""
    given = getattr(request.parameters, name)
    return None if given is None or any(item.name == name for item in left_out) else given


def _output_of(parts: tuple[Part, ...]) -> int:
    """About how many tokens the words of an answer are."""
    texts = (getattr(part, "text", "") or getattr(part, "arguments", "") for part in parts)
    return sum(estimate_text(text) for text in texts if text)
