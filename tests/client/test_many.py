"""Many calls: how prompts are taken, and how a run is stopped."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.client.conftest import QUICK, endpoint_at
from tests.loopback import openai_chat, replies
from tests.loopback.replies import Reply
from tests.loopback.server import LoopbackServer

from chatbench.client.conversation import Conversation
from chatbench.client.environment import Environment
from chatbench.client.llm import LLMClient
from chatbench.client.many import each
from chatbench.client.progress import Progress
from chatbench.core.endpoints import Limits
from chatbench.core.errors import ConfigurationError, FormatError, StorageError
from chatbench.core.messages import Message

USUAL = replies.data(openai_chat.whole({"content": "Yes"}))


def slow() -> Reply:
    return Reply(USUAL.pieces, headers=USUAL.headers, first_byte_s=0.5)


@pytest.fixture
def many(environment: Environment, server: LoopbackServer) -> LLMClient:
    environment.registry.save(endpoint_at(server, models=("m",)))
    return LLMClient("loop/m", environment=environment, retries=QUICK)


async def asked(server: LoopbackServer, count: int) -> None:
    for _ in range(count):
        await asyncio.to_thread(server.wait_for_asking)


def lines(path: Path) -> list[int]:
    return sorted(json.loads(line)["index"] for line in path.read_bytes().splitlines())


async def test_prompts_are_taken_when_it_is_their_turn() -> None:
    taken: list[int] = []
    seen: list[tuple[int, int]] = []

    def prompts() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    async def work(index: int, item: int) -> None:
        seen.append((index, item))
        await asyncio.sleep(0)
        assert len(taken) - len(seen) <= 1

    await each(prompts(), work, 3)
    assert sorted(seen) == [(number, number) for number in range(100)]


async def test_the_first_error_ends_all_and_closes_the_source() -> None:
    closed = []

    async def prompts() -> AsyncIterator[int]:
        try:
            for number in range(100):
                yield number
        finally:
            closed.append(True)

    async def work(index: int, item: int) -> None:
        await asyncio.sleep(0)
        if item == 5:
            raise FormatError("five")

    with pytest.raises(FormatError, match="five"):
        await each(prompts(), work, 3)
    assert closed == [True]


async def test_once_stopped_nothing_is_sent_and_what_is_under_way_is_kept(
    many: LLMClient, server: LoopbackServer, tmp_path: Path
) -> None:
    server.script(slow(), slow())
    stop, out = asyncio.Event(), tmp_path / "out.jsonl"
    running = asyncio.ensure_future(many.run(map(str, range(50)), out, stop=stop, at_once=2))
    await asked(server, 2)
    stop.set()
    progress = await running
    assert (progress.done, progress.failed, progress.waiting) == (2, 0, 0)
    assert lines(out) == [0, 1]
    assert len(server.asked) == 2


async def test_once_stopped_calls_that_wait_are_given_up(
    environment: Environment, many: LLMClient, server: LoopbackServer, tmp_path: Path
) -> None:
    """For a limit, and for another attempt: neither is waited for."""
    server.script(replies.data({}, 429, {"retry-after": "60"}))
    limited = LLMClient("loop/m", environment=environment, limits=Limits(concurrent=1))
    stop, out = asyncio.Event(), tmp_path / "out.jsonl"
    running = asyncio.ensure_future(limited.run(map(str, range(5)), out, stop=stop))
    await asked(server, 1)
    stop.set()
    async with asyncio.timeout(10):
        progress = await running
    assert (progress.done, progress.failed, progress.waiting) == (0, 0, 0)
    assert len(server.asked) == 1
    assert lines(out) == []
    await many.run(map(str, range(1)), out)


async def test_a_sink_that_cannot_be_opened_leaves_no_bar_behind(
    many: LLMClient, server: LoopbackServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A live bar that is not ended would keep the cursor and the next bar."""
    for _ in range(2):
        with pytest.raises(StorageError, match="does not exist"):
            await many.run(["a"], tmp_path / "missing" / "out.jsonl", progress="rich")
    assert server.asked == []
    await many.run(["a"], tmp_path / "out.jsonl", progress="rich")
    assert "1/1 done" in capsys.readouterr().err


@pytest.mark.parametrize(
    "prompts", ["hello", b"hello", {"a": 1}, None, Conversation.user("a").with_assistant("b")]
)
async def test_one_prompt_is_not_taken_for_many(
    many: LLMClient, server: LoopbackServer, prompts: Any
) -> None:
    with pytest.raises(ConfigurationError, match="is not many prompts"):
        await many.process_prompts(prompts)
    assert server.asked == []


@pytest.mark.parametrize("at_once", [0, -3])
async def test_no_prompts_at_once_are_refused(many: LLMClient, at_once: int) -> None:
    for prompts in (["a"], iter(["a"])):
        with pytest.raises(ConfigurationError, match="are none") as raised:
            await many.process_prompts(prompts, at_once=at_once)
        assert "at_once" in raised.value.hint


async def test_text_that_cannot_be_sent_fails_alone(
    many: LLMClient, server: LoopbackServer, tmp_path: Path
) -> None:
    halves = Conversation.user("a").with_tool_call("1", "t", '"\udce9"')
    answers = await many.process_prompts(["one", "caf\udce9", Message.user("\ud83d"), halves, "two"])
    assert [answer.error and answer.error.kind for answer in answers] == [None, *["FormatError"] * 3, None]
    assert answers[1].error is not None
    assert answers[1].error.message == r"Character 4 of the prompt is no character ('\udce9')."
    assert len(server.asked) == 2
    done = await many.run(["caf\udce9", "three"], tmp_path / "out.jsonl")
    assert (done.done, done.failed) == (1, 1)
    with pytest.raises(FormatError, match="no character"):
        await many.complete("fine", system="caf\udce9")


async def test_a_display_that_fails_leaves_the_results_in_order(many: LLMClient, tmp_path: Path) -> None:
    def fail(progress: Progress) -> None:
        raise KeyError("display")

    with pytest.raises(KeyError, match="display"):
        await many.run(["a"], tmp_path / "out.jsonl", progress=fail)
    assert lines(tmp_path / "out.jsonl") == [0]
    done = await many.run(["a"], tmp_path / "out.jsonl")
    assert done.skipped == 1


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_what_is_under_way_comes_in_where_the_prompts_break_off(
    many: LLMClient, server: LoopbackServer, tmp_path: Path, asynchronous: bool
) -> None:
    def prompts() -> Iterator[str]:
        yield "one"
        yield "two"
        raise OSError("the source broke")

    async def later() -> AsyncIterator[str]:
        for prompt in prompts():
            yield prompt

    server.script(slow(), slow())
    with pytest.raises(OSError, match="the source broke"):
        await many.run(later() if asynchronous else prompts(), tmp_path / "out.jsonl")
    assert lines(tmp_path / "out.jsonl") == [0, 1], "they are paid for"
