"""Stream events, and the one accumulator that folds them into an answer.

An event belongs to a part by its `index` (a number the wire chooses, unique within a choice and
ascending in reading order) and to an alternative by `choice`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from chatbench.core.messages import (
    Citation,
    Part,
    ProviderState,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
)
from chatbench.core.requests import StopReason, TokenLogprob
from chatbench.core.usage import Usage


class PartStart(msgspec.Struct, frozen=True, gc=False):
    """A part begins; `part` holds what is known of it (usually an empty text)."""

    index: int
    part: Part
    choice: int = 0


class PartDelta(msgspec.Struct, frozen=True, gc=False):
    """More of an open part: `text` is appended to its text, or to a tool call's arguments."""

    index: int
    text: str = ""
    citation: Citation | None = None
    provider_state: ProviderState | None = None
    choice: int = 0


class PartEnd(msgspec.Struct, frozen=True, gc=False):
    """A part is complete. `part`, if given, is the provider's own final version and wins."""

    index: int
    part: Part | None = None
    choice: int = 0


class UsageUpdate(msgspec.Struct, frozen=True, gc=False):
    """The usage so far; replaces what was known before."""

    usage: Usage
    choice: int = 0


class Reset(msgspec.Struct, frozen=True, gc=False):
    """Everything so far is void: the call is made again."""

    reason: str = ""
    choice: int = 0


class Stop(msgspec.Struct, frozen=True, gc=False):
    """The answer is over, for the reason given; `detail` is the provider's own word for it."""

    reason: StopReason
    detail: str = ""
    response_id: str = ""
    model_answered: str = ""
    choice: int = 0
    created: int | None = None
    """UTC seconds since the epoch, where the provider says."""
    system_fingerprint: str = ""
    service_tier: str = ""


class Logprobs(msgspec.Struct, frozen=True, gc=False):
    """Probabilities of the next tokens of an alternative, in order."""

    tokens: tuple[TokenLogprob, ...]
    choice: int = 0


class Unknown(msgspec.Struct, frozen=True, gc=False):
    """An event this version does not know; kept for the raw view, ignored otherwise."""

    type: str
    data: Any = None
    choice: int = 0


StreamEvent = PartStart | PartDelta | PartEnd | UsageUpdate | Reset | Stop | Logprobs | Unknown


class _OpenPart:
    __slots__ = ("chunks", "citations", "part", "snapshot", "state")

    def __init__(self, part: Part) -> None:
        self.part = part
        text = part.arguments if isinstance(part, ToolCallPart) else getattr(part, "text", "")
        self.chunks: list[str] = [text] if text else []
        self.citations: list[Citation] = []
        self.state: ProviderState | None = None
        self.snapshot: Part | None = None

    def value(self) -> Part:
        if self.snapshot is not None:
            return self.snapshot
        part = self.part
        changes: dict[str, Any] = {}
        if len(self.chunks) > 1:
            self.chunks = ["".join(self.chunks)]
        text = self.chunks[0] if self.chunks else ""
        if isinstance(part, ToolCallPart):
            changes["arguments"] = text
        elif isinstance(part, TextPart | ThinkingPart | RefusalPart):
            changes["text"] = text
        if self.citations and isinstance(part, TextPart):
            changes["citations"] = (*part.citations, *self.citations)
        if self.state:
            changes["provider_state"] = {**part.provider_state, **self.state}
        self.snapshot = msgspec.structs.replace(part, **changes) if changes else part
        return self.snapshot


class Accumulator:
    """Folds events into parts. Deltas are cheap; a snapshot is built when it is asked for.

    Out-of-order or unknown events never raise: a delta for a part that never began opens a text
    part, an event after `Stop` is folded all the same.
    """

    __slots__ = ("_choices", "logprobs", "stops", "unknown", "usage", "version")

    def __init__(self) -> None:
        self._choices: dict[int, dict[int, _OpenPart]] = {}
        self.usage: Usage | None = None
        self.stops: dict[int, Stop] = {}
        self.logprobs: dict[int, list[TokenLogprob]] = {}
        self.unknown: list[Unknown] = []
        self.version = 0
        """Grows with every event; unchanged means a snapshot would be the same."""

    def extend(self, events: Iterable[StreamEvent]) -> None:
        for event in events:
            self.apply(event)

    def apply(self, event: StreamEvent) -> None:
        self.version += 1
        if type(event) is PartDelta:
            parts = self._choices.get(event.choice)
            open_part = parts.get(event.index) if parts is not None else None
            if open_part is None:
                open_part = self._open(event.choice, event.index, TextPart())
            if event.text:
                open_part.chunks.append(event.text)
            if event.citation is not None:
                open_part.citations.append(event.citation)
            if event.provider_state:
                open_part.state = {**(open_part.state or {}), **event.provider_state}
            open_part.snapshot = None
        else:
            self._apply_rare(event)

    def _apply_rare(self, event: StreamEvent) -> None:
        match event:
            case PartStart():
                self._open(event.choice, event.index, event.part)
            case PartEnd():
                if event.part is not None:
                    self._open(event.choice, event.index, event.part)
            case UsageUpdate():
                self.usage = event.usage
            case Stop():
                self.stops[event.choice] = event
            case Reset():
                self._choices.clear()
                self.stops.clear()
                self.logprobs.clear()
                self.usage = None
            case Logprobs(tokens=tokens, choice=choice):
                self.logprobs.setdefault(choice, []).extend(tokens)
            case Unknown():
                self.unknown.append(event)

    def _open(self, choice: int, index: int, part: Part) -> _OpenPart:
        open_part = _OpenPart(part)
        self._choices.setdefault(choice, {})[index] = open_part
        return open_part

    def set_thinking_seconds(self, index: int, seconds: float, choice: int = 0) -> None:
        """Records how long a thinking part took; whoever holds the clock knows."""
        open_part = self._choices.get(choice, {}).get(index)
        if open_part is not None and isinstance(open_part.part, ThinkingPart):
            open_part.part = msgspec.structs.replace(open_part.part, seconds=seconds)
            open_part.snapshot = None
            self.version += 1

    def parts(self, choice: int = 0) -> tuple[Part, ...]:
        """A snapshot of one alternative, in the order of the parts' indices."""
        open_parts = self._choices.get(choice, {})
        return tuple(open_parts[index].value() for index in sorted(open_parts))

    def kind(self, index: int, choice: int = 0) -> type[Part] | None:
        """What a part is that has begun."""
        open_part = self._choices.get(choice, {}).get(index)
        return type(open_part.part) if open_part is not None else None

    @property
    def choices(self) -> tuple[int, ...]:
        return tuple(sorted(self._choices))

    @property
    def stop(self) -> Stop | None:
        return self.stops.get(0)

    @property
    def has_visible_text(self) -> bool:
        """Whether a reader has been shown a word of the answer (thinking counts)."""
        return any(open_part.chunks for parts in self._choices.values() for open_part in parts.values())
