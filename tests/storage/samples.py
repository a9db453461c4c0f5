"""Messages as the chat service writes them."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from chatbench.core.conversations import Conversation, Lane, MessageState, TreeMessage
from chatbench.core.ids import new_id
from chatbench.core.messages import Part, TextPart
from chatbench.core.models import ModelRef
from chatbench.core.usage import Cost, Usage
from chatbench.storage.conversations import ConversationStore
from chatbench.storage.turns import now_ms

MODEL = ModelRef("anthropic", "claude-opus-5-5")


def lane(model: ModelRef = MODEL) -> Lane:
    return Lane(id=new_id(), model=model)


def question(conversation_id: str, text: str, parent: str | None = None, *media: Part) -> TreeMessage:
    return TreeMessage(
        id=new_id(),
        conversation_id=conversation_id,
        parent_id=parent,
        turn_id=new_id(),
        role="user",
        parts=(*media, TextPart(text=text)),
        created_at=now_ms(),
    )


def empty_answer(to: TreeMessage, model: ModelRef = MODEL, lane_id: str = "") -> TreeMessage:
    return TreeMessage(
        id=new_id(),
        conversation_id=to.conversation_id,
        parent_id=to.id,
        turn_id=to.turn_id,
        role="assistant",
        state="streaming",
        lane_id=lane_id,
        model=model,
        created_at=now_ms(),
    )


def ended(
    answer: TreeMessage, text: str, *, cost: str | None = "0.01", state: MessageState = "done"
) -> TreeMessage:
    return msgspec.structs.replace(
        answer,
        state=state,
        parts=(TextPart(text=text),) if text else (),
        usage=Usage(input_tokens=7, output_tokens=3) if text else None,
        cost=Cost(amount=Decimal(cost)) if cost is not None else None,
        finished_at=now_ms(),
    )


async def ask(
    store: ConversationStore, conversation: Conversation, text: str, parent: str | None = None
) -> TreeMessage:
    """A question and its answer that has just begun."""
    asked = question(conversation.id, text, parent)
    answer = empty_answer(asked, lane_id=conversation.lanes[0].id)
    moved = msgspec.structs.replace(conversation.lanes[0], leaf=answer.id)
    await store.begin_turn(conversation.id, [asked], [answer], [moved])
    return answer


async def exchange(
    store: ConversationStore,
    conversation: Conversation,
    text: str,
    reply: str,
    parent: str | None = None,
    *,
    cost: str | None = "0.01",
) -> TreeMessage:
    """A whole turn; returns the answer."""
    answer = ended(await ask(store, conversation, text, parent), reply, cost=cost)
    await store.finish(answer)
    return answer
