"""The language of prompts: `{{name}}`, `{% if name %}`, `{% for x in list %}`, `{{ fragment("name") }}`.

It looks like Jinja and is much less: no way to call, to set or to include anything, so that a template from
anywhere can be filled in. Values are put in as they are and never read as templates. A line that holds
nothing but a tag leaves no empty line behind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from chatbench.templates import evaluating
from chatbench.templates.errors import Fault, TemplateError
from chatbench.templates.evaluating import Frame, truth, words
from chatbench.templates.expressions import Reader, Token
from chatbench.templates.lexing import Span, SpanKind, spans
from chatbench.templates.operations import Expression

__all__ = ["MAX_SOURCE", "Parsed", "Span", "SpanKind", "TemplateError", "literal", "parse", "render", "spans"]

MAX_SOURCE = 2_000_000
"""Characters of one template."""
_CACHED = 512
_OPENS = re.compile(r"\{(?=[{%#])")
_FIRST_LINE_END = re.compile(r"\r?\n")

_Piece = Callable[[Frame], None]


class Parsed(NamedTuple):
    """What a template asks for: the variables and the fragments (with their pins) it names, in their order,
    and which of the variables it can do without."""

    names: tuple[str, ...]
    fragments: tuple[str, ...]
    optional: frozenset[str] = frozenset()


def parse(text: str) -> Parsed:
    """What a template asks for. Raises TemplateError."""
    return _compiled(text).parsed


def render(text: str, values: Mapping[str, object], fragments: Mapping[str, str] | None = None) -> str:
    """The template filled in. A value is text, a number, a truth, None (nothing), a list or an object; of
    `fragments` each has the name that stands in the template, with its pin. Raises TemplateError: what is
    wrong with the template, a variable without a value, and what takes too long or becomes too large."""
    if "{" not in text:
        return text
    compiled = _compiled(text)
    frame = Frame(values, fragments or {})
    try:
        compiled.write(frame)
    except Fault as fault:
        raise fault.of(text) from None
    except RecursionError:
        raise TemplateError("These values stand too deep inside of one another.", text=text) from None
    return "".join(frame.written)


def literal(text: str) -> str:
    """The template that becomes just this text, whatever braces are in it."""
    return _OPENS.sub('{{ "{" }}', text)


class _Compiled(NamedTuple):
    parsed: Parsed
    write: _Piece


def _compiled(text: str) -> _Compiled:
    if len(text) > MAX_SOURCE:
        raise TemplateError(f"This template is longer than {MAX_SOURCE:,} characters.", "Make it shorter.")
    return _cached(text) if len(text) < MAX_SOURCE // 100 else _compile(text)


def _compile(text: str) -> _Compiled:
    parser = _Parser(
        [Token(one.kind, text[one.start : one.end], one.start) for one in spans(text)], len(text)
    )
    try:
        write = parser.body(())
        if not parser.reader.ended:
            parser.reader.refuse("This closes what was not opened.")
    except Fault as fault:
        raise fault.of(text) from None
    names = parser.reader.names
    optional = frozenset(name for name, can_miss in names.variables.items() if can_miss)
    return _Compiled(Parsed(tuple(names.variables), tuple(names.fragments), optional), write)


_cached = lru_cache(_CACHED)(_compile)


class _Parser:
    """Makes the pieces of a template into functions. Raises Fault."""

    def __init__(self, tokens: Sequence[Token], end: int) -> None:
        self.reader = Reader(_trimmed(tokens), end)

    def body(self, until: tuple[str, ...]) -> _Piece:
        """Everything up to a tag of these words, which is left to be read; to the end without them."""
        pieces: list[_Piece] = []
        reader = self.reader
        while not reader.ended:
            token = reader.token
            if token.kind == "text":
                reader.take()
                if token.text:
                    pieces.append(_literal(token))
            elif token.kind == "comment":
                reader.take()
            elif token.text.startswith("{{"):
                pieces.append(self._output())
            elif token.text.startswith("{%"):
                if reader.peek().text in until:
                    return _all(pieces)
                pieces.append(self._statement())
            else:
                reader.refuse("This cannot be read.")
        return _all(pieces)

    def _output(self) -> _Piece:
        opening = self.reader.take()
        at = self.reader.token.at
        value = self.reader.expression()
        self._close("}}", opening)
        return _written(value, at)

    def _close(self, mark: str, opening: Token) -> None:
        token = self.reader.token
        if token.kind != "mark" or not token.text.endswith(mark):
            if token.kind == "error" and not token.text:
                raise Fault(opening.at, f"This {opening.text[:2]} is not closed.", f"Write {mark} after it.")
            self.reader.refuse(f"{mark} is missing before {token.text!r}.")
        self.reader.take()

    def _statement(self) -> _Piece:
        opening = self.reader.take()
        word = self.reader.take()
        if word.text == "if":
            return self._if(opening)
        if word.text == "for":
            return self._for(opening, word.at)
        if word.text == "raw":
            return self._raw(opening)
        if word.kind == "error" and not word.text:
            raise Fault(opening.at, "This {% is not closed.", "Write %} after it.")
        if word.text in ("else", "elif", "endif", "endfor", "endraw"):
            raise Fault(word.at, f"{word.text} stands here without what it belongs to.")
        raise Fault(
            word.at,
            f"There is no tag {word.text!r}.",
            "There are if, elif, else, endif, for, endfor and raw.",
        )

    def _raw(self, opening: Token) -> _Piece:
        self._close("%}", opening)
        return self._ended("endraw", self._inside(opening, ("endraw",)))

    def _ended(self, word: str, piece: _Piece) -> _Piece:
        opening = self.reader.take()
        self.reader.expect(word, "here")
        self._close("%}", opening)
        return piece

    def _if(self, opening: Token) -> _Piece:
        branches: list[tuple[Expression, _Piece]] = []
        with self.reader.nested():
            test = self.reader.condition()
            self._close("%}", opening)
            branches.append((test, self._inside(opening, ("elif", "else", "endif"))))
            while self.reader.peek().text == "elif":
                inner, _ = self.reader.take(), self.reader.take()
                test = self.reader.condition()
                self._close("%}", inner)
                branches.append((test, self._inside(opening, ("elif", "else", "endif"))))
            other = self._else(opening, "endif")
        return _chosen(branches, other, opening.at)

    def _inside(self, opening: Token, until: tuple[str, ...]) -> _Piece:
        body = self.body(until)
        if self.reader.ended:
            raise Fault(opening.at, f"This has no end: {{% {until[-1]} %}} is missing.")
        return body

    def _else(self, opening: Token, end: str) -> _Piece:
        other: _Piece = _all([])
        if self.reader.peek().text == "else":
            inner, _ = self.reader.take(), self.reader.take()
            self._close("%}", inner)
            other = self._inside(opening, (end,))
        return self._ended(end, other)

    def _for(self, opening: Token, at: int) -> _Piece:
        targets = [self._target()]
        if self.reader.accept(","):
            targets.append(self._target())
        self.reader.expect("in", "after the name")
        source = self.reader.expression()
        self._close("%}", opening)
        bound = [*targets, "loop"]
        self.reader.names.bound += bound
        with self.reader.nested():
            body = self._inside(opening, ("else", "endfor"))
        del self.reader.names.bound[-len(bound) :]
        other = self._else(opening, "endfor")
        return _looped(targets, source, body, other, at)

    def _target(self) -> str:
        token = self.reader.token
        if token.kind != "name" or token.text.startswith("_"):
            self.reader.refuse("A name is missing after for.")
        return self.reader.take().text


def _trimmed(tokens: Sequence[Token]) -> list[Token]:
    """Texts without the white space that marks beside them take away."""
    found = list(tokens)
    for at, token in enumerate(found):
        if token.kind != "text":
            continue
        text = token.text
        before = found[at - 1].text if at else ""
        after = found[at + 1].text if at + 1 < len(found) else ""
        starts_line = at == 0
        if before.endswith(("-}}", "-%}", "-#}")):
            text = text.lstrip()
        elif _takes_line_end(before) and (line_end := _FIRST_LINE_END.match(text)) is not None:
            text = text[line_end.end() :]
            starts_line = True
        if after.startswith(("{{-", "{%-", "{#-")):
            text = text.rstrip()
        elif after.startswith(("{%", "{#")) and not after.startswith(("{%+", "{#+")):
            text = _without_margin(text, starts_line)
        found[at] = Token("text", text, token.at)
    return found


def _takes_line_end(mark: str) -> bool:
    return mark.endswith(("%}", "#}")) and not mark.endswith(("+%}", "+#}"))


def _without_margin(text: str, starts_line: bool) -> str:
    """Without the spaces at the end, if they begin the line of a tag."""
    line = text[text.rfind("\n") + 1 :]
    if line.strip(" \t") or ("\n" not in text and not starts_line):
        return text
    return text[: len(text) - len(line)]


def _literal(token: Token) -> _Piece:
    return lambda frame: frame.write(token.text, token.at)


def _written(value: Expression, at: int) -> _Piece:
    def write(frame: Frame) -> None:
        frame.budget.step(at)
        frame.write(words(value(frame), at), at)

    return write


def _all(pieces: Sequence[_Piece]) -> _Piece:
    if len(pieces) == 1:
        return pieces[0]

    def write(frame: Frame) -> None:
        for piece in pieces:
            piece(frame)

    return write


def _chosen(branches: Sequence[tuple[Expression, _Piece]], other: _Piece, at: int) -> _Piece:
    def write(frame: Frame) -> None:
        frame.budget.step(at)
        for test, body in branches:
            if truth(test(frame)):
                body(frame)
                return
        other(frame)

    return write


def _looped(targets: Sequence[str], source: Expression, body: _Piece, other: _Piece, at: int) -> _Piece:
    def write(frame: Frame) -> None:
        found = evaluating.items(source(frame), at, pairs=len(targets) == 2)
        before = {name: frame.values[name] for name in (*targets, "loop") if name in frame.values}
        for place, one in enumerate(found):
            frame.budget.step(at)
            frame.values.update(_named(targets, one, at))
            frame.values["loop"] = _loop(place, len(found))
            body(frame)
        for name in (*targets, "loop"):
            frame.values.pop(name, None)
        frame.values.update(before)
        if not found:
            other(frame)

    return write


def _named(targets: Sequence[str], one: object, at: int) -> dict[str, object]:
    if len(targets) == 1:
        return {targets[0]: one}
    if not isinstance(one, list | tuple) or len(one) != 2:
        raise Fault(at, "A loop with two names wants an object, or a list of pairs.")
    return dict(zip(targets, one, strict=True))


def _loop(place: int, count: int) -> dict[str, object]:
    return {
        "index": place + 1,
        "index0": place,
        "first": place == 0,
        "last": place == count - 1,
        "length": count,
        "revindex": count - place,
    }
