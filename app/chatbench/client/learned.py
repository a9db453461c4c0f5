"""What providers refused during this session, so that they are not asked twice."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from chatbench.core.endpoints import Endpoint, Quirks
from chatbench.core.errors import BadRequest
from chatbench.core.models import ModelInfo, ModelRef
from chatbench.core.params import CAREFUL, OF_THE_SERVICE, TOKEN_LEVEL, Parameters

_NOT_TAKEN = re.compile(
    r"unsupported|not (?:be )?(?:supported|permitted|allowed|enabled|available)|n[o']t support"
    r"|unrecogni[sz]ed|unknown|unexpected|extra|deprecated|incompatible|cannot|may only|only allowed"
    r"|must be unset",
    re.IGNORECASE,
)
"""How providers say that a field is not taken at all. One whose value alone is wrong is not left
out: the user would get another answer than was asked for, and never learn why."""

_VENDOR_NAMES = {
    "reasoning.effort": "reasoning_effort",
    "reasoning": "reasoning_effort",
    "output_config.effort": "reasoning_effort",
    "thinking.budget_tokens": "thinking_budget",
    "text.verbosity": "verbosity",
    "stop_sequences": "stop",
    "max_tokens": "max_output_tokens",
    "max_completion_tokens": "max_output_tokens",
    "safety_identifier": "user",
    "message.output_text.logprobs": "logprobs",
    "maxOutputTokens": "max_output_tokens",
    "topP": "top_p",
    "topK": "top_k",
}
_TOGETHER = {
    "logprobs": ("logprobs", "top_logprobs"),
    "cache_pattern": ("cache_pattern", "cache_ttl"),
    "response_format": ("json_mode",),
    "text.format": ("json_mode",),
}
"""One field of a vendor's that more than one of our parameters, or another, is sent in."""


class Learned:
    """Parameters by model, quirks by endpoint and address."""

    def __init__(self) -> None:
        self._parameters: dict[ModelRef, frozenset[str]] = {}
        self._unnamed: dict[tuple[str, ModelRef], tuple[str, ...]] = {}
        self._quirks: dict[tuple[str, str], dict[str, Any]] = {}

    def info(self, info: ModelInfo) -> ModelInfo:
        """The row without the parameters the model refused."""
        refused = self._parameters.get(info.ref)
        if not refused:
            return info
        accepted = CAREFUL if info.parameters is None else info.parameters
        return msgspec.structs.replace(
            info,
            parameters=accepted - refused,
            efforts=() if "reasoning_effort" in refused else info.efforts,
            thinking_budget=info.thinking_budget and "thinking_budget" not in refused,
        )

    def endpoint(self, endpoint: Endpoint, model: ModelRef | None = None) -> Endpoint:
        """The endpoint with the quirks it turned out to have at its present address, and with what
        this model refused of the parameters that no row names."""
        quirks = self._quirks.get((endpoint.id, endpoint.base_url), {})
        if model is not None and (refused := self._unnamed.get((endpoint.base_url, model))):
            quirks = {**quirks, "refused": (*endpoint.quirks.refused, *refused)}
        if not quirks:
            return endpoint
        return msgspec.structs.replace(endpoint, quirks=msgspec.structs.replace(endpoint.quirks, **quirks))

    def refusal(self, error: BadRequest, endpoint: Endpoint, info: ModelInfo, sent: Parameters) -> bool:
        """Takes note of a field that the provider named as not supported. `endpoint` is the one
        that was called, `sent` what it was sent.

        True if the next attempt will differ from the last, so that trying again makes sense.
        """
        if not error.param or not _NOT_TAKEN.search(error.message):
            return False
        place = (endpoint.id, endpoint.base_url)
        known = self._quirks.get(place, {})
        changed = _changed_quirk(error.param, endpoint.quirks)
        if changed and all(known.get(name, value) == value for name, value in changed.items()):
            self._quirks[place] = {**known, **changed}
            return True
        name = _our_name(error.param)
        given = sent.given()
        # The extra body goes as it is: what is refused of it cannot be left out.
        refused = [each for each in _TOGETHER.get(name, (name,)) if each in given and each != "extra_body"]
        unnamed = [each for each in refused if each in TOKEN_LEVEL or each in OF_THE_SERVICE]
        before = self._unnamed.get((endpoint.base_url, info.ref), ())
        if not refused:
            return False
        if unnamed:
            learned = [each for each in unnamed if each not in before]
            self._unnamed[endpoint.base_url, info.ref] = (*before, *learned)
        else:
            self._parameters[info.ref] = self._parameters.get(info.ref, frozenset()) | set(refused)
        return True


def _our_name(param: str) -> str:
    """A vendor may name the place within the request: the mark on a part of a message."""
    if "prompt_cache_breakpoint" in param:
        return "cache_pattern"
    return _VENDOR_NAMES.get(param, param)


def _changed_quirk(param: str, quirks: Quirks) -> dict[str, Any]:
    if param.startswith("stream_options") and quirks.stream_usage:
        return {"stream_usage": False}
    if param == "reasoning.summary" and quirks.reasoning_summary:
        return {"reasoning_summary": False}
    if param == quirks.max_tokens_field:
        other = "max_tokens" if param == "max_completion_tokens" else "max_completion_tokens"
        return {"max_tokens_field": other}
    return {}
