"""What a Markdown text is made of: blocks that are drawn one by one.

A message becomes a flat list of blocks. What stands inside a list item or a quotation and cannot
be part of flowing text (code, a table, display maths) is a block of its own that names the
containers it stands in, so a view draws a code box inside a numbered step like any other.

Blocks are immutable values with identity: as long as the object is the same, so is the picture.
Their HTML is made when it is first asked for and holds only the tags listed at ``TextBlock.html``.
"""

from __future__ import annotations

from typing import Literal, Self

from chatbench.rendering.nodes import (
    Inline,
    InlineObject,
    Items,
    Node,
    Note,
    References,
    Words,
    split_row,
)

Kind = Literal["paragraph", "heading", "list", "code", "table", "math", "rule"]
Alignment = Literal["left", "center", "right", ""]


class Block:
    """One part of a message.

    ``start`` and ``end`` are source lines (from 0, end excluded) and ``source`` their text.
    ``containers`` names what the block stands in, outermost first: "l" for a list item, "q" for a
    quotation. ``continued`` is true when the block goes on with the one before it (the next rows
    of a table, the next items of a list, the rest of a very long paragraph): no gap between them.
    """

    __slots__ = ("__weakref__", "containers", "continued", "end", "source", "start")
    kind: Kind

    def __init__(
        self, start: int, end: int, source: str, containers: str = "", continued: bool = False
    ) -> None:
        self.start = start
        self.end = end
        self.source = source
        self.containers = containers
        self.continued = continued

    def same_as(self, other: Block) -> bool:
        """True when the two stand at the same place and draw the same picture."""
        return (
            type(self) is type(other)
            and self.start == other.start
            and self.source == other.source
            and self.containers == other.containers
            and self.continued == other.continued
            and self.content_key() == other.content_key()
        )

    def content_key(self) -> object:
        """What the picture is made of, comparable."""
        return None

    def texts(self) -> tuple[str, ...]:
        """The Markdown in which links may stand."""
        return ()

    def afresh(self) -> Self:
        """The same block as a new object that renders its links again."""
        return self


class TextBlock(Block):
    """Flowing text: a paragraph, a heading (``level`` 1 to 6), a group of list items or a footnote.

    ``html`` holds only p, h1-h6, strong, em, s, code, br, ul, ol (start), li (class checked or
    unchecked, or note for a footnote's label), a (href with http, https or mailto) and sup (note: a
    reference to the footnote with that label), text escaped. Nothing in it is ever loaded.
    """

    __slots__ = ("_inline", "_references", "kind", "level", "node")

    def __init__(
        self,
        node: Node,
        references: References,
        start: int,
        end: int,
        source: str,
        containers: str = "",
        continued: bool = False,
    ) -> None:
        super().__init__(start, end, source, containers, continued)
        self.node = node
        self.level = node.level if isinstance(node, Words) else 0
        is_list = isinstance(node, Items | Note)
        self.kind: Kind = "list" if is_list else "heading" if self.level else "paragraph"
        self._references = references
        self._inline: Inline | None = None

    @property
    def html(self) -> str:
        """Safe HTML for a rich text document, with ``OBJECT`` for each of ``objects``."""
        return self._render().html

    @property
    def objects(self) -> tuple[InlineObject, ...]:
        """Maths and images, in the order of their ``OBJECT`` characters in ``html``."""
        return self._render().objects

    def _render(self) -> Inline:
        if self._inline is None:
            from chatbench.rendering.inline import render_node

            self._inline = render_node(self.node, self._references)
        return self._inline

    def content_key(self) -> object:
        return self.node

    def texts(self) -> tuple[str, ...]:
        return tuple(_words(self.node))

    def afresh(self) -> Self:
        return type(self)(
            self.node,
            self._references,
            self.start,
            self.end,
            self.source,
            self.containers,
            self.continued,
        )


class CodeBlock(Block):
    """Code: ``code`` is exact (draw it through ``characters.visible``), without its last newline.

    ``language`` is the first word after the fence, "" if none. ``closed`` is false while the fence
    is open at the end of the text: then the next flush may bring the same block with more code.
    """

    __slots__ = ("closed", "code", "language")
    kind: Kind = "code"

    def __init__(
        self,
        code: str,
        language: str,
        closed: bool,
        start: int,
        end: int,
        source: str,
        containers: str = "",
    ) -> None:
        super().__init__(start, end, source, containers)
        self.code = code
        self.language = language
        self.closed = closed

    def content_key(self) -> object:
        return (self.language, self.closed, self.code)


class MathBlock(Block):
    """Display maths. ``closed`` is false while its end has not arrived."""

    __slots__ = ("closed", "tex")
    kind: Kind = "math"

    def __init__(
        self, tex: str, closed: bool, start: int, end: int, source: str, containers: str = ""
    ) -> None:
        super().__init__(start, end, source, containers)
        self.tex = tex
        self.closed = closed

    def content_key(self) -> object:
        return (self.tex, self.closed)


class RuleBlock(Block):
    """A thematic break."""

    __slots__ = ()
    kind: Kind = "rule"


class TableBlock(Block):
    """Rows of a table. A long table is several blocks; all but the first are ``continued``.

    Every block of one table has the same ``header`` and ``alignments``; a continued one does not
    draw the header again. ``lines`` are the rows' source lines.
    """

    __slots__ = ("_cells", "_references", "_rows", "alignments", "header", "lines")
    kind: Kind = "table"

    def __init__(
        self,
        header: tuple[str, ...],
        alignments: tuple[Alignment, ...],
        lines: tuple[str, ...],
        references: References,
        start: int,
        end: int,
        source: str,
        containers: str = "",
        continued: bool = False,
    ) -> None:
        super().__init__(start, end, source, containers, continued)
        self.header = header
        self.alignments = alignments
        self.lines = lines
        self._references = references
        self._rows: tuple[tuple[str, ...], ...] | None = None
        self._cells: tuple[tuple[Inline, ...], ...] | None = None

    @property
    def rows(self) -> tuple[tuple[str, ...], ...]:
        """The cells' Markdown, as many a row as the header has."""
        if self._rows is None:
            columns = len(self.header)
            cut = (split_row(line)[:columns] for line in self.lines)
            self._rows = tuple((*cells, *[""] * (columns - len(cells))) for cells in cut)
        return self._rows

    @property
    def widths(self) -> tuple[int, ...]:
        """Each column's width in characters in this group, header included.

        The largest over the groups of a table aligns them before they are laid out.
        """
        return tuple(max(map(len, column)) for column in zip(self.header, *self.rows, strict=True))

    @property
    def header_cells(self) -> tuple[Inline, ...]:
        """The header's cells as safe inline HTML."""
        return self._render()[0]

    @property
    def row_cells(self) -> tuple[tuple[Inline, ...], ...]:
        """This group's rows, each with as many cells as the header."""
        return self._render()[1:]

    def _render(self) -> tuple[tuple[Inline, ...], ...]:
        if self._cells is None:
            from chatbench.rendering.inline import render_words

            self._cells = tuple(
                tuple(render_words(cell, self._references) for cell in row)
                for row in (self.header, *self.rows)
            )
        return self._cells

    def content_key(self) -> object:
        return (self.header, self.alignments, self.lines)

    def texts(self) -> tuple[str, ...]:
        return (*self.header, *self.lines)

    def afresh(self) -> Self:
        return type(self)(
            self.header,
            self.alignments,
            self.lines,
            self._references,
            self.start,
            self.end,
            self.source,
            self.containers,
            self.continued,
        )


def _words(node: Node) -> list[str]:
    if isinstance(node, Words):
        return [node.content]
    if isinstance(node, Note):
        return [words.content for words in node.paragraphs]
    return [text for item in node.items for child in item.nodes for text in _words(child)]


AnyBlock = TextBlock | CodeBlock | MathBlock | RuleBlock | TableBlock
