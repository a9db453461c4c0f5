"""Footnotes keep their labels, and a reference is one as soon as its definition is there."""

from __future__ import annotations

import pytest

from chatbench.rendering.blocks import TextBlock
from chatbench.rendering.document import parse
from chatbench.rendering.export import markdown, plain_text, to_html
from chatbench.rendering.incremental import IncrementalMarkdown
from chatbench.rendering.nodes import Note, Words


def html(text: str) -> list[str]:
    return [block.html for block in parse(text) if isinstance(block, TextBlock)]


def test_a_reference_and_its_note() -> None:
    assert html("Words[^1] *and* more[^note].\n\n[^1]: The *first*.\n[^note]: <b>") == [
        '<p>Words<sup note="1">[1]</sup> <em>and</em> more<sup note="note">[note]</sup>.</p>',
        '<ul><li note="1">The <em>first</em>.</li></ul>',
        '<ul><li note="note">&lt;b&gt;</li></ul>',
    ]


def test_a_note_goes_on_in_indented_paragraphs() -> None:
    blocks = parse("[^1]: One\nlazy\n\n    two\n    more\n\nout\n")
    assert [block.kind for block in blocks] == ["list", "paragraph"]
    note = blocks[0]
    assert isinstance(note, TextBlock)
    assert note.node == Note("1", (Words("One\nlazy"), Words("two\nmore")))
    assert plain_text(blocks) == "[1] One lazy\ntwo more\n\nout".replace("One lazy", "One\nlazy").replace(
        "two more", "two\nmore"
    )


@pytest.mark.parametrize(
    "text",
    [
        "the set [^a-z] of characters",
        "[^1] without a note",
        "`[^1]`\n\n[^1]: x",
        "\\[^1]\n\n[^1]: x",
        "[^a b]: x",
    ],
)
def test_what_is_no_reference_stays_as_it_was_typed(text: str) -> None:
    assert "<sup" not in "".join(html(text))


def test_the_first_definition_counts_and_links_are_no_notes() -> None:
    assert html("[^1]\n\n[1]: https://a.example\n\n[^1]: a\n\n[^1]: b") == [
        '<p><sup note="1">[1]</sup></p>',
        '<ul><li note="1">a</li></ul>',
        '<ul><li note="1">b</li></ul>',
    ]


def test_a_note_that_looks_like_an_address_is_no_link_definition() -> None:
    (words, note) = html("see [^1]\n\n[^1]: https://a.example")
    assert words == '<p>see <sup note="1">[1]</sup></p>'
    assert 'href="https://a.example"' in note


def test_only_blocks_that_name_a_late_note_are_made_afresh() -> None:
    growing = IncrementalMarkdown()
    growing.feed("see[^1]\n\nplain\n\n")
    first, plain = growing.blocks
    flush = growing.feed("[^1]: here")
    assert [(index, old) for index, old, _new in flush.replaced] == [(0, first)]
    assert growing.blocks[1] is plain
    assert "<sup" in growing.blocks[0].html  # type: ignore[union-attr]


def test_the_source_is_kept() -> None:
    text = "a[^1]\n\n[^1]: b\n\n    c\n\nd"
    assert markdown(parse(text)) == text


def test_other_programs_get_the_label_in_words() -> None:
    assert to_html(parse("a[^1]\n\n[^1]: b & c")) == (
        "<p>a<sup>[1]</sup></p><ul><li>[1] b &amp; c</li></ul>"
    )  # fmt: skip


def test_labels_are_shown_not_obeyed() -> None:
    assert html('x[^"><script>]\n\n[^"><script>]: y') == [
        '<p>x<sup note="&quot;&gt;&lt;script&gt;">[&quot;&gt;&lt;script&gt;]</sup></p>',
        '<ul><li note="&quot;&gt;&lt;script&gt;">y</li></ul>',
    ]
