"""Parameters of a request, and which of them one model is sent."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from chatbench.core.models import Effort, ModelInfo

SAMPLING = frozenset({"temperature", "top_p", "top_k", "presence_penalty", "frequency_penalty", "seed"})
CAREFUL = frozenset({"temperature", "top_p", "max_output_tokens", "stop", "extra_body"})
"""What a model of which nothing is known is sent, if the user set it."""


class Parameters(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything None is not sent: the provider's own default holds.

    temperature 0–2, top_p 0–1, top_k ≥ 1, penalties −2–2, `max_output_tokens` and
    `thinking_budget` in tokens. `extra_body` is merged into the request as it is.
    """

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    max_output_tokens: int | None = None
    stop: tuple[str, ...] | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    seed: int | None = None
    reasoning_effort: Effort | None = None
    thinking_budget: int | None = None
    verbosity: Literal["low", "medium", "high"] | None = None
    extra_body: dict[str, Any] | None = None

    def given(self) -> dict[str, Any]:
        """Name → value of everything that was set."""
        return {name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not None}

    def merged(self, over: Parameters) -> Parameters:
        """These, with whatever `over` sets put in their place."""
        return msgspec.structs.replace(self, **over.given())


class LeftOut(msgspec.Struct, frozen=True):
    """A parameter the user set and the model was not sent, and why."""

    name: str
    reason: str


def fit(parameters: Parameters, info: ModelInfo) -> tuple[Parameters, tuple[LeftOut, ...]]:
    """The parameters `info` takes, and what was left out of them.

    A reasoning effort the model does not offer is replaced by nothing (its default holds): to
    guess the nearest one would spend the user's money differently than asked.
    """
    left: list[LeftOut] = []
    accepted = CAREFUL if info.parameters is None else info.parameters
    effort = parameters.reasoning_effort
    for name, value in parameters.given().items():
        reason = _refusal(name, value, info, accepted, effort)
        if reason:
            left.append(LeftOut(name, reason))
    return msgspec.structs.replace(parameters, **{item.name: None for item in left}), tuple(left)


def _refusal(name: str, value: Any, info: ModelInfo, accepted: frozenset[str], effort: Effort | None) -> str:
    if name == "reasoning_effort":
        if value in info.efforts:
            return ""
        offered = ", ".join(info.efforts)
        return f"offers {offered}" if offered else "offers no reasoning effort"
    if name == "thinking_budget":
        return "" if info.thinking_budget else "takes no thinking budget"
    if name in SAMPLING and info.sampling_only_without_thinking and effort != "none":
        return "taken only with reasoning effort none"
    if name not in accepted and name != "extra_body":
        return "not known to be taken" if info.parameters is None else "not taken by this model"
    return ""
