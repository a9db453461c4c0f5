"""Parameters for the contract tests: one value of each, and all of them drawn at random."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from tests.contracts.conversations import CLOCK, SCHEMA

from chatbench.core.params import Parameters
from chatbench.core.tools import NamedTool, ToolDefinition

ONE_OF_EACH: dict[str, Any] = {
    "temperature": 0.5,
    "top_p": 0.9,
    "top_k": 4,
    "max_output_tokens": 77,
    "stop": ("END",),
    "presence_penalty": 0.5,
    "frequency_penalty": -0.5,
    "seed": 7,
    "reasoning_effort": "high",
    "thinking_budget": 2048,
    "verbosity": "low",
    "n": 2,
    "logit_bias": {"50256": -100.0},
    "logprobs": True,
    "top_logprobs": 3,
    "json_mode": True,
    "strict_tools": False,
    "service_tier": "standard",
    "user": "u-1",
    "metadata": {"team": "a"},
    "prompt_cache_key": "k",
    "cache_pattern": "system_and_tools",
    "cache_ttl": "1h",
    "background": True,
    "extra_body": {"added": 1},
}
"""Each has an effect on a request that has a strict tool."""
assert ONE_OF_EACH.keys() == set(Parameters.__struct_fields__)


def every(takes: frozenset[str], **own: Any) -> Parameters:
    """All parameters that a wire takes, but for `extra_body`, with values of a test's `own`."""
    values = {name: value for name, value in ONE_OF_EACH.items() if name in takes and name != "extra_body"}
    return Parameters(**{**values, **own})


_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "temperature": st.floats(0, 2),
    "top_p": st.floats(0, 1),
    "top_k": st.integers(1, 100),
    "max_output_tokens": st.integers(1, 128_000),
    "stop": st.lists(st.text(min_size=1, max_size=5), max_size=4).map(tuple),
    "presence_penalty": st.floats(-2, 2),
    "frequency_penalty": st.floats(-2, 2),
    "seed": st.integers(0, 2**31 - 1),
    "reasoning_effort": st.sampled_from(["none", "low", "medium", "high"]),
    "thinking_budget": st.sampled_from([0, 1024, 32_000]),
    "n": st.integers(1, 8),
    "logprobs": st.booleans(),
    "top_logprobs": st.integers(0, 20),
    "json_mode": st.booleans(),
    "strict_tools": st.booleans(),
    "service_tier": st.sampled_from(["auto", "default", "standard", "standard_only"]),
    "user": st.text(max_size=8),
    "metadata": st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3),
    "cache_pattern": st.sampled_from(
        [
            "tools_only",
            "system_and_tools",
            "last_user_message",
            "last_2_user_messages",
            "last_3_user_messages",
        ]
    ),
    "cache_ttl": st.sampled_from(["5m", "1h"]),
}
_tools = st.lists(
    st.sampled_from([CLOCK, ToolDefinition(name="bare"), ToolDefinition(name="strict", strict=True)]),
    max_size=3,
    unique_by=lambda tool: tool.name,
).map(tuple)


def requests(takes: frozenset[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Everything of a request but its messages, with any of the parameters that a wire takes."""
    values = {name: value for name, value in _VALUES.items() if name in takes}
    return st.fixed_dictionaries(
        {},
        optional={
            "parameters": st.fixed_dictionaries({}, optional=values).map(lambda given: Parameters(**given)),
            "system": st.sampled_from(["", " ", "Be brief."]),
            "stream": st.booleans(),
            "tools": _tools,
            "tool_choice": st.sampled_from(["auto", "none", "required", NamedTool(name="clock")]),
            "parallel_tool_calls": st.none() | st.booleans(),
            "response_schema": st.none() | st.just(SCHEMA),
        },
    )
