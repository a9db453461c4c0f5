"""A conversation as JSON: what `history show --json` prints and `export --format json` writes.

Money is a decimal string, what is unknown is null, times are ISO 8601 in UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Protocol

import msgspec

from chatbench.core.conversations import Conversation, ConversationSummary, TreeMessage
from chatbench.core.messages import Part, RefusalPart, TextPart, ThinkingPart, text_of
from chatbench.core.models import ModelRef
from chatbench.core.params import LeftOut
from chatbench.core.requests import Response
from chatbench.core.usage import Cost, Timings, Usage


def iso(milliseconds: int) -> str:
    """UTC milliseconds since the epoch as ISO 8601."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")


def usage_object(usage: Usage | None) -> dict[str, int] | None:
    if usage is None:
        return None
    names = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens",
             "reasoning_tokens")  # fmt: skip
    return {name: getattr(usage, name) for name in names}


def cost_object(cost: Cost | None) -> dict[str, str] | None:
    if cost is None:
        return None
    return {"amount": f"{cost.amount:f}", "currency": cost.currency, "source": cost.source}


def _sum_object(cost: Cost | None) -> dict[str, str] | None:
    """A sum of many calls has many sources."""
    return None if cost is None else {"amount": f"{cost.amount:f}", "currency": cost.currency}


def timings_object(timings: Timings) -> dict[str, float | None]:
    return {"first_token_s": timings.first_token_s, "total_s": timings.total_s}


class Told(Protocol):
    """What a message of the history and a response have in common."""

    @property
    def text(self) -> str: ...
    @property
    def thinking(self) -> str: ...
    @property
    def parts(self) -> tuple[Part, ...]: ...
    @property
    def model(self) -> ModelRef | None: ...
    @property
    def model_answered(self) -> str: ...
    @property
    def stop_reason(self) -> str | None: ...
    @property
    def usage(self) -> Usage | None: ...
    @property
    def cost(self) -> Cost | None: ...
    @property
    def timings(self) -> Timings: ...
    @property
    def left_out(self) -> tuple[LeftOut, ...]: ...
    @property
    def attempts(self) -> int: ...


def answer_object(answer: Told) -> dict[str, Any]:
    """An answer as `prompt --json` prints it and `batch` writes it: money as decimal text, what is
    unknown as null. See `response_object` for what only a response has."""
    refusals = [part.text for part in answer.parts if isinstance(part, RefusalPart)]
    return {
        "text": answer.text,
        "thinking": answer.thinking,
        "refusal": "".join(refusals) or None,
        "model": str(answer.model),
        "model_answered": answer.model_answered or None,
        "stop_reason": answer.stop_reason,
        "usage": usage_object(answer.usage),
        "cost": cost_object(answer.cost),
        "timings": timings_object(answer.timings),
        "left_out": [{"name": item.name, "reason": item.reason} for item in answer.left_out],
        "attempts": answer.attempts,
    }


def response_object(response: Response) -> dict[str, Any]:
    """What else there is while the response is at hand."""
    return {
        "alternatives": [text_of(parts) for parts in response.alternatives],
        "logprobs": response.logprobs or None,
        "created": response.created,
        "system_fingerprint": response.system_fingerprint or None,
        "service_tier": response.service_tier or None,
    }


def summary_object(summary: ConversationSummary) -> dict[str, Any]:
    return {
        "id": summary.id,
        "title": summary.title,
        "created_at": iso(summary.created_at),
        "updated_at": iso(summary.updated_at),
        "models": [str(model) for model in summary.models],
        "messages": summary.message_count,
        "pinned": summary.pinned,
        "cost": _sum_object(summary.cost),
        "cost_complete": summary.cost_complete,
    }


def message_object(message: TreeMessage) -> dict[str, Any]:
    other = [p for p in message.parts if not isinstance(p, TextPart | ThinkingPart)]
    return {
        "id": message.id,
        "parent_id": message.parent_id,
        "turn_id": message.turn_id,
        "role": message.role,
        "model": str(message.model) if message.model else None,
        "state": message.state,
        "edited": message.edited,
        "continues": message.continues or None,
        "prompt": message.prompt or None,
        "text": message.text,
        "thinking": message.thinking,
        "parts": msgspec.to_builtins(other),
        "sent_files": msgspec.to_builtins(message.sent_files),
        "stop_reason": message.stop_reason,
        "usage": usage_object(message.usage),
        "cost": cost_object(message.cost),
        "timings": timings_object(message.timings),
        "error": msgspec.to_builtins(message.error) if message.error else None,
        "created_at": iso(message.created_at),
    }


def conversation_object(conversation: Conversation) -> dict[str, Any]:
    """The whole tree, every branch of it, in the order it came about."""
    return {
        **summary_object(conversation.summary),
        "leaves": [lane.leaf for lane in conversation.lanes],
        "messages": [message_object(message) for message in conversation.messages],
    }


def to_json(conversation: Conversation) -> str:
    return (
        msgspec.json.format(msgspec.json.encode(conversation_object(conversation)), indent=2).decode() + "\n"
    )
