"""What providers refused during this session, so that they are not asked twice."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from chatbench.core.endpoints import Endpoint, Quirks
from chatbench.core.errors import BadRequest
from chatbench.core.models import ModelInfo, ModelRef
from chatbench.core.params import CAREFUL, Parameters

_NOT_TAKEN = re.compile(
    r"unsupported|not (?:be )?(?:supported|permitted|allowed|enabled|available)|n[o']t support"
    r"|unrecogni[sz]ed|unknown|unexpected|extra|deprecated|incompatible|cannot|may only|must be unset",
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
    "maxOutputTokens": "max_output_tokens",
    "topP": "top_p",
    "topK": "top_k",
}


class Learned:
    """Parameters by model, quirks by endpoint and address."""

    def __init__(self) -> None:
        self._parameters: dict[ModelRef, frozenset[str]] = {}
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

    def endpoint(self, endpoint: Endpoint) -> Endpoint:
        """The endpoint with the quirks it turned out to have at its present address."""
        quirks = self._quirks.get((endpoint.id, endpoint.base_url))
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
        if changed and not changed.keys() & known.keys():
            self._quirks[place] = {**known, **changed}
            return True
        name = _VENDOR_NAMES.get(error.param, error.param)
        if name not in sent.given():
            return False
        self._parameters[info.ref] = self._parameters.get(info.ref, frozenset()) | {name}
        return True


def _changed_quirk(param: str, quirks: Quirks) -> dict[str, Any]:
    if param.startswith("stream_options") and quirks.stream_usage:
        return {"stream_usage": False}
    if param == "reasoning.summary" and quirks.reasoning_summary:
        return {"reasoning_summary": False}
    if param == quirks.max_tokens_field:
        other = "max_tokens" if param == "max_completion_tokens" else "max_completion_tokens"
        return {"max_tokens_field": other}
    return {}
