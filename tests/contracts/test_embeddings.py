"""Embeddings as the vendors' own clients ask for them, and as they read the answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import cohere
import httpx
import ollama
import openai
import pytest
from google import genai
from google.genai import types
from tests.loopback import replies
from tests.loopback.server import LoopbackServer
from tests.providers import wires

from chatbench.providers import embeddings
from chatbench.providers.gemini import Gemini

TEXTS = ["a cat", "a dog"]
VECTORS = [[1.0, 0.5], [0.25, 1.0]]


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer() as running:
        yield running


def openai_asks(server: LoopbackServer) -> Any:
    with openai.OpenAI(api_key=wires.KEY, base_url=server.base_url("openai_chat")) as client:
        told = client.embeddings.create(model="m", input=TEXTS, encoding_format="float")
    return [one.embedding for one in told.data]


def cohere_asks(server: LoopbackServer) -> Any:
    with httpx.Client() as http:
        told = cohere.ClientV2(api_key=wires.KEY, base_url=server.url, httpx_client=http).embed(
            model="m", texts=TEXTS, input_type="clustering", embedding_types=["float"]
        )
    return told.embeddings.float_


def gemini_asks(server: LoopbackServer) -> Any:
    with genai.Client(api_key=wires.KEY, http_options=types.HttpOptions(base_url=server.url)) as client:
        contents: Any = TEXTS
        told = client.models.embed_content(model="m", contents=contents)
    return [one.values for one in told.embeddings or []]


def ollama_asks(server: LoopbackServer) -> Any:
    client = ollama.Client(host=server.url)
    told = client.embed(model="m", input=TEXTS)
    client._client.close()
    return [list(one) for one in told.embeddings]


ASKED: dict[str, tuple[Callable[[LoopbackServer], Any], dict[str, Any], int]] = {
    "openai_chat": (
        openai_asks,
        {
            "object": "list",
            "model": "m",
            "data": [{"object": "embedding", "index": at, "embedding": VECTORS[at]} for at in (0, 1)],
            "usage": {"prompt_tokens": 4, "total_tokens": 4},
        },
        4,
    ),
    "cohere": (
        cohere_asks,
        {
            "id": "x",
            "response_type": "embeddings_by_type",
            "embeddings": {"float": VECTORS},
            "texts": TEXTS,
            "meta": {"billed_units": {"input_tokens": 5}},
        },
        5,
    ),
    "gemini": (
        gemini_asks,
        {"embeddings": [{"values": one} for one in VECTORS], "usageMetadata": {"promptTokenCount": 6}},
        6,
    ),
    "ollama": (ollama_asks, {"model": "m", "embeddings": VECTORS, "prompt_eval_count": 7}, 7),
}


@pytest.mark.parametrize("wire", ASKED)
def test_embeddings_are_asked_for_and_read_as_the_vendor_does(server: LoopbackServer, wire: str) -> None:
    asks, answer, tokens = ASKED[wire]
    server.script(replies.data(answer))
    assert asks(server) == VECTORS
    theirs = server.asked[-1]
    ours = embeddings.encoded(wires.endpoint(wire, server.base_url(wire)), "m", TEXTS)
    # OpenAI's client asks for base64 where nobody says otherwise; floats are the default of the interface.
    body = {name: value for name, value in theirs.json.items() if name != "encoding_format"}
    assert plain(json.loads(ours.body)) == plain(body)
    if wire != "gemini":
        assert ours.url == f"{server.url}{theirs.path}"
    else:
        assert ours.url.rpartition("/v1")[2].partition("/")[2] == "models/m:batchEmbedContents"
        assert theirs.path.endswith("/models/m:batchEmbedContents")
    assert [list(one) for one in embeddings.decoded(answer, 2) or ()] == VECTORS
    used = embeddings.used(answer)
    assert used is not None
    assert used.input_tokens == tokens


def plain(value: Any) -> Any:
    """Without what Google's client adds to a content: its role, "user" for what is asked."""
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items() if (name, one) != ("role", "user")}
    return [plain(one) for one in value] if isinstance(value, list) else value


def test_other_addresses() -> None:
    azure = "https://x.openai.azure.com/openai"
    dated = wires.endpoint("openai_chat", azure, api_version="2024-10-21")
    assert embeddings.encoded(dated, "d 1", TEXTS).url == (
        "https://x.openai.azure.com/openai/deployments/d%201/embeddings?api-version=2024-10-21"
    )
    for base in ("https://api.mistral.ai", "https://api.mistral.ai/v1/"):
        asked = embeddings.encoded(wires.endpoint("mistral", base), "m", TEXTS)
        assert asked.url == "https://api.mistral.ai/v1/embeddings"
    for base, version in (
        ("https://x.googleapis.com", ""),
        ("https://x.googleapis.com/v1beta", ""),
        ("https://x.googleapis.com/", "v1beta"),
    ):
        wanted = Gemini().models_request(wires.endpoint("gemini", base, api_version=version), None, None).url
        asked = embeddings.encoded(wires.endpoint("gemini", base, api_version=version), "models/m", TEXTS)
        assert asked.url == wanted.partition("?")[0].replace("/models", "/models/m:batchEmbedContents")
    assert not embeddings.is_known("anthropic")


@pytest.mark.parametrize(
    "told", [None, [1], {}, {"data": []}, {"embeddings": [[1.0]]}, {"embeddings": {"int8": [[1], [2]]}},
             {"embeddings": [[], [1.0]]}, {"data": [{"embedding": "x"}, {"embedding": "y"}]}],
)  # fmt: skip
def test_what_is_no_embedding_is_not_taken_for_one(told: Any) -> None:
    assert embeddings.decoded(told, 2) is None
    assert told is None or isinstance(told, list) or embeddings.used(told) is None
