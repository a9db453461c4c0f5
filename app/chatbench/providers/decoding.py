"""What every HTTP wire needs to read an answer: JSON that may be anything, told apart plainly."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import InvalidResponse

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
