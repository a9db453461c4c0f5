"""Prompts and cases made of chats, and prompts made better by a model, piece by piece."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.loopback import openai_chat, replies
from tests.loopback.replies import Reply
from tests.loopback.server import LoopbackServer
from tests.services.conftest import MODEL

from chatbench.core.conversations import Conversation, ConversationSummary, Draft, Lane, TreeMessage
from chatbench.core.errors import ConfigurationError, FormatError
from chatbench.core.messages import ImagePart, Message, StoredFile, TextPart
from chatbench.core.params import Parameters
from chatbench.core.prompts import Prompt, PromptMessage
from chatbench.services import Services
from chatbench.services.prompts import PromptService, Proposal, case_of, compare, fill, prompt_of

PICTURE = ImagePart(source=StoredFile(sha256="a" * 64), media_type="image/png", name="a.png")


def chat(*texts: str) -> Conversation:
    messages = tuple(
        TreeMessage(
            id=f"m{at}", conversation_id="c", parent_id=f"m{at - 1}" if at else None, turn_id=f"t{at // 2}",
            role="assistant" if at % 2 else "user",
            parts=((PICTURE,) if at == 0 else ()) + (TextPart(text=text),),
        )
        for at, text in enumerate(texts)
    )  # fmt: skip
    lane = Lane(id="l", model=MODEL, system="Be {{kind}}.", parameters=Parameters(temperature=0.5),
                leaf=messages[-1].id if messages else None)  # fmt: skip
    return Conversation(
        summary=ConversationSummary(id="c", title="", created_at=0, updated_at=0),
        messages=messages,
        lanes=(lane,),
    )


def test_a_chat_becomes_a_prompt_that_asks_the_same() -> None:
    prompt = prompt_of(chat("Hello {% x %}", "Hi.", "What is {{this}}?", "That."))
    assert (prompt.models, prompt.parameters.temperature) == (("loop/m",), 0.5)
    filled = fill(prompt, {})
    assert filled.system == "Be {{kind}}."
    assert filled.messages == (
        Message(role="user", parts=(PICTURE, TextPart(text="Hello {% x %}"))),
        Message.assistant("Hi."),
        Message.user("What is {{this}}?"),
    )
    assert fill(prompt_of(chat("a", "b", "c"), examples=False), {}).messages == (Message.user("c"),)
    with pytest.raises(ConfigurationError, match="Nothing was asked"):
        prompt_of(chat())


def test_a_turn_becomes_a_case() -> None:
    told = chat("Look", "A cat.", "Sure?", "")
    assert case_of(told, "m1") == ({"input": "Look", "file": PICTURE.to_dict()}, "A cat.")
    for wrong in ("m0", "m3", "gone"):
        with pytest.raises(ConfigurationError):
            case_of(told, wrong)


BEFORE = Prompt(
    messages=(
        PromptMessage(role="system", text="You are a helpful assistant who answers questions."),
        PromptMessage(
            text="Answer {{question}} now and quickly. Then stop at once please.", attachments=(PICTURE,)
        ),
    )
)  # fmt: skip
ANSWER = {
    "messages": [
        {"role": "system", "text": "You are a careful assistant who answers questions."},
        {"role": "user", "text": "Answer {{question}} now and well. Then stop at once always."},
        {"role": "user", "text": "Thank you."},
    ],
    "explanation": "Clearer.",
}  # fmt: skip


def said(text: str) -> Reply:
    return replies.data(openai_chat.whole({"content": text}))


@pytest.fixture
def prompts(services: Services) -> PromptService:
    return services.prompts


@pytest.mark.parametrize("wrapped", ["{}", "Here:\n```json\n{}\n```\nDone.", "Sure! {} There."])
async def test_a_proposal_is_taken_piece_by_piece(
    prompts: PromptService, server: LoopbackServer, wrapped: str
) -> None:
    server.script(said(wrapped.replace("{}", json.dumps(ANSWER))))
    proposal = await prompts.improve(BEFORE, MODEL, "kinder")
    assert (proposal.explanation, proposal.lost) == ("Clearer.", ())
    assert [(one.number, one.removed.strip(), one.added.strip()) for one in proposal.changes] == [
        (0, "helpful", "careful"), (1, "quickly", "well"), (2, "please", "always"), (3, "", "Thank you."),
    ]  # fmt: skip
    assert proposal.taken([]) == BEFORE
    assert proposal.taken(range(4)) == proposal.after
    assert [one.text for one in proposal.taken([0, 2]).messages] == [
        "You are a careful assistant who answers questions.",
        "Answer {{question}} now and quickly. Then stop at once always.",
    ]
    assert proposal.taken([3]).messages[1:] == (BEFORE.messages[1], PromptMessage(text="Thank you."))
    assert proposal.after.messages[1].attachments == (PICTURE,)
    sent = server.asked[-1].json["messages"]
    assert "kinder" in sent[-1]["content"]
    assert sent[-1]["content"].count(sent[0]["content"].split("PROMPT-")[1][:16]) == 2


async def test_what_a_proposal_has_lost_is_told(prompts: PromptService, server: LoopbackServer) -> None:
    for text in ("No places.", "{% broken"):
        server.script(said(json.dumps({"messages": [{"role": "user", "text": text}]})))
        assert (await prompts.improve(BEFORE, MODEL)).lost == ("question",)


@pytest.mark.parametrize("text", ["I cannot.", "{}", '{"messages": []}', '{"messages": [{"role": "king"}]}'])
async def test_an_answer_that_is_no_prompt(prompts: PromptService, server: LoopbackServer, text: str) -> None:
    server.script(said(text))
    with pytest.raises(FormatError, match="no prompt"):
        await prompts.improve(BEFORE, MODEL)


WORDS = st.lists(st.sampled_from(["one", "two", "three.", "\n\n", "- four", "{{x}}", " "]), max_size=12).map(
    " ".join
)
MESSAGES = st.lists(
    st.builds(PromptMessage, role=st.sampled_from(["user", "assistant", "system"]), text=WORDS), max_size=3
)


@given(MESSAGES.map(tuple), MESSAGES.map(tuple), st.sets(st.integers(0, 8)))
def test_none_and_all_of_any_proposal(
    before: tuple[PromptMessage, ...], after: tuple[PromptMessage, ...], some: set[int]
) -> None:
    one, other = Prompt(messages=before), Prompt(messages=after)
    proposal = Proposal(one, other, compare(one, other), "", (), None)
    every = [change.number for change in proposal.changes]
    assert proposal.taken(every).messages == after
    unseen = [
        m for m in proposal.difference.messages if m.changed and all(p.kind == "same" for p in m.pieces)
    ]
    if not unseen:
        assert proposal.taken([]).messages == before
    proposal.taken(some)


async def test_an_answer_as_a_shared_text(services: Services, server: LoopbackServer) -> None:
    conversation = await services.chat.new_conversation(MODEL)
    turn = await services.chat.send(conversation.id, Draft(text="Hi"), model=MODEL)
    await services.chat.wait(turn)
    saved = await services.prompts.save_fragment("said", source=f"answer:{turn.answers[0].message.id}")
    assert saved.text.startswith("The quick brown fox")
