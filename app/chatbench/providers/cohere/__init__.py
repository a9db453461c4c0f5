"""Cohere's chat, version 2 (`POST /v2/chat`).

Facts from cohere 7.3.1: `v2/raw_client.py`, `v2/types/`, `types/`: chat_message_v2.py, content.py,
citation.py, source.py, usage.py, thinking.py, response_format_v2.py, get_model_response.py.
"""

from __future__ import annotations

from typing import ClassVar

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import ProviderError
from chatbench.core.models import ModelInfo
from chatbench.core.secrets import Secret
from chatbench.core.streams import StreamEvent
from chatbench.providers.cohere.decode import EventDecoder, whole
from chatbench.providers.cohere.encode import request_fields
from chatbench.providers.cohere.listing import models_of
from chatbench.providers.cohere.naming import named
from chatbench.providers.decoding import peek_json
from chatbench.providers.encoding import address, headers_for
from chatbench.providers.http import HttpRequest
from chatbench.providers.wire import Call, Decoder, HttpFailure, HttpWire, posted


class Cohere(HttpWire):
    """Encodes to `/v2/chat` and decodes its events."""

    id: ClassVar[str] = "cohere"
    takes: ClassVar[frozenset[str]] = frozenset(
        {
            "temperature", "top_p", "top_k", "max_output_tokens", "stop", "presence_penalty",
            "frequency_penalty", "seed", "reasoning_effort", "thinking_budget", "logprobs", "json_mode",
            "strict_tools", "extra_body",
        }
    )  # fmt: skip

    def encode(self, call: Call) -> HttpRequest:
        return posted(call, _url(call.endpoint, "v2/chat", call.request.extra_query), request_fields(call))

    def decoder(self, call: Call) -> Decoder:
        return EventDecoder(call.endpoint)

    def decode_whole(self, body: bytes, call: Call) -> list[StreamEvent]:
        return whole(body, call.endpoint)

    def error(self, failure: HttpFailure, endpoint: Endpoint) -> ProviderError:
        return named(peek_json(failure.body), endpoint, failure)

    def models_request(self, endpoint: Endpoint, key: Secret | None, page: str | None) -> HttpRequest:
        query = {"page_size": "1000", "endpoint": "chat", **({"page_token": page} if page else {})}
        return HttpRequest(
            url=_url(endpoint, "v1/models", query), method="GET", headers=headers_for(endpoint, key)
        )

    def decode_models(self, body: bytes, endpoint: Endpoint) -> tuple[list[ModelInfo], str | None]:
        return models_of(body, endpoint)


def _url(endpoint: Endpoint, path: str, query: dict[str, str] | None = None) -> str:
    """Cohere's SDK takes an address without a version; one with it is understood all the same."""
    base = endpoint.base_url.rstrip("/")
    for version in ("/v1", "/v2"):
        base = base.removesuffix(version)
    return address(base, path, query)
