"""History, exchange, usage, notices and the profile: what was done, found and taken out again."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from tests.loopback import openai_chat, replies
from tests.loopback.server import LoopbackServer
from tests.services.conftest import MODEL, Open, loop

from chatbench.core.changes import Changes
from chatbench.core.conversations import Draft
from chatbench.core.errors import ChatbenchError, StorageError
from chatbench.core.prompts import Prompt, PromptMessage
from chatbench.core.runs import Plan, PlanData, PlanModel, PlanPrompt
from chatbench.services import Services
from chatbench.services.chat import Turn
from chatbench.services.exchange import file_name
from chatbench.services.notices import Notice, Notifier


async def asked(services: Services, text: str = "Hi") -> Turn:
    conversation = await services.chat.new_conversation(MODEL)
    turn = await services.chat.send(conversation.id, Draft(text=text))
    await services.chat.wait(turn)
    return turn


async def test_every_change_of_the_history_is_announced(services: Services, heard: list[Changes]) -> None:
    turn = await asked(services)
    cid, answer = turn.conversation_id, turn.answers[0].id
    history = services.history
    outline = await history.outline(cid)
    heard.clear()
    await history.rename(cid, "  A\n new   name ")
    await history.pin(cid, True)
    await history.mark_read(cid, unread=True)
    await history.delete_message(cid, answer)
    assert len((await history.load(cid)).messages) == 1
    await history.undelete_message(cid, answer)
    await history.update_lane(cid, outline.lanes[0], initiator="me")
    await history.trash(cid)
    assert await history.summaries() == []
    await history.restore(cid)
    await history.save_draft(cid, Draft(text="later"))
    assert [change.conversations for change in heard] == [frozenset({cid})] * 8
    assert [change.initiator for change in heard].count("me") == 1
    (summary,) = await history.summaries()
    assert (summary.title, summary.pinned, summary.unread) == ("A new name", True, True)
    conversation = await history.load(cid)
    assert len(conversation.messages) == 2
    assert conversation.draft == Draft(text="later")
    assert [m.id for m in await history.messages([answer, "gone", turn.user_message_id])] == [
        answer, turn.user_message_id,
    ]  # fmt: skip
    assert (await history.extents(cid))[answer].text_length > 100


async def test_search(services: Services) -> None:
    turn = await asked(services, "Where do Füchse 世界 live?")
    for query in ("füchse", "Füch", "世", "世界", "brown fox"):
        assert turn.conversation_id in {hit.conversation_id for hit in await services.history.search(query)}
    for query in ("", '"', "a AND (", "*", "wolves"):
        assert await services.history.search(query) == []


async def test_exports(services: Services, server: LoopbackServer, tmp_path: Path) -> None:
    """Markdown has the branch that is shown, JSON every branch; both whole or not at all."""
    turn = await asked(services, "One # two\n```\ncode")
    server.words = ["Other"]
    again = await services.chat.regenerate(turn.conversation_id, turn.answers[0].id)
    await services.chat.wait(again)
    target = tmp_path / "out.md"
    await services.exchange.export(turn.conversation_id, "markdown", target)
    text = target.read_text(encoding="utf-8")
    assert text == await services.exchange.text(turn.conversation_id, "markdown")
    assert "## You (" in text
    assert "## loop/m (" in text
    assert "Other" in text
    assert "quick brown" not in text
    told = json.loads(await services.exchange.text(turn.conversation_id, "json"))
    assert [m["role"] for m in told["messages"]] == ["user", "assistant", "assistant"]
    assert told["leaves"] == [again.answers[0].id]
    with pytest.raises(StorageError):
        await services.exchange.export(turn.conversation_id, "json", tmp_path / "no" / "where")
    with pytest.raises(StorageError):
        await services.exchange.text("gone", "json")


async def test_file_names_are_safe(services: Services) -> None:
    for title, name in (
        ("../../etc/passwd", "etc passwd.md"), ("Füchse: 世界?", "Füchse 世界.md"),
        ("...", "conversation.md"),
        ("x" * 300, "x" * 80 + ".md"), ("a\0b", "a b.md"),
    ):  # fmt: skip
        conversation = await services.chat.new_conversation(MODEL, title=title.replace("\0", "\x01"))
        assert file_name(conversation, "markdown") == name


async def test_what_was_spent(services: Services, server: LoopbackServer) -> None:
    """To the last digit; where a price is unknown the sum says that it is not all."""
    usage = {**openai_chat.USAGE, "cost": 0.1}
    server.script(*[replies.events(openai_chat.stream([{"content": "x"}], usage=usage)) for _ in range(3)])
    turn = await asked(services)
    await asked(services)
    await asked(services)
    spent = await services.usage.today()
    assert (spent.amount, spent.complete, spent.calls) == (Decimal("0.3"), True, 3)
    await asked(services)
    spent = await services.usage.today()
    assert (spent.amount, spent.complete, spent.calls) == (Decimal("0.3"), False, 4)
    later = await services.usage.since(datetime.now(UTC) + timedelta(hours=1))
    assert (later.amount, later.complete, later.calls) == (Decimal(0), True, 0)
    one = await services.usage.of_conversation(turn.conversation_id)
    assert (one.amount, one.complete, one.usage.output_tokens) == (Decimal("0.1"), True, 25)


def test_notices_wait_for_whoever_shows_them() -> None:
    notifier = Notifier()
    notifier.say(Notice(text="early"))
    notifier.error(ChatbenchError("wrong", "do this"))
    heard: list[Notice] = []
    notifier.listen(heard.append)
    notifier.say(Notice(text="late"))
    assert [notice.text for notice in heard] == ["early", "wrong", "late"]
    assert (heard[1].kind, heard[1].hint) == ("error", "do this")


async def test_two_programs_on_one_profile_hear_of_one_another(opened: Open, server: LoopbackServer) -> None:
    async with opened() as window, opened() as terminal:
        heard: list[Changes] = []
        window.changes.connect(heard.append)
        assert not await window.profile.other_process_wrote()
        terminal.endpoints.save(loop(server))
        turn = await asked(terminal)
        assert await window.profile.other_process_wrote()
        assert turn.conversation_id in heard[-1].conversations
        assert heard[-1].usage
        assert not await window.profile.other_process_wrote()


async def test_another_program_s_prompts_data_sets_and_runs_are_heard_of(
    opened: Open, server: LoopbackServer
) -> None:
    """Each by its id, and none that is as it was; what is gone, too."""
    async with opened() as window, opened() as terminal:
        heard: list[Changes] = []
        window.changes.connect(heard.append)
        terminal.endpoints.save(loop(server))
        saved = await terminal.prompts.save(None, Prompt(messages=(PromptMessage(text="Hi"),)), name="Hi")
        dataset = await terminal.datasets.create("Rows", rows=[{"n": 1}])
        assert await window.profile.other_process_wrote()
        told = heard[-1]
        assert (told.prompts, told.datasets, told.runs) == ({saved.prompt_id}, {dataset.id}, frozenset())

        waits = replies.Reply(first_byte_s=60)
        server.script(*[waits] * 2)
        prompts, models = (PlanPrompt(id=saved.prompt_id),), (PlanModel(model="loop/m"),)
        plan = Plan(prompts=prompts, data=PlanData(id=dataset.id), models=models)
        run = await terminal.runs.start(plan)
        assert await window.profile.other_process_wrote()
        assert (heard[-1].prompts, heard[-1].datasets, heard[-1].runs) == (frozenset(), frozenset(), {run.id})
        assert (await window.runs.get(run.id)).state == "running"
        await terminal.runs.pause(run.id, at_once=True)
        assert await window.profile.other_process_wrote()
        assert heard[-1].runs == {run.id}
        await terminal.runs.delete(run.id)
        await terminal.runs.delete_for_good([run.id])
        assert await window.profile.other_process_wrote()
        assert (heard[-1].runs, heard[-1].datasets) == ({run.id}, frozenset())


async def test_a_living_answer_of_another_program_is_left_alone(opened: Open, server: LoopbackServer) -> None:
    server.pace = 50
    async with opened() as terminal:
        terminal.endpoints.save(loop(server))
        conversation = await terminal.chat.new_conversation(MODEL)
        turn = await terminal.chat.send(conversation.id, Draft(text="Hi"))
        async with opened() as window:
            assert await window.profile.mark_interrupted() == 0
        await terminal.chat.wait(turn)
        assert turn.answers[0].message.state == "done"


async def test_the_profile_checks_itself_and_tidies_up(services: Services) -> None:
    await asked(services)
    await services.profile.tidy()
    assert await services.profile.check() == []
    assert len(await services.history.summaries()) == 1
