"""What Mistral's chat answers: streams as frames, and the same answers whole.

Shapes from mistralai 3.7.0, `client/models/completionchunk.py` and `chatcompletionresponse.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

JsonObject = dict[str, Any]
MODEL = "mistral-large-latest"
CREATED = 1_795_000_000
USAGE: JsonObject = {
    "prompt_tokens": 40,
    "completion_tokens": 21,
    "total_tokens": 61,
    "prompt_tokens_details": {"cached_tokens": 32},
    "service_tier": "standard",
}


def frame(value: object) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


def chunk(delta: JsonObject, finish: str | None = None, *, index: int = 0, **more: Any) -> JsonObject:
    logprobs = {"logprobs": more.pop("logprobs")} if "logprobs" in more else {}
    choice = {"index": index, "delta": delta, "finish_reason": finish, **logprobs}
    head = {"id": "cmpl-1", "object": "chat.completion.chunk", "created": CREATED}
    return {**head, "model": more.pop("model", MODEL), "choices": [choice], **more}


def message(choices: Sequence[JsonObject], **more: Any) -> JsonObject:
    """A whole answer."""
    head = {"id": "cmpl-1", "object": "chat.completion", "created": CREATED, "model": MODEL}
    return {**head, "choices": list(choices), "usage": USAGE, **more}


def stream(deltas: Iterable[JsonObject], finish: str = "stop", **last: Any) -> list[bytes]:
    frames = [frame(chunk({"role": "assistant", "content": ""}))]
    frames += [frame(chunk(delta)) for delta in deltas]
    frames.append(frame(chunk({"content": ""}, finish, usage=USAGE, **last)))
    return [*frames, b"data: [DONE]\n\n"]


def answer(pieces: Iterable[str], thinking: Iterable[str] = (), model: str = MODEL) -> list[bytes]:
    """The frames of a plain answer whose words come exactly in these pieces."""
    frames = [frame(chunk({"role": "assistant", "content": ""}, model=model))]
    frames += [frame(chunk({"content": [_thought(piece)]}, model=model)) for piece in thinking]
    frames += [frame(chunk({"content": piece}, model=model)) for piece in pieces]
    frames.append(frame(chunk({"content": ""}, "stop", usage=USAGE, model=model)))
    return [*frames, b"data: [DONE]\n\n"]


def _thought(text: str, **more: Any) -> JsonObject:
    return {"type": "thinking", "thinking": [{"type": "text", "text": text}], **more}


def _words(text: str) -> JsonObject:
    return {"type": "text", "text": text}


def _call(call_id: str, name: str, arguments: Any, index: int = 0) -> JsonObject:
    function = {"name": name, "arguments": arguments}
    return {"id": call_id, "type": "function", "function": function, "index": index}


def _token(token: str, logprob: float) -> JsonObject:
    top = {"token": token, "logprob": logprob, "bytes": [104], "token_id": 7}
    return {**top, "top_logprobs": [top, {**top, "token": "No", "logprob": -3.5}]}


REFERENCE: JsonObject = {"type": "reference", "reference_ids": [1, 2]}
CALLS = [_call("D681PevKs", "clock", '{"zone": "UTC"}'), _call("kR4mUJXiu", "now", "{}", 1)]
TOKENS: JsonObject = {"content": [_token("Yes", -0.25)]}
TEXT = "Hello, wörld – 世界 \u2028 done."


def _whole(content: Any, finish: str = "stop", calls: Sequence[JsonObject] = (), **more: Any) -> JsonObject:
    told = {"role": "assistant", "content": content, **({"tool_calls": list(calls)} if calls else {})}
    return message([{"index": 0, "finish_reason": finish, "message": told, **more}])


SCENES: dict[str, tuple[list[bytes], JsonObject]] = {
    "text": (
        stream({"content": TEXT[at : at + 4]} for at in range(0, len(TEXT), 4)),
        _whole(TEXT),
    ),
    "thinking": (
        stream(
            [
                {"content": [_thought("Let me ")]},
                {"content": [_thought("see – 世界.", closed=True, signature="c2ln")]},
                {"content": "Forty"},
                {"content": [_words("-two.")]},
            ]
        ),
        _whole([_thought("Let me see – 世界.", closed=True, signature="c2ln"), _words("Forty-two.")]),
    ),
    "tool": (
        stream([{"content": "Looking."}, {"content": "", "tool_calls": CALLS}], "tool_calls"),
        _whole("Looking.", "tool_calls", CALLS),
    ),
    "object": (
        stream([{"tool_calls": [_call("D681PevKs", "clock", {"zone": "UTC"})]}], "tool_calls"),
        _whole("", "tool_calls", [_call("D681PevKs", "clock", {"zone": "UTC"})]),
    ),
    "reference": (
        stream([{"content": [_words("Peaks are high"), REFERENCE, _words(".")]}]),
        _whole([_words("Peaks are high"), REFERENCE, _words(".")]),
    ),
    "logprobs": (
        [
            frame(chunk({"role": "assistant", "content": "Yes"}, logprobs=TOKENS)),
            *stream([])[1:],
        ],
        _whole("Yes", logprobs=TOKENS),
    ),
    "choices": (
        [
            frame(chunk({"role": "assistant", "content": "Heads"})),
            frame(chunk({"role": "assistant", "content": "Tails"}, index=1)),
            frame(chunk({"content": ""}, "length", index=1)),
            *stream([])[1:],
        ],
        message(
            [
                {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Heads"}},
                {"index": 1, "finish_reason": "length", "message": {"role": "assistant", "content": "Tails"}},
            ]
        ),
    ),
    "cut": (stream([{"content": "Half an ans"}], "length"), _whole("Half an ans", "length")),
    "full": (stream([{"content": "Half an ans"}], "model_length"), _whole("Half an ans", "model_length")),
}
"""Name → the frames of a stream, and the body of the same answer not streamed."""


def unfinished(frames: Sequence[bytes]) -> int:
    """How many frames come before the one that says how the (last) answer ended."""
    return len(frames) - 2


def error_body(code: str, text: str, kind: str = "invalid_request_error", param: str | None = None) -> bytes:
    """The body of an error response, which has no nest."""
    told = {"object": "error", "message": text, "type": kind, "param": param, "code": code}
    return json.dumps(told).encode()


def malformed(place: Sequence[str | int], text: str) -> bytes:
    """The body of a 422."""
    detail = [{"type": "missing", "loc": ["body", *place], "msg": text, "input": None}]
    return json.dumps({"detail": detail}).encode()


def broken(text: str) -> list[bytes]:
    """A stream into which an error falls after a few words."""
    return [*answer(["Some words"])[:-2], b"data: " + error_body("3000", text, "server_error") + b"\n\n"]


def _card(model_id: str, *can: str, **more: Any) -> JsonObject:
    return {
        "id": model_id,
        "object": "model",
        "created": CREATED,
        "owned_by": "mistralai",
        "capabilities": dict.fromkeys(can, True),
        "name": more.pop("name", model_id),
        "description": "A model",
        "max_context_length": 262_144,
        "aliases": [],
        "deprecation": None,
        "default_model_temperature": 0.3,
        "type": "base",
        **more,
    }


MODELS: JsonObject = {
    "object": "list",
    "data": [
        _card(MODEL, "completion_chat", "function_calling", "vision"),
        _card("mistral-medium-latest", "completion_chat", "function_calling", "vision", "reasoning"),
        _card("magistral-small-latest", "completion_chat", "reasoning", deprecation="2027-03-31T12:00:00Z"),
        _card("voxtral-small-latest", "completion_chat", "audio"),
        _card("mistral-embed"),
        _card("mistral-ocr-latest", "ocr", "vision"),
    ],
}
