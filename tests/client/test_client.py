"""The client: several models, what surrounds a call, many calls, sessions, twins."""

from __future__ import annotations

import asyncio
import json
import queue
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, TypedDict

import msgspec
import pytest
from tests.client.conftest import QUICK, endpoint_at
from tests.harness.waiting import until
from tests.loopback import openai_chat, replies
from tests.loopback.replies import Reply
from tests.loopback.server import LoopbackServer

from chatbench.client.budget import Budget, BudgetLimit
from chatbench.client.cache import MemoryCache
from chatbench.client.conversation import Conversation
from chatbench.client.custom import CustomProvider, register_custom_provider, unregister_custom_provider
from chatbench.client.defaults import aclose_environment, open_environment
from chatbench.client.environment import Environment
from chatbench.client.llm import LLMClient
from chatbench.client.many import PromptItem
from chatbench.client.models import get_model, get_models
from chatbench.client.progress import Progress
from chatbench.client.retries import RetryPolicy
from chatbench.core.endpoints import Limits
from chatbench.core.errors import (
    BudgetExceeded,
    ChatbenchError,
    ConfigurationError,
    ContextWindowExceeded,
    FormatError,
    HookRejected,
    InvalidHeader,
    InvalidSchema,
    LimitUnattainable,
    SchemaMismatch,
    UnknownModel,
    UnknownParameter,
)
from chatbench.core.messages import TextPart, user
from chatbench.core.models import ModelInfo, ModelRef
from chatbench.core.params import Parameters
from chatbench.core.requests import Request, Response
from chatbench.core.streams import PartDelta, Stop
from chatbench.core.usage import Rates
from chatbench.storage.conversations import ConversationStore
from chatbench.storage.profile import Profile

KEY = "sk-canary-0123456789abcdef"


@pytest.fixture
async def environment(tmp_path: Path, server: LoopbackServer) -> AsyncIterator[Environment]:
    """With a database, and two providers that are both the loopback server."""
    environment = open_environment(Profile.open(tmp_path / "profile"))
    for name in ("loop", "other"):
        environment.registry.register(endpoint_at(server, id=name, name=name.title()))
    yield environment
    await aclose_environment(environment)


@pytest.fixture
def make(environment: Environment) -> Callable[..., LLMClient]:
    def client(models: Any = "loop/m", **settings: Any) -> LLMClient:
        return LLMClient(models, **{"environment": environment, "retries": QUICK, **settings})

    return client


Make = Callable[..., LLMClient]


def saying(text: str, **more: Any) -> Reply:
    return replies.data(openai_chat.whole({"content": text}, **more))


def failing(status: int, code: str | None = None, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return replies.data(openai_chat.error_body(code, None, "no"), status, named)


def models_asked(server: LoopbackServer) -> list[str]:
    return [asked.json["model"] for asked in server.asked]


# What a response carries


async def test_a_response_tells_all_there_is(make: Make, server: LoopbackServer) -> None:
    server.script(saying("Yes", id="r1", created=1700, system_fingerprint="fp", service_tier="flex"))
    response = await make(system="Be brief").complete("Hi", temperature=0.5, top_k=3)
    assert (response.text, response.status, response.attempts) == ("Yes", 200, 1)
    assert (response.response_id, response.created, response.system_fingerprint) == ("r1", 1700, "fp")
    assert response.service_tier == "flex"
    assert response.prompt == (user("Hi"),)
    assert response.parameters == Parameters(temperature=0.5, top_k=3)
    assert [left.name for left in response.left_out] == ["top_k"]
    assert response.timings.total_s is not None
    assert response.at is not None
    assert len(response.id) == 32
    assert not response.is_error
    assert response.cache_hit, "in part from the provider's cache"
    assert not response.local_cache_hit
    assert server.asked[0].json["messages"][0] == {"role": "system", "content": "Be brief"}


async def test_what_went_over_the_wire_is_kept_without_the_key(
    make: Make, environment: Environment, server: LoopbackServer
) -> None:
    environment.registry.register(endpoint_at(server, auth="bearer"))
    client = make(key=KEY, extra_headers={"X-Team": "a-secret-of-ours"})
    response = await client.complete("Hi")
    assert server.asked[0].headers["authorization"] == f"Bearer {KEY}"
    assert server.asked[0].headers["x-team"] == "a-secret-of-ours"
    raw = response.raw
    assert raw is not None
    assert raw.method == "POST"
    assert json.loads(raw.request) == server.asked[0].json
    assert json.loads(raw.response)["choices"]
    everything = msgspec.json.encode(response) + repr(response).encode() + repr(client.to_dict()).encode()
    assert KEY.encode() not in everything.replace(b"a-secret-of-ours", b"")
    assert raw.headers["authorization"] == raw.headers["x-team"] == "…"
    assert (await make(keep_raw=False, key=KEY).complete("Hi")).raw is None
    many = await client.process_prompts(["Hi"])
    assert many[0].raw is None, "ten thousand of them would fill the memory"


async def test_a_stream_keeps_its_events(make: Make, server: LoopbackServer) -> None:
    stream = make().stream("Hi")
    events = [event async for event in stream]
    assert any(type(event) is PartDelta for event in events)
    assert type(events[-1]) is Stop
    assert stream.result.raw is not None
    assert b"data: " in stream.result.raw.response
    assert stream.result.text == "".join(server.words)


# Which model


async def test_weights_send_calls_to_several_models(make: Make, server: LoopbackServer) -> None:
    client = make(
        ["loop/a", "other/b"], weights=[1, 3], parameters=[{"temperature": 0.1}, {"temperature": 0.9}]
    )
    await client.process_prompts([str(number) for number in range(200)])
    counts = Counter((asked.json["model"], asked.json["temperature"]) for asked in server.asked)
    assert set(counts) == {("a", 0.1), ("b", 0.9)}, "each with parameters of its own"
    assert 20 < counts["a", 0.1] < 85


async def test_a_refusal_of_one_model_turns_to_the_next(make: Make, server: LoopbackServer) -> None:
    server.script(failing(401), failing(400, "context_length_exceeded"))
    response = await make("loop/a", fallbacks=["other/b", "loop/c"]).complete("Hi")
    assert models_asked(server) == ["a", "b", "c"]
    assert response.model == ModelRef("loop", "c")
    assert response.attempts == 3


async def test_when_no_model_is_left_the_error_stands(make: Make, server: LoopbackServer) -> None:
    server.script(failing(401), failing(403))
    with pytest.raises(ChatbenchError) as caught:
        await make("loop/a", fallbacks=["other/b"]).complete("Hi")
    assert type(caught.value).__name__ == "PermissionDenied"
    assert len(server.asked) == 2


async def test_a_fault_that_passes_is_tried_again_and_then_elsewhere(
    make: Make, server: LoopbackServer
) -> None:
    server.script(*[failing(500)] * 2)
    client = make("loop/a", fallbacks=["other/b"], retries=RetryPolicy(max_attempts=2, base_s=0.001))
    response = await client.complete("Hi")
    assert models_asked(server) == ["a", "a", "b"]
    assert response.model == ModelRef("other", "b")


async def test_a_model_that_is_refused_is_not_asked_for_every_prompt(
    make: Make, server: LoopbackServer
) -> None:
    server.script(failing(401))
    answers = await make(["loop/a", "other/b"], weights=[1, 0.000001]).process_prompts(
        ["1", "2", "3"], at_once=1
    )
    assert [str(answer.model) for answer in answers] == ["other/b"] * 3
    assert Counter(models_asked(server)) == {"a": 1, "b": 3}


async def test_a_prefix_leads_to_a_registered_provider(
    environment: Environment, server: LoopbackServer
) -> None:
    own = CustomProvider(
        name="own", base_url=server.base_url("openai_chat"), auth="header:X-Api-Key", model_prefixes=("my-",)
    )
    register_custom_provider(own, environment=environment)
    await LLMClient("my-model", environment=environment, key=KEY).complete("Hi")
    assert server.asked[0].json["model"] == "my-model"
    assert server.asked[0].headers["x-api-key"] == KEY
    assert unregister_custom_provider("own", environment=environment)
    assert not unregister_custom_provider("own", environment=environment)
    with pytest.raises(UnknownModel):
        LLMClient("my-model", environment=environment)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"name": "Not An Id"}, ConfigurationError), ({"base_url": "nowhere"}, ConfigurationError),
        ({"wire": "telex"}, ConfigurationError), ({"auth": "header:two words"}, InvalidHeader),
        ({"model_prefixes": ("",)}, ConfigurationError),
    ],
)  # fmt: skip
def test_a_wrong_provider_is_refused(
    environment: Environment, change: dict[str, Any], error: type[Exception]
) -> None:
    right = CustomProvider(name="own", base_url="http://127.0.0.1:1/v1")
    with pytest.raises(error):
        register_custom_provider(msgspec.structs.replace(right, **change), environment=environment)


def test_a_hint_and_known_beginnings_name_the_provider(environment: Environment) -> None:
    client = LLMClient(environment=environment, model_hint="loop")
    assert client.resolve("some-model") == ModelRef("loop", "some-model")
    assert LLMClient(environment=environment).resolve("claude-of-next-year").provider == "anthropic"


async def test_models_as_objects(environment: Environment, server: LoopbackServer) -> None:
    model = get_model("anthropic/claude-sonnet-5-5", environment=environment)
    assert "image/png" in model.attachment_types
    assert "audio/wav" not in model.attachment_types
    assert (await get_model("loop/m", environment=environment).prompt("Hi")).text == "".join(server.words)
    assert any(str(one.ref) == "chatbench/guide" for one in get_models(environment=environment))
    assert {one.ref.provider for one in get_models("groq", environment=environment)} == {"groq"}
    with pytest.raises(UnknownModel):
        get_model("no-such-model-at-all", environment=environment)
    with pytest.raises(UnknownModel, match="No model"):
        get_model(environment=environment)


# What surrounds a call


async def test_identical_calls_share_one_request(make: Make, server: LoopbackServer) -> None:
    client = make(cache=MemoryCache())
    answers = await client.process_prompts(["same"] * 20 + ["other"])
    assert len(server.asked) == 2
    assert sum(answer.local_cache_hit for answer in answers) == 19
    again = await client.complete("same")
    assert (again.local_cache_hit, again.attempts) == (True, 0)
    assert again.text == answers[0].text
    assert (await client.complete("same", cache_mode="bypass")).attempts == 1
    assert (await client.complete("same", cache_mode="refresh")).attempts == 1
    assert len(server.asked) == 4
    events = [event async for event in client.stream("same")]
    assert len(server.asked) == 4
    assert type(events[-1]) is Stop


@pytest.mark.parametrize(
    "change",
    [
        {"temperature": 0.7}, {"system": "x"}, {"model": "other/m"}, {"schema": "a int"},
        {"tools": [{"name": "t", "parameters": {"type": "object", "properties": {}}}]},
        {"extra_headers": {"x-a": "1"}}, {"extra_query": {"a": "1"}}, {"extra_body": {"a": 1}},
    ],
)  # fmt: skip
async def test_what_is_sent_otherwise_is_another_call(
    make: Make, server: LoopbackServer, change: dict[str, Any]
) -> None:
    client = make(cache=MemoryCache())
    server.script(*[saying('{"a": 1}')] * 3)
    await client.complete("Hi")
    await client.complete("Hi", **change)
    assert len(server.asked) == 2


async def test_a_budget_stops_the_call_that_would_pass_it(
    make: Make, environment: Environment, server: LoopbackServer
) -> None:
    environment.pricing.user_prices["loop/m"] = Rates(input=Decimal(1), output=Decimal(1000))
    client = make(budget=BudgetLimit(scope="run", usd=Decimal("0.25")), max_output_tokens=100)
    answers = await client.process_prompts([str(number) for number in range(20)])
    sent = [answer for answer in answers if not answer.is_error]
    refused = [answer for answer in answers if answer.error and answer.error.kind == "BudgetExceeded"]
    assert len(sent) + len(refused) == 20
    assert len(server.asked) == len(sent) < 20
    spent = sum((answer.cost.amount for answer in sent if answer.cost), Decimal(0))
    assert 0 < spent <= Decimal("0.25")
    with pytest.raises(BudgetExceeded):
        await make(budget=BudgetLimit(scope="call", tokens=10)).complete("Hi")


async def test_hooks_change_reject_and_answer(make: Make, server: LoopbackServer) -> None:
    told: list[str] = []

    async def before(request: Request) -> Request:
        return msgspec.structs.replace(request, model=ModelRef("other", "changed"))

    def after(request: Request, response: Response) -> Response:
        return msgspec.structs.replace(response, parts=(TextPart(text=response.text.upper()),))

    client = make(before=before, after=[after], on_done=lambda response: told.append(response.text))
    server.script(saying("yes"))
    assert (await client.complete("Hi")).text == "YES"
    assert models_asked(server) == ["changed"]
    assert told == ["YES"]

    def reject(request: Request) -> None:
        raise HookRejected("not today")

    with pytest.raises(HookRejected):
        await make(before=reject).complete("Hi")
    assert len(server.asked) == 1, "nothing was sent"

    def instead(request: Request, error: ChatbenchError) -> Response:
        return Response(model=request.model, parts=(TextPart(text=type(error).__name__),))

    server.script(failing(401), failing(401))
    client = make(on_error=instead)
    assert (await client.complete("Hi")).text == "Authentication"
    assert [text async for text in client.stream_text("Hi")] == ["Authentication"]


async def test_a_schema_is_read_checked_and_asked_for_again(make: Make, server: LoopbackServer) -> None:
    class Dog(TypedDict):
        name: str
        age: int

    client = make()
    server.script(saying('{"name": "Rex", "age": 3}'))
    response = await client.complete("A dog", schema=Dog)
    assert response.parsed == {"name": "Rex", "age": 3}
    sent = server.asked[0].json["response_format"]["json_schema"]["schema"]
    assert set(sent["properties"]) == {"name", "age"}
    server.script(saying('{"name": "Rex"}'))
    with pytest.raises(SchemaMismatch, match="age"):
        await client.complete("A dog", schema="name, age int")
    server.script(saying('{"name": "Rex"}'), saying('{"name": "Rex", "age": 4}'))
    repaired = await client.complete("A dog", schema="name, age int", repair=True)
    assert repaired.parsed["age"] == 4
    assert repaired.attempts == 2
    assert len(repaired.prompt) == 1, "the question as it was asked"
    assert len(server.asked[-1].json["messages"]) == 3
    assert repaired.usage is not None
    assert response.usage is not None
    assert repaired.usage.total_tokens == 2 * response.usage.total_tokens, "both are paid"


async def test_limits_hold_for_the_whole_of_a_call(make: Make, server: LoopbackServer) -> None:
    server.pace = 200
    client = make(limits=Limits(concurrent=2), at_once=20)
    running = asyncio.ensure_future(client.process_prompts([str(number) for number in range(6)], stream=True))
    most = 0
    while not running.done():
        most = max(most, server.answering)
        await asyncio.wait({running}, timeout=0.005)
    assert most == 2
    assert all(not answer.is_error for answer in await running)
    assert max(answer.timings.queued_s or 0 for answer in await running) > 0


# Bad input


@pytest.mark.parametrize(
    ("asking", "error"),
    [
        ({"temprature": 1}, UnknownParameter), ({"temperature": "hot"}, ConfigurationError),
        ({"schema": {"type": "objekt"}}, InvalidSchema), ({"extra_headers": {"a b": "c"}}, InvalidHeader),
        ({"extra_headers": {"x": "a\nb"}}, InvalidHeader), ({"model": "nobody/m"}, UnknownModel),
        ({"extra_headers": {"x": 5}}, InvalidHeader), ({"extra_headers": {5: "x"}}, InvalidHeader),
        ({"cache_mode": "sometimes"}, ConfigurationError),
        ({"tool_choice": 7}, ConfigurationError), ({"attachments": ["/no/such/picture.png"]}, ChatbenchError),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_named_before_anything_is_sent(
    make: Make, server: LoopbackServer, asking: dict[str, Any], error: type[ChatbenchError]
) -> None:
    client = make()
    with pytest.raises(error) as caught:
        await client.complete("Hi", **asking)
    assert caught.value.hint
    with pytest.raises(error):
        client.stream("Hi", **asking)
    assert server.asked == []


async def test_a_prompt_that_cannot_fit_is_not_sent(
    make: Make, environment: Environment, server: LoopbackServer
) -> None:
    small = ModelInfo(ref=ModelRef("loop", "m"), context_window=1000, source="user")
    environment.registry.register(endpoint_at(server, rows=(small,)))
    with pytest.raises(ContextWindowExceeded, match=r"about [\d,]+ tokens; m takes 1,000"):
        await make().complete("many words " * 2000)
    assert server.asked == []
    assert (await make().complete("many words " * 300)).text, "what may fit is sent"


async def test_a_limit_no_call_can_meet_is_told(make: Make, server: LoopbackServer) -> None:
    with pytest.raises(LimitUnattainable):
        await make(limits=Limits(input_tokens_per_minute=3)).complete("many words " * 20)
    assert server.asked == []


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"broken": "mend"}, "broken cannot be 'mend'"), ({"broken": 1}, "broken cannot be 1"),
        ({"weights": "random"}, "weights cannot be 'random'"), ({"weights": ["a"]}, "weights"),
        ({"weights": 5}, "weights cannot be 5"), ({"models": None, "weights": "random"}, "weights cannot be"),
        ({"extra_headers": {"x": 5}}, "value of the header x is no text"),
    ],
)  # fmt: skip
def test_a_setting_there_is_none_of_is_named(make: Make, settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told) as caught:
        make(**settings)
    assert caught.value.hint


async def test_a_choice_there_is_none_of_is_named(make: Make, server: LoopbackServer) -> None:
    with pytest.raises(ConfigurationError, match="broken cannot be 'mend'") as caught:
        make().stream("Hi", broken="mend")  # type: ignore[arg-type]
    assert caught.value.hint == "Choose keep or rerun."
    with pytest.raises(ConfigurationError, match="cache_mode cannot be 'no'"):
        await make().process_prompts(["Hi"], cache_mode="no")
    assert server.asked == []


@pytest.mark.parametrize("prompt", ["", [], 7, {"role": "user"}])
async def test_no_prompt_is_no_prompt(make: Make, prompt: Any) -> None:
    with pytest.raises(ConfigurationError):
        await make().complete(prompt)


async def test_a_bad_prompt_among_many_takes_no_other_down(make: Make, server: LoopbackServer) -> None:
    answers = await make().process_prompts(["one", 7, "three", PromptItem(prompt="four", system="S")])
    assert [answer.is_error for answer in answers] == [False, True, False, False]
    assert answers[1].error is not None
    assert answers[1].error.kind == "ConfigurationError"
    assert len(server.asked) == 3


# Many calls


async def test_answers_come_in_the_order_of_the_prompts(make: Make, server: LoopbackServer) -> None:
    prompts: list[Any] = ["0", user("1"), Conversation.user("2"), [user("3")]]
    prompts.append(Request(model=ModelRef("other", "n"), messages=(user("4"),), stream=False))
    seen: list[Progress] = []
    answers = await make().process_prompts(prompts, progress=seen.append)
    assert [answer.prompt[-1].text for answer in answers] == ["0", "1", "2", "3", "4"]
    assert str(answers[4].model) == "other/n", "a request says for itself"
    assert seen[-1].done == seen[-1].total == 5
    texts = await make().process_prompts(["x"], return_completions_only=True)
    assert texts == [answers[0].text]


async def test_a_failure_is_a_response(make: Make, server: LoopbackServer) -> None:
    server.script(failing(400))
    answers = await make().process_prompts(["a"])
    assert answers[0].error is not None
    assert answers[0].error.kind == "BadRequest"
    assert answers[0].status == 400
    server.script(failing(400))
    assert await make().process_prompts(["a"], return_completions_only=True) == [None]


async def test_prompts_are_taken_when_their_turn_comes(make: Make, server: LoopbackServer) -> None:
    taken = 0

    async def endless() -> AsyncIterator[str]:
        nonlocal taken
        while True:
            taken += 1
            yield str(taken)

    client = make(at_once=4)
    found = 0
    answers = client.as_completed(endless())
    async for _ in answers:
        found += 1
        if found == 50:
            break
    await answers.aclose()  # type: ignore[attr-defined]
    assert taken <= 50 + 2 * 4 + 1, "a slow reader holds the producer back"


async def test_each_answer_as_soon_as_it_is_there(make: Make, server: LoopbackServer) -> None:
    server.script(Reply([b"{}"], 200, {"content-type": "application/json"}, first_byte_s=0.2))
    order = [index async for index, _ in make(at_once=2).as_completed(["slow", "quick", "third"])]
    assert sorted(order) == [0, 1, 2]
    assert order[-1] == 0


async def test_a_bug_ends_the_run(make: Make) -> None:
    def broken() -> Iterator[str]:
        yield "one"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await make().process_prompts(broken())


async def test_a_cancelled_run_stops_every_request(make: Make, server: LoopbackServer) -> None:
    server.pace = 1
    client = make(limits=Limits(concurrent=5))
    running = asyncio.ensure_future(client.process_prompts(["a", "b", "c", "d", "e", "f"], stream=True))
    await until(lambda: server.answering == 5, "five requests under way")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await until(lambda: server.answering == 0, "their end")
    for _ in range(5):
        server.wait_for_leaving()
    with pytest.raises(queue.Empty):
        server.wait_for_leaving(0.05)
    assert len(server.asked) == 5
    server.pace = 0
    assert not (await client.complete("g")).is_error, "the permits were given back"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_call_that_is_cancelled_gives_back_its_place_at_once(
    make: Make, environment: Environment, server: LoopbackServer, stream: bool
) -> None:
    limits = Limits(concurrent=1, requests_per_minute=1000)
    client = make(limits=limits, budget=BudgetLimit(scope="run", tokens=10**9))
    bucket = environment.limiter.bucket("loop", "", "m", limits, own=True)
    server.script(Reply(end="hang"))
    running = asyncio.ensure_future(client.complete("Hi", stream=stream))
    await until(lambda: bucket.in_flight == 1 and server.asked, "it is under way")
    running.cancel()
    await asyncio.wait({running})
    assert bucket.in_flight == 0
    assert client._budgets is not None
    (counter,) = client._budgets._counters.values()
    assert counter.reserved_tokens == 0
    assert not (await client.complete("again")).is_error


async def test_tasks(make: Make, server: LoopbackServer) -> None:
    client = make()
    first, second = client.start_nowait("a"), client.start_nowait("b")
    assert (await client.wait_for(second)).prompt[0].text == "b"
    with pytest.raises(KeyError):
        await client.wait_for(second)
    await until(client._tasks[first].done, "the first")
    server.script(failing(400))
    third = client.start_nowait("c")
    responses = await client.wait_for_all([first, third])
    assert [response.is_error for response in responses] == [False, True]
    client.start_nowait("d")
    client.start_nowait("e")
    assert sorted([response.prompt[0].text async for _, response in client.as_completed()]) == ["d", "e"]
    assert (await client.start("f")).prompt[0].text == "f"
    client.start_nowait("g")
    await client.aclose()


async def test_a_run_goes_on_where_it_was(make: Make, server: LoopbackServer, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    server.script(failing(400))
    first = await make().run(["a", "b", "c"], out, at_once=1)
    assert (first.done, first.failed, first.skipped) == (2, 1, 0)
    second = await make().run((text for text in "abcd"), out)
    assert (second.done, second.failed, second.skipped) == (2, 0, 2)
    assert Counter(asked.json["messages"][0]["content"] for asked in server.asked) == {
        "a": 2, "b": 1, "c": 1, "d": 1,
    }  # fmt: skip
    lines = [json.loads(line) for line in out.read_bytes().splitlines()]
    assert sorted(line["index"] for line in lines if not line["error"]) == [0, 1, 2, 3]
    with pytest.raises(FormatError, match="another run"):
        await make().run(["z", "b"], out)
    with pytest.raises(FormatError, match="another run"):
        await make("loop/n").run(["a", "b"], out)
    with pytest.raises(FormatError, match="another run"):
        await make().run(["a", "b"], out, temperature=1)


# Sessions and lazy responses


async def test_a_session_remembers(make: Make, server: LoopbackServer) -> None:
    session = make().conversation(system="S", temperature=0.3)
    server.script(saying("first"), saying("second"), failing(400), saying("third"))
    await session.complete("one")
    assert (await session.complete("two")).text == "second"
    sent = server.asked[-1].json
    assert [message["content"] for message in sent["messages"]] == ["S", "one", "first", "two"]
    assert sent["temperature"] == 0.3
    with pytest.raises(ChatbenchError):
        await session.complete("broken")
    assert len(session.messages) == 4, "what failed was not said"
    assert [text async for text in session.stream_text("three")] == ["third"]
    assert [response.text for response in session.responses] == ["first", "second", "third"]


async def test_nothing_is_sent_until_it_is_read(make: Make, server: LoopbackServer) -> None:
    told: list[str] = []
    response = make().prompt("Hi", fragments=["F1", "F2"], system="S", system_fragments=["SF"])
    response.on_done(lambda whole: told.append(whole.text[:3]))
    assert "not yet done" in repr(response)
    assert server.asked == []
    assert await response.text() == (await response).text == "".join(server.words)
    assert len(server.asked) == 1
    assert told == ["The"]
    assert "The quick" in repr(response)
    assert [text async for text in response] == ["".join(server.words)]
    usage = await response.usage()
    assert usage is not None
    assert await response.tool_calls() == ()
    assert b"data:" in await response.json()
    assert len(server.asked) == 1
    sent = server.asked[0].json["messages"]
    assert sent[0]["content"] == "SF\n\nS"
    assert sent[1]["content"] == "F1\n\nF2\n\nHi"
    pieces = [text async for text in make().prompt("Hi")]
    assert len(pieces) > 5
    assert "".join(pieces) == "".join(server.words)


async def test_the_history_is_written_only_where_asked(
    make: Make, environment: Environment, server: LoopbackServer
) -> None:
    store = ConversationStore(environment.need_database(), environment.profile.owner)
    await make().complete("secret words")
    assert await store.summaries(10) == []
    await make(history=True).complete("kept words")
    session = make(history=True).conversation(system="S")
    await session.complete("one")
    await session.complete("two")
    titles = {summary.title: summary.message_count for summary in await store.summaries(10)}
    assert titles == {"kept words": 2, "one": 4}
    assert await store.search("secret") == []
    ledger = environment.ledger
    assert ledger is not None
    spent = await ledger.spent_by_model(0)
    assert sum(one.calls for one in spent) == 4, "each call once"


# Settings


def test_settings_travel_without_the_key(make: Make, environment: Environment) -> None:
    client = make(
        ["loop/a", "other/b"], weights=[1, 2], fallbacks=["loop/c"], name="two", key=KEY, temperature=0.5,
        limits=Limits(concurrent=3), budget="1.50", extra_headers={"x-a": "secret"}, broken="rerun",
    )  # fmt: skip
    told = client.to_dict()
    assert KEY not in repr(told)
    assert "secret" not in repr(told)
    text = json.dumps(told)
    again = LLMClient.from_text(text, environment=environment)
    assert again.to_dict() == told
    assert again.parameters == client.parameters
    whole = client.to_dict(include_key=True)
    assert whole["key"] == KEY
    assert LLMClient.from_dict(whole, environment=environment).to_dict(include_key=True) == whole
    toml = 'models = "loop/a"\ntemperature = 0.2\n[limits]\nconcurrent = 2\n'
    assert LLMClient.from_text(toml, environment=environment).limits == Limits(concurrent=2)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('{"models": "loop/a", "temprature": 1}', UnknownParameter), ("models = ", ConfigurationError),
        ('{"models": ["loop/a"], "limits": {"concurrent": "many"}}', ConfigurationError),
        ('{"models": 7}', ConfigurationError), ("{", ConfigurationError),
    ],
)  # fmt: skip
def test_settings_that_are_wrong_are_named(
    environment: Environment, text: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        LLMClient.from_text(text, environment=environment)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("retries = {max_attemps = 2}", "retries has no 'max_attemps'"),
        ("limits = {rpm = 2}", "limits has no 'rpm'"),
        ("budget = {usd = 1.0}", "scope"),
        ('budget = {scope = "run", dollars = 1.0}', "budget has no 'dollars'"),
        ('budget = {limits = [{scope = "run", usd = 1.0, hard = true}]}', "budget has no 'hard'"),
        ('budget = "much"', "much"),
        ("budget = {limits = 5}", "limits"),
        ("budget = true", "limits"),
    ],
)
def test_a_setting_that_nobody_would_keep_is_refused(environment: Environment, text: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        LLMClient.from_text(text, environment=environment)


@pytest.mark.parametrize(
    "text",
    [
        "budget = 1.5", 'budget = "1.5"', 'budget = {scope = "run", usd = 1.5}',
        'budget = [{scope = "run", usd = "1.5"}]', 'budget = {limits = [{scope = "run", usd = 1.5}]}',
    ],
)  # fmt: skip
def test_a_budget_is_written_as_short_as_in_python(environment: Environment, text: str) -> None:
    client = LLMClient.from_text(text, environment=environment)
    assert client.budget == Budget.of("1.5")
