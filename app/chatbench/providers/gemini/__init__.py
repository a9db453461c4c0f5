"""Google's Gemini interface (`:generateContent` and `:streamGenerateContent?alt=sse`).

Facts from google-genai 3.4.0: `types.py`, `errors.py`, `_api_client.py` (current path version v1;
preview features stay on v1beta, which an endpoint asks for in its quirks, or one request for
itself). That `:countTokens` takes a whole request is from Google's reference (ai.google.dev/api/tokens);
the SDK sends it the contents alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import quote

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import ProviderError
from chatbench.core.models import MediaLimits, Modality, ModelInfo
from chatbench.core.secrets import Secret
from chatbench.core.streams import StreamEvent
from chatbench.providers.counting import counted
from chatbench.providers.decoding import peek_json
from chatbench.providers.encoding import body_of, headers_for
from chatbench.providers.filestorage import FileStorage
from chatbench.providers.gemini.addresses import Query, joined, model_path
from chatbench.providers.gemini.batches import GeminiJobs
from chatbench.providers.gemini.decode import ChunkDecoder, whole
from chatbench.providers.gemini.encode import TAKES, counted_fields, request_fields
from chatbench.providers.gemini.files import GeminiFiles
from chatbench.providers.gemini.listing import models_of
from chatbench.providers.gemini.naming import named
from chatbench.providers.http import HttpClient, HttpRequest
from chatbench.providers.jobs import JobWork
from chatbench.providers.media import GEMINI
from chatbench.providers.wire import Call, Decoder, HttpFailure, HttpWire, posted

_SSE: Query = (("alt", "sse"),)


class Gemini(HttpWire):
    """Encodes to `generateContent` and decodes its chunks."""

    id: ClassVar[str] = "gemini"
    takes: ClassVar[frozenset[str]] = TAKES
    media: ClassVar[Mapping[Modality, MediaLimits]] = GEMINI
    storage: ClassVar[FileStorage] = GeminiFiles()
    jobs: ClassVar[JobWork] = GeminiJobs()

    def encode(self, call: Call) -> HttpRequest:
        method, query = ("streamGenerateContent", _SSE) if call.request.stream else ("generateContent", ())
        return posted(call, _call_url(call, method, query), request_fields(call))

    async def count_tokens(self, call: Call, http: HttpClient) -> int:
        """The tokens of the prompt, tools and schema included (`POST models/…:countTokens`).
        Raises EndpointNotSupported where there is no such address."""
        request = HttpRequest(
            url=_call_url(call, "countTokens"),
            headers=headers_for(call.endpoint, call.key, None, call.request.extra_headers),
            body=body_of(counted_fields(call, model_path(call.request)), None),
        )
        return await counted(self, request, call, http, "totalTokens")

    def decoder(self, call: Call) -> Decoder:
        return ChunkDecoder(call.endpoint)

    def decode_whole(self, body: bytes, call: Call) -> list[StreamEvent]:
        return whole(body, call.endpoint)

    def error(self, failure: HttpFailure, endpoint: Endpoint) -> ProviderError:
        return named(peek_json(failure.body), endpoint, failure)

    def models_request(self, endpoint: Endpoint, key: Secret | None, page: str | None) -> HttpRequest:
        query = (("pageSize", "1000"), *((("pageToken", page),) if page else ()))
        return HttpRequest(
            url=joined(endpoint, "models", query), method="GET", headers=headers_for(endpoint, key)
        )

    def decode_models(self, body: bytes, endpoint: Endpoint) -> tuple[list[ModelInfo], str | None]:
        return models_of(body, endpoint)


def _call_url(call: Call, method: str, query: Query = ()) -> str:
    request = call.request
    own = (*query, *request.extra_query.items())
    return joined(call.endpoint, f"{quote(model_path(request))}:{method}", own, request.api_version)
