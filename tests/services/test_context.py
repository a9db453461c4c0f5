"""What is sent: shown item by item, left out, summarised, and all of it taken back."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from tests.documents import pictures
from tests.harness.waiting import until
from tests.loopback import openai_chat, replies
from tests.loopback.server import LoopbackServer
from tests.services.conftest import MODEL, SIGHTED, Open, loop

from chatbench.client.estimate import PER_REQUEST
from chatbench.core.changes import Changes
from chatbench.core.conversations import Conversation, Draft
from chatbench.core.errors import ChatbenchError, ConfigurationError, StorageError
from chatbench.core.messages import user
from chatbench.core.models import GUIDE, ModelInfo, ModelRef
from chatbench.services import Services
from chatbench.services.context import ContextView

OTHER = ModelRef("loop", "other")


async def talked(
    services: Services, *questions: str, model: ModelRef = MODEL, system: str = ""
) -> Conversation:
    """A conversation in which these were asked and answered."""
    conversation = await services.chat.new_conversation(model, system=system)
    for text in questions:
        await services.chat.wait(await services.chat.send(conversation.id, Draft(text=text)))
    return await services.history.load(conversation.id)


def says(server: LoopbackServer, *answers: str) -> None:
    for words in answers:
        server.script(replies.events(openai_chat.answer([words])))


def sent(server: LoopbackServer) -> list[str]:
    """The words of the last request's messages."""
    return [message["content"] for message in server.asked[-1].json["messages"]]


async def view(services: Services, conversation: Conversation, text: str = "") -> ContextView:
    return await services.context.view(conversation.id, conversation.lanes[0].id, Draft(text=text))


def shown(found: ContextView) -> list[tuple[str, str, str]]:
    return [(item.kind, item.text, item.why) for item in found.items]


async def asked_next(services: Services, conversation: Conversation, text: str) -> None:
    await services.chat.wait(await services.chat.send(conversation.id, Draft(text=text)))


async def test_what_is_shown_is_what_is_sent(services: Services, server: LoopbackServer) -> None:
    says(server, "First answer", "Second answer")
    conversation = await talked(services, "One", "Two", system="Be brief.")
    found = await view(services, conversation, "Three")
    assert shown(found) == [
        ("system", "Be brief.", ""),
        ("message", "One", ""),
        ("message", "First answer", ""),
        ("message", "Two", ""),
        ("message", "Second answer", ""),
        ("message", "Three", ""),
    ]
    await asked_next(services, conversation, "Three")
    assert [item.text for item in found.items if not item.why] == sent(server)
    assert [item.message_id for item in found.items][1:-1] == [m.id for m in conversation.messages]
    assert found.items[-1].message_id == ""


async def test_every_item_has_its_tokens_and_its_share_of_the_window(
    services: Services, server: LoopbackServer
) -> None:
    small = ModelInfo(ref=ModelRef("loop", "small"), context_window=1_000)
    services.endpoints.save(loop(server, rows=(small,)))
    conversation = await talked(services, "word " * 200, model=small.ref, system="short")
    found = await view(services, conversation)
    system, question, answer = found.items
    assert 200 <= question.tokens < 230
    assert system.tokens < 10
    assert found.tokens == pytest.approx(system.tokens + question.tokens + answer.tokens, abs=5)
    assert found.window == 1_000
    assert question.share == question.tokens / 1_000
    assert found.share == found.tokens / 1_000


async def test_a_message_that_is_left_out_is_not_sent_and_says_why(
    services: Services, server: LoopbackServer, heard: list[Changes]
) -> None:
    says(server, "First answer", "Second answer")
    conversation = await talked(services, "One", "Two")
    answer = conversation.messages[1]
    whole = await view(services, conversation, "Three")
    heard.clear()
    await services.context.leave_out(conversation.id, answer.id, True)
    assert [conversation.id in change.conversations for change in heard] == [True]
    less = await view(services, conversation, "Three")
    assert shown(less)[1] == ("message", "First answer", "person")
    assert whole.tokens - less.tokens == less.items[1].tokens
    assert (await services.context.marks(conversation.id)).unsent == {answer.id}
    await asked_next(services, conversation, "Three")
    assert sent(server) == ["One", "Two", "Second answer", "Three"]
    await services.context.leave_out(conversation.id, answer.id, False)
    await asked_next(services, conversation, "Four")
    assert sent(server)[:3] == ["One", "First answer", "Two"]


async def test_the_answer_to_a_first_question_that_is_left_out_goes_with_it(
    services: Services, server: LoopbackServer
) -> None:
    conversation = await talked(services, "One", "Two")
    await services.context.leave_out(conversation.id, conversation.messages[0].id, True)
    found = await view(services, conversation)
    assert [item.why for item in found.items] == ["person", "no_question", "", ""]
    await asked_next(services, conversation, "Three")
    assert sent(server)[0] == "Two"


async def test_a_question_that_is_left_out_is_sent_when_it_is_asked_again(
    services: Services, server: LoopbackServer
) -> None:
    conversation = await talked(services, "One")
    question, answer = conversation.messages
    await services.context.leave_out(conversation.id, question.id, True)
    await services.chat.wait(await services.chat.regenerate(conversation.id, answer.id))
    assert sent(server) == ["One"]


async def test_an_empty_answer_is_shown_as_not_sent(services: Services, server: LoopbackServer) -> None:
    server.script(replies.data(openai_chat.error_body(None, None, "no"), 400))
    conversation = await talked(services, "One")
    assert shown(await view(services, conversation, "Two")) == [
        ("message", "One", ""), ("message", "", "empty"), ("message", "Two", ""),
    ]  # fmt: skip


async def test_an_edit_shows_the_branch_it_begins(services: Services, server: LoopbackServer) -> None:
    says(server, "First answer")
    conversation = await talked(services, "One", "Two")
    edit = Draft(text="Other", edits=conversation.messages[2].id)
    found = await services.context.view(conversation.id, conversation.lanes[0].id, edit)
    assert [item.text for item in found.items] == ["One", "First answer", "Other"]


async def test_pictures_are_items_and_one_that_the_model_does_not_take_says_so(
    services: Services, server: LoopbackServer
) -> None:
    blind = ModelInfo(ref=ModelRef("loop", "blind"), inputs=frozenset({"text"}))
    services.endpoints.save(loop(server, rows=(*loop(server).rows, blind)))
    conversation = await services.chat.new_conversation(SIGHTED)
    photo = pictures.saved(pictures.corner(), "JPEG")
    part = await services.attachments.attach_bytes(photo, "photo.jpg", services.models.info(SIGHTED))
    draft = Draft(text="Look", attachments=(part,))
    (picture, words) = (await services.context.view(conversation.id, conversation.lanes[0].id, draft)).items
    assert (picture.kind, picture.text, picture.part, picture.why) == ("attachment", "photo.jpg", part, "")
    assert (words.kind, words.text) == ("message", "Look")
    whole = services.models.estimate(SIGHTED, [user("Look", part)]).tokens
    assert picture.tokens + words.tokens + PER_REQUEST == pytest.approx(whole, abs=1)
    await services.chat.wait(await services.chat.send(conversation.id, draft))
    lane = await services.lanes.add(conversation.id, model=blind.ref)
    found = await services.context.view(conversation.id, lane.id)
    assert [item.why for item in found.items] == ["not_for_model", "", ""]
    assert found.tokens < found.items[0].tokens + found.items[1].tokens + found.items[2].tokens


async def test_what_a_model_thought_goes_to_no_other(services: Services, server: LoopbackServer) -> None:
    server.script(replies.events(openai_chat.answer(["Words"], ["Hm, thoughts"])))
    conversation = await talked(services, "One")
    thinking = next(item for item in (await view(services, conversation)).items if item.kind == "thinking")
    assert thinking.text == "Hm, thoughts"
    lane = await services.lanes.add(conversation.id, model=GUIDE)
    elsewhere = await services.context.view(conversation.id, lane.id)
    assert [item.why for item in elsewhere.items if item.kind == "thinking"] == ["not_for_model"]


async def test_a_summary_stands_for_what_it_covers_until_it_is_taken_back(
    services: Services, server: LoopbackServer, heard: list[Changes]
) -> None:
    says(server, "First answer", "Second answer", "They spoke of one and two.")
    conversation = await talked(services, "One", "Two")
    last = conversation.messages[3]
    before = await services.usage.since(datetime.fromtimestamp(0, UTC))
    heard.clear()
    summary = await services.context.summarise(conversation.id, last.id, model=OTHER)
    request = server.asked[-1].json
    assert request["model"] == "other"
    assert "summary" in request["messages"][0]["content"]
    assert request["messages"][1]["content"] == (
        "<user>\nOne\n</user>\n\n<assistant>\nFirst answer\n</assistant>\n\n"
        "<user>\nTwo\n</user>\n\n<assistant>\nSecond answer\n</assistant>"
    )
    assert (summary.text, summary.message_id, summary.model) == ("They spoke of one and two.", last.id, OTHER)
    after = await services.usage.since(datetime.fromtimestamp(0, UTC))
    assert after.calls == before.calls + 1
    assert any(change.usage for change in heard)
    assert any(conversation.id in change.conversations for change in heard)

    found = await view(services, conversation, "Three")
    assert [item.why for item in found.items] == ["summarised"] * 4 + ["", ""]
    assert (found.items[4].kind, found.items[4].summary_id) == ("summary", summary.id)
    await asked_next(services, conversation, "Three")
    assert sent(server) == [
        "[Summary of the conversation so far]\nThey spoke of one and two.\n[End of the summary]\n\nThree"
    ]

    await services.context.unsummarise(conversation.id, summary.id)
    await asked_next(services, conversation, "Four")
    assert sent(server)[:4] == ["One", "First answer", "Two", "Second answer"]
    await services.context.resummarise(conversation.id, summary.id)
    assert len(await services.context.summaries(conversation.id)) == 1
    assert (await view(services, conversation)).items[0].why == "summarised"
    assert len((await services.history.load(conversation.id)).messages) == 8


async def test_a_call_for_a_summary_is_told_apart_in_the_ledger(services: Services) -> None:
    conversation = await talked(services, "One")
    await services.context.summarise(conversation.id, conversation.messages[1].id, model=MODEL)
    database = services.chat._store._database
    sources = await database.read(lambda c: c.execute("SELECT source FROM spend ORDER BY seq").fetchall())
    assert sources == [("chat",), ("summary",)]


async def test_a_branch_above_a_summary_is_sent_whole(services: Services, server: LoopbackServer) -> None:
    """Regenerating the last answer that a summary covers asks with the words, not with the summary."""
    says(server, "First answer", "Second answer", "Summed up.")
    conversation = await talked(services, "One", "Two")
    await services.context.summarise(conversation.id, conversation.messages[3].id, model=MODEL)
    await services.chat.wait(await services.chat.regenerate(conversation.id, conversation.messages[3].id))
    assert sent(server) == ["One", "First answer", "Two"]


async def test_the_later_summary_counts_and_is_made_of_the_earlier(
    services: Services, server: LoopbackServer
) -> None:
    says(server, "First answer", "Second answer", "Early summary.", "Late summary.")
    conversation = await talked(services, "One", "Two")
    await services.context.summarise(conversation.id, conversation.messages[1].id, model=MODEL)
    late = await services.context.summarise(conversation.id, conversation.messages[3].id, model=MODEL)
    told = server.asked[-1].json["messages"][1]["content"]
    assert "Early summary." in told
    assert "First answer" not in told
    await asked_next(services, conversation, "Three")
    assert "Late summary." in str(sent(server))
    assert "Early summary." not in str(sent(server))
    await services.context.unsummarise(conversation.id, late.id)
    await asked_next(services, conversation, "Four")
    assert "Early summary." in sent(server)[0]


async def test_a_summary_down_to_a_question_leaves_it_to_be_asked(
    services: Services, server: LoopbackServer
) -> None:
    says(server, "First answer", "Second answer", "Summed up.", "Other answer")
    conversation = await talked(services, "One", "Two")
    question = conversation.messages[2]
    await services.context.summarise(conversation.id, question.id, model=MODEL)
    await services.chat.wait(await services.chat.regenerate(conversation.id, question.id))
    assert sent(server) == ["One", "First answer", "Two"]
    await asked_next(services, conversation, "Three")
    assert sent(server) == [
        "[Summary of the conversation so far]\nSummed up.\n[End of the summary]", "Other answer", "Three",
    ]  # fmt: skip


async def test_a_second_summary_of_the_same_is_made_of_the_words_and_takes_its_place(
    services: Services, server: LoopbackServer
) -> None:
    says(server, "First answer", "A summary.", "A better summary.")
    conversation = await talked(services, "One")
    last = conversation.messages[1].id
    first = await services.context.summarise(conversation.id, last, model=MODEL)
    second = await services.context.summarise(conversation.id, last, model=MODEL)
    assert "First answer" in server.asked[-1].json["messages"][1]["content"]
    assert (await services.context.marks(conversation.id)).summaries == {last: second}
    assert await services.context.summaries(conversation.id) == (first, second)


async def test_a_lane_that_has_parted_shows_its_own_branch(
    services: Services, server: LoopbackServer
) -> None:
    conversation = await talked(services, "One")
    other = await services.lanes.add(conversation.id, model=OTHER)
    says(server, "Second of both", "Second of both")
    await asked_next(services, conversation, "Two")
    says(server, "Third of both", "Third of both")
    await asked_next(services, conversation, "Three")
    loaded = await services.history.load(conversation.id)
    first_lane, _ = loaded.lanes
    edited = next(m for m in loaded.path(first_lane.leaf) if m.text == "Three")
    for lane in loaded.lanes:
        found = await services.context.view(conversation.id, lane.id, Draft(text="Other", edits=edited.id))
        own = [message.id for message in loaded.path(lane.leaf)][:-2]
        assert [item.message_id for item in found.items] == [*own, ""]
    assert other.id == loaded.lanes[1].id


async def test_a_fork_sends_what_its_origin_sent(services: Services, server: LoopbackServer) -> None:
    says(server, "First answer", "Second answer", "Third answer", "Summed up.")
    conversation = await talked(services, "One", "Two", "Three")
    await services.context.summarise(conversation.id, conversation.messages[1].id, model=MODEL)
    await services.context.leave_out(conversation.id, conversation.messages[3].id, True)
    fork = await services.chat.fork(conversation.id, conversation.messages[5].id)
    (marked,) = (await services.context.marks(fork.id)).unsent
    assert marked == fork.messages[3].id
    await asked_next(services, fork, "Four")
    assert "Second answer" not in str(sent(server))
    assert "Summed up." in sent(server)[0]
    assert len((await services.context.marks(conversation.id)).unsent) == 1


async def test_marks_survive_a_restart_and_go_with_the_conversation(
    opened: Open, server: LoopbackServer
) -> None:
    async with opened() as services:
        services.endpoints.save(loop(server))
        conversation = await talked(services, "One")
        await services.context.summarise(conversation.id, conversation.messages[1].id, model=MODEL)
        await services.context.leave_out(conversation.id, conversation.messages[0].id, True)
    async with opened() as services:
        marks = await services.context.marks(conversation.id)
        assert marks.unsent == {conversation.messages[0].id}
        assert list(marks.summaries) == [conversation.messages[1].id]
        assert await services.profile.check() == []


async def test_a_temporary_chat_is_left_out_of_and_summarised_in_memory_alone(
    services: Services, server: LoopbackServer
) -> None:
    conversation = await services.chat.new_conversation(MODEL, temporary=True)
    says(server, "First answer", "Summed up.")
    await asked_next(services, conversation, "One")
    loaded = await services.history.load(conversation.id)
    await services.context.summarise(conversation.id, loaded.messages[1].id, model=MODEL)
    await services.context.leave_out(conversation.id, loaded.messages[0].id, True)
    assert [item.kind for item in (await view(services, loaded)).items] == ["message", "message", "summary"]
    database = services.chat._store._database
    marked = "SELECT id FROM summaries UNION ALL SELECT message_id FROM unsent"
    assert await database.read(lambda c: c.execute(marked).fetchall()) == []


async def test_the_context_is_estimated_where_something_is_not_sent(services: Services) -> None:
    conversation = await talked(services, "word " * 500)
    lane = conversation.lanes[0]
    await services.context.leave_out(conversation.id, conversation.messages[0].id, True)
    assert await services.chat.context_tokens(conversation.id, lane) < 10


async def test_what_cannot_be_summarised_is_refused_and_changes_nothing(
    services: Services, server: LoopbackServer
) -> None:
    conversation = await talked(services, "One")
    last = conversation.messages[1].id
    with pytest.raises(ConfigurationError, match="guide"):
        await services.context.summarise(conversation.id, last, model=GUIDE)
    server.script(replies.data(openai_chat.error_body(None, None, "too much"), 400))
    with pytest.raises(ChatbenchError, match="too much"):
        await services.context.summarise(conversation.id, last, model=MODEL)
    server.script(replies.events(openai_chat.stream([{"content": "Half a"}], "length")))
    with pytest.raises(ConfigurationError, match="cut off"):
        await services.context.summarise(conversation.id, last, model=MODEL)
    with pytest.raises(ConfigurationError):
        await services.context.summarise(conversation.id, "x", model=MODEL)
    for message in conversation.messages:
        await services.context.leave_out(conversation.id, message.id, True)
    with pytest.raises(ConfigurationError, match="nothing"):
        await services.context.summarise(conversation.id, last, model=MODEL)
    with pytest.raises(StorageError):
        await services.context.leave_out(conversation.id, "x", True)
    with pytest.raises(StorageError):
        await services.context.unsummarise(conversation.id, "x")
    assert await services.context.summaries(conversation.id) == ()


async def test_a_summary_that_is_called_off_is_stopped_and_counted(
    services: Services, server: LoopbackServer
) -> None:
    conversation = await talked(services, "One")
    server.pace, server.words = 100, ["word "] * 5_000
    before = await services.usage.since(datetime.fromtimestamp(0, UTC))
    waiting = asyncio.ensure_future(
        services.context.summarise(conversation.id, conversation.messages[1].id, model=MODEL)
    )
    await until(lambda: len(server.asked) == 2, "the request")
    asides = services.context._asides
    (answer,) = asides._running.values()
    await until(answer.parts, "the first word")
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    after = await services.usage.since(datetime.fromtimestamp(0, UTC))
    assert after.calls == before.calls + 1
    assert await services.context.summaries(conversation.id) == ()


async def test_closing_does_not_wait_for_a_summary(services: Services, server: LoopbackServer) -> None:
    conversation = await talked(services, "One")
    server.pace, server.words = 100, ["word "] * 5_000
    waiting = asyncio.ensure_future(
        services.context.summarise(conversation.id, conversation.messages[1].id, model=MODEL)
    )
    await until(lambda: len(server.asked) == 2, "the request")
    await services.context._asides.aclose()
    with pytest.raises(ConfigurationError, match="closing"):
        await waiting
