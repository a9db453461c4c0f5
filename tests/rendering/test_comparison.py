"""Blocks of two texts find each other, in order, whatever was put between them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from chatbench.rendering.comparison import Pair, Text, aligned, moved, same
from chatbench.rendering.document import normalized, parse

LINES = [
    "# A heading\n\n",
    "A paragraph with some words in it.\n\n",
    "A paragraph with other words in it.\n\n",
    "- one\n- two\n\n",
    "- one\n- three\n\n",
    "```py\nx = 1\ny = 2\n```\n\n",
    "```py\nx = 1\ny = 3\n```\n\n",
    "| a | b |\n|---|---|\n| 1 | 2 |\n\n",
    "$$\nx\n$$\n\n",
    "---\n\n",
    "> quoted\n\n",
    "漢字仮名\n\n",
]


def pairs_of(here: str, there: str) -> list[Pair]:
    return aligned(Text(normalized(here), parse(here)), Text(normalized(there), parse(there)))


def test_changed_blocks_find_each_other() -> None:
    here = "# Title\n\nSome words of mine.\n\n```\na = 1\nb = 2\n```\n\nNew one here.\n"
    there = "# Title\n\nGone for good, this one.\n\nSome words of yours.\n\n```\na = 1\nb = 3\n```\n"
    assert pairs_of(here, there) == [
        Pair(0, 0),
        Pair(None, 1),
        Pair(1, 2),
        Pair(2, 3),
        Pair(3, None),
    ]


def test_maths_is_paired_only_with_the_same_maths() -> None:
    assert pairs_of("$$\nx + y\n$$\n", "$$\nx + y + z\n$$\n") == [Pair(None, 0), Pair(0, None)]
    assert pairs_of("$$\nx + y\n$$\n", "$$\nx + y\n$$\n") == [Pair(0, 0)]


@settings(max_examples=150, deadline=None)
@given(*[st.lists(st.sampled_from(LINES), max_size=8).map("".join)] * 2)
def test_every_block_stands_once_and_in_its_order(here: str, there: str) -> None:
    pairs = pairs_of(here, there)
    mine, theirs = parse(here), parse(there)
    assert [pair.here for pair in pairs if pair.here is not None] == list(range(len(mine)))
    assert [pair.there for pair in pairs if pair.there is not None] == list(range(len(theirs)))
    if here == there:
        assert all(pair.here == pair.there for pair in pairs)
    for pair in pairs:
        if pair.here is not None and pair.there is not None:
            assert mine[pair.here].kind == theirs[pair.there].kind
        assert pair != Pair(None, None)


def test_a_block_that_only_stands_elsewhere_is_known_and_is_no_other_one_s_too() -> None:
    here, there = "One.\n\nTwo two.\n\n---\n\nAll.\n", "All.\n\nOne.\n\nAll.\n\nThree.\n\n---\n\nTwo.\n"
    pairs = pairs_of(here, there)
    assert moved(pairs, parse(here), parse(there)) == {3: 0}
    assert moved(pairs_of("A b c.\n\nD e f.\n", "D e f.\n\nA b c.\n"), parse("A b c.\n\nD e f.\n"),
                 parse("D e f.\n\nA b c.\n")) in ({0: 1}, {1: 0})  # fmt: skip
    assert moved(pairs_of(here, here), parse(here), parse(here)) == {}


def test_a_rule_never_moves() -> None:
    here, there = "---\n\nA paragraph of some words.\n", "A paragraph of some words.\n\n---\n"
    pairs = pairs_of(here, there)
    assert Pair(1, 0) in pairs
    assert moved(pairs, parse(here), parse(there)) == {}


def test_a_list_is_laid_beside_itself_in_another_order() -> None:
    here = "Do it:\n\n- a long item of words\n- b c\n- b c\n- d\n"
    there = "Do it:\n\n- d\n- b c\n- b c\n- a long item of words\n"
    assert pairs_of(here, there) == pairs_of(there, here) == [Pair(0, 0), Pair(1, 1)]


def test_a_block_is_paired_once_though_two_have_words_of_it() -> None:
    here = "1. one thing of many\n\n- two things of many\n- three things of many\n"
    there = "- one thing of many\n- two things of many\n- three things of many\n"
    assert len(parse(there)) == 1
    assert pairs_of(here, there) == [Pair(0, None), Pair(1, 0)]
    assert pairs_of(there, here) == [Pair(None, 0), Pair(0, 1)]


@settings(max_examples=150, deadline=None)
@given(*[st.lists(st.sampled_from(LINES), max_size=8).map("".join)] * 2)
def test_what_moved_stands_alone_in_both_and_says_the_same(here: str, there: str) -> None:
    pairs, mine, theirs = pairs_of(here, there), parse(here), parse(there)
    found = moved(pairs, mine, theirs)
    assert len(set(found.values())) == len(found)
    assert {Pair(at, None) for at in found} | {Pair(None, at) for at in found.values()} <= set(pairs)
    assert all(same(mine[at], theirs[other]) for at, other in found.items())
    assert not any(mine[at].kind == "rule" for at in found)


def test_what_says_the_same_is_the_same_wherever_it_stands() -> None:
    (one,), (_, other), (third,) = parse("Words.\n"), parse("# a\n\nWords.\n"), parse("Other words.\n")
    assert same(one, other)
    assert not same(one, third)
    (named,), (bare,) = parse("```py\nx = 1\n```\n"), parse("```\nx = 1\n```\n")
    assert same(named, bare), "the language is no part of what code says"


def test_a_quotation_is_not_laid_beside_words_of_its_own() -> None:
    assert pairs_of("> Some words here.\n", "Some words here.\n") == [Pair(None, 0), Pair(0, None)]
