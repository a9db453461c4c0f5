"""Marks at which the provider may keep a prompt (`prompt_cache_breakpoint`, openai 3.52.0:
types/chat/chat_completion_content_part_text_param.py and its siblings).

The tools come before everything else and have no place for a mark: whatever is marked covers
them. OpenRouter makes Anthropic's marks of these.
"""

from __future__ import annotations

from typing import Any

from chatbench.core.params import Parameters

JsonObject = dict[str, Any]

_USERS = {"last_user_message": 1, "last_2_user_messages": 2, "last_3_user_messages": 3}


def mark_of(parameters: Parameters) -> JsonObject:
    """A lifetime is the least the provider promises: half an hour, or for an hour its next longer."""
    longer = {"ttl": "12h"} if parameters.cache_ttl == "1h" else {}
    return {"mode": "explicit", **longer}


def set_on(messages: list[JsonObject], parameters: Parameters) -> None:
    """Marks the last part of the messages that the pattern names, in place."""
    mark = mark_of(parameters)
    if parameters.cache_pattern == "system_and_tools":
        instructions = [m for m in messages[:1] if m["role"] in ("system", "developer")]
        _mark(instructions, mark)
    elif count := _USERS.get(parameters.cache_pattern or "", 0):
        _mark([m for m in messages if m["role"] == "user"][-count:], mark)


def _mark(messages: list[JsonObject], mark: JsonObject) -> None:
    for message in messages:
        content = message["content"]
        if isinstance(content, str):
            content = message["content"] = [{"type": "text", "text": content}]
        content[-1] = {**content[-1], "prompt_cache_breakpoint": mark}
