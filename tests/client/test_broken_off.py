"""What an answer that broke off has used: the words count, not the provider's first figure."""

from __future__ import annotations

from contextlib import aclosing
from decimal import Decimal

from tests.client.conftest import endpoint_at, request_of
from tests.loopback.server import LoopbackServer

from chatbench.client.call import AnswerStream
from chatbench.client.llm import LLMClient
from chatbench.core.usage import Rates


def priced(client: LLMClient, server: LoopbackServer) -> AnswerStream:
    """A call to a model with a price, in the wire whose first event counts one token of output."""
    request = request_of()
    rates = Rates(input=Decimal(1), output=Decimal(1), cache_read=Decimal(1), web_searches=Decimal(1))
    client.environment.pricing.user_prices[str(request.model)] = rates
    return client.stream(request, endpoint=endpoint_at(server, "anthropic"))


async def test_the_words_of_a_stopped_answer_are_counted(client: LLMClient, server: LoopbackServer) -> None:
    server.words = ["Read before it was stopped. " * 40, "Never."]
    server.pace = 2.0
    stream = priced(client, server)
    async with aclosing(stream.events()) as batches:
        async for _ in batches:
            if stream.accumulator.has_visible_text:
                break
    response = stream.response()
    assert response.stop_reason is None
    assert response.usage is not None
    assert 100 < response.usage.output_tokens < 600
    assert response.cost is not None
    assert response.cost.estimated
    assert response.cost.amount == sum(line.amount for line in response.cost.lines)


async def test_a_whole_answer_is_as_the_provider_counted_it(
    client: LLMClient, server: LoopbackServer
) -> None:
    stream = priced(client, server)
    async for _ in stream.events():
        pass
    response = stream.response()
    assert response.cost is not None
    assert not response.cost.estimated
