"""What Gemini answers: streams as frames, and the same answers whole.

Shapes from google-genai 3.4.0, `types.py`; the contract tests hold them against those.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from typing import Any

JsonObject = dict[str, Any]
MODEL = "gemini-3.8-flash"
USAGE: JsonObject = {
    "promptTokenCount": 30,
    "cachedContentTokenCount": 10,
    "candidatesTokenCount": 7,
    "thoughtsTokenCount": 13,
    "toolUsePromptTokenCount": 4,
    "totalTokenCount": 54,
    "promptTokensDetails": [
        {"modality": "TEXT", "tokenCount": 25},
        {"modality": "AUDIO", "tokenCount": 5},
    ],
}
PIXEL = base64.b64encode(b"\x89PNG\r\n\x1a\n picture").decode()
SIGNATURE = base64.b64encode(b"signature one").decode()
OTHER_SIGNATURE = base64.b64encode(b"signature two").decode()


def chunk(
    parts: Sequence[JsonObject], finish: str | None = None, *, model: str = MODEL, **more: Any
) -> JsonObject:
    """A response object: one event of a stream, or a whole answer."""
    candidate: JsonObject = {"index": 0}
    if parts:
        candidate["content"] = {"role": "model", "parts": list(parts)}
    if finish:
        candidate["finishReason"] = finish
    candidate.update(more.pop("candidate", {}))
    return {
        "candidates": [candidate],
        "usageMetadata": USAGE if finish else {"promptTokenCount": 30},
        "modelVersion": model,
        "responseId": "resp-1",
        **more,
    }


def frame(data: JsonObject) -> bytes:
    return f"data: {json.dumps(data, ensure_ascii=False)}\r\n\r\n".encode()


def _pieces(text: str, size: int = 4) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


def stream(parts: Sequence[JsonObject], finish: str = "STOP", **more: Any) -> list[bytes]:
    """One chunk for each piece of words, with the signature on the last piece of its part."""
    told: list[JsonObject] = []
    for part in parts:
        if not part.get("text") or "thoughtSignature" in part:
            told.append(part)
            continue
        told.extend({**part, "text": piece} for piece in _pieces(part["text"]))
    chunks = [chunk([part]) for part in told[:-1]]
    chunks.append(chunk(told[-1:], finish, **more))
    return [frame(data) for data in chunks]


def answer(pieces: Iterable[str], thinking: Iterable[str] = (), model: str = MODEL) -> list[bytes]:
    """The frames of a plain answer whose words come exactly in these pieces."""
    frames = [frame(chunk([{"text": piece, "thought": True}], model=model)) for piece in thinking]
    frames.extend(frame(chunk([{"text": piece}], model=model)) for piece in pieces)
    return [*frames, frame(chunk([], "STOP", model=model))]


CALL: JsonObject = {
    "functionCall": {"id": "fc-1", "name": "clock", "args": {"zone": "UTC"}},
    "thoughtSignature": SIGNATURE,
}
BARE_CALL: JsonObject = {"functionCall": {"name": "now"}}
GROUNDED: JsonObject = {
    "candidate": {
        "groundingMetadata": {
            "webSearchQueries": ["peaks"],
            "groundingChunks": [{"web": {"uri": "https://example.org/a", "title": "Peaks"}}],
            "groundingSupports": [
                {"segment": {"startIndex": 0, "endIndex": 6, "text": "Hähe"}, "groundingChunkIndices": [0]}
            ],
        }
    }
}


RECITED: JsonObject = {
    "candidate": {
        "citationMetadata": {
            "citations": [{"startIndex": 0, "endIndex": 6, "uri": "https://example.org/b", "title": "Poem"}]
        }
    }
}
MAPPED: JsonObject = {
    "candidate": {
        "groundingMetadata": {
            "groundingChunks": [
                {"maps": {"uri": "https://maps.example.org/1", "title": "Hill"}},
                {"retrievedContext": {"uri": "store/1", "title": "Notes", "text": "It is high."}},
            ],
            "groundingSupports": [{"segment": {"endIndex": 6}, "groundingChunkIndices": [0, 1, 7]}],
        }
    }
}


def weighed(*tokens: tuple[str, float]) -> JsonObject:
    """The probabilities of some tokens, with another one for each place."""
    chosen = [{"token": text, "tokenId": 5, "logProbability": value} for text, value in tokens]
    others = [{"candidates": [token, {"token": "?", "logProbability": -9.5}]} for token in chosen]
    return {"logprobsResult": {"chosenCandidates": chosen, "topCandidates": others}}


def several() -> tuple[list[bytes], JsonObject]:
    """Two candidates, each with its probabilities, told in turn."""
    pieces = [[("One ", -0.25), ("way", -0.5)], [("Two ", -1.0), ("ways", -0.75)]]
    usage = {"promptTokenCount": 3, "candidatesTokenCount": 4, "totalTokenCount": 7}
    frames = []
    for place in range(2):
        candidates: list[JsonObject] = []
        for number, tokens in enumerate(pieces):
            words = [{"text": tokens[place][0]}]
            candidates.append(
                {
                    "index": number,
                    "content": {"role": "model", "parts": words},
                    **weighed(tokens[place]),
                    **({"finishReason": "STOP"} if place else {}),
                }
            )
        frames.append(frame({**chunk([]), "candidates": candidates, "usageMetadata": usage}))
    whole = [
        {
            "index": number,
            "content": {"role": "model", "parts": [{"text": "".join(text for text, _ in tokens)}]},
            "finishReason": "STOP",
            **weighed(*tokens),
        }
        for number, tokens in enumerate(pieces)
    ]
    return frames, {**chunk([]), "candidates": whole, "usageMetadata": usage}


def _scene(parts: Sequence[JsonObject], finish: str = "STOP", **more: Any) -> tuple[list[bytes], JsonObject]:
    return stream(parts, finish, **_copy(more)), chunk(parts, finish, **_copy(more))


def _copy(more: JsonObject) -> JsonObject:
    copied: JsonObject = json.loads(json.dumps(more))
    return copied


SCENES: dict[str, tuple[list[bytes], JsonObject]] = {
    "text": _scene([{"text": "Hello, wörld – 世界 \u2028 done."}]),
    "thinking": _scene(
        [
            {"text": "Let me see – 世界.", "thought": True},
            {"text": "Forty-"},
            {"text": "two.", "thoughtSignature": SIGNATURE},
            {"text": "", "thoughtSignature": OTHER_SIGNATURE},
        ]
    ),
    "tool": _scene([{"text": "Looking."}, CALL, BARE_CALL]),
    "picture": _scene(
        [
            {"text": "Here:"},
            {"inlineData": {"mimeType": "image/png", "data": PIXEL}, "thoughtSignature": SIGNATURE},
        ]
    ),
    "code": _scene(
        [
            {"executableCode": {"language": "PYTHON", "code": "print(2)"}},
            {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "2\n"}},
            {"text": "Two."},
        ]
    ),
    "search": _scene([{"text": "Höhe ist hoch."}], **GROUNDED),
    "recited": _scene([{"text": "Höhe ist hoch."}], **RECITED),
    "mapped": _scene([{"text": "Höhe ist hoch."}], **MAPPED),
    "alternatives": several(),
    "file": _scene(
        [
            {"fileData": {"mimeType": "video/mp4", "fileUri": "https://example.org/film"}},
            {"inlineData": {"mimeType": "audio/wav", "data": PIXEL}},
        ],
        createTime="2026-11-21T10:00:00.123456789Z",
    ),
    "cut": _scene([{"text": "Half an ans"}], "MAX_TOKENS"),
    "filtered": _scene([{"text": "Some"}], "SAFETY"),
    "malformed": _scene(
        [{"text": "Some"}], "MALFORMED_FUNCTION_CALL", candidate={"finishMessage": "Malformed function call"}
    ),
}
"""Name → the frames of a stream, and the body of the same answer not streamed."""

COUNTED: JsonObject = {"totalTokens": 31, "cachedContentTokenCount": 4}
"""The answer of the counting address."""

BLOCKED: JsonObject = {
    "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
    "usageMetadata": {"promptTokenCount": 8, "totalTokenCount": 8},
    "modelVersion": MODEL,
    "responseId": "resp-2",
}


def error_value(code: int, status: str, text: str, *details: JsonObject) -> JsonObject:
    return {"error": {"code": code, "message": text, "status": status, "details": list(details)}}


def error_body(code: int, status: str, text: str, *details: JsonObject, wrapped: bool = False) -> bytes:
    """The body of an error response; `wrapped` in a list of one, as streams are answered."""
    value = error_value(code, status, text, *details)
    return json.dumps([value] if wrapped else value).encode()


RETRY_INFO: JsonObject = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.5s"}
BAD_KEY: JsonObject = {
    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
    "reason": "API_KEY_INVALID",
    "domain": "googleapis.com",
}


def broken(code: int, status: str, text: str) -> list[bytes]:
    """A stream into which an error falls after a few words."""
    return [*answer(["Some words"])[:-1], frame(error_value(code, status, text))]


MODELS: dict[str | None, JsonObject] = {
    None: {
        "models": [
            {
                "name": f"models/{MODEL}",
                "displayName": "Gemini 3.8 Flash",
                "inputTokenLimit": 1_048_576,
                "outputTokenLimit": 65_536,
                "supportedGenerationMethods": ["generateContent", "countTokens"],
                "thinking": True,
            },
            {"name": "models/gemini-embedding-2", "supportedGenerationMethods": ["embedContent"]},
        ],
        "nextPageToken": "page-2",
    },
    "page-2": {
        "models": [
            {
                "name": "models/gemini-2.5-flash",
                "displayName": "Gemini 2.5 Flash",
                "inputTokenLimit": 1_048_576,
                "outputTokenLimit": 65_536,
                "supportedGenerationMethods": ["generateContent"],
                "temperature": 1,
                "maxTemperature": 2,
                "topP": 0.95,
                "topK": 64,
                "thinking": True,
            }
        ]
    },
}
"""Pages of the model list by their `pageToken`."""
