"""Titles by a model: after the first answer, beside everything else, never over a person's."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from tests.harness.waiting import until
from tests.loopback import openai_chat, replies
from tests.loopback.server import LoopbackServer
from tests.services.conftest import MODEL

from chatbench.core.changes import Changes
from chatbench.core.conversations import Draft
from chatbench.core.errors import ConfigurationError
from chatbench.core.models import GUIDE, ModelRef
from chatbench.services import Services
from chatbench.services.titles import cleaned
from chatbench.services.turns import TITLE_LENGTH

OTHER = ModelRef("loop", "other")


@pytest.fixture
def by_model(services: Services) -> Services:
    """Titles come from the model `other`."""
    services.preferences.replace(title_source="model", title_model=str(OTHER))
    return services


def says(server: LoopbackServer, *answers: str) -> None:
    for words in answers:
        server.script(replies.events(openai_chat.answer([words])))


async def asked(services: Services, text: str = "Why is the sky blue?", conversation_id: str = "") -> str:
    """Asks and waits for the answer, then for the title; returns the conversation's id."""
    conversation_id = conversation_id or (await services.chat.new_conversation(MODEL)).id
    await services.chat.wait(await services.chat.send(conversation_id, Draft(text=text)))
    await services.titles.wait()
    return conversation_id


async def title(services: Services, conversation_id: str) -> str:
    return (await services.history.outline(conversation_id)).summary.title


async def test_the_first_words_are_the_title_unless_another_is_asked_for(
    services: Services, server: LoopbackServer
) -> None:
    assert await title(services, await asked(services)) == "Why is the sky blue?"
    assert len(server.asked) == 1


async def test_a_model_names_a_conversation_after_its_first_answer(
    by_model: Services, server: LoopbackServer, heard: list[Changes]
) -> None:
    says(server, "Rayleigh scattering.", '"Azure Heavens"\n', "More.")
    conversation_id = await asked(by_model)
    assert await title(by_model, conversation_id) == "Azure Heavens"
    assert heard[-1].conversations == {conversation_id}
    request = server.asked[-1].json
    assert request["model"] == "other"
    assert request["messages"][1]["content"] == (
        "<user>\nWhy is the sky blue?\n</user>\n\n<assistant>\nRayleigh scattering.\n</assistant>"
    )
    await asked(by_model, "And red?", conversation_id)
    assert len(server.asked) == 3
    assert await title(by_model, conversation_id) == "Azure Heavens"
    assert [hit.title for hit in await by_model.history.search("azure")] == ["Azure Heavens"]


async def test_what_a_title_costs_is_counted_as_such(by_model: Services) -> None:
    await asked(by_model)
    database = by_model.chat._store._database
    sources = await database.read(lambda c: c.execute("SELECT source FROM spend ORDER BY seq").fetchall())
    assert sources == [("chat",), ("title",)]
    assert (await by_model.usage.since(datetime.fromtimestamp(0, UTC))).calls == 2


async def test_the_answer_is_there_before_the_title(by_model: Services, server: LoopbackServer) -> None:
    """The turn is over, and the next question can be asked, while the model still thinks of one."""
    conversation = await by_model.chat.new_conversation(MODEL)
    says(server, "Answer.")
    server.script(replies.Reply(first_byte_s=60))
    says(server, "Second answer.")
    await by_model.chat.wait(await by_model.chat.send(conversation.id, Draft(text="One")))
    await until(lambda: len(server.asked) == 2, "the request for a title")
    await by_model.chat.wait(await by_model.chat.send(conversation.id, Draft(text="Two")))
    assert await title(by_model, conversation.id) == "One"
    await by_model.titles.aclose()


async def test_a_title_given_by_hand_stays_also_while_the_model_thinks(
    by_model: Services, server: LoopbackServer
) -> None:
    server.pace = 50
    says(server, "Answer.")
    conversation = await by_model.chat.new_conversation(MODEL)
    await by_model.chat.wait(await by_model.chat.send(conversation.id, Draft(text="One")))
    await until(lambda: len(server.asked) == 2, "the request for a title")
    await by_model.history.rename(conversation.id, "Mine")
    await by_model.titles.wait()
    assert await title(by_model, conversation.id) == "Mine"
    named = await by_model.chat.new_conversation(MODEL, title="Given")
    so_far = len(server.asked)
    await asked(by_model, "One", named.id)
    assert len(server.asked) == so_far + 1
    assert await title(by_model, named.id) == "Given"


async def test_several_models_side_by_side_are_named_once(by_model: Services, server: LoopbackServer) -> None:
    conversation = await by_model.chat.new_conversation(MODEL)
    await by_model.lanes.add(conversation.id, model=OTHER)
    await asked(by_model, "One", conversation.id)
    assert len(server.asked) == 3


@pytest.mark.parametrize("answer", ["", " \n** **\n", "…cut"])
async def test_where_no_title_comes_the_first_words_stay(
    by_model: Services, server: LoopbackServer, answer: str
) -> None:
    says(server, "Answer.")
    finish = "length" if answer == "…cut" else "stop"
    server.script(replies.events(openai_chat.stream([{"content": answer}], finish)))
    assert await title(by_model, await asked(by_model, "One")) == "One"


async def test_a_refused_call_leaves_the_first_words(by_model: Services, server: LoopbackServer) -> None:
    says(server, "Answer.")
    server.script(replies.data(openai_chat.error_body(None, None, "no"), 400))
    conversation_id = await asked(by_model, "One")
    await asked(by_model, "Two", conversation_id)
    assert await title(by_model, conversation_id) == "One"
    assert len(server.asked) == 3


async def test_an_answer_that_failed_is_not_named(by_model: Services, server: LoopbackServer) -> None:
    server.script(replies.data(openai_chat.error_body(None, None, "no"), 400))
    says(server, "Second answer.", "Named")
    conversation_id = await asked(by_model, "One")
    assert len(server.asked) == 1
    await asked(by_model, "Two", conversation_id)
    assert await title(by_model, conversation_id) == "Named"


async def test_a_temporary_chat_is_not_named(by_model: Services, server: LoopbackServer) -> None:
    conversation = await by_model.chat.new_conversation(MODEL, temporary=True)
    await asked(by_model, "One", conversation.id)
    assert len(server.asked) == 1


async def test_a_title_is_suggested_and_not_set(services: Services, server: LoopbackServer) -> None:
    conversation_id = await asked(services, "One")
    says(server, "Titel: Der blaue Himmel.")
    assert await services.titles.suggest(conversation_id) == "Der blaue Himmel"
    assert server.asked[-1].json["model"] == "m"
    assert await title(services, conversation_id) == "One"
    empty = await services.chat.new_conversation(MODEL)
    with pytest.raises(ConfigurationError, match="nothing"):
        await services.titles.suggest(empty.id)
    services.preferences.replace(title_model=str(GUIDE))
    with pytest.raises(ConfigurationError, match="guide"):
        await services.titles.suggest(conversation_id)


async def test_closing_stops_it(by_model: Services, server: LoopbackServer) -> None:
    says(server, "Answer.")
    server.script(replies.Reply(first_byte_s=60))
    conversation = await by_model.chat.new_conversation(MODEL)
    await by_model.chat.wait(await by_model.chat.send(conversation.id, Draft(text="One")))
    await until(lambda: len(server.asked) == 2, "the request for a title")
    await asyncio.wait_for(by_model.titles.aclose(), 10)
    assert by_model.titles._naming == {}
    await asked(by_model, "Two", (await by_model.chat.new_conversation(MODEL)).id)
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("Blue Sky", "Blue Sky"),
        ('\n\n"Blue Sky."\n\nBecause …', "Blue Sky"),
        ("**Title:** Blue Sky", "Blue Sky"),
        ("# Blue   Sky", "Blue Sky"),
        ("„Blauer Himmel“", "Blauer Himmel"),
        ("「青い空」", "青い空"),
        ("C# or F#", "C# or F#"),
        ("word " * 30, "word word word word word word word word word word word word…"),
        ("***", ""),
        ("", ""),
    ],
)
def test_a_title_is_taken_out_of_an_answer(answer: str, expected: str) -> None:
    assert cleaned(answer) == expected
    assert len(cleaned(answer)) <= TITLE_LENGTH + 1


def test_the_model_for_titles_must_be_one(services: Services) -> None:
    with pytest.raises(ConfigurationError, match="title_model"):
        services.preferences.replace(title_model="no-model")


async def test_what_a_title_costs_is_in_the_conversation_s_total(by_model: Services) -> None:
    by_model.preferences.replace(title_source="words")
    conversation_id = await asked(by_model)
    before = await by_model.usage.of_conversation(conversation_id)
    assert (before.calls, before.aside.calls) == (1, 0)
    await by_model.titles.suggest(conversation_id)
    after = await by_model.usage.of_conversation(conversation_id)
    assert (after.calls, after.aside.calls) == (2, 1)
    assert after.aside.usage.total_tokens > 0
    assert after.usage == before.usage, "that of the answers"
    assert (await by_model.usage.since(datetime.fromtimestamp(0, UTC))).calls == 2, "once in the ledger"
