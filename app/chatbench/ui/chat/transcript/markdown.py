"""The words of an answer: a box for each block, perhaps beside those of the answer it is compared with."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import CancelledError
from typing import Any, Final

from chatbench.core.messages import Part, TextPart
from chatbench.rendering.blocks import AnyBlock, CodeBlock, MathBlock, RuleBlock, TableBlock, TextBlock
from chatbench.rendering.citations import Source
from chatbench.rendering.fences import file_of
from chatbench.rendering.incremental import Growth, IncrementalMarkdown
from chatbench.rendering.nodes import Note
from chatbench.rendering.svgs import is_svg
from chatbench.ui.chat.transcript import paragraphs
from chatbench.ui.chat.transcript.boxes.base import Box, Context
from chatbench.ui.chat.transcript.boxes.code import CodeBox
from chatbench.ui.chat.transcript.boxes.columns import TableColumns
from chatbench.ui.chat.transcript.boxes.drawing import DrawingBox
from chatbench.ui.chat.transcript.boxes.small import MathsBox, RuleBox
from chatbench.ui.chat.transcript.boxes.sources import SourcesBox
from chatbench.ui.chat.transcript.boxes.table import TableBox
from chatbench.ui.chat.transcript.boxes.text import TextBox
from chatbench.ui.chat.transcript.comparing import Compared, Shown, compare
from chatbench.ui.chat.transcript.frame import QUOTE_BAR, QUOTE_GAP, list_indent
from chatbench.ui.chat.transcript.segment import Key, Segment
from chatbench.ui.chat.transcript.typeset import Style
from chatbench.ui.chat.transcript.worker import worker

_REST: Final = 4
"""A growing answer is compared again only after this many times as long as it took last time."""
_MARGINS: Final = {"paragraph": (0.0, 10.0), "heading": (14.0, 6.0), "list": (0.0, 10.0)}


class MarkdownSegment(Segment):
    """The words of an answer: a box for each block, kept as long as its block is."""

    def __init__(self, context: Context, key: Key, part: TextPart, *, live: bool) -> None:
        super().__init__(context, key, part)
        self._markdown = IncrementalMarkdown()
        self._text = ""
        self._live = live
        self._own: list[Box] = []
        self._sources: tuple[Source, ...] = ()
        self._sources_box: SourcesBox | None = None
        self._compared: Compared | None = None
        self._asked: object = None
        self._busy = False
        self._rests_until = 0.0
        self._marked: dict[int, Shown] = {}
        self._removed: list[tuple[Shown, Box]] = []
        self.update(part, live=live)

    @property
    def text(self) -> str:
        """The Markdown."""
        return self._text

    @property
    def blocks(self) -> Sequence[AnyBlock]:
        """What the words consist of."""
        return self._markdown.blocks

    def number_of(self, block: int) -> int:
        """The number among ``boxes`` of the box that shows a block."""
        return self.boxes.index(self._own[block])

    def show_sources(self, sources: tuple[Source, ...]) -> bool:
        """Name these under the words; whether that is a change."""
        if sources == self._sources:
            return False
        self._sources = sources
        key = (*self.key, "sources")
        self._sources_box = SourcesBox(self.context, key, sources) if sources else None
        self._gather()
        return True

    def update(self, part: Part, *, live: bool) -> int | None:
        assert isinstance(part, TextPart)
        self.part = part
        was_live, self._live = self._live, live
        if not part.text.startswith(self._text):
            self._markdown, self._text = IncrementalMarkdown(), ""
            self._own, self._marked, self._removed, self._asked = [], {}, [], None
        delta = part.text[len(self._text) :]
        self._text = part.text
        changed = self._feed(delta) if delta else None
        if was_live and not live and self._own and isinstance(self._own[-1], CodeBox):
            box = self._own[-1]
            box.grow(box.code, "", source=box.source, is_open=False)
            changed = len(self._own) - 1 if changed is None else changed
        if was_live and not live:
            code = [(at, box) for at, box in enumerate(self._own) if isinstance(box, CodeBox)]
            folded = [at for at, box in code if box.settle_down()]
            changed = min([*folded, *([] if changed is None else [changed])], default=None)
        if changed is not None:
            self._gather()
        self._ask()
        return changed

    def _feed(self, delta: str) -> int:
        flush = self._markdown.feed(delta)
        blocks, first = self._markdown.blocks, flush.kept
        for index, _old, new in flush.replaced:
            self._drop(self._own[index])
            self._marked.pop(index, None)
            self._own[index] = self._box(new, index)
            first = min(first, index)
            self._asked = None
        kept = flush.kept
        if (
            flush.growth is not None
            and isinstance(self._own[kept], CodeBox)
            and not self._drawn(flush.growth)
        ):
            box, new_code = self._own[kept], flush.growth.new
            assert isinstance(box, CodeBox)
            open_now = self._live and not new_code.closed
            box.grow(new_code.code, flush.growth.text, source=new_code.source, is_open=open_now)
            return min(first, kept)
        for box in self._own[kept:]:
            self._drop(box)
        del self._own[kept:]
        for index in range(kept, len(blocks)):
            self._marked.pop(index, None)
            self._own.append(self._box(blocks[index], index))
        return first

    @staticmethod
    def _drawn(growth: Growth) -> bool:
        """Whether code has become a picture with its end."""
        return growth.new.closed and is_svg(growth.new.code, growth.new.language)

    def _drop(self, box: Box) -> None:
        box.release()
        if isinstance(box, TableBox):
            box.shape.boxes.remove(box)
            box.shape.touch()

    def _gather(self) -> None:
        """All boxes in reading order: the message's own, and what only the other text has."""
        below = [self._sources_box] if self._sources_box is not None else []
        if not self._removed:
            self.boxes = [*self._own, *below]
            return
        boxes: list[Box] = []
        removed = iter(self._removed)
        following = next(removed, None)
        for index in range(len(self._own) + 1):
            while following is not None and following[0].before <= index:
                boxes.append(following[1])
                following = next(removed, None)
            boxes += self._own[index : index + 1]
        self.boxes = [*boxes, *below]

    # Beside another text

    def compare(self, compared: Compared | None) -> None:
        """Show the words beside another text; None shows them alone."""
        if compared != self._compared:
            self._compared = compared
            self._ask()

    def _ask(self) -> None:
        """Have what is finished compared on the worker thread; one question at a time."""
        other = self._compared
        if other is None:
            if self._marked or self._removed:
                self._show([], ())
            return
        finished = self._markdown.frozen if self._live else len(self._markdown.blocks)
        blocks = tuple(self._markdown.blocks[:finished])
        asked = (other, blocks, self._live)
        rests = self._live and time.monotonic() < self._rests_until
        if self._busy or rests or asked == self._asked:
            return
        self._asked, self._busy = asked, True
        text, ended = self._text, not self._live

        def given_up() -> bool:
            return self._compared is not other

        def work() -> list[Shown] | None:
            began = time.monotonic()
            try:
                return compare(text, blocks, other, ended=ended, cancelled=given_up)
            except CancelledError:
                return None
            finally:
                self._rests_until = time.monotonic() + _REST * (time.monotonic() - began)

        worker().submit(work, lambda shown: self._take(shown, blocks, other))

    def _take(self, shown: list[Shown] | None, blocks: Sequence[AnyBlock], other: Compared) -> None:
        self._busy = False
        if shown is not None and self._compared is other:
            self._show(shown, blocks)
        self._ask()

    def _show(self, shown: Sequence[Shown], blocks: Sequence[AnyBlock]) -> None:
        """Make the boxes again that look different now."""
        mine = self._markdown.blocks
        marked = {
            one.index: one
            for one in shown
            if one.index is not None and one.index < len(mine) and mine[one.index] is blocks[one.index]
        }
        changed = [at for at in {*marked, *self._marked} if marked.get(at) != self._marked.get(at)]
        self._marked = marked
        for index in sorted(changed):
            self._drop(self._own[index])
            self._own[index] = self._box(mine[index], index)
        known = {(one.before, one.block.source): box for one, box in self._removed}
        self._removed = [
            (one, known.get((one.before, one.block.source)) or self._removed_box(one, at))
            for at, one in enumerate(shown)
            if one.index is None
        ]
        self._gather()
        self.context.rearranged(self)

    def _removed_box(self, shown: Shown, at: int) -> Box:
        key = (*self.key, "removed", shown.block.kind, at)
        shape = TableColumns(self.context, (*key, "columns"))
        box = self._made(shown.block, key, shown, shape)
        box.change = "removed"
        _place(box, shown.block.containers)
        return box

    # Boxes

    def _box(self, block: AnyBlock, index: int) -> Box:
        shown = self._marked.get(index)
        shape = self._shape(block, index) if isinstance(block, TableBlock) else None
        box = self._made(block, (*self.key, block.kind, block.start, index), shown, shape)
        box.change = shown.change if shown is not None else ""
        box.continued = block.continued
        box.tight = index > 0 and self._markdown.blocks[index - 1].end == block.start
        _place(box, block.containers)
        return box

    def _made(self, block: AnyBlock, key: Key, shown: Shown | None, shape: TableColumns | None) -> Box:
        if isinstance(block, CodeBlock):
            drawn = shown is None and block.closed and is_svg(block.code, block.language)
            kind = DrawingBox if drawn else CodeBox
            return kind(
                self.context,
                key,
                block.code,
                block.language,
                source=block.source,
                is_open=self._live and not block.closed and shown is None,
                live=self._live,
                file=file_of(block),
                compared=shown.lines if shown is not None else None,
            )
        if isinstance(block, TableBlock):
            assert shape is not None
            return TableBox(self.context, key, block, shape, shown.rows if shown is not None else None)
        if isinstance(block, MathBlock):
            return MathsBox(self.context, key, block)
        if isinstance(block, RuleBlock):
            return RuleBox(self.context, key)
        return _text_box(self.context, key, block, shown)

    def _shape(self, block: TableBlock, index: int) -> TableColumns:
        above = self._own[index - 1] if block.continued and index else None
        if isinstance(above, TableBox):
            return above.shape
        return TableColumns(self.context, (*self.key, "columns", block.start))


def _text_box(context: Context, key: Key, block: TextBlock, shown: Shown | None) -> TextBox:
    color: Any = "text2" if "q" in block.containers else "text"
    size = (len(block.source), block.source.count("\n") + 1 if block.kind == "list" else 1)
    merged = shown.paragraphs if shown is not None else None

    def make() -> list[paragraphs.Paragraph]:
        return paragraphs.parse(block.html, block.objects) if merged is None else list(merged)

    style = Style("small", "text2") if isinstance(block.node, Note) else Style("prose", color)
    box = TextBox(context, key, make, size, style, block, is_compared=merged is not None)
    box.before, box.after = _MARGINS[block.kind]
    return box


def _place(box: Box, containers: str) -> None:
    """Indent a box for the lists and quotations it stands in."""
    x = 0.0
    bars = []
    for mark in containers:
        if mark == "q":
            bars.append(x)
            x += QUOTE_BAR + QUOTE_GAP
        else:
            x += list_indent()
    box.indent, box.bars = x, tuple(bars)
