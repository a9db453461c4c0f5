"""Our values as an Anthropic request (anthropic 2.11.0: types/message_create_params.py and its parts)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chatbench.core.endpoints import Endpoint
from chatbench.core.models import ModelInfo
from chatbench.core.params import Parameters
from chatbench.core.requests import Request
from chatbench.core.tools import NamedTool
from chatbench.providers.anthropic import marks
from chatbench.providers.anthropic.blocks import system_and_turns
from chatbench.providers.encoding import merged, tier_of
from chatbench.providers.wire import Call

JsonObject = dict[str, Any]
CURRENT_VERSION = "2026-10-21"
SAMPLING_VERSION = "2023-06-01"
"""The version that still takes temperature, top_p and top_k, from models before Claude 4.7."""
CAREFUL_MAX_TOKENS = 8_192
WHOLE_MAX_TOKENS = 21_333
"""The most that is generated within ten minutes, after which an answer has to be streamed."""
SAMPLING = ("temperature", "top_p", "top_k")
TAKES = frozenset(
    {
        "temperature", "top_p", "top_k", "max_output_tokens", "stop", "reasoning_effort",
        "thinking_budget", "strict_tools", "service_tier", "user", "cache_pattern", "cache_ttl",
        "extra_body", "parallel_tool_calls",
    }
)  # fmt: skip
_TIERS: dict[str, JsonObject] = {
    "auto": {"service_tier": "auto"},
    "default": {"service_tier": "standard_only"},
    "standard": {"service_tier": "standard_only"},
    "standard_only": {"service_tier": "standard_only"},
    "fast": {"speed": "fast"},
}
"""Others' words for a tier, in Anthropic's; the fast one is a speed of its own."""
_COUNTED = frozenset(
    {
        "messages", "model", "cache_control", "output_config", "speed", "system", "thinking",
        "tool_choice", "tools", "user_profile_id",
    }
)  # fmt: skip
"""What the counting address takes of a request (types/message_count_tokens_params.py)."""


def version_for(request: Request, endpoint: Endpoint) -> str:
    """The `anthropic-version` to speak: what was asked for, or else the current one, unless a
    sampling parameter is to be sent."""
    if asked := request.api_version or endpoint.quirks.api_version:
        return asked
    given = request.parameters
    sampled = given.temperature is not None or given.top_p is not None or given.top_k is not None
    return SAMPLING_VERSION if sampled else CURRENT_VERSION


def request_fields(call: Call) -> JsonObject:
    """The body of `POST /v1/messages`. Raises BadRequest for media Anthropic has no block for, and
    for a service tier it does not offer."""
    request = call.request
    given = request.parameters
    thinking = _thinking(given, call.info)
    system, turns = system_and_turns(request, call.endpoint)
    fields: JsonObject = {
        "model": request.model.id,
        "max_tokens": _max_tokens(call, thinking),
        "messages": turns,
    }
    if request.stream:
        fields["stream"] = True
    if system:
        fields["system"] = system
    for name in SAMPLING:
        if (value := getattr(given, name)) is not None:
            fields[name] = value
    if given.stop:
        fields["stop_sequences"] = list(given.stop)
    if thinking:
        fields["thinking"] = thinking
    if output := _output_config(request):
        fields["output_config"] = output
    if given.user is not None:
        fields["metadata"] = {"user_id": given.user}
    if given.service_tier is not None:
        fields.update(tier_of(given.service_tier, _TIERS, call.endpoint))
    fields.update(_tools(request))
    marks.set_on(fields, given)
    return fields


def counted_fields(call: Call) -> JsonObject:
    """The body of `POST /v1/messages/count_tokens`: of a request, what its counting is told."""
    extra: Mapping[str, Any] = call.request.parameters.extra_body or {}
    whole = merged(request_fields(call), extra)
    return {name: value for name, value in whole.items() if name in _COUNTED}


def _thinking(given: Parameters, info: ModelInfo) -> JsonObject | None:
    """Adaptive for today's models, a budget for those that know no other way.

    Where thinking cannot be turned off it is asked for by name, because its words are withheld
    unless a summary is requested.
    """
    if given.reasoning_effort == "none" or given.thinking_budget == 0:
        return {"type": "disabled"}
    if info.thinking_budget:
        if given.thinking_budget is None:
            return None
        return {"type": "enabled", "budget_tokens": given.thinking_budget}
    wanted = given.reasoning_effort is not None and info.thinking == "optional"
    if info.thinking == "always" or wanted:
        return {"type": "adaptive", "display": "summarized"}
    return None


def _max_tokens(call: Call, thinking: JsonObject | None) -> int:
    given, most = call.request.parameters.max_output_tokens, call.info.max_output_tokens
    if given is not None:
        return given
    budget = thinking.get("budget_tokens", 0) if thinking else 0
    wanted: int = most or CAREFUL_MAX_TOKENS + budget
    return wanted if call.request.stream else max(min(wanted, WHOLE_MAX_TOKENS), budget + 1)


def _output_config(request: Request) -> JsonObject:
    config: JsonObject = {}
    effort = request.parameters.reasoning_effort
    if effort not in {None, "none"}:
        config["effort"] = effort
    if request.response_schema is not None:
        config["format"] = {"type": "json_schema", "schema": request.response_schema}
    return config


def _tools(request: Request) -> JsonObject:
    if not request.tools:
        return {}
    overridden = request.parameters.strict_tools
    tools: list[JsonObject] = []
    for tool in request.tools:
        described: JsonObject = {
            "name": tool.name,
            "description": tool.description,
            "input_schema": {"type": "object", **tool.parameters},
        }
        if tool.strict if overridden is None else overridden:
            described["strict"] = True
        tools.append(described)
    choice: JsonObject = {"type": "auto"}
    if isinstance(request.tool_choice, NamedTool):
        choice = {"type": "tool", "name": request.tool_choice.name}
    elif request.tool_choice != "auto":
        choice = {"type": "any" if request.tool_choice == "required" else "none"}
    if request.parallel_tool_calls is not None and choice["type"] != "none":
        choice["disable_parallel_tool_use"] = not request.parallel_tool_calls
    return {"tools": tools} if choice == {"type": "auto"} else {"tools": tools, "tool_choice": choice}
