"""OpenAI's Responses interface (`POST /responses`): the default for OpenAI, and Azure's v1 path.

Facts from openai 3.52.0, `types/responses/`: response_create_params.py, response_input_item_param.py,
response_stream_event.py, response_output_item.py, response_usage.py, response_error.py. Nothing is
stored at the provider (`store: false`), so reasoning comes encrypted and goes back verbatim.
"""

from __future__ import annotations

import re
from typing import ClassVar

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import ProviderError
from chatbench.core.models import ModelInfo, ModelRef
from chatbench.core.secrets import Secret
from chatbench.core.streams import StreamEvent
from chatbench.providers.decoding import peek_json, read_json
from chatbench.providers.encoding import address, body_of, headers_for
from chatbench.providers.http import HttpRequest
from chatbench.providers.openai_responses.decode import EventDecoder, whole
from chatbench.providers.openai_responses.encode import request_fields
from chatbench.providers.openai_responses.naming import named
from chatbench.providers.wire import Call, Decoder, HttpFailure, HttpWire

NOT_FOR_CHAT = re.compile(
    r"embedding|whisper|moderation|dall-e|-tts|tts-|transcribe|realtime|^gpt-image|^chatgpt-image"
    r"|^sora|^babbage|^davinci|^gpt-audio|-instruct"
)


class _Listed(msgspec.Struct):
    id: str
    shutdown_date: str | None = None


class _ModelList(msgspec.Struct):
    data: list[_Listed]


_model_list = msgspec.json.Decoder(_ModelList)


class OpenAIResponses(HttpWire):
    """Encodes to `/responses` and decodes its named events."""

    id: ClassVar[str] = "openai_responses"
    takes: ClassVar[frozenset[str]] = frozenset(
        {"temperature", "top_p", "max_output_tokens", "reasoning_effort", "verbosity", "extra_body"}
    )

    def encode(self, call: Call) -> HttpRequest:
        accept = {"accept": "text/event-stream"} if call.request.stream else {}
        return HttpRequest(
            url=_url(call.endpoint, "responses"),
            headers=headers_for(call.endpoint, call.key, accept),
            body=body_of(request_fields(call), call.request.parameters.extra_body),
        )

    def decoder(self, call: Call) -> Decoder:
        return EventDecoder(call.endpoint)

    def decode_whole(self, body: bytes, call: Call) -> list[StreamEvent]:
        return whole(body, call.endpoint)

    def error(self, failure: HttpFailure, endpoint: Endpoint) -> ProviderError:
        return named(peek_json(failure.body), endpoint, failure)

    def models_request(self, endpoint: Endpoint, key: Secret | None, page: str | None) -> HttpRequest:
        return HttpRequest(url=_url(endpoint, "models"), method="GET", headers=headers_for(endpoint, key))

    def decode_models(self, body: bytes, endpoint: Endpoint) -> tuple[list[ModelInfo], str | None]:
        """Ids only: OpenAI tells nothing else but the day a model is shut down."""
        found = [
            ModelInfo(
                ref=ModelRef(endpoint.id, model.id),
                shutdown_on=model.shutdown_date or "",
                source="live",
            )
            for model in read_json(_model_list, body, endpoint).data
            if not NOT_FOR_CHAT.search(model.id)
        ]
        return found, None


def _url(endpoint: Endpoint, path: str) -> str:
    version = endpoint.quirks.api_version
    return address(endpoint.base_url, path, {"api-version": version} if version else None)
