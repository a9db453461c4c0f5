"""One text at once: what becomes which block, and what its words become."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

import chatbench
from chatbench.rendering.blocks import CodeBlock, MathBlock, TableBlock, TextBlock
from chatbench.rendering.document import parse
from chatbench.rendering.export import markdown, plain_text, to_html
from chatbench.rendering.nodes import ImageObject


def html(text: str) -> str:
    (block,) = parse(text)
    assert isinstance(block, TextBlock)
    return block.html


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*a* **b** ~~c~~ `d<`", "<p><em>a</em> <strong>b</strong> <s>c</s> <code>d&lt;</code></p>"),
        ("a  \nb\nc", "<p>a<br>b\nc</p>"),
        ("### *h*", "<h3><em>h</em></h3>"),
        ("t\n===", "<h1>t</h1>"),
        ("- a\n- b", "<ul><li>a</li><li>b</li></ul>"),
        ("- a\n\n- b", "<ul><li>a</li><li>b</li></ul>"),
        ("- a\n\n  b", "<ul><li><p>a</p><p>b</p></li></ul>"),
        ("3. a\n4. b", '<ol start="3"><li>a</li><li>b</li></ol>'),
        ("- a\n  1. b", "<ul><li>a<ol><li>b</li></ol></li></ul>"),
        (
            "- [ ] a\n- [x] b\n- [x]c",
            '<ul><li class="unchecked">a</li><li class="checked">b</li><li>[x]c</li></ul>',
        ),
        ("<b>x</b> &amp; &lt;i&gt;", "<p>&lt;b&gt;x&lt;/b&gt; &amp; &lt;i&gt;</p>"),
        ("[a](https://x.y 't')", '<p><a href="https://x.y">a</a></p>'),
        ("<mailto:a@b.c>", '<p><a href="mailto:a@b.c">mailto:a@b.c</a></p>'),
        ("(https://x.y/a_(b)).", '<p>(<a href="https://x.y/a_(b)">https://x.y/a_(b)</a>).</p>'),
        ("见https://x.y。好", "<p>见https://x.y。好</p>"),
        ("[a](b.md)", "<p>a (b.md)</p>"),
        ("\\*a\\*", "<p>*a*</p>"),
    ],
)
def test_words(text: str, expected: str) -> None:
    assert html(text) == expected


@pytest.mark.parametrize(
    ("text", "expected", "closed"),
    [
        ("$$\na\n\nb\n$$", "a\n\nb", True),
        ("$$x$$", "x", True),
        ("\\[\nx\n\\]", "x", True),
        ("$$\nx", "x", False),
    ],
)
def test_display_maths(text: str, expected: str, closed: bool) -> None:
    (block,) = parse(text)
    assert isinstance(block, MathBlock)
    assert (block.tex, block.closed) == (expected, closed)


def test_code_in_a_list_is_a_block_of_its_own() -> None:
    blocks = parse("1. Install:\n   ```bash\n   pip\n   ```\n   then\n2. Done\n")
    assert [(b.kind, b.containers, b.continued) for b in blocks] == [
        ("list", "", False),
        ("code", "l", False),
        ("paragraph", "l", False),
        ("list", "", True),
    ]
    code, last = blocks[1], blocks[3]
    assert isinstance(code, CodeBlock)
    assert (code.language, code.code, code.closed) == ("bash", "pip", True)
    assert isinstance(last, TextBlock)
    assert last.html == '<ol start="2"><li>Done</li></ol>'


def test_a_quotation_is_its_parts() -> None:
    blocks = parse("> a\n>\n> > b\n>\n> - c\n")
    assert [(b.kind, b.containers) for b in blocks] == [
        ("paragraph", "q"),
        ("paragraph", "qq"),
        ("list", "q"),
    ]


def test_a_table() -> None:
    (block,) = parse("| a | *b* | c |\n|:--|--:|:-:|\n| 1 | x \\| y |\n")
    assert isinstance(block, TableBlock)
    assert block.alignments == ("left", "right", "center")
    assert [cell.html for cell in block.header_cells] == ["a", "<em>b</em>", "c"]
    assert [[cell.html for cell in row] for row in block.row_cells] == [["1", "x | y", ""]]
    assert block.widths == (1, 5, 1)


def test_long_lists_tables_and_paragraphs_are_split() -> None:
    items = parse("- item\n" * 100)
    rows = parse("| a |\n|---|\n" + "| 1 |\n" * 100)
    words = parse("word " * 4000)
    for blocks in (items, rows, words):
        assert len(blocks) > 3
        assert [block.continued for block in blocks] == [False] + [True] * (len(blocks) - 1)
        assert len({block.kind for block in blocks}) == 1
        assert all(before.end <= after.end for before, after in pairwise(blocks))
    assert plain_text(words).split() == ["word"] * 4000
    assert markdown(words).split() == ["word"] * 4000


SAMPLE = (
    "# Title\n\nSome *words* and $x$.\n\n1. one\n   ```py\n   a = 1\n   ```\n2. two\n\n> quoted\n\n"
    "| a | b |\n|---|---|\n| 1 | **2** |\n\n---\n\n$$\ny\n$$\n\n## End ![pic](https://x.y/p.png)"
)


def test_markdown_of_all_blocks_is_the_source() -> None:
    assert markdown(parse(SAMPLE)) == SAMPLE


def test_markdown_of_the_middle_of_a_table_has_its_head() -> None:
    blocks = parse("| a | b |\n|:-:|---|\n" + "| 1 | 2 |\n" * 60)
    assert markdown(blocks[1:2]).startswith("| a | b |\n| :-: | --- |\n| 1 | 2 |\n")
    assert markdown(blocks).count("| a | b |") == 1


def test_plain_text() -> None:
    assert plain_text(parse(SAMPLE)) == (
        "Title\n\nSome words and $x$.\n\n1. one\na = 1\n2. two"
        "\n\nquoted\n\na\tb\n1\t2\n\n---\n\ny\n\nEnd [pic]"
    )


def test_html_for_the_clipboard() -> None:
    out = to_html(parse(SAMPLE))
    assert "<pre><code>a = 1</code></pre>" in out
    assert "<blockquote><p>quoted</p></blockquote>" in out
    assert "<td><strong>2</strong></td>" in out
    assert out.count("<table") == out.count("</table>") == 1
    assert "https://x.y/p.png" not in out


def test_alt_words_are_plain() -> None:
    (block,) = parse("![a *b* `c`](https://h.x/i.png)")
    assert isinstance(block, TextBlock)
    assert block.objects == (
        ImageObject("a b c", "https://h.x/i.png", "h.x", None, "![a *b* `c`](https://h.x/i.png)"),
    )


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    script = (
        "import sys, chatbench.rendering.document, chatbench.rendering.incremental,"
        " chatbench.rendering.highlight, chatbench.rendering.maths, chatbench.rendering.export,"
        " chatbench.rendering.svgs, chatbench.rendering.pages, chatbench.rendering.comparison,"
        " chatbench.rendering.citations, chatbench.rendering.tables, chatbench.rendering.outline\n"
        "heavy = ('markdown_it', 'pygments', 'ziamath', 'PySide6', 'xml.etree.ElementTree', 'csv')\n"
        "print([m for m in heavy if m in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(chatbench.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.strip() == "[]"
