"""The first words of a text: what Markdown makes of them, without its marks."""

from __future__ import annotations

import pytest

from chatbench.rendering.beginnings import beginning


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("**Bold** and `code`, *soft*", "Bold and code, soft"),
        ("# Head\n\nThen ~~old~~ words", "Head Then old words"),
        ("Head\n====\n\nwords", "Head words"),
        ("```python\nprint(1)\n```\n\nWhat is this?", "print(1) What is this?"),
        ("> quoted\n> twice", "quoted twice"),
        ("---\n\nAfter a rule", "After a rule"),
        ("- one\n- two", "one - two"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a b 1 2"),
        ("[a link](https://example.org) and ![a picture](x.png)", "a link and [a picture]"),
        ("Tom &amp; Jerry, 2 \\* 3", "Tom & Jerry, 2 * 3"),
        ("f(**kwargs) and 5 * 3 * 2", "f(**kwargs) and 5 * 3 * 2"),
        ("snake_case_name", "snake_case_name"),
        ("  Why is\n the sky   blue? ", "Why is the sky blue?"),
        ("What is $x^2$ for $5?", "What is $x^2$ for $5?"),
        ("---", "---"),
        ("", ""),
    ],
)
def test_marks_go_and_words_stay(text: str, words: str) -> None:
    assert beginning(text, 80) == words


def test_no_more_than_asked_for() -> None:
    assert beginning("**one two** three", 8) == "one two"
    assert beginning("x" * 100, 60) == "x" * 60


def test_a_huge_text_is_read_no_further_than_needed() -> None:
    """Emphasis around the whole of a text that is not read to its end stays as typed."""
    assert beginning("**" + "word " * 1_000_000 + "**", 20) == "**word word word wor"
