"""What Cohere's chat answers: streams as frames, and the same answers whole.

Shapes from cohere 7.3.1, `v2/types/v2chat_stream_response.py` and `v2chat_response.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

JsonObject = dict[str, Any]
MODEL = "command-a-03-2025"
USAGE: JsonObject = {
    "billed_units": {"input_tokens": 12.0, "output_tokens": 9.0},
    "tokens": {"input_tokens": 508.0, "output_tokens": 11.0},
    "cached_tokens": 8.0,
}


def frame(kind: str, **fields: Any) -> bytes:
    data = json.dumps({"type": kind, **fields}, ensure_ascii=False)
    return f"event: {kind}\ndata: {data}\n\n".encode()


def _told(kind: str, index: int | None, message: JsonObject, **more: Any) -> bytes:
    place = {} if index is None else {"index": index}
    return frame(kind, **place, delta={"message": message}, **more)


def begun() -> bytes:
    return frame("message-start", id="c14c80c3", delta={"message": {"role": "assistant"}})


def ended(reason: str = "COMPLETE", **more: Any) -> bytes:
    return frame("message-end", delta={"finish_reason": reason, "usage": USAGE, **more})


def content(index: int, kind: str, pieces: Iterable[str], **more: Any) -> list[bytes]:
    told = [_told("content-delta", index, {"content": {kind: piece}}, **more) for piece in pieces]
    start = _told("content-start", index, {"content": {"type": kind, kind: ""}})
    return [start, *told, frame("content-end", index=index)]


def call(index: int, told: JsonObject) -> list[bytes]:
    arguments = told["function"]["arguments"]
    start = {**told, "function": {**told["function"], "arguments": ""}}
    return [
        _told("tool-call-start", index, {"tool_calls": start}),
        *(
            _told(
                "tool-call-delta", index, {"tool_calls": {"function": {"arguments": arguments[at : at + 5]}}}
            )
            for at in range(0, len(arguments), 5)
        ),
        frame("tool-call-end", index=index),
    ]


def answer(pieces: Iterable[str], thinking: Iterable[str] = (), model: str = MODEL) -> list[bytes]:
    """The frames of a plain answer whose words come exactly in these pieces."""
    frames, index = [begun()], 0
    if thoughts := list(thinking):
        frames += content(0, "thinking", thoughts)
        index = 1
    return [*frames, *content(index, "text", pieces), ended()]


def message(told: JsonObject, reason: str = "COMPLETE", **more: Any) -> JsonObject:
    """A whole answer."""
    body = {"id": "c14c80c3", "finish_reason": reason, "usage": USAGE}
    return {**body, "message": {"role": "assistant", **told}, **more}


def _pieces(text: str, size: int = 4) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def _call(call_id: str, name: str, arguments: str) -> JsonObject:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


TEXT = "Hello, wörld – 世界 \u2028 done."
CALLS = [_call("clock_x1", "clock", '{"zone":"UTC"}'), _call("now_x2", "now", "{}")]
CITATION: JsonObject = {
    "start": 0,
    "end": 5,
    "text": "Peaks",
    "content_index": 0,
    "type": "TEXT_CONTENT",
    "sources": [
        {
            "type": "document",
            "id": "document-1",
            "document": {"id": "document-1", "title": "Peaks.txt", "text": "Peaks are high."},
        },
        {
            "type": "tool",
            "id": "clock_x1:0",
            "tool_output": {"url": "https://example.org/a", "content": "Peaks!"},
        },
    ],
}
CHUNK: JsonObject = {"text": "Yes", "token_ids": [7], "logprobs": [-0.25]}
PAIR: JsonObject = {"text": " indeed", "token_ids": [8, 9], "logprobs": [-0.5, -0.75]}

SCENES: dict[str, tuple[list[bytes], JsonObject]] = {
    "text": (
        [begun(), *content(0, "text", _pieces(TEXT)), ended()],
        message({"content": [{"type": "text", "text": TEXT}]}),
    ),
    "thinking": (
        [
            begun(),
            *content(0, "thinking", _pieces("Let me see – 世界.")),
            *content(1, "text", _pieces("Forty-two.")),
            ended(),
        ],
        message(
            {
                "content": [
                    {"type": "thinking", "thinking": "Let me see – 世界."},
                    {"type": "text", "text": "Forty-two."},
                ]
            }
        ),
    ),
    "tool": (
        [
            begun(),
            *(_told("tool-plan-delta", None, {"tool_plan": piece}) for piece in _pieces("I will look.")),
            *call(0, CALLS[0]),
            *call(1, CALLS[1]),
            ended("TOOL_CALL"),
        ],
        message({"tool_plan": "I will look.", "tool_calls": CALLS}, "TOOL_CALL"),
    ),
    "cited": (
        [
            begun(),
            *content(0, "text", _pieces("Peaks are high."))[:-1],
            _told("citation-start", 0, {"citations": CITATION}),
            frame("citation-end", index=0),
            frame("content-end", index=0),
            ended(),
        ],
        message({"content": [{"type": "text", "text": "Peaks are high."}], "citations": [CITATION]}),
    ),
    "logprobs": (
        [
            begun(),
            *content(0, "text", ["Yes"], logprobs=CHUNK)[:-1],
            *content(0, "text", [" indeed"], logprobs=PAIR)[1:],
            ended(),
        ],
        message({"content": [{"type": "text", "text": "Yes indeed"}]}, logprobs=[CHUNK, PAIR]),
    ),
    "sequence": (
        [begun(), *content(0, "text", ["One, two"]), ended("STOP_SEQUENCE")],
        message({"content": [{"type": "text", "text": "One, two"}]}, "STOP_SEQUENCE"),
    ),
    "cut": (
        [begun(), *content(0, "text", ["Half an ans"]), ended("MAX_TOKENS")],
        message({"content": [{"type": "text", "text": "Half an ans"}]}, "MAX_TOKENS"),
    ),
}
"""Name → the frames of a stream, and the body of the same answer not streamed."""


def error_body(text: str, request_id: str = "8f1a") -> bytes:
    """The body of an error response."""
    return json.dumps({"id": request_id, "message": text}).encode()


def broken(text: str, reason: str = "ERROR") -> list[bytes]:
    """A stream that ends in an error after a few words."""
    return [*answer(["Some words"])[:-1], ended(reason, error=text)]


def _model(name: str, endpoints: Sequence[str], features: Sequence[str] | None, **more: Any) -> JsonObject:
    return {
        "name": name,
        "is_deprecated": False,
        "endpoints": list(endpoints),
        "finetuned": False,
        "context_length": 256_000.0,
        "tokenizer_url": "https://example.org/tokenizer.json",
        "default_endpoints": [],
        "features": None if features is None else list(features),
        **more,
    }


MODELS: dict[str | None, JsonObject] = {
    None: {
        "models": [
            _model("command-a-reasoning-08-2025", ["chat"], ["tools", "reasoning", "json_schema"]),
            _model("command-a-vision-07-2025", ["chat"], ["vision", "json_mode"]),
        ],
        "next_page_token": "page-2",
    },
    "page-2": {
        "models": [
            _model("command-r7b-12-2024", ["chat", "generate"], None, context_length=132_000.0),
            _model("embed-v4.0", ["embed"], None),
        ],
        "next_page_token": None,
    },
}
"""Pages of the model list by their `page_token`."""
