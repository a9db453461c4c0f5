"""One call to a model, and everything its answer carries."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from chatbench.core.errors import ErrorReport
from chatbench.core.messages import Message, Part, text_of, thinking_of
from chatbench.core.models import ModelRef
from chatbench.core.params import LeftOut, Parameters
from chatbench.core.tools import ToolChoice, ToolDefinition
from chatbench.core.usage import Cost, Timings, Usage

StopReason = Literal[
    "end", "max_tokens", "stop_sequence", "tool_calls", "refusal", "content_filter",
    "context_window", "pause", "cancelled", "other",
]  # fmt: skip


class Request(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is asked. `stream` False asks the provider for one whole answer."""

    model: ModelRef
    messages: tuple[Message, ...]
    system: str = ""
    parameters: Parameters = Parameters()
    tools: tuple[ToolDefinition, ...] = ()
    tool_choice: ToolChoice = "auto"
    parallel_tool_calls: bool | None = None
    response_schema: dict[str, Any] | None = None
    stream: bool = True


class Response(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An answer, whole or as far as it came. `model_answered` is what the provider says it was."""

    model: ModelRef
    parts: tuple[Part, ...] = ()
    alternatives: tuple[tuple[Part, ...], ...] = ()
    stop_reason: StopReason | None = None
    stop_detail: str = ""
    usage: Usage | None = None
    cost: Cost | None = None
    timings: Timings = Timings()
    left_out: tuple[LeftOut, ...] = ()
    attempts: int = 1
    response_id: str = ""
    model_answered: str = ""
    error: ErrorReport | None = None

    @property
    def text(self) -> str:
        return text_of(self.parts)

    @property
    def thinking(self) -> str:
        return thinking_of(self.parts)
