"""What every HTTP wire needs to read an answer: JSON that may be anything, told apart plainly."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import InvalidResponse
from chatbench.core.messages import Part
from chatbench.core.requests import TokenLogprob
from chatbench.core.streams import PartEnd, PartStart, StreamEvent

T = TypeVar("T")

UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)
"""Everything msgspec raises for hostile input: wrong shape, broken UTF-8, endless nesting."""

any_json: msgspec.json.Decoder[Any] = msgspec.json.Decoder()


def read_json(decoder: msgspec.json.Decoder[T], data: bytes, endpoint: Endpoint) -> T:
    """`data` as the decoder's type. Raises InvalidResponse with the beginning of the text."""
    try:
        return decoder.decode(data)
    except UNREADABLE as error:
        raise invalid(endpoint, data) from error


def peek_json(data: bytes) -> Any:
    """`data` as plain values, or None where it is not JSON."""
    try:
        return any_json.decode(data)
    except UNREADABLE:
        return None


def invalid(endpoint: Endpoint, data: bytes = b"") -> InvalidResponse:
    """The error for a body that is not what the wire speaks."""
    return InvalidResponse(
        f"{endpoint.name} answered with something that is not its protocol.",
        "Check the base URL and the kind of provider, or try again.",
        provider=endpoint.id,
        raw=data[:4000].decode("utf-8", "replace"),
    )


def as_text(value: Any) -> str:
    """The value if it is text, else none."""
    return value if isinstance(value, str) else ""


def offset(value: Any) -> int | None:
    """The value if it is a whole number."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def count(value: float | None) -> int:
    """A number of tokens that may be untold or, from a careless server, negative."""
    return max(0, int(value or 0))


class Token(msgspec.Struct):
    """A token, the logarithm of its probability, and the likeliest at its place."""

    token: str
    logprob: float
    top_logprobs: list[Token] | None = None


def tokens_of(told: Iterable[Token]) -> tuple[TokenLogprob, ...]:
    return tuple(TokenLogprob(one.token, one.logprob, tokens_of(one.top_logprobs or ())) for one in told)


class OnePartAtATime:
    """Parts that begin where the kind of what is told changes, numbered as they come.

    `_kind` is the kind of the open part, "" for none; `_index` its number, or that of the last one;
    `_number` that of the choice they belong to.
    """

    _number = 0
    _next = 0
    _kind = ""
    _index = -1

    def _open(self, kind: str, part: Part, events: list[StreamEvent]) -> int:
        """Ends the open part and begins another; with "" for its kind it takes no more and is ended
        by whoever knows its end."""
        self._close(events)
        self._kind, self._index = kind, self._next
        self._next += 1
        events.append(PartStart(self._index, part, choice=self._number))
        return self._index

    def _close(self, events: list[StreamEvent]) -> None:
        if self._kind:
            events.append(PartEnd(self._index, choice=self._number))
        self._kind = ""
