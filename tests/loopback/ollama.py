"""What Ollama's own interface answers: streams as lines, and the same answers whole.

Shapes from ollama 0.6.3, `_types.py`; the contract tests hold them against those.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

JsonObject = dict[str, Any]
MODEL = "qwen3:8b"
MOMENT = "2026-11-21T12:00:00.123456789Z"
CREATED = 1_795_262_400
COUNTS: JsonObject = {
    "total_duration": 5_191_566_416,
    "load_duration": 2_154_458,
    "prompt_eval_count": 26,
    "prompt_eval_duration": 383_809_000,
    "eval_count": 298,
    "eval_duration": 4_799_921_000,
}


def line(message: JsonObject, done: bool = False, *, model: str = MODEL, **more: Any) -> bytes:
    told = {"model": model, "created_at": MOMENT, "message": {"role": "assistant", **message}, "done": done}
    # The server writes U+2028 as an escape, which the client needs: it ends lines there.
    return json.dumps({**told, **more}, ensure_ascii=False).replace("\u2028", "\\u2028").encode() + b"\n"


def whole(message: JsonObject, reason: str = "stop", **more: Any) -> JsonObject:
    told: JsonObject = json.loads(line(message, True, done_reason=reason, **COUNTS, **more))
    return told


def stream(messages: Iterable[JsonObject], reason: str = "stop", **more: Any) -> list[bytes]:
    told = [line(message) for message in messages]
    return [*told, line({"content": ""}, True, done_reason=reason, **COUNTS, **more)]


def answer(pieces: Iterable[str], thinking: Iterable[str] = (), model: str = MODEL) -> list[bytes]:
    """The lines of a plain answer whose words come exactly in these pieces."""
    told = [line({"content": "", "thinking": piece}, model=model) for piece in thinking]
    told += [line({"content": piece}, model=model) for piece in pieces]
    return [*told, line({"content": ""}, True, model=model, done_reason="stop", **COUNTS)]


def _call(name: str, arguments: JsonObject, **more: Any) -> JsonObject:
    return {"function": {"name": name, "arguments": arguments}, **more}


TEXT = "Hello, wörld – 世界 \u2028 done."
CALLS = [_call("clock", {"zone": "UTC"}), _call("clock", {"zone": "UTC"}), _call("now", {})]
TOKENS = [
    {
        "token": "Yes",
        "logprob": -0.25,
        "top_logprobs": [{"token": "Yes", "logprob": -0.25}, {"token": "No", "logprob": -3.5}],
    }
]


def _scene(
    messages: Sequence[JsonObject], message: JsonObject, reason: str = "stop"
) -> tuple[list[bytes], JsonObject]:
    return stream(messages, reason), whole(message, reason)


SCENES: dict[str, tuple[list[bytes], JsonObject]] = {
    "text": _scene([{"content": TEXT[at : at + 4]} for at in range(0, len(TEXT), 4)], {"content": TEXT}),
    "thinking": _scene(
        [
            {"content": "", "thinking": "Let me "},
            {"content": "", "thinking": "see – 世界."},
            {"content": "Forty"},
            {"content": "-two."},
        ],
        {"content": "Forty-two.", "thinking": "Let me see – 世界."},
    ),
    "tool": _scene(
        [
            {"content": "", "thinking": "The time."},
            {"content": "Looking."},
            {"content": "", "tool_calls": CALLS[:1]},
            {"content": "", "tool_calls": CALLS[1:]},
        ],
        {"content": "Looking.", "thinking": "The time.", "tool_calls": CALLS},
    ),
    "named": _scene(
        [{"content": "", "tool_calls": [_call("now", {}, id="call_abc")]}],
        {"content": "", "tool_calls": [_call("now", {}, id="call_abc")]},
    ),
    "logprobs": (
        [line({"content": "Yes"}, logprobs=TOKENS), *stream([])],
        whole({"content": "Yes"}, logprobs=TOKENS),
    ),
    "full": _scene([{"content": "Half an ans"}], {"content": "Half an ans"}, "length"),
}
"""Name → the lines of a stream, and the body of the same answer not streamed."""


def error_body(text: str, **more: Any) -> bytes:
    """The body of an error response, and the line of an error within a stream."""
    return json.dumps({"error": text, **more}).encode()


def broken(text: str) -> list[bytes]:
    """A stream into which an error falls after a few words; the status stays 200."""
    return [line({"content": "Some words"}), error_body(text) + b"\n"]


def _details(family: str) -> JsonObject:
    return {
        "parent_model": "",
        "format": "gguf",
        "family": family,
        "families": [family],
        "parameter_size": "8.2B",
        "quantization_level": "Q4_K_M",
    }


def _shown(family: str, window: int, capabilities: Sequence[str], parameters: str = "") -> JsonObject:
    return {
        "modelfile": "FROM …",
        "parameters": parameters,
        "template": "{{ .Prompt }}",
        "details": _details(family),
        "model_info": {"general.architecture": family, f"{family}.context_length": window},
        "capabilities": list(capabilities),
        "modified_at": MOMENT,
    }


SHOWN: dict[str, JsonObject] = {
    MODEL: _shown("qwen3", 40_960, ["completion", "tools", "thinking"]),
    "gemma3:4b": _shown("gemma3", 131_072, ["completion", "vision"], 'stop  "x"\nnum_ctx    16384'),
    "gpt-oss:20b": _shown("gptoss", 131_072, ["completion", "tools", "thinking"]),
    "vectors:latest": _shown("nomic-bert", 2_048, ["embedding"]),
}
"""What `/api/show` tells, by model."""
MODELS: JsonObject = {
    "models": [
        {
            "name": name,
            "model": name,
            "modified_at": MOMENT,
            "size": 5_225_388_164,
            "digest": "a" * 64,
            "details": shown["details"],
        }
        for name, shown in SHOWN.items()
    ]
}
