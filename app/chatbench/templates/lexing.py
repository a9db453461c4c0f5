"""A template as pieces: each knows its kind and where it stands, whatever is wrong with the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

SpanKind = Literal[
    "text", "mark", "comment", "keyword", "name", "member", "filter", "function", "string", "number",
    "operator", "error",
]  # fmt: skip

KEYWORDS = frozenset(
    {"if", "elif", "else", "endif", "for", "in", "endfor", "and", "or", "not", "is", "raw", "endraw"}
)
CONSTANTS = frozenset({"true", "false", "none", "True", "False", "None"})
FUNCTIONS = frozenset({"fragment", "range"})

_OPENING = re.compile(r"\{([{%#])([-+]?)")
_CLOSING = {"{": re.compile(r"-?\}\}"), "%": re.compile(r"[-+]?%\}")}
_COMMENT_END = re.compile(r"[-+]?#\}")
_RAW = re.compile(r"\{%[-+]?\s*raw\s*[-+]?%\}\Z")
_END_RAW = re.compile(r"\{%[-+]?\s*endraw\s*[-+]?%\}")
_INSIDE = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<number>\d+(?:\.\d+)?(?![\w-]))"
    # A dash belongs to a name where it stands inside it: {{customer-name}}.
    r"|(?P<name>\w+(?:-+\w+)*)"
    r"|(?P<string>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
    r"|(?P<operator>==|!=|<=|>=|//|[<>~+\-*/%|()\[\].,:])",
    re.DOTALL,
)


class Span(NamedTuple):
    """A piece of a template from character `start` to before `end`; all of them make up the text, but for
    the white space inside of marks."""

    kind: SpanKind
    start: int
    end: int


def spans(text: str) -> Iterator[Span]:
    """The pieces in their order, for the parser and for whoever paints them. Raises nothing: what cannot be
    read is an "error" that ends where reading can go on."""
    at = 0
    while (found := _OPENING.search(text, at)) is not None:
        if found.start() > at:
            yield Span("text", at, found.start())
        at = found.start()
        if found[1] == "#":
            end = _COMMENT_END.search(text, found.end())
            yield Span("error" if end is None else "comment", at, len(text) if end is None else end.end())
            at = len(text) if end is None else end.end()
            continue
        yield Span("mark", *found.span())
        end_of_tag = at
        for span in _inside(text, found.end(), _CLOSING[found[1]]):
            yield span
            end_of_tag = span.end
        at = max(end_of_tag, found.end())
        if _RAW.match(text, found.start(), at):
            closing = _END_RAW.search(text, at)
            end_of_raw = len(text) if closing is None else closing.start()
            if end_of_raw > at:
                yield Span("text", at, end_of_raw)
            at = end_of_raw
    if at < len(text):
        yield Span("text", at, len(text))


def _inside(text: str, at: int, closing: re.Pattern[str]) -> Iterator[Span]:
    """From after an opening mark to after its closing one, or to where the tag can only be broken."""
    before = ""
    while at < len(text):
        if (end := closing.match(text, at)) is not None:
            yield Span("mark", *end.span())
            return
        found = _INSIDE.match(text, at)
        if found is None:
            # A quote without its partner, or a character that means nothing: the rest of the line.
            line_end = text.find("\n", at)
            until = len(text) if line_end < 0 else line_end
            end = closing.search(text, at, until)
            yield Span("error", at, until if end is None else end.start())
            if end is None:
                return
            at = end.start()
            continue
        if found.lastgroup != "space":
            yield Span(_kind(found, before), *found.span())
            before = found[0]
        at = found.end()
    yield Span("error", at, at)


def _kind(found: re.Match[str], before: str) -> SpanKind:
    word = found[0]
    if found.lastgroup == "string":
        return "string"
    if found.lastgroup == "number":
        return "number"
    if found.lastgroup == "operator":
        return "operator"
    if before in ("|", "is"):
        return "keyword" if word == "not" else "filter"
    if before == ".":
        return "member"
    if word in KEYWORDS or word in CONSTANTS:
        return "keyword"
    return "function" if word in FUNCTIONS and found.string.startswith("(", found.end()) else "name"
