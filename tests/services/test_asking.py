"""What asking leaves behind where it is cut short, and beside what else is going on."""

from __future__ import annotations

import asyncio

import pytest
from tests.loopback.server import LoopbackServer
from tests.services.conftest import MODEL, Open, loop, texts

from chatbench.core.changes import Changes
from chatbench.core.conversations import Draft
from chatbench.core.errors import ChatbenchError
from chatbench.core.models import ModelRef
from chatbench.services import Services

OTHER = ModelRef("loop", "other")


@pytest.mark.parametrize("steps", range(12))
async def test_what_is_written_is_asked_even_if_whoever_asked_is_gone(
    opened: Open, server: LoopbackServer, steps: int
) -> None:
    server.pace = 20.0
    async with opened() as services:
        services.endpoints.save(loop(server))
        conversation = await services.chat.new_conversation(MODEL)
        asking = asyncio.ensure_future(services.chat.send(conversation.id, Draft(text="Hi")))
        for _ in range(steps):
            await asyncio.sleep(0.0005)
        asking.cancel()
        await asyncio.wait({asking})
    async with opened() as services:
        stored = await services.history.load(conversation.id)
        assert [m.state for m in stored.messages] in ([], ["done", "interrupted"])


@pytest.mark.parametrize("steps", range(0, 20, 2))
async def test_closing_while_a_question_is_on_its_way_refuses_it_or_keeps_it(
    opened: Open, server: LoopbackServer, steps: int
) -> None:
    server.pace = 20.0
    async with opened() as services:
        services.endpoints.save(loop(server))
        conversation = await services.chat.new_conversation(MODEL)
        asking = asyncio.ensure_future(services.chat.send(conversation.id, Draft(text="Hi")))
        for _ in range(steps):
            await asyncio.sleep(0.0005)
    (told,) = await asyncio.gather(asking, return_exceptions=True)
    async with opened() as services:
        stored = await services.history.load(conversation.id)
        wanted = [] if isinstance(told, ChatbenchError) else ["done", "interrupted"]
        assert [m.state for m in stored.messages] == wanted


async def test_another_model_does_not_move_the_lane(services: Services) -> None:
    conversation = await services.chat.new_conversation(MODEL)
    before = conversation.lanes[0]
    turn = await services.chat.send(conversation.id, Draft(text="Hi"))
    await services.chat.wait(turn)
    lane = type(before)(id=before.id, model=OTHER, system="Short.", leaf=None)
    await services.history.update_lane(conversation.id, lane)
    (kept,) = (await services.history.outline(conversation.id)).lanes
    assert (kept.model, kept.system, kept.leaf) == (OTHER, "Short.", turn.answers[0].id)


async def test_the_end_of_an_answer_names_its_conversation(services: Services, heard: list[Changes]) -> None:
    conversation = await services.chat.new_conversation(MODEL)
    turn = await services.chat.send(conversation.id, Draft(text="Hi"))
    assert not any(changes.answered for changes in heard)
    await services.chat.wait(turn)
    assert heard[-1].answered == {conversation.id}


async def test_an_edit_and_a_draft_are_kept_side_by_side(services: Services) -> None:
    conversation = await services.chat.new_conversation(MODEL)
    turn = await services.chat.send(conversation.id, Draft(text="Hi"))
    await services.chat.wait(turn)
    draft, edit = Draft(text="next"), Draft(text="Hi there", edits=turn.user_message_id)
    await services.history.save_draft(conversation.id, draft)
    await services.history.save_draft(conversation.id, edit, edit=True)
    kept = await services.history.outline(conversation.id)
    assert (kept.draft, kept.edit) == (draft, edit)
    await services.chat.wait(await services.chat.send(conversation.id, edit))
    kept = await services.history.outline(conversation.id)
    assert (kept.draft, kept.edit) == (draft, Draft())
    assert (await texts(services, conversation.id))[0] == "Hi there"


async def test_a_question_takes_its_conversation_out_of_the_trash(services: Services) -> None:
    conversation = await services.chat.new_conversation(MODEL)
    await services.history.trash(conversation.id)
    assert await services.history.summaries() == []
    await services.chat.wait(await services.chat.send(conversation.id, Draft(text="Hi")))
    (summary,) = await services.history.summaries()
    assert summary.id == conversation.id
