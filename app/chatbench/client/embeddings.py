"""Texts as vectors of numbers, by the embedding models of those providers that have an address for them;
held to a client's limits, budget and cache as its other calls are."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from chatbench.client.environment import Environment
from chatbench.client.estimate import estimate_text
from chatbench.client.llm import LLMClient
from chatbench.client.retries import RetryPolicy
from chatbench.client.targets import Place, Target, target_of
from chatbench.core.errors import EndpointNotSupported, InvalidResponse, ProviderError
from chatbench.core.messages import TextPart, user
from chatbench.core.models import ModelRef
from chatbench.core.params import Parameters
from chatbench.core.requests import Request, Response
from chatbench.core.usage import Usage
from chatbench.providers import embeddings
from chatbench.providers.decoding import peek_json
from chatbench.providers.encoding import headers_for
from chatbench.providers.http import HttpRequest
from chatbench.providers.wire import HttpWire

_ASKS_FOR = Parameters(extra_body={"encoding_format": "float"})
"""By which a cache tells a text to be embedded from the same one to be answered."""


class Embedded(msgspec.Struct, frozen=True, kw_only=True):
    """A vector (doubles) for each text, in their order; `cost` in US dollars, None where it is unknown."""

    vectors: tuple[array[float], ...]
    input_tokens: int = 0
    cost: Decimal | None = None


def why_not(model: ModelRef, environment: Environment) -> str:
    """Why a model's provider cannot be asked for embeddings, in words; "" where it can. Raises UnknownModel
    for a provider nobody knows."""
    endpoint = environment.endpoint(model.provider)
    if embeddings.is_known(endpoint.wire):
        return ""
    return f"{endpoint.name} has no embeddings that Chatbench could ask for."


async def embed(texts: Sequence[str], model: ModelRef, client: LLMClient) -> Embedded:
    """One request for all texts that the client's cache does not have, held to its limits and its budget and
    made again as it says; what it costs is in the ledger.

    Raises UnknownModel for a provider nobody knows, EndpointNotSupported for one whose embeddings are not
    known here, BudgetExceeded, `ProviderError`s, and whatever finding the key raises."""
    reason = why_not(model, client.environment)
    if reason:
        hint = "Choose an embedding model of another provider."
        raise EndpointNotSupported(reason, hint, provider=model.provider)
    requests = [Request(model=model, messages=(user(text),), parameters=_ASKS_FOR) for text in texts]
    share = client.share
    found = [_vector_in(await share.kept(request)) for request in requests]
    missing = [at for at, vector in enumerate(found) if vector is None]
    if not missing:
        return Embedded(vectors=tuple(one for one in found if one is not None), cost=Decimal(0))
    asked = [texts[at] for at in missing]
    told, usage, cost = await _paid(asked, model, client)
    for at, vector in zip(missing, told, strict=True):
        found[at] = vector
        words = msgspec.json.encode(vector.tolist()).decode()
        kept = Response(model=model, parts=(TextPart(text=words),), stop_reason="end")
        await share.keep(requests[at], kept)
    vectors = tuple(one for one in found if one is not None)
    return Embedded(vectors=vectors, input_tokens=usage.input_tokens if usage else 0, cost=cost)


async def _paid(
    texts: Sequence[str], model: ModelRef, client: LLMClient
) -> tuple[tuple[array[float], ...], Usage | None, Decimal | None]:
    """The vectors, and what they took: tokens and US dollars, None where nobody says so."""
    environment = client.environment
    whole = Request(model=model, messages=(user("\n".join(texts)),), parameters=_ASKS_FOR)
    reservation = await client.share.admit(whole, 0)
    counted: Response | None = None
    try:
        told, target = await _fetched(texts, model, client)
        usage = embeddings.used(told)
        # What nobody counted is held against the budget as it was estimated; its price stays unknown.
        taken = usage or Usage(input_tokens=_tokens(texts))
        cost = environment.pricing.cost(model, target.endpoint, taken, datetime.now(UTC))
        counted = Response(model=model, usage=taken, cost=cost)
        known = usage is not None or not counted.spent
        if environment.ledger is not None:
            environment.ledger.record(counted if known else Response(model=model, usage=taken))
        vectors = embeddings.decoded(told, len(texts))
    finally:
        if reservation is not None:
            reservation.settle(counted)
    if vectors is None:
        raise InvalidResponse(
            f"{target.endpoint.name} answered with something that is no embedding.",
            "See whether the model is one for embeddings.",
            provider=target.endpoint.id,
            raw=str(told)[:4000],
        )
    return vectors, usage, counted.spent if known else None


async def _fetched(texts: Sequence[str], model: ModelRef, client: LLMClient) -> tuple[Any, Target]:
    """What was answered, as JSON, at the last of several attempts."""
    environment, policy = client.environment, client.retries or RetryPolicy()
    endpoint, info = environment.endpoint(model.provider), environment.catalogue.info(model)
    attempts = 0
    while True:
        attempts += 1
        target = await target_of(environment, Place(model, client.limits, None, ""), endpoint, info)
        permit = await target.bucket.acquire(_tokens(texts))
        try:
            told = peek_json(await _sent(texts, model, target, environment))
            permit.release(embeddings.used(told) if isinstance(told, dict) else None)
            return told if isinstance(told, dict) else {}, target
        except ProviderError as error:
            delay = policy.delay(error, attempts)
            if pause := policy.pause(error):
                target.bucket.pause(pause)
            if delay is None:
                raise
        finally:
            permit.release()
        await asyncio.sleep(delay)


async def _sent(texts: Sequence[str], model: ModelRef, target: Target, environment: Environment) -> bytes:
    wire, endpoint = target.wire, target.endpoint
    assert isinstance(wire, HttpWire)
    asked = embeddings.encoded(endpoint, model.id, texts)
    request = HttpRequest(url=asked.url, headers=headers_for(endpoint, target.key), body=asked.body)
    return await wire.fetch(request, endpoint, target.key, environment.http)


def _tokens(texts: Sequence[str]) -> int:
    return sum(map(estimate_text, texts))


def _vector_in(response: Response | None) -> array[float] | None:
    """The vector that a cache has kept."""
    if response is None:
        return None
    try:
        return array("d", msgspec.json.decode(response.text, type=list[float]))
    except msgspec.DecodeError:
        return None
