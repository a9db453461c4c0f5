"""The answer to a schema: read, checked, and asked for once more where it does not fit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from chatbench.client.schemas import parse_answer, repair_messages, schema_of
from chatbench.core.errors import SchemaMismatch
from chatbench.core.requests import Request, Response
from chatbench.core.usage import Cost, Usage


async def parsed(
    response: Response, target: Any, again: Callable[[Request], Awaitable[Response]] | None
) -> Response:
    """The response with `parsed`. Where the answer does not fit and `again` is given, the model is
    told what is wrong and answers once more; both are counted. Raises SchemaMismatch.

    An answer that asks for tools, refuses, or fits no schema because it was cut is not parsed
    where it holds no text."""
    if response.tool_calls and not response.text.strip():
        return response
    schema = schema_of(target)
    try:
        return msgspec.structs.replace(response, parsed=parse_answer(response.text, schema, target))
    except SchemaMismatch as mismatch:
        if again is None or response.request is None:
            raise
        messages = (*response.request.messages, *repair_messages(response.text, mismatch))
        second = await again(msgspec.structs.replace(response.request, messages=messages))
    value = parse_answer(second.text, schema, target)
    return msgspec.structs.replace(
        second,
        request=response.request,
        parsed=value,
        usage=_summed(response.usage, second.usage),
        cost=_both(response.cost, second.cost),
        attempts=response.attempts + second.attempts,
    )


def _summed(first: Usage | None, second: Usage | None) -> Usage | None:
    return None if first is None or second is None else first + second


def _both(first: Cost | None, second: Cost | None) -> Cost | None:
    if first is None or second is None or first.currency != second.currency:
        return None
    return msgspec.structs.replace(
        second,
        amount=first.amount + second.amount,
        lines=(*first.lines, *second.lines),
        estimated=first.estimated or second.estimated,
    )
