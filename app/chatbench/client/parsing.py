"""The answer to a schema: read, checked, and asked for once more where it does not fit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from chatbench.client.outcome import together
from chatbench.client.schemas import parse_answer, repair_messages, schema_of
from chatbench.core.errors import SchemaMismatch
from chatbench.core.messages import RefusalPart
from chatbench.core.requests import Request, Response

_SHOWN = 2000


_CUT = {"max_tokens", "context_window"}
_REFUSED = {"refusal", "content_filter"}


def fits(response: Response, target: Any) -> bool:
    """Whether `parsed` would read it without asking again."""
    try:
        _read(response, target)
    except SchemaMismatch:
        return False
    return True


async def parsed(
    response: Response,
    target: Any,
    request: Request,
    again: Callable[[Request], Awaitable[Response]] | None,
) -> Response:
    """The response to `request` with `parsed`. Where the answer does not fit and `again` is given,
    the model is told what is wrong and answers once more; both are counted.

    Of several alternatives the first is read. An answer that asks for tools is not parsed unless it
    fits. Raises SchemaMismatch; it says so where the answer was cut off or refused, which is never
    asked again.
    """
    try:
        return _read(response, target)
    except SchemaMismatch as mismatch:
        if again is None or _told_why(response) is not None:
            raise
        messages = (*request.messages, *repair_messages(response.text, mismatch))
        second = await again(msgspec.structs.replace(request, messages=messages))
    return msgspec.structs.replace(
        together(_read(second, target), response),
        request=response.request,
        attempts=response.attempts + second.attempts,
    )


def _read(response: Response, target: Any) -> Response:
    try:
        value = parse_answer(response.text, schema_of(target), target)
    except SchemaMismatch as mismatch:
        if response.tool_calls:
            return response
        raise _told_why(response) or mismatch from None
    return msgspec.structs.replace(response, parsed=value)


def _told_why(response: Response) -> SchemaMismatch | None:
    """The error for an answer that could not fit, whatever the model meant to say."""
    refusal = "".join(part.text for part in response.parts if isinstance(part, RefusalPart))
    if refusal or response.stop_reason in _REFUSED:
        said = refusal or response.text or response.stop_detail
        return SchemaMismatch(
            f"The model refused to answer{f': {said[:300]}' if said else '.'}",
            "Ask otherwise, or ask another model.",
            reason="the model refused to answer",
            text=response.text[:_SHOWN],
        )
    if response.stop_reason in _CUT:
        return SchemaMismatch(
            "The answer was cut off at its token limit, before it could fit its schema.",
            "Raise max_output_tokens (thinking counts towards it), or ask for less.",
            reason="the answer was cut off at its token limit",
            text=response.text[:_SHOWN],
        )
    return None
