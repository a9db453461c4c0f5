"""Texts as vectors of numbers, by the embedding models of those providers that have an address for them."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from chatbench.client.environment import Environment
from chatbench.client.retries import RetryPolicy
from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import EndpointNotSupported, InvalidResponse, ProviderError
from chatbench.core.models import ModelRef
from chatbench.core.requests import Response
from chatbench.core.secrets import Secret
from chatbench.core.usage import Usage
from chatbench.providers.decoding import peek_json
from chatbench.providers.encoding import address, headers_for
from chatbench.providers.http import HttpRequest
from chatbench.providers.wire import HttpWire

_RETRIES = RetryPolicy()
_OPENAI_LIKE = frozenset({"openai_chat", "openai_responses"})


class Embedded(msgspec.Struct, frozen=True, kw_only=True):
    """A vector (doubles) for each text, in their order; `cost` in US dollars, None where it is unknown."""

    vectors: tuple[array[float], ...]
    input_tokens: int = 0
    cost: Decimal | None = None


async def embed(texts: Sequence[str], model: ModelRef, environment: Environment) -> Embedded:
    """One request for all texts, made again as `RetryPolicy` says; what it costs is in the ledger.

    Raises UnknownModel for a provider nobody knows, EndpointNotSupported for one whose embeddings are not
    known here, `ProviderError`s, and whatever finding the key raises."""
    endpoint = environment.keys.effective(environment.endpoint(model.provider))
    wire = environment.registry.wire(endpoint.wire)
    place = _place(endpoint)
    if place is None or not isinstance(wire, HttpWire):
        raise EndpointNotSupported(
            f"Embeddings of {endpoint.name} are not supported.",
            "Choose an embedding model of a provider that speaks OpenAI's or Ollama's interface.",
            provider=endpoint.id,
        )
    found = await environment.keys.find(endpoint)
    key = found.secret if found else None
    request = HttpRequest(
        url=place,
        headers=headers_for(endpoint, key),
        body=msgspec.json.encode({"model": model.id, "input": list(texts)}),
    )
    body = await _fetched(wire, request, endpoint, key, environment)
    told = peek_json(body)
    vectors = _vectors(told, len(texts))
    if vectors is None:
        raise InvalidResponse(
            f"{endpoint.name} answered with something that is no embedding.",
            "See whether the model is one for embeddings.",
            provider=endpoint.id,
            raw=body[:4000].decode("utf-8", "replace"),
        )
    usage = _usage(told)
    cost = environment.pricing.cost(model, endpoint, usage, datetime.now(UTC))
    response = Response(model=model, usage=usage, cost=cost)
    if environment.ledger is not None:
        environment.ledger.record(response)
    return Embedded(vectors=vectors, input_tokens=usage.input_tokens, cost=response.spent)


async def _fetched(
    wire: HttpWire, request: HttpRequest, endpoint: Endpoint, key: Secret | None, environment: Environment
) -> bytes:
    attempts = 0
    while True:
        attempts += 1
        try:
            return await wire.fetch(request, endpoint, key, environment.http)
        except ProviderError as error:
            delay = _RETRIES.delay(error, attempts)
            if delay is None:
                raise
        await asyncio.sleep(delay)


def _place(endpoint: Endpoint) -> str | None:
    base = endpoint.base_url.rstrip("/")
    if endpoint.wire in _OPENAI_LIKE:
        return address(base, "embeddings")
    if endpoint.wire == "mistral":
        return address(base.removesuffix("/v1"), "v1/embeddings")
    if endpoint.wire == "ollama":
        return address(base.removesuffix("/v1").removesuffix("/api"), "api/embed")
    return None


def _vectors(told: Any, count: int) -> tuple[array[float], ...] | None:
    """OpenAI's `data`, each with its `index`, or Ollama's `embeddings`."""
    if not isinstance(told, dict):
        return None
    try:
        if "data" in told:
            ordered = sorted(told["data"], key=lambda one: one.get("index", 0))
            rows = [one["embedding"] for one in ordered]
        else:
            rows = told["embeddings"]
        vectors = tuple(array("d", row) for row in rows)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    return vectors if len(vectors) == count and all(vectors) else None


def _usage(told: dict[str, Any]) -> Usage:
    counted = told.get("usage")
    tokens = counted.get("prompt_tokens") if isinstance(counted, dict) else told.get("prompt_eval_count")
    return Usage(input_tokens=tokens if isinstance(tokens, int) and tokens > 0 else 0)
