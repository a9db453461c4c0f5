"""What is maths and what is money: Pandoc's rules for dollars."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbench.rendering.blocks import TextBlock
from chatbench.rendering.document import parse
from chatbench.rendering.incremental import IncrementalMarkdown
from chatbench.rendering.nodes import MathObject


def tex(text: str) -> list[tuple[str, bool]]:
    (block,) = parse(text)
    assert isinstance(block, TextBlock)
    return [(value.tex, value.display) for value in block.objects if isinstance(value, MathObject)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("costs $5 and $10", []),
        ("$5", []),
        ("a $x$ b", [("x", False)]),
        ("$ x$ and $x $", []),
        ("$x$1", []),
        (r"\$x$", []),
        (r"$a \$ b$", [(r"a \$ b", False)]),
        (r"\(a\) and \[b\]", [("a", False), ("b", True)]),
        ("in $$x$$ line", [("x", True)]),
        ("`$x$`", []),
        ("$x", []),
        ("**bold $x_1$ and $y_1$**", [("x_1", False), ("y_1", False)]),
    ],
)
def test_inline_maths_follows_pandoc(text: str, expected: list[tuple[str, bool]]) -> None:
    assert tex(text) == expected


AMOUNT = st.from_regex(r"\d{1,3}(,\d{3})?(\.\d{2})?(k|M| USD)?", fullmatch=True)
BETWEEN = st.sampled_from([" and ", " to ", "-", " – ", "/", ", ", " (about ", " or even ", "\n"])


@given(st.lists(st.tuples(BETWEEN, AMOUNT), min_size=1, max_size=6), st.sampled_from(["", ".", ")", " each"]))
def test_amounts_are_money(amounts: list[tuple[str, str]], end: str) -> None:
    text = "It costs" + "".join(f"{between}${amount}" for between, amount in amounts) + end
    assert tex(text.replace("costs", "costs ", 1)) == []


LETTERS = st.text(st.sampled_from(list("ab12+-=^{}() ")), min_size=1, max_size=12)
INSIDE = LETTERS.map(str.strip).filter(bool)


@given(INSIDE, st.sampled_from(["", " ", ".", ",", ")", "-", "x"]))
def test_a_dollar_beside_words_opens_and_closes(inside: str, after: str) -> None:
    assert tex(f"so ${inside}${after}") == [(inside, False)]


@given(INSIDE)
def test_a_space_inside_or_a_digit_behind_is_no_maths(inside: str) -> None:
    assert tex(f"so $ {inside}$ end") == []
    assert tex(f"so ${inside} $ end") == []
    assert tex(f"so ${inside}$7 end") == []
    assert tex(f"so \\${inside}\\$ end") == []


def by_the_rules(text: str) -> list[str]:
    """Formulas between single dollars, found character by character."""
    found: list[str] = []
    at = 0
    while at < len(text):
        end = _closing(text, at) if text[at] == "$" else None
        if end is not None:
            found.append(text[at + 1 : end])
        at = end + 1 if end is not None else at + (2 if text[at] == "\\" else 1)
    return found


def _closing(text: str, opening: int) -> int | None:
    at = opening + 1
    while at < len(text) and text[at] != "$":
        at += 2 if text[at] == "\\" else 1
    inside = text[opening + 1 : at]
    if at >= len(text) or not inside or inside != inside.strip():
        return None
    return None if text[at + 1 : at + 2].isdigit() else at


@given(st.lists(st.sampled_from(["$", "\\$", "$1", "1", "a", " ", "b."]), min_size=1, max_size=12))
def test_dollars_follow_the_rules_wherever_they_stand(pieces: list[str]) -> None:
    text = f"x {''.join(pieces)} x"
    if "$$" not in text:
        assert [found for found, _display in tex(text)] == by_the_rules(text)


@given(st.lists(st.sampled_from(["$", "$$", "5", "a", " ", "\n", "\\("]), max_size=12))
def test_the_same_while_it_arrives(pieces: list[str]) -> None:
    growing, text = IncrementalMarkdown(), ""
    for piece in pieces:
        text += piece
        growing.feed(piece)
        assert [block.content_key() for block in growing.blocks] == [b.content_key() for b in parse(text)]
