"""The tree of one parse to a flat list of blocks, and the places where the text may be cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chatbench.rendering.blocks import CodeBlock, MathBlock, RuleBlock, TableBlock, TextBlock
from chatbench.rendering.cuts import PLAIN, Anchor, Limits, Mark, Parsed, pieces
from chatbench.rendering.nodes import Item, Items, Node, Note, References, Words

if TYPE_CHECKING:
    from markdown_it.token import Token


@dataclass(slots=True)
class Branch:
    token: Token
    children: list[Branch]

    @property
    def lines(self) -> tuple[int, int]:
        first, last = self.token.map or (0, 0)
        return first, last


_SPECIAL = frozenset({"fence", "code_block", "table", "math_block", "hr", "blockquote_open"})


def nested(tokens: Sequence[Token]) -> list[Branch]:
    root: list[Branch] = []
    stack = [root]
    for token in tokens:
        if token.nesting < 0:
            stack.pop()
            continue
        branch = Branch(token, [])
        stack[-1].append(branch)
        if token.nesting > 0:
            stack.append(branch.children)
    return root


class Builder:
    """Turns the tree of one parse into blocks."""

    def __init__(
        self,
        lines: list[str],
        offset: int,
        references: References,
        limits: Limits,
        anchor: Anchor,
    ) -> None:
        self.lines = lines
        self.offset = offset
        self.references = references
        self.limits = limits
        self.anchor = anchor
        self.parsed = Parsed()

    def build(self, branches: list[Branch]) -> None:
        """Top level: what ``_add`` does, and the places between where a text can be cut."""
        ended = -1
        for index, branch in enumerate(branches):
            first, last = branch.lines
            if index and (
                not self.lines[first - 1].strip()
                or ended == first
                or branch.token.type in ("fence", "math_block", "footnote")
                or branch.token.markup.startswith("#")
            ):
                self._mark(first, PLAIN)
            self._add(branch, "", self.anchor if index == 0 else PLAIN)
            closes_itself = branch.token.type in ("heading_open", "hr") or (
                branch.token.type in ("fence", "math_block") and self._closed(branch)
            )
            ended = last if closes_itself else -1

    def _mark(self, line: int, anchor: Anchor, sure: int | None = None) -> None:
        at = line + self.offset
        sure = at if sure is None else sure + self.offset
        self.parsed.marks.append(Mark(at, sure, len(self.parsed.blocks), anchor))

    def _add(self, branch: Branch, containers: str, anchor: Anchor = PLAIN) -> None:
        kind = branch.token.type
        if kind in ("paragraph_open", "heading_open"):
            self._add_words(branch, containers)
        elif kind in ("bullet_list_open", "ordered_list_open"):
            self._add_list(branch, containers, anchor)
        elif kind == "blockquote_open":
            for index, child in enumerate(branch.children):
                first = child.lines[0]
                if index and not containers and not self.lines[first - 1].strip("> \t"):
                    self._mark(first, Anchor("quote"))
                self._add(child, containers + "q")
        elif kind == "table":
            self._add_table(branch, containers, anchor)
        elif kind == "fence":
            self._add_fence(branch, containers, anchor)
        else:
            self._add_leaf(branch, containers)

    def _place(self, first: int, last: int) -> tuple[int, int, str]:
        """Source lines and text of token lines ``first`` to ``last``, blank lines at the end off."""
        lines = self.lines
        last = min(last, len(lines))
        while last > first and not lines[last - 1].strip():
            last -= 1
        return first + self.offset, last + self.offset, "\n".join(lines[first:last])

    def _add_leaf(self, branch: Branch, containers: str) -> None:
        token, place = branch.token, self._place(*branch.lines)
        blocks = self.parsed.blocks
        if token.type == "code_block":
            blocks.append(CodeBlock(_chomp(token.content), "", True, *place, containers))
        elif token.type == "footnote":
            words = tuple(Words(text) for text in token.meta["paragraphs"])
            blocks.append(TextBlock(Note(token.info, words), self.references, *place, containers))
        elif token.type == "math_block":
            blocks.append(MathBlock(token.content, self._closed(branch), *place, containers))
        else:
            blocks.append(RuleBlock(*place, containers))

    def _add_fence(self, branch: Branch, containers: str, anchor: Anchor) -> None:
        token = branch.token
        first, last = branch.lines
        start, end, source = self._place(first, last)
        code = token.content
        if anchor.kind == "fence":
            start, code = anchor.start, anchor.code + code
            source = anchor.source + "\n".join(self.lines[first + 1 : last])
            blank = source.find("\n", len(source.rstrip()))
            source = source[:blank] if blank >= 0 else source
            end = start + source.count("\n") + 1
        closed = self._closed(branch)
        language = (token.info.split() or [""])[0]
        self.parsed.blocks.append(CodeBlock(_chomp(code), language, closed, start, end, source, containers))
        if not closed and not containers:
            complete = code[: code.rfind("\n") + 1]
            head = self.lines[first] + "\n"
            self.parsed.open_fence = Anchor("fence", head, code=complete, start=start)

    def _closed(self, branch: Branch) -> bool:
        token = branch.token
        if token.type == "math_block":
            return bool(token.meta["closed"])
        first, last = branch.lines
        content: str = token.content
        inside = content.count("\n") + (content != "" and not content.endswith("\n"))
        return last - first == inside + 2 and self.lines[last - 1].rstrip().endswith(token.markup)

    def _add_words(self, branch: Branch, containers: str, skip: int = 0) -> None:
        """A paragraph or heading; the first ``skip`` pieces were drawn elsewhere."""
        level = int(branch.token.tag[1]) if branch.token.type == "heading_open" else 0
        content = branch.children[0].token.content
        start, end, source = self._place(*branch.lines)
        if level or len(content) <= self.limits.paragraph_line:
            block = TextBlock(Words(content, level), self.references, start, end, source, containers)
            self.parsed.blocks.append(block)
            return
        line = start
        for index, piece in enumerate(pieces(content, self.limits)):
            after = line + piece.count("\n")
            if index >= skip:
                self.parsed.blocks.append(
                    TextBlock(
                        Words(piece.strip()),
                        self.references,
                        line,
                        after if piece.endswith("\n") else after + 1,
                        piece,
                        containers,
                        index > 0,
                    )
                )
            line = after

    def _add_table(self, branch: Branch, containers: str, anchor: Anchor) -> None:
        meta, (first, last) = branch.token.meta, branch.lines
        rows, size = meta["rows"], self.limits.table_rows
        resumed = anchor.kind == "table"
        head = "\n".join(self.lines[first : first + 2]) + "\n"
        for at in range(0, max(len(rows), 1), size):
            top = first + 2 + at if at or resumed else first
            if at and not containers:
                self._mark(top, Anchor("table", head))
            start, end, source = self._place(top, min(first + 2 + at + size, last))
            self.parsed.blocks.append(
                TableBlock(
                    tuple(meta["header"]),
                    tuple(meta["alignments"]),
                    tuple(rows[at : at + size]),
                    self.references,
                    start,
                    end,
                    source,
                    containers,
                    at > 0 or resumed,
                )
            )

    def _add_list(self, branch: Branch, containers: str, anchor: Anchor) -> None:
        ordered = branch.token.type == "ordered_list_open"
        resumed = anchor.kind == "list"
        number = anchor.number if resumed else _first_number(branch)
        group: list[tuple[Item, tuple[int, int]]] = []
        chars, first_of_list, cut = 0, not resumed, False
        for index, item in enumerate(branch.children):
            plain = self._is_plain(item)
            full = len(group) >= self.limits.list_items or chars >= self.limits.list_chars
            if group and (full or not plain):
                self._flush_items(group, ordered, containers, not first_of_list)
                group, chars, first_of_list = [], 0, False
            if not group and not containers and index:
                # That an item stands alone is only sure when it has ended.
                sure = item.lines[0] if full or cut else item.lines[1]
                self._mark(item.lines[0], Anchor("list", number=number), sure)
            cut = not plain
            if plain:
                first, last = item.lines
                nodes, checked = _item_nodes(item.children)
                group.append((Item(number if ordered else None, checked, nodes), (first, last)))
                chars += sum(map(len, self.lines[first:last]))
            else:
                self._add_item(item, number if ordered else None, containers, not first_of_list)
                first_of_list = False
            number += 1
        if group:
            self._flush_items(group, ordered, containers, not first_of_list)

    def _flush_items(
        self,
        group: list[tuple[Item, tuple[int, int]]],
        ordered: bool,
        containers: str,
        continued: bool,
    ) -> None:
        place = self._place(group[0][1][0], group[-1][1][1])
        node = Items(ordered, tuple(item for item, _lines in group))
        self.parsed.blocks.append(TextBlock(node, self.references, *place, containers, continued))

    def _add_item(self, item: Branch, number: int | None, containers: str, continued: bool) -> None:
        """An item with code, a table or much text in it: its marker and first words, then the rest."""
        first = item.lines[0]
        lead: tuple[Node, ...] = ()
        checked, content, end, rest, cut = None, "", first, item.children, False
        if rest and rest[0].token.type == "paragraph_open":
            content = rest[0].children[0].token.content
            checked, content = _task(content)
            text = next(pieces(content, self.limits), "")
            cut = len(text) < len(content)
            lead = (Words(text.strip()),)
            end = rest[0].lines[1] if not cut else first + 1 + text.strip().count("\n")
        place = self._place(first, end)
        node = Items(number is not None, (Item(number, checked, lead),))
        self.parsed.blocks.append(TextBlock(node, self.references, *place, containers, continued))
        if cut:
            rest[0].children[0].token.content = content
            self._add_words(rest[0], containers + "l", skip=1)
        for child in rest[1:] if lead else rest:
            self._add(child, containers + "l")

    def _is_plain(self, item: Branch) -> bool:
        first, last = item.lines
        if last - first > self.limits.item_lines:
            return False
        if sum(map(len, self.lines[first:last])) > self.limits.paragraph_line:
            return False
        return not _has_special(item)


def _has_special(branch: Branch) -> bool:
    return any(
        child.token.type in _SPECIAL or _has_special(child)
        for child in branch.children
        if child.token.type != "inline"
    )


def _item_nodes(children: list[Branch]) -> tuple[tuple[Node, ...], bool | None]:
    checked: bool | None = None
    nodes: list[Node] = []
    for index, child in enumerate(children):
        token = child.token
        if token.type in ("paragraph_open", "heading_open"):
            content = child.children[0].token.content
            level = int(token.tag[1]) if token.type == "heading_open" else 0
            if index == 0 and not level:
                checked, content = _task(content)
            nodes.append(Words(content, level))
        else:
            nodes.append(_items(child))
    return tuple(nodes), checked


def _items(branch: Branch) -> Items:
    ordered = branch.token.type == "ordered_list_open"
    number = _first_number(branch)
    items = []
    for at, item in enumerate(branch.children):
        nodes, checked = _item_nodes(item.children)
        items.append(Item(number + at if ordered else None, checked, nodes))
    return Items(ordered, tuple(items))


def _first_number(branch: Branch) -> int:
    start = branch.token.attrGet("start")
    return 1 if start is None else int(start)


def _task(content: str) -> tuple[bool | None, str]:
    if content[:1] == "[" and content[2:3] == "]" and content[3:4] in (" ", "\t"):
        if content[1] == " ":
            return False, content[4:].lstrip()
        if content[1] in "xX":
            return True, content[4:].lstrip()
    return None, content


def _chomp(code: str) -> str:
    return code.removesuffix("\n")
