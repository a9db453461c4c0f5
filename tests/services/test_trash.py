"""The trash: seen, taken back, deleted for good with its files, and nothing else with it."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from tests.documents import pictures
from tests.harness.waiting import until
from tests.loopback.server import LoopbackServer
from tests.services.conftest import MODEL, SIGHTED, Open, loop, texts

from chatbench.core.changes import Changes
from chatbench.core.conversations import Draft
from chatbench.core.errors import StorageError
from chatbench.core.messages import ImagePart, StoredFile
from chatbench.core.models import ModelRef
from chatbench.services import Services
from chatbench.services.chat import Turn

OTHER = ModelRef("loop", "other")


async def asked(services: Services, text: str, *pictures_: ImagePart, after: str = "") -> Turn:
    conversation_id = after or (await services.chat.new_conversation(SIGHTED, system="Be discreet.")).id
    turn = await services.chat.send(conversation_id, Draft(text=text, attachments=pictures_))
    await services.chat.wait(turn)
    return turn


async def picture(services: Services, width: int) -> ImagePart:
    data = io.BytesIO()
    pictures.corner(width).save(data, "PNG")
    info = services.models.info(SIGHTED)
    part = await services.attachments.attach_bytes(data.getvalue(), f"{width}.png", info)
    assert isinstance(part, ImagePart)
    return part


async def is_there(services: Services, part: ImagePart) -> bool:
    assert isinstance(part.source, StoredFile)
    try:
        await services.attachments.original(part.source.sha256)
    except StorageError:
        return False
    return True


async def test_the_trash_shows_what_was_thrown_away(services: Services) -> None:
    kept, gone, later = [(await asked(services, text)) for text in ("Kept", "Gone", "Later")]
    await services.history.trash(gone.conversation_id)
    await services.history.trash(later.conversation_id)
    await services.history.delete_message(kept.conversation_id, kept.user_message_id)
    await services.history.delete_message(kept.conversation_id, kept.answers[0].id)
    await services.history.delete_message(gone.conversation_id, gone.user_message_id)
    trash = await services.history.trashed()
    assert {one.summary.title for one in trash.conversations} == {"Gone", "Later"}
    assert all(one.trashed_at > 0 for one in trash.conversations)
    answer, question = trash.messages
    assert (question.id, question.title, question.role, question.model) == (
        kept.user_message_id, "Kept", "user", None,
    )  # fmt: skip
    assert question.beginning == "Kept"
    assert (answer.role, answer.model) == ("assistant", SIGHTED)
    assert answer.beginning.startswith("The quick brown fox")
    assert len(answer.beginning) <= 200
    assert answer.deleted_at >= question.deleted_at > 0


async def test_what_is_taken_back_is_as_it_was(services: Services) -> None:
    turn = await asked(services, "Words")
    await services.history.delete_message(turn.conversation_id, turn.user_message_id)
    await services.history.undelete_message(turn.conversation_id, turn.user_message_id)
    await services.history.trash(turn.conversation_id)
    await services.history.restore(turn.conversation_id)
    trash = await services.history.trashed()
    assert (trash.conversations, trash.messages) == ((), ())
    assert (await texts(services, turn.conversation_id))[0] == "Words"


async def test_emptied_it_leaves_nothing_but_what_was_paid(services: Services, heard: list[Changes]) -> None:
    kept = await asked(services, "Kept question")
    gone = await asked(services, "Secret question")
    await services.history.trash(gone.conversation_id)
    await services.history.delete_message(kept.conversation_id, kept.answers[0].id)
    spent = await services.usage.since(datetime.fromtimestamp(0, UTC))
    used = await services.usage.of_conversation(kept.conversation_id)
    heard.clear()
    assert await services.history.empty_trash() == 2
    assert heard[-1].conversations == {kept.conversation_id, gone.conversation_id}
    trash = await services.history.trashed()
    assert (trash.conversations, trash.messages) == ((), ())
    with pytest.raises(StorageError):
        await services.history.load(gone.conversation_id)
    await services.history.undelete_message(kept.conversation_id, kept.answers[0].id)
    assert await texts(services, kept.conversation_id) == ["Kept question"]
    database = services.chat._store._database
    words = await database.read(
        lambda c: c.execute("SELECT group_concat(parts || details) FROM contents").fetchone()
    )
    assert "fox" not in str(words)
    assert "discreet" not in str(words)
    indexed = "SELECT count(*) FROM message_search WHERE message_search MATCH 'fox'"
    assert await database.read(lambda c: c.execute(indexed).fetchone()) == (0,)
    assert "Secret" not in str(words)
    assert await services.history.search("fox") == []
    assert await services.usage.since(datetime.fromtimestamp(0, UTC)) == spent
    assert (await services.usage.of_conversation(kept.conversation_id)).usage == used.usage
    assert await services.history.empty_trash() == 0
    assert await services.profile.check() == []


async def test_no_word_of_it_is_left_in_the_database_s_file(opened: Open, server: LoopbackServer) -> None:
    async with opened() as services:
        services.endpoints.save(loop(server))
        begun = await asked(services, "Kept")
        kept = await asked(services, "Xylophonist", after=begun.conversation_id)
        gone = await asked(services, "Zymurgical question of the Quetzalcoatlus")
        await services.history.delete_message(kept.conversation_id, kept.user_message_id)
        await services.history.trash(gone.conversation_id)
        folder = services.profile.folder

    def left() -> set[bytes]:
        told = b"".join(path.read_bytes().lower() for path in folder.glob("chatbench.db*"))
        return {word for word in (b"xylophonist", b"zymurgical", b"quetzalcoatlus") if word in told}

    assert len(left()) == 3
    async with opened() as services:
        await services.history.empty_trash()
        assert await services.profile.check() == []
        assert len(await services.history.search("fox")) == 2
    assert left() == set()


async def test_below_a_message_that_is_deleted_for_good_the_branch_goes_on(
    services: Services, server: LoopbackServer
) -> None:
    first = await asked(services, "One")
    second = await asked(services, "Two", after=first.conversation_id)
    await services.history.delete_message(first.conversation_id, first.answers[0].id)
    await services.history.delete_for_good(messages=[first.answers[0].id])
    assert (await texts(services, first.conversation_id))[:2] == ["One", "Two"]
    await asked(services, "Three", after=first.conversation_id)
    assert [m["content"] for m in server.asked[-1].json["messages"]][1:3] == ["One", "Two"]
    assert (await services.history.load(first.conversation_id)).messages[1].id == second.user_message_id


async def test_only_what_is_in_the_trash_is_deleted_for_good(services: Services) -> None:
    kept, gone = await asked(services, "Kept"), await asked(services, "Gone")
    await services.history.trash(gone.conversation_id)
    await services.history.delete_for_good(
        conversations=[kept.conversation_id, gone.conversation_id, "x"], messages=[kept.user_message_id, "y"]
    )
    assert (await texts(services, kept.conversation_id))[0] == "Kept"
    assert [one.id for one in await services.history.summaries()] == [kept.conversation_id]


async def test_files_go_that_nothing_else_shows(services: Services) -> None:
    shared, own, single, drafted, attached = [await picture(services, 20 + at) for at in range(5)]
    kept = await asked(services, "Kept", shared)
    gone = await asked(services, "Gone", shared, own, drafted)
    part = await asked(services, "Part", single)
    await services.history.save_draft(kept.conversation_id, Draft(attachments=(drafted,)))
    unsent = Draft(text="not yet", attachments=(await picture(services, 40),))
    await services.history.save_draft(gone.conversation_id, unsent)
    await services.history.trash(gone.conversation_id)
    await services.history.delete_message(part.conversation_id, part.user_message_id)
    assert await is_there(services, own)
    await services.history.empty_trash()
    assert await is_there(services, shared)
    assert await is_there(services, drafted)
    assert await is_there(services, attached)
    assert not await is_there(services, own)
    assert not await is_there(services, single)
    (part_of_draft,) = unsent.attachments
    assert isinstance(part_of_draft, ImagePart)
    assert not await is_there(services, part_of_draft)


async def test_an_answer_still_coming_in_is_left_until_it_is_over(
    services: Services, server: LoopbackServer
) -> None:
    server.pace, server.words = 200, ["word "] * 5000
    conversation = await services.chat.new_conversation(MODEL)
    turn = await services.chat.send(conversation.id, Draft(text="Hi"))
    await until(lambda: turn.answers[0].parts(), "the first word")
    await services.history.delete_message(conversation.id, turn.answers[0].id)
    assert await services.history.empty_trash() == 0
    services.chat.stop(conversation.id)
    await services.chat.wait(turn)
    assert await services.history.empty_trash() == 1


async def test_the_leaderboard_outlives_what_was_rated(services: Services) -> None:
    conversation = await services.chat.new_conversation(MODEL)
    await services.lanes.add(conversation.id, model=OTHER)
    turn = await services.chat.send(conversation.id, Draft(text="Why?"))
    await services.chat.wait(turn)
    await services.ratings.rate(turn.answers[1].id, "best")
    before = await services.ratings.leaderboard()
    await services.history.trash(conversation.id)
    await services.history.empty_trash()
    assert await services.ratings.leaderboard() == before
    assert before[0].model == OTHER


async def test_a_summary_stays_where_its_last_message_is_deleted(
    services: Services, server: LoopbackServer
) -> None:
    first = await asked(services, "One")
    await asked(services, "Two", after=first.conversation_id)
    await services.context.summarise(first.conversation_id, first.answers[0].id, model=MODEL)
    await services.history.delete_message(first.conversation_id, first.answers[0].id)
    await asked(services, "Three", after=first.conversation_id)
    contents = [m["content"] for m in server.asked[-1].json["messages"]]
    assert contents[1].startswith("[Summary of the conversation so far]")
    assert "One" not in contents
    await services.history.empty_trash()
    (only,) = (await services.context.marks(first.conversation_id)).summaries
    assert only == first.user_message_id


async def test_after_a_month_it_empties_itself(services: Services) -> None:
    kept, old, new = [await asked(services, text) for text in ("Kept", "Old", "New")]
    database = services.chat._store._database
    for turn in (old, new):
        await services.history.trash(turn.conversation_id)
    await services.history.delete_message(kept.conversation_id, kept.user_message_id)
    month_ago = datetime.now(UTC).timestamp() * 1000 - 31 * 86_400_000
    await database.write(
        lambda c: c.execute(
            "UPDATE conversations SET trashed_at = ? WHERE id = ?", (int(month_ago), old.conversation_id)
        )
    )
    await services.profile.tidy()
    trash = await services.history.trashed()
    assert [one.summary.title for one in trash.conversations] == ["New"]
    assert [one.id for one in trash.messages] == [kept.user_message_id]
    await database.write(
        lambda c: c.execute("UPDATE messages SET deleted_at = ? WHERE deleted_at > 0", (int(month_ago),))
    )
    await services.profile.tidy()
    assert (await services.history.trashed()).messages == ()
