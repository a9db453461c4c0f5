"""One call to a model, and everything its answer carries."""

from __future__ import annotations

import hashlib
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, Literal
from urllib.parse import quote, quote_plus

import msgspec

from chatbench.core.errors import ErrorReport
from chatbench.core.messages import (
    AudioPart,
    FilePart,
    ImagePart,
    InlineData,
    Message,
    Part,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    VideoPart,
    text_of,
    thinking_of,
)
from chatbench.core.models import ModelRef
from chatbench.core.params import LeftOut, Parameters
from chatbench.core.secrets import may_be_secret
from chatbench.core.tools import ToolChoice, ToolDefinition
from chatbench.core.usage import Cost, Timings, Usage
from chatbench.core.values import Plain, plain

StopReason = Literal[
    "end", "max_tokens", "stop_sequence", "tool_calls", "refusal", "content_filter",
    "context_window", "pause", "cancelled", "other",
]  # fmt: skip


class TokenLogprob(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A token of the answer, the natural logarithm of its probability, and the likeliest at its
    place (empty unless `top_logprobs` asked for them)."""

    token: str
    logprob: float
    top: tuple[TokenLogprob, ...] = ()


class Request(Plain, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What is asked. `stream` False asks the provider for one whole answer.

    `extra_headers` may hold secrets: they are never logged, stored or shown; nor is what
    `extra_query` has under the name of one, such as `key`. `api_version`
    overrides the endpoint's. `base_url` is where the request goes, filled in by the client.
    """

    model: ModelRef
    messages: tuple[Message, ...]
    system: str = ""
    parameters: Parameters = Parameters()
    tools: tuple[ToolDefinition, ...] = ()
    tool_choice: ToolChoice = "auto"
    parallel_tool_calls: bool | None = None
    response_schema: dict[str, Any] | None = None
    stream: bool = True
    extra_headers: dict[str, str] = {}
    extra_query: dict[str, str] = {}
    api_version: str = ""
    base_url: str = ""

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of everything that is sent, attachments included: requests that could be
        answered differently differ in it. How the answer travels (`stream`) does not count."""
        sent = msgspec.structs.replace(self, stream=True) if not self.stream else self
        return hashlib.sha256(msgspec.json.encode(sent)).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """As plain values that JSON takes; without what may be secret: the extra headers, and what
        the extra query has under such a name."""
        told: dict[str, Any] = msgspec.to_builtins(self.without_secrets())
        return told

    def without_secrets(self) -> Request:
        """The same, without the extra headers and what the extra query has under a secret's name."""
        query = {name: value for name, value in self.extra_query.items() if not may_be_secret(name)}
        return msgspec.structs.replace(self, extra_headers={}, extra_query=query)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What of its own headers and query may be secret, also as it stands in an address."""
        asked = [str(value) for name, value in self.extra_query.items() if may_be_secret(name)]
        written = (quote, partial(quote, safe=""), quote_plus)
        return (*self.extra_headers.values(), *asked, *(write(value) for value in asked for write in written))


class RawExchange(Plain, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The last attempt as it went over the wire. Keys and extra headers are masked; `response` is
    the body as it came, of a stream all of its events."""

    method: str = ""
    url: str = ""
    headers: dict[str, str] = {}
    request: bytes = b""
    response_headers: dict[str, str] = {}
    response: bytes = b""


class Response(Plain, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An answer, whole or as far as it came.

    `model` was asked, `model_answered` is what the provider says it was. `status` is the HTTP
    status of the last attempt; `parsed` the answer to a schema; `created` UTC seconds by the
    provider's clock; `attempts` how many requests were sent (0 where a cache answered);
    `region` where the provider says it was computed; `raw` only where it was asked to be kept.
    """

    model: ModelRef
    id: str = ""
    request: Request | None = None
    parts: tuple[Part, ...] = ()
    alternatives: tuple[tuple[Part, ...], ...] = ()
    parsed: Any = None
    stop_reason: StopReason | None = None
    stop_detail: str = ""
    usage: Usage | None = None
    cost: Cost | None = None
    timings: Timings = Timings()
    left_out: tuple[LeftOut, ...] = ()
    attempts: int = 1
    response_id: str = ""
    model_answered: str = ""
    status: int | None = None
    region: str = ""
    created: int | None = None
    system_fingerprint: str = ""
    service_tier: str = ""
    logprobs: tuple[TokenLogprob, ...] = ()
    local_cache_hit: bool = False
    """Our own cache answered, or an identical call in flight: `usage` and `cost` are those of the
    call that was paid for, and count nowhere again; see `spent`."""
    stored_by_provider: bool = False
    """The provider keeps this answer (it was asked to work in the background)."""
    at: datetime | None = None
    """UTC, when the call was made."""
    raw: RawExchange | None = None
    error: ErrorReport | None = None

    def to_dict(self, *, whole: bool = False) -> dict[str, Any]:
        """As plain values that JSON takes; without extra headers and queries that may be secret.

        Only with `whole` also the bytes of attachments, in base64, and what went over the wire:
        else words stand for the attachments. What was read into a type of the caller's is a
        dictionary again.
        """
        request = self.request
        changes: dict[str, Any] = {"request": request and request.without_secrets()}
        if not whole:
            if request is not None:
                changes["request"] = msgspec.structs.replace(
                    changes["request"], messages=tuple(map(_in_words, request.messages))
                )
            changes["parts"] = tuple(map(_placeholder, self.parts))
            changes["alternatives"] = tuple(tuple(map(_placeholder, parts)) for parts in self.alternatives)
            changes["raw"] = None
        told: dict[str, Any] = plain(msgspec.structs.replace(self, **changes))
        return told

    def __str__(self) -> str:
        return self.text

    @property
    def text(self) -> str:
        return text_of(self.parts)

    @property
    def thinking(self) -> str:
        return thinking_of(self.parts)

    @property
    def tool_calls(self) -> tuple[ToolCallPart, ...]:
        """The tools the model asks for, in order."""
        return tuple(part for part in self.parts if isinstance(part, ToolCallPart))

    @property
    def message(self) -> Message:
        """The answer as a message to go on from."""
        return Message(role="assistant", parts=self.parts)

    @property
    def prompt(self) -> tuple[Message, ...]:
        """The messages that were asked; empty where the request was not kept."""
        return self.request.messages if self.request else ()

    @property
    def parameters(self) -> Parameters:
        """The parameters that were asked for; see `left_out` for those that were not sent."""
        return self.request.parameters if self.request else Parameters()

    @property
    def spent(self) -> Decimal | None:
        """US dollars that this very call cost: 0 where our own cache answered or nothing was used,
        None where it is unknown."""
        if self.local_cache_hit:
            return Decimal(0)
        if self.cost is not None:
            return self.cost.amount if self.cost.currency == "USD" else None
        return None if self.usage is not None or self.parts else Decimal(0)

    @property
    def is_error(self) -> bool:
        return self.error is not None

    @property
    def cache_hit(self) -> bool:
        """Answered from a cache: ours, or in part the provider's."""
        return self.local_cache_hit or (self.usage is not None and self.usage.has_cache_hit)


def _in_words(message: Message) -> Message:
    return msgspec.structs.replace(message, parts=tuple(map(_placeholder, message.parts)))


def _placeholder(part: Part) -> Any:
    """The part, or words that stand for one whose bytes are at hand."""
    if isinstance(part, ToolResultPart):
        return msgspec.structs.replace(part, parts=tuple(map(_placeholder, part.parts)))
    if not isinstance(part, ImagePart | FilePart | AudioPart | VideoPart):
        return part
    if not isinstance(part.source, InlineData):
        return part
    kind = type(part).__name__.removesuffix("Part").lower()
    facts = filter(None, (part.name, part.media_type, f"{len(part.source.data):,} bytes"))
    return TextPart(text=f"[{kind}: {', '.join(facts)}]")
