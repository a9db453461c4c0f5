"""What Anthropic's Messages interface answers: streams as frames, and the same answers whole.

Shapes from anthropic 2.11.0, `types/raw_*_event.py`; the contract tests hold them against those.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

JsonObject = dict[str, Any]
MODEL = "claude-sonnet-5-5"
USAGE: JsonObject = {
    "input_tokens": 5,
    "cache_creation_input_tokens": 20,
    "cache_read_input_tokens": 40,
    "cache_creation": {"ephemeral_5m_input_tokens": 5, "ephemeral_1h_input_tokens": 15},
    "output_tokens": 31,
    "output_tokens_details": {"thinking_tokens": 11},
    "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 0},
    "service_tier": "standard",
}


def frame(kind: str, **fields: Any) -> bytes:
    data = json.dumps({"type": kind, **fields}, ensure_ascii=False)
    return f"event: {kind}\ndata: {data}\n\n".encode()


def message(
    content: Sequence[JsonObject], stop: str | None = "end_turn", *, model: str = MODEL, **more: Any
) -> JsonObject:
    """A message object: a whole answer, and (without content) the beginning of a stream."""
    return {
        "id": "msg_01",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": list(content),
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": USAGE,
        **more,
    }


def begun(model: str = MODEL) -> bytes:
    usage = {**USAGE, "output_tokens": 1, "output_tokens_details": None, "server_tool_use": None}
    return frame("message_start", message=message((), None, model=model, usage=usage))


def ended(stop: str, **more: Any) -> list[bytes]:
    """`message_delta` with cumulative usage, and `message_stop`."""
    usage = {
        name: USAGE[name]
        for name in ("output_tokens", "output_tokens_details", "server_tool_use", "input_tokens")
    }
    delta = {"stop_reason": stop, "stop_sequence": None, **more}
    return [frame("message_delta", delta=delta, usage=usage), frame("message_stop")]


def block(index: int, content: JsonObject, pieces: Sequence[str] = ()) -> list[bytes]:
    """The frames of one content block, told in `pieces` or, without, in runs of four characters."""
    kind = content["type"]
    deltas: list[JsonObject] = []
    start = dict(content)
    if kind == "text":
        start["text"] = ""
        start.pop("citations", None)
        deltas = [{"type": "text_delta", "text": piece} for piece in pieces or _pieces(content["text"])]
        for cited in content.get("citations") or ():
            deltas.append({"type": "citations_delta", "citation": cited})
    elif kind == "thinking":
        start |= {"thinking": "", "signature": ""}
        told = pieces or _pieces(content["thinking"])
        deltas = [{"type": "thinking_delta", "thinking": piece} for piece in told]
        deltas.append({"type": "signature_delta", "signature": content["signature"]})
    elif kind in {"tool_use", "server_tool_use"}:
        start["input"] = {}
        told = pieces or _pieces(json.dumps(content["input"]) if content["input"] else "")
        deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in told or [""]]
    frames = [frame("content_block_start", index=index, content_block=start)]
    frames.extend(frame("content_block_delta", index=index, delta=delta) for delta in deltas)
    frames.append(frame("content_block_stop", index=index))
    return frames


def _pieces(text: str, size: int = 4) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


def stream(content: Sequence[JsonObject], stop: str = "end_turn", **more: Any) -> list[bytes]:
    frames = [begun(), frame("ping")]
    for index, item in enumerate(content):
        frames.extend(block(index, item))
    return [*frames, *ended(stop, **more)]


def answer(pieces: Iterable[str], thinking: Iterable[str] = (), model: str = MODEL) -> list[bytes]:
    """The frames of a plain answer whose words come exactly in these pieces."""
    frames, index = [begun(model)], 0
    if thoughts := list(thinking):
        frames.extend(block(0, {"type": "thinking", "thinking": "", "signature": "EqQB"}, thoughts))
        index = 1
    frames.extend(block(index, {"type": "text", "text": ""}, list(pieces)))
    return [*frames, *ended("end_turn")]


THOUGHT: JsonObject = {"type": "thinking", "thinking": "Let me see – 世界.", "signature": "EqQBCgIYAg=="}
OMITTED: JsonObject = {"type": "thinking", "thinking": "", "signature": "EqQBomitted=="}
REDACTED: JsonObject = {"type": "redacted_thinking", "data": "EmwKAhgBEgy3va3p"}
CALL: JsonObject = {"type": "tool_use", "id": "toolu_01", "name": "clock", "input": {"zone": "UTC"}}
BARE_CALL: JsonObject = {"type": "tool_use", "id": "toolu_02", "name": "now", "input": {}}
SEARCH: JsonObject = {
    "type": "server_tool_use",
    "id": "srvtoolu_01",
    "name": "web_search",
    "input": {"query": "peaks"},
    "caller": {"type": "direct"},
}
FOUND: JsonObject = {
    "type": "web_search_tool_result",
    "tool_use_id": "srvtoolu_01",
    "caller": {"type": "direct"},
    "content": [
        {
            "type": "web_search_result",
            "url": "https://example.org/a",
            "title": "Peaks",
            "encrypted_content": "EqgfCioIARgB",
            "page_age": None,
        }
    ],
}
CITED: JsonObject = {
    "type": "web_search_result_location",
    "url": "https://example.org/a",
    "title": "Peaks",
    "encrypted_index": "Eo8BCioIAhgB",
    "cited_text": "Peaks are high.",
}
DETAILS: JsonObject = {"type": "refusal", "category": "cyber", "explanation": "This would help an attack."}


def text(text: str, *citations: JsonObject) -> JsonObject:
    return {"type": "text", "text": text, "citations": list(citations) or None}


def _scene(
    content: Sequence[JsonObject], stop: str = "end_turn", **more: Any
) -> tuple[list[bytes], JsonObject]:
    return stream(content, stop, **more), message(content, stop, **more)


RUN: JsonObject = {
    "type": "server_tool_use",
    "id": "srvtoolu_02",
    "name": "bash_code_execution",
    "input": {"command": "ls"},
    "caller": {"type": "direct"},
}
RAN: JsonObject = {
    "type": "bash_code_execution_tool_result",
    "tool_use_id": "srvtoolu_02",
    "content": {
        "type": "bash_code_execution_result",
        "stdout": "a.csv\n",
        "stderr": "",
        "return_code": 0,
        "content": [{"type": "bash_code_execution_output", "file_id": "file_01"}],
    },
}
PAGE: JsonObject = {
    "type": "page_location",
    "document_index": 0,
    "document_title": "Paper",
    "start_page_number": 1,
    "end_page_number": 2,
    "cited_text": "It rains.",
    "file_id": None,
}


SCENES: dict[str, tuple[list[bytes], JsonObject]] = {
    "text": _scene([text("Hello, wörld – 世界 \u2028 done.")]),
    "thinking": _scene([THOUGHT, REDACTED, text("Forty-two.")]),
    "omitted": _scene([OMITTED, text("Forty-two.")]),
    "tool": _scene([THOUGHT, text("Looking."), CALL, BARE_CALL], "tool_use"),
    "search": _scene([SEARCH, FOUND, text("Peaks are high.", CITED)]),
    "code": _scene([RUN, RAN, text("One file.")]),
    "cited": _scene([text("It rains."), text("Often.", PAGE, {**PAGE, "start_page_number": 3})]),
    "refusal": _scene([text("I will")], "refusal", stop_details=DETAILS),
    "sequence": _scene([text("One, two")], "stop_sequence", stop_sequence="three"),
    "paused": _scene([SEARCH], "pause_turn"),
    "cut": _scene([text("Half an ans")], "max_tokens"),
    "full": _scene([text("Half an ans")], "model_context_window_exceeded"),
}
"""Name → the frames of a stream, and the body of the same answer not streamed."""


COUNTED: JsonObject = {"input_tokens": 2_095}
"""The answer of the counting address."""


def error_body(kind: str, text: str, code: str | None = None) -> bytes:
    """The body of an error response."""
    return json.dumps(_error(kind, text, code)).encode()


def _error(kind: str, text: str, code: str | None = None) -> JsonObject:
    details = {"details": {"error_code": code}} if code else {}
    return {
        "type": "error",
        "error": {"type": kind, "message": text, **details},
        "request_id": "req_011",
    }


def broken(kind: str, text: str) -> list[bytes]:
    """A stream into which an error event falls after a few words."""
    fallen = _error(kind, text)
    fallen.pop("type")
    return [*answer(["Some words"])[:-3], frame("error", **fallen)]


def _can(supported: bool) -> JsonObject:
    return {"supported": supported}


def _model(model_id: str, name: str, *, adaptive: bool, lifecycle: str = "active") -> JsonObject:
    effort = {level: _can(True) for level in ("low", "medium", "high", "xhigh", "max")}
    return {
        "type": "model",
        "id": model_id,
        "display_name": name,
        "created_at": "2026-06-01T00:00:00Z",
        "lifecycle": lifecycle,
        "retires_at": "2027-06-01T00:00:00Z" if lifecycle != "active" else None,
        "max_input_tokens": 1_000_000 if adaptive else 200_000,
        "max_tokens": 128_000 if adaptive else 64_000,
        "capabilities": {
            "batch": _can(True),
            "citations": _can(True),
            "code_execution": _can(True),
            "context_management": {"supported": True},
            "effort": {"supported": adaptive, **effort},
            "image_input": _can(True),
            "pdf_input": _can(True),
            "server_tools": {
                "supported": True,
                "code_execution": _can(True),
                "web_search": _can(True),
            },
            "structured_outputs": _can(True),
            "thinking": {
                "supported": True,
                "types": {
                    "adaptive": _can(adaptive),
                    "between_tools": _can(False),
                    "disabled": _can(not adaptive),
                    "enabled": _can(not adaptive),
                },
            },
        },
    }


MODELS: dict[str | None, JsonObject] = {
    None: {
        "data": [_model(MODEL, "Claude Sonnet 5.5", adaptive=True)],
        "has_more": True,
        "first_id": MODEL,
        "last_id": MODEL,
    },
    MODEL: {
        "data": [
            _model("claude-haiku-4-5", "Claude Haiku 4.5", adaptive=False, lifecycle="deprecated"),
            _model("claude-2", "Claude 2", adaptive=False, lifecycle="retired"),
        ],
        "has_more": False,
        "first_id": "claude-haiku-4-5",
        "last_id": "claude-2",
    },
}
"""Pages of the model list by their `after_id`."""
