"""Blind mode: while answers are not rated, nothing tells which lane is which model."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping

import msgspec

from chatbench.core.conversations import Conversation, Lane, TreeMessage
from chatbench.core.errors import ErrorReport
from chatbench.core.params import Parameters
from chatbench.core.ratings import Rating
from chatbench.core.usage import Timings


def is_decided(marks: Collection[Rating | None]) -> bool:
    """Whether ratings, one for each answer of a turn, tell its answers apart: then names are shown."""
    bad = sum(mark == "bad" for mark in marks)
    return "best" in marks or "tie" in marks or 0 < bad >= len(marks) - 1


def lane_order(conversation: Conversation) -> tuple[str, ...]:
    """The ids of the open lanes as they stand while names are hidden: by chance, but the same every time
    until they are hidden anew."""

    def chance(lane: Lane) -> bytes:
        return hashlib.sha256(f"{conversation.blind_since} {lane.id}".encode()).digest()

    return tuple(lane.id for lane in sorted(conversation.lanes, key=chance))


def hides_names(conversation: Conversation, ratings: Mapping[str, Rating]) -> bool:
    """Whether the models of a conversation are not to be named, with what its answers are rated."""
    if conversation.blind_since is None or len(conversation.lanes) < 2:
        return False
    paths = [conversation.path(lane.leaf) for lane in conversation.lanes]
    last = max((path[-1] for path in paths if path), key=lambda one: one.created_at, default=None)
    if last is None:
        return True
    answers = {
        one.id for path in paths for one in path if one.role == "assistant" and one.turn_id == last.turn_id
    }
    return not is_decided([ratings.get(one) for one in answers])


def unnamed(conversation: Conversation) -> Conversation:
    """The same without a word of which model gave which answer, its lanes in their order by chance."""
    rank = {lane_id: place for place, lane_id in enumerate(lane_order(conversation))}
    turns: dict[str, int] = {}
    for message in conversation.messages:
        turns.setdefault(message.turn_id, len(turns))

    def place(message: TreeMessage) -> tuple[int, bool, int]:
        asked = message.role == "user"
        return turns[message.turn_id], not asked, 0 if asked else rank.get(message.lane_id, len(rank))

    return msgspec.structs.replace(
        conversation,
        lanes=tuple(_bare_lane(one) for one in sorted(conversation.lanes, key=lambda lane: rank[lane.id])),
        closed_lanes=tuple(_bare_lane(one) for one in conversation.closed_lanes),
        messages=tuple(_bare(one) for one in sorted(conversation.messages, key=place)),
    )


def _bare_lane(lane: Lane) -> Lane:
    return msgspec.structs.replace(lane, model=None, system="", parameters=Parameters())


def _bare(message: TreeMessage) -> TreeMessage:
    if message.model is None:
        return message
    failed = message.error
    return msgspec.structs.replace(
        message,
        model=None,
        model_answered="",
        system="",
        parameters=Parameters(),
        left_out=(),
        sent_files=(),
        response_id="",
        stop_detail="",
        usage=None,
        cost=None,
        timings=Timings(),
        error=None if failed is None else ErrorReport(kind="Hidden", message="There is no whole answer."),
    )
