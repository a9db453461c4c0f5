"""Code becomes runs that join to the code, whatever it is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatbench.rendering.highlight import MAX_CHARS, MAX_LINE, highlight

CLASSES = {"plain", "keyword", "string", "number", "comment", "function", "type", "added", "removed"}


@pytest.mark.parametrize(
    ("code", "language", "expected"),
    [
        (
            "def f():\n    return 'a'  # no",
            "python",
            {("function", "f"), ("string", "'a'"), ("comment", "# no")},
        ),
        ("x = 1", "py", {("number", "1")}),
        ("x: int = None", "python", {("type", "int"), ("number", "None")}),
        ('{"key": true}', "json", {("function", '"key"'), ("number", "true")}),
        ("<b>x</b>", "html", {("function", "b")}),
        ("SELECT a FROM b", "SQL", {("keyword", "SELECT"), ("keyword", "FROM")}),
        ("@@ -1 +1 @@\n same\n-old\n+new", "diff", {("removed", "-old"), ("added", "+new")}),
        ("-old\n+new\n", "Patch", {("removed", "-old"), ("added", "+new")}),
        ("-gone", "udiff", {("removed", "-gone")}),
    ],
)
def test_words_have_their_class(code: str, language: str, expected: set[tuple[str, str]]) -> None:
    found = {(kind, text.strip()) for kind, text in highlight(code, language)}
    assert expected <= found


@pytest.mark.parametrize("language", ["", "text", "no-such-language", "x" * 100, "../etc", "mermaid"])
def test_an_unknown_language_is_one_plain_run(language: str) -> None:
    assert highlight("def f(): 1", language) == [("plain", "def f(): 1")]


@pytest.mark.parametrize("code", ["x = 1\n" * (MAX_CHARS // 6 + 1), "x = " + "1" * MAX_LINE])
def test_too_much_is_one_plain_run(code: str) -> None:
    assert highlight(code, "python") == [("plain", code)]


@settings(max_examples=150)
@given(
    st.text(max_size=60) | st.lists(st.sampled_from(list("{}<>'\"`$#\\\n\t ;(/*")), max_size=40).map("".join),
    st.sampled_from(
        ["python", "js", "bash", "html", "c++", "yaml", "json", "diff", "sql", "rust", "latex", "toml"]
    ),
)
def test_runs_join_to_the_code(code: str, language: str) -> None:
    runs = highlight(code, language)
    assert "".join(text for _kind, text in runs) == code
    assert {kind for kind, _text in runs} <= CLASSES
