"""Sending, editing, regenerating, stopping; and that nothing that came is ever lost."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import apsw
import msgspec
import pytest
from tests.harness.waiting import PATIENCE_S, until
from tests.loopback import openai_chat, replies
from tests.loopback.certificates import self_signed
from tests.loopback.replies import Reply
from tests.loopback.server import WORDS, LoopbackServer
from tests.services.conftest import MODEL, SIGHTED, Open, loop, stored, texts

from chatbench.core.changes import Changes
from chatbench.core.conversations import Draft
from chatbench.core.errors import ConfigurationError, StorageError
from chatbench.core.models import GUIDE, ModelRef
from chatbench.core.params import Parameters
from chatbench.services import Services
from chatbench.services.chat import Turn
from chatbench.services.context import context
from chatbench.services.notices import Notice
from chatbench.services.turns import title_from

WHOLE = " ".join(WORDS.split() * 3) + " "
OTHER = ModelRef("loop", "other")


async def asked(services: Services, text: str = "Hi", **more: object) -> Turn:
    """A first question, answered."""
    conversation = await services.chat.new_conversation(MODEL)
    turn = await services.chat.send(conversation.id, Draft(text=text), **more)  # type: ignore[arg-type]
    await services.chat.wait(turn)
    return turn


async def begun(services: Services, server: LoopbackServer, words: int = 5000, pace: float = 200) -> Turn:
    """A question whose answer has begun and will take long."""
    server.pace = pace
    server.words = ["word "] * words
    conversation = await services.chat.new_conversation(MODEL)
    turn = await services.chat.send(conversation.id, Draft(text="Hi"))
    await until(lambda: turn.answers[0].parts(), "the first word")
    return turn


async def test_a_new_conversation_asks_the_model_in_use(services: Services) -> None:
    """Nobody has to choose a default to go on with what was used last."""
    first = await services.chat.new_conversation()
    assert first.lanes[0].model == GUIDE
    asked = await services.chat.new_conversation(MODEL)
    await services.chat.wait(await services.chat.send(asked.id, Draft(text="Hello")))
    again = await services.chat.new_conversation()
    assert again.lanes[0].model == MODEL
    services.models.set_default(SIGHTED)
    assert (await services.chat.new_conversation()).lanes[0].model == SIGHTED
    services.models.set_default(None)
    services.endpoints.remove("loop")
    assert (await services.chat.new_conversation()).lanes[0].model == GUIDE


async def test_a_question_is_answered_and_kept(services: Services, heard: list[Changes]) -> None:
    turn = await asked(services, "What is a fox?")
    assert await texts(services, turn.conversation_id) == ["What is a fox?", WHOLE]
    answer = await stored(services, turn.answers[0].id)
    assert answer.state == "done"
    assert answer.model == MODEL
    assert answer.stop_reason == "end"
    assert answer.usage is not None
    assert answer.timings.total_s is not None
    assert answer.attempts == 1
    assert services.chat.live(answer.id) is None
    (summary,) = await services.history.summaries()
    assert summary.title == "What is a fox?"
    assert any(turn.conversation_id in change.conversations and change.usage for change in heard)


async def test_it_is_all_there_tomorrow(opened: Open, server: LoopbackServer) -> None:
    """In a new program on the same profile."""
    async with opened() as services:
        services.endpoints.save(loop(server))
        turn = await asked(services)
    async with opened() as services:
        assert await texts(services, turn.conversation_id) == ["Hi", WHOLE]
        again = await services.chat.send(turn.conversation_id, Draft(text="And then?"))
        await services.chat.wait(again)
        assert len(await texts(services, turn.conversation_id)) == 4
    sent = server.asked[-1].json["messages"]
    assert [message["content"] for message in sent] == ["Hi", WHOLE, "And then?"]


async def test_model_system_and_parameters_hold_from_here_on(
    services: Services, server: LoopbackServer
) -> None:
    turn = await asked(
        services, model=OTHER, system="Be brief.", parameters=Parameters(temperature=0.5, seed=3)
    )
    again = await services.chat.send(turn.conversation_id, Draft(text="More"))
    await services.chat.wait(again)
    for request in server.asked:
        assert request.json["model"] == "other"
        assert request.json["temperature"] == 0.5
        assert request.json["messages"][0] == {"role": "system", "content": "Be brief."}
    answer = await stored(services, again.answers[0].id)
    assert [item.name for item in answer.left_out] == ["seed"]


async def test_an_edit_makes_a_branch(services: Services, server: LoopbackServer) -> None:
    """A sibling of the question, answered without what came after it; both branches stay."""
    first = await asked(services, "One")
    await services.chat.wait(await services.chat.send(first.conversation_id, Draft(text="Two")))
    edit = Draft(text="One, but better", edits=first.user_message_id)
    branch = await services.chat.send(first.conversation_id, edit)
    await services.chat.wait(branch)
    assert [m["content"] for m in server.asked[-1].json["messages"]] == ["One, but better"]
    assert await texts(services, first.conversation_id) == ["One, but better", WHOLE]
    conversation = await services.history.load(first.conversation_id)
    siblings = conversation.siblings(branch.user_message_id)
    assert [m.text for m in siblings] == ["One", "One, but better"]
    assert [m.text for m in conversation.path(conversation.newest_leaf(first.user_message_id))] == [
        "One", WHOLE, "Two", WHOLE,
    ]  # fmt: skip


async def test_regenerating_makes_a_sibling(services: Services, server: LoopbackServer) -> None:
    """The lane stands on the new one; the old one is untouched. Another model may be asked."""
    turn = await asked(services)
    old = turn.answers[0]
    server.words = ["Other ", "words"]
    again = await services.chat.regenerate(turn.conversation_id, old.id, model=OTHER)
    await services.chat.wait(again)
    assert server.asked[-1].json["model"] == "other"
    assert [m["content"] for m in server.asked[-1].json["messages"]] == ["Hi"]
    conversation = await services.history.load(turn.conversation_id)
    assert [m.text for m in conversation.siblings(old.id)] == [WHOLE, "Other words"]
    assert conversation.lanes[0].leaf == again.answers[0].id
    assert conversation.lanes[0].model == MODEL


async def test_a_question_can_be_answered_anew(services: Services) -> None:
    turn = await asked(services)
    again = await services.chat.regenerate(turn.conversation_id, turn.user_message_id)
    await services.chat.wait(again)
    conversation = await services.history.load(turn.conversation_id)
    assert len(conversation.siblings(again.answers[0].id)) == 2


async def test_what_is_not_there_is_named(services: Services) -> None:
    turn = await asked(services)
    with pytest.raises(StorageError, match="no such message"):
        await services.chat.send(turn.conversation_id, Draft(text="x", edits="gone"))
    with pytest.raises(StorageError, match="no such message"):
        await services.chat.regenerate(turn.conversation_id, "gone")
    with pytest.raises(StorageError, match="no such conversation"):
        await services.chat.send("gone", Draft(text="x"))
    assert services.chat.streaming_count == 0


# Stopping and closing


async def test_stopping_keeps_what_came(services: Services, server: LoopbackServer) -> None:
    """The server sees it leave; state, text and time are stored; it is no error."""
    turn = await begun(services, server)
    services.chat.stop(turn.conversation_id)
    await services.chat.wait(turn)
    await asyncio.to_thread(server.wait_for_leaving)
    answer = await stored(services, turn.answers[0].id)
    assert answer.state == "stopped"
    assert answer.error is None
    assert answer.text.startswith("word ")
    assert answer.timings.total_s is not None
    turn.answers[0].stop()
    assert (await stored(services, answer.id)).state == "stopped"


async def test_stopping_at_once_asks_nobody(services: Services, server: LoopbackServer) -> None:
    conversation = await services.chat.new_conversation(MODEL)
    turn = await services.chat.send(conversation.id, Draft(text="Hi"))
    turn.answers[0].stop()
    await services.chat.wait(turn)
    assert (await stored(services, turn.answers[0].id)).state == "stopped"
    assert server.asked == []


async def test_stopping_while_waiting_to_try_again(services: Services, server: LoopbackServer) -> None:
    """While it waits, it says why; stopped then, it is stopped and not failed."""
    server.script(replies.data(openai_chat.error_body(None, None, "slow"), 429, {"retry-after": "100"}))
    conversation = await services.chat.new_conversation(MODEL)
    turn = await services.chat.send(conversation.id, Draft(text="Hi"))
    (answer,) = turn.answers
    await until(lambda: answer.retry_at is not None, "the wait")
    assert answer.waiting_for is not None
    assert answer.waiting_for.kind == "RateLimited"
    assert answer.attempts == 1
    answer.stop()
    await services.chat.wait(turn)
    assert (await stored(services, answer.id)).state == "stopped"
    assert answer.waiting_for is None


async def test_a_wait_can_be_cut_short(services: Services, server: LoopbackServer) -> None:
    server.script(replies.data(openai_chat.error_body(None, None, "slow"), 429, {"retry-after": "100"}))
    conversation = await services.chat.new_conversation(MODEL)
    turn = await services.chat.send(conversation.id, Draft(text="Hi"))
    await until(lambda: turn.answers[0].retry_at is not None, "the wait")
    turn.answers[0].retry_now()
    await services.chat.wait(turn)
    assert turn.answers[0].message.state == "done"
    assert turn.answers[0].message.attempts == 2


async def test_nothing_is_asked_below_an_answer_that_is_coming_in(
    services: Services, server: LoopbackServer
) -> None:
    """An edit is, for it goes its own way."""
    turn = await begun(services, server)
    with pytest.raises(ConfigurationError, match="still coming in"):
        await services.chat.send(turn.conversation_id, Draft(text="More"))
    edit = Draft(text="Ho", edits=turn.user_message_id)
    beside = await services.chat.send(turn.conversation_id, edit)
    services.chat.stop(turn.conversation_id)
    await services.chat.wait(turn)
    await services.chat.wait(beside)
    assert len((await services.history.load(turn.conversation_id)).messages) == 4


async def test_an_answer_whose_process_is_gone_holds_nobody_up(
    services: Services, server: LoopbackServer, opened: Open
) -> None:
    """It is found out on sending, while both had the profile open."""
    turn = await asked(services)
    async with opened() as other:
        left = await other.chat.send(turn.conversation_id, Draft(text="Two"))
        await other.chat.wait(left)
        row = left.answers[0].message
    await services.chat._store._database.write(
        lambda c: c.execute("UPDATE messages SET state = 'streaming', owner = 'gone' WHERE id = ?", (row.id,))
    )
    again = await services.chat.send(turn.conversation_id, Draft(text="Three"))
    await services.chat.wait(again)
    assert (await stored(services, row.id)).state == "interrupted"
    assert len(await texts(services, turn.conversation_id)) == 6


async def test_several_conversations_at_once(services: Services, server: LoopbackServer) -> None:
    """Stopping one leaves the others alone."""
    turns = [await begun(services, server) for _ in range(3)]
    assert services.chat.streaming_count == 3
    services.chat.stop(turns[1].conversation_id)
    await services.chat.wait(turns[1])
    assert services.chat.streaming_count == 2
    assert services.chat.live_in(turns[0].conversation_id) == turns[0].answers
    assert services.chat.live_in(turns[1].conversation_id) == ()
    for turn in (turns[0], turns[2]):
        services.chat.stop(turn.conversation_id)
        await services.chat.wait(turn)


async def test_closing_interrupts_and_keeps(opened: Open, server: LoopbackServer) -> None:
    async with opened() as services:
        services.endpoints.save(loop(server))
        turn = await begun(services, server)
        await services.chat.aclose()
        with pytest.raises(ConfigurationError, match="closing"):
            await services.chat.send(turn.conversation_id, Draft(text="x"))
    async with opened() as services:
        answer = await stored(services, turn.answers[0].id)
        assert answer.state == "interrupted"
        assert answer.text.startswith("word ")


async def test_the_partial_answer_is_written_while_it_comes(
    services: Services, server: LoopbackServer
) -> None:
    """About four times a second: a sudden end loses no more than that."""
    turn = await begun(services, server)
    answer = turn.answers[0]
    seen: list[str] = [(await stored(services, answer.id)).text]
    loop_ = asyncio.get_running_loop()
    began = loop_.time()
    while len(seen) < 5:
        assert loop_.time() < began + PATIENCE_S, seen
        await asyncio.sleep(0.02)
        text = (await stored(services, answer.id)).text
        if text != seen[-1]:
            seen.append(text)
    assert loop_.time() - began > 0.5, "what is busy makes it later, never sooner"
    live = "".join(part.text for part in answer.parts())  # type: ignore[union-attr]
    assert live.startswith(seen[-1])
    services.chat.stop(turn.conversation_id)
    await services.chat.wait(turn)


# Failing


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (replies.data(openai_chat.error_body("invalid_api_key", None, "no"), 401), "Authentication"),
        (replies.data(openai_chat.error_body(None, None, "no"), 402), "QuotaExhausted"),
        (replies.data(openai_chat.error_body(None, None, "no"), 403), "PermissionDenied"),
        (replies.data(openai_chat.error_body(None, None, "no"), 404), "NotFound"),
        (replies.data(openai_chat.error_body(None, None, "no"), 413), "PayloadTooLarge"),
        (replies.data(openai_chat.error_body(None, None, "no"), 422), "BadRequest"),
        (replies.web_page(), "InvalidResponse"),
        (replies.redirect("https://elsewhere.invalid/"), "InvalidResponse"),
        (replies.events([b'data: {"choices": \xff\xfe}\n\n']), "InvalidResponse"),
        (replies.events([b"data: {\n\n"]), "InvalidResponse"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_failure_stands_in_its_message(
    services: Services, server: LoopbackServer, reply: Reply, kind: str
) -> None:
    """`send` does not raise; the question is kept, the error named with what to do."""
    server.script(reply)
    turn = await asked(services, "Kept")
    answer = await stored(services, turn.answers[0].id)
    assert answer.state == "failed"
    assert answer.error is not None
    assert answer.error.kind == kind
    assert answer.error.message
    assert answer.error.hint
    assert (await texts(services, turn.conversation_id))[0] == "Kept"


@pytest.mark.parametrize(("end", "kind"), [("cut", "StreamInterrupted"), ("whole", "StreamInterrupted")])
async def test_a_cut_answer_is_kept_as_interrupted(
    services: Services, server: LoopbackServer, end: replies.End, kind: str
) -> None:
    """Cut off, or ended in good order without saying so: never a silently short answer."""
    server.script(replies.events(openai_chat.answer(["Half ", "an answer"])[:3], end=end))
    turn = await asked(services)
    answer = await stored(services, turn.answers[0].id)
    assert answer.state == "interrupted"
    assert answer.error is not None
    assert answer.error.kind == kind
    assert answer.text == "Half an answer"


@pytest.mark.parametrize(
    ("url", "kind", "said"),
    [
        ("https://nowhere.invalid/v1", "Unreachable", "nowhere.invalid cannot be found."),
        ("http://127.0.0.1:9/v1", "Unreachable", "127.0.0.1 refuses the connection."),
        ("http://[/v1", "Unreachable", "The base URL of Loop is not a web address."),
    ],
)
async def test_an_address_that_leads_nowhere(
    services: Services, server: LoopbackServer, url: str, kind: str, said: str
) -> None:
    services.preferences.replace(max_attempts=1)
    services.chat._client.environment.registry.save(loop(server, base_url=url))
    answer = await stored(services, (await asked(services)).answers[0].id)
    assert answer.error is not None
    assert (answer.state, answer.error.kind, answer.error.message) == ("failed", kind, said)
    assert answer.error.hint


async def test_a_certificate_that_nobody_trusts(
    services: Services, tmp_path: Path, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked once; a user who trusts the certificate gets through."""
    context_, certificate = self_signed(tmp_path)
    with LoopbackServer(tls=context_) as secured:
        services.endpoints.save(loop(secured))
        answer = await stored(services, (await asked(services)).answers[0].id)
        assert answer.error is not None
        assert (answer.error.kind, answer.attempts) == ("UntrustedCertificate", 1)
        assert "SSL_CERT_FILE" in answer.error.hint
        assert secured.asked == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        async with opened() as trusting:
            assert (await asked(trusting)).answers[0].message.text == WHOLE


async def test_an_error_in_the_middle_keeps_what_came(services: Services, server: LoopbackServer) -> None:
    server.script(replies.events(openai_chat.broken("server_error", "out of luck")))
    turn = await asked(services)
    answer = await stored(services, turn.answers[0].id)
    assert (answer.state, answer.text) == ("interrupted", "Some words")


async def test_an_endless_event_ends(services: Services, server: LoopbackServer) -> None:
    """At a cap, with a name; what came before is kept."""
    first = openai_chat.answer(["Some words"])[:2]
    endless = replies.events([*first, b"data: {", b"x" * 65_536], end="endless")
    server.script(endless)
    turn = await asked(services)
    answer = await stored(services, turn.answers[0].id)
    assert (answer.state, answer.text) == ("interrupted", "Some words")
    assert answer.error is not None
    assert "larger than 8 MiB" in answer.error.message


async def test_silence_is_a_timeout(services: Services, server: LoopbackServer) -> None:
    services.preferences.replace(read_timeout_s=0.2, max_attempts=1)
    server.script(Reply(first_byte_s=30))
    turn = await asked(services)
    answer = await stored(services, turn.answers[0].id)
    assert answer.error is not None
    assert (answer.state, answer.error.kind) == ("failed", "Timeout")


async def test_the_number_of_attempts_is_a_setting(services: Services, server: LoopbackServer) -> None:
    services.preferences.replace(max_attempts=2)
    failing = replies.data(openai_chat.error_body(None, None, "no"), 500, {"retry-after-ms": "1"})
    server.script(failing, failing)
    turn = await asked(services)
    assert len(server.asked) == 2
    assert turn.answers[0].message.state == "failed"


async def test_a_full_disk_loses_nothing(services: Services, server: LoopbackServer) -> None:
    """The answer stays in view, a notice offers to save it again, and then it is stored."""
    said: list[Notice] = []
    services.notifier.listen(said.append)
    database = services.chat._store._database
    turn = await begun(services, server, words=100_000, pace=5000)
    await database.write(lambda c: c.execute("PRAGMA max_page_count = 1").fetchone())
    answer = turn.answers[0]
    await until(lambda: len(str(answer.parts())) > 30_000, "more than fits")
    answer.stop()
    await services.chat.wait(turn)
    (notice,) = said
    assert notice.kind == "error"
    assert "No space is left" in notice.text
    assert notice.action == "Save again"
    assert services.chat.live(answer.id) is answer
    assert services.chat.streaming_count == 0
    whole = answer.message.text
    assert len((await stored(services, answer.id)).text) < len(whole)
    await database.write(lambda c: c.execute("PRAGMA max_page_count = 1000000").fetchone())
    assert notice.run is not None
    notice.run()
    await services.chat.wait(turn)
    assert services.chat.live(answer.id) is None
    assert (await stored(services, answer.id)).text == whole


async def test_what_could_not_be_saved_is_tried_once_more_at_the_end(
    opened: Open, server: LoopbackServer
) -> None:
    async with opened() as services:
        services.endpoints.save(loop(server))
        turn = await begun(services, server, words=100_000, pace=5000)
        database = services.chat._store._database
        answer = turn.answers[0]
        await database.write(lambda c: c.execute("PRAGMA max_page_count = 1").fetchone())
        await until(lambda: len(str(answer.parts())) > 30_000, "more than fits")
        answer.stop()
        await services.chat.wait(turn)
        await database.write(lambda c: c.execute("PRAGMA max_page_count = 1000000").fetchone())
    async with opened() as services:
        kept = await stored(services, answer.id)
        assert (kept.state, kept.text) == ("stopped", answer.message.text)


async def test_a_question_that_cannot_be_written_is_not_asked(
    services: Services, server: LoopbackServer
) -> None:
    """The draft is still the composer's."""
    conversation = await services.chat.new_conversation(MODEL)

    def fill(connection: apsw.Connection) -> None:
        connection.execute("PRAGMA max_page_count = 1").fetchone()

    await services.chat._store._database.write(fill)
    with pytest.raises(StorageError, match="No space is left"):
        await services.chat.send(conversation.id, Draft(text="x" * 1_000_000))
    assert server.asked == []
    assert services.chat.streaming_count == 0


@pytest.mark.expects_log("receiving an answer failed")
async def test_a_bug_ends_the_answer_and_is_logged(
    services: Services, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatbench.providers.openai_chat.OpenAIChat.encode", lambda *_: 1 // 0)
    turn = await asked(services)
    answer = await stored(services, turn.answers[0].id)
    assert answer.state == "failed"
    assert answer.error is not None
    assert "Chatbench itself" in answer.error.message


# Large and odd


async def test_five_megabytes_go_through(services: Services, server: LoopbackServer) -> None:
    text = "Zeile mit Ümlauten und 世界\n" * 180_000
    assert len(text.encode()) > 5_000_000
    turn = await asked(services, text)
    assert server.asked[0].json["messages"][0]["content"] == text
    assert (await texts(services, turn.conversation_id))[0] == text


async def test_half_a_surrogate_pair_goes_as_a_question_mark(
    services: Services, server: LoopbackServer
) -> None:
    turn = await asked(services, "broken \ud83d paste", system="\udcff")
    assert turn.answers[0].message.state == "done"
    unwritten = await services.chat.ask(Draft(text="broken \ud83d paste"), model=MODEL, system="\udcff")
    await services.chat.wait(unwritten)
    for asking in server.asked:
        assert [m["content"] for m in asking.json["messages"]] == ["?", "broken ? paste"]
    assert len(server.asked) == 2


async def test_the_guide_answers_without_a_network(services: Services, server: LoopbackServer) -> None:
    conversation = await services.chat.new_conversation()
    assert conversation.lanes[0].model == GUIDE
    turn = await services.chat.send(
        conversation.id, Draft(text="What is Chatbench?"), parameters=Parameters(extra_body={"pace": 0})
    )
    await services.chat.wait(turn)
    answer = await stored(services, turn.answers[0].id)
    assert "not a language model" in answer.text
    assert answer.cost is not None
    assert (answer.cost.amount, answer.cost.source) == (Decimal(0), "free")
    assert server.asked == []


# Without a history


async def test_asking_leaves_no_text_but_what_it_cost(services: Services, server: LoopbackServer) -> None:
    turn = await services.chat.ask(Draft(text="secret question"), model=MODEL)
    await services.chat.wait(turn)
    assert turn.answers[0].message.text == WHOLE
    assert await services.history.summaries() == []
    assert (await services.usage.today()).calls == 1
    assert services.chat.streaming_count == 0
    await services.profile.check()
    files = [path.read_bytes() for path in services.profile.folder.rglob("*") if path.is_file()]
    assert not any(b"secret question" in data or b"quick brown" in data for data in files)


async def test_asking_after_a_conversation_sends_its_branch(
    services: Services, server: LoopbackServer
) -> None:
    first = await asked(services, "One")
    outline = await services.history.outline(first.conversation_id)
    turn = await services.chat.ask(Draft(text="Two"), model=MODEL, after=outline)
    await services.chat.wait(turn)
    assert [m["content"] for m in server.asked[-1].json["messages"]] == ["One", WHOLE, "Two"]
    assert await texts(services, first.conversation_id) == ["One", WHOLE]


# What is sent and what it is called


async def test_an_empty_answer_is_not_sent(services: Services, server: LoopbackServer) -> None:
    server.script(replies.data(openai_chat.error_body(None, None, "no"), 400))
    turn = await asked(services, "One")
    await services.chat.wait(await services.chat.send(turn.conversation_id, Draft(text="Two")))
    path = await services.chat._store.path(turn.conversation_id, turn.answers[0].id)
    assert [message.role for message in context(path)] == ["user"]


async def test_the_context_is_told_exactly_where_it_is_known(services: Services) -> None:
    """By the last answer's own usage; a conversation without one is estimated."""
    turn = await asked(services)
    conversation = await services.history.outline(turn.conversation_id)
    usage = turn.answers[0].message.usage
    assert usage is not None
    (lane,) = conversation.lanes
    assert await services.chat.context_tokens(conversation.id, lane) == usage.total_tokens
    question, answer = conversation.path(lane.leaf)
    assert await services.chat.context_tokens(conversation.id, lane, before=question.id) == 0
    before = await services.chat.context_tokens(conversation.id, lane, before=answer.id)
    assert 0 < before < usage.total_tokens
    empty = await services.chat.new_conversation(MODEL, system="word " * 100)
    assert 80 < await services.chat.context_tokens(empty.id, empty.lanes[0]) < 200


@pytest.mark.parametrize(
    ("draft", "title"),
    [
        (Draft(text="  Why is\n the sky   blue? "), "Why is the sky blue?"),
        (Draft(text="one two three four five six seven eight nine ten eleven, twelve thirteen"),
         "one two three four five six seven eight nine ten eleven…"),
        (Draft(text="x" * 100), "x" * 60 + "…"),
        (Draft(), ""),
    ],
)  # fmt: skip
def test_titles(draft: Draft, title: str) -> None:
    assert title_from(draft) == title


async def test_a_live_answer_is_pulled(services: Services, server: LoopbackServer) -> None:
    """`version` and text grow while it comes; at the end the message itself has it all."""
    turn = await begun(services, server, words=60)
    (answer,) = turn.answers
    versions = [answer.version]
    lengths = [len(str(answer.parts()))]
    while answer.state == "streaming":
        await asyncio.sleep(0.02)
        versions.append(answer.version)
        lengths.append(len(str(answer.parts())))
    assert versions == sorted(versions)
    assert lengths == sorted(lengths)
    assert answer.output_tokens == openai_chat.USAGE["completion_tokens"]
    assert msgspec.structs.replace(answer.message).text == "word " * 60
