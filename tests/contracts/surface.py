"""Every parameter a request can have, with a value that tells, and what each call may add to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from tests.contracts.conversations import CLOCK, SCHEMA

from chatbench.core.messages import user
from chatbench.core.params import Parameters
from chatbench.core.tools import NamedTool, ToolDefinition

VALUES: dict[str, tuple[Any, ...]] = {
    "temperature": (0.0, 0.7, 2.0),
    "top_p": (0.1, 1.0),
    "top_k": (40,),
    "max_output_tokens": (1, 500),
    "stop": (("END",), ("a", "b", "c", "d")),
    "presence_penalty": (-2.0, 0.5),
    "frequency_penalty": (-0.5, 2.0),
    "seed": (0, 7),
    "reasoning_effort": ("none", "minimal", "low", "medium", "high", "xhigh", "max"),
    "thinking_budget": (2048,),
    "verbosity": ("low", "medium", "high"),
    "n": (1, 3),
    "logit_bias": ({"50256": -100.0, "11": 5.0}, {}),
    "logprobs": (True, False),
    "top_logprobs": (0, 5, 20),
    "json_mode": (True, False),
    "strict_tools": (True, False),
    "service_tier": ("auto", "default", "flex", "scale", "priority", "fast"),
    "user": ("user-hash-1",),
    "metadata": ({"team": "a", "run": "7"},),
    "prompt_cache_key": ("docs-v1",),
    "cache_pattern": (
        "tools_only", "system_and_tools", "last_user_message", "last_2_user_messages",
        "last_3_user_messages",
    ),
    "cache_ttl": ("5m", "1h"),
    "background": (True, False),
    "extra_body": ({"moderation": {"model": "omni-moderation-latest"}},),
}  # fmt: skip
assert set(VALUES) == set(Parameters.__struct_fields__), "a parameter without a value to try"

ONE_BY_ONE = [(name, value) for name, values in VALUES.items() for value in values]


BESIDE: dict[str, Any] = {
    "system": "Be brief",
    "tools": (CLOCK,),
    "tool_choice": NamedTool(name="clock"),
    "parallel_tool_calls": False,
    "extra_headers": {"X-Team": "a"},
    "extra_query": {"region": "eu"},
}
"""What goes with a question where it is held against what the vendor's own client sends."""
VENDORS_BESIDE: dict[str, Any] = {
    name: BESIDE[name] for name in ("parallel_tool_calls", "extra_headers", "extra_query")
}
"""What of it OpenAI's client is told in the same words."""


def parameters(takes: frozenset[str]) -> st.SearchStrategy[Parameters]:
    """Any choice of the parameters that a wire takes."""
    fields = {name: st.none() | st.sampled_from(VALUES[name]) for name in sorted(takes & VALUES.keys())}
    return st.builds(Parameters, **fields)


def requests() -> st.SearchStrategy[dict[str, Any]]:
    """What a request may have beside messages and parameters."""
    return st.fixed_dictionaries(
        {
            "system": st.sampled_from(["", "Be brief."]),
            "tools": st.sampled_from([(), (CLOCK,), (CLOCK, ToolDefinition(name="bare"))]),
            "tool_choice": st.sampled_from(["auto", "none", "required", NamedTool(name="clock")]),
            "parallel_tool_calls": st.sampled_from([None, True, False]),
            "response_schema": st.sampled_from([None, SCHEMA]),
            "stream": st.booleans(),
        }
    )


def changes(judge: Callable[..., Any], name: str, value: Any) -> bool:
    """Whether a parameter alone changes what is sent; both requests stand before the judge."""
    shown: dict[str, Any] = {"tools": (CLOCK,), "system": "Be brief"}
    told = judge((user("Hi"),), parameters=Parameters(**{name: value}), **shown)
    return bool(told != judge((user("Hi"),), **shown))
