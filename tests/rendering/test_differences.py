"""The differences of two texts join to both of them, and show what a reader would call changed."""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatbench.core.conversations import Lane
from chatbench.core.models import ModelRef
from chatbench.core.params import Parameters
from chatbench.rendering import subsequence
from chatbench.rendering.differences import (
    ParameterDifference,
    Piece,
    differences,
    parameter_differences,
)
from chatbench.rendering.subsequence import matches

WORDS = [
    "the",
    "a",
    "moon",
    "cheese,",
    "- item",
    "\n",
    "\n\n",
    "```\n",
    "x = 1\n",
    "東京",
    "# H",
    "  ",
    "|",
    "é",
]
texts = st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join) | st.text(max_size=60)


def marked(a: str, b: str) -> str:
    """With [-removed-] and {+added+} around each piece, without the white space a piece ends with."""
    out: list[str] = []
    for piece in differences(a, b):
        words = piece.text.rstrip()
        ends = piece.text[len(words) :]
        left, right = {"same": ("", ""), "added": ("{+", "+}"), "removed": ("[-", "-]")}[piece.kind]
        out.append(f"{left}{words}{right}{ends}")
    return "".join(out)


@settings(max_examples=300, deadline=None)
@given(texts, texts)
def test_the_pieces_join_to_both_texts(a: str, b: str) -> None:
    pieces = differences(a, b)
    assert "".join(piece.text for piece in pieces if piece.kind != "removed") == b
    assert "".join("".join(piece.text for piece in pieces if piece.kind != "added").split()) == "".join(
        a.split()
    )
    for piece in pieces:
        if piece.kind != "removed":
            assert b[piece.b :].startswith(piece.text)
        if piece.kind == "removed":
            assert a[piece.a :].startswith(piece.text)
        elif piece.kind == "same":
            assert "".join(a[piece.a :].split()).startswith("".join(piece.text.split()))
    assert all(first.block <= second.block for first, second in pairwise(pieces))
    assert all(first.kind != second.kind for first, second in pairwise(pieces) if first.block == second.block)


@settings(max_examples=100, deadline=None)
@given(texts)
def test_a_text_is_the_same_as_itself(text: str) -> None:
    pieces = differences(text, text)
    assert {piece.kind for piece in pieces} <= {"same"}
    assert "".join(piece.text for piece in pieces) == text
    assert all(piece.a == piece.b for piece in pieces)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("", "", ""),
        ("", "New.", "{+New.+}"),
        ("Old.", "", "[-Old.-]"),
        ("The quick fox jumped.", "The slow fox jumped.", "The [-quick-] {+slow+} fox jumped."),
        ("Paris.", "Paris is the capital of France.", "Paris {+is the capital of France+}."),
        ("I don't know it.", "I do know it.", "I [-don't-] {+do+} know it."),
        ("東京は日本の首都です。", "東京は日本の古都です。", "東京は日本の[-首-]{+古+}都です。"),
        ("ฉันกินข้าว", "ฉันกินน้ำ", "ฉันกิน[-ข้าว-]{+น้ำ+}"),
        ("A café there", "A cafe\u0301 there", "A [-café-] {+cafe\u0301+} there"),
        ("It costs 5 euros", "It costs 7 euros", "It costs [-5-] {+7+} euros"),
    ],
)
def test_words_are_compared_as_a_reader_would(a: str, b: str, expected: str) -> None:
    assert marked(a, b) == expected


def test_a_paragraph_that_says_something_else_is_replaced_as_a_whole() -> None:
    a = "It rains.\n\nThe moon is a rock that circles the earth in a month.\n\nGood night."
    b = "It rains.\n\nNobody in the village had seen a miller on a Sunday.\n\nGood night."
    assert marked(a, b) == (
        "It rains.\n\n[-The moon is a rock that circles the earth in a month.-]\n\n"
        "{+Nobody in the village had seen a miller on a Sunday.+}\n\nGood night."
    )


def test_a_paragraph_put_between_leaves_its_neighbours_alone() -> None:
    a = "First words here.\n\nLast words here."
    b = "First words here.\n\nMiddle things, quite other.\n\nLast words here."
    pieces = differences(a, b)
    assert [(piece.kind, piece.block) for piece in pieces] == [("same", 0), ("added", 1), ("same", 2)]


def test_words_that_are_the_same_by_chance_do_not_break_a_change_up() -> None:
    a = "We shall see: every answer of machines must be checked. Nothing more was said that day."
    b = "We shall see: my neighbour of Hamburg sells fresh herrings. Nothing more was said that day."
    kinds = [piece.kind for piece in differences(a, b)]
    assert kinds == ["same", "removed", "added", "same"]


def test_a_change_leaves_the_words_before_it_that_part_it_from_another() -> None:
    pieces = differences("dog Z Z Z He and so on it went", "Z He I and so on it went")
    assert [piece.kind for piece in pieces] == ["removed", "added", "same", "added", "same"]


def test_items_of_a_list_are_blocks() -> None:
    a = "- flour and some water\n- yeast from the shop\n- salt\n"
    b = "- flour and some water\n- salt\n- yeast from the baker\n"
    assert "- salt\n" in [piece.text for piece in differences(a, b) if piece.kind == "added"]
    assert marked("1. one thing\n2. another\n", "1. one thing\n1. new wine\n2. another\n") == (
        "1. one thing\n{+1. new wine+}\n2. another\n"
    )


def test_code_is_compared_by_token_and_line_and_its_white_space_counts() -> None:
    a = "Run:\n```py\ndef f(a, b):\n    return a + b\n```\nDone.\n"
    b = "Run:\n```py\nimport os\ndef f(a, c):\n        return a + c\n```\nDone.\n"
    assert [(piece.kind, piece.text) for piece in differences(a, b) if piece.code] == [
        ("added", "import os\n"),
        ("same", "def f(a, "),
        ("removed", "b"),
        ("added", "c"),
        ("same", "):\n"),
        ("removed", "    "),
        ("added", "        "),
        ("same", "return a + "),
        ("removed", "b"),
        ("added", "c"),
        ("same", "\n"),
    ]


def test_code_is_never_laid_beside_prose() -> None:
    a = "total = price times quantity\n"
    b = "```\ntotal = price times quantity\n```\n"
    pieces = differences(a, b)
    assert all(piece.kind != "same" for piece in pieces)
    assert [piece.text for piece in pieces if piece.code] == ["total = price times quantity\n"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("```\ncode\n```\nprose", ["code\n"]),
        ("~~~ py\ncode\n```\nmore\n~~~\nprose", ["code\n", "```\n", "more\n"]),
        ("````\n```\n````\nprose", ["```\n"]),
        ("> ```\n> code\n> ```\nprose", ["> code\n"]),
        ("1. ```\n   code\n   ```\nprose", ["   code\n"]),
        ("```inline``` and prose\nmore", []),
        ("```\nnever closed", ["never closed"]),
    ],
)
def test_fences_are_found_where_they_stand(text: str, code: list[str]) -> None:
    assert [piece.text for piece in differences("", text) if piece.code] == code


def test_white_space_of_prose_is_no_difference() -> None:
    assert differences("some words\nwrapped here", "some words wrapped  here") == (
        Piece("same", "some words wrapped  here", 0, 0, 0),
    )


def test_it_can_be_called_off_from_another_thread() -> None:
    called_off, looked = threading.Event(), threading.Event()
    raised: list[type[BaseException]] = []

    def cancelled() -> bool:
        looked.set()
        return called_off.wait(timeout=10)

    def work() -> None:
        try:
            differences("a b c " * 2_000, "c b a " * 2_000, cancelled)
        except CancelledError as error:
            raised.append(type(error))

    thread = threading.Thread(target=work)
    thread.start()
    assert looked.wait(timeout=10)
    called_off.set()
    thread.join(timeout=10)
    assert raised == [CancelledError]


def longest(a: str, b: str) -> int:
    """The length of the longest common subsequence by the book."""
    row = [0] * (len(b) + 1)
    for x in a:
        before = row
        row = [0]
        for at, y in enumerate(b):
            row.append(before[at] + 1 if x == y else max(before[at + 1], row[at]))
    return row[-1]


@pytest.mark.parametrize("cells", [1, 20, 1 << 28])
@settings(max_examples=150, deadline=None)
@given(a=st.text("abcd", max_size=30), b=st.text("abcd", max_size=30))
def test_as_many_places_match_as_can_be_however_often_the_table_is_halved(cells: int, a: str, b: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subsequence, "_CELLS", cells)
        found = matches(a, b)
    assert len(found) == longest(a, b)
    assert all(a[i] == b[j] for i, j in found)
    assert all(i < k and j < m for (i, j), (k, m) in pairwise(found))


def test_what_lanes_ask_with_differently_is_named() -> None:
    a = Lane(id="a", model=ModelRef("x", "1"), parameters=Parameters(temperature=0.2, top_p=0.9))
    b = Lane(id="b", model=ModelRef("x", "2"), system="Be brief.", parameters=Parameters(temperature=1.0))
    assert parameter_differences(a, b) == (
        ParameterDifference("model", ModelRef("x", "1"), ModelRef("x", "2")),
        ParameterDifference("system", None, "Be brief."),
        ParameterDifference("temperature", 0.2, 1.0),
        ParameterDifference("top_p", 0.9, None),
    )
    assert parameter_differences(a, a) == ()
