"""How texts are asked for as vectors of numbers, and what is answered, wire by wire.

OpenAI's form (`embeddings`) is that of most who speak its interfaces, and Mistral's; Ollama has `api/embed`,
Gemini `batchEmbedContents` (google-genai 3.4.0, models.py) and Cohere `v2/embed` (cohere 7.3.1,
v2/raw_client.py). Anthropic's interface has none.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.usage import Usage
from chatbench.providers.encoding import address

_Body = dict[str, Any]


class Embedding(NamedTuple):
    """One request: where it goes, and what is sent."""

    url: str
    body: bytes


class _Form(NamedTuple):
    url: Callable[[Endpoint, str], str]
    body: Callable[[str, Sequence[str]], _Body]


def is_known(wire: str) -> bool:
    """Whether embeddings can be asked for over this wire."""
    return wire in _FORMS


def encoded(endpoint: Endpoint, model: str, texts: Sequence[str]) -> Embedding:
    """The request for the vectors of all texts. Raises KeyError where the wire `is_known` not to have any."""
    form = _FORMS[endpoint.wire]
    return Embedding(form.url(endpoint, model), msgspec.json.encode(form.body(model, texts)))


def decoded(told: Any, count: int) -> tuple[array[float], ...] | None:
    """The vectors (doubles) in the order of the texts; None for what is none. `told` is the answer's JSON:
    OpenAI's `data`, each with its `index`; a list of `embeddings`, bare or each with its `values`; or
    Cohere's, by their type."""
    if not isinstance(told, dict):
        return None
    try:
        if "data" in told:
            rows = [one["embedding"] for one in sorted(told["data"], key=lambda one: one.get("index", 0))]
        else:
            rows = told["embeddings"]
            rows = rows["float"] if isinstance(rows, dict) else rows
            rows = [one["values"] if isinstance(one, dict) else one for one in rows]
        vectors = tuple(array("d", row) for row in rows)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    return vectors if len(vectors) == count and all(vectors) else None


def used(told: _Body) -> Usage | None:
    """The tokens that were read; None where the answer does not say so."""
    counted = (
        _at(told, "usage", "prompt_tokens"),
        _at(told, "prompt_eval_count"),
        _at(told, "usageMetadata", "promptTokenCount"),
        _at(told, "meta", "billed_units", "input_tokens"),
    )
    tokens = next((int(one) for one in counted if isinstance(one, int | float) and one >= 0), None)
    return None if tokens is None else Usage(input_tokens=tokens)


def _at(told: Any, *path: str) -> Any:
    for name in path:
        told = told.get(name) if isinstance(told, dict) else None
    return told


def _openai_url(endpoint: Endpoint, model: str) -> str:
    from urllib.parse import quote

    version = endpoint.quirks.api_version
    if not version:
        return address(endpoint.base_url.rstrip("/"), "embeddings")
    # Azure's dated addresses name the deployment, which is the model.
    path = f"deployments/{quote(model, safe='')}/embeddings"
    return address(endpoint.base_url.rstrip("/"), path, {"api-version": version})


def _gemini_url(endpoint: Endpoint, model: str) -> str:
    from urllib.parse import quote

    base = endpoint.base_url.rstrip("/")
    last = base.rpartition("/")[2]
    is_versioned = last[:1] == "v" and last[1:2].isdigit()
    version = "" if is_versioned else f"{endpoint.quirks.api_version or 'v1'}/"
    return address(base, f"{version}{quote(_gemini_name(model))}:batchEmbedContents")


def _gemini_name(model: str) -> str:
    return model if "/" in model else f"models/{model}"


def _gemini_body(model: str, texts: Sequence[str]) -> _Body:
    name = _gemini_name(model)
    return {"requests": [{"model": name, "content": {"parts": [{"text": text}]}} for text in texts]}


def _cohere_body(model: str, texts: Sequence[str]) -> _Body:
    # What is compared with each other is of one kind, neither a question nor a document.
    return {
        "model": model, "texts": list(texts), "input_type": "clustering", "embedding_types": ["float"],
    }  # fmt: skip


def _plain_body(model: str, texts: Sequence[str]) -> _Body:
    return {"model": model, "input": list(texts)}


def _without(endpoint: Endpoint, *tails: str) -> str:
    base = endpoint.base_url.rstrip("/")
    for tail in tails:
        base = base.removesuffix(tail)
    return base


_OPENAI: Final = _Form(_openai_url, _plain_body)
_FORMS: Final = {
    "openai_chat": _OPENAI,
    "openai_responses": _OPENAI,
    "mistral": _Form(lambda one, _: address(_without(one, "/v1"), "v1/embeddings"), _plain_body),
    "ollama": _Form(lambda one, _: address(_without(one, "/v1", "/api"), "api/embed"), _plain_body),
    "gemini": _Form(_gemini_url, _gemini_body),
    "cohere": _Form(lambda one, _: address(_without(one, "/v1", "/v2"), "v2/embed"), _cohere_body),
}
