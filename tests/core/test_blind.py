"""When names are hidden, in which order lanes stand then, and that nothing of a model is left."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbench.core.blind import hides_names, is_decided, lane_order, unnamed
from chatbench.core.conversations import Conversation, ConversationSummary, Lane, SentFile, TreeMessage
from chatbench.core.errors import ErrorReport
from chatbench.core.messages import TextPart
from chatbench.core.models import ModelRef
from chatbench.core.params import LeftOut, Parameters
from chatbench.core.ratings import Rating
from chatbench.core.usage import Cost, Timings, Usage

IDS = "abcdefgh"


def message(an_id: str, parent: str | None, turn: str, at: int, lane: str = "") -> TreeMessage:
    """A question, or the answer of a lane with all that is known of it."""
    shared = TreeMessage(
        id=an_id, conversation_id="c", parent_id=parent, turn_id=turn, role="user", created_at=at,
        parts=(TextPart(f"words of {an_id}"),),
    )  # fmt: skip
    if not lane:
        return shared
    return msgspec.structs.replace(
        shared,
        role="assistant",
        lane_id=lane,
        model=ModelRef("secret", f"secret-{lane}"),
        model_answered="secret-0613",
        system="secret ways",
        parameters=Parameters(temperature=0.123),
        response_id="secret-id",
        left_out=(LeftOut(name="secret parameter", reason="secret does not take it"),),
        sent_files=(SentFile(original="0" * 64, form="native", file_id="secret-file"),),
        stop_detail="secret end",
        usage=Usage(input_tokens=123_456, output_tokens=234_567),
        cost=Cost(amount=Decimal("0.345678")),
        timings=Timings(first_token_s=4.56789),
        error=ErrorReport(kind="RateLimited", message="secret says no", raw="secret", hint="Ask secret"),
    )


def conversation(lanes: str = "ab", turns: int = 2, since: int | None = 1) -> Conversation:
    """Every lane has answered every question."""
    messages: list[TreeMessage] = []
    leaves: dict[str, str | None] = dict.fromkeys(lanes)
    for turn in range(turns):
        at = 10 * (turn + 1)
        for lane in lanes:
            asked = message(f"q{turn}{lane}", leaves[lane], f"t{turn}", at)
            given = message(f"a{turn}{lane}", asked.id, f"t{turn}", at + 1, lane)
            messages += [asked, given]
            leaves[lane] = given.id
    return Conversation(
        summary=ConversationSummary(id="c", title="", created_at=0, updated_at=0),
        messages=tuple(messages),
        lanes=tuple(
            Lane(id=lane, position=at, model=ModelRef("secret", f"secret-{lane}"), system="secret ways",
                 parameters=Parameters(temperature=0.123), leaf=leaves[lane])
            for at, lane in enumerate(lanes)
        ),
        closed_lanes=(Lane(id="z", model=ModelRef("secret", "secret-z")),),
        blind_since=since,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("marks", "decided"),
    [
        ([None, None], False),
        (["best", None], True),
        ([None, "tie", None], True),
        (["bad", None], True),
        (["bad", None, None], False),
        (["bad", "bad", None], True),
        (["bad", "bad"], True),
        ([None], False),
        ([], False),
    ],
)
def test_ratings_decide_when_they_tell_the_answers_apart(marks: list[Rating | None], decided: bool) -> None:
    assert is_decided(marks) is decided


@pytest.mark.parametrize(
    ("asked", "ratings", "hidden"),
    [
        (conversation(), {}, True),
        (conversation(), {"a1a": "best"}, False),
        (conversation(), {"a0a": "best"}, True),
        (conversation(), {"a1b": "bad"}, False),
        (conversation("abc"), {"a1b": "bad"}, True),
        (conversation(turns=0), {}, True),
        (conversation(since=None), {}, False),
        (conversation("a"), {}, False),
    ],
)
def test_names_are_hidden_until_the_last_turn_is_decided(
    asked: Conversation, ratings: dict[str, Rating], hidden: bool
) -> None:
    assert hides_names(asked, ratings) is hidden


def test_the_last_turn_is_that_of_the_lane_that_went_on_furthest() -> None:
    asked = conversation()
    behind = msgspec.structs.replace(asked.lanes[0], leaf="a0a")
    asked = msgspec.structs.replace(asked, lanes=(behind, asked.lanes[1]))
    assert hides_names(asked, {"a0a": "best"})
    assert not hides_names(asked, {"a1b": "best"})


def test_the_order_is_by_chance_and_stays_until_names_are_hidden_anew() -> None:
    orders = {lane_order(conversation("abc", since=since)) for since in range(100)}
    assert len(orders) == 6, "each order comes"
    assert lane_order(conversation("abc", since=7)) == lane_order(conversation("abc", since=7, turns=5))
    before, after = lane_order(conversation("abc")), lane_order(conversation("abcd"))
    assert tuple(one for one in after if one != "d") == before, "one more lane leaves the others in order"


def test_nothing_of_a_model_is_left() -> None:
    bare = unnamed(conversation())
    told = msgspec.json.encode((bare.messages, bare.lanes, bare.closed_lanes)).decode()
    for word in ("secret", "0.123", "123456", "234567", "0.345678", "4.56789", "RateLimited"):
        assert word not in told, word
    assert all(f"words of a1{lane}" in told for lane in "ab")
    failed = bare.messages[-1].error
    assert failed is not None
    assert failed.message == "There is no whole answer."


@given(st.integers(2, 8), st.integers(0, 10_000))
def test_no_order_tells_which_lane_was_added_first(count: int, since: int) -> None:
    asked = conversation(IDS[:count], since=since)
    bare, order = unnamed(asked), lane_order(asked)
    assert tuple(lane.id for lane in bare.lanes) == order
    assert sorted(one.id for one in bare.messages) == sorted(one.id for one in asked.messages)
    for turn in ("t0", "t1"):
        answered = [one for one in bare.messages if one.turn_id == turn and one.role == "assistant"]
        assert tuple(one.lane_id for one in answered) == order
    seen: set[str] = set()
    for one in bare.messages:
        assert one.parent_id is None or one.parent_id in seen, "a parent stands before its children"
        seen.add(one.id)
