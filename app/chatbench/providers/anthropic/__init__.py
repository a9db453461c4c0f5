"""Anthropic's Messages interface (`POST /v1/messages`).

Facts from anthropic 2.11.0, `types/`: message_create_params.py, raw_*_event.py, usage.py,
model_info.py, shared/error_type.py. The version header is pinned here and chosen per request:
the current version refuses sampling parameters, which only models before Claude 4.7 take.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import ProviderError
from chatbench.core.models import MediaLimits, Modality, ModelInfo
from chatbench.core.params import Parameters
from chatbench.core.secrets import Secret
from chatbench.core.streams import StreamEvent
from chatbench.providers.anthropic.addresses import joined
from chatbench.providers.anthropic.batches import AnthropicJobs
from chatbench.providers.anthropic.decode import EventDecoder, whole
from chatbench.providers.anthropic.encode import (
    CURRENT_VERSION,
    TAKES,
    counted_fields,
    request_fields,
    version_for,
)
from chatbench.providers.anthropic.files import AnthropicFiles
from chatbench.providers.anthropic.listing import models_of
from chatbench.providers.anthropic.naming import named
from chatbench.providers.counting import counted
from chatbench.providers.decoding import peek_json
from chatbench.providers.encoding import body_of, headers_for
from chatbench.providers.filestorage import FileStorage
from chatbench.providers.http import HttpClient, HttpRequest
from chatbench.providers.jobs import JobWork
from chatbench.providers.media import ANTHROPIC
from chatbench.providers.wire import Call, Decoder, HttpFailure, HttpWire


class Anthropic(HttpWire):
    """Encodes to `/v1/messages` and decodes its named events."""

    id: ClassVar[str] = "anthropic"
    takes: ClassVar[frozenset[str]] = TAKES
    media: ClassVar[Mapping[Modality, MediaLimits]] = ANTHROPIC
    storage: ClassVar[FileStorage] = AnthropicFiles()
    jobs: ClassVar[JobWork] = AnthropicJobs()

    def encode(self, call: Call) -> HttpRequest:
        request = call.request
        own = {"anthropic-version": version_for(request, call.endpoint)}
        if request.stream:
            own["accept"] = "text/event-stream"
        return HttpRequest(
            url=_call_url(call, "messages"),
            headers=headers_for(call.endpoint, call.key, own, request.extra_headers),
            body=body_of(request_fields(call), request.parameters.extra_body),
        )

    async def count_tokens(self, call: Call, http: HttpClient) -> int:
        """The tokens of the prompt, tools and schema included (`POST /v1/messages/count_tokens`).
        Raises EndpointNotSupported where there is no such address."""
        own = {"anthropic-version": version_for(call.request, call.endpoint)}
        request = HttpRequest(
            url=_call_url(call, "messages/count_tokens"),
            headers=headers_for(call.endpoint, call.key, own, call.request.extra_headers),
            body=body_of(counted_fields(call), None),
        )
        return await counted(self, request, call, http)

    def takes_beginning(self, info: ModelInfo, parameters: Parameters) -> bool:
        """Models before Claude 4.6 do, unless they are to think."""
        early = info.thinking_budget or info.thinking == "no"
        return early and not parameters.thinking_budget and parameters.reasoning_effort in (None, "none")

    def decoder(self, call: Call) -> Decoder:
        return EventDecoder(call.endpoint)

    def decode_whole(self, body: bytes, call: Call) -> list[StreamEvent]:
        return whole(body, call.endpoint)

    def error(self, failure: HttpFailure, endpoint: Endpoint) -> ProviderError:
        return named(peek_json(failure.body), endpoint, failure)

    def models_request(self, endpoint: Endpoint, key: Secret | None, page: str | None) -> HttpRequest:
        query = (("limit", "1000"), *((("after_id", page),) if page else ()))
        own = {"anthropic-version": CURRENT_VERSION}
        return HttpRequest(
            url=joined(endpoint.base_url, "models", query),
            method="GET",
            headers=headers_for(endpoint, key, own),
        )

    def decode_models(self, body: bytes, endpoint: Endpoint) -> tuple[list[ModelInfo], str | None]:
        return models_of(body, endpoint)


def _call_url(call: Call, path: str) -> str:
    return joined(call.endpoint.base_url, path, tuple(call.request.extra_query.items()))
