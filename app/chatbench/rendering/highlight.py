"""Code to coloured runs. Pygments is imported at the first highlight of a known language."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pygments.lexer import Lexer
    from pygments.token import _TokenType

TokenClass = Literal[
    "plain", "keyword", "string", "number", "comment", "function", "type", "added", "removed"
]
Run = tuple[TokenClass, str]

MAX_CHARS = 200_000
MAX_LINE = 5_000
"""A line longer than this is data, not code, and some lexers are slow on it."""

_PLAIN_NAMES = frozenset({"", "text", "txt", "plain", "plaintext", "none", "output", "log"})
_OTHER_NAMES = {"patch": "diff"}
"""What people call languages that Pygments calls otherwise."""
_CLASSES: dict[tuple[str, ...], TokenClass] = {
    ("Comment",): "comment",
    ("Comment", "Preproc"): "keyword",
    ("Keyword",): "keyword",
    ("Keyword", "Constant"): "number",
    ("Keyword", "Type"): "type",
    ("Keyword", "Namespace"): "keyword",
    ("Operator", "Word"): "keyword",
    ("Literal", "String"): "string",
    ("Literal", "Number"): "number",
    ("Literal", "Date"): "number",
    ("Name", "Attribute"): "function",
    ("Name", "Builtin"): "type",
    ("Name", "Builtin", "Pseudo"): "number",
    ("Name", "Class"): "type",
    ("Name", "Constant"): "number",
    ("Name", "Decorator"): "function",
    ("Name", "Entity"): "number",
    ("Name", "Exception"): "type",
    ("Name", "Function"): "function",
    ("Name", "Label"): "function",
    ("Name", "Namespace"): "type",
    ("Name", "Tag"): "function",
    ("Generic", "Deleted"): "removed",
    ("Generic", "Heading"): "function",
    ("Generic", "Inserted"): "added",
    ("Generic", "Prompt"): "comment",
    ("Generic", "Subheading"): "function",
}


def highlight(code: str, language: str) -> list[Run]:
    """Runs of (token class, text) that join to ``code`` exactly. Never raises.

    An unknown language, more than ``MAX_CHARS`` characters or a line over ``MAX_LINE`` is one plain
    run. Costs about 80 microseconds a line, so call it once a block, not once a flush.
    """
    if not code:
        return []
    lexer = None if _too_much(code) else _lexer(language.strip().lower())
    if lexer is None:
        return [("plain", code)]
    try:
        runs = _merged((_class_of(kind), text) for _at, kind, text in _tokens(lexer, code))
    except (RecursionError, ValueError, TypeError, LookupError, AttributeError):
        # A lexer that trips over its input must not take the message with it.
        return [("plain", code)]
    return runs if "".join(text for _kind, text in runs) == code else [("plain", code)]


def warm(languages: Iterable[str] = ("python", "bash", "json", "javascript")) -> None:
    """Import Pygments and the lexers named, for a worker thread after the first paint."""
    for language in languages:
        highlight("x", language)


def _too_much(code: str) -> bool:
    return len(code) > MAX_CHARS or max(map(len, code.split("\n"))) > MAX_LINE


def _tokens(lexer: Lexer, code: str) -> Iterable[tuple[int, _TokenType, str]]:
    # get_tokens_unprocessed neither strips nor normalises, so the runs join to the very code.
    # Some lexers know a line by its end only: the last one gets an end, which is taken away again.
    tokens: Iterable[tuple[int, _TokenType, str]] = lexer.get_tokens_unprocessed(code + "\n")
    return ((at, kind, text[: len(code) - at]) for at, kind, text in tokens if at < len(code))


@lru_cache(maxsize=64)
def _lexer(language: str) -> Lexer | None:
    if language in _PLAIN_NAMES or len(language) > 40:
        return None
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        return get_lexer_by_name(_OTHER_NAMES.get(language, language))
    except ClassNotFound:
        return None


@lru_cache(maxsize=512)
def _class_of(kind: _TokenType) -> TokenClass:
    path = tuple(kind)
    while path:
        found = _CLASSES.get(path)
        if found is not None:
            return found
        path = path[:-1]
    return "plain"


def _merged(runs: Iterable[Run]) -> list[Run]:
    kinds: list[TokenClass] = []
    texts: list[list[str]] = []
    for kind, text in runs:
        if kinds and (kinds[-1] == kind or not text.strip()):
            texts[-1].append(text)
        else:
            kinds.append(kind)
            texts.append([text])
    return [(kind, "".join(text)) for kind, text in zip(kinds, texts, strict=True)]
