"""Answers merged into one, and answers asked of another model."""

from __future__ import annotations

import pytest
from tests.loopback import openai_chat, replies
from tests.loopback.server import LoopbackServer
from tests.services.conftest import MODEL, SIGHTED, stored
from tests.services.test_attachments import PHOTO
from tests.services.test_lanes import beside, branches, said

from chatbench.core.conversations import Conversation, Draft
from chatbench.core.errors import ConfigurationError
from chatbench.core.models import ModelRef
from chatbench.core.params import Parameters
from chatbench.services import Services
from chatbench.services.chat import ChatService

A, B, JUDGE = (ModelRef("loop", name) for name in ("a", "b", "judge"))


@pytest.fixture(autouse=True)
def voices(server: LoopbackServer) -> None:
    for name in ("a", "b"):
        server.told[name] = replies.events(openai_chat.answer([f"I am {name}"]))
    server.told["judge"] = replies.events(openai_chat.answer(["Both"]))


async def two(services: Services) -> tuple[Conversation, str]:
    """Two lanes after two turns, and the id of the second."""
    conversation = await beside(services, A, B)
    await said(services, conversation.id, "One")
    turn = await said(services, conversation.id, "Two")
    return await services.history.load(conversation.id), turn.id


async def test_answers_are_merged_beside_them(services: Services, server: LoopbackServer) -> None:
    """The prompt goes in place of the question, behind what came before; the lane keeps its model."""
    conversation, turn_id = await two(services)
    second = conversation.lanes[1]
    prompt = f"{ChatService.merge_prompt(conversation, turn_id)}\n\nBe brief."
    turn = await services.chat.merge(
        conversation.id,
        turn_id,
        model=JUDGE,
        prompt=prompt,
        lane_id=second.id,
        parameters=Parameters(temperature=0),
    )
    await services.chat.wait(turn)
    request = server.asked[-1].json
    assert (request["model"], request["temperature"]) == ("judge", 0)
    assert [m["content"] for m in request["messages"]] == ["One", "I am b", prompt]
    after = await services.history.load(conversation.id)
    assert after.messages[: len(conversation.messages)] == conversation.messages
    assert len(after.messages) == len(conversation.messages) + 1
    merged = await stored(services, turn.answers[0].id)
    assert (merged.text, merged.model, merged.prompt, merged.turn_id) == ("Both", JUDGE, prompt, turn_id)
    assert [m.text for m in after.siblings(merged.id)] == ["I am b", "Both"]
    assert [(lane.model, lane.leaf) for lane in after.lanes] == [
        (A, conversation.lanes[0].leaf), (B, merged.id),
    ]  # fmt: skip
    shown = await services.inspect.request(merged)
    assert shown is not None
    assert shown.body["messages"] == request["messages"]


async def test_after_a_merge_the_question_itself_is_sent(services: Services, server: LoopbackServer) -> None:
    conversation, turn_id = await two(services)
    lane = conversation.lanes[0].id
    turn = await services.chat.merge(conversation.id, turn_id, model=JUDGE, prompt="Merge!", lane_id=lane)
    await services.chat.wait(turn)
    await said(services, conversation.id, "Three", lane)
    sent = [m["content"] for m in server.asked[-1].json["messages"]]
    assert sent == ["One", "I am a", "Two", "Both", "Three"]


async def test_a_merge_is_made_again(services: Services, server: LoopbackServer) -> None:
    conversation, turn_id = await two(services)
    lane = conversation.lanes[0].id
    turn = await services.chat.merge(conversation.id, turn_id, model=JUDGE, prompt="Merge!", lane_id=lane)
    await services.chat.wait(turn)
    again = await services.chat.regenerate(conversation.id, turn.answers[0].id)
    await services.chat.wait(again)
    assert server.asked[-1].json == server.asked[-2].json
    assert (await stored(services, again.answers[0].id)).prompt == "Merge!"
    plain = await services.chat.regenerate(conversation.id, conversation.lanes[0].leaf or "")
    await services.chat.wait(plain)
    assert plain.answers[0].message.prompt == ""


async def test_lanes_beside_a_merge_are_asked_the_question_itself(
    services: Services, server: LoopbackServer
) -> None:
    conversation, turn_id = await two(services)
    lane = conversation.lanes[0].id
    turn = await services.chat.merge(conversation.id, turn_id, model=JUDGE, prompt="Merge!", lane_id=lane)
    await services.chat.wait(turn)
    (swept,) = await services.lanes.sweep(conversation.id, lane, "temperature", [0.5])
    again = await services.chat.regenerate(conversation.id, turn.answers[0].id, lanes=[swept.id])
    await services.chat.wait(again)
    asked = server.asked[-1].json
    assert [m["content"] for m in asked["messages"]] == ["One", "I am a", "Two"]
    assert (asked["model"], asked["temperature"]) == ("a", 0.5)
    assert (await stored(services, again.answers[0].id)).prompt == ""


async def test_the_prompt_has_the_question_and_every_answer_shown(services: Services) -> None:
    """Not one that was replaced, and no names; those of closed lanes where fewer than two are shown."""
    conversation, turn_id = await two(services)
    prompt = ChatService.merge_prompt(conversation, turn_id)
    assert "<question>\nTwo\n</question>" in prompt
    assert prompt.endswith("<answer 1>\nI am a\n</answer 1>\n\n<answer 2>\nI am b\n</answer 2>")
    assert "loop" not in prompt
    edited = await services.chat.edit_answer(conversation.id, conversation.lanes[0].leaf or "", "Mine")
    prompt = ChatService.merge_prompt(await services.history.load(conversation.id), turn_id)
    assert "Mine" in prompt
    assert "I am a" not in prompt
    await services.lanes.continue_with(conversation.id, edited.id)
    prompt = ChatService.merge_prompt(await services.history.load(conversation.id), turn_id)
    assert all(f"<answer {n}>" in prompt for n in (1, 2, 3))


async def test_files_of_the_question_go_with_a_merge(services: Services, server: LoopbackServer) -> None:
    picture = await services.attachments.attach_bytes(PHOTO, "a.jpg", services.models.info(SIGHTED))
    conversation = await services.chat.new_conversation(SIGHTED)
    turn = await services.chat.send(conversation.id, Draft(text="See", attachments=(picture,)))
    await services.chat.wait(turn)
    merged = await services.chat.merge(
        conversation.id, turn.id, model=SIGHTED, prompt="Merge!", lane_id=conversation.lanes[0].id
    )
    await services.chat.wait(merged)
    image, words = server.asked[-1].json["messages"][0]["content"]
    assert image["type"] == "image_url"
    assert words["text"] == "Merge!"


async def test_what_cannot_be_merged_is_named(services: Services) -> None:
    conversation, turn_id = await two(services)
    lane = conversation.lanes[0].id
    for wrong in ({"prompt": " "}, {"lane_id": "gone"}):
        given = {"model": JUDGE, "prompt": "Merge!", "lane_id": lane, **wrong}
        with pytest.raises(ConfigurationError):
            await services.chat.merge(conversation.id, turn_id, **given)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="no such question"):
        await services.chat.merge(conversation.id, "gone", model=JUDGE, prompt="x", lane_id=lane)


async def test_an_answer_is_asked_of_another_lane(services: Services, server: LoopbackServer) -> None:
    conversation = await beside(services, A, B)
    turn = await said(services, conversation.id, "Hi")
    await services.history.save_draft(conversation.id, Draft(text="half a thought"))
    second = conversation.lanes[1].id
    asked = await services.chat.ask_with_answer(conversation.id, turn.answers[0].id, second)
    await services.chat.wait(asked)
    assert await branches(services, conversation.id) == [
        ["Hi", "I am a"], ["Hi", "I am b", "I am a", "I am b"],
    ]  # fmt: skip
    assert [m["content"] for m in server.asked[-1].json["messages"]] == ["Hi", "I am b", "I am a"]
    whole = await services.history.load(conversation.id)
    assert whole.draft == Draft(text="half a thought")
    known = {one.id: one for one in whole.messages}
    assert [one.sent_from for one in whole.messages if one.role == "user"] == ["", turn.answers[0].id]
    made = await services.chat.fork(conversation.id, asked.answers[0].id, lane_id=second)
    copies = (await services.history.load(made.id)).messages
    assert {known[one.copy_of].sent_from for one in copies} == {"", turn.answers[0].id}
    assert [one.sent_from for one in copies if one.sent_from] == [turn.answers[0].id]


async def test_an_answer_is_asked_without_the_empty_lines_around_it(
    services: Services, server: LoopbackServer
) -> None:
    conversation = await beside(services, A, B)
    server.told[A.id] = replies.events(openai_chat.answer(["\n", "Words\n\n"], model=A.id))
    turn = await said(services, conversation.id, "Hi")
    lane = conversation.lanes[1].id
    await services.chat.wait(await services.chat.ask_with_answer(conversation.id, turn.answers[0].id, lane))
    assert server.asked[-1].json["messages"][-1]["content"] == "Words"


async def test_what_cannot_be_asked_is_named(services: Services, server: LoopbackServer) -> None:
    conversation = await services.chat.new_conversation(MODEL)
    server.script(replies.data(openai_chat.error_body(None, None, "no"), 400))
    turn = await said(services, conversation.id, "Hi")
    lane = conversation.lanes[0].id
    with pytest.raises(ConfigurationError, match="no words"):
        await services.chat.ask_with_answer(conversation.id, turn.answers[0].id, lane)
    with pytest.raises(ConfigurationError, match="no such model"):
        await services.chat.ask_with_answer(conversation.id, turn.user_message_id, "gone")
