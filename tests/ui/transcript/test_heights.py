"""Sums of heights against the plain way of doing it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chatbench.ui.chat.transcript.heights import Heights

_HEIGHT = st.integers(1, 500).map(float)


@given(st.lists(_HEIGHT, max_size=60), st.lists(st.tuples(st.integers(0, 59), _HEIGHT), max_size=20))
def test_sums_and_changes_equal_a_list(values: list[float], changes: list[tuple[int, float]]) -> None:
    heights = Heights(values)
    for row, height in changes:
        if row < len(values):
            values[row] = height
            heights.set(row, height)
    assert len(heights) == len(values)
    assert heights.total() == sum(values)
    assert [heights.top(row) for row in range(len(values) + 1)] == [
        sum(values[:row]) for row in range(len(values) + 1)
    ]


@given(st.lists(_HEIGHT, min_size=1, max_size=60), st.floats(0, 40_000))
def test_find_gives_the_row_at_a_height(values: list[float], y: float) -> None:
    row, into = Heights(values).find(y)
    assert sum(values[:row]) + into == y or abs(sum(values[:row]) + into - y) < 1e-6
    assert 0 <= into < values[row] or row == len(values) - 1


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=60), st.integers(0, 59), _HEIGHT)
def test_guesses_come_from_sizes_until_a_height_is_known(sizes: list[int], row: int, height: float) -> None:
    heights = Heights(sizes, 80, 0.5)
    assert heights.total() == 80 * len(sizes) + 0.5 * sum(sizes)
    row %= len(sizes)
    heights.set(row, height)
    assert heights[row] == height
    assert heights.top(row + 1) - heights.top(row) == height
    assert heights.find(heights.top(row)) == (row, 0.0)


def test_nothing_is_at_the_beginning() -> None:
    assert Heights().find(10) == (0, 0.0)
