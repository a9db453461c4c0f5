"""Chat Completions (`POST /chat/completions`): what most providers and local servers speak.

Facts from openai 3.52.0, `types/chat/`: completion_create_params.py, chat_completion_chunk.py,
chat_completion.py, and `types/completion_usage.py`; Azure's dated paths from `lib/azure.py`. What
others add or leave out is read leniently; see `decode.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import ClassVar
from urllib.parse import quote, urlsplit

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import ProviderError
from chatbench.core.models import MediaLimits, Modality, ModelInfo
from chatbench.core.secrets import Secret
from chatbench.core.streams import StreamEvent
from chatbench.providers.counting import counted, unstreamed
from chatbench.providers.decoding import peek_json
from chatbench.providers.encoding import address, headers_for
from chatbench.providers.http import HttpClient, HttpRequest
from chatbench.providers.media import OPENAI_CHAT
from chatbench.providers.openai_chat.decode import WAV, ChunkDecoder, whole
from chatbench.providers.openai_chat.encode import TAKES, request_fields
from chatbench.providers.openai_chat.listing import models_of
from chatbench.providers.openai_chat.naming import named
from chatbench.providers.wire import Call, Decoder, HttpFailure, HttpWire, posted

_SOUNDS = {"mp3": "audio/mpeg", "pcm16": "audio/pcm", "opus": "audio/ogg"}
_AZURE_HOSTS = (".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com")


class OpenAIChat(HttpWire):
    """Encodes to `/chat/completions` and decodes its chunks."""

    id: ClassVar[str] = "openai_chat"
    takes: ClassVar[frozenset[str]] = TAKES
    media: ClassVar[Mapping[Modality, MediaLimits]] = OPENAI_CHAT

    def encode(self, call: Call) -> HttpRequest:
        return posted(call, _call_url(call, "chat/completions"), request_fields(call))

    def decoder(self, call: Call) -> Decoder:
        return ChunkDecoder(call.endpoint, _sound(call))

    def decode_whole(self, body: bytes, call: Call) -> list[StreamEvent]:
        return whole(body, call.endpoint, _sound(call))

    async def count_tokens(self, call: Call, http: HttpClient) -> int:
        """The tokens of the prompt, tools included, as llama.cpp's server counts them
        (`POST /chat/completions/input_tokens`). Raises EndpointNotSupported where there is no
        such address."""
        asked = msgspec.structs.replace(call, request=unstreamed(call.request))
        request = posted(asked, _call_url(call, "chat/completions/input_tokens"), request_fields(asked))
        return await counted(self, request, call, http)

    def error(self, failure: HttpFailure, endpoint: Endpoint) -> ProviderError:
        return named(peek_json(failure.body), endpoint, failure)

    def models_request(self, endpoint: Endpoint, key: Secret | None, page: str | None) -> HttpRequest:
        url = _url(endpoint.base_url, endpoint.quirks.api_version, "models")
        return HttpRequest(url=url, method="GET", headers=headers_for(endpoint, key))

    def decode_models(self, body: bytes, endpoint: Endpoint) -> tuple[list[ModelInfo], str | None]:
        return models_of(body, endpoint), None


def _sound(call: Call) -> str:
    """The media type of a spoken answer: the format that was asked for in `extra_body`."""
    extra = call.request.parameters.extra_body
    audio = extra.get("audio") if extra else None
    kind = audio.get("format") if isinstance(audio, dict) else None
    return _SOUNDS.get(kind, f"audio/{kind}") if isinstance(kind, str) else WAV


def _call_url(call: Call, path: str) -> str:
    """Azure's dated addresses name the deployment, which is the model."""
    request, endpoint = call.request, call.endpoint
    version = request.api_version or endpoint.quirks.api_version
    if version:
        path = f"deployments/{quote(request.model.id, safe='')}/{path}"
    return _url(endpoint.base_url, version, path, tuple(request.extra_query.items()))


@lru_cache(maxsize=256)
def _url(base: str, version: str, path: str, query: tuple[tuple[str, str], ...] = ()) -> str:
    """The base URL with `path`; Azure's own variable names the resource alone, without a path."""
    base = base.rstrip("/")
    parts = urlsplit(base)
    if parts.path == "" and (version or (parts.hostname or "").endswith(_AZURE_HOSTS)):
        base = f"{base}/openai" if version else f"{base}/openai/v1"
    elif version and parts.path.endswith("/openai/v1"):
        base = base.removesuffix("/v1")
    dated = {"api-version": version} if version else {}
    return address(base, path, {**dated, **dict(query)})
