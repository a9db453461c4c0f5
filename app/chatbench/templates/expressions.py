"""Expressions of a template, made into functions of what it is filled in with."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Collection, Sequence
from typing import NamedTuple, NoReturn

from chatbench.templates import operations
from chatbench.templates.errors import Fault
from chatbench.templates.evaluating import known, truth
from chatbench.templates.filters import FILTERS, FORGIVING, TESTS
from chatbench.templates.lexing import SpanKind
from chatbench.templates.operations import Expression

MAX_DEPTH = 40
"""Brackets, conditions and loops within one another."""
MAX_LINKS = 200
"""Signs, filters and members of one expression: each stands on the one before it."""
_CONSTANTS = {"true": True, "false": False, "none": None}
_SUMS = ("+", "-")
_PRODUCTS = ("*", "/", "//", "%")
_ORDERS = ("==", "!=", "<", "<=", ">", ">=")


class Token(NamedTuple):
    """A piece of a template with its words."""

    kind: SpanKind
    text: str
    at: int


class Names:
    """What a template names: variables and fragments in their order, and which of the variables are only
    asked for where it can do without."""

    def __init__(self) -> None:
        self.variables: dict[str, bool] = {}
        """Name → whether it can be missing."""
        self.fragments: dict[str, int] = {}
        self.bound: list[str] = []
        """What loops have given a name to, here."""

    def use(self, name: str, *, forgiven: bool) -> None:
        """A variable is named."""
        if name not in self.bound:
            self.variables.setdefault(name, forgiven)


class Reader:
    """Reads the tokens of a template one after the other. Raises Fault."""

    def __init__(self, tokens: Sequence[Token], end: int) -> None:
        self._tokens = tokens
        self._next = 0
        self._end = Token("error", "", end)
        self._depth = 0
        self._expressions = 0
        self._links = 0
        self._forgiving = 0
        self.names = Names()

    @property
    def token(self) -> Token:
        """The one to be read next; of the kind "error" without text at the end."""
        return self._tokens[self._next] if self._next < len(self._tokens) else self._end

    @property
    def ended(self) -> bool:
        """Whether nothing is left."""
        return self._next >= len(self._tokens)

    def take(self) -> Token:
        """The next one, read."""
        token = self.token
        self._next += 1
        return token

    def peek(self, ahead: int = 1) -> Token:
        """One behind the next."""
        at = self._next + ahead
        return self._tokens[at] if at < len(self._tokens) else self._end

    def accept(self, *texts: str) -> Token | None:
        """The next one, read, if it is a keyword or sign of these."""
        token = self.token
        if token.kind in ("keyword", "operator") and token.text in texts:
            return self.take()
        return None

    def expect(self, text: str, why: str) -> Token:
        found = self.accept(text)
        return found if found is not None else self.refuse(f"{text!r} is missing {why}.")

    def refuse(self, what: str, hint: str = "") -> NoReturn:
        """Raises Fault at the next token; an error in the text itself is said first."""
        token = self.token
        if token.kind == "error":
            if token.text[:1] in ("'", '"'):
                raise Fault(token.at, "This quotation has no end.", f"Close it with {token.text[0]}.")
            if token.text and not token.text.startswith("{#"):
                raise Fault(token.at, f"{token.text[:1]!r} means nothing here.")
            raise Fault(token.at, "A tag has no end.", "Close {{ with }}, {% with %} and {# with #}.")
        raise Fault(token.at, what, hint)

    def link(self) -> None:
        """One more of what stands on the one before it. Raises Fault where these are too many."""
        self._links += 1
        if self._links > MAX_LINKS:
            raise Fault(self.token.at, "This expression is too long.", "Make several of it.")

    def nested(self) -> _Depth:
        """To be entered for what stands inside something else. Raises Fault where that is too deep."""
        return _Depth(self)

    def condition(self) -> Expression:
        """An expression in which a variable may be missing."""
        self._forgiving += 1
        try:
            return self.expression()
        finally:
            self._forgiving -= 1

    def expression(self) -> Expression:
        """`a if b else c`, and everything below it."""
        if not self._expressions:
            self._links = 0
        self._expressions += 1
        with self.nested():
            made = self._chosen()
        self._expressions -= 1
        return made

    def _chosen(self) -> Expression:
        value = self._either()
        if self.accept("if") is None:
            return value
        test = self.condition()
        other: Expression = self.expression() if self.accept("else") else operations.nothing
        return lambda frame: value(frame) if truth(test(frame)) else other(frame)

    def _either(self) -> Expression:
        value = self._both()
        while self.accept("or"):
            self.link()
            value = operations.either(value, self._both())
        return value

    def _both(self) -> Expression:
        value = self._not()
        while self.accept("and"):
            self.link()
            value = operations.both(value, self._not())
        return value

    def _not(self) -> Expression:
        if self.accept("not"):
            with self.nested():
                value = self._not()
            return lambda frame: not truth(value(frame))
        return self._comparison()

    def _comparison(self) -> Expression:
        value = self._joined()
        while True:
            token = self.token
            if (sign := self.accept(*_ORDERS, "in")) is not None:
                value = operations.compared(sign.text, value, self._joined(), token.at)
            elif token.text == "not" and token.kind == "keyword" and self.peek().text == "in":
                self.take()
                self.take()
                inside = operations.compared("in", value, self._joined(), token.at)
                value = operations.negated(inside)
            elif self.accept("is"):
                value = self._tested(value)
            else:
                return value
            self.link()

    def _tested(self, value: Expression) -> Expression:
        negated = self.accept("not") is not None
        token = self.take()
        name = token.text.lower()
        test = TESTS.get(name)
        if test is None:
            raise Fault(
                token.at, f"There is no test {token.text!r}.", _near(name, TESTS) or "Ask: is defined."
            )
        result: Expression = lambda frame: test(value(frame))  # noqa: E731
        return operations.negated(result) if negated else result

    def _joined(self) -> Expression:
        value = self._sum()
        while (sign := self.accept("~")) is not None:
            self.link()
            value = operations.concatenated(value, self._sum(), sign.at)
        return value

    def _sum(self) -> Expression:
        value = self._product()
        while (sign := self.accept(*_SUMS)) is not None:
            self.link()
            value = operations.calculated(sign.text, value, self._product(), sign.at)
        return value

    def _product(self) -> Expression:
        value = self._signed()
        while (sign := self.accept(*_PRODUCTS)) is not None:
            self.link()
            value = operations.calculated(sign.text, value, self._signed(), sign.at)
        return value

    def _signed(self) -> Expression:
        if (sign := self.accept("-")) is not None:
            with self.nested():
                return operations.calculated(sign.text, lambda _: 0, self._signed(), sign.at)
        return self._filtered()

    def _filtered(self) -> Expression:
        before = dict(self.names.variables)
        value = self._with_members()
        while (sign := self.accept("|")) is not None:
            self.link()
            token = self.take()
            name = token.text
            if token.kind != "filter" or name not in FILTERS:
                if token.kind == "error":
                    self._next -= 1
                    self.refuse("A filter is missing after |.")
                raise Fault(
                    token.at,
                    f"There is no filter {name!r}.",
                    _near(name, FILTERS) or f"There are {', '.join(sorted(FILTERS))}.",
                )
            if name in FORGIVING:
                fresh = [one for one in self.names.variables if one not in before]
                self.names.variables.update(dict.fromkeys(fresh, True))
            arguments = self._arguments() if self.accept("(") else []
            value = operations.filtered(name, value, arguments, sign.at)
        return value

    def _arguments(self) -> list[Expression]:
        """Up to and with the closing bracket."""
        found: list[Expression] = []
        while not self.accept(")"):
            if found:
                self.expect(",", "between two values")
            found.append(self.expression())
        return found

    def _with_members(self) -> Expression:
        start = self.token
        value = self._atom()
        name = start.text
        while True:
            token = self.token
            if self.accept("."):
                part = self.take()
                if part.kind not in ("member", "number"):
                    self._next -= 1
                    self.refuse("A name is missing after the point.")
                _refuse_hidden(part)
                if self.token.text == "(":
                    value = self._called(part, value)
                    self.link()
                    continue
                name = f"{name}.{part.text}"
                key: object = int(part.text) if part.text.isdecimal() else part.text
                value = operations.member(value, operations.constant(key), name, start.at)
            elif self.accept("["):
                inner = self.expression()
                self.expect("]", "after the part")
                name = f"{name}[…]"
                value = operations.member(value, inner, name, token.at)
            else:
                return value
            self.link()

    def _called(self, part: Token, value: Expression) -> Expression:
        """`.items()` is the one thing that can be called on a value."""
        if part.text != "items":
            raise Fault(
                part.at, f"{part.text}() cannot be called.", _near(part.text, FILTERS) or "Use a filter: |."
            )
        self.take()
        self.expect(")", "after items(")
        return operations.filtered("items", value, [], part.at)

    def _atom(self) -> Expression:
        token = self.token
        if (literal := _literal(token)) is not None:
            self.take()
            return literal
        if token.kind == "name":
            return self._variable(self.take())
        if token.kind == "function":
            return self._function(self.take())
        if self.accept("("):
            value = self.expression()
            self.expect(")", "after the bracket's content")
            return value
        if self.accept("["):
            return self._list(token)
        return self.refuse("A name or a value is missing here.")

    def _variable(self, token: Token) -> Expression:
        _refuse_hidden(token)
        if self.token.text == "(":
            raise Fault(token.at, f"{token.text}() cannot be called.", "Use a filter: {{ name | upper }}.")
        self.names.use(token.text, forgiven=self._forgiving > 0)
        return operations.variable(token.text, token.at)

    def _list(self, opening: Token) -> Expression:
        found: list[Expression] = []
        while not self.accept("]"):
            if found:
                self.expect(",", "between two values")
            found.append(self.expression())
        return lambda frame: [known(one(frame), opening.at) for one in found]

    def _function(self, token: Token) -> Expression:
        self.take()  # its bracket: without one it would be a name
        if token.text == "range":
            return operations.counted(self._arguments(), token.at)
        name = self.take()
        if name.kind != "string" or not self.accept(")"):
            raise Fault(token.at, "A fragment wants its name in quotes.", 'Write {{ fragment("name") }}.')
        wanted = _unquoted(name)
        self.names.fragments.setdefault(wanted, token.at)
        return operations.fragment(wanted, token.at)


class _Depth:
    """One more level, for as long as it is entered."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def __enter__(self) -> None:
        self._reader._depth += 1  # noqa: SLF001 - it is the reader's own
        if self._reader._depth > MAX_DEPTH:  # noqa: SLF001
            raise Fault(self._reader.token.at, "This stands too deep inside of other things.")

    def __exit__(self, *_: object) -> None:
        self._reader._depth -= 1  # noqa: SLF001


def _near(name: str, among: Collection[str]) -> str:
    near = difflib.get_close_matches(name, among, 3)
    return f"Did you mean {' or '.join(near)}?" if near else ""


def _refuse_hidden(token: Token) -> None:
    if token.text.startswith("_"):
        raise Fault(token.at, f"{token.text} begins with _.", "Choose another name.")


def _unquoted(token: Token) -> str:
    inner = token.text[1:-1]
    if "\\" not in inner:
        return inner
    try:
        return str(ast.literal_eval(token.text.replace("\n", "\\n")))
    except (SyntaxError, ValueError) as error:
        raise Fault(token.at, f"This quotation cannot be read: {error}.") from error


def _literal(token: Token) -> Expression | None:
    if token.kind == "string":
        return operations.constant(_unquoted(token))
    if token.kind == "number":
        return operations.constant(_number(token))
    if token.kind == "keyword" and token.text.lower() in _CONSTANTS:
        return operations.constant(_CONSTANTS[token.text.lower()])
    return None


def _number(token: Token) -> int | float:
    if len(token.text) > 30:
        raise Fault(token.at, "This number is too large.")
    return float(token.text) if "." in token.text else int(token.text)
