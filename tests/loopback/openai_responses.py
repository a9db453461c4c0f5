"""What OpenAI's Responses interface answers: streams as frames, and the same answers whole.

Shapes from openai 3.52.0, `types/responses/`; the contract tests hold them against those types.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from typing import Any

JsonObject = dict[str, Any]
MODEL = "gpt-6-sol"
USAGE: JsonObject = {
    "input_tokens": 90,
    "input_tokens_details": {
        "cached_tokens": 40,
        "cache_write_tokens": 30,
        "cache_write_tokens_details": {"ttl_30m_tokens": 10, "ttl_12h_tokens": 20},
    },
    "output_tokens": 25,
    "output_tokens_details": {"reasoning_tokens": 12},
    "total_tokens": 115,
}


class Transcript:
    """Collects the frames of one stream, numbering its events."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []

    def add(self, kind: str, **fields: Any) -> None:
        data = {"type": kind, **fields, "sequence_number": len(self.frames)}
        self.frames.append(f"event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode())


def response(
    output: Sequence[JsonObject], status: str = "completed", *, model: str = MODEL, **more: Any
) -> JsonObject:
    """A response object as it stands in the first and last events, and alone as a whole answer."""
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1_790_000_000,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": model,
        "output": list(output),
        "parallel_tool_calls": True,
        "temperature": None,
        "tool_choice": "auto",
        "tools": [],
        "top_p": None,
        "usage": USAGE if status != "in_progress" else None,
        **more,
    }


def message(*content: JsonObject, **more: Any) -> JsonObject:
    return {
        "id": "msg_1",
        "type": "message",
        "status": "completed",
        "role": "assistant",
        "content": list(content),
        **more,
    }


def said(text: str, *annotations: JsonObject, logprobs: Sequence[JsonObject] = ()) -> JsonObject:
    return {
        "type": "output_text",
        "text": text,
        "annotations": list(annotations),
        "logprobs": list(logprobs),
    }


def weighed(token: str, logprob: float, *others: tuple[str, float]) -> JsonObject:
    """A token with its probability, and the likeliest in its place."""
    told = [{"token": name, "logprob": value, "bytes": list(name.encode())} for name, value in others]
    return {"token": token, "logprob": logprob, "bytes": list(token.encode()), "top_logprobs": told}


def reasoned(*summaries: str) -> JsonObject:
    return {
        "id": "rs_1",
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": text} for text in summaries],
        "encrypted_content": "gAAAAB-encrypted",
    }


CALL: JsonObject = {
    "id": "fc_1",
    "type": "function_call",
    "status": "completed",
    "call_id": "call_1",
    "name": "clock",
    "arguments": '{"zone": "UTC"}',
}
SEARCH: JsonObject = {
    "id": "ws_1",
    "type": "web_search_call",
    "status": "completed",
    "action": {"type": "search", "query": "peaks", "queries": ["peaks"]},
}
NO_PICTURES: JsonObject = {
    "input_tokens": 0,
    "input_tokens_details": {"image_tokens": 0, "text_tokens": 0},
    "output_tokens": 0,
    "total_tokens": 0,
}
CITED: JsonObject = {
    "type": "url_citation",
    "url": "https://example.org/a",
    "title": "Peaks",
    "start_index": 0,
    "end_index": 5,
}


def stream(items: Sequence[JsonObject], end: str = "completed", **more: Any) -> list[bytes]:
    """The frames of a stream that tells `items` piece by piece and ends with `response.{end}`."""
    script = Transcript()
    script.add("response.created", response=response((), "in_progress"))
    script.add("response.in_progress", response=response((), "in_progress"))
    for number, item in enumerate(items):
        _tell(script, number, item)
    script.add(f"response.{end}", response=response(items, end, **more))
    return script.frames


_EMPTY: dict[str, JsonObject] = {
    "message": {"content": []},
    "function_call": {"arguments": ""},
    "custom_tool_call": {"input": ""},
    "image_generation_call": {"result": None},
    "reasoning": {"summary": [], "encrypted_content": None},
}
"""What an item lacks when it begins."""


def _tell(script: Transcript, number: int, item: JsonObject) -> None:
    kind = item["type"]
    begun = {**item, **_EMPTY.get(kind, {})}
    if "status" in item:
        begun["status"] = "in_progress"
    script.add("response.output_item.added", output_index=number, item=begun)
    place = {"item_id": item["id"], "output_index": number}
    if kind == "message":
        for position, content in enumerate(item["content"]):
            _tell_content(script, {**place, "content_index": position}, content)
    elif kind == "reasoning":
        for position, summary in enumerate(item["summary"]):
            _tell_summary(script, {**place, "summary_index": position}, summary)
    else:
        _tell_call(script, kind, place, item)
    script.add("response.output_item.done", output_index=number, item=item)


def _tell_summary(script: Transcript, where: JsonObject, summary: JsonObject) -> None:
    blank = {"type": "summary_text", "text": ""}
    script.add("response.reasoning_summary_part.added", **where, part=blank)
    for piece in _pieces(summary["text"]):
        script.add("response.reasoning_summary_text.delta", **where, delta=piece)
    script.add("response.reasoning_summary_text.done", **where, text=summary["text"])
    script.add("response.reasoning_summary_part.done", **where, part=summary)


def _tell_call(script: Transcript, kind: str, place: JsonObject, item: JsonObject) -> None:
    if kind == "function_call":
        text = item["arguments"]
        for piece in _pieces(text):
            script.add("response.function_call_arguments.delta", **place, delta=piece)
        script.add("response.function_call_arguments.done", **place, name=item["name"], arguments=text)
    elif kind == "custom_tool_call":
        for piece in _pieces(item["input"]):
            script.add("response.custom_tool_call_input.delta", **place, delta=piece)
        script.add("response.custom_tool_call_input.done", **place, input=item["input"])
    else:
        steps = {"image_generation_call": "generating", "web_search_call": "searching"}
        for step in ("in_progress", steps[kind], "completed"):
            script.add(f"response.{kind}.{step}", **place)


def _tell_content(script: Transcript, where: JsonObject, content: JsonObject) -> None:
    if content["type"] == "refusal":
        script.add("response.content_part.added", **where, part={"type": "refusal", "refusal": ""})
        for piece in _pieces(content["refusal"]):
            script.add("response.refusal.delta", **where, delta=piece)
        script.add("response.refusal.done", **where, refusal=content["refusal"])
    else:
        script.add("response.content_part.added", **where, part=said(""))
        for token in content["logprobs"]:
            told = {name: value for name, value in token.items() if name != "bytes"}
            script.add("response.output_text.delta", **where, delta=token["token"], logprobs=[told])
        for piece in _pieces(content["text"]) if not content["logprobs"] else ():
            script.add("response.output_text.delta", **where, delta=piece, logprobs=[])
        for position, annotation in enumerate(content["annotations"]):
            script.add(
                "response.output_text.annotation.added",
                **where,
                annotation_index=position,
                annotation=annotation,
            )
        script.add("response.output_text.done", **where, text=content["text"], logprobs=[])
    script.add("response.content_part.done", **where, part=content)


def _pieces(text: str, size: int = 4) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


def answer(pieces: Iterable[str], thinking: Iterable[str] = (), model: str = MODEL) -> list[bytes]:
    """The frames of a plain answer whose words come exactly in these pieces."""
    words, thoughts = list(pieces), list(thinking)
    script = Transcript()
    script.add("response.created", response=response((), "in_progress", model=model))
    items: list[JsonObject] = []
    if thoughts:
        item = reasoned("".join(thoughts))
        items.append(item)
        place = {"item_id": "rs_1", "output_index": 0, "summary_index": 0}
        script.add("response.output_item.added", output_index=0, item={**item, "summary": []})
        for piece in thoughts:
            script.add("response.reasoning_summary_text.delta", **place, delta=piece)
        script.add("response.output_item.done", output_index=0, item=item)
    number = len(items)
    spot = {"item_id": "msg_1", "output_index": number, "content_index": 0}
    script.add("response.output_item.added", output_index=number, item=message())
    script.add("response.content_part.added", **spot, part=said(""))
    for piece in words:
        script.add("response.output_text.delta", **spot, delta=piece, logprobs=[])
    items.append(message(said("".join(words))))
    script.add("response.output_item.done", output_index=number, item=items[-1])
    script.add("response.completed", response=response(items, model=model))
    return script.frames


def _scene(
    items: Sequence[JsonObject], end: str = "completed", **more: Any
) -> tuple[list[bytes], JsonObject]:
    return stream(items, end, **more), response(items, end, **more)


LIKELY = (weighed("Yes", -0.1, ("Yes", -0.1), ("No", -2.5)), weighed(".", -0.002, (".", -0.002)))
SQL: JsonObject = {
    "id": "ctc_1",
    "type": "custom_tool_call",
    "call_id": "call_2",
    "name": "sql",
    "input": "SELECT 1",
}
DRAWN: JsonObject = {
    "id": "ig_1",
    "type": "image_generation_call",
    "status": "completed",
    "output_format": "webp",
    "result": base64.b64encode(b"RIFF....WEBP").decode(),
}
FILED: JsonObject = {"type": "file_citation", "file_id": "file-1", "filename": "peaks.pdf", "index": 5}

SCENES: dict[str, tuple[list[bytes], JsonObject]] = {
    "text": _scene([message(said("Hello, wörld – 世界 \u2028 done."))]),
    "thinking": _scene([reasoned("**First** look.", "Then answer."), message(said("Forty-two."))]),
    "tool": _scene([reasoned(), CALL]),
    "search": _scene(
        [SEARCH, message(said("Peaks are high.", CITED), phase="final_answer")],
        tool_usage={"web_search": {"num_requests": 2}, "image_gen": NO_PICTURES},
    ),
    "likely": _scene([message(said("Yes.", logprobs=LIKELY))], service_tier="flex"),
    "custom tool": _scene([reasoned(), SQL]),
    "picture": _scene([DRAWN, message(said("Here it is."))]),
    "files": _scene([message(said("Peaks are high.", FILED))]),
    "refusal": _scene([message({"type": "refusal", "refusal": "I cannot help with that."})]),
    "cut": _scene(
        [message(said("Half an ans"), status="incomplete")],
        "incomplete",
        incomplete_details={"reason": "max_output_tokens"},
    ),
    "filtered": _scene(
        [message(said("Some"), status="incomplete")],
        "incomplete",
        incomplete_details={"reason": "content_filter"},
    ),
}
"""Name → the frames of a stream, and the body of the same answer not streamed."""


def failed(code: str, text: str) -> list[bytes]:
    """A stream that ends in `response.failed` after a few words."""
    script = Transcript()
    script.frames.extend(answer(["Some words"])[:-2])
    script.add("response.failed", response=response((), "failed", error={"code": code, "message": text}))
    return script.frames


def broken(code: str, text: str) -> list[bytes]:
    """A stream into which a top-level error event falls."""
    script = Transcript()
    script.frames.extend(answer(["Some words"])[:-2])
    script.add("error", code=code, message=text, param=None)
    return script.frames


def error_body(code: str | None, kind: str, text: str, param: str | None = None) -> bytes:
    """The body of an error response."""
    return json.dumps({"error": {"message": text, "type": kind, "param": param, "code": code}}).encode()


MODELS: JsonObject = {
    "object": "list",
    "data": [
        {"id": MODEL, "object": "model", "created": 1_780_000_000, "owned_by": "openai"},
        {
            "id": "o3",
            "object": "model",
            "created": 1_740_000_000,
            "owned_by": "openai",
            "shutdown_date": "2026-12-11",
        },
        {"id": "text-embedding-3-small", "object": "model", "created": 1, "owned_by": "openai"},
    ],
}
