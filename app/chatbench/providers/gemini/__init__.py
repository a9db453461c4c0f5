"""Google's Gemini interface (`:generateContent` and `:streamGenerateContent?alt=sse`).

Facts from google-genai 3.4.0: `types.py`, `errors.py`, `_api_client.py` (current path version v1;
preview features stay on v1beta, which an endpoint asks for in its quirks).
"""

from __future__ import annotations

import re
from typing import ClassVar
from urllib.parse import quote

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import ProviderError
from chatbench.core.models import Effort, Modality, ModelInfo, ModelRef
from chatbench.core.secrets import Secret
from chatbench.core.streams import StreamEvent
from chatbench.providers.decoding import peek_json, read_json
from chatbench.providers.encoding import address, body_of, headers_for
from chatbench.providers.gemini.decode import ChunkDecoder, whole
from chatbench.providers.gemini.encode import request_fields
from chatbench.providers.gemini.naming import named
from chatbench.providers.http import HttpRequest
from chatbench.providers.wire import Call, Decoder, HttpFailure, HttpWire

CURRENT_VERSION = "v1"
_VERSIONED = re.compile(r"/v\d+(alpha|beta)?\d*\Z")
_SEES_ALL: frozenset[Modality] = frozenset({"text", "image", "file", "audio", "video"})


class _Listed(msgspec.Struct, rename="camel"):
    name: str
    display_name: str = ""
    input_token_limit: int | None = None
    output_token_limit: int | None = None
    supported_generation_methods: list[str] | None = None
    temperature: float | None = None
    max_temperature: float | None = None
    top_p: float | None = None
    top_k: float | None = None
    thinking: bool | None = None


class _Page(msgspec.Struct, rename="camel"):
    models: list[_Listed] = []
    next_page_token: str | None = None


_page = msgspec.json.Decoder(_Page)


class Gemini(HttpWire):
    """Encodes to `generateContent` and decodes its chunks."""

    id: ClassVar[str] = "gemini"
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
            "thinking_budget",
            "extra_body",
        }
    )

    def encode(self, call: Call) -> HttpRequest:
        name = call.request.model.id
        path = name if "/" in name else f"models/{name}"
        method, query = "generateContent", None
        accept: dict[str, str] = {}
        if call.request.stream:
            method, query = "streamGenerateContent", {"alt": "sse"}
            accept = {"accept": "text/event-stream"}
        return HttpRequest(
            url=_url(call.endpoint, f"{quote(path)}:{method}", query),
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
        query = {"pageSize": "1000", **({"pageToken": page} if page else {})}
        return HttpRequest(
            url=_url(endpoint, "models", query), method="GET", headers=headers_for(endpoint, key)
        )

    def decode_models(self, body: bytes, endpoint: Endpoint) -> tuple[list[ModelInfo], str | None]:
        page = read_json(_page, body, endpoint)
        rows = [
            _row(model, endpoint)
            for model in page.models
            if model.supported_generation_methods is None
            or "generateContent" in model.supported_generation_methods
        ]
        return rows, page.next_page_token or None


def _row(model: _Listed, endpoint: Endpoint) -> ModelInfo:
    """What the list tells; that Gemini models see pictures, sound and files it does not say."""
    name = model.name.removeprefix("models/")
    budgeted = name.startswith("gemini-2.5")
    levels: tuple[Effort, ...] = ("low", "medium", "high")
    taken = {"max_output_tokens", "stop", "seed", "extra_body"}
    if model.temperature is not None or model.max_temperature is not None:
        taken.add("temperature")
    taken.update(field for field in ("top_p", "top_k") if getattr(model, field) is not None)
    return ModelInfo(
        ref=ModelRef(endpoint.id, name),
        name=model.display_name,
        context_window=model.input_token_limit,
        max_output_tokens=model.output_token_limit,
        inputs=_SEES_ALL if name.startswith("gemini-") else frozenset({"text"}),
        thinking=None if model.thinking is None else "optional" if model.thinking else "no",
        thinking_budget=bool(model.thinking) and budgeted,
        efforts=levels if model.thinking and not budgeted else (),
        parameters=frozenset(taken),
        source="live",
    )


def _url(endpoint: Endpoint, path: str, query: dict[str, str] | None = None) -> str:
    base = endpoint.base_url.rstrip("/")
    version = endpoint.quirks.api_version or CURRENT_VERSION
    return address(base, path if _VERSIONED.search(base) else f"{version}/{path}", query)
