"""Batches: what is read from a file, what is found before sending, and what becomes of a run."""

from __future__ import annotations

import asyncio
import io
import json
from base64 import b64encode
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image
from tests.loopback import openai_chat, replies
from tests.loopback.server import LoopbackServer
from tests.services.conftest import MODEL, Open, loop

from chatbench.core.conversations import Draft
from chatbench.core.endpoints import Limits
from chatbench.core.errors import BudgetExceeded, FormatError, LimitUnattainable, MissingKey
from chatbench.core.models import ModelRef
from chatbench.core.params import Parameters
from chatbench.services import Services
from chatbench.services.batches import Batch
from chatbench.services.batchlines import Line, lines_of

GPT = ModelRef("openai", "gpt-4.1")


def priced(usd: float) -> replies.Reply:
    """An answer for which the provider itself names its price."""
    usage = {**openai_chat.USAGE, "cost": usd}
    return replies.data({**openai_chat.whole({"content": "Yes"}), "usage": usage})


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return written(tmp_path / "in.jsonl", ({"prompt": f"Question {number}"} for number in range(20)))


def written(path: Path, told: Iterable[Any]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in told))
    return path


def batch_of(source: Path, **more: Any) -> Batch:
    fields = {"source": source, "out": source.with_name("out.jsonl"), "models": (MODEL,), **more}
    return Batch(**fields)


def read(path: Path) -> list[Line]:
    return list(lines_of(path))


async def test_what_was_spent_is_counted_once(
    services: Services, server: LoopbackServer, source: Path
) -> None:
    server.script(*[priced(0.25)] * 20)
    batch = batch_of(source)
    for _ in range(2):
        check = await services.batches.check(batch)
        summary = await services.batches.run(batch, check)
        assert (summary.failed, summary.left, summary.stopped_by) == (0, 0, "")
    assert len(server.asked) == 20
    spent = await services.usage.since(datetime(2020, 1, 1, tzinfo=UTC))
    assert (spent.amount, spent.complete, spent.calls) == (Decimal("5.00"), True, 20)


async def test_a_chat_is_counted_once_beside_it(opened: Open, server: LoopbackServer) -> None:
    """The ledger of batches, which is written at the end, takes no note of it."""
    answer = openai_chat.stream([{"content": "x"}], usage={**openai_chat.USAGE, "cost": 1})
    server.script(replies.events(answer))
    async with opened() as services:
        services.endpoints.save(loop(server))
        conversation = await services.chat.new_conversation(MODEL)
        turn = await services.chat.send(conversation.id, Draft(text="Hi"), model=MODEL)
        await services.chat.wait(turn)
    async with opened() as services:
        spent = await services.usage.since(datetime(2020, 1, 1, tzinfo=UTC))
    assert (spent.amount, spent.calls) == (Decimal(1), 1)


async def test_a_budget_stops_the_run_and_the_next_goes_on(
    services: Services, server: LoopbackServer, source: Path
) -> None:
    """Those there was no room for have no line, and nothing is written about them."""
    batch = batch_of(source, at_once=1, parameters=Parameters(max_output_tokens=10), max_tokens=470)
    check = await services.batches.check(batch)
    summary = await services.batches.run(batch, check)
    assert summary.stopped_by == "budget"
    assert "470 tokens for the run" in summary.reason
    assert (summary.progress.done, summary.failed, summary.left) == (4, 0, 16)
    assert len(server.asked) == 4
    assert batch.out is not None
    assert batch.out.read_bytes().count(b"\n") == 4
    rest = msgspec.structs.replace(batch, max_tokens=None)
    check = await services.batches.check(rest)
    assert (check.prompts, check.answered) == (20, 4)
    assert (await services.batches.run(rest, check)).left == 0
    assert len(server.asked) == 20


async def test_a_provider_that_refuses_all_is_not_asked_for_ever(
    services: Services, server: LoopbackServer, tmp_path: Path
) -> None:
    source = written(tmp_path / "many.jsonl", ({"prompt": str(number)} for number in range(200)))
    refusal = replies.data(openai_chat.error_body(None, "invalid_request_error", "bad key"), 401)
    server.script(*[refusal] * 200)
    batch = batch_of(source, at_once=1)
    summary = await services.batches.run(batch, await services.batches.check(batch))
    assert summary.stopped_by == "refusals"
    assert (summary.failed, summary.left) == (20, 180)
    assert len(server.asked) == 20


async def test_stopping_keeps_what_is_there(services: Services, server: LoopbackServer, source: Path) -> None:
    stop = asyncio.Event()
    stop.set()
    batch = batch_of(source)
    summary = await services.batches.run(batch, await services.batches.check(batch), stop=stop)
    assert (summary.left, summary.progress.done) == (20, 0)
    assert server.asked == []


async def test_without_a_file_the_answers_go_to_a_stream(services: Services, source: Path) -> None:
    stream = io.BytesIO()
    batch = batch_of(source, out=None, limit=3)
    check = await services.batches.check(batch)
    await services.batches.run(batch, check, stream=stream)
    assert sorted(json.loads(line)["index"] for line in stream.getvalue().splitlines()) == [0, 1, 2]


async def test_a_database_takes_results_too(services: Services, server: LoopbackServer, source: Path) -> None:
    batch = batch_of(source, out=source.with_name("out.db"))
    await services.batches.run(batch, await services.batches.check(batch))
    again = await services.batches.check(batch)
    assert (again.prompts, again.answered, len(server.asked)) == (20, 20, 20)


async def test_a_file_changed_meanwhile_is_named(services: Services, source: Path) -> None:
    batch = batch_of(source)
    check = await services.batches.check(batch)
    source.write_text(source.read_text() + "broken\n")
    with pytest.raises(FormatError, match=r"changed meanwhile\. Line 21"):
        await services.batches.run(batch, check)


async def test_estimates_are_of_what_is_left(
    services: Services, server: LoopbackServer, source: Path
) -> None:
    services.endpoints.save(loop(server))
    batch = batch_of(source, models=(MODEL, ModelRef("chatbench", "guide")))
    whole = await services.batches.check(batch, estimate=True)
    first = msgspec.structs.replace(batch, limit=10)
    await services.batches.run(first, await services.batches.check(first))
    rest = await services.batches.check(batch, estimate=True)
    assert rest.answered == 10
    assert 0.4 < rest.estimates[0].input_tokens / whole.estimates[0].input_tokens < 0.6
    assert [one.most_cost for one in whole.estimates] == [None, Decimal(0)], "unknown is not free"


async def test_budgets_that_cannot_be_kept(opened: Open, source: Path) -> None:
    async with opened(OPENAI_API_KEY="sk-x") as services:
        long = msgspec.structs.replace(
            batch_of(source, models=(GPT,)), parameters=Parameters(max_output_tokens=1000)
        )
        with pytest.raises(BudgetExceeded, match=r"smallest call may take \$0\.008\d; --max-cost"):
            await services.batches.check(msgspec.structs.replace(long, max_cost=Decimal("0.001")))
        short = msgspec.structs.replace(long, parameters=Parameters(max_output_tokens=1))
        with pytest.raises(BudgetExceeded, match="prompts alone"):
            await services.batches.check(msgspec.structs.replace(short, max_cost=Decimal("0.0001")))
        enough = await services.batches.check(msgspec.structs.replace(long, max_cost=Decimal("0.01")))
        assert enough.prompts == 20


async def test_a_prompt_larger_than_a_minute_allows(services: Services, tmp_path: Path) -> None:
    source = written(tmp_path / "in.jsonl", [{"prompt": "Hi"}, {"prompt": "many words " * 1000}])
    with pytest.raises(LimitUnattainable, match=r"Line 2: .* of 500 a minute"):
        await services.batches.check(batch_of(source, tokens_per_minute=500))


async def test_without_a_key(services: Services, source: Path) -> None:
    with pytest.raises(MissingKey):
        await services.batches.check(batch_of(source, fallbacks=(GPT,)))


async def test_limits_of_the_command_leave_those_of_the_provider(
    services: Services, server: LoopbackServer, source: Path
) -> None:
    services.endpoints.save(loop(server, limits=Limits(concurrent=3, requests_per_minute=100_000)))
    client = services.batches._client(batch_of(source, tokens_per_minute=70_000))
    assert client.limits == Limits(concurrent=3, requests_per_minute=100_000, tokens_per_minute=70_000)
    assert services.batches._client(batch_of(source)).limits is None


async def test_what_has_no_effect_is_told(services: Services, source: Path) -> None:
    check = await services.batches.check(batch_of(source, parameters=Parameters(seed=3, temperature=0.1)))
    assert check.notes == ("seed will not be sent to loop/m: not known to be taken.",)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", "question\nHi\n", "no column called prompt; its columns are: question"),
        ("a.csv", "", "its columns are: none"),
        ("a.csv", "prompt,params\nHi,{}\n", "cannot hold params"),
        ("a.csv", "prompt,prompt\nHi,Ho\n", "a column twice"),
        ("a.txt", "Hi\n", "of no kind"),
        ("a.csv", b"prompt\n\xff\xfe\n", "not UTF-8"),
    ],
)
def test_files_that_are_no_batch(tmp_path: Path, name: str, text: str | bytes, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(FormatError, match=said):
        read(path)


@pytest.mark.parametrize(
    ("row", "said"),
    [("a,b,c,d", "4 cells for 3 columns"), (",1,", "empty prompt"), ('"a,1,x', "not a row of a table")],
)
def test_rows_that_cannot_be_asked(tmp_path: Path, row: str, said: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"prompt,id,x\ngood,1,\n\n{row}\n")
    good, bad = read(path)
    assert good.item is not None
    assert good.item.id == "1"
    assert bad.problem is not None
    assert said in bad.problem.message


def test_a_line_that_is_no_utf_8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"prompt": "a"}\n{"prompt": "\xff"}\n')
    _, bad = read(path)
    assert (bad.number, bad.item) == (2, None)


def test_a_system_message_and_a_system_are_one_too_many(tmp_path: Path) -> None:
    messages = [{"role": "system", "content": "a"}, {"role": "user", "content": "b"}]
    path = written(tmp_path / "a.jsonl", [{"messages": messages, "system": "c"}, {"messages": messages}])
    both, one = read(path)
    assert both.problem is not None
    assert one.item is not None
    assert one.item.system == "", "and none of the command's beside it"


def test_a_line_nested_too_deeply_is_a_line_that_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    deep = "[" * 100_000 + "]" * 100_000
    path.write_text(f'{{"prompt": "a", "params": {{"extra_body": {{"a": {deep}}}}}}}\n{{"prompt": "b"}}\n')
    first, second = read(path)
    assert first.item is None
    assert first.problem is not None
    assert second.item is not None


def showing(url: str) -> dict[str, Any]:
    content = [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": url}}]
    return {"messages": [{"role": "user", "content": content}]}


def pixels() -> bytes:
    held = io.BytesIO()
    Image.effect_noise((64, 64), 90).save(held, "PNG")
    return held.getvalue()


@pytest.mark.parametrize(
    "piece",
    [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo=!"}},
        {"type": "image_url", "image_url": {"url": "DATA:image/png;base64,iVBOR"}},
        {"type": "input_audio", "input_audio": {"data": "not base64", "format": "wav"}},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERi0xL", "filename": "a.pdf"}},
    ],
)
def test_damaged_base64_in_a_message_is_named(tmp_path: Path, piece: dict[str, Any]) -> None:
    content = [{"type": "text", "text": "Look"}, piece]
    messages = [{"role": "system", "content": "a"}, {"role": "user", "content": content}]
    path = written(tmp_path / "a.jsonl", [{"messages": messages}, {"prompt": "fine"}])
    bad, good = read(path)
    assert bad.problem is not None
    assert bad.problem.message == f"messages[1].content[1] holds a damaged {piece['type']}."
    assert "base64" in bad.problem.hint
    assert good.item is not None


def test_what_a_provider_may_know_is_left_to_it(tmp_path: Path) -> None:
    pieces: list[Any] = [
        {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
        {"type": "image_url", "image_url": "https://example.org/a.png"},
        {"type": "file", "file": {"file_id": "file-1"}},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{b64encode(pixels()).decode()}"}},
        {"type": "new_kind", "new_kind": {"data": "?"}},
    ]
    path = written(tmp_path / "a.jsonl", [{"messages": [{"role": "user", "content": pieces}]}])
    (line,) = read(path)
    assert line.problem is None


async def test_a_damaged_picture_is_found_before_anything_is_sent(
    services: Services, server: LoopbackServer, tmp_path: Path
) -> None:
    picture = pixels()
    urls = [
        f"data:image/png;base64,{b64encode(data).decode()}"
        for data in (picture, picture[: len(picture) // 2], b"no picture at all", picture)
    ]
    batch = batch_of(written(tmp_path / "in.jsonl", map(showing, urls)))
    with pytest.raises(FormatError, match=r"2 lines of in\.jsonl cannot be asked") as caught:
        await services.batches.check(batch)
    assert "Line 2: " in caught.value.hint
    assert "Line 3: " in caught.value.hint
    urls[1:3] = ["data:image/heic;base64,AAAAGGZ0eXBoZWlj", "https://example.org/a.png"]
    batch = batch_of(written(tmp_path / "in.jsonl", map(showing, urls)))
    assert (await services.batches.check(batch)).prompts == 4
    assert server.asked == []
