"""OpenAI's Responses interface (`POST /responses`): the default for OpenAI, and Azure's v1 path.

Facts from openai 3.52.0, `types/responses/`: response_create_params.py, response_input_item_param.py,
response_stream_event.py, response_output_item.py, response_usage.py, response_error.py. Nothing is
stored at the provider (`store: false`) unless it is to work in the background, so reasoning comes
encrypted and goes back verbatim.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import ProviderError
from chatbench.core.models import MediaLimits, Modality, ModelInfo, ModelRef
from chatbench.core.secrets import Secret
from chatbench.core.streams import StreamEvent
from chatbench.providers.counting import counted
from chatbench.providers.decoding import peek_json, read_json
from chatbench.providers.encoding import body_of, headers_for
from chatbench.providers.filestorage import FileStorage
from chatbench.providers.http import HttpClient, HttpRequest
from chatbench.providers.jobs import JobWork
from chatbench.providers.media import OPENAI_RESPONSES
from chatbench.providers.openai_responses.addresses import call_url, joined
from chatbench.providers.openai_responses.batches import OpenAIJobs
from chatbench.providers.openai_responses.decode import EventDecoder, whole
from chatbench.providers.openai_responses.encode import TAKES, counted_fields, request_fields
from chatbench.providers.openai_responses.files import OpenAIFiles
from chatbench.providers.openai_responses.naming import named
from chatbench.providers.openai_responses.stored import StoredResponses
from chatbench.providers.wire import Call, Decoder, HttpFailure, posted

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


class OpenAIResponses(StoredResponses):
    """Encodes to `/responses` and decodes its named events."""

    id: ClassVar[str] = "openai_responses"
    takes: ClassVar[frozenset[str]] = TAKES
    media: ClassVar[Mapping[Modality, MediaLimits]] = OPENAI_RESPONSES
    storage: ClassVar[FileStorage] = OpenAIFiles()
    jobs: ClassVar[JobWork] = OpenAIJobs()

    def encode(self, call: Call) -> HttpRequest:
        return posted(call, call_url(call, "responses"), request_fields(call))

    async def count_tokens(self, call: Call, http: HttpClient) -> int:
        """The tokens of the prompt, tools and schema included (`POST /responses/input_tokens`).
        Raises EndpointNotSupported where there is no such address."""
        request = HttpRequest(
            url=call_url(call, "responses/input_tokens"),
            headers=headers_for(call.endpoint, call.key, None, call.request.extra_headers),
            body=body_of(counted_fields(call), None),
        )
        return await counted(self, request, call, http)

    def decoder(self, call: Call) -> Decoder:
        return EventDecoder(call.endpoint)

    def decode_whole(self, body: bytes, call: Call) -> list[StreamEvent]:
        return whole(body, call.endpoint)

    def error(self, failure: HttpFailure, endpoint: Endpoint) -> ProviderError:
        return named(peek_json(failure.body), endpoint, failure)

    def models_request(self, endpoint: Endpoint, key: Secret | None, page: str | None) -> HttpRequest:
        url = joined(endpoint.base_url, "models", endpoint.quirks.api_version)
        return HttpRequest(url=url, method="GET", headers=headers_for(endpoint, key))

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
