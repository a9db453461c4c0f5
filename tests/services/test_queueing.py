"""Messages that wait for the answers before them."""

from __future__ import annotations

import asyncio
import threading

import msgspec
import pytest
from tests.harness.waiting import PATIENCE_S, until
from tests.loopback import openai_chat, replies
from tests.loopback.replies import Reply
from tests.loopback.server import LoopbackServer
from tests.services.conftest import MODEL, SIGHTED, Open, loop
from tests.services.test_attachments import PHOTO
from tests.services.test_lanes import beside

from chatbench.core.changes import Changes
from chatbench.core.conversations import Draft
from chatbench.core.errors import ConfigurationError, StorageError
from chatbench.core.models import ModelRef
from chatbench.services import Services
from chatbench.services.chat import Turn
from chatbench.services.notices import Notice

A, B = ModelRef("loop", "a"), ModelRef("loop", "b")
NO = replies.data(openai_chat.error_body(None, None, "no"), 400)


def saying(word: str) -> Reply:
    return replies.events(openai_chat.answer([word]))


def slowly(word: str) -> Reply:
    """Says the word and then nothing until it is stopped."""
    return replies.events(openai_chat.answer([word])[:2], end="hang")


class Held:
    """An answer that begins, and goes on when it is let."""

    def __init__(self, word: str) -> None:
        self._gate = threading.Event()
        self.reply = replies.events(openai_chat.answer([word, " "] * 5), gate=self._gate)
        self.let_go = self._gate.set


def paced(word: str) -> Reply:
    return replies.events(openai_chat.answer([word, " "] * 5), pace=100)


async def begun(services: Services, server: LoopbackServer, reply: Reply) -> Turn:
    server.script(reply)
    conversation = await services.chat.new_conversation(MODEL)
    turn = await services.chat.send(conversation.id, Draft(text="One"))
    await until(turn.answers[0].parts, "the first word")
    return turn


async def silence(services: Services, conversation_id: str, length: int) -> list[str]:
    """The branch once it has so many messages and all of them are whole."""
    conversation = await services.history.load(conversation_id)
    end = asyncio.get_running_loop().time() + PATIENCE_S
    while conversation.summary.streaming or len(conversation.messages) < length:
        assert asyncio.get_running_loop().time() < end, f"waited for {length} messages: {conversation}"
        await asyncio.sleep(0.01)
        conversation = await services.history.load(conversation_id)
    return [message.text for message in conversation.path(conversation.lanes[0].leaf)]


def questions(server: LoopbackServer) -> list[str]:
    """The last question of every request."""
    return [asked.json["messages"][-1]["content"] for asked in server.asked]


async def test_messages_are_sent_one_after_another(
    services: Services, server: LoopbackServer, heard: list[Changes]
) -> None:
    held = Held("first")
    turn = await begun(services, server, held.reply)
    server.script(paced("second"), saying("third"))
    cid = turn.conversation_id
    await services.history.save_draft(cid, Draft(text="Two"))
    heard.clear()
    await services.chat.queue(cid, Draft(text="Two"))
    assert heard == [Changes(conversations=frozenset({cid}))]
    await services.chat.queue(cid, Draft(text="Three"))
    assert await services.chat.queued(cid) == (Draft(text="Two"), Draft(text="Three"))
    waiting = await services.history.tail(cid, 5)
    assert waiting.queued == (Draft(text="Two"), Draft(text="Three"))
    assert waiting.draft == Draft()
    assert questions(server) == ["One"]
    await services.history.save_draft(cid, Draft(text="not yet"))
    held.let_go()
    words = await silence(services, cid, 6)
    assert words == ["One", "first " * 5, "Two", "second " * 5, "Three", "third"]
    assert questions(server) == ["One", "Two", "Three"]
    assert [len(asked.json["messages"]) for asked in server.asked] == [1, 3, 5]
    after = await services.history.load(cid)
    assert (after.queued, after.draft) == ((), Draft(text="not yet"))


async def test_after_a_stop_they_wait_until_asked_for(services: Services, server: LoopbackServer) -> None:
    turn = await begun(services, server, slowly("first"))
    cid = turn.conversation_id
    for word in ("Two", "Three"):
        await services.chat.queue(cid, Draft(text=word))
    with pytest.raises(StorageError, match="still coming in"):
        await services.chat.send_queued(cid)
    services.chat.stop(cid)
    await services.chat.wait(turn)
    assert [draft.text for draft in await services.chat.queued(cid)] == ["Two", "Three"]
    assert questions(server) == ["One"]
    server.script(saying("second"), saying("third"))
    sent = await services.chat.send_queued(cid)
    assert sent is not None
    assert (await silence(services, cid, 6))[2:] == ["Two", "second", "Three", "third"]
    assert await services.chat.send_queued(cid) is None


async def test_after_a_failure_they_wait_until_it_is_mended(
    services: Services, server: LoopbackServer
) -> None:
    held = Held("first")
    turn = await begun(services, server, held.reply)
    cid = turn.conversation_id
    server.script(NO)
    await services.chat.queue(cid, Draft(text="Two"))
    await services.chat.queue(cid, Draft(text="Three"))
    held.let_go()
    await silence(services, cid, 4)
    assert [draft.text for draft in await services.chat.queued(cid)] == ["Three"]
    failed = (await services.history.load(cid)).lanes[0].leaf
    server.script(saying("second"), saying("third"))
    await services.chat.regenerate(cid, failed or "")
    assert (await silence(services, cid, 6))[2:] == ["Two", "second", "Three", "third"]


async def test_they_wait_for_every_lane(services: Services, server: LoopbackServer) -> None:
    """For the slowest, and where one fails for good; a lane left out of the turn holds nothing."""
    server.told = {"a": saying("a"), "b": slowly("b")}
    conversation = await beside(services, A, B)
    cid, (first, second) = conversation.id, conversation.lanes
    turn = await services.chat.send(cid, Draft(text="One"))
    await services.chat.queue(cid, Draft(text="Two"))
    await until(lambda: turn.answers[0].state == "done" and turn.answers[1].parts(), "one end")
    assert len(await services.chat.queued(cid)) == 1
    services.chat.stop(cid)
    await services.chat.wait(turn)
    assert len(await services.chat.queued(cid)) == 1
    server.told["b"] = saying("b")
    alone = await services.chat.send(cid, Draft(text="One and a half"), lanes=[first.id])
    await services.chat.wait(alone)
    await silence(services, cid, 9)
    assert len(server.asked) == 5
    assert await services.chat.queued(cid) == ()
    whole = await services.history.load(cid)
    assert [m.text for m in whole.path(whole.lanes[1].leaf)][2:] == ["Two", "b"]
    assert whole.lanes[1].id == second.id


async def test_a_message_that_need_not_wait_is_sent(services: Services) -> None:
    conversation = await services.chat.new_conversation(MODEL)
    await services.chat.queue(conversation.id, Draft(text="Now"))
    assert (await silence(services, conversation.id, 2))[0] == "Now"
    assert (await services.history.load(conversation.id)).summary.title == "Now"


async def test_what_is_put_back_is_not_sent_for_that(services: Services, server: LoopbackServer) -> None:
    conversation = await services.chat.new_conversation(MODEL)
    await services.chat.queue(conversation.id, Draft(text="Two"), at=0)
    await services.chat.queue(conversation.id, Draft(text="One"), at=0)
    assert server.asked == []
    assert [d.text for d in await services.chat.queued(conversation.id)] == ["One", "Two"]
    await services.chat.send_queued(conversation.id)
    await silence(services, conversation.id, 4)
    assert questions(server) == ["One", "Two"]


async def test_taken_back_and_put_back(services: Services, server: LoopbackServer) -> None:
    turn = await begun(services, server, slowly("first"))
    cid = turn.conversation_id
    for word in ("Two", "Three", "Four"):
        await services.chat.queue(cid, Draft(text=word))
    await services.history.save_draft(cid, Draft(text="composer"))
    assert await services.chat.unqueue(cid, 1) == Draft(text="Three")
    assert [d.text for d in await services.chat.queued(cid)] == ["Two", "Four"]
    await services.chat.queue(cid, Draft(text="Three"), at=1)
    assert [d.text for d in await services.chat.queued(cid)] == ["Two", "Three", "Four"]
    assert (await services.history.load(cid)).draft == Draft(text="composer")
    for index in (3, -1):
        with pytest.raises(StorageError, match="no longer waiting"):
            await services.chat.unqueue(cid, index)
    with pytest.raises(ConfigurationError, match="nothing to send"):
        await services.chat.queue(cid, Draft(text=" "))
    with pytest.raises(StorageError, match="no such conversation"):
        await services.chat.queue("gone", Draft(text="x"))
    services.chat.stop(cid)
    await services.chat.wait(turn)


async def test_they_survive_a_restart_and_wait_to_be_sent(opened: Open, server: LoopbackServer) -> None:
    async with opened() as services:
        services.endpoints.save(loop(server))
        turn = await begun(services, server, slowly("first"))
        cid = turn.conversation_id
        picture = await services.attachments.attach_bytes(PHOTO, "a.jpg", services.models.info(SIGHTED))
        await services.chat.queue(cid, Draft(text="Two", attachments=(picture,)))
    async with opened() as services:
        await services.profile._files.remove_unused(older_than_ms=-1)
        assert await services.attachments.original(picture.source.sha256)  # type: ignore[union-attr]
        (waiting,) = await services.chat.queued(cid)
        assert waiting == Draft(text="Two", attachments=(picture,))
        assert services.chat.streaming_count == 0
        (lane,) = (await services.history.load(cid)).lanes
        await services.history.update_lane(cid, msgspec.structs.replace(lane, model=SIGHTED))
        await services.chat.send_queued(cid)
        assert len(await silence(services, cid, 4)) == 4


async def test_one_of_two_processes_sends_each(opened: Open, server: LoopbackServer) -> None:
    said: list[Notice] = []
    async with opened() as one, opened() as two:
        for services in (one, two):
            services.notifier.listen(said.append)
            services.endpoints.save(loop(server))
        conversation = await one.chat.new_conversation(MODEL)
        await one.chat.send(conversation.id, Draft(text="One"))
        await one.chat.queue(conversation.id, Draft(text="Two"))
        more = {f"{name} {n}": service for n in range(3) for name, service in (("1", one), ("2", two))}
        await asyncio.gather(
            *(service.chat.queue(conversation.id, Draft(text=text)) for text, service in more.items())
        )
        assert len(await silence(two, conversation.id, 16)) == 16
    assert said == []
    assert sorted(questions(server)) == sorted(["One", "Two", *more])
    assert [len(asked.json["messages"]) for asked in server.asked] == list(range(1, 16, 2))


async def test_a_conversation_in_the_trash_sends_nothing(services: Services, server: LoopbackServer) -> None:
    held = Held("first")
    turn = await begun(services, server, held.reply)
    await services.chat.queue(turn.conversation_id, Draft(text="Two"))
    await services.history.trash(turn.conversation_id)
    held.let_go()
    await services.chat.wait(turn)
    assert questions(server) == ["One"]
    await services.history.restore(turn.conversation_id)
    assert len(await services.chat.queued(turn.conversation_id)) == 1


async def test_a_queue_that_cannot_go_on_says_why(services: Services, server: LoopbackServer) -> None:
    said: list[Notice] = []
    services.notifier.listen(said.append)
    held = Held("first")
    turn = await begun(services, server, held.reply)
    await services.chat.queue(turn.conversation_id, Draft(text="Two", edits="gone"))
    held.let_go()
    await services.chat.wait(turn)
    assert [notice.text for notice in said] == ["There is no such message in this conversation."]
    assert len(await services.chat.queued(turn.conversation_id)) == 1


async def test_who_comes_second_leaves_it(opened: Open, server: LoopbackServer) -> None:
    """Two processes that find the same message at the same moment, again and again."""
    async with opened() as one, opened() as two:
        for services in (one, two):
            services.endpoints.save(loop(server))
        conversation = await one.chat.new_conversation(MODEL)
        for round_ in range(1, 11):
            await one.chat._store.let_wait(conversation.id, Draft(text=f"{round_}"))
            await asyncio.gather(*(services.chat._advance(conversation.id) for services in (one, two)))
            assert await one.chat.queued(conversation.id) == ()
            await silence(one, conversation.id, 2 * round_)
    assert questions(server) == [f"{round_}" for round_ in range(1, 11)]
