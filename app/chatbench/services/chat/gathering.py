"""Answers that become material: several merged into one, one asked of another model."""

from __future__ import annotations

import msgspec

from chatbench.core.conversations import Conversation, Draft, Lane, TreeMessage
from chatbench.core.errors import ConfigurationError
from chatbench.core.ids import new_id
from chatbench.core.messages import MediaPart
from chatbench.core.models import ModelRef
from chatbench.core.params import Parameters
from chatbench.services.chat.sending import Sending
from chatbench.services.turns import (
    Sent,
    Turn,
    changed_lane,
    empty_answer,
    refuse_unsettled,
    sent,
    settled,
)
from chatbench.storage.rows import plain

_TASK = (
    "Below are a question and several answers to it. Write one answer to the question that is better "
    "than any of them: keep what is right and useful in each, correct what is wrong, leave out what "
    "repeats. Where they contradict each other and it cannot be settled, say so. Answer the question "
    "itself; do not speak of the answers or of this task."
)


class Gathering(Sending):
    """What comes of answers that stand beside each other."""

    @staticmethod
    def merge_prompt(conversation: Conversation, turn_id: str) -> str:
        """The words that ask for the answers of a turn to be merged, for a person to see and change.

        The answers are those that the open lanes show; all of the turn's where they show fewer than
        two. No model is named, lest names weigh. `conversation` has the turn's messages whole.
        """
        answers = _answers(conversation, turn_id)
        question = next((m.text for m in conversation.messages if _asks(m, turn_id)), "")
        told = [f"<answer {n}>\n{one.text.strip()}\n</answer {n}>" for n, one in enumerate(answers, 1)]
        return "\n\n".join([_TASK, f"<question>\n{question.strip()}\n</question>", *told])

    async def merge(
        self,
        conversation_id: str,
        turn_id: str,
        *,
        model: ModelRef,
        prompt: str,
        lane_id: str,
        parameters: Parameters = Parameters(),
        initiator: object | None = None,
    ) -> Turn:
        """Asks `model` for one answer out of those of a turn: beside them, in the lane `lane_id`, which
        stands on it then and keeps its own model. `prompt` (see `merge_prompt`) is sent in place of
        the question's words, behind the conversation before it; the answer keeps it.

        Raises StorageError, ConfigurationError for an empty prompt and a lane or turn that is not
        there. A failing call does not raise, its message carries the error.
        """
        self._underway.refuse_while_closing()
        if not prompt.strip():
            raise ConfigurationError("There is nothing to ask.", "Say how the answers are to be merged.")
        conversation = await self._store.outline(conversation_id)
        lane = conversation.lane(lane_id)
        question = _question(conversation, lane, turn_id)
        empty = empty_answer(changed_lane(lane, model, None, parameters), question)
        merged = msgspec.structs.replace(empty, prompt=plain(prompt))
        moved = msgspec.structs.replace(lane, leaf=merged.id)
        return await self._begun(conversation_id, Sent([], [merged], [moved]), initiator=initiator)

    async def ask_with_answer(
        self, conversation_id: str, message_id: str, lane_id: str, *, initiator: object | None = None
    ) -> Turn:
        """Sends an answer's words and files as a question to a lane, usually another's. What stands
        in the composer stays there.

        Raises StorageError; ConfigurationError for a lane that is not there, a message without
        words, and while it or the lane's last answer is still coming in.
        """
        self._underway.refuse_while_closing()
        conversation = await self._outline(conversation_id)
        settled(conversation, message_id)
        lane = conversation.lane(lane_id)
        refuse_unsettled(conversation, [lane])
        (answer,) = await self._store.messages([message_id])
        media = tuple(part for part in answer.parts if isinstance(part, MediaPart))
        if not answer.text.strip() and not media:
            raise ConfigurationError("This message has no words.", "Choose another one.")
        turn = sent(conversation, [lane], Draft(text=answer.text.strip(), attachments=media), new_id())
        turn.questions[:] = [msgspec.structs.replace(one, sent_from=message_id) for one in turn.questions]
        return await self._begun(conversation_id, turn, initiator=initiator, keep_draft=True)


def _asks(message: TreeMessage, turn_id: str) -> bool:
    return message.turn_id == turn_id and message.role == "user"


def _question(conversation: Conversation, lane: Lane, turn_id: str) -> TreeMessage:
    """The turn's question as the lane has it, else the first."""
    for message in (*conversation.path(lane.leaf), *conversation.messages):
        if _asks(message, turn_id):
            return message
    raise ConfigurationError("There is no such question in this conversation.", "It may have been deleted.")


def _answers(conversation: Conversation, turn_id: str) -> list[TreeMessage]:
    """Those with words."""
    every = [m for m in conversation.messages if m.turn_id == turn_id and m.role == "assistant" and m.text]
    paths = {m.id for lane in conversation.lanes for m in conversation.path(lane.leaf)}
    shown = [message for message in every if message.id in paths]
    return shown if len(shown) > 1 else every
