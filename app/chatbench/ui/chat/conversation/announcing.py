"""What a screen reader is told of answers: that they begin, and how each of them ends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from chatbench.core.conversations import TreeMessage
from chatbench.services.chat import Turn
from chatbench.ui.widgets import announce

if TYPE_CHECKING:
    from chatbench.ui.chat.conversation.view import ConversationView


async def announce_turn(view: ConversationView, turn: Turn) -> None:
    """Tells of every answer as it ends: one that fails early is not kept back by the others."""
    _begins(view, turn)
    await asyncio.gather(*[_ends(view, turn, at) for at in range(len(turn.answers))])


def _begins(view: ConversationView, turn: Turn) -> None:
    lanes = [view.lanes.view(answer.message.lane_id) for answer in turn.answers]
    letters = [lane.letter for lane in lanes if lane is not None and not lane.alone]
    if len(letters) > 1:
        announce(view, view.tr("The answers begin: lanes {0}.").format(", ".join(letters)))
    elif turn.answers:
        announce(view, _of_lane(view, turn.answers[0].message, view.tr("The answer begins.")))


async def _ends(view: ConversationView, turn: Turn, at: int) -> None:
    answer = turn.answers[at]
    await view.services.chat.wait(msgspec.structs.replace(turn, answers=(answer,)))
    message = answer.message
    words = {
        "done": view.tr("The answer is complete."),
        "stopped": view.tr("The answer was stopped."),
        "interrupted": view.tr("The answer was interrupted."),
        "failed": view.tr("The answer failed."),
    }.get(message.state, "")
    # The reason may name the provider.
    if message.error is not None and not view.names_hidden:
        words = f"{words} {message.error.message}"
    announce(view, _of_lane(view, message, words), at_once=message.state == "failed")


def _of_lane(view: ConversationView, message: TreeMessage, words: str) -> str:
    lane = view.lanes.view(message.lane_id)
    if lane is None or lane.alone:
        return words
    return view.tr("Lane {0}: {1}").format(lane.letter, words)
