"""Parameters of a request, and which of them one model is sent."""

from __future__ import annotations

import difflib
import importlib
import math
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from chatbench.core.errors import ConfigurationError, UnknownParameter
from chatbench.core.models import Effort, ModelInfo

SAMPLING = frozenset({"temperature", "top_p", "top_k", "presence_penalty", "frequency_penalty", "seed"})
TOKEN_LEVEL = frozenset({"n", "logit_bias", "logprobs", "top_logprobs"})
"""Alternatives and single tokens: no row names them; they go with a wire that has a field for them,
unless the model is known to take no temperature, for those that reason take none of these."""
OF_THE_SERVICE = frozenset(
    {
        "json_mode", "strict_tools", "service_tier", "user", "metadata", "prompt_cache_key",
        "cache_pattern", "cache_ttl", "background",
    }
)  # fmt: skip
"""Concern the service, not the model: they go wherever the wire has a field for them."""
CAREFUL = frozenset({"temperature", "top_p", "max_output_tokens", "stop", "extra_body"})
"""What a model of which nothing is known is sent, if the user set it."""


ServiceTier = Literal["auto", "default", "flex", "scale", "priority", "fast", "standard_only", "standard"]
CachePattern = Literal[
    "tools_only", "system_and_tools", "last_user_message", "last_2_user_messages", "last_3_user_messages"
]
"""How far a prompt is marked to be kept in the provider's own cache."""


class Parameters(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything None is not sent: the provider's own default holds.

    temperature 0–2, top_p 0–1, top_k ≥ 1, penalties −2–2, `max_output_tokens` and
    `thinking_budget` in tokens; `n` alternatives; `logit_bias` token id → −100–100; `top_logprobs`
    0–20, which implies `logprobs`. `json_mode` asks for any JSON object. `strict_tools` overrides
    every tool's own `strict`. `cache_pattern` and `cache_ttl` mark the prompt for caches that want
    marks (Anthropic), `prompt_cache_key` groups prompts for those that want a key (OpenAI).
    `background` lets the provider go on without us (Responses; it then stores the answer).
    `extra_body` is merged into the request as it is.
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
    n: int | None = None
    logit_bias: dict[str, float] | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    json_mode: bool | None = None
    strict_tools: bool | None = None
    service_tier: ServiceTier | None = None
    user: str | None = None
    metadata: dict[str, str] | None = None
    prompt_cache_key: str | None = None
    cache_pattern: CachePattern | None = None
    cache_ttl: Literal["5m", "1h"] | None = None
    background: bool | None = None
    extra_body: dict[str, Any] | None = None

    def given(self) -> dict[str, Any]:
        """Name → value of everything that was set."""
        if self == _NOTHING:
            return {}
        return {name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not None}

    def to_dict(self) -> dict[str, Any]:
        """Name → plain value of everything that was set."""
        return {name: msgspec.to_builtins(value) for name, value in self.given().items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Parameters:
        """Raises UnknownParameter, with near names; ConfigurationError for a value of the wrong
        kind. A single `stop` may be given as text."""
        for name in values:
            if name not in cls.__struct_fields__:
                near = difflib.get_close_matches(name, cls.__struct_fields__, 3)
                raise UnknownParameter(
                    f"There is no parameter called {name!r}.",
                    f"Did you mean {' or '.join(near)}?" if near else f"There are {_listed()}.",
                )
        told = dict(values)
        if isinstance(told.get("stop"), str):
            told["stop"] = (told["stop"],)
        try:
            parameters = msgspec.convert(told, cls)
            _refuse_senseless(parameters)
            return parameters
        except msgspec.ValidationError as error:
            what, _, where = str(error).partition(" - at `$.")
            name = where.rstrip("`").partition("[")[0]
            raise ConfigurationError(f"{name}: {what}.", "Correct the parameter.") from error

    def merged(self, over: Parameters) -> Parameters:
        """These, with whatever `over` sets put in their place."""
        given = over.given()
        return msgspec.structs.replace(self, **given) if given else self

    def vllm_fields(self) -> dict[str, Any]:
        """What was set, by the names of vLLM's SamplingParams. What concerns the service or the
        reasoning has no place in it and is left out."""
        given = self.given()
        fields = {theirs: given[ours] for ours, theirs in _VLLM.items() if ours in given}
        if self.stop is not None:
            fields["stop"] = list(self.stop)
        if self.logit_bias is not None:
            fields["logit_bias"] = _by_number(self.logit_bias)
        if self.logprobs or self.top_logprobs is not None:
            fields["logprobs"] = self.top_logprobs or 0
        return fields

    def to_vllm(self) -> Any:
        """A `vllm.SamplingParams`. Raises ConfigurationError where vLLM is not installed."""
        try:
            vllm = importlib.import_module("vllm")
        except ImportError as error:
            raise ConfigurationError("vLLM is not installed.", "Run: pip install vllm") from error
        return vllm.SamplingParams(**self.vllm_fields())


_NOTHING = Parameters()


def _refuse_senseless(parameters: Parameters) -> None:
    """What no provider means anything by, or JSON cannot hold. Raises ConfigurationError."""
    for name, value in parameters.given().items():
        if name in _COUNTS and value < 1:
            raise ConfigurationError(f"{name}: {value} is less than 1.", "Leave it out for the usual.")
        if isinstance(value, float) and not math.isfinite(value):
            raise ConfigurationError(f"{name}: {value} is no number to send.", "Correct the parameter.")
    try:
        msgspec.json.encode(parameters)
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigurationError(
            f"The parameters cannot be written as JSON: {error}", "Correct user, metadata or extra_body."
        ) from error


_COUNTS = frozenset({"max_output_tokens", "n"})


def _by_number(biases: dict[str, float]) -> dict[int, float]:
    try:
        return {int(token): bias for token, bias in biases.items()}
    except ValueError as error:
        raise ConfigurationError(f"logit_bias: {error}.", "Name tokens by their ids.") from error


_VLLM = {
    "temperature": "temperature", "top_p": "top_p", "top_k": "top_k", "seed": "seed", "n": "n",
    "max_output_tokens": "max_tokens", "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
}  # fmt: skip


def _listed() -> str:
    return ", ".join(Parameters.__struct_fields__)


class LeftOut(msgspec.Struct, frozen=True):
    """A parameter, or a field of a request, that the user set and the model was not sent, and why."""

    name: str
    reason: str


NO_FIELD = "this interface has no field for it"
REFUSED_BY_PROVIDER = "not taken by this provider"
REFUSED_BY_MODEL = "not taken by this model"
NOT_KNOWN = "not known to be taken"
NO_EFFORT = "offers no reasoning effort"
NO_BUDGET = "takes no thinking budget"
NOT_WHILE_THINKING = "taken only with reasoning effort none"
OFFERS = "offers "
"""What begins a reason that goes on with the efforts there are."""


def fit(
    parameters: Parameters,
    info: ModelInfo,
    takes: frozenset[str] | None = None,
    refused: tuple[str, ...] = (),
) -> tuple[Parameters, tuple[LeftOut, ...]]:
    """The parameters `info` takes, and what was left out of them.

    `takes` are the fields the wire has a place for (None: all), `refused` those its endpoint is
    known not to take. A reasoning effort the model does not offer is replaced by nothing (its
    default holds): to guess the nearest one would spend the user's money differently than asked.
    """
    left: list[LeftOut] = []
    given = parameters.given()
    if not given:
        return parameters, ()
    accepted = CAREFUL if info.parameters is None else info.parameters
    effort = parameters.reasoning_effort
    for name, value in given.items():
        if takes is not None and name not in takes:
            reason = NO_FIELD
        elif name in refused:
            reason = REFUSED_BY_PROVIDER
        else:
            reason = _refusal(name, value, info, accepted, effort)
        if reason:
            left.append(LeftOut(name, reason))
    if not left:
        return parameters, ()
    return msgspec.structs.replace(parameters, **{item.name: None for item in left}), tuple(left)


def _refusal(name: str, value: Any, info: ModelInfo, accepted: frozenset[str], effort: Effort | None) -> str:
    if name == "reasoning_effort":
        if value in info.efforts:
            return ""
        offered = ", ".join(info.efforts)
        return OFFERS + offered if offered else NO_EFFORT
    if name == "thinking_budget":
        return "" if info.thinking_budget else NO_BUDGET
    if name in OF_THE_SERVICE or name == "extra_body":
        return ""
    if name in TOKEN_LEVEL:
        reasons = info.parameters is not None and "temperature" not in info.parameters
        return REFUSED_BY_MODEL if reasons else ""
    if name in SAMPLING and info.sampling_only_without_thinking and effort != "none":
        return NOT_WHILE_THINKING
    if name not in accepted:
        return NOT_KNOWN if info.parameters is None else REFUSED_BY_MODEL
    return ""
