"""What Chat Completions answers: streams as frames, and the same answers whole.

Shapes from openai 3.52.0, `types/chat/`; the contract tests hold `SCENES` against those types.
`OTHERS` are the forms other servers give the same things.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from typing import Any

JsonObject = dict[str, Any]
MODEL = "gpt-4.1"
USAGE: JsonObject = {
    "prompt_tokens": 90,
    "completion_tokens": 25,
    "total_tokens": 115,
    "prompt_tokens_details": {"cached_tokens": 40, "cache_write_tokens": 30, "audio_tokens": 3},
    "completion_tokens_details": {"reasoning_tokens": 12, "audio_tokens": 2},
}
DONE = b"data: [DONE]\n\n"


def chunk(
    delta: JsonObject | None, finish: str | None = None, *, index: int = 0, model: str = MODEL, **more: Any
) -> JsonObject:
    """One event of a stream; without a delta it has no choices."""
    choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1_790_000_000,
        "model": model,
        "choices": [] if delta is None else [choice],
        **more,
    }


def frame(data: JsonObject) -> bytes:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def pieces(text: str, size: int = 4) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


def stream(
    deltas: Sequence[JsonObject], finish: str = "stop", *, usage: JsonObject | None = None, **more: Any
) -> list[bytes]:
    """The frames of an answer told in these deltas, its usage in a chunk of its own."""
    chunks = [chunk({"role": "assistant", "content": ""}, **more)]
    chunks += [chunk(delta, **more) for delta in deltas]
    chunks.append(chunk({}, finish, **more))
    chunks.append(chunk(None, usage=usage or USAGE, **more))
    return [*map(frame, chunks), DONE]


def whole(
    message: JsonObject, finish: str = "stop", *, usage: JsonObject | None = None, **more: Any
) -> JsonObject:
    told = {"role": "assistant", "content": None, "refusal": None, **message}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": MODEL,
        "choices": [{"index": 0, "message": told, "logprobs": None, "finish_reason": finish}],
        "usage": usage or USAGE,
        **more,
    }


def answer(words: Iterable[str], thinking: Iterable[str] = (), model: str = MODEL) -> list[bytes]:
    """The frames of a plain answer whose words come exactly in these pieces."""
    deltas: list[JsonObject] = [{"reasoning_content": piece} for piece in thinking]
    deltas += [{"content": piece} for piece in words]
    return stream(deltas, model=model)


def _said(field: str, text: str) -> list[JsonObject]:
    return [{field: piece} for piece in pieces(text)]


def _called(index: int, call: JsonObject) -> list[JsonObject]:
    function = call["function"]
    first = {**call, "index": index, "function": {"name": function["name"], "arguments": ""}}
    rest = [{"index": index, "function": {"arguments": piece}} for piece in pieces(function["arguments"])]
    return [{"tool_calls": [part]} for part in (first, *rest)]


def call(call_id: str, arguments: str) -> JsonObject:
    return {"id": call_id, "type": "function", "function": {"name": "clock", "arguments": arguments}}


def weighed(token: str, logprob: float, *others: tuple[str, float]) -> JsonObject:
    """A token with its probability, and the likeliest in its place."""
    told = [{"token": name, "logprob": value, "bytes": list(name.encode())} for name, value in others]
    return {"token": token, "logprob": logprob, "bytes": list(token.encode()), "top_logprobs": told}


def several(words: Sequence[str]) -> tuple[list[bytes], JsonObject]:
    """Alternatives, told in turn a few letters at a time, each letter with its probability."""
    chunks = [chunk({"role": "assistant", "content": ""}, index=n) for n in range(len(words))]
    whole_choices: list[JsonObject] = []
    longest = max(map(len, words))
    for at in range(0, longest, 4):
        for number, text in enumerate(words):
            if piece := text[at : at + 4]:
                told = chunk({"content": piece}, index=number)
                told["choices"][0]["logprobs"] = {"content": [weighed(piece, -0.5)], "refusal": None}
                chunks.append(told)
    for number, text in enumerate(words):
        chunks.append(chunk({}, "stop" if number else "length", index=number))
        tokens = {"content": [weighed(piece, -0.5) for piece in pieces(text)], "refusal": None}
        whole_choices.append(
            {
                "index": number,
                "message": {"role": "assistant", "content": text, "refusal": None},
                "logprobs": tokens,
                "finish_reason": "stop" if number else "length",
            }
        )
    chunks.append(chunk(None, usage=USAGE))
    return [*map(frame, chunks), DONE], whole({}, choices=whole_choices)


def likely(tokens: Sequence[JsonObject], refused: bool = False) -> tuple[list[bytes], JsonObject]:
    """An answer, or a refusal, whose tokens come one by one with their probabilities."""
    field, other = ("refusal", "content") if refused else ("content", "refusal")
    chunks = [chunk({"role": "assistant", "content": ""})]
    for token in tokens:
        told = chunk({field: token["token"]})
        told["choices"][0]["logprobs"] = {field: [token], other: None}
        chunks.append(told)
    chunks += [chunk({}, "stop"), chunk(None, usage=USAGE)]
    answered = whole({field: "".join(token["token"] for token in tokens)})
    answered["choices"][0]["logprobs"] = {field: list(tokens), other: None}
    return [*map(frame, chunks), DONE], answered


CALLS = (call("call_1", '{"zone": "UTC"}'), call("call_2", '{"zone": "CET"}'))
CITED: JsonObject = {
    "type": "url_citation",
    "url_citation": {"url": "https://example.org/a", "title": "Peaks", "start_index": 0, "end_index": 5},
}
TEXT = "Hello, wörld – 世界 \u2028 done."

LIKELY = (
    weighed("Yes", -0.1, ("Yes", -0.1), ("No", -2.5)),
    weighed(".", -0.002, (".", -0.002)),
)
SOUND = b"RIFF\x00\x01\x02\x03 a few words of sound"
SPOKEN: JsonObject = {
    "id": "audio_1",
    "data": base64.b64encode(SOUND).decode(),
    "transcript": "Good morning.",
    "expires_at": 4_000_000_000,
}
_SPOKEN_IN_PIECES: list[JsonObject] = [
    {"audio": {"id": "audio_1", "transcript": "Good "}},
    {"audio": {"data": base64.b64encode(SOUND[:10]).decode()}},
    {"audio": {"transcript": "morning."}},
    {"audio": {"data": base64.b64encode(SOUND[10:]).decode()}},
    {"audio": {"expires_at": 4_000_000_000}},
]
HEAD: JsonObject = {"system_fingerprint": "fp_1", "service_tier": "flex"}

SCENES: dict[str, tuple[list[bytes], JsonObject]] = {
    "text": (stream(_said("content", TEXT)), whole({"content": TEXT})),
    "tool": (
        stream([*_called(0, CALLS[0]), *_called(1, CALLS[1])], "tool_calls"),
        whole({"tool_calls": list(CALLS)}, "tool_calls"),
    ),
    "search": (
        stream([*_said("content", "Peaks are high."), {"annotations": [CITED]}]),
        whole({"content": "Peaks are high.", "annotations": [CITED]}),
    ),
    "refusal": (
        stream(_said("refusal", "I cannot help with that.")),
        whole({"refusal": "I cannot help with that."}),
    ),
    "several": several(["Red and green.", "Blue."]),
    "likely": likely(LIKELY),
    "unlikely": likely(LIKELY, refused=True),
    "spoken": (stream(_SPOKEN_IN_PIECES), whole({"audio": SPOKEN})),
    "flex": (stream(_said("content", "Cheap."), **HEAD), whole({"content": "Cheap."}, **HEAD)),
    "cut": (stream(_said("content", "Half an ans"), "length"), whole({"content": "Half an ans"}, "length")),
    "filtered": (
        stream(_said("content", "Some"), "content_filter"),
        whole({"content": "Some"}, "content_filter"),
    ),
}
"""Name → the frames of a stream, and the body of the same answer not streamed."""

_OPENROUTER_USAGE = {**USAGE, "cost": 0.0001234, "cost_details": {"upstream_inference_cost": None}}
_DETAILS: list[JsonObject] = [
    {"type": "reasoning.text", "text": "Let me ", "format": "x-v1", "index": 0},
    {"type": "reasoning.text", "text": "see.", "signature": "Eq1", "format": "x-v1", "index": 0},
    {"type": "reasoning.encrypted", "data": "gAAAAB", "format": "x-v1", "index": 1},
]
_JOINED: list[JsonObject] = [{**_DETAILS[1], "text": "Let me see."}, _DETAILS[2]]
_CHUNKS: list[JsonObject] = [
    {"type": "thinking", "thinking": [{"type": "text", "text": "Let me see."}], "closed": True},
    {"type": "text", "text": "Forty-two."},
]
_FOUND: list[JsonObject] = [{"url": "https://example.org/a", "title": "A"}]

OTHERS: dict[str, tuple[list[bytes], JsonObject]] = {
    "thinking": (
        stream([*_said("reasoning_content", "Let me see."), *_said("content", "Forty-two.")]),
        whole({"reasoning_content": "Let me see.", "content": "Forty-two."}),
    ),
    "openrouter": (
        [
            b": OPENROUTER PROCESSING\n\n",
            *stream(
                [
                    {"content": "", "reasoning": "Let me ", "reasoning_details": [_DETAILS[0]]},
                    {"content": "", "reasoning": "see.", "reasoning_details": [_DETAILS[1]]},
                    {"content": "", "reasoning": None, "reasoning_details": [_DETAILS[2]]},
                    {"content": "Forty-two."},
                ],
                usage=_OPENROUTER_USAGE,
            ),
        ],
        whole(
            {"content": "Forty-two.", "reasoning": "Let me see.", "reasoning_details": _JOINED},
            usage=_OPENROUTER_USAGE,
        ),
    ),
    "mistral": (
        stream([{"content": [_CHUNKS[0]]}, *_said("content", "Forty-two.")]),
        whole({"content": _CHUNKS}),
    ),
    "object arguments": (
        stream(
            [
                {
                    "tool_calls": [
                        {"id": "a", "function": {"name": "clock", "arguments": {"zone": "UTC"}}, "index": 0}
                    ]
                }
            ],
        ),
        whole(
            {"tool_calls": [{"id": "a", "function": {"name": "clock", "arguments": {"zone": "UTC"}}}]},
        ),
    ),
    "custom tool": (
        stream(
            [
                {
                    "tool_calls": [
                        {"index": 0, "id": "a", "type": "custom", "custom": {"name": "sql", "input": ""}}
                    ]
                },
                {"tool_calls": [{"index": 0, "custom": {"input": "SELECT "}}]},
                {"tool_calls": [{"index": 0, "custom": {"input": "1"}}]},
            ],
            "tool_calls",
        ),
        whole(
            {"tool_calls": [{"id": "a", "type": "custom", "custom": {"name": "sql", "input": "SELECT 1"}}]},
            "tool_calls",
        ),
    ),
    "logprobs side by side": (
        [
            frame(
                {
                    **chunk(None),
                    "choices": [
                        {
                            "index": 0,
                            "delta": {"content": "ab"},
                            "finish_reason": "stop",
                            "logprobs": {"tokens": ["a", "b"], "token_logprobs": [None, -1.5]},
                        }
                    ],
                }
            ),
            frame(chunk(None, usage=USAGE)),
            DONE,
        ],
        {
            **whole({"content": "ab"}),
            "choices": [
                {
                    "message": {"content": "ab"},
                    "finish_reason": "stop",
                    "logprobs": {"tokens": ["a", "b"], "token_logprobs": [None, -1.5]},
                }
            ],
        },
    ),
    "perplexity": (
        stream(
            _said("content", "High [1]."), search_results=[{"url": "https://example.org/a", "title": "A"}]
        ),
        whole({"content": "High [1]."}, search_results=[{"url": "https://example.org/a", "title": "A"}]),
    ),
}
"""Forms that OpenAI's types do not know."""


def error_body(
    code: str | int | None, kind: str | None, text: str, param: str | None = None, **more: Any
) -> bytes:
    """The body of an error response."""
    return json.dumps(error_value(code, kind, text, param, **more)).encode()


def error_value(
    code: str | int | None, kind: str | None, text: str, param: str | None = None, **more: Any
) -> JsonObject:
    return {"error": {"message": text, "type": kind, "param": param, "code": code, **more}}


def broken(code: str, text: str) -> list[bytes]:
    """A stream into which an error falls after a few words."""
    return [*answer(["Some words"])[:2], frame(error_value(code, "server_error", text))]


def unfinished(frames: Sequence[bytes]) -> int:
    """How many frames come before the first that says how the answer ended."""
    ends = (at for at, data in enumerate(frames) if b'"finish_reason": "' in data or data == DONE)
    return next(ends, len(frames))


MODELS: JsonObject = {
    "object": "list",
    "data": [
        {"id": MODEL, "object": "model", "created": 1_780_000_000, "owned_by": "openai"},
        {"id": "text-embedding-3-small", "object": "model", "created": 1, "owned_by": "openai"},
    ],
}
