"""What has been said in one cell so far, and what it took: kept between two of its answers, so that a talk
that broke off goes on where it was."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import msgspec

from chatbench.core.messages import Message, RefusalPart, TextPart
from chatbench.core.requests import Request, Response
from chatbench.core.usage import Usage

_ZERO = Decimal(0)


class Talk(msgspec.Struct, kw_only=True, omit_defaults=True):
    """`fingerprint` is that of its first request, of which `asked` messages are. `answers` counts those of
    the tested model; once anything is `heard` of it, the words and the rest are those of the last call.
    `own_cost` is that of all its calls, `cost` and `unpriced` (calls) everybody's that have not been counted
    with the run yet."""

    fingerprint: str = ""
    messages: tuple[Message, ...] = ()
    asked: int = 0
    answers: int = 0
    usage: Usage = Usage()
    own_cost: Decimal | None = _ZERO
    cost: Decimal = _ZERO
    unpriced: int = 0
    tries: int = 0
    heard: bool = False
    total_s: float = 0.0
    first_s: float | None = None
    text: str = ""
    tool_calls: tuple[tuple[str, Any], ...] = ()
    refused: bool = False
    stop_reason: str = ""
    from_cache: bool = False

    @property
    def waits(self) -> bool:
        """Whether what was said last has still to be answered."""
        return self.messages[-1].role == "user"

    def begin(self, request: Request, fingerprint: str) -> None:
        """What is sent first."""
        self.messages, self.asked, self.fingerprint = request.messages, len(request.messages), fingerprint

    def count(self, response: Response, *, own: bool) -> None:
        """What a call took; `own`: of the model that is tested."""
        spent = response.spent
        self.unpriced += spent is None
        self.cost += spent or _ZERO
        if not own:
            return
        self.tries += response.attempts
        self.own_cost = None if spent is None or self.own_cost is None else self.own_cost + spent
        if response.usage is not None:
            self.usage = self.usage + response.usage if self.heard else response.usage
        timings = response.timings
        queued = timings.queued_s or 0.0
        if self.first_s is None and timings.first_token_s is not None and _is_streamed(response):
            self.first_s = max(0.0, timings.first_token_s - queued)
        self.total_s += max(0.0, (timings.total_s or 0.0) - queued)
        self._hear(response)

    def answer(self, message: Message) -> None:
        """The model that is tested has answered."""
        self.messages, self.answers = (*self.messages, message), self.answers + 1

    def say(self, text: str) -> None:
        """The other side goes on."""
        self.messages = (*self.messages, Message(role="user", parts=(TextPart(text=text),)))

    def taken(self) -> tuple[Decimal, int]:
        """US dollars and calls without a price that are to be counted with the run; from now on they are."""
        taken = self.cost, self.unpriced
        self.cost, self.unpriced = _ZERO, 0
        return taken

    def kept(self) -> Talk:
        """As it is now."""
        return copy.copy(self)

    def _hear(self, response: Response) -> None:
        self.heard = True
        self.text = response.text
        self.tool_calls = tuple((one.name, _arguments(one.arguments)) for one in response.tool_calls)
        self.refused = _is_refusal(response)
        self.stop_reason = response.stop_reason or ""
        self.from_cache = response.local_cache_hit


def _is_streamed(response: Response) -> bool:
    return response.request is not None and response.request.stream


def _arguments(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _is_refusal(response: Response) -> bool:
    return response.stop_reason in ("refusal", "content_filter") or any(
        isinstance(part, RefusalPart) for part in response.parts
    )
