"""OpenAI's Chat Completions, and every server that speaks it.

Facts from openai 3.52.0: `types/chat/completion_create_params.py`, `chat_completion_chunk.py`,
`types/completion_usage.py`; `lib/azure.py` for Azure's dated paths.
"""

from __future__ import annotations

from typing import ClassVar
from urllib.parse import quote

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
from chatbench.providers.openai_chat.listing import listed
from chatbench.providers.openai_chat.naming import named
from chatbench.providers.wire import Call, Decoder, HttpFailure, HttpWire


class OpenAIChat(HttpWire):
    """Encodes to `/chat/completions` and decodes its chunks."""

    id: ClassVar[str] = "openai_chat"

    def encode(self, call: Call) -> HttpRequest:
        accept = {"accept": "text/event-stream"} if call.request.stream else {}
        return HttpRequest(
            url=_url(call.endpoint, "chat/completions", call.request.model.id),
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
        return listed(body, endpoint), None


def _url(endpoint: Endpoint, path: str, deployment: str = "") -> str:
    """Azure's dated API has the deployment in the path, and its version as a query."""
    version = endpoint.quirks.api_version
    if not version:
        return address(endpoint.base_url, path)
    if deployment:
        path = f"deployments/{quote(deployment, safe='')}/{path}"
    return address(endpoint.base_url, path, {"api-version": version})
