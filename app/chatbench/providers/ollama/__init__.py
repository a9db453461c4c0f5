"""Ollama's own interface (`POST /api/chat`), answered in lines of JSON.

Facts from ollama 0.6.3, `_types.py`: ChatRequest, ChatResponse, Message, Options, ListResponse,
ShowResponse; `truncate` and `shift` from the server's api/types.go. Its OpenAI-compatible address
is another wire's; an address that ends in /v1 is taken for the server's own.
"""

from __future__ import annotations

import asyncio
from typing import ClassVar

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import ProviderError
from chatbench.core.models import ModelInfo
from chatbench.core.secrets import Secret
from chatbench.core.streams import StreamEvent
from chatbench.providers.decoding import peek_json
from chatbench.providers.encoding import address, headers_for
from chatbench.providers.http import HttpClient, HttpRequest
from chatbench.providers.ollama.decode import LineDecoder, whole
from chatbench.providers.ollama.encode import request_fields
from chatbench.providers.ollama.lines import LineParser
from chatbench.providers.ollama.listing import described, models_of
from chatbench.providers.ollama.naming import named
from chatbench.providers.wire import Call, Decoder, HttpFailure, HttpWire, posted

DESCRIBE_S = 1.0
"""How long the models of a list are asked for what they can; who has not told by then is a name."""
_AT_ONCE = 8


class Ollama(HttpWire):
    """Encodes to `/api/chat` and decodes its lines."""

    id: ClassVar[str] = "ollama"
    takes: ClassVar[frozenset[str]] = frozenset(
        {
            "temperature", "top_p", "top_k", "max_output_tokens", "stop", "presence_penalty",
            "frequency_penalty", "seed", "reasoning_effort", "logprobs", "top_logprobs", "json_mode",
            "extra_body",
        }
    )  # fmt: skip
    stream_type: ClassVar[str] = "ndjson"

    def encode(self, call: Call) -> HttpRequest:
        url = _url(call.endpoint, "chat", call.request.extra_query)
        return posted(call, url, request_fields(call), streamed_as="application/x-ndjson")

    def parser(self) -> LineParser:
        return LineParser()

    def decoder(self, call: Call) -> Decoder:
        return LineDecoder(call)

    def decode_whole(self, body: bytes, call: Call) -> list[StreamEvent]:
        return whole(body, call)

    def error(self, failure: HttpFailure, endpoint: Endpoint) -> ProviderError:
        return named(peek_json(failure.body), endpoint, failure)

    def models_request(self, endpoint: Endpoint, key: Secret | None, page: str | None) -> HttpRequest:
        return HttpRequest(url=_url(endpoint, "tags"), method="GET", headers=headers_for(endpoint, key))

    def decode_models(self, body: bytes, endpoint: Endpoint) -> tuple[list[ModelInfo], str | None]:
        return models_of(body, endpoint), None

    async def list_models(self, endpoint: Endpoint, key: Secret | None, http: HttpClient) -> list[ModelInfo]:
        """The list, and of each model what `/api/show` tells; those that cannot chat are left out.

        A description that fails or is late leaves the model with its name alone.
        """
        rows = await super().list_models(endpoint, key, http)
        gate = asyncio.Semaphore(_AT_ONCE)

        async def describe(row: ModelInfo) -> ModelInfo | None:
            body = msgspec.json.encode({"model": row.ref.id})
            request = HttpRequest(url=_url(endpoint, "show"), headers=headers_for(endpoint, key), body=body)
            async with gate:
                return described(row, await self.fetch(request, endpoint, key, http))

        tasks = [asyncio.create_task(describe(row), name="describe-model") for row in rows]
        try:
            if tasks:
                await asyncio.wait(tasks, timeout=DESCRIBE_S)
        finally:
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        return [kept for row, told in zip(rows, results, strict=True) if (kept := _kept(row, told))]


def _kept(row: ModelInfo, told: ModelInfo | BaseException | None) -> ModelInfo | None:
    """The row as it was told, or as it was where nothing came. What is neither raises: a bug."""
    if isinstance(told, ProviderError | asyncio.CancelledError):
        return row
    if isinstance(told, BaseException):
        raise told
    return told


def _url(endpoint: Endpoint, path: str, query: dict[str, str] | None = None) -> str:
    """The server's own address, also where the one of its OpenAI-compatible side was written down."""
    base = endpoint.base_url.rstrip("/")
    for tail in ("/v1", "/api"):
        base = base.removesuffix(tail)
    return address(base, f"api/{path}", query)
