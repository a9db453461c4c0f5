"""Sessions, lazy responses, tasks and twins: read at the same time, left half-way, interrupted."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import textwrap
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.client.conftest import QUICK, endpoint_at
from tests.client.pictures import png
from tests.harness.waiting import until
from tests.loopback import openai_chat, replies
from tests.loopback.replies import Reply
from tests.loopback.server import LoopbackServer

from chatbench import Message
from chatbench.client import sync
from chatbench.client.budget import BudgetLimit
from chatbench.client.custom import CustomProvider, register_custom_provider
from chatbench.client.defaults import aclose_environment, open_environment
from chatbench.client.environment import Environment
from chatbench.client.llm import LLMClient
from chatbench.core.endpoints import Limits
from chatbench.core.errors import ConfigurationError, StorageError, Timeout
from chatbench.core.models import ModelInfo, ModelRef
from chatbench.core.requests import Response
from chatbench.storage.conversations import ConversationStore
from chatbench.storage.profile import Profile

Make = Callable[..., LLMClient]
LIMITED = Limits(concurrent=1)
PNG = png(4, 3)


@pytest.fixture
async def environment(tmp_path: Path, server: LoopbackServer) -> AsyncIterator[Environment]:
    environment = open_environment(Profile.open(tmp_path / "profile"))
    environment.registry.register(endpoint_at(server, limits=LIMITED))
    yield environment
    await aclose_environment(environment)


@pytest.fixture
def make(environment: Environment) -> Make:
    def client(models: Any = "loop/m", **settings: Any) -> LLMClient:
        return LLMClient(models, **{"environment": environment, "retries": QUICK, **settings})

    return client


@pytest.fixture
def background() -> Iterator[None]:
    yield
    sync.background.stop()


def in_flight(environment: Environment) -> int:
    return environment.limiter.bucket("loop", "", "m", LIMITED).in_flight


def saying(text: str) -> Reply:
    return replies.data(openai_chat.whole({"content": text}))


async def test_prompts_at_the_same_time_lose_no_question(make: Make, server: LoopbackServer) -> None:
    session = make().conversation()
    await asyncio.gather(session.complete("one"), session.complete("two"))
    assert [message.role for message in session.messages] == ["user", "assistant"] * 2
    assert sorted(message.text for message in session.messages[::2]) == ["one", "two"]
    await session.complete("three")
    assert len(server.asked[-1].json["messages"]) == 5


async def test_prompts_at_the_same_time_are_one_conversation_of_the_history(
    make: Make, environment: Environment
) -> None:
    session = make(history=True).conversation()
    await asyncio.gather(session.complete("one"), session.complete("two"))
    store = ConversationStore(environment.need_database(), environment.profile.owner)
    (conversation,) = await store.summaries()
    assert len(await store.path(conversation.id, (await store.outline(conversation.id)).lanes[0].leaf)) == 4


async def test_a_session_goes_on_with_results_of_tools(make: Make, server: LoopbackServer) -> None:
    session = make().conversation(system="Be short.")
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    server.script(replies.data(openai_chat.whole({"tool_calls": [call]}, finish="tool_calls")))
    asked = await session.complete("Look", tools=[{"name": "look"}])
    await session.complete(Message(role="tool").with_tool_result(asked.tool_calls[0].call_id, "a dog"))
    roles = [message["role"] for message in server.asked[-1].json["messages"]]
    assert roles == ["system", "user", "assistant", "tool"]


async def test_a_lazy_response_whose_readers_are_gone_is_stopped(
    make: Make, environment: Environment, server: LoopbackServer
) -> None:
    server.pace = 5
    lazy = make().prompt("Hi")
    readers = [asyncio.ensure_future(lazy.text()) for _ in range(2)]
    await asyncio.to_thread(server.wait_for_asking)
    readers[0].cancel()
    await asyncio.wait({readers[0]})
    assert in_flight(environment) == 1, "the other still reads"
    readers[1].cancel()
    await asyncio.wait({readers[1]})
    await asyncio.to_thread(server.wait_for_leaving)
    assert in_flight(environment) == 0
    server.pace = 0
    assert await lazy.text(), "it can be read again"


async def test_a_lazy_response_is_read_one_way_at_a_time(make: Make, server: LoopbackServer) -> None:
    server.pace = 50
    lazy = make().prompt("Hi")
    async with aclosing(aiter(lazy)) as texts:
        await anext(texts)
        with pytest.raises(ConfigurationError, match="being read"):
            await lazy.text()
    assert len(server.asked) == 1


async def test_words_left_early_give_back_their_place_at_once(
    make: Make, environment: Environment, server: LoopbackServer
) -> None:
    server.pace = 20
    texts = make().stream_text("Hi")
    await anext(texts)
    await texts.aclose()
    assert in_flight(environment) == 0


async def test_a_cancelled_call_is_not_counted_as_waiting(make: Make, server: LoopbackServer) -> None:
    server.script(Reply(end="hang"))
    client = make()
    running = asyncio.ensure_future(client.complete("Hi"))
    await asyncio.to_thread(server.wait_for_asking)
    running.cancel()
    await asyncio.wait({running})
    assert client.tracker.waiting == 0


async def test_a_task_waited_for_by_another_is_left_out(make: Make) -> None:
    client = make()
    for text in "abc":
        client.start_nowait(text)
    found = 0
    async for number, _ in client.as_completed():
        found += 1
        for other in [one for one in client._tasks if one != number]:
            await client.wait_for(other)
    assert found == 1


@pytest.mark.parametrize("how", ["stream", "prompt", "named", "failing"])
async def test_what_the_history_does_not_take_is_in_the_ledger(
    make: Make, environment: Environment, server: LoopbackServer, how: str
) -> None:
    client = make(history=True)
    if how == "stream":
        assert [text async for text in client.stream_text("Hi")]
    elif how == "prompt":
        assert await client.prompt("Hi").text()
    elif how == "named":
        assert (await client.complete("Hi", conversation="mine")).text
    else:
        server.script(saying("no JSON"))
        with pytest.raises(Exception, match="fit"):
            await client.complete("Hi", schema="age int")
    assert environment.ledger is not None
    (row,) = await environment.ledger.spent_by_model(0)
    assert row.calls == 1


async def test_waiting_for_others_budgets_ends_in_time(make: Make, environment: Environment) -> None:
    """The total limit holds for every wait, also the one for calls in flight."""
    rows = (ModelInfo(ref=ModelRef("loop", "m"), max_output_tokens=100),)
    endpoint = msgspec.structs.replace(environment.endpoint("loop"), rows=rows, limits=Limits())
    environment.registry.register(endpoint)
    client = make(budget=BudgetLimit(scope="day", tokens=150))
    assert client._budgets is not None
    request = client._request("Hi", client._asked({}, stream=False), {"model": None})
    held = await client._budgets.acquire(request, rows[0], endpoint)
    try:
        with pytest.raises(Timeout):
            async with asyncio.timeout(5):
                await client.complete("Hi", retries=msgspec.structs.replace(QUICK, total_s=0.1))
    finally:
        held.settle(None)


async def test_a_stream_says_that_it_waits_for_a_limit(
    make: Make, environment: Environment, server: LoopbackServer
) -> None:
    """A place is taken: the next is in the queue, visibly; a pause can be cut short from there."""
    environment.registry.register(endpoint_at(server))
    bucket = environment.limiter.bucket("loop", "", "m", Limits())
    bucket.pause(60)
    stream = make().stream("Hi")
    running = asyncio.ensure_future(stream.complete())
    await until(lambda: stream.queued, "it waits for its turn")
    assert not server.asked
    stream.retry_now()
    async with asyncio.timeout(5):
        assert (await running).text
    assert not stream.queued


# Twins


@pytest.mark.usefixtures("background")
async def test_twins_from_several_threads(make: Make, environment: Environment) -> None:
    client = make()
    answers: list[Response] = []
    threads = [
        threading.Thread(target=lambda n=n: answers.append(client.complete_sync(str(n)))) for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        await asyncio.to_thread(thread.join)
    assert sorted(answer.prompt[0].text for answer in answers) == [str(n) for n in range(8)]
    sync.background.run(environment.http.aclose())


PROGRAM = """
import asyncio, os, sys
import chatbench
from chatbench.client.custom import CustomProvider, register_custom_provider
from chatbench.client.defaults import default_environment
register_custom_provider(CustomProvider(name="loop", base_url=sys.argv[1], auth="none"))
client = chatbench.LLMClient("loop/m")
{body}
print("done", flush=True)
"""
BODIES = {
    "twins": "assert client.complete_sync('Hi').text",
    "a loop of its own": """
async def main():
    assert (await client.complete('Hi')).text
    await chatbench.aclose()
asyncio.run(main())""",
    "left early": "next(client.stream_text_sync('Hi'))",
    "held": "texts = client.stream_text_sync('Hi'); next(texts)",
    "begun": "client.start_nowait_sync('Hi')",
    "interrupted": """
import signal, threading
from chatbench.core.endpoints import Limits
for work in (lambda: list(client.stream_text_sync("Hi")), lambda: client.complete_sync("Hi", stream=True)):
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    try:
        work()
    except KeyboardInterrupt:
        pass
    else:
        print("not interrupted")
    assert default_environment().limiter.bucket("loop", "", "m", Limits()).in_flight == 0""",
    "a child": """
assert client.complete_sync('Hi').text
child = os.fork()
if child == 0:
    sys.exit(0)
assert os.waitpid(child, 0)[1] == 0""",
}


@pytest.mark.parametrize("body", BODIES)
def test_a_program_that_closes_nothing_ends_quietly(
    server: LoopbackServer, tmp_path: Path, body: str
) -> None:
    server.pace = 20 if body in ("left early", "held", "interrupted") else 0
    program = PROGRAM.format(body=textwrap.dedent(BODIES[body]))
    assert_ends_quietly(program, server, tmp_path, forks=body == "a child")


@pytest.mark.parametrize("body", ["twins", "left early", "held", "begun", "a child"])
def test_so_does_one_that_has_opened_an_environment(
    server: LoopbackServer, tmp_path: Path, body: str
) -> None:
    server.pace = 20 if body in ("left early", "held") else 0
    program = PROGRAM.format(body=textwrap.dedent(BODIES[body]))
    program = program.replace(
        'client = chatbench.LLMClient("loop/m")',
        "environment = chatbench.open_environment()\n"
        'environment.registry.register(default_environment().registry.get("loop"))\n'
        'client = chatbench.LLMClient("loop/m", environment=environment)\n'
        "chatbench.close()",
    )
    assert "open_environment" in program
    assert_ends_quietly(program, server, tmp_path, forks=body == "a child")


def assert_ends_quietly(program: str, server: LoopbackServer, tmp_path: Path, *, forks: bool) -> None:
    # A child cannot close its parent's connections, and Python tells of that only in its dev mode.
    # Since 3.12 it warns of any fork where there are threads.
    strict = ["-W", "ignore::DeprecationWarning"] if forks else ["-X", "dev", "-W", "error::ResourceWarning"]
    ended = subprocess.run(
        [sys.executable, *strict, "-c", program, server.base_url("openai_chat")],
        env={**os.environ, "CHATBENCH_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    # That a step took long, which the dev mode tells, is this computer's doing.
    told = [line for line in ended.stderr.splitlines() if not line.startswith("Executing <")]
    assert (ended.returncode, ended.stdout, told) == (0, "done\n", [])


async def test_a_call_is_made_once(make: Make, server: LoopbackServer) -> None:
    """Asked for again when it is over, it gives what it has; half-way, it says what is wrong."""
    stream = make().stream("Hi")
    async for _ in stream:
        pass
    assert (await stream.complete()).text == stream.result.text
    with pytest.raises(RuntimeError, match="once"):
        async for _ in stream:
            pass
    half = make().stream("Hi")
    async with aclosing(half.events()) as batches:
        await anext(batches)
        with pytest.raises(RuntimeError, match="once"):
            await half.complete()
    assert len(server.asked) == 2


async def test_an_answer_that_the_history_does_not_take_is_not_lost(
    make: Make, environment: Environment, server: LoopbackServer
) -> None:
    shutil.rmtree(environment.profile.files)
    environment.profile.files.write_text("in the way of attachments")
    session = make(history=True).conversation()
    answer = session.prompt(Message.user("Look", image=PNG), stream=False)
    with pytest.raises(StorageError):
        await answer
    assert (await answer).text, "read again, it is there"
    assert [message.role for message in session.messages] == ["user", "assistant"]
    assert len(server.asked) == 1, "and was paid for once"
    assert (await session.complete("And now?")).text
    assert len(server.asked[1].json["messages"]) == 3


@pytest.mark.usefixtures("background")
async def test_a_task_is_waited_for_where_it_was_begun(make: Make, server: LoopbackServer) -> None:
    client = make()
    with pytest.raises(ConfigurationError, match="No event loop runs here"):
        await asyncio.to_thread(client.start_nowait, "Hi")
    assert server.asked == []
    number = client.start_nowait("Hi")
    for wait in (client.wait_for_sync, lambda one: client.wait_for_all_sync([one])):
        with pytest.raises(ConfigurationError, match="begun on another event loop"):
            await asyncio.to_thread(wait, number)
    assert (await client.wait_for(number)).text, "and nothing of it is lost"
    assert len(server.asked) == 1


def test_nobody_takes_the_name_of_the_guide(environment: Environment) -> None:
    provider = CustomProvider(name="chatbench", base_url="http://127.0.0.1:9/v1")
    with pytest.raises(ConfigurationError, match="the guide's own"):
        register_custom_provider(provider, environment=environment)
