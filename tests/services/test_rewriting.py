"""Edited and hand-written answers, answers that go on, forks; and that nothing is overwritten."""

from __future__ import annotations

import pytest
from tests.harness.waiting import until
from tests.loopback import openai_chat, replies
from tests.loopback.server import LoopbackServer
from tests.services.conftest import MODEL, SIGHTED, stored, texts
from tests.services.test_attachments import PHOTO

from chatbench.core.changes import Changes
from chatbench.core.conversations import Draft, TreeMessage
from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import ConfigurationError, StorageError
from chatbench.core.messages import TextPart
from chatbench.core.models import ModelInfo, ModelRef
from chatbench.core.params import Parameters
from chatbench.services import Services
from chatbench.services.chat import Turn
from chatbench.services.chat.continuing import joined, last_words, seam

CUT = openai_chat.stream([{"content": "The quick brown"}], "length")


async def said(services: Services, conversation_id: str, text: str) -> Turn:
    turn = await services.chat.send(conversation_id, Draft(text=text))
    await services.chat.wait(turn)
    return turn


async def asked(services: Services, text: str = "Hi", **more: object) -> Turn:
    conversation = await services.chat.new_conversation(MODEL)
    turn = await services.chat.send(conversation.id, Draft(text=text), **more)  # type: ignore[arg-type]
    await services.chat.wait(turn)
    return turn


async def untouched(services: Services, before: tuple[TreeMessage, ...]) -> bool:
    after = await services.history.load(before[0].conversation_id)
    return after.messages[: len(before)] == before


# Edited


async def test_an_edited_answer_stands_beside_the_old_one(
    services: Services, server: LoopbackServer, heard: list[Changes]
) -> None:
    server.thinking = ["Hm."]
    turn = await asked(services)
    before = (await services.history.load(turn.conversation_id)).messages
    heard.clear()
    edited = await services.chat.edit_answer(turn.conversation_id, turn.answers[0].id, "My \ud83dwords")
    assert heard == [Changes(conversations=frozenset({turn.conversation_id}))]
    kept = await stored(services, edited.id)
    assert (kept.text, kept.thinking, kept.edited, kept.state) == ("My ?words", "", True, "done")
    assert kept.parts == edited.parts
    assert (kept.model, kept.turn_id, kept.lane_id) == (MODEL, turn.id, turn.answers[0].message.lane_id)
    assert await untouched(services, before)
    assert await texts(services, turn.conversation_id) == ["Hi", "My ?words"]
    await said(services, turn.conversation_id, "More")
    sent = server.asked[-1].json["messages"]
    assert [message["content"] for message in sent] == ["Hi", "My ?words", "More"]
    assert [hit.message_id for hit in await services.history.search("words")] == [edited.id]


async def test_an_edit_is_free(services: Services) -> None:
    """A person's words cost nothing, and what the answer cost is counted once."""
    turn = await asked(services)
    before = (await services.history.load(turn.conversation_id)).summary
    spent = await services.usage.today()
    await services.chat.edit_answer(turn.conversation_id, turn.answers[0].id, "Mine")
    after = (await services.history.load(turn.conversation_id)).summary
    assert (after.cost, after.cost_complete) == (before.cost, before.cost_complete)
    assert await services.usage.today() == spent
    empty = await services.chat.new_conversation(MODEL)
    await services.chat.write(empty.id, None, "assistant", Draft(text="Mine"))
    assert (await services.history.load(empty.id)).summary.cost_complete


async def test_what_cannot_be_edited_is_named(services: Services, server: LoopbackServer) -> None:
    turn = await asked(services)
    answer = turn.answers[0].id
    with pytest.raises(ConfigurationError, match="not an answer"):
        await services.chat.edit_answer(turn.conversation_id, turn.user_message_id, "x")
    with pytest.raises(ConfigurationError, match="cannot be empty"):
        await services.chat.edit_answer(turn.conversation_id, answer, " \n")
    with pytest.raises(StorageError, match="no such message"):
        await services.chat.edit_answer(turn.conversation_id, "gone", "x")
    with pytest.raises(ConfigurationError, match="no such model"):
        await services.chat.edit_answer(turn.conversation_id, answer, "x", lane_id="gone")
    server.pace, server.words = 200, ["word "] * 5000
    coming = await services.chat.send(turn.conversation_id, Draft(text="More"))
    (live,) = coming.answers
    await until(live.parts, "words")
    with pytest.raises(ConfigurationError, match="still coming in"):
        await services.chat.edit_answer(turn.conversation_id, live.id, "x")
    with pytest.raises(ConfigurationError, match="still coming in"):
        await services.chat.continue_answer(turn.conversation_id, live.id)
    with pytest.raises(ConfigurationError, match="still coming in"):
        await services.chat.fork(turn.conversation_id, live.id)
    lane = live.message.lane_id
    with pytest.raises(ConfigurationError, match="still coming in"):
        await services.chat.write(turn.conversation_id, [lane], "user", Draft(text="x"))
    live.stop()
    await services.chat.wait(coming)
    assert len((await services.history.load(turn.conversation_id)).messages) == 4


# Written


async def test_messages_are_written_without_sending(services: Services, server: LoopbackServer) -> None:
    """A question and an answer by hand, then a question that is answered: all are sent."""
    conversation = await services.chat.new_conversation(MODEL)
    (lane,) = conversation.lanes
    await services.history.save_draft(conversation.id, Draft(text="Say A or B"))
    (question,) = await services.chat.write(conversation.id, [lane.id], "user", Draft(text="Say A or B"))
    loaded = await services.history.load(conversation.id)
    assert loaded.draft == Draft()
    assert (loaded.summary.title, question.edited) == ("Say A or B", False)
    (answer,) = await services.chat.write(conversation.id, [lane.id], "assistant", Draft(text="A"))
    assert (answer.edited, answer.model, answer.role) == (True, None, "assistant")
    assert server.asked == []
    await said(services, conversation.id, "Why?")
    sent = server.asked[-1].json["messages"]
    assert [(m["role"], m["content"]) for m in sent] == [
        ("user", "Say A or B"), ("assistant", "A"), ("user", "Why?"),
    ]  # fmt: skip
    assert await stored(services, answer.id) == answer
    with pytest.raises(ConfigurationError, match="nothing to add"):
        await services.chat.write(conversation.id, [lane.id], "user", Draft())


async def test_a_written_question_is_answered_later(services: Services) -> None:
    conversation = await services.chat.new_conversation(MODEL)
    (question,) = await services.chat.write(conversation.id, None, "user", Draft(text="Later"))
    turn = await services.chat.regenerate(conversation.id, question.id)
    await services.chat.wait(turn)
    assert len(await texts(services, conversation.id)) == 2


async def test_other_words_of_a_question_stand_beside_it_and_nobody_is_asked(
    services: Services, server: LoopbackServer
) -> None:
    turn = await asked(services)
    before = (await services.history.load(turn.conversation_id)).messages
    edit = Draft(text="Better", edits=turn.user_message_id)
    await services.history.save_draft(turn.conversation_id, edit, edit=True)
    await services.history.save_draft(turn.conversation_id, Draft(text="next"))
    (edited,) = await services.chat.edit_question(turn.conversation_id, edit)
    assert len(server.asked) == 1
    loaded = await services.history.load(turn.conversation_id)
    assert (loaded.lanes[0].leaf, loaded.edit, loaded.draft.text) == (edited.id, Draft(), "next")
    assert (edited.parent_id, edited.role, edited.text) == (None, "user", "Better")
    assert await untouched(services, before)
    again = await services.chat.regenerate(turn.conversation_id, edited.id)
    await services.chat.wait(again)
    assert server.asked[-1].json["messages"][0]["content"] == "Better"
    with pytest.raises(ConfigurationError, match="not a question"):
        await services.chat.edit_question(turn.conversation_id, Draft(text="x", edits=turn.answers[0].id))


async def test_nothing_was_asked_before_a_greeting(services: Services) -> None:
    conversation = await services.chat.new_conversation(MODEL)
    lane = conversation.lanes[0].id
    (greeting,) = await services.chat.write(conversation.id, [lane], "assistant", Draft(text="Hello"))
    with pytest.raises(ConfigurationError, match="Nothing was asked"):
        await services.chat.regenerate(conversation.id, greeting.id)


# Continued


async def test_a_cut_off_answer_goes_on(services: Services, server: LoopbackServer) -> None:
    """A sibling that begins with what was there; what the model repeats is cut out."""
    server.script(replies.events(CUT))
    turn = await asked(services, system="Be brief.", parameters=Parameters(max_output_tokens=3))
    old = turn.answers[0]
    assert (await stored(services, old.id)).stop_reason == "max_tokens"
    before = (await services.history.load(turn.conversation_id)).messages
    server.script(replies.events(openai_chat.answer(["The quick ", "brown", " fox", " jumps."])))
    again = await services.chat.continue_answer(turn.conversation_id, old.id)
    assert again.answers[0].parts() == (TextPart(text="The quick brown"),)
    await services.chat.wait(again)
    kept = await stored(services, again.answers[0].id)
    assert (kept.text, kept.state, kept.continues) == ("The quick brown fox jumps.", "done", old.id)
    assert kept.usage is not None
    assert kept.stop_reason == "end"
    assert await untouched(services, before)
    assert await texts(services, turn.conversation_id) == ["Hi", "The quick brown fox jumps."]
    request = server.asked[-1].json
    assert request["max_tokens" if "max_tokens" in request else "max_completion_tokens"] == 3
    system, question, beginning, instruction = request["messages"]
    assert (system["content"], question["content"]) == ("Be brief.", "Hi")
    assert (beginning["role"], beginning["content"]) == ("assistant", "The quick brown")
    assert "\nThe quick brown\n" in instruction["content"]
    shown = await services.inspect.request(kept)
    assert shown is not None
    assert shown.body["messages"] == request["messages"]


async def test_while_it_goes_on_only_new_words_are_added(services: Services, server: LoopbackServer) -> None:
    """No half of the repeated words flickers past, and a checkpoint has the whole."""
    server.script(replies.events(CUT))
    turn = await asked(services)
    words = openai_chat.answer(openai_chat.pieces("The quick brown fox jumps", 3))
    server.script(replies.events(words[:-4], pace=40, end="hang"))
    again = await services.chat.continue_answer(turn.conversation_id, turn.answers[0].id)
    (answer,) = again.answers
    seen: list[str] = []

    def whole() -> bool:
        seen.append("".join(part.text for part in answer.parts() if isinstance(part, TextPart)))
        return "jump" in seen[-1]

    await until(whole, "the new words")
    assert all("The quick brown fox jumps".startswith(text) for text in seen)
    assert seen[0] == "The quick brown"
    assert seen == sorted(seen, key=len)
    services.chat.stop(turn.conversation_id)
    await services.chat.wait(again)
    kept = await stored(services, answer.id)
    assert kept.state == "stopped"
    assert kept.text.startswith("The quick brown fox jump")


async def test_going_on_that_fails_keeps_the_beginning_and_costs_nothing(
    services: Services, server: LoopbackServer
) -> None:
    server.script(replies.events(CUT))
    turn = await asked(services)
    unpriced = (await services.usage.today()).calls
    server.script(replies.data(openai_chat.error_body(None, None, "no"), 400))
    again = await services.chat.continue_answer(turn.conversation_id, turn.answers[0].id)
    await services.chat.wait(again)
    kept = await stored(services, again.answers[0].id)
    assert (kept.state, kept.text) == ("failed", "The quick brown")
    assert (await services.usage.today()).calls == unpriced


@pytest.mark.parametrize(
    ("wire", "model", "thinking_budget", "exact"),
    [
        ("anthropic", "old", False, True),
        ("anthropic", "old", True, False),
        ("anthropic", "new", False, False),
        ("mistral", "any", False, True),
    ],
)
async def test_a_model_that_takes_a_beginning_goes_on_from_it(
    services: Services, server: LoopbackServer, wire: str, model: str, thinking_budget: bool, exact: bool
) -> None:
    rows = (
        ModelInfo(
            ref=ModelRef("w", "old"), thinking="optional", thinking_budget=True, max_output_tokens=9000
        ),
        ModelInfo(ref=ModelRef("w", "new"), thinking="optional"),
    )
    endpoint = Endpoint(id="w", name="W", wire=wire, base_url=server.base_url(wire), auth="none", rows=rows)
    services.endpoints.save(endpoint)
    conversation = await services.chat.new_conversation(ModelRef("w", model))
    server.words = ["The quick  "]
    budget = Parameters(thinking_budget=2000) if thinking_budget else Parameters()
    turn = await services.chat.send(conversation.id, Draft(text="Hi"), parameters=budget)
    await services.chat.wait(turn)
    server.words = [" brown", " fox"]
    again = await services.chat.continue_answer(conversation.id, turn.answers[0].id)
    await services.chat.wait(again)
    sent = server.asked[-1].json["messages"]
    assert (sent[-1]["role"] == "assistant") is exact
    if exact:
        assert again.answers[0].message.text == "The quick brown fox"
        assert "The quick" in str(sent[-1]["content"])
        assert "The quick " not in str(sent[-1]["content"])


async def test_what_cannot_go_on_is_named(services: Services, server: LoopbackServer) -> None:
    server.script(replies.data(openai_chat.error_body(None, None, "no"), 400))
    turn = await asked(services)
    for message_id in (turn.user_message_id, turn.answers[0].id):
        with pytest.raises(ConfigurationError, match="no words"):
            await services.chat.continue_answer(turn.conversation_id, message_id)


@pytest.mark.parametrize(
    ("before", "new", "whole"),
    [
        ("The quick", "The quick brown", "The quick brown"),
        ("The quick", "  The quick brown", "The quick brown"),
        ("The quick \n", "The quick brown", "The quick brown"),
        ("The quick", "The qu", "The quick"),
        ("The quick", "", "The quick"),
        ("develop", "development", "development"),
        ("one two three four", "three four five", "one two three four five"),
        ("The quick", "brown", "The quick brown"),
        ("The quick ", "brown", "The quick brown"),
        ("The quick", ", brown", "The quick, brown"),
        ("敏捷的棕色", "狐狸", "敏捷的棕色狐狸"),
        ("```py\nprint(1)\n", "print(1)\nprint(2)", "```py\nprint(1)\nprint(2)"),
        ("x" * 500 + " the end of it", "the end of it and more", "x" * 500 + " the end of it and more"),
    ],
)
def test_the_seam(before: str, new: str, whole: str) -> None:
    assert "".join(seam(before, new, exact=False)) == whole


def test_an_exact_seam_is_left_as_it_is() -> None:
    assert seam("The quick ", " brown", exact=True) == ("The quick", " brown")
    assert seam("The quick ", "", exact=True) == ("The quick ", "")
    assert seam("develop", "ment", exact=True) == ("develop", "ment")


def test_the_last_words_begin_with_a_word() -> None:
    assert last_words("short \n") == "short"
    tail = last_words("word " * 100)
    assert tail.startswith("word")
    assert len(tail) < 60
    assert last_words("x" * 100) == "x" * 60


def test_parts_that_join() -> None:
    """Thinking stands before the words, citations move with theirs, nobody's signature is kept."""
    from chatbench.core.messages import Citation, ThinkingPart, ToolCallPart

    before = (TextPart(text="The quick", provider_state={"provider": "x"}),)
    new = (
        ThinkingPart(text="Hm", provider_state={"provider": "x"}),
        TextPart(text="The quick brown fox", citations=(Citation(url="u", start=10, end=15),)),
        ToolCallPart(call_id="c", name="n", provider_state={"provider": "x"}),
    )
    thought, words, call = joined(before, new, exact=False)
    assert thought == ThinkingPart(text="Hm")
    assert words == TextPart(text="The quick brown fox", citations=(Citation(url="u", start=10, end=15),))
    assert call is new[2]
    (_, exact, _) = joined(before, new, exact=True)
    assert isinstance(exact, TextPart)
    assert exact.text == "The quickThe quick brown fox"
    assert (exact.citations[0].start, exact.citations[0].end) == (19, 24)
    assert joined(before, (), exact=False) is before
    assert joined(before, new[:1], exact=False) == (thought, TextPart(text="The quick"))


# Forked


async def test_a_fork_has_everything_down_to_the_message(
    services: Services, server: LoopbackServer, heard: list[Changes]
) -> None:
    first = await asked(services, "One", system="Be brief.", parameters=Parameters(seed=1))
    await said(services, first.conversation_id, "Two")
    again = await services.chat.regenerate(first.conversation_id, first.answers[0].id)
    await services.chat.wait(again)
    whole = await services.history.load(first.conversation_id)
    heard.clear()
    fork = await services.chat.fork(first.conversation_id, first.answers[0].id)
    assert heard == [Changes(conversations=frozenset({fork.id}))]
    assert [m.text for m in fork.messages] == ["One", first.answers[0].message.text]
    assert fork == await services.history.load(fork.id)
    assert await services.history.load(first.conversation_id) == whole
    (lane,), (old,) = fork.lanes, whole.lanes
    assert (lane.model, lane.system, lane.parameters) == (old.model, old.system, old.parameters)
    assert lane.leaf == fork.messages[1].id
    assert (fork.summary.title, fork.summary.message_count) == ("One", 2)
    assert (whole.summary.cost_complete, fork.summary.cost_complete) == (False, True)
    assert not {m.id for m in fork.messages} & {m.id for m in whole.messages}
    assert not {m.turn_id for m in fork.messages} & {m.turn_id for m in whole.messages}
    question, answer = fork.messages
    same = ("parts", "usage", "cost", "timings", "state", "created_at", "stop_reason", "model_answered")
    original = next(m for m in whole.messages if m.id == first.answers[0].id)
    assert all(getattr(answer, name) == getattr(original, name) for name in same)
    assert (question.copy_of, answer.copy_of) == (first.user_message_id, original.id)
    await said(services, fork.id, "Three")
    assert [m["content"] for m in server.asked[-1].json["messages"]] == [
        "Be brief.", "One", original.text, "Three",
    ]  # fmt: skip
    named = await services.chat.fork(first.conversation_id, first.user_message_id, title="Another way")
    assert (named.summary.title, len(named.messages)) == ("Another way", 1)


async def test_what_was_asked_before_a_fork_is_counted_once(
    services: Services, server: LoopbackServer
) -> None:
    priced = Endpoint(
        id="openai", name="OpenAI", wire="openai_chat", base_url=server.base_url("openai_chat"), auth="none",
        models=("gpt-4.1",),
    )  # fmt: skip
    services.endpoints.save(priced)
    conversation = await services.chat.new_conversation(ModelRef("openai", "gpt-4.1"))
    turn = await said(services, conversation.id, "Hi")
    cost = (await services.history.load(conversation.id)).summary.cost
    assert cost is not None
    assert cost.amount > 0
    spent = await services.usage.today()
    fork = await services.chat.fork(conversation.id, turn.answers[0].id)
    assert (fork.summary.cost, fork.summary.cost_complete) == (None, True)
    assert fork.messages[1].cost == turn.answers[0].message.cost
    assert await services.usage.today() == spent
    of_fork = await services.usage.of_conversation(fork.id)
    assert (of_fork.calls, of_fork.amount, of_fork.usage.total_tokens) == (0, None, 0)
    await said(services, fork.id, "More")
    assert (await services.usage.of_conversation(fork.id)).calls == 1


async def test_files_of_a_fork_are_kept_while_it_is(services: Services) -> None:
    picture = await services.attachments.attach_bytes(PHOTO, "a.jpg", services.models.info(SIGHTED))
    conversation = await services.chat.new_conversation(SIGHTED)
    turn = await services.chat.send(conversation.id, Draft(text="See", attachments=(picture,)))
    await services.chat.wait(turn)
    fork = await services.chat.fork(conversation.id, turn.user_message_id)
    await services.history.trash(conversation.id)
    store = services.chat._store
    assert await store.purge(-1) == 1
    assert await services.profile._files.remove_unused(older_than_ms=-1) == 0
    assert picture in (await services.history.load(fork.id)).messages[0].parts
