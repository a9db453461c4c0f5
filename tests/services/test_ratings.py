"""Answers are rated among those of their turn, and a leaderboard comes of it."""

from __future__ import annotations

import pytest
from tests.harness.waiting import until
from tests.loopback.server import LoopbackServer
from tests.services.conftest import MODEL, Open, loop

from chatbench.core.changes import Changes
from chatbench.core.conversations import Draft
from chatbench.core.errors import ConfigurationError, StorageError
from chatbench.core.models import ModelRef
from chatbench.services import Services
from chatbench.services.chat import Turn

OTHER = ModelRef("loop", "other")
THIRD = ModelRef("loop", "sighted")


async def compared(services: Services, *models: ModelRef) -> Turn:
    """A question that each of these models has answered."""
    conversation = await services.chat.new_conversation(models[0])
    for model in models[1:]:
        await services.lanes.add(conversation.id, model=model)
    turn = await services.chat.send(conversation.id, Draft(text="Why?"))
    await services.chat.wait(turn)
    return turn


async def test_best_moves_within_its_turn(services: Services, heard: list[Changes]) -> None:
    turn = await compared(services, MODEL, OTHER, THIRD)
    first, second, third = (answer.id for answer in turn.answers)
    heard.clear()
    await services.ratings.rate(first, "best")
    await services.ratings.rate(third, "bad")
    assert await services.ratings.of_conversation(turn.conversation_id) == {first: "best", third: "bad"}
    await services.ratings.rate(second, "best")
    assert await services.ratings.of_conversation(turn.conversation_id) == {second: "best", third: "bad"}
    assert [(change.ratings, turn.conversation_id in change.conversations) for change in heard] == [
        (True, True)
    ] * 3


async def test_ties_and_a_best_put_each_other_out(services: Services) -> None:
    turn = await compared(services, MODEL, OTHER, THIRD)
    first, second, third = (answer.id for answer in turn.answers)
    await services.ratings.rate(first, "best")
    await services.ratings.rate(second, "tie")
    await services.ratings.rate(third, "tie")
    assert await services.ratings.of_conversation(turn.conversation_id) == {second: "tie", third: "tie"}
    await services.ratings.rate(second, "best")
    assert await services.ratings.of_conversation(turn.conversation_id) == {second: "best"}


async def test_a_rating_is_taken_back(services: Services) -> None:
    turn = await compared(services, MODEL, OTHER)
    await services.ratings.rate(turn.answers[0].id, "best")
    await services.ratings.rate(turn.answers[0].id, None)
    assert await services.ratings.of_conversation(turn.conversation_id) == {}
    assert await services.ratings.leaderboard() == ()


async def test_another_turn_has_a_best_of_its_own(services: Services) -> None:
    turn = await compared(services, MODEL, OTHER)
    again = await services.chat.send(turn.conversation_id, Draft(text="And then?"))
    await services.chat.wait(again)
    await services.ratings.rate(turn.answers[0].id, "best")
    await services.ratings.rate(again.answers[1].id, "best")
    assert len(await services.ratings.of_conversation(turn.conversation_id)) == 2
    first, second = await services.ratings.leaderboard()
    assert (first.wins, first.losses, second.wins, second.losses) == (1, 1, 1, 1)
    assert first.score == pytest.approx(1000)


async def test_the_leaderboard_outlives_the_program_and_the_conversation(
    opened: Open, server: LoopbackServer
) -> None:
    async with opened() as services:
        services.endpoints.save(loop(server))
        turn = await compared(services, MODEL, OTHER)
        await services.ratings.rate(turn.answers[1].id, "best")
        await services.history.trash(turn.conversation_id)
    async with opened() as services:
        first, second = await services.ratings.leaderboard()
    assert (first.model, first.wins, first.losses) == (OTHER, 1, 0)
    assert (second.model, second.wins, second.losses) == (MODEL, 0, 1)
    assert first.score is not None
    assert second.score is not None
    assert first.score > second.score


async def test_an_answer_that_failed_does_not_lose(services: Services, server: LoopbackServer) -> None:
    turn = await compared(services, MODEL, ModelRef("nobody", "none"))
    assert [answer.state for answer in turn.answers] == ["done", "failed"]
    await services.ratings.rate(turn.answers[0].id, "best")
    (only,) = await services.ratings.leaderboard()
    assert (only.model, only.wins, only.unknown) == (MODEL, 0, "alone")


async def test_blind_ratings_can_be_looked_at_alone(services: Services) -> None:
    seen, hidden = await compared(services, MODEL, OTHER), await compared(services, MODEL, OTHER)
    await services.ratings.rate(seen.answers[0].id, "best")
    await services.ratings.rate(hidden.answers[1].id, "best", blind=True)
    first, _ = await services.ratings.leaderboard(blind_only=True)
    assert (first.model, first.wins, first.losses) == (OTHER, 1, 0)
    assert [one.wins for one in await services.ratings.leaderboard()] == [1, 1]


async def test_a_turn_that_was_rated_with_names_too_is_not_blind(services: Services) -> None:
    turn = await compared(services, MODEL, OTHER)
    await services.ratings.rate(turn.answers[0].id, "bad", blind=True)
    await services.ratings.rate(turn.answers[1].id, "best")
    assert await services.ratings.leaderboard(blind_only=True) == ()
    await services.ratings.rate(turn.answers[1].id, "best", blind=True)
    assert len(await services.ratings.leaderboard(blind_only=True)) == 2


async def test_what_was_answered_before_names_were_hidden_is_not_rated_blind(services: Services) -> None:
    turn = await compared(services, MODEL, OTHER)
    stored = await services.history.load(turn.conversation_id)
    answered = max(one.created_at for one in stored.messages)
    await services.ratings.hide_names(turn.conversation_id, answered + 1)
    assert (await services.history.load(turn.conversation_id)).blind_since == answered + 1
    await services.ratings.rate(turn.answers[0].id, "best", blind=True)
    assert await services.ratings.leaderboard(blind_only=True) == ()
    await services.ratings.hide_names(turn.conversation_id, min(one.created_at for one in stored.messages))
    await services.ratings.rate(turn.answers[0].id, "best", blind=True)
    assert len(await services.ratings.leaderboard(blind_only=True)) == 2
    await services.ratings.hide_names(turn.conversation_id, None)
    assert (await services.history.outline(turn.conversation_id)).blind_since is None
    with pytest.raises(StorageError):
        await services.ratings.hide_names("no-such-conversation", 1)


async def test_a_blind_conversation_says_so_until_it_is_rated(services: Services) -> None:
    turn = await compared(services, MODEL, OTHER)
    await services.ratings.hide_names(turn.conversation_id, 1)
    assert await services.ratings.hides_names(await services.history.outline(turn.conversation_id))
    await services.ratings.rate(turn.answers[0].id, "tie")
    assert not await services.ratings.hides_names(await services.history.outline(turn.conversation_id))


async def test_what_cannot_be_rated_is_refused(services: Services, server: LoopbackServer) -> None:
    with pytest.raises(StorageError):
        await services.ratings.rate("no-such-message", "best")
    turn = await compared(services, MODEL)
    with pytest.raises(StorageError):
        await services.ratings.rate(turn.user_message_id, "best")
    await services.history.delete_message(turn.conversation_id, turn.answers[0].id)
    with pytest.raises(StorageError):
        await services.ratings.rate(turn.answers[0].id, "best")
    server.pace, server.words = 200, ["word "] * 5000
    conversation = await services.chat.new_conversation(MODEL)
    begun = await services.chat.send(conversation.id, Draft(text="Hi"))
    await until(lambda: begun.answers[0].parts(), "the first word")
    with pytest.raises(ConfigurationError):
        await services.ratings.rate(begun.answers[0].id, "bad")
    services.chat.stop(conversation.id)
    await services.chat.wait(begun)
    await services.ratings.rate(begun.answers[0].id, "bad")
    assert await services.ratings.of_conversation(conversation.id) == {begun.answers[0].id: "bad"}


async def test_an_answer_that_a_person_changed_is_neither_rated_nor_counted(services: Services) -> None:
    turn = await compared(services, MODEL, OTHER)
    edited = await services.chat.edit_answer(turn.conversation_id, turn.answers[0].id, "My own words")
    with pytest.raises(ConfigurationError):
        await services.ratings.rate(edited.id, "best")
    await services.ratings.rate(turn.answers[1].id, "best")
    first, second = await services.ratings.leaderboard()
    assert (first.model, first.wins, second.losses) == (OTHER, 1, 1)


async def test_an_answer_merged_from_others_is_neither_rated_nor_counted(services: Services) -> None:
    turn = await compared(services, MODEL, OTHER)
    lane = turn.answers[0].message.lane_id
    merged = await services.chat.merge(
        turn.conversation_id, turn.id, model=THIRD, prompt="Merge", lane_id=lane
    )
    await services.chat.wait(merged)
    with pytest.raises(ConfigurationError):
        await services.ratings.rate(merged.answers[0].id, "best")
    await services.ratings.rate(turn.answers[1].id, "best")
    assert {one.model for one in await services.ratings.leaderboard()} == {MODEL, OTHER}


async def test_answers_of_a_temporary_chat_are_rated_in_memory_alone(services: Services) -> None:
    conversation = await services.chat.new_conversation(MODEL, temporary=True)
    await services.lanes.add(conversation.id, model=OTHER)
    turn = await services.chat.send(conversation.id, Draft(text="Why?"))
    await services.chat.wait(turn)
    await services.ratings.rate(turn.answers[0].id, "best")
    assert await services.ratings.of_conversation(conversation.id) == {turn.answers[0].id: "best"}
    assert await services.ratings.leaderboard() == ()


async def test_another_program_s_ratings_and_presets_are_heard_of(
    opened: Open, server: LoopbackServer
) -> None:
    async with opened() as window, opened() as terminal:
        assert not await window.profile.other_process_wrote()
        terminal.endpoints.save(loop(server))
        turn = await compared(terminal, MODEL, OTHER)
        await terminal.ratings.rate(turn.answers[0].id, "best")
        heard: list[Changes] = []
        window.changes.connect(heard.append)
        assert await window.profile.other_process_wrote()
        assert (heard[-1].ratings, heard[-1].presets) == (True, True)
        assert await window.ratings.leaderboard() == await terminal.ratings.leaderboard()
