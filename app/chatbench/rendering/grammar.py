"""The Markdown we read: CommonMark, tables, strikethrough and maths, set up for markdown-it.

Six rules are our own. A table is one token with its rows as lines, so that thousands of cells cost
nothing until they are drawn. Paragraph and setext heading are one rule that scans its lines once
and asks for interruptions only where a line could start something; an underline counts within
``SETEXT_LINES`` lines, so a long paragraph cannot turn into a heading at its end. Maths blocks run
to the end of the text while they are open, as fences do. Inline maths follows Pandoc: the opening
dollar has no space after it, the closing one none before it and no digit after it.

A footnote is defined at the margin by ``[^label]: words``, goes on in lines indented by four, and
keeps its label: it is a link definition of a kind, so a reference is one as soon as the definition
has come. HTML is switched off, so it stays text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from markdown_it import MarkdownIt, rules_block
from markdown_it.common.utils import normalizeReference
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

from chatbench.rendering.nodes import split_row

SETEXT_LINES = 24
MAX_COLUMNS = 128
MAX_DEPTH = 24
"""Levels of the block tree (two for a list, one for a quotation); what is deeper stays text."""
CONTINUES = "continues"
"""Set in the environment when line 0 goes on with what started earlier, so it is no table's head."""

_DELIMITER = re.compile(r"\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*")
_BlockRule = Callable[[StateBlock, int, int, bool], bool]
_STARTERS = frozenset("`~>#*-+_=$\\|:[<0123456789")
_DOLLARS = re.compile(r"(?s)\$\$((?:[^\\$]|\\.|\$(?!\$))+?)\$\$")
_DOLLAR = re.compile(r"(?s)\$(?![\s$])((?:[^\\$]|\\.)*?(?<!\s))\$(?!\d)")
NOTE_HREF = "\0note:"
"""How the addresses of footnotes begin among those of links: no link can."""
_NOTE = re.compile(r"\[\^([^\s\[\]^]{1,40})\]:[ \t]*(.*)")
_NOTE_REFERENCE = re.compile(r"\[\^([^\s\[\]^]{1,40})\]")
_NOTE_INDENT = 4
_ROUND = re.compile(r"(?s)\\\((.+?)\\\)")
_SQUARE = re.compile(r"(?s)\\\[(.+?)\\\]")


@cache
def parser() -> MarkdownIt:
    """The one parser; its tokens carry no inline children, ``md.inline`` makes them on demand."""
    options = {"html": False, "maxNesting": MAX_DEPTH + 4}
    md = MarkdownIt("commonmark", options).enable("strikethrough")
    md.disable(["html_block", "html_inline", "lheading", "inline", "text_join"])
    block = md.block.ruler
    block.at("table", _table, {"alt": ["paragraph", "reference"]})
    block.enable("table")
    block.at("paragraph", _paragraph)
    interrupts = ["paragraph", "reference", "blockquote", "list"]
    block.at("list", _shallow(rules_block.list_block), {"alt": interrupts[:3]})
    block.at("blockquote", _shallow(rules_block.blockquote), {"alt": interrupts})
    block.before("fence", "math_block", _math_block, {"alt": interrupts})
    block.before("reference", "footnote", _footnote, {"alt": interrupts})
    md.inline.ruler.before("escape", "math_inline", _math_inline)
    md.inline.ruler.before("link", "footnote_reference", _footnote_reference)
    # Every target is read; links.allowed decides what becomes one.
    md.validateLink = _accepted  # type: ignore[method-assign]
    return md


def _shallow(rule: _BlockRule) -> _BlockRule:
    # The library drops what is nested too deeply; refused here, it becomes a paragraph instead.
    def guarded(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        return state.level < MAX_DEPTH and rule(state, start, end, silent)

    return guarded


def _accepted(url: str) -> bool:
    return True


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]


def _interrupted(state: StateBlock, line: int, end: int, rules: str) -> bool:
    position = state.bMarks[line] + state.tShift[line]
    if state.src[position : position + 1] not in _STARTERS and (
        rules != "paragraph" or state.src.find("|", position, state.eMarks[line]) < 0
    ):
        return False
    return any(rule(state, line, end, True) for rule in state.md.block.ruler.getRules(rules))


def _table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    if start + 2 > end or (start == 0 and state.level == 0 and CONTINUES in state.env):
        return False
    if state.sCount[start + 1] < state.blkIndent or state.is_code_block(start + 1):
        return False
    delimiter = _line(state, start + 1)
    if delimiter[:1] not in ("|", "-", ":") or delimiter[:2] in ("- ", "-\t"):
        return False
    first = _line(state, start)
    if "|" not in first or state.is_code_block(start) or not _DELIMITER.fullmatch(delimiter):
        return False
    if "|" not in delimiter and ":" not in delimiter:
        return False
    header, marks = split_row(first), split_row(delimiter)
    if not header or len(header) != len(marks) or len(header) > MAX_COLUMNS:
        return False
    if silent:
        return True
    parent, state.parentType = state.parentType, "table"
    line, rows = start + 2, []
    while line < end and state.sCount[line] >= state.blkIndent:
        if _interrupted(state, line, end, "blockquote") or state.is_code_block(line):
            break
        row = _line(state, line).strip()
        if not row:
            break
        rows.append(row)
        line += 1
    state.parentType = parent
    token = state.push("table", "table", 0)
    token.map = [start, line]
    token.meta = {"header": header, "alignments": [_alignment(mark) for mark in marks], "rows": rows}
    state.line = line
    return True


def _alignment(mark: str) -> str:
    left, right = mark.startswith(":"), mark.endswith(":")
    return "center" if left and right else "right" if right else "left" if left else ""


def _paragraph(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    parent, state.parentType = state.parentType, "paragraph"
    line, level = start + 1, 0
    while line < state.lineMax and not state.isEmpty(line):
        # Deeper than three columns is lazy continuation, and so is what a quotation marks with -1.
        if state.sCount[line] - state.blkIndent <= 3:
            if line < end and line - start <= SETEXT_LINES and state.sCount[line] >= state.blkIndent:
                level = _underline(_line(state, line))
                if level:
                    break
            if state.sCount[line] >= 0 and _interrupted(state, line, state.lineMax, "paragraph"):
                break
        line += 1
    state.parentType = parent
    tag = f"h{level}" if level else "p"
    kind = "heading" if level else "paragraph"
    state.line = line + 1 if level else line
    state.push(f"{kind}_open", tag, 1).map = [start, state.line]
    token = state.push("inline", "", 0)
    token.content = state.getLines(start, line, state.blkIndent, False).strip()
    token.map = [start, line]
    token.children = []
    state.push(f"{kind}_close", tag, -1)
    return True


def _underline(text: str) -> int:
    text = text.rstrip(" \t")
    if text and text[0] in "=-" and not text.strip(text[0]):
        return 1 if text[0] == "=" else 2
    return 0


def _math_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    if state.is_code_block(start):
        return False
    first = _line(state, start)
    closer = {"$$": "$$", "\\[": "\\]"}.get(first[:2])
    if closer is None:
        return False
    rest = first[2:].rstrip()
    if closer in rest and not (rest.endswith(closer) and rest.find(closer) == len(rest) - 2):
        return False
    if silent:
        return True
    closed = rest.endswith(closer)
    body, line = [rest[:-2] if closed else rest], start + 1
    while not closed and line < end:
        if state.sCount[line] < state.blkIndent and not state.isEmpty(line):
            break
        text = _line(state, line).rstrip()
        closed = text.endswith(closer)
        body.append(text[:-2] if closed else text)
        line += 1
    token = state.push("math_block", "math", 0)
    token.content = "\n".join(body).strip()
    token.map = [start, line]
    token.markup = closer
    token.meta = {"closed": closed}
    state.line = line
    return True


def _footnote(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    at_margin = state.level == 0 and not state.is_code_block(start)
    if not at_margin and not (silent and state.sCount[start] < state.blkIndent):
        return False
    match = _NOTE.match(_line(state, start))
    if match is None:
        return False
    if silent:
        return True
    paragraphs: list[list[str]] = [[match[2]]] if match[2].strip() else [[]]
    line = last = start + 1
    while line < end:
        if state.isEmpty(line):
            line += 1
            continue
        apart = line > last
        if apart and state.sCount[line] < _NOTE_INDENT:
            break
        if not apart and state.sCount[line] < _NOTE_INDENT and _interrupted(state, line, end, "paragraph"):
            break
        if apart and paragraphs[-1]:
            paragraphs.append([])
        paragraphs[-1].append(_line(state, line).strip())
        line = last = line + 1
    token = state.push("footnote", "", 0)
    token.map = [start, last]
    token.info = match[1]
    token.meta = {"paragraphs": ["\n".join(lines).strip() for lines in paragraphs if lines]}
    references = state.env.setdefault("references", {})
    label = normalizeReference(f"^{match[1]}")
    references.setdefault(label, {"href": f"{NOTE_HREF}{match[1]}", "title": "", "map": [start, last]})
    state.line = last
    return True


def _footnote_reference(state: StateInline, silent: bool) -> bool:
    match = _NOTE_REFERENCE.match(state.src, state.pos, state.posMax)
    if match is None:
        return False
    found = state.env.get("references", {}).get(normalizeReference(f"^{match[1]}"))
    if found is None or not str(found["href"]).startswith(NOTE_HREF):
        return False
    if not silent:
        token = state.push("footnote_reference", "", 0)
        token.content = match[1]
        token.info = str(found["href"]).removeprefix(NOTE_HREF)
    state.pos = match.end()
    return True


def _math_inline(state: StateInline, silent: bool) -> bool:
    source, position = state.src, state.pos
    lead = source[position : position + 2]
    if lead == "\\(":
        patterns = [_ROUND]
    elif lead == "\\[":
        patterns = [_SQUARE]
    elif lead == "$$":
        patterns = [_DOLLARS]
    elif lead[0] == "$":
        patterns = [_DOLLAR]
    else:
        return False
    for pattern in patterns:
        match = pattern.match(source, position, state.posMax)
        if match and match[1].strip():
            if not silent:
                token = state.push("math_inline", "math", 0)
                token.content = match[1].strip()
                token.markup = lead if lead in ("$$", "\\[") else ""
                token.info = match[0]
            state.pos = match.end()
            return True
    return False
