"""What a person says of a turn's answers, as comparisons and as a leaderboard."""

from __future__ import annotations

import pytest

from chatbench.core.models import ModelRef
from chatbench.core.ratings import Rating
from chatbench.evaluation.standings import outcomes, standings

A, B, C, D, E = (ModelRef("p", name) for name in "abcde")
Turn = list[tuple[ModelRef, Rating | None]]


@pytest.mark.parametrize(
    ("turn", "expected"),
    [
        ([(A, "best"), (B, None), (C, "bad")], [(A, B, False), (A, C, False), (B, C, False)]),
        ([(A, None), (B, None), (C, "best")], [(C, A, False), (C, B, False)]),
        ([(A, "tie"), (B, "tie"), (C, None)], [(A, B, True), (A, C, False), (B, C, False)]),
        ([(A, "tie"), (B, None), (C, "bad")], [(A, B, True), (A, C, False), (B, C, False)]),
        ([(A, "bad"), (B, "bad")], [(A, B, True)]),
        ([(A, "bad"), (B, None)], [(B, A, False)]),
        ([(A, None), (B, None)], []),
        ([(A, "best")], []),
        ([(A, "best"), (A, None), (B, None)], [(A, B, False)]),
        ([(A, "bad"), (A, None), (B, "best")], [(B, A, False)]),
        ([], []),
    ],
)
def test_marks_say_who_did_better(turn: Turn, expected: list[tuple[ModelRef, ModelRef, bool]]) -> None:
    assert outcomes(turn) == expected


def test_no_ratings_are_no_standings() -> None:
    assert standings([]) == ()


def test_the_best_stands_first_with_what_it_won() -> None:
    won: Turn = [(A, "best"), (B, None)]
    turns: list[Turn] = [won, won, won, [(A, None), (B, "best")], [(A, "tie"), (B, "tie")]]
    first, second = standings(turns)
    assert (first.model, first.wins, first.losses, first.ties) == (A, 3, 1, 1)
    assert (second.model, second.wins, second.losses, second.ties) == (B, 1, 3, 1)
    assert first.score is not None
    assert first.low is not None
    assert first.high is not None
    assert second.score is not None
    assert first.low < first.score < first.high
    assert first.score + second.score == pytest.approx(2000)
    assert not first.provisional
    assert first.unknown == ""


def test_who_was_never_compared_has_no_score() -> None:
    turns: list[Turn] = [
        [(A, "best"), (B, None)], [(B, "best"), (A, None)],
        [(C, "best"), (D, None)],
        [(E, "bad")],
    ]  # fmt: skip
    found = {standing.model: standing for standing in standings(turns)}
    assert [found[model].unknown for model in (A, B, C, D, E)] == ["", "", "apart", "apart", "alone"]
    assert [found[model].score is None for model in (A, B, C, D, E)] == [False, False, True, True, True]
    assert (found[C].wins, found[D].losses, found[E].bad) == (1, 1, 1)
    assert [standing.model for standing in standings(turns)][2:] == [C, D, E]


def test_a_model_that_never_lost_is_told_as_provisional() -> None:
    first, second = standings([[(A, "best"), (B, None)]] * 2)
    assert first.provisional
    assert second.provisional
    assert first.score is not None
    assert second.score is not None
    assert first.score > second.score
