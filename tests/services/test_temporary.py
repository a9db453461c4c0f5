"""Chats that leave nothing on the disk, whatever is done with them."""

from __future__ import annotations

import msgspec
import pytest
from tests.loopback import openai_chat, replies
from tests.loopback.server import LoopbackServer
from tests.services.conftest import MODEL, SIGHTED, Open, loop, stored, texts
from tests.services.test_attachments import PHOTO
from tests.services.test_queueing import begun, silence, slowly

from chatbench.core.changes import Changes
from chatbench.core.conversations import Conversation, Draft
from chatbench.core.errors import ConfigurationError, StorageError
from chatbench.core.messages import MediaPart, StoredFile
from chatbench.core.params import Parameters
from chatbench.services import Services

SECRET = "zebra-4711"


async def temporary(services: Services) -> Conversation:
    return await services.chat.new_conversation(MODEL, system=f"system {SECRET}", temporary=True)


async def said(services: Services, conversation_id: str, text: str) -> str:
    """The id of the answer."""
    turn = await services.chat.send(conversation_id, Draft(text=text))
    await services.chat.wait(turn)
    return turn.answers[0].id


def on_disk(services: Services, *needles: bytes) -> list[str]:
    """The files of the profile in which one of these occurs."""
    files = [path for path in services.profile.folder.rglob("*") if path.is_file()]
    assert files
    return [path.name for path in files if any(one in path.read_bytes() for one in needles)]


async def test_nothing_of_it_touches_the_disk(services: Services, server: LoopbackServer) -> None:
    """Everything there is to do with a chat is done with it; then the profile is searched."""
    server.words = [f"zwiebelfisch {SECRET} ", "words"]
    conversation = await temporary(services)
    cid = conversation.id
    assert conversation.summary.temporary
    info = services.models.info(SIGHTED)
    picture = await services.attachments.attach_bytes(PHOTO, f"{SECRET}.jpg", info, conversation_id=cid)
    first = await said(services, cid, f"Hi {SECRET}")
    await services.history.save_draft(cid, Draft(text=f"draft {SECRET}", attachments=(picture,)))
    await services.history.rename(cid, f"title {SECRET}")
    await services.history.pin(cid, True)
    await services.history.mark_read(cid, unread=True)
    lane = await services.lanes.add(cid, model=SIGHTED, parameters=Parameters(user=SECRET))
    turn = await services.chat.send(cid, Draft(text="See", attachments=(picture,)), lanes=[lane.id])
    await services.chat.wait(turn)
    await services.lanes.close(cid, lane.id)
    await services.lanes.reopen(cid, lane.id)
    await services.history.update_lane(cid, lane)
    await services.chat.write(cid, [conversation.lanes[0].id], "user", Draft(text=SECRET))
    edited = await services.chat.edit_answer(cid, first, f"edited {SECRET}")
    await services.chat.wait(await services.chat.continue_answer(cid, edited.id))
    await services.chat.wait(await services.chat.regenerate(cid, first))
    await services.chat.wait(
        await services.chat.merge(
            cid, turn.id, model=MODEL, prompt=f"merge {SECRET}", lane_id=lane.id
        )
    )  # fmt: skip
    await services.chat.wait(await services.chat.ask_with_answer(cid, first, lane.id))
    fork = await services.chat.fork(cid, first)
    assert fork.summary.temporary
    await said(services, fork.id, f"More {SECRET}")
    await services.chat.queue(cid, Draft(text=f"queued {SECRET}"))
    await silence(services, cid, 10)
    await services.history.delete_message(cid, edited.id)
    await services.history.undelete_message(cid, edited.id)
    await services.history.trash(cid)
    await services.history.restore(cid)
    answers = [m for m in (await services.history.load(cid)).messages if m.role == "assistant"]
    assert len(answers) >= 8
    await services.profile.check()
    assert on_disk(services, SECRET.encode(), PHOTO, b"zwiebelfisch") == []
    assert list((services.profile.folder / "files").rglob("*")) == []


async def test_what_it_cost_is_counted(services: Services) -> None:
    conversation = await temporary(services)
    await said(services, conversation.id, "Hi")
    assert (await services.usage.today()).calls == 1
    assert (await services.usage.of_conversation(conversation.id)).calls == 1
    assert (await services.history.load(conversation.id)).summary.message_count == 2


async def test_no_list_and_no_search_shows_it(services: Services) -> None:
    kept = await services.chat.new_conversation(MODEL)
    conversation = await temporary(services)
    await said(services, conversation.id, "findable")
    assert [row.id for row in await services.history.summaries()] == [kept.id]
    assert await services.history.search("findable") == []
    assert await services.history.listed(conversation.id)
    assert not kept.summary.temporary
    assert not (await services.history.load(kept.id)).summary.temporary


async def test_it_works_as_any_other(services: Services, server: LoopbackServer) -> None:
    """Beside a kept one, with messages of both asked for at once."""
    conversation, kept = await temporary(services), await services.chat.new_conversation(MODEL)
    one, other = await said(services, conversation.id, "Hi"), await said(services, kept.id, "Ho")
    found = await services.history.messages([other, "gone", one])
    assert [message.id for message in found] == [other, one]
    for read in (services.history.load, services.history.outline):
        assert (await read(conversation.id)).summary.temporary
    tail = await services.history.tail(conversation.id, 1)
    assert (tail.summary.temporary, len(tail.messages)) == (True, 1)
    assert len(await services.history.extents(conversation.id)) == 2
    assert await services.inspect.request(await stored(services, one)) is not None
    assert "More" not in await services.exchange.text(conversation.id, "json")
    await said(services, conversation.id, "More")
    assert len(server.asked[-1].json["messages"]) == 4
    assert len(await texts(services, conversation.id)) == 4


async def test_its_files_are_sent_and_shown(services: Services, server: LoopbackServer) -> None:
    conversation = await services.chat.new_conversation(SIGHTED, temporary=True)
    info = services.models.info(SIGHTED)
    picture = await services.attachments.attach_bytes(PHOTO, "a.jpg", info, conversation_id=conversation.id)
    turn = await services.chat.send(conversation.id, Draft(text="See", attachments=(picture,)))
    await services.chat.wait(turn)
    assert turn.answers[0].state == "done"
    image, _ = server.asked[-1].json["messages"][-1]["content"]
    assert image["type"] == "image_url"
    assert await services.attachments.original(sha256_of(picture)) == PHOTO
    assert (await services.attachments.thumbnail(sha256_of(picture), 8, 8)).startswith(b"\x89PNG")


def sha256_of(picture: MediaPart) -> str:
    assert isinstance(picture.source, StoredFile)
    return picture.source.sha256


async def test_it_goes_with_the_program(opened: Open, server: LoopbackServer) -> None:
    async with opened() as services:
        services.endpoints.save(loop(server))
        conversation = await temporary(services)
        await said(services, conversation.id, SECRET)
        live = await begun(services, server, slowly("word"))
        assert live.answers[0].state == "streaming"
        coming = await services.chat.send(conversation.id, Draft(text="More"))
        await services.chat.wait(coming)
    async with opened() as services:
        with pytest.raises(StorageError, match="no such conversation"):
            await services.history.load(conversation.id)
        assert not await services.history.listed(conversation.id)
        assert on_disk(services, SECRET.encode()) == []


async def test_it_can_be_forgotten_before(
    services: Services, server: LoopbackServer, heard: list[Changes]
) -> None:
    """While it answers; another temporary chat keeps what it shows."""
    info = services.models.info(SIGHTED)
    conversation, other = await temporary(services), await temporary(services)
    picture = await services.attachments.attach_bytes(PHOTO, "a.jpg", info, conversation_id=other.id)
    for one in (conversation, other):
        await services.history.save_draft(one.id, Draft(text="x", attachments=(picture,)))
    server.script(replies.events(openai_chat.answer(["word"])[:2], end="hang"))
    turn = await services.chat.send(conversation.id, Draft(text="Hi"))
    heard.clear()
    await services.chat.forget(conversation.id)
    await services.chat.wait(turn)
    assert frozenset({conversation.id}) in [change.conversations for change in heard]
    assert services.chat.streaming_count == 0
    with pytest.raises(StorageError, match="no such conversation"):
        await services.history.load(conversation.id)
    assert await services.attachments.original(sha256_of(picture)) == PHOTO
    await services.chat.forget(other.id)
    with pytest.raises(StorageError, match="missing"):
        await services.attachments.original(sha256_of(picture))
    kept = await services.chat.new_conversation(MODEL)
    with pytest.raises(ConfigurationError, match="kept"):
        await services.chat.forget(kept.id)
    assert (await services.history.load(kept.id)).id == kept.id


async def test_it_can_be_kept_after_all(opened: Open, server: LoopbackServer) -> None:
    """With all there is of it: branches, closed lanes, deleted messages, drafts, queue, files, ratings
    and what is left out; the next program has it too."""
    async with opened() as services:
        services.endpoints.save(loop(server))
        conversation = await services.chat.new_conversation(SIGHTED, title="Kept", temporary=True)
        cid = conversation.id
        info = services.models.info(SIGHTED)
        picture = await services.attachments.attach_bytes(PHOTO, "a.jpg", info, conversation_id=cid)
        turn = await services.chat.send(cid, Draft(text="findable", attachments=(picture,)))
        await services.chat.wait(turn)
        answer = turn.answers[0].id
        lane = await services.lanes.add(cid, model=MODEL)
        await services.chat.wait(await services.chat.regenerate(cid, answer))
        await services.lanes.close(cid, lane.id)
        edited = await services.chat.edit_answer(cid, answer, "deleted words")
        await services.history.delete_message(cid, edited.id)
        await services.ratings.rate(answer, "best")
        await services.context.leave_out(cid, answer, True)
        await services.history.save_draft(cid, Draft(text="draft"))
        await services.history.save_draft(cid, Draft(text="edit", edits=turn.user_message_id), edit=True)
        await services.chat.queue(cid, Draft(text="later"), at=0)
        before = await services.history.load(cid)
        spent = await services.usage.of_conversation(cid)
        await services.chat.keep(cid)
        after = await services.history.load(cid)
        assert after == msgspec.structs.replace(
            before, summary=msgspec.structs.replace(before.summary, temporary=False)
        )
        with pytest.raises(ConfigurationError, match="kept"):
            await services.chat.keep(cid)
        assert await services.chat.send_queued(cid)
        await silence(services, cid, len(after.messages) + 2)
    async with opened() as services:
        kept = await services.history.load(cid)
        assert kept.messages[: len(after.messages)] == after.messages
        assert (kept.closed_lanes, kept.draft, kept.edit) == (after.closed_lanes, after.draft, after.edit)
        assert [row.id for row in await services.history.summaries()] == [cid]
        assert {hit.message_id for hit in await services.history.search("findable")} == {turn.user_message_id}
        assert len(await services.history.search("Kept")) == 1
        assert await services.attachments.original(sha256_of(picture)) == PHOTO
        assert (await services.usage.of_conversation(cid)).calls == spent.calls + 1
        assert await services.ratings.of_conversation(cid) == {answer: "best"}
        assert (await services.chat._store.marks(cid)).unsent == {answer}
        await services.history.undelete_message(cid, edited.id)
        assert edited.id in {m.id for m in (await services.history.load(cid)).messages}
        assert await services.profile.check() == []


async def test_keeping_waits_for_no_answer(services: Services, server: LoopbackServer) -> None:
    conversation = await temporary(services)
    server.script(slowly("word"))
    turn = await services.chat.send(conversation.id, Draft(text="Hi"))
    with pytest.raises(ConfigurationError, match="still coming in"):
        await services.chat.keep(conversation.id)
    services.chat.stop(conversation.id)
    await services.chat.wait(turn)


async def test_what_cannot_be_kept_is_temporary_as_before(services: Services) -> None:
    conversation = await temporary(services)
    await said(services, conversation.id, "x" * 1_000_000)
    database = services.chat._store._database
    await database.write(lambda c: c.execute("PRAGMA max_page_count = 1").fetchone())
    with pytest.raises(StorageError, match="No space is left"):
        await services.chat.keep(conversation.id)
    await database.write(lambda c: c.execute("PRAGMA max_page_count = 1000000").fetchone())
    whole = await services.history.load(conversation.id)
    assert (whole.summary.temporary, len(whole.messages)) == (True, 2)
    await services.chat.keep(conversation.id)
    assert [row.id for row in await services.history.summaries()] == [conversation.id]
