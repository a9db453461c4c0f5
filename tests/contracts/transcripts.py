"""Conversations as programs that speak to one vendor write them."""

from __future__ import annotations

from typing import Any

SIGNED = {"type": "thinking", "thinking": "hm", "signature": "sig"}
MESSAGES: list[dict[str, Any]] = [
    {"role": "user", "content": "What is it?"},
    {
        "role": "assistant",
        "content": [
            SIGNED,
            {"type": "redacted_thinking", "data": "xyz"},
            {"type": "text", "text": "Looking."},
            {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "x"}},
            {"type": "tool_use", "id": "t1", "name": "clock", "input": {"zone": "UTC"}},
        ],
    },
    {
        "role": "user",
        "content": [
            {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "12:00"}]},
            {"type": "text", "text": "And?"},
        ],
    },
]
CHAT: list[dict[str, Any]] = [
    {"role": "developer", "content": "Be brief."},
    {"role": "system", "content": "Be kind."},
    {"role": "user", "name": "ada", "content": [
        {"type": "image_url", "image_url": {"url": "https://e.org/a.png", "detail": "low"}},
        {"type": "text", "text": "?"}]},
    {"role": "assistant", "content": "Looking.", "tool_calls": [
        {"id": "a", "type": "function", "function": {"name": "clock", "arguments": "{}"}},
        {"id": "b", "type": "function", "function": {"name": "sky", "arguments": "{}"}}]},
    {"role": "tool", "tool_call_id": "a", "content": "12:00"},
    {"role": "tool", "tool_call_id": "b", "content": "grey"},
    {"role": "assistant", "content": None, "refusal": "No."},
]  # fmt: skip
ITEMS: list[dict[str, Any]] = [
    {"role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
    {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "abc"},
    {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "clock", "arguments": "{}",
     "status": "completed"},
    {"type": "function_call_output", "call_id": "c1", "output": "12:00"},
    {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
     "content": [{"type": "output_text", "text": "Noon.", "annotations": []}]},
]  # fmt: skip
CONTENTS: list[dict[str, Any]] = [
    {"role": "user", "parts": [
        {"fileData": {"mimeType": "video/mp4", "fileUri": "https://e.org/f.mp4"}}, {"text": "?"}]},
    {"role": "model", "parts": [
        {"text": "hm", "thought": True, "thoughtSignature": "c2ln"},
        {"functionCall": {"name": "clock", "args": {"zone": "UTC"}, "id": "g1"}, "thoughtSignature": "c2ln"},
        {"executableCode": {"language": "PYTHON", "code": "1"}}]},
    {"role": "user", "parts": [
        {"functionResponse": {"name": "clock", "response": {"output": "12:00"}, "id": "g1"}}]},
    {"role": "model", "parts": [{"text": "Noon."}]},
]  # fmt: skip
