"""The conversation tree as it is written and read back."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from tests.storage import samples

from chatbench.core.conversations import Draft, Lane, TreeMessage
from chatbench.core.errors import BadRequest, StorageError
from chatbench.core.messages import (
    Citation,
    FilePart,
    ImagePart,
    StoredFile,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
    UnknownPart,
)
from chatbench.core.models import ModelRef
from chatbench.core.params import LeftOut, Parameters
from chatbench.core.usage import Cost, CostLine, Rates, Timings, Usage
from chatbench.storage.conversations import ConversationStore, Extent, Spent
from chatbench.storage.database import Database
from chatbench.storage.owners import Owner
from chatbench.storage.profile import Profile

OTHER = ModelRef("openrouter", "vendor/other")


def everything(answer: TreeMessage) -> TreeMessage:
    """An answer with every field set."""
    return msgspec.structs.replace(
        answer,
        state="stopped",
        parts=(
            ThinkingPart(
                text="hm", seconds=1.5, provider_state={"provider": "anthropic", "signature": "c2ln"}
            ),
            TextPart(text="Zürich 苏黎世 🧪", citations=(Citation(url="https://a.example", start=0, end=3),)),
            ToolCallPart(call_id="c1", name="look", arguments='{"a": 1'),
            ToolResultPart(call_id="c1", parts=(TextPart(text="found"),), is_error=True),
            UnknownPart(kind="new", data={"deep": [1, None, "x"]}),
        ),
        model_answered="claude-opus-5-5-20261101",
        system="Be brief.",
        parameters=Parameters(temperature=0.5, stop=("a", "b"), extra_body={"x": [1]}),
        left_out=(LeftOut("seed", "not taken"),),
        stop_reason="cancelled",
        stop_detail="user",
        response_id="msg_1",
        usage=Usage(input_tokens=100, output_tokens=20, cache_read_tokens=40, provider_cost=Decimal("0.1")),
        cost=Cost(
            amount=Decimal("0.298000000001"),
            rates=Rates(input=Decimal(4)),
            prices_of="2026-11-01",
            lines=(CostLine(what="input", count=100, amount=Decimal("0.2")),),
        ),
        timings=Timings(first_token_s=0.5, total_s=2.0),
        attempts=2,
        error=BadRequest("no", "do", status=400, raw="{}").report(),
        finished_at=answer.created_at + 5,
    )


async def test_a_turn_is_read_back_as_it_was_written(store: ConversationStore) -> None:
    lane = Lane(id="lane", model=samples.MODEL, system="s", parameters=Parameters(top_p=0.5))
    conversation = await store.create("Title", lane)
    assert await store.load(conversation.id) == conversation
    asked = samples.question(conversation.id, "Why?")
    answer = samples.empty_answer(asked, lane_id=lane.id)
    moved = msgspec.structs.replace(lane, leaf=answer.id, model=OTHER)
    await store.begin_turn(conversation.id, [asked], [answer], [moved])
    begun = await store.load(conversation.id)
    assert begun.messages == (asked, answer)
    assert begun.lanes == (moved,)
    assert begun.summary.streaming

    done = everything(answer)
    await store.finish(done)
    loaded = await store.load(conversation.id)
    assert loaded.messages == (asked, done)
    assert await store.messages([done.id, "unknown", asked.id]) == [done, asked]
    assert await store.path(conversation.id, done.id) == (asked, done)
    summary = loaded.summary
    assert (summary.streaming, summary.failed, summary.message_count) == (False, False, 2)
    assert summary.models == (samples.MODEL,)
    assert summary.cost == Cost(amount=Decimal("0.298000000001"))
    assert await store.summaries() == [summary]


async def test_the_outline_has_the_tree_without_the_words(store: ConversationStore) -> None:
    conversation = await store.create("", samples.lane())
    first = await samples.exchange(store, conversation, "one\ntwo", "three", cost="1")
    await samples.exchange(store, conversation, "four", "five", first.id)
    whole, outline = await store.load(conversation.id), await store.outline(conversation.id)
    assert outline.summary == whole.summary
    assert outline.lanes == whole.lanes
    assert [m.parts for m in outline.messages] == [()] * 4
    for name in ("id", "parent_id", "turn_id", "role", "state", "lane_id", "position", "model", "created_at",
                 "finished_at", "conversation_id"):  # fmt: skip
        assert [getattr(m, name) for m in outline.messages] == [getattr(m, name) for m in whole.messages]
    extents = await store.extents(conversation.id)
    assert extents[whole.messages[0].id] == Extent(7, 2, 0)
    assert extents[first.id] == Extent(5, 1, 0)


async def test_a_branch_is_read_from_its_end(store: ConversationStore) -> None:
    conversation = await store.create("", samples.lane())
    parent, ids = None, []
    for number in range(30):
        answer = await samples.exchange(store, conversation, f"q{number}", f"a{number}", parent)
        parent = answer.id
        ids.append(answer.id)
    assert [m.text for m in await store.path(conversation.id, parent, 3)] == ["a28", "q29", "a29"]
    assert len(await store.path(conversation.id, parent)) == 60
    assert [m.text for m in await store.path(conversation.id, ids[0])] == ["q0", "a0"]
    assert await store.path(conversation.id, None) == ()
    tail = await store.tail(conversation.id, 4)
    assert [m.text for m in tail.path(tail.lanes[0].leaf)] == ["q28", "a28", "q29", "a29"]
    assert len(tail.messages) == 4
    whole = await store.load(conversation.id)
    assert (tail.summary, tail.lanes, tail.draft) == (whole.summary, whole.lanes, whole.draft)
    assert await store.path("another", parent) == ()


async def test_siblings_are_ordered_whatever_they_said(store: ConversationStore) -> None:
    conversation = await store.create("", samples.lane())
    asked = samples.question(conversation.id, "q")
    lanes = [samples.empty_answer(asked, model) for model in (samples.MODEL, OTHER)]
    await store.begin_turn(conversation.id, [asked], lanes, [])
    again = samples.empty_answer(asked)
    await store.begin_turn(conversation.id, [], [again], [])
    edited = samples.question(conversation.id, "another q")
    await store.begin_turn(conversation.id, [edited], [], [])
    tree = await store.outline(conversation.id)
    assert [(m.id, m.position) for m in tree.siblings(again.id)] == [
        (lanes[0].id, 0), (lanes[1].id, 1), (again.id, 2),
    ]  # fmt: skip
    assert [m.id for m in tree.siblings(asked.id)] == [asked.id, edited.id]
    assert tree.summary.models == (samples.MODEL, OTHER)
    assert tree.summary.message_count == 5


async def test_a_turn_in_a_conversation_that_is_gone_leaves_nothing(store: ConversationStore) -> None:
    asked = samples.question("nowhere", "q")
    with pytest.raises(StorageError, match="no such conversation"):
        await store.begin_turn("nowhere", [asked], [], [])
    for ask in (store.load("nowhere"), store.outline("nowhere"), store.tail("nowhere", 5)):
        with pytest.raises(StorageError, match="no such conversation"):
            await ask
    assert await store.messages([asked.id]) == []
    assert await store.summary("nowhere") is None


async def test_checkpoints_end_with_the_answer(store: ConversationStore, database: Database) -> None:
    conversation = await store.create("", samples.lane())
    answer = await samples.ask(store, conversation, "q")
    await store.checkpoint(answer.id, (TextPart(text="half"),))
    assert (await store.messages([answer.id]))[0].text == "half"
    await store.finish(samples.ended(answer, "whole"))
    await store.checkpoint(answer.id, (TextPart(text="late"),))
    assert (await store.messages([answer.id]))[0].text == "whole"


async def test_only_answers_of_the_dead_are_interrupted(
    store: ConversationStore, database: Database, profile: Profile
) -> None:
    conversation = await store.create("", samples.lane())
    mine = await samples.ask(store, conversation, "mine")
    dead = Owner(profile.folder / "owners")
    theirs = await samples.ask(ConversationStore(database, dead), conversation, "theirs", mine.id)
    await ConversationStore(database, dead).checkpoint(theirs.id, (TextPart(text="as far as it came"),))
    assert await store.interrupt_orphans() == []
    dead.close()
    (left,) = await store.interrupt_orphans()
    assert (left.id, left.state, left.text) == (theirs.id, "interrupted", "as far as it came")
    assert left.finished_at is not None
    assert await store.messages([theirs.id]) == [left]
    assert [hit.message_id for hit in await store.search("far as it")] == [theirs.id]
    assert (await store.messages([mine.id]))[0].state == "streaming"
    assert await store.spent(0) == Spent(amount=Decimal(0), complete=False, calls=1)


async def test_costs_add_up_exactly_and_unknown_is_not_nothing(store: ConversationStore) -> None:
    conversation = await store.create("", samples.lane())
    summary = await store.summary(conversation.id)
    assert summary is not None
    assert (summary.cost, summary.cost_complete) == (None, True)

    unknown = await samples.exchange(store, conversation, "q", "no price", cost=None)
    summary = await store.summary(conversation.id)
    assert summary is not None
    assert (summary.cost, summary.cost_complete) == (None, False)

    for _ in range(10):
        await samples.exchange(store, conversation, "q", "a", cost="0.1")
    refused = samples.ended(await samples.ask(store, conversation, "q"), "", cost=None, state="failed")
    await store.finish(refused)
    summary = await store.summary(conversation.id)
    assert summary is not None
    assert (summary.cost, summary.cost_complete, summary.failed) == (Cost(amount=Decimal("1.0")), False, True)
    assert await store.spent(0) == Spent(amount=Decimal("1.0"), complete=False, calls=11)

    # The price became known later: it replaces what was written; the lane still stands on a failure.
    await store.finish(samples.ended(unknown, "no price", cost="2"))
    summary = await store.summary(conversation.id)
    assert summary is not None
    assert (summary.cost, summary.cost_complete, summary.failed) == (Cost(amount=Decimal("3.0")), True, True)
    assert await store.spent(0) == Spent(amount=Decimal("3.0"), complete=True, calls=11)


async def test_another_currency_is_not_added_up(store: ConversationStore) -> None:
    conversation = await store.create("", samples.lane())
    answer = samples.ended(await samples.ask(store, conversation, "q"), "a")
    await store.finish(msgspec.structs.replace(answer, cost=Cost(amount=Decimal(5), currency="EUR")))
    summary = await store.summary(conversation.id)
    assert summary is not None
    assert (summary.cost, summary.cost_complete) == (None, False)
    assert await store.spent(0) == Spent(amount=Decimal(0), complete=False, calls=1)


async def test_the_ledger_holds_calls_outside_the_history(
    store: ConversationStore, database: Database
) -> None:
    asked = samples.question("", "secret words")
    answer = samples.ended(samples.empty_answer(asked), "secret answer", cost="0.5")
    await store.record_spend(answer)
    await store.record_spend(msgspec.structs.replace(answer, id="failed", usage=None, cost=None, parts=()))
    assert await store.spent(0) == Spent(amount=Decimal("0.5"), complete=True, calls=1)
    assert answer.finished_at is not None
    assert (await store.spent(answer.finished_at + 1)).calls == 0
    rows = await database.read(lambda c: c.execute("SELECT * FROM spend").fetchall())
    assert "secret" not in repr(rows)
    assert rows[0][2:5] == ("anthropic", "claude-opus-5-5", "api")


async def test_what_an_answer_cost_is_kept_though_its_conversation_is_gone(store: ConversationStore) -> None:
    conversation = await store.create("", samples.lane())
    answer = await samples.ask(store, conversation, "q")
    await store.trash(conversation.id)
    assert await store.purge(-1) == 1
    await store.finish(samples.ended(answer, "too late", cost="0.25"))
    assert (await store.spent(0)).amount == Decimal("0.25")
    assert await store.search("late") == []


async def test_names_pins_and_marks(store: ConversationStore) -> None:
    first, second = await store.create("", samples.lane()), await store.create("B", samples.lane())
    await samples.exchange(store, first, "q", "a")
    assert [s.id for s in await store.summaries()] == [first.id, second.id]
    assert [s.id for s in await store.summaries(1)] == [first.id]
    await store.rename(first.id, "New name")
    await store.pin(first.id, True)
    await store.mark_unread(first.id, True)
    summary = await store.summary(first.id)
    assert summary is not None
    assert (summary.title, summary.pinned, summary.unread) == ("New name", True, True)
    await store.pin(first.id, False)
    await store.mark_unread(first.id, False)
    summary = await store.summary(first.id)
    assert summary is not None
    assert (summary.pinned, summary.unread) == (False, False)


async def test_a_turn_names_only_what_has_no_name(store: ConversationStore) -> None:
    conversation = await store.create("", samples.lane())
    for title, expected in (("First words", "First words"), ("Other words", "First words")):
        await store.begin_turn(conversation.id, [samples.question(conversation.id, "q")], [], [], title=title)
        summary = await store.summary(conversation.id)
        assert summary is not None
        assert summary.title == expected
    assert len(await store.search("first words")) == 1


async def test_the_trash_gives_back_and_is_emptied_by_age(
    store: ConversationStore, database: Database
) -> None:
    kept, gone = await store.create("kept", samples.lane()), await store.create("gone", samples.lane())
    await samples.exchange(store, gone, "needle", "a")
    await store.save_draft(gone.id, Draft(text="needle too"))
    await store.trash(gone.id)
    assert [s.id for s in await store.summaries()] == [kept.id]
    assert [s.id for s in await store.summaries(trashed=True)] == [gone.id]
    assert await store.search("needle") == []
    await store.restore(gone.id)
    assert len(await store.summaries()) == 2
    assert len(await store.search("needle")) == 1

    await store.trash(gone.id)
    assert await store.purge(30) == 0
    await database.write(
        lambda c: c.execute("UPDATE conversations SET trashed_at = 1 WHERE trashed_at > 0").fetchall()
    )
    assert await store.purge(30) == 1
    assert await store.summary(gone.id) is None
    assert await store.draft(gone.id) == Draft()
    left = await database.read(
        lambda c: [
            c.execute(f"SELECT count(*) FROM {t}").fetchall() for t in ("messages", "contents", "lanes")
        ]
    )
    assert left == [[(0,)], [(0,)], [(1,)]]
    assert await database.check() == []


async def test_a_deleted_message_is_passed_over_and_comes_back(store: ConversationStore) -> None:
    conversation = await store.create("", samples.lane())
    first = await samples.exchange(store, conversation, "q1", "a1")
    last = await samples.exchange(store, conversation, "q2", "needle", first.id)
    before = await store.load(conversation.id)
    for victim, expected in ((first, ["q1", "q2", "needle"]), (last, ["q1", "a1", "q2"])):
        await store.delete_message(victim.id)
        await store.delete_message(victim.id)
        tree = await store.load(conversation.id)
        leaf = tree.lanes[0].leaf
        assert [m.text for m in tree.path(leaf)] == expected
        tail = await store.tail(conversation.id, 9)
        assert [m.text for m in tail.path(tail.lanes[0].leaf)] == expected
        assert [m.text for m in await store.path(conversation.id, last.id)] == expected
        assert [m.parent_id for m in await store.path(conversation.id, last.id)] == [
            m.parent_id for m in tree.path(leaf)
        ]
        assert tree.summary.message_count == 3
        await store.undelete_message(victim.id)
        await store.undelete_message(victim.id)
        assert await store.load(conversation.id) == before
    await store.delete_message(last.id)
    assert await store.search("needle") == []


async def test_drafts_last_until_they_are_sent(store: ConversationStore) -> None:
    conversation = await store.create("", samples.lane())
    picture = ImagePart(source=StoredFile("ab" * 32), media_type="image/png")
    draft = Draft(text="half a\nthought", attachments=(picture,), edits="x")
    await store.save_draft(conversation.id, draft)
    await store.save_draft(None, Draft(text="new chat"))
    assert await store.draft(conversation.id) == draft
    assert (await store.load(conversation.id)).draft == draft
    assert await store.draft(None) == Draft(text="new chat")
    await store.begin_turn(conversation.id, [], [], [])
    assert await store.draft(conversation.id) == draft
    await store.begin_turn(conversation.id, [samples.question(conversation.id, "q")], [], [])
    assert await store.draft(conversation.id) == Draft()
    await store.save_draft(None, Draft())
    assert await store.draft(None) == Draft()


async def test_lanes_are_added_and_moved(store: ConversationStore) -> None:
    conversation = await store.create("", samples.lane())
    second = Lane(id="second", position=1, model=OTHER)
    await store.update_lane(conversation.id, second)
    await store.set_leaf("second", "m")
    loaded = await store.load(conversation.id)
    assert loaded.lanes == (conversation.lanes[0], msgspec.structs.replace(second, leaf="m"))


async def test_half_a_surrogate_pair_does_not_lose_the_message(store: ConversationStore) -> None:
    conversation = await store.create("title \ud83d", samples.lane())
    answer = await samples.exchange(store, conversation, "q", "broken \udc00 text")
    document = FilePart(source=StoredFile("ab" * 32), media_type="text/plain", name="na\ud800me")
    await store.begin_turn(
        conversation.id, [samples.question(conversation.id, "q", answer.id, document)], [], []
    )
    loaded = await store.load(conversation.id)
    assert loaded.summary.title == "title ?"
    assert loaded.messages[1].text == "broken ? text"
    assert len(await store.search("broken te")) == 1
    assert await store.search("\ud800") == []


async def test_chats_in_which_nothing_was_begun_can_be_left_out(store: ConversationStore) -> None:
    empty, named, pinned, written, asked = [
        await store.create(title, samples.lane()) for title in ("", "named", "", "", "")
    ]
    await store.pin(pinned.id, True)
    await store.save_draft(written.id, Draft(text="half a thought"))
    await samples.exchange(store, asked, "q", "a")
    begun = {one.id for one in await store.summaries(begun=True)}
    assert begun == {named.id, pinned.id, written.id, asked.id}
    assert {one.id for one in await store.summaries()} == {empty.id, *begun}
    assert len(await store.summaries(2, begun=True)) == 2
