"""Marks at which Anthropic keeps a prompt (anthropic 2.11.0: types/cache_control_ephemeral_param.py).

What a mark keeps is everything before it too, in the order tools, system, messages. A request may
have four marks; no pattern sets more than three.
"""

from __future__ import annotations

from typing import Any

from chatbench.core.params import Parameters

JsonObject = dict[str, Any]

_USERS = {"last_user_message": 1, "last_2_user_messages": 2, "last_3_user_messages": 3}


def set_on(fields: JsonObject, parameters: Parameters) -> None:
    """Marks the blocks of a request that the pattern names, in place.

    A lifetime without a pattern leaves the place to Anthropic, which marks the last block.
    """
    pattern = parameters.cache_pattern
    if pattern is None and parameters.cache_ttl is None:
        return
    mark: JsonObject = {"type": "ephemeral"}
    if parameters.cache_ttl is not None:
        mark["ttl"] = parameters.cache_ttl
    if pattern is None:
        fields["cache_control"] = mark
        return
    if pattern in ("tools_only", "system_and_tools"):
        _mark_last(fields.get("tools"), mark)
    if pattern == "system_and_tools" and (system := fields.get("system")):
        if isinstance(system, str):
            system = fields["system"] = [{"type": "text", "text": system}]
        _mark_last(system, mark)
    if count := _USERS.get(pattern, 0):
        users = [turn for turn in fields["messages"] if turn["role"] == "user"]
        for turn in users[-count:]:
            _mark_last(turn["content"], mark)


def _mark_last(blocks: list[JsonObject] | None, mark: JsonObject) -> None:
    if blocks:
        blocks[-1] = {**blocks[-1], "cache_control": mark}
