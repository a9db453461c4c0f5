"""The file that a fence or its first line names."""

from __future__ import annotations

import pytest

from chatbench.rendering.blocks import CodeBlock
from chatbench.rendering.document import parse
from chatbench.rendering.fences import file_of


@pytest.mark.parametrize(
    ("fence", "code", "expected"),
    [
        ('py title="app/jobs.py"', "x", "app/jobs.py"),
        ("py {file='a b.py'}", "x", "a b.py"),
        ("py filename=a.py", "x", "a.py"),
        ("py:src/a.py", "x", "src/a.py"),
        ("py src/a.py", "x", "src/a.py"),
        ("dockerfile Dockerfile", "x", "Dockerfile"),
        ("py", "# src/a.py\nx = 1", "src/a.py"),
        ("js", "// a.js", "a.js"),
        ("html", "<!-- index.html -->\n<p>", "index.html"),
        ("css", "/* site.css */", "site.css"),
        ("py", "# a comment about a.py", ""),
        ("py", "# ...", ""),
        ("py", "x = 1", ""),
        ("py linenos", "x", ""),
        ("", "", ""),
    ],
)
def test_the_file_a_fence_names(fence: str, code: str, expected: str) -> None:
    (block,) = parse(f"```{fence}\n{code}\n```\n")
    assert isinstance(block, CodeBlock)
    assert file_of(block) == expected


def test_a_fence_in_a_list_and_a_quotation() -> None:
    blocks = parse('1. first\n   ```py title="a.py"\n   x\n   ```\n\n> ~~~ts b.ts\n> y\n> ~~~\n')
    assert [file_of(block) for block in blocks if isinstance(block, CodeBlock)] == ["a.py", "b.ts"]
