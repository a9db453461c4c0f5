"""What an answer says beside another one: paragraphs and code with what was added and removed.

All of it is pure work for the worker thread. Blocks are paired by ``rendering.comparison``, the words
of a pair by ``rendering.differences``; here the pieces go back into paragraphs with their styles,
links and formulas, and into lines of code.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, groupby
from typing import Final, Literal, NamedTuple

from chatbench.rendering.blocks import AnyBlock, CodeBlock, TableBlock, TextBlock
from chatbench.rendering.characters import visible
from chatbench.rendering.comparison import Pair, Text, aligned, moved, same
from chatbench.rendering.differences import Piece, differences
from chatbench.rendering.document import normalized, parse
from chatbench.rendering.nodes import OBJECT, InlineObject
from chatbench.rendering.subsequence import never
from chatbench.ui.chat.transcript import paragraphs
from chatbench.ui.chat.transcript.paragraphs import ADDED, MOVED, REMOVED, Paragraph, Span
from chatbench.ui.chat.transcript.utf16 import cut, units

Change = Literal["", "added", "removed", "moved"]
"""What is "moved" stands elsewhere in the other text; there it is not shown as removed."""
_FLAGS: Final[dict[Change, int]] = {"added": ADDED, "removed": REMOVED, "moved": MOVED}
_SPACE = (Paragraph(" "), 0, 1, REMOVED)
"""Parts what was removed from its neighbours; like it, it is never copied."""
_IDEOGRAPHS = "\u2e80"
_STAND_INS = 0xF0000
"""Where private characters begin: one for each formula and picture, so that they compare as such."""


@dataclass(frozen=True, slots=True)
class Compared:
    """The text a message is compared with. ``complete``: it is not being written any more."""

    text: str
    complete: bool = True


class CodeLine(NamedTuple):
    """A line of compared code; ``marks`` are (start, length, change) in UTF-16 units.

    ``change`` is set when the whole line is only in one version; ``number`` counts the lines of
    this version, None for a removed one.
    """

    text: str
    marks: tuple[tuple[int, int, Change], ...] = ()
    change: Change = ""
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """How one block is shown beside the other text.

    ``index`` is the block's own; None for a block of the other text, which is ``block`` and stands
    ``before`` the own block of that index.
    ``paragraphs`` (text), ``lines`` (code) or ``rows`` (a table) replace what it says; none of them:
    the block as it is.
    """

    index: int | None
    block: AnyBlock
    change: Change = ""
    paragraphs: tuple[Paragraph, ...] | None = None
    lines: tuple[CodeLine, ...] | None = None
    rows: tuple[tuple[Paragraph, ...], ...] | None = None
    before: int = 0


def compare(
    text: str,
    blocks: Sequence[AnyBlock],
    other: Compared,
    *,
    ended: bool,
    cancelled: Callable[[], bool] = never,
) -> list[Shown]:
    """How ``blocks`` of ``text`` are shown beside ``other``, in reading order; equal ones are left out.

    ``ended``: no blocks follow. While they may, what only the other text has at its end is not
    called removed yet, and while the other text grows, what it may still say is not called added.
    Raises CancelledError soon after ``cancelled`` returns True.
    """
    there = parse(other.text)
    if not other.complete and there:
        there.pop()
    pairs = aligned(Text(normalized(text), blocks), Text(normalized(other.text), there), cancelled)
    elsewhere = moved(pairs, blocks, there)
    if not ended:
        pairs = _without_end(pairs, "there")
    if not other.complete:
        pairs = _without_end(pairs, "here")
    found: list[Shown] = []
    before = len(blocks)
    for pair in reversed(pairs):
        shown = _shown(pair, blocks, there, elsewhere)
        before = before if pair.here is None else pair.here
        if shown is not None:
            found.append(replace(shown, before=before))
    return found[::-1]


def _without_end(pairs: list[Pair], side: Literal["here", "there"]) -> list[Pair]:
    """Without what stands on one side only after the last two blocks that belong together."""
    matched = [at for at, pair in enumerate(pairs) if None not in pair]
    last = matched[-1] if matched else -1
    return pairs[: last + 1] + [
        pair for pair in pairs[last + 1 :] if (pair.there if side == "here" else pair.here) is not None
    ]


def _shown(
    pair: Pair, here: Sequence[AnyBlock], there: Sequence[AnyBlock], elsewhere: Mapping[int, int]
) -> Shown | None:
    if pair.here is None:
        assert pair.there is not None
        gone = pair.there not in elsewhere.values()
        return _one_side(None, there[pair.there], "removed") if gone else None
    mine = here[pair.here]
    if pair.there is None:
        return _one_side(pair.here, mine, "moved" if pair.here in elsewhere else "added")
    theirs = there[pair.there]
    if same(mine, theirs):
        return None
    if isinstance(mine, TextBlock) and isinstance(theirs, TextBlock):
        merged = merge_paragraphs(_paragraphs(mine), _paragraphs(theirs))
        return Shown(pair.here, mine, paragraphs=tuple(merged))
    if isinstance(mine, CodeBlock) and isinstance(theirs, CodeBlock):
        return Shown(pair.here, mine, lines=tuple(merge_code(mine.code, theirs.code)))
    if isinstance(mine, TableBlock) and isinstance(theirs, TableBlock):
        return Shown(pair.here, mine, rows=_merge_tables(mine, theirs))
    return Shown(pair.here, mine, "added")


def _one_side(index: int | None, block: AnyBlock, change: Change) -> Shown:
    flag = _FLAGS[change]
    if isinstance(block, TextBlock):
        return Shown(index, block, change, tuple(_marked(one, flag) for one in _paragraphs(block)))
    if isinstance(block, CodeBlock):
        lines = visible(block.code).split("\n")
        return Shown(index, block, change, lines=tuple(_whole_lines(lines, change)))
    if isinstance(block, TableBlock):
        rows = tuple(tuple(_marked(cell, flag) for cell in row) for row in _cells(block))
        return Shown(index, block, change, rows=rows)
    return Shown(index, block, change)


# Words


def _paragraphs(block: TextBlock) -> list[Paragraph]:
    # A new object: one that is being drawn must not keep what was made while links were coming in.
    fresh = block.afresh()
    return paragraphs.parse(fresh.html, fresh.objects)


def merge_paragraphs(here: Sequence[Paragraph], there: Sequence[Paragraph]) -> list[Paragraph]:
    """The paragraphs of two blocks as one list, with what was added and removed marked."""
    values = {value: at for at, value in enumerate(_distinct((*here, *there)))}
    mine, theirs = _Joined(here, values, "\n\n"), _Joined(there, values, "\n\n")
    found: list[Paragraph] = []
    groups = [
        list(group)
        for _block, group in groupby(differences(theirs.text, mine.text), key=lambda piece: piece.block)
    ]
    come, gone = _moved(groups)
    for at, pieces in enumerate(groups):
        change = _change_of(pieces)
        if at in gone:
            continue
        if change == "removed":
            found.append(_marked(there[theirs.part(pieces[0].a)], REMOVED))
        elif change == "added":
            found.append(_marked(here[mine.part(pieces[0].b)], MOVED if at in come else ADDED))
        else:
            found.append(merge(here[mine.part(pieces[0].b)], there[theirs.part(pieces[0].a)]))
    return found


def _moved(groups: Sequence[Sequence[Piece]]) -> tuple[set[int], set[int]]:
    """Which paragraphs that are only here only stand elsewhere there, and which of those there they are."""
    waiting: dict[str, list[int]] = {}
    come, gone = set[int](), set[int]()
    for at, pieces in enumerate(groups):
        if _change_of(pieces) == "removed":
            waiting.setdefault(_said(pieces), []).append(at)
    for at, pieces in enumerate(groups):
        if _change_of(pieces) == "added" and (same := waiting.get(_said(pieces))):
            come.add(at)
            gone.add(same.pop(0))
    return come, gone


def _said(pieces: Sequence[Piece]) -> str:
    return " ".join("".join(piece.text for piece in pieces).split())


def _change_of(pieces: Sequence[Piece]) -> Change:
    """ "added" or "removed" when that is all there is."""
    kinds = {piece.kind for piece in pieces}
    kind = kinds.pop() if len(kinds) == 1 else "same"
    return "" if kind == "same" else kind


class _Joined:
    """Parts of a text joined to one, each a block for ``differences``."""

    def __init__(
        self, parts: Sequence[Paragraph], values: dict[InlineObject, int], between: str, lead: str = ""
    ) -> None:
        texts = [lead + _with_stand_ins(part, values) for part in parts]
        self._ends = list(accumulate(len(text) + len(between) for text in texts))
        self.text = between.join(texts)

    def part(self, character: int) -> int:
        """Which part a character stands in."""
        return min(bisect_right(self._ends, character), len(self._ends) - 1)


def _words_of(paragraph: Paragraph) -> tuple[str, tuple[InlineObject, ...]]:
    return paragraph.text, tuple(value for _at, value in paragraph.objects)


def _marked(paragraph: Paragraph, flag: int) -> Paragraph:
    return _joined(paragraph, [(paragraph, 0, units(paragraph.text), flag)])


def merge(here: Paragraph, there: Paragraph) -> Paragraph:
    """One paragraph with the words of both; styles and links are those each word has."""
    if _words_of(here) == _words_of(there):
        return here
    values = {value: at for at, value in enumerate(_distinct((here, there)))}
    before, after = _with_stand_ins(there, values), _with_stand_ins(here, values)
    pieces = []
    last = ""
    for piece, (a_end, b_end) in _with_ends(differences(before, after), len(before), len(after)):
        if piece.kind == "removed":
            # A stand-in is a character like the object it stands for, but not as many units.
            start, end = units(there.text[: piece.a]), units(there.text[:a_end])
            if not _parted(last, piece.text):
                pieces.append(_SPACE)
            pieces.append((there, start, end, REMOVED))
            if not _parted(piece.text, after[piece.b : b_end + 1]):
                pieces.append(_SPACE)
        else:
            start, end = units(here.text[: piece.b]), units(here.text[:b_end])
            pieces.append((here, start, end, ADDED if piece.kind == "added" else 0))
            last = piece.text
    return _joined(here, pieces)


def _parted(before: str, after: str) -> bool:
    """Whether two texts can stand under one another's eyes without a space between them."""
    edges = before[-1:], after[:1]
    return not all(edge.isalnum() or edge >= chr(_STAND_INS) for edge in edges) or any(
        _IDEOGRAPHS <= edge < chr(_STAND_INS) for edge in edges
    )


def _with_ends(pieces: Sequence[Piece], a: int, b: int) -> Iterator[tuple[Piece, tuple[int, int]]]:
    """Each piece with the places where it ends in both texts."""
    ends = [(piece.a, piece.b) for piece in pieces[1:]] + [(a, b)]
    return zip(pieces, ends, strict=False)


def _distinct(parts: Sequence[Paragraph]) -> dict[InlineObject, None]:
    return dict.fromkeys(value for part in parts for _at, value in part.objects)


def _with_stand_ins(paragraph: Paragraph, values: dict[InlineObject, int]) -> str:
    if not paragraph.objects:
        return paragraph.text
    objects = iter(paragraph.objects)
    return "".join(
        chr(_STAND_INS + values[next(objects)[1]]) if one == OBJECT else one for one in paragraph.text
    )


def _joined(model: Paragraph, pieces: Sequence[tuple[Paragraph, int, int, int]]) -> Paragraph:
    """``model`` with the text of pieces of paragraphs: (paragraph, start, end, flag)."""
    texts: list[str] = []
    spans: list[Span] = []
    objects: list[tuple[int, InlineObject]] = []
    at = 0
    for source, start, end, flag in pieces:
        if start == end:
            continue
        texts.append(cut(source.text, start, end))
        if flag:
            spans.append(Span(at, end - start, flag, ""))
        for span in source.spans:
            first, last = max(start, span.start), min(end, span.start + span.length)
            if first < last:
                spans.append(span._replace(start=first - start + at, length=last - first))
        objects += [(place - start + at, value) for place, value in source.objects if start <= place < end]
        at += end - start
    return replace(model, text="".join(texts), spans=tuple(spans), objects=tuple(objects))


# Tables


def _merge_tables(here: TableBlock, there: TableBlock) -> tuple[tuple[Paragraph, ...], ...]:
    mine, theirs = _cells(here), _cells(there)
    if len(here.header) != len(there.header):
        return tuple(tuple(_marked(cell, ADDED) for cell in row) for row in mine)
    ours, others = ([_line(row) for row in rows] for rows in (mine, theirs))
    values = {value: at for at, value in enumerate(_distinct((*ours, *others)))}
    after, before = _Joined(ours, values, "\n", "| "), _Joined(others, values, "\n", "| ")
    rows: list[tuple[Paragraph, ...]] = []
    for _block, group in groupby(differences(before.text, after.text), key=lambda piece: piece.block):
        pieces = list(group)
        change = _change_of(pieces)
        one, other = mine[after.part(pieces[0].b)], theirs[before.part(pieces[0].a)]
        if change == "removed":
            rows.append(tuple(_marked(cell, REMOVED) for cell in other))
        elif change == "added":
            rows.append(tuple(_marked(cell, ADDED) for cell in one))
        else:
            rows.append(tuple(map(merge, one, other)))
    return tuple(rows)


def _line(row: Sequence[Paragraph]) -> Paragraph:
    """A row as one paragraph."""
    text = ""
    objects: list[tuple[int, InlineObject]] = []
    for cell in row:
        objects += cell.objects
        text += f"{cell.text} | "
    return Paragraph(text, objects=tuple(objects))


def _cells(block: TableBlock) -> list[tuple[Paragraph, ...]]:
    fresh = block.afresh()
    rows = fresh.row_cells if block.continued else (fresh.header_cells, *fresh.row_cells)
    return [tuple(paragraphs.cell(one) for one in row) for row in rows]


# Code


def merge_code(here: str, there: str, cancelled: Callable[[], bool] = never) -> list[CodeLine]:
    """The lines of two versions of code: token by token where a line has a counterpart."""
    versions = visible(there), visible(here)
    longest = max(map(len, re.findall("`+", "".join(versions))), default=0)
    fence = "`" * max(3, longest + 1)
    before, after = (f"{fence}\n{code}\n{fence}" for code in versions)
    found: list[CodeLine] = []
    number = 0
    pieces = [piece for piece in differences(before, after, cancelled) if piece.code]
    for _block, group in groupby(pieces, key=lambda piece: piece.block):
        line = list(group)
        # A line end can belong to an empty line of the other version.
        change = _change_of([piece for piece in line if piece.text != "\n" or piece.kind != "same"] or line)
        if change == "removed" and line[-1].kind == "same":
            change = ""
        number += change != "removed"
        found.append(_code_line(line, change, None if change == "removed" else number))
    return found


def _code_line(pieces: Sequence[Piece], change: Change, number: int | None) -> CodeLine:
    texts: list[str] = []
    marks: list[tuple[int, int, Change]] = []
    at = 0
    for piece in pieces:
        text = piece.text.removesuffix("\n")
        size = units(text)
        if size and piece.kind != "same":
            marks.append((at, size, piece.kind))
        texts.append(text)
        at += size
    return CodeLine("".join(texts), tuple(marks), change, number)


def _whole_lines(lines: Sequence[str], change: Change) -> Iterator[CodeLine]:
    for at, line in enumerate(lines):
        marks = ((0, units(line), change),) if line else ()
        yield CodeLine(line, marks, change, None if change == "removed" else at + 1)
