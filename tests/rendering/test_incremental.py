"""At every prefix of a text, blocks made in pieces equal blocks made at once."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatbench.rendering.blocks import AnyBlock, CodeBlock, TableBlock, TextBlock
from chatbench.rendering.cuts import LIMITS, PLAIN, Limits
from chatbench.rendering.document import normalized, parse, parse_from
from chatbench.rendering.incremental import Flush, IncrementalMarkdown

SMALL = Limits(
    list_items=2,
    list_chars=30,
    item_lines=4,
    table_rows=2,
    paragraph_line=20,
    paragraph_word=30,
    paragraph_hard=36,
)

FRAGMENTS = [
    *["\n", "\n\n", "\n\n\n", " ", "  ", "    ", "\t", "\r\n", "\r", "a", "word ", "foo\nbar"],
    *["# ", "## head\n", "# a | b\n", "===\n", "---\n", "-", "***\n", "- - -\n", "* * *\n"],
    *["- ", "- a\n", "- a | b\n", "-|-\n", "* b\n", "+ c\n", "  - nested\n", "    - deep\n"],
    *["1. ", "1. one\n", "2. two\n", "2) other\n", "10. ten\n", "   cont\n", "- [ ] todo\n"],
    *["- [x] done\n", "-\n", "- ```\n", "  ```py\n", "\n  loose\n", "lazy\n", "   - odd\n"],
    *["- | a | b |\n", "  |---|---|\n", "> c | d\n", "``` a | b\n"],
    *["> ", "> q\n", "> > qq\n", "> - l\n", ">\n", "> ```\n", "> | a | b |\n> |---|---|\n"],
    *["```", "```py\n", "```\n", "~~~\n", "x = 1\n", "    code\n", "\tcode\n", "````\n"],
    *["| a | b |\n", "|---|:-:|\n", "| 1 | 2 |\n", "| 1 |\n", "|", "a | b\n", "--|--\n", "\\|"],
    *["[foo]", "[foo]: /url\n", "[foo]: https://a.b", "[bar]: <https://x.y> 'title\n", "'\n"],
    *["[^1]", "[^1]: note\n", "[^n]: ", "[^n] ", "    more\n", "[^1]: other | x\n", "- [^1]: y\n"],
    *["[a][foo]", "![i][bar]", "[Foo ]", "![alt](http://h/p.png)", "[t](http://u)", "[t](javascript:x)"],
    *["$$", "$$\n", "$$x$$\n", "$x$", "$5 and $10", "\\[", "\\]\n", "\\(y\\)", "\\"],
    *["*", "**", "_", "~~", "`", "``", "<b>", "<!--", "&amp;", "http://e.x/?a=b)", "!"],
    *["漢字", "👩‍👧", "é", "\u202e", "\x00", "\x1b[", "مرحبا", "\u2028"],
]


def picture(block: AnyBlock) -> tuple[object, ...]:
    shown: object = None
    if isinstance(block, TextBlock):
        shown = (block.html, block.objects)
    elif isinstance(block, TableBlock):
        shown = (block.header_cells, block.row_cells)
    place = (block.kind, block.start, block.end, block.source, block.containers, block.continued)
    return (*place, block.content_key(), shown)


def at_once(text: str, limits: Limits) -> list[AnyBlock]:
    references: dict[str, dict[str, object]] = {}
    return parse_from(normalized(text), PLAIN, 0, references, references, limits).blocks


def apply(seen: list[AnyBlock], flush: Flush, blocks: list[AnyBlock]) -> None:
    """What a view does with a flush; afterwards it must hold the very objects of the parser."""
    assert tuple(seen[flush.kept :]) == flush.removed
    for index, old, new in flush.replaced:
        assert index < flush.kept
        assert seen[index] is old
        seen[index] = new
    seen[flush.kept :] = blocks[flush.kept :]
    assert len(seen) == len(blocks)
    assert all(mine is its for mine, its in zip(seen, blocks, strict=True))


def check_every_prefix(pieces: list[str], limits: Limits) -> None:
    growing, text = IncrementalMarkdown(limits), ""
    seen: list[AnyBlock] = []
    frozen: list[AnyBlock] = []
    for piece in pieces:
        text += piece
        flush = growing.feed(piece)
        apply(seen, flush, growing.blocks)
        expected = [picture(block) for block in at_once(text, limits)]
        assert [picture(block) for block in growing.blocks] == expected, text
        for index, old, new in flush.replaced:
            if index < len(frozen):
                assert frozen[index] is old
                frozen[index] = new
        assert all(a is b for a, b in zip(frozen, growing.blocks, strict=False))
        frozen = growing.blocks[: flush.frozen]
        if flush.growth is not None:
            assert flush.growth.old is flush.removed[0]
            assert flush.growth.new is growing.blocks[flush.kept]
            assert flush.growth.new.code == flush.growth.old.code + flush.growth.text


@settings(max_examples=800, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=30), st.sampled_from([SMALL, LIMITS]))
def test_equals_one_shot_at_every_prefix(pieces: list[str], limits: Limits) -> None:
    check_every_prefix(pieces, limits)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=12))
def test_equals_one_shot_at_every_character(pieces: list[str]) -> None:
    check_every_prefix(list("".join(pieces)), SMALL)


CORPUS = {
    "setext": "Title\n=====\n\nmore\nlines\n---\nafter\n---\n",
    "setext after a long paragraph": "line\n" * 40 + "===\n\n" + "line\n" * 40 + "---\nend\n",
    "lazy continuation": "> quote\nlazy\n\n- item\nlazy\n\nafter\n",
    "nested lists": "- a\n  - b\n    - c\n\n      deep\n- d\n  1. e\n  2. f\n- g\n",
    "loose": "- a\n- b\n\n- c\n- d\n- e\n\npara\n",
    "ordered": "7. a\n8. b\n\n9. c\n   ```py\n   x\n   ```\n   after\n10. d\n11. e\n",
    "item that looks like a table": "- a\n- b\n- c | d\n-|-\n- e\n",
    "odd indents": "  -  a\n   - b\n - c\n    - d\n- e\n",
    "table": "| a | b |\n|---|--:|\n" + "| x | $y$ |\n" * 7 + "\nafter\n",
    "table without edges": "a | b\n--|--\n1 | 2\n3\n# head\n",
    "later definition": "[one] and [two][one]\n\ntext [one]\n\n- [one]\n\n[one]: https://a.example/x\n",
    "definition that vanishes": "[one]\n\n[one]: https://a.example 'title\n\nmore\n",
    "definition in a quotation": "[one]\n\n> [one]: https://a.example\n\nend [one]\n",
    "footnotes": "One[^1] and two[^b].\n\n[^1]: first\nlazy\n[^b]: second\n\n    more of it\n\nafter[^1]\n",
    "footnote that comes late": "see [^x]\n\n- item [^x]\n\n> quoted [^x]\n\n[^x]: here\n\nend\n",
    "footnote in a paragraph": "words\n[^1]: note\nmore\n\n    indented\n\nout\n",
    "footnote after a list": "- a\n[^1]: note\n- b [^1]\n\n  [^2]: inside\n",
    "footnote and link": "[^1] [a][^1] [^2]\n\n[^1]: https://a.example\n[^2]: https://b.example 'x'\n",
    "first definition wins": "[a]: https://x.y\n\n[a]: https://z\n\n[a]\n",
    "fence": "text:\n```py\nx\n\ny\n``\n```\nafter\n~~~\n```\n~~~~\n",
    "indented fence": "   ```py\n     x\n   y\n z\n   ```\n",
    "fence in list": "- a\n  ```\n  x\n\n  y\n- b\n  ```\n",
    "indented code": "    a\n\n      b\n    \n    c\npara\n    lazy\n",
    "maths": "$$\na\n\nb\n$$\n\n$$x$$\n\n\\[\ny\n\\]\n\nin $$z$$ line\n$$ open",
    "CRLF": "# a\r\n\r\n- b\r\n- c\r\n\r\n| x | y |\r\n|---|---|\r\n| 1 | 2 |\r\r\nend",
    "fence that turns into a table": "``` a | b\n|---|---|\n| 1 | 2 |\n",
    "fence with a bar": "``` a | b\n\n|---|---|\n| 1 | 2 |\n",
    "table in an item": "- a\n- b\n- c\n- | a | b |\n  |---|---|\n  | 1 | 2 |\n- d\n",
    "item that shrinks": "- a\n- | a | b |\n    code\n```\n",
    "long quotation": "> a\n>\n> b\nlazy\n>\n> c | d\n|---|---|\n>\n> - e\n>\n> - f\n\nend\n",
    "deep": ">" * 60 + " a\n" + "".join("  " * n + "- b\n" for n in range(30)),
    "tabs": "-\ta\n\t- b\n\n\tcode\n>\tq\n",
    "CJK": "漢字かな交じり文。" * 12 + "\n\n- 項目\n- 第二\n",
    "emoji": "👩‍👩‍👧‍👦" * 20 + " e\u0301" * 30 + "\n",
    "long words": "x" * 200 + " " + "y" * 50 + "\n",
    "headings without blanks": "# a\ntext\n## b\ntext\n### c | d\n|---|---|\n| 1 | 2 |\n",
}


@pytest.mark.parametrize("text", CORPUS.values(), ids=CORPUS.keys())
@pytest.mark.parametrize("limits", [SMALL, LIMITS], ids=["small", "usual"])
def test_corpus_at_every_character(text: str, limits: Limits) -> None:
    check_every_prefix(list(text), limits)


def test_an_unchanged_block_keeps_its_identity() -> None:
    growing = IncrementalMarkdown()
    growing.feed("# Title\n\nfirst\n\nsecond")
    title, first, second = growing.blocks
    flush = growing.feed(" goes on\n\nthird")
    assert growing.blocks[:2] == [title, first]
    assert flush.kept == 2
    assert flush.removed == (second,)


def test_only_blocks_that_use_a_late_definition_are_made_afresh() -> None:
    growing = IncrementalMarkdown()
    growing.feed("see [here]\n\nnot [there]\n\nplain\n\n")
    here, there, plain = growing.blocks
    assert "<a" not in here.html  # type: ignore[union-attr]
    flush = growing.feed("[here]: https://a.example\n")
    assert [(index, old) for index, old, _new in flush.replaced] == [(0, here)]
    assert growing.blocks[1:] == [there, plain]
    assert 'href="https://a.example"' in growing.blocks[0].html  # type: ignore[union-attr]


def test_an_open_fence_grows_by_what_arrived() -> None:
    growing = IncrementalMarkdown()
    growing.feed("```py\nx = 1\n")
    flush = growing.feed("y = 2\nz")
    assert flush.growth is not None
    assert flush.growth.text == "\ny = 2\nz"
    flush = growing.feed(" = 3\n```\n")
    assert flush.growth is not None
    (block,) = growing.blocks
    assert isinstance(block, CodeBlock)
    assert (block.code, block.closed) == ("x = 1\ny = 2\nz = 3", True)
    assert block.source == "```py\nx = 1\ny = 2\nz = 3\n```"


HUGE = {
    "list": "- item with *some* words and `code` in it\n" * 600,
    "loose list": "- item with *some* words\n\n" * 600,
    "ordered list": "".join(f"{n}. item [n]\n" for n in range(1, 600)),
    "table": "| a | b |\n|---|---|\n" + "| one cell | another **cell** |\n" * 400,
    "fence": "```python\n" + "value = compute(1, 2, 3)\n" * 2000,
}


@pytest.mark.parametrize("text", HUGE.values(), ids=HUGE.keys())
def test_an_open_container_is_not_parsed_again_from_its_start(text: str) -> None:
    growing = IncrementalMarkdown()
    longest = 0
    for start in range(0, len(text), 200):
        growing.feed(text[start : start + 200])
        longest = max(longest, len(growing._tail))
    assert longest < 6_000
    assert [picture(block) for block in growing.blocks] == [picture(b) for b in parse(text)]
