"""Chat Completions (`POST /chat/completions`): what most providers and local servers speak.

Facts from openai 3.52.0, `types/chat/`: completion_create_params.py, chat_completion_chunk.py,
chat_completion.py, and `types/completion_usage.py`; Azure's dated paths from `lib/azure.py`. What
others add or leave out is read leniently; see `decode.py`.
"""

from __future__ import annotations

from typing import ClassVar
from urllib.parse import quote, urlsplit

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import ProviderError
from chatbench.core.models import ModelInfo
from chatbench.core.secrets import Secret
from chatbench.core.streams import StreamEvent
from chatbench.providers.decoding import peek_json
from chatbench.providers.encoding import address, body_of, headers_for
from chatbench.providers.http import HttpRequest
from chatbench.providers.openai_chat.decode import ChunkDecoder, whole
from chatbench.providers.openai_chat.encode import request_fields
from chatbench.providers.openai_chat.listing import models_of
from chatbench.providers.openai_chat.naming import named
from chatbench.providers.wire import Call, Decoder, HttpFailure, HttpWire

_AZURE_HOSTS = (".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com")


class OpenAIChat(HttpWire):
    """Encodes to `/chat/completions` and decodes its chunks."""

    id: ClassVar[str] = "openai_chat"
    takes: ClassVar[frozenset[str]] = frozenset(
        {
            "temperature",
            "top_p",
            "top_k",
            "max_output_tokens",
            "stop",
            "presence_penalty",
            "frequency_penalty",
            "seed",
            "reasoning_effort",
            "verbosity",
            "extra_body",
        }
    )

    def encode(self, call: Call) -> HttpRequest:
        path = "chat/completions"
        if call.endpoint.quirks.api_version:
            path = f"deployments/{quote(call.request.model.id, safe='')}/{path}"
        accept = {"accept": "text/event-stream"} if call.request.stream else {}
        return HttpRequest(
            url=_url(call.endpoint, path),
            headers=headers_for(call.endpoint, call.key, accept),
            body=body_of(request_fields(call), call.request.parameters.extra_body),
        )

    def decoder(self, call: Call) -> Decoder:
        return ChunkDecoder(call.endpoint)

    def decode_whole(self, body: bytes, call: Call) -> list[StreamEvent]:
        return whole(body, call.endpoint)

    def error(self, failure: HttpFailure, endpoint: Endpoint) -> ProviderError:
        return named(peek_json(failure.body), endpoint, failure)

    def models_request(self, endpoint: Endpoint, key: Secret | None, page: str | None) -> HttpRequest:
        return HttpRequest(url=_url(endpoint, "models"), method="GET", headers=headers_for(endpoint, key))

    def decode_models(self, body: bytes, endpoint: Endpoint) -> tuple[list[ModelInfo], str | None]:
        return models_of(body, endpoint), None


def _url(endpoint: Endpoint, path: str) -> str:
    """The base URL with `path`; Azure's own variable names the resource alone, without a path."""
    base, version = endpoint.base_url.rstrip("/"), endpoint.quirks.api_version
    parts = urlsplit(base)
    if parts.path == "" and (version or (parts.hostname or "").endswith(_AZURE_HOSTS)):
        base = f"{base}/openai" if version else f"{base}/openai/v1"
    elif version and parts.path.endswith("/openai/v1"):
        base = base.removesuffix("/v1")
    return address(base, path, {"api-version": version} if version else None)
