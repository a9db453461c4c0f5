"""Citations become numbered links behind what they are for, and never move what is already drawn."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatbench.core.messages import Citation, Part, TextPart, ThinkingPart
from chatbench.rendering.blocks import CodeBlock, TextBlock
from chatbench.rendering.citations import Source, joined, marked, sources_of
from chatbench.rendering.document import parse
from chatbench.rendering.export import plain_text

A, B = Citation(url="https://a.example", title="A"), Citation(url="https://b.example/x", title="B")


def cited(*parts: Part, live: bool = False) -> list[str]:
    """The marked texts of a message."""
    shown = joined(parts, live=live)
    sources = sources_of(shown)
    return [marked(part, sources).text for part in shown if isinstance(part, TextPart)]


def text(words: str, *citations: Citation) -> TextPart:
    return TextPart(text=words, citations=citations)


def test_neighbouring_texts_are_one_and_numbers_follow_the_first_naming() -> None:
    (shown,) = cited(text("Grass is green", A), text(" and "), text("sky is blue. ", B, A), text("So."))
    assert shown == (
        "Grass is green[[1]](<https://a.example>) and sky is blue."
        "[[1]](<https://a.example>)[[2]](<https://b.example/x>) So."
    )
    assert plain_text(parse(shown)) == "Grass is green[1] and sky is blue.[1][2] So."


def test_numbers_are_those_of_the_message() -> None:
    first, second = cited(text("One.", A), ThinkingPart(text="hm"), text("Two.", B))
    assert "1" in first
    assert second == "Two.[[2]](<https://b.example/x>)"


def test_a_citation_with_a_place_stands_there() -> None:
    part = TextPart(text="One two three", citations=(Citation(url="https://a.example", start=0, end=7),))
    assert cited(part) == ["One two[[1]](<https://a.example>) three"]


def test_numbers_do_not_become_links_of_the_text_itself() -> None:
    (shown,) = cited(text("See [1].\n\n[1]: https://own.example\n\nWords", A))
    assert shown.endswith("Words[(1)](<https://a.example>)")


def test_what_may_not_be_opened_is_no_link() -> None:
    for url in ("", "javascript:alert(1)", "file:///etc/passwd", "https://a.example/<x>", "https://a b"):
        (shown,) = cited(text("Words", Citation(url=url, title="T")))
        assert shown == "Words[1]"
        (block,) = parse(shown)
        assert isinstance(block, TextBlock)
        assert "<a" not in block.html


@pytest.mark.parametrize("code", ["```py\nx = 1\ny = 2\n```\n", "$$\nx\n$$\n", "    code\n"])
def test_code_and_maths_stay_as_they_are(code: str) -> None:
    words = f"Look:\n\n{code}\nDone."
    place = words.index(code) + len(code) - 4
    part = TextPart(text=words, citations=(Citation(url="https://a.example", title="A", end=place),))
    shown = joined((part,), live=False)
    found = marked(shown[0], sources_of(shown))  # type: ignore[arg-type]
    assert found.text == words
    assert found.sources == (Source(1, "https://a.example", "A"),)


def test_a_mark_inside_inline_code_stands_behind_it() -> None:
    part = TextPart(text="Use `some code` now", citations=(Citation(url="https://a.example", end=9),))
    assert cited(part) == ["Use `some code`[[1]](<https://a.example>) now"]


WORDS = st.text(st.sampled_from(list("ab \n`$*_[]()|-#漢")), max_size=20)
PARTS = st.lists(
    st.builds(
        lambda words, urls: text(words, *(Citation(url=url) for url in urls)),
        WORDS,
        st.lists(st.sampled_from(["https://a.example", "https://b.example"]), max_size=2),
    ),
    max_size=5,
)


@settings(max_examples=150, deadline=None)
@given(PARTS)
def test_what_is_drawn_while_it_arrives_is_only_added_to(parts: list[TextPart]) -> None:
    """Each state of an answer that grows part by part begins with the one before."""
    states = []
    for number in range(1, len(parts) + 1):
        before, last = parts[: number - 1], parts[number - 1]
        for at in range(0, len(last.text) + 1, 5):
            shown = cited(*before, TextPart(text=last.text[:at], citations=last.citations), live=True)
            states.append("".join(shown))
        states.append("".join(cited(*before, last, live=True)))
    for one, other in pairwise(states):
        assert other.startswith(one.rstrip()) or "`" in other


@settings(max_examples=100, deadline=None)
@given(PARTS)
def test_the_words_stay_as_they_were(parts: list[TextPart]) -> None:
    whole = "".join(part.text for part in parts)
    assert re.sub(r"\[\[\d\]\]\(<[^>]*>\)", "", "".join(cited(*parts))) == whole


def test_code_blocks_are_not_touched_by_marks_before_and_after() -> None:
    words = "Before.\n\n```\nx\n```\n\nAfter."
    part = TextPart(
        text=words, citations=(Citation(url="https://a.example", end=7), Citation(url="https://b.example"))
    )
    blocks = parse(cited(part)[0])
    assert [block.code for block in blocks if isinstance(block, CodeBlock)] == ["x"]
    assert plain_text(blocks) == "Before.[1]\n\nx\n\nAfter.[2]"
