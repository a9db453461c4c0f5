"""Strengths against published fits, and where nothing can be known."""

from __future__ import annotations

import math
import random

import pytest

from chatbench.evaluation.strength import AVERAGE, Strength, Wins, strengths

POINTS = 400 / math.log(10)

# Games of the American League's eastern division in 1987 (Agresti, Categorical Data Analysis): how
# often the row's team beat the column's. The fit and its standard errors are those of the textbook
# and of R's BradleyTerry2, Baltimore at 0.
TEAMS = ["Milwaukee", "Detroit", "Toronto", "New York", "Boston", "Cleveland", "Baltimore"]
GAMES = [
    [0, 7, 9, 7, 7, 9, 11],
    [6, 0, 7, 5, 11, 9, 9],
    [4, 6, 0, 7, 7, 8, 12],
    [6, 8, 6, 0, 6, 7, 10],
    [6, 2, 6, 7, 0, 7, 12],
    [4, 4, 5, 6, 6, 0, 6],
    [2, 4, 1, 3, 1, 7, 0],
]
FITTED = [1.5814, 1.4364, 1.2945, 1.2476, 1.1077, 0.6839, 0.0]


def of(outcomes: list[tuple[str, str, float]]) -> dict[str, Strength]:
    wins = Wins(outcomes)
    return strengths(wins, wins.groups()[0])


def spread(strength: Strength) -> float:
    """The standard deviation of the natural logarithm."""
    return (strength.high - strength.low) / 2 / 1.959964 / POINTS


def test_two_that_won_three_and_one() -> None:
    found = of([("a", "b", 3), ("b", "a", 1)])
    assert found["a"].points - found["b"].points == pytest.approx(400 * math.log10(3))
    assert found["a"].points + found["b"].points == pytest.approx(2 * AVERAGE)
    # Of the difference the variance is 1/3 + 1/1, and each stands half of it from their average.
    assert spread(found["a"]) == pytest.approx(math.sqrt(4 / 3) / 2)
    assert not found["a"].corrected


def test_the_textbook_s_baseball_season() -> None:
    found = of(
        [
            (TEAMS[i], TEAMS[j], GAMES[i][j])
            for i in range(len(TEAMS))
            for j in range(len(TEAMS))
            if GAMES[i][j]
        ]
    )
    logs = [(found[team].points - found["Baltimore"].points) / POINTS for team in TEAMS]
    assert logs == pytest.approx(FITTED, abs=6e-4)


def test_four_with_a_missing_pair_each() -> None:
    """Strengths of 0.640, 1.043, 0.660 and 2.270, their geometric mean 1: found by iteration."""
    found = of(
        [
            ("a", "b", 2), ("a", "d", 1), ("b", "a", 3), ("b", "c", 5),
            ("c", "b", 3), ("c", "d", 1), ("d", "a", 4), ("d", "c", 3),
        ]
    )  # fmt: skip
    worth = {key: math.exp((one.points - AVERAGE) / POINTS) for key, one in found.items()}
    assert worth == pytest.approx({"a": 0.640, "b": 1.043, "c": 0.660, "d": 2.270}, abs=6e-4)


def test_ties_are_half_a_win_each_way() -> None:
    found = of([("a", "b", 0.5), ("b", "a", 0.5)])
    assert found["a"].points == found["b"].points == pytest.approx(AVERAGE)
    assert found["a"].low < AVERAGE < found["a"].high
    drawn = of([("a", "b", 2.5), ("b", "a", 0.5)])
    assert drawn["a"].points - drawn["b"].points == pytest.approx(400 * math.log10(5))


def test_the_interval_shrinks_as_the_square_root_of_the_games() -> None:
    few = of([("a", "b", 3), ("b", "a", 1), ("b", "c", 2), ("c", "a", 1)])
    many = of([("a", "b", 300), ("b", "a", 100), ("b", "c", 200), ("c", "a", 100)])
    for key in "abc":
        assert many[key].points == pytest.approx(few[key].points)
        assert spread(many[key]) == pytest.approx(spread(few[key]) / 10)


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    shuffled = random.Random(5)
    truth = {"a": 0.8, "b": 0.0, "c": -0.8}
    covered = total = 0
    for _ in range(200):
        wins: Wins[str] = Wins()
        for _ in range(60):
            one, other = shuffled.sample("abc", 2)
            chance = 1 / (1 + math.exp(truth[other] - truth[one]))
            wins.add(*((one, other) if shuffled.random() < chance else (other, one)))
        for key, found in strengths(wins, wins.groups()[0]).items():
            total += 1
            covered += found.low <= AVERAGE + POINTS * truth[key] <= found.high
    assert 0.92 <= covered / total <= 0.98


def test_who_has_only_won_gets_finite_points_and_a_wide_interval() -> None:
    found = of([("a", "b", 5)])
    assert found["a"].corrected
    assert found["a"].points - found["b"].points == pytest.approx(400 * math.log10(11))
    assert found["a"].low < AVERAGE < found["a"].high
    through = of([("a", "b", 1), ("b", "c", 1), ("c", "a", 1)])
    assert not any(one.corrected for one in through.values())
    only_lost = of([("a", "b", 1), ("b", "a", 1), ("a", "c", 4), ("b", "c", 4)])
    assert all(one.corrected for one in only_lost.values())
    assert only_lost["c"].high < only_lost["a"].points


def test_between_groups_nothing_is_known() -> None:
    wins = Wins([("a", "b", 1), ("c", "d", 2), ("d", "c", 2), ("e", "e", 7)])
    assert wins.groups() == [["c", "d"], ["a", "b"], ["e"]]
    assert strengths(wins, ["e"]) == {}
    assert Wins[str]().groups() == []


def test_a_thousand_games_to_one_do_not_overflow() -> None:
    found = of([("a", "b", 1_000_000), ("b", "a", 1), ("b", "c", 1_000_000), ("c", "b", 1)])
    assert found["a"].points - found["b"].points == pytest.approx(2400)
    assert found["a"].points - found["c"].points == pytest.approx(4800)


def test_sixty_models_in_five_thousand_comparisons() -> None:
    shuffled = random.Random(3)
    wins: Wins[int] = Wins()
    for _ in range(5_000):
        one, other = shuffled.sample(range(60), 2)
        wins.add(*((one, other) if shuffled.random() < 0.5 + (one - other) / 130 else (other, one)))
    found = strengths(wins, wins.groups()[0])
    assert found[59].low > found[0].high


def test_who_won_as_often_as_was_to_be_expected_however_lopsided_the_games() -> None:
    """A whole step of Newton's method leads away here."""
    games = {
        (2, 4): 10_000, (4, 2): 10, (1, 5): 1_000, (5, 1): 10_000, (2, 5): 1_000_000, (5, 2): 10,
        (0, 6): 100_000, (6, 0): 10_000, (2, 6): 10_000, (6, 2): 1, (3, 6): 1_000_000, (6, 3): 1,
        (5, 6): 10, (6, 5): 100, (2, 7): 1_000, (7, 2): 1, (3, 7): 1, (7, 3): 1_000, (4, 7): 10_000,
        (7, 4): 100,
    }  # fmt: skip
    wins = Wins([(one, other, count) for (one, other), count in games.items()])
    found = strengths(wins, wins.groups()[0])
    for one in found:
        won = sum(count for (winner, _), count in games.items() if winner == one)
        expected = sum(
            (count + games[other, one]) / (1 + 10 ** ((found[other].points - found[one].points) / 400))
            for (winner, other), count in games.items()
            if winner == one
        )
        assert expected == pytest.approx(won, rel=1e-4)
