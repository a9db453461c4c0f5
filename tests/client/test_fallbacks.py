"""What goes along to another model, what does not, and what is counted of the one before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.client.conftest import QUICK, endpoint_at
from tests.loopback import openai_chat, replies
from tests.loopback.replies import Reply
from tests.loopback.server import LoopbackServer

from chatbench.client.budget import Budget, BudgetLimit
from chatbench.client.defaults import aclose_environment, open_environment
from chatbench.client.environment import Environment
from chatbench.client.llm import LLMClient
from chatbench.client.many import PromptItem
from chatbench.core.endpoints import Limits
from chatbench.core.errors import Authentication, BudgetExceeded, ChatbenchError, MissingKey
from chatbench.core.models import ModelInfo, ModelRef
from chatbench.core.params import Parameters
from chatbench.core.requests import Request
from chatbench.core.secrets import Secret
from chatbench.core.usage import Rates
from chatbench.storage.profile import Profile

Make = Callable[..., LLMClient]
TAKES_ALL = frozenset({"temperature", "top_p", "max_output_tokens", "stop", "seed"})


@pytest.fixture
async def environment(tmp_path: Path, server: LoopbackServer) -> AsyncIterator[Environment]:
    environment = open_environment(Profile.open(tmp_path / "profile"))
    for name in ("loop", "other"):
        rows = tuple(ModelInfo(ref=ModelRef(name, m), parameters=TAKES_ALL) for m in "mnc")
        environment.registry.register(endpoint_at(server, id=name, name=name.title(), rows=rows))
    yield environment
    await aclose_environment(environment)


@pytest.fixture
def make(environment: Environment) -> Make:
    def client(models: Any = "loop/m", **settings: Any) -> LLMClient:
        return LLMClient(models, **{"environment": environment, "retries": QUICK, **settings})

    return client


def failing(status: int, message: str = "no", param: str | None = None) -> Reply:
    return replies.data(openai_chat.error_body(None, None, message, param), status)


async def test_each_model_is_asked_with_its_own_parameters(make: Make, server: LoopbackServer) -> None:
    """And with what was given for the call, which wins over both."""
    client = make(
        ["loop/m", "other/n"],
        weights=[1, 0],
        parameters=[{"temperature": 0.1, "top_p": 0.5}, {"temperature": 0.9, "seed": 7}],
    )
    server.script(failing(401))
    await client.complete("Hi", top_p=0.7)
    first, second = (asked.json for asked in server.asked)
    assert (first["temperature"], first["top_p"], first.get("seed")) == (0.1, 0.7, None)
    assert (second["temperature"], second["top_p"], second["seed"]) == (0.9, 0.7, 7)


async def test_what_a_hook_changed_goes_along(make: Make, server: LoopbackServer) -> None:
    def cooler(request: Request) -> Request:
        changed = msgspec.structs.replace(request.parameters, temperature=0.0)
        return msgspec.structs.replace(request, parameters=changed)

    client = make(
        ["loop/m", "other/n"],
        weights=[1, 0],
        parameters=[{"temperature": 0.1}, {"temperature": 0.9}],
        before=cooler,
    )
    server.script(failing(401))
    await client.complete("Hi")
    assert [asked.json["temperature"] for asked in server.asked] == [0.0, 0.0]


async def test_a_prompt_is_known_again_whichever_model_it_goes_to(
    make: Make, server: LoopbackServer, tmp_path: Path
) -> None:
    """Models with parameters of their own: a run that is gone on with asks nothing twice."""
    prompts = [PromptItem(prompt=str(n), parameters=Parameters(top_p=0.1 * n)) for n in range(1, 9)]
    out = tmp_path / "out.jsonl"
    for weights in ([1, 0], [0, 1]):
        client = make(["loop/m", "other/n"], weights=weights, parameters=[{"seed": 1}, {"seed": 2}])
        await client.run(prompts, out)
    assert len(server.asked) == len(prompts)


async def test_another_model_for_the_whole_run_is_another_run(
    make: Make, server: LoopbackServer, tmp_path: Path
) -> None:
    client = make(["loop/m", "other/n"])
    await client.run(["a"], tmp_path / "one.jsonl", model="loop/c")
    first = (tmp_path / "one.jsonl").read_text()
    await client.run(["a"], tmp_path / "two.jsonl", model="other/c")
    fingerprints = {
        msgspec.json.decode(text)["fingerprint"] for text in (first, (tmp_path / "two.jsonl").read_text())
    }
    assert len(fingerprints) == 2


async def test_a_model_named_for_one_call_is_not_stood_in_for(make: Make, server: LoopbackServer) -> None:
    server.script(failing(401))
    with pytest.raises(Authentication):
        await make(["loop/m", "loop/n"]).complete("Hi", model="other/c")
    assert [asked.json["model"] for asked in server.asked] == ["c"]


async def test_a_key_goes_to_the_provider_it_was_given_for(
    environment: Environment, make: Make, server: LoopbackServer
) -> None:
    environment.registry.register(endpoint_at(server, id="keyed", name="Keyed", auth="bearer"))
    environment.registry.register(endpoint_at(server, id="theirs", name="Theirs", auth="bearer"))
    client = make("keyed/m", fallbacks=["theirs/n"], key="sk-of-keyed-0123456789")
    server.script(failing(401))
    with pytest.raises(MissingKey):
        await client.complete("Hi")
    assert len(server.asked) == 1, "the key is not shown to the other provider"
    await environment.keys.set(environment.endpoint("theirs"), Secret("sk-theirs"), session=True)
    await client.complete("Hi")
    assert server.asked[-1].headers["authorization"] == "Bearer sk-theirs"


async def test_the_model_before_is_counted_as_itself(
    environment: Environment, make: Make, server: LoopbackServer
) -> None:
    """What broke off at one model is paid at its price, though the budget then refuses the next."""
    prices = environment.pricing.user_prices
    prices["loop/m"] = Rates(input=Decimal(1), output=Decimal(1))
    prices["other/n"] = Rates(input=Decimal(1000), output=Decimal(1000))
    frames = [
        openai_chat.frame(openai_chat.chunk({"content": "Half an "})),
        openai_chat.frame({**openai_chat.chunk({}), "usage": {"prompt_tokens": 90, "completion_tokens": 9}}),
    ]
    for _ in range(2):
        server.script(replies.events(frames, end="cut"))
    client = make(
        "loop/m", fallbacks=["other/n"], broken="rerun", max_tokens=100,
        retries=msgspec.structs.replace(QUICK, max_attempts=2),
        budget=Budget.of(BudgetLimit(scope="run", usd=Decimal("0.01"))),
    )  # fmt: skip
    with pytest.raises(BudgetExceeded):
        await client.complete("Hi", stream=True)
    assert environment.ledger is not None
    rows = await environment.ledger.spent_by_model(0)
    assert {(str(row.model), row.amount) for row in rows} == {("loop/m", Decimal("0.000198"))}
    assert client._budgets is not None
    assert client._budgets.spent(client._budgets.budget.limits[0]) == (Decimal("0.000198"), 198)


async def test_speed_is_that_of_the_model_that_answered(make: Make, server: LoopbackServer) -> None:
    client = make(["loop/m", "other/n"], weights=[1, 0])
    server.script(Reply([b"{}"], 401, {"content-type": "application/json"}, first_byte_s=0.6))
    await client.complete("Hi")
    assert client._router is not None
    seconds = client._router.records[ModelRef("other", "n")].seconds
    assert seconds is not None
    assert seconds < 0.5


@pytest.mark.parametrize("how", ["key", "found before by another client"])
async def test_what_limits_leave_is_known_to_dynamic_weights(
    environment: Environment, make: Make, server: LoopbackServer, how: str
) -> None:
    settings: dict[str, Any] = {"key": "sk-0123456789"} if how == "key" else {}
    limits = Limits(requests_per_minute=6000)
    await make(limits=limits).complete("Hi")
    client = make(["loop/m", "loop/n"], weights="dynamic", limits=limits, **settings)
    assert client._router is not None
    for _ in range(4):
        await client.complete("Hi")
    known = [client._router.records[ModelRef("loop", name)].remaining() for name in "mn"]
    assert min(known) < 1.0
    answered = {asked.json["model"] for asked in server.asked[1:]}
    assert all(client._router.records[ModelRef("loop", name)].remaining() < 1.0 for name in answered)


async def test_limits_of_two_clients_do_not_undo_each_other(
    environment: Environment, make: Make, server: LoopbackServer
) -> None:
    server.pace = 60
    careful = make(limits=Limits(concurrent=1))
    running = asyncio.ensure_future(careful.process_prompts(list("abcd"), stream=True))
    await asyncio.to_thread(server.wait_for_asking)
    server.script(Reply([b"{}"], 400, {"content-type": "application/json"}))
    with pytest.raises(ChatbenchError):
        await make().complete("Hi")
    bucket = environment.limiter.bucket("loop", "", "m", Limits(concurrent=1), own=True)
    assert (bucket.in_flight, bucket.waiting) == (1, 3), "the careful one has one call under way"
    running.cancel()
    await asyncio.wait({running})


async def test_calls_at_once_learn_together(make: Make, server: LoopbackServer) -> None:
    """All were sent before the first refusal came: each is sent again without the field."""
    message = "Unsupported parameter: logprobs"
    late = replace(failing(400, message, "logprobs"), first_byte_s=0.5)
    server.script(*[late] * 5)
    answers = await make().process_prompts(list("abcde"), logprobs=True)
    assert [answer.error for answer in answers] == [None] * 5
    assert len(server.asked) == 10


async def test_a_field_that_cannot_be_left_out_is_not_sent_for_ever(
    make: Make, server: LoopbackServer
) -> None:
    message = "Unknown parameter: extra_body"
    server.script(*[failing(400, message, "extra_body") for _ in range(5)])
    answers = await make().process_prompts(["a"], extra_body={"extra_body": {"a": 1}})
    assert answers[0].is_error
    assert len(server.asked) == 1


async def test_a_changed_key_holds_at_once(
    environment: Environment, make: Make, server: LoopbackServer
) -> None:
    endpoint = endpoint_at(server, id="keyed", name="Keyed", auth="bearer")
    environment.registry.register(endpoint)
    client = make("keyed/m")
    for key in ("sk-first", "sk-second"):
        await environment.keys.set(endpoint, Secret(key), session=True)
        await client.complete("Hi")
    assert [asked.headers["authorization"] for asked in server.asked] == [
        "Bearer sk-first",
        "Bearer sk-second",
    ]
    await environment.keys.remove("keyed")
    with pytest.raises(MissingKey):
        await client.complete("Hi")
