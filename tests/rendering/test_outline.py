"""The outline of an answer, whole and while it grows."""

from __future__ import annotations

from chatbench.rendering.document import parse
from chatbench.rendering.incremental import IncrementalMarkdown
from chatbench.rendering.outline import outline

TEXT = (
    "# Title\n\nwords\n\n### Deep *one*\n\n## Second `code` $x$\n\n- # in a list\n\n> # quoted\n\n"
    "Under\nlined\n---\n\n```\n# comment\n```\n\n# End ![pic](https://x.y/p.png)\n"
)


def test_headings_with_their_places() -> None:
    blocks = parse(TEXT)
    found = outline(blocks)
    assert [(one.level, one.text, one.depth) for one in found] == [
        (1, "Title", 0),
        (3, "Deep one", 1),
        (2, "Second code $x$", 1),
        (2, "Under lined", 1),
        (1, "End [pic]", 0),
    ]
    lines = TEXT.split("\n")
    for one in found:
        assert blocks[one.block].start == one.line
        assert one.text.split()[0] in lines[one.line]


def test_the_outline_of_a_growing_answer_is_that_of_its_text() -> None:
    growing = IncrementalMarkdown()
    for at in range(0, len(TEXT), 5):
        growing.feed(TEXT[at : at + 5])
        assert outline(growing.blocks) == outline(parse(TEXT[: at + 5]))
