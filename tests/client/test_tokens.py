"""Tokens of a request: the estimate over a whole corpus, and the provider's own count on request."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from tests.client import test_estimate as corpus
from tests.client.conftest import endpoint_at
from tests.client.pictures import png
from tests.loopback import replies
from tests.loopback.server import LoopbackServer

from chatbench.client.conversation import Conversation
from chatbench.client.environment import Environment
from chatbench.client.estimate import estimate_text
from chatbench.client.tokens import TokenCount, count_tokens, estimated
from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import Authentication
from chatbench.core.messages import FilePart, ImagePart, InlineData, Message
from chatbench.core.models import ModelInfo, ModelRef
from chatbench.core.params import Parameters
from chatbench.core.requests import Request
from chatbench.core.tools import ToolDefinition

# Text and the count of five repetitions in the o200k_base vocabulary.
CORPUS = (
    (corpus.PROSE, 291), (corpus.CODE, 420), (corpus.JSON, 180), (corpus.GERMAN, 191), (corpus.RUSSIAN, 91),
    (corpus.CHINESE, 105), (corpus.JAPANESE, 170), (corpus.KOREAN, 111), (corpus.ARABIC, 122),
)  # fmt: skip
SCHEMA = {"type": "object", "properties": {"name": {"type": "string", "description": corpus.PROSE}}}


def asking(model: str = "loop/m", *messages: Message, **more: object) -> Request:
    ref = ModelRef.parse(model)
    return Request(model=ref, messages=messages or (Message.user("Hi"),), **more)  # type: ignore[arg-type]


def test_the_corpus_as_a_whole_is_near() -> None:
    counted = sum(count for _, count in CORPUS)
    assert sum(estimate_text(text * 5) for text, _ in CORPUS) / counted == pytest.approx(1.05, abs=0.01)


def test_everything_that_is_sent_counts() -> None:
    info = ModelInfo(ref=ModelRef("loop", "m"))
    bare, exact = estimated(asking(), info)
    assert not exact
    prose = estimate_text(corpus.PROSE)
    tool = ToolDefinition(name="clock", description=corpus.PROSE)
    for more in ({"system": corpus.PROSE}, {"tools": (tool,)}, {"response_schema": SCHEMA}):
        assert estimated(asking(**more), info).tokens >= bare + prose


def test_attachments_at_hand_are_measured_where_nobody_did() -> None:
    info = ModelInfo(ref=ModelRef("anthropic", "claude-opus-5-5"))
    measured = Message.user("?", image=png(750, 100), file=b"%PDF-1.7" + b" " * 50_000)
    source = [part.source for part in measured.parts if isinstance(part, ImagePart | FilePart)]
    told = Message(
        role="user",
        parts=(
            ImagePart(source=source[0], media_type="image/png"),
            FilePart(source=source[1], media_type="application/pdf"),
            measured.parts[-1],
        ),
    )
    assert estimated(asking("a/b", told), info) == estimated(asking("a/b", measured), info)
    assert estimated(asking("a/b", measured), info).tokens > 1000 + 100
    damaged = Message.user("?").with_part(ImagePart(source=InlineData(data=b"x"), media_type="image/png"))
    assert estimated(asking("a/b", damaged), info).tokens > 1000


def test_a_conversation_counts_itself_with_room_for_the_answer() -> None:
    conversation = Conversation.user(corpus.PROSE, image=png(1000, 1000))
    assert conversation.count_tokens(max_new_tokens=500) == conversation.count_tokens() + 500
    assert conversation.count_tokens(model="openai/gpt-4o") != conversation.count_tokens(
        model="gemini/gemini-2.5-pro"
    )


@pytest.mark.parametrize(
    ("wire", "field", "path"),
    [
        ("anthropic", "input_tokens", "/v1/messages/count_tokens"),
        ("openai_responses", "input_tokens", "/v1/responses/input_tokens"),
        ("openai_chat", "input_tokens", "/v1/chat/completions/input_tokens"),
        ("gemini", "totalTokens", "/models/m:countTokens"),
    ],
)
async def test_the_provider_counts_on_request(
    environment: Environment, server: LoopbackServer, wire: str, field: str, path: str
) -> None:
    where = endpoint_at(server, wire)
    server.script(replies.data({field: 17}))
    request = asking(parameters=Parameters(max_output_tokens=5))
    assert await count_tokens(request, environment, exact=True, endpoint=where) == (17, True)
    (asked,) = server.asked
    assert asked.path.endswith(path)
    estimate = await count_tokens(request, environment, endpoint=where)
    assert estimate == TokenCount(8, exact=False)
    assert len(server.asked) == 1


async def test_a_provider_that_does_not_count_gets_an_estimate(
    environment: Environment, server: LoopbackServer
) -> None:
    server.script(replies.data({"error": {"message": "unknown path"}}, 404))
    where = endpoint_at(server)
    assert await count_tokens(asking(), environment, exact=True, endpoint=where) == (8, False)
    nobody = msgspec.structs.replace(where, wire="cohere")
    assert await count_tokens(asking(), environment, exact=True, endpoint=nobody) == (8, False)
    assert len(server.asked) == 1


async def test_other_failures_of_counting_are_raised(
    open_environment: Callable[..., Environment], server: LoopbackServer
) -> None:
    server.script(replies.data({"error": {"message": "bad key"}}, 401))
    where: Endpoint = endpoint_at(server, auth="bearer", key_env=("LOOP_KEY",))
    environment = open_environment(LOOP_KEY="sk-0123456789")
    with pytest.raises(Authentication):
        await count_tokens(asking(), environment, exact=True, endpoint=where)
    assert server.asked[0].headers["authorization"] == "Bearer sk-0123456789"
