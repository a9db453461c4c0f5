"""Mistral's chat (`POST /v1/chat/completions`).

Facts from mistralai 3.7.0, `client/models/`: chatcompletionrequest.py, contentchunk.py and its parts,
completionchunk.py, usageinfo.py, basemodelcard.py. It resembles OpenAI's and differs in the seed's
name, the forms of documents, sound and thinking, the errors and the list of models.
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
from chatbench.providers.decoding import peek_json
from chatbench.providers.encoding import headers_for
from chatbench.providers.filestorage import FileStorage
from chatbench.providers.http import HttpRequest
from chatbench.providers.jobs import JobWork
from chatbench.providers.media import MISTRAL
from chatbench.providers.mistral.addresses import joined
from chatbench.providers.mistral.batches import MistralJobs
from chatbench.providers.mistral.decode import ChunkDecoder, whole
from chatbench.providers.mistral.encode import request_fields
from chatbench.providers.mistral.files import MistralFiles
from chatbench.providers.mistral.listing import models_of
from chatbench.providers.mistral.naming import named
from chatbench.providers.wire import Call, Decoder, HttpFailure, HttpWire, posted


class Mistral(HttpWire):
    """Encodes to `/v1/chat/completions` and decodes its chunks."""

    id: ClassVar[str] = "mistral"
    takes: ClassVar[frozenset[str]] = frozenset(
        {
            "temperature", "top_p", "top_k", "max_output_tokens", "stop", "presence_penalty",
            "frequency_penalty", "seed", "reasoning_effort", "n", "logprobs", "top_logprobs",
            "json_mode", "strict_tools", "service_tier", "metadata", "prompt_cache_key", "extra_body",
            "parallel_tool_calls",
        }
    )  # fmt: skip
    media: ClassVar[Mapping[Modality, MediaLimits]] = MISTRAL
    storage: ClassVar[FileStorage] = MistralFiles()
    jobs: ClassVar[JobWork] = MistralJobs()

    def encode(self, call: Call) -> HttpRequest:
        return posted(
            call, joined(call.endpoint, "chat/completions", call.request.extra_query), request_fields(call)
        )

    def takes_beginning(self, info: ModelInfo, parameters: Parameters) -> bool:
        return True

    def decoder(self, call: Call) -> Decoder:
        return ChunkDecoder(call.endpoint)

    def decode_whole(self, body: bytes, call: Call) -> list[StreamEvent]:
        return whole(body, call.endpoint)

    def error(self, failure: HttpFailure, endpoint: Endpoint) -> ProviderError:
        return named(peek_json(failure.body), endpoint, failure)

    def models_request(self, endpoint: Endpoint, key: Secret | None, page: str | None) -> HttpRequest:
        return HttpRequest(url=joined(endpoint, "models"), method="GET", headers=headers_for(endpoint, key))

    def decode_models(self, body: bytes, endpoint: Endpoint) -> tuple[list[ModelInfo], str | None]:
        return models_of(body, endpoint), None
