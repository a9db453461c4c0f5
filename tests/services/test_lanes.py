"""Several models side by side: each asked, stopped, failed and gone on with by itself."""

from __future__ import annotations

import asyncio

import pytest
from tests.harness.waiting import until
from tests.loopback import openai_chat, replies
from tests.loopback.server import LoopbackServer
from tests.services.conftest import MODEL, Open, loop, stored

from chatbench.core.changes import Changes
from chatbench.core.conversations import MOST_LANES, Conversation, Draft, Lane
from chatbench.core.errors import ConfigurationError, StorageError, UnknownParameter
from chatbench.core.models import ModelRef
from chatbench.core.params import Parameters
from chatbench.services import Services
from chatbench.services.chat import Turn

A, B, C = (ModelRef("loop", name) for name in "abc")
NO = replies.data(openai_chat.error_body("invalid_api_key", None, "no"), 401)
HANGS = replies.events(openai_chat.answer(["Some ", "words"])[:3], end="hang")


@pytest.fixture(autouse=True)
def three_voices(server: LoopbackServer) -> None:
    for name in "abc":
        server.told[name] = replies.events(openai_chat.answer([f"I am {name}"]))


async def beside(services: Services, *models: ModelRef) -> Conversation:
    """An empty conversation with a lane for each model."""
    first, *others = models
    conversation = await services.chat.new_conversation(first)
    for model in others:
        await services.lanes.add(conversation.id, model=model)
    return await services.history.load(conversation.id)


async def said(services: Services, conversation_id: str, text: str, *lanes: str) -> Turn:
    turn = await services.chat.send(conversation_id, Draft(text=text), lanes=lanes or None)
    await services.chat.wait(turn)
    return turn


async def branches(services: Services, conversation_id: str) -> list[list[str]]:
    """The words that each open lane shows."""
    conversation = await services.history.load(conversation_id)
    return [[m.text for m in conversation.path(lane.leaf)] for lane in conversation.lanes]


def lanes_of(conversation: Conversation) -> list[str]:
    return [lane.id for lane in conversation.lanes]


async def test_one_question_for_all_until_they_part(services: Services, server: LoopbackServer) -> None:
    """The first turn has one question; from the second on each lane has its own, of one turn."""
    conversation = await beside(services, A, B, C)
    turn = await said(services, conversation.id, "Who are you?")
    assert [answer.message.model for answer in turn.answers] == [A, B, C]
    assert {answer.message.parent_id for answer in turn.answers} == {turn.user_message_id}
    again = await said(services, conversation.id, "Really?")
    assert len({answer.message.parent_id for answer in again.answers}) == 3
    assert await branches(services, conversation.id) == [
        ["Who are you?", f"I am {name}", "Really?", f"I am {name}"] for name in "abc"
    ]
    whole = await services.history.load(conversation.id)
    assert len(whole.messages) == 4 + 6
    assert {m.turn_id for m in whole.messages} == {turn.id, again.id}
    sent = {asked.json["model"]: asked.json["messages"] for asked in server.asked[3:]}
    assert {name: messages[1]["content"] for name, messages in sent.items()} == {
        name: f"I am {name}" for name in "abc"
    }


async def test_eight_lanes_of_which_two_share_a_leaf(services: Services) -> None:
    conversation = await beside(services, *[A] * (MOST_LANES - 1))
    await said(services, conversation.id, "One")
    await services.lanes.add(conversation.id, model=B)
    turn = await said(services, conversation.id, "Two")
    assert len(turn.answers) == 8
    whole = await services.history.load(conversation.id)
    questions = [m for m in whole.messages if m.turn_id == turn.id and m.role == "user"]
    assert len(questions) == 7
    first, last = turn.answers[0].message, turn.answers[-1].message
    assert first.parent_id == last.parent_id
    assert await services.chat._store._database.check() == []


async def test_a_lane_that_fails_leaves_the_others_alone(services: Services, server: LoopbackServer) -> None:
    """One is refused, one hangs and is stopped, one is done; each is written as what it is."""
    server.told |= {"a": NO, "b": HANGS}
    conversation = await beside(services, A, B, C)
    turn = await services.chat.send(conversation.id, Draft(text="Hi"))
    failing, hanging, good = turn.answers
    await until(lambda: failing.state == "failed" and good.state == "done", "two ends")
    await until(lambda: hanging.parts(), "some words")
    assert hanging.state == "streaming"
    assert services.chat.live_in(conversation.id) == (hanging,)
    services.chat.stop(conversation.id, good.message.lane_id)
    assert hanging.state == "streaming"
    services.chat.stop(conversation.id, hanging.message.lane_id)
    await services.chat.wait(turn)
    await asyncio.to_thread(server.wait_for_leaving)
    states = [(await stored(services, answer.id)).state for answer in turn.answers]
    assert states == ["failed", "stopped", "done"]
    assert (await stored(services, hanging.id)).text == "Some words"
    (row,) = await services.history.summaries()
    assert (row.failed, row.streaming) == (True, False)


async def test_a_conversation_is_failed_while_a_lane_stands_on_a_failure(
    services: Services, server: LoopbackServer
) -> None:
    """Not because another lane was late, and no longer once it was asked again or closed."""

    async def failed(conversation: Conversation) -> bool:
        return (await services.history.load(conversation.id)).summary.failed

    server.told["a"] = NO
    conversation = await beside(services, A, B)
    await said(services, conversation.id, "Hi")
    assert await failed(conversation)
    await said(services, conversation.id, "And you?", conversation.lanes[1].id)
    assert await failed(conversation)
    await services.lanes.close(conversation.id, conversation.lanes[0].id)
    assert not await failed(conversation)
    await services.lanes.reopen(conversation.id, conversation.lanes[0].id)
    assert await failed(conversation)
    leaf = (await services.history.load(conversation.id)).lanes[0].leaf
    again = await services.chat.regenerate(conversation.id, leaf or "", model=C)
    await services.chat.wait(again)
    assert not await failed(conversation)


async def test_only_some_lanes_are_asked(services: Services) -> None:
    conversation = await beside(services, A, B, C)
    await said(services, conversation.id, "One")
    lanes = lanes_of(conversation)
    turn = await said(services, conversation.id, "Two", lanes[2], lanes[0])
    assert [answer.message.lane_id for answer in turn.answers] == [lanes[0], lanes[2]]
    assert [len(branch) for branch in await branches(services, conversation.id)] == [4, 2, 4]
    for wrong in (["gone"], []):
        with pytest.raises(ConfigurationError):
            await services.chat.send(conversation.id, Draft(text="x"), lanes=wrong)
    assert [len(branch) for branch in await branches(services, conversation.id)] == [4, 2, 4]


async def test_what_is_changed_on_sending_holds_for_the_first_lane_asked(services: Services) -> None:
    conversation = await beside(services, A, B)
    second = conversation.lanes[1].id
    turn = await services.chat.send(conversation.id, Draft(text="Hi"), lanes=[second], model=C)
    await services.chat.wait(turn)
    assert [lane.model for lane in (await services.history.load(conversation.id)).lanes] == [A, C]


async def test_an_edit_goes_to_every_lane_in_its_own_branch(
    services: Services, server: LoopbackServer
) -> None:
    """Editing the second question, of which each lane has one, parts none from what it had said."""
    conversation = await beside(services, A, B)
    await said(services, conversation.id, "One")
    second = await said(services, conversation.id, "Two")
    edit = Draft(text="Two, better", edits=second.user_message_id)
    turn = await services.chat.send(conversation.id, edit)
    await services.chat.wait(turn)
    assert await branches(services, conversation.id) == [
        ["One", f"I am {name}", "Two, better", f"I am {name}"] for name in "ab"
    ]
    assert len({answer.message.parent_id for answer in turn.answers}) == 2
    whole = await services.history.load(conversation.id)
    assert [m.text for m in whole.siblings(second.user_message_id)] == ["Two", "Two, better"]


async def test_a_new_lane_stands_where_another_stands_and_answers_what_it_answered(
    services: Services, heard: list[Changes]
) -> None:
    conversation = await services.chat.new_conversation(A, system="Be brief.")
    turn = await said(services, conversation.id, "Hi")
    heard.clear()
    lane = await services.lanes.add(conversation.id, model=B, parameters=Parameters(seed=3))
    assert heard == [Changes(conversations=frozenset({conversation.id}))]
    assert (lane.model, lane.system, lane.parameters) == (B, "Be brief.", Parameters(seed=3))
    assert (lane.leaf, lane.position) == (turn.answers[0].id, 1)
    assert (await services.history.load(conversation.id)).lanes[1] == lane
    again = await services.chat.regenerate(conversation.id, turn.user_message_id, lanes=[lane.id])
    await services.chat.wait(again)
    assert await branches(services, conversation.id) == [["Hi", "I am a"], ["Hi", "I am b"]]


async def test_a_lane_may_begin_elsewhere(services: Services) -> None:
    conversation = await services.chat.new_conversation(A)
    turn = await said(services, conversation.id, "One")
    await said(services, conversation.id, "Two")
    first = turn.answers[0].id
    assert (await services.lanes.add(conversation.id, model=B, leaf=first)).leaf == first
    assert (await services.lanes.add(conversation.id, leaf=None)).leaf is None
    with pytest.raises(StorageError, match="no such message"):
        await services.lanes.add(conversation.id, leaf="gone")
    with pytest.raises(ConfigurationError, match="no such model"):
        await services.lanes.add(conversation.id, like="gone")


async def test_there_are_no_more_than_eight(services: Services, opened: Open) -> None:
    """Also where another process adds at the same time."""
    conversation = await beside(services, *[A] * (MOST_LANES - 1))
    async with opened() as other:
        added = await asyncio.gather(
            services.lanes.add(conversation.id), other.lanes.add(conversation.id), return_exceptions=True
        )
    kinds = sorted(type(one).__name__ for one in added)
    assert kinds == ["ConfigurationError", "Lane"]
    lanes = lanes_of(await services.history.load(conversation.id))
    assert len(lanes) == MOST_LANES
    (closed,) = await services.lanes.close(conversation.id, lanes[3])
    await services.lanes.add(conversation.id)
    with pytest.raises(ConfigurationError, match="8 models"):
        await services.lanes.reopen(conversation.id, closed)


async def test_closing_keeps_the_branch_and_can_be_undone(services: Services, heard: list[Changes]) -> None:
    conversation = await beside(services, A, B, C)
    await said(services, conversation.id, "Hi")
    before = await services.history.load(conversation.id)
    second = before.lanes[1]
    heard.clear()
    assert await services.lanes.close(conversation.id, second.id) == (second.id,)
    assert await services.lanes.close(conversation.id, second.id) == ()
    await services.history.update_lane(conversation.id, second)
    heard.pop()
    closed = await services.history.load(conversation.id)
    assert lanes_of(closed) == [before.lanes[0].id, before.lanes[2].id]
    assert [lane.id for lane in closed.closed_lanes] == [second.id]
    assert closed.messages == before.messages
    assert [c.conversations for c in heard] == [frozenset({conversation.id})]
    await said(services, conversation.id, "More")
    await services.lanes.reopen(conversation.id, second.id)
    again = await services.history.load(conversation.id)
    assert lanes_of(again) == lanes_of(before)
    assert again.lanes[1] == second
    assert (await services.history.tail(conversation.id, 2)).lanes == again.lanes


async def test_the_last_one_cannot_be_closed(services: Services) -> None:
    conversation = await beside(services, A, B)
    await services.lanes.close(conversation.id, conversation.lanes[0].id)
    with pytest.raises(ConfigurationError, match="last model"):
        await services.lanes.close(conversation.id, *lanes_of(conversation))
    assert len((await services.history.load(conversation.id)).lanes) == 1


async def test_a_lane_closed_while_it_answers_is_stopped(services: Services, server: LoopbackServer) -> None:
    server.told |= {"a": HANGS, "b": HANGS}
    conversation = await beside(services, A, B)
    turn = await services.chat.send(conversation.id, Draft(text="Hi"))
    first, second = turn.answers
    await until(lambda: first.parts() and second.parts(), "words of both")
    await services.lanes.close(conversation.id, second.message.lane_id)
    await until(lambda: second.state == "stopped", "the end of one")
    assert first.state == "streaming"
    first.stop()
    await services.chat.wait(turn)


async def test_going_on_with_one_answer(services: Services) -> None:
    conversation = await beside(services, A, B, C)
    turn = await said(services, conversation.id, "Hi")
    before = await services.history.load(conversation.id)
    closed = await services.lanes.continue_with(conversation.id, turn.answers[1].id)
    assert closed == (before.lanes[0].id, before.lanes[2].id)
    assert await branches(services, conversation.id) == [["Hi", "I am b"]]
    await said(services, conversation.id, "More")
    assert await branches(services, conversation.id) == [["Hi", "I am b", "More", "I am b"]]
    await services.lanes.reopen(conversation.id, *closed)
    assert await branches(services, conversation.id) == [
        ["Hi", "I am a"], ["Hi", "I am b", "More", "I am b"], ["Hi", "I am c"],
    ]  # fmt: skip
    assert await services.lanes.continue_with(conversation.id, turn.answers[2].id)
    alone = await services.history.load(conversation.id)
    assert await services.lanes.continue_with(conversation.id, alone.lanes[0].leaf or "") == ()


async def test_going_on_with_an_answer_that_is_not_shown(services: Services) -> None:
    """The lane turns to it, and to what it had said below it."""
    conversation = await beside(services, A, B)
    first = await said(services, conversation.id, "Hi")
    await said(services, conversation.id, "More")
    edit = Draft(text="Ho", edits=first.user_message_id)
    await services.chat.wait(await services.chat.send(conversation.id, edit))
    await services.lanes.continue_with(conversation.id, first.answers[1].id)
    assert await branches(services, conversation.id) == [["Hi", "I am b", "More", "I am b"]]


async def test_another_answer_comes_from_the_lane_that_gave_it(services: Services) -> None:
    """From one that shows it where its own is closed."""
    conversation = await beside(services, A, B)
    turn = await said(services, conversation.id, "Hi")
    answer = turn.answers[1]
    again = await services.chat.regenerate(conversation.id, answer.id)
    await services.chat.wait(again)
    assert again.answers[0].message.model == B
    await services.lanes.close(conversation.id, answer.message.lane_id)
    (left,) = (await services.history.load(conversation.id)).lanes
    await services.history.move_lane(conversation.id, left.id, answer.id)
    again = await services.chat.regenerate(conversation.id, answer.id)
    await services.chat.wait(again)
    assert (again.answers[0].message.lane_id, again.answers[0].message.model) == (left.id, A)


async def test_of_several_lanes_the_one_that_shows_an_answer_gives_another(services: Services) -> None:
    conversation = await beside(services, A, B, C, MODEL)
    turn = await said(services, conversation.id, "Hi")
    answer = turn.answers[0]
    await services.lanes.close(conversation.id, answer.message.lane_id)
    left = (await services.history.load(conversation.id)).lanes
    await services.history.move_lane(conversation.id, left[1].id, answer.id)
    again = await services.chat.regenerate(conversation.id, answer.id)
    await services.chat.wait(again)
    assert again.answers[0].message.lane_id == left[1].id


async def test_words_for_several_lanes_are_one_turn_with_a_question_for_each_place(
    services: Services, server: LoopbackServer
) -> None:
    conversation = await beside(services, A, B)
    first, second = lanes_of(conversation)
    (shared,) = await services.chat.write(conversation.id, None, "user", Draft(text="Both"))
    answers = await services.chat.write(conversation.id, None, "assistant", Draft(text="Mine"))
    assert [one.lane_id for one in answers] == [first, second]
    assert {(one.parent_id, one.turn_id) for one in answers} == {(shared.id, answers[0].turn_id)}
    parted = await services.chat.write(conversation.id, [first, second], "user", Draft(text="Each"))
    assert [one.parent_id for one in parted] == [one.id for one in answers]
    assert len({one.turn_id for one in parted}) == 1
    (alone,) = await services.chat.write(conversation.id, [second], "user", Draft(text="One"))
    leaves = {lane.id: lane.leaf for lane in (await services.history.load(conversation.id)).lanes}
    assert leaves == {first: parted[0].id, second: alone.id}
    assert server.asked == []
    edit = Draft(text="Better", edits=shared.id)
    (edited,) = await services.chat.edit_question(conversation.id, edit)
    assert {lane.leaf for lane in (await services.history.load(conversation.id)).lanes} == {edited.id}


async def test_every_lane_may_be_asked_anew_at_once(services: Services) -> None:
    """Each in its own branch, where they have parted."""
    conversation = await beside(services, A, B)
    await said(services, conversation.id, "One")
    second = await said(services, conversation.id, "Two")
    again = await services.chat.regenerate(
        conversation.id, second.user_message_id, lanes=lanes_of(conversation)
    )
    await services.chat.wait(again)
    assert [a.message.parent_id for a in again.answers] == [a.message.parent_id for a in second.answers]
    assert again.id == second.id
    assert [len(branch) for branch in await branches(services, conversation.id)] == [4, 4]


async def test_what_a_lane_may_turn_to(services: Services) -> None:
    """Its own answers and those of closed lanes; not what stands beside it already."""
    conversation = await beside(services, A, B)
    turn = await said(services, conversation.id, "Hi")
    first, second = turn.answers
    lane = first.message.lane_id
    again = await services.chat.regenerate(conversation.id, first.id)
    await services.chat.wait(again)
    whole = await services.history.load(conversation.id)
    assert len(whole.siblings(first.id)) == 3
    assert [m.id for m in whole.siblings(first.id, lane)] == [first.id, again.answers[0].id]
    assert whole.newest_leaf(turn.user_message_id, lane) == again.answers[0].id
    assert whole.newest_leaf(turn.user_message_id, second.message.lane_id) == second.id
    await services.lanes.close(conversation.id, second.message.lane_id)
    alone = await services.history.load(conversation.id)
    assert [m.id for m in alone.siblings(first.id, lane)] == [first.id, second.id, again.answers[0].id]


async def test_a_sweep_is_lanes_of_one_model(services: Services, server: LoopbackServer) -> None:
    conversation = await services.chat.new_conversation(MODEL)
    turn = await services.chat.send(
        conversation.id, Draft(text="Hi"), parameters=Parameters(temperature=0.5, max_output_tokens=9)
    )
    await services.chat.wait(turn)
    (lane,) = (await services.history.load(conversation.id)).lanes
    new = await services.lanes.sweep(conversation.id, lane.id, "temperature", [0, 0.5, 1.0, 1.0])
    assert [one.parameters for one in new] == [
        Parameters(temperature=temperature, max_output_tokens=9) for temperature in (0, 1)
    ]
    assert all(one.leaf == lane.leaf and one.model == MODEL for one in new)
    ids = [one.id for one in new]
    again = await services.chat.regenerate(conversation.id, turn.user_message_id, lanes=ids)
    await services.chat.wait(again)
    assert sorted(asked.json["temperature"] for asked in server.asked) == [0, 0.5, 1]
    await services.lanes.close(conversation.id, *ids)
    assert (await services.history.load(conversation.id)).lanes == (lane,)


@pytest.mark.parametrize(
    ("parameter", "values", "error"),
    [
        ("heat", [1], UnknownParameter),
        ("temperature", ["warm"], ConfigurationError),
        ("temperature", [], ConfigurationError),
        ("seed", range(8), ConfigurationError),
    ],
)
async def test_a_sweep_that_cannot_be_adds_nothing(
    services: Services, parameter: str, values: list[object], error: type[Exception]
) -> None:
    conversation = await services.chat.new_conversation(MODEL)
    with pytest.raises(error):
        await services.lanes.sweep(conversation.id, conversation.lanes[0].id, parameter, values)
    assert (await services.history.load(conversation.id)).lanes == conversation.lanes


async def test_lanes_are_there_tomorrow(opened: Open, server: LoopbackServer) -> None:
    async with opened() as services:
        services.endpoints.save(loop(server))
        conversation = await beside(services, A, B, C)
        await services.lanes.close(conversation.id, conversation.lanes[1].id)
        before = await services.history.load(conversation.id)
    async with opened() as services:
        after = await services.history.load(conversation.id)
        assert after.lanes == before.lanes
        closed: tuple[Lane, ...] = after.closed_lanes
        assert [lane.model for lane in closed] == [B]
