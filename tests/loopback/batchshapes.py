"""Jobs and results as four vendors tell them; answers have the shapes of their SDKs' types."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.loopback import anthropic, gemini, mistral, openai_responses

FAILED = {"error": {"message": "no", "type": "invalid_request_error", "param": None, "code": None}}
_ENDED = ("completed", "expired", "cancelled")


@dataclass
class Taken:
    """A job that came. `outcomes` says what becomes of the requests at a place ("failed", "expired",
    "cancelled", "lost"); all others are answered with what they asked."""

    id: str
    vendor: str
    requests: list[dict[str, Any]]
    told: dict[str, Any]
    created: int
    status: str = "working"
    outcomes: Mapping[int, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    why: str = ""

    def counted(self, outcome: str) -> int:
        if self.status in ("working", "cancelling"):
            return 0
        found = [self.outcomes.get(place, "answered") for place in range(len(self.requests))]
        return found.count(outcome)


def told(job: Taken) -> dict[str, Any]:
    """The job as its vendor tells it."""
    return _TOLD[job.vendor](job)


def files_of(job: Taken) -> dict[str, list[bytes]]:
    """The lines of its files of results, by what they are called here."""
    return _FILES[job.vendor](job)


def outcome_of(job: Taken, place: int) -> str:
    return job.outcomes.get(place, "answered")


def _openai(job: Taken) -> dict[str, Any]:
    status = {"working": "in_progress"}.get(job.status, job.status)
    undone = job.counted("failed") + job.counted("expired")
    errors = {"object": "list", "data": [{"code": "invalid", "message": job.why}]} if job.why else None
    return {
        "id": job.id, "object": "batch", "completion_window": "24h", "created_at": job.created,
        "endpoint": job.told["endpoint"], "input_file_id": job.told["input_file_id"], "status": status,
        "metadata": job.told.get("metadata"), "errors": errors,
        "output_file_id": job.files.get("output"), "error_file_id": job.files.get("errors"),
        "request_counts": {
            "total": len(job.requests), "completed": job.counted("answered"), "failed": undone
        },
    }  # fmt: skip


def _openai_lines(job: Taken) -> dict[str, list[bytes]]:
    """Newest first: the order is nobody's promise."""
    lines: dict[str, list[bytes]] = {"output": [], "errors": []}
    for place, request in reversed(list(enumerate(job.requests))):
        outcome = job.outcomes.get(place, "answered")
        line: dict[str, Any] = {"id": f"r{place}", "custom_id": request["custom_id"], "response": None,
                                "error": None}  # fmt: skip
        if outcome == "answered":
            asked = request["body"]["input"][-1]["content"]
            said = asked if isinstance(asked, str) else asked[0]["text"]
            body = openai_responses.response([openai_responses.message(openai_responses.said(said))])
            line["response"] = {"status_code": 200, "request_id": "q", "body": body}
        elif outcome == "failed":
            line["response"] = {"status_code": 400, "request_id": "q", "body": FAILED}
        else:
            line["error"] = {"code": f"batch_{outcome}", "message": "not executed"}
        if outcome != "lost":
            lines["output" if outcome == "answered" else "errors"].append(json.dumps(line).encode())
    return lines


def _anthropic(job: Taken) -> dict[str, Any]:
    status = {"working": "in_progress", "cancelling": "canceling"}.get(job.status, "ended")
    counts = {name: job.counted(ours) for name, ours in (
        ("succeeded", "answered"), ("errored", "failed"), ("expired", "expired"), ("canceled", "cancelled")
    )}  # fmt: skip
    return {
        "id": job.id, "type": "message_batch", "processing_status": status,
        "created_at": _iso(job.created), "expires_at": _iso(job.created + 86_400),
        "ended_at": _iso(job.created + 60) if status == "ended" else None,
        "archived_at": None, "cancel_initiated_at": None,
        "results_url": f"https://api.anthropic.com/v1/messages/batches/{job.id}/results"
        if status == "ended" else None,
        "request_counts": {"processing": len(job.requests) if status != "ended" else 0, **counts},
    }  # fmt: skip


def anthropic_lines(job: Taken) -> bytes:
    lines: list[bytes] = []
    for place, request in reversed(list(enumerate(job.requests))):
        outcome = job.outcomes.get(place, "answered")
        result: dict[str, Any] = {
            "type": {"cancelled": "canceled", "failed": "errored"}.get(outcome, outcome)
        }
        if outcome == "answered":
            asked = request["params"]["messages"][-1]["content"]
            said = asked if isinstance(asked, str) else asked[0]["text"]
            result = {"type": "succeeded", "message": anthropic.message([{"type": "text", "text": said,
                                                                          "citations": None}])}  # fmt: skip
        elif outcome == "failed":
            result["error"] = json.loads(anthropic.error_body("invalid_request_error", "no"))
        if outcome != "lost":
            lines.append(json.dumps({"custom_id": request["custom_id"], "result": result}).encode())
    return b"\n".join(lines) + b"\n"


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def _mistral(job: Taken) -> dict[str, Any]:
    states = {"working": "RUNNING", "cancelling": "CANCELLATION_REQUESTED", "completed": "SUCCESS",
              "expired": "TIMEOUT_EXCEEDED"}  # fmt: skip
    done, failed = job.counted("answered"), job.counted("failed")
    return {
        "id": job.id, "object": "batch", "input_files": job.told["input_files"],
        "endpoint": job.told["endpoint"], "model": job.told["model"], "metadata": job.told["metadata"],
        "status": states.get(job.status, job.status.upper()), "created_at": job.created,
        "total_requests": len(job.requests), "completed_requests": done + failed,
        "succeeded_requests": done, "failed_requests": failed,
        "output_file": job.files.get("output"), "error_file": job.files.get("errors"),
        "errors": [{"message": job.why, "count": 1}] if job.why else [],
    }  # fmt: skip


def _mistral_files(job: Taken) -> dict[str, list[bytes]]:
    """What was not come to in time stands in no file."""
    lines: dict[str, list[bytes]] = {"output": [], "errors": []}
    for place, request in reversed(list(enumerate(job.requests))):
        outcome = outcome_of(job, place)
        line: dict[str, Any] = {"id": f"r{place}", "custom_id": request["custom_id"], "response": None,
                                "error": None}  # fmt: skip
        if outcome == "answered":
            said = _words(request["body"]["messages"][-1]["content"])
            choice = {"index": 0, "message": {"role": "assistant", "content": said}, "finish_reason": "stop"}
            line["response"] = {"status_code": 200, "body": mistral.message([choice])}
            lines["output"].append(json.dumps(line).encode())
        elif outcome == "failed":
            line["response"] = {"status_code": 400, "body": json.loads(mistral.error_body("3051", "no"))}
            lines["errors"].append(json.dumps(line).encode())
        elif outcome == "refused":
            line["error"] = "no reason"
            lines["errors"].append(json.dumps(line).encode())
    return lines


def _gemini(job: Taken) -> dict[str, Any]:
    state = {"working": "RUNNING", "cancelling": "RUNNING", "completed": "SUCCEEDED"}
    output: dict[str, Any] = {}
    if job.status in _ENDED and "fileName" in job.told["batch"]["inputConfig"]:
        output = {"responsesFile": job.files["output"]} if "output" in job.files else {}
    elif job.status in _ENDED:
        output = {"inlinedResponses": {"inlinedResponses": [_inline(line) for line in _gemini_results(job)]}}
    about = {
        "@type": "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch",
        "name": job.id, "model": job.told["model"], "displayName": job.told["batch"]["displayName"],
        "createTime": _iso(job.created), "updateTime": _iso(job.created),
        "state": f"BATCH_STATE_{state.get(job.status, job.status.upper())}",
        "batchStats": {
            "requestCount": str(len(job.requests)), "successfulRequestCount": str(job.counted("answered")),
            "failedRequestCount": str(job.counted("failed")),
        },
        **({"output": output} if output else {}),
    }  # fmt: skip
    error = {"error": {"code": 13, "message": job.why}} if job.why else {}
    return {
        "name": job.id,
        "metadata": about,
        **({"done": True} if job.status in (*_ENDED, "failed") else {}),
        **error,
    }


def _gemini_results(job: Taken) -> list[dict[str, Any]]:
    """In the order of the requests, as the reference promises."""
    found: list[dict[str, Any]] = []
    for place, request in enumerate(job.requests):
        outcome = outcome_of(job, place)
        if outcome == "answered":
            said = request["request"]["contents"][-1]["parts"][0]["text"]
            found.append({"key": request["key"], "response": gemini.chunk([{"text": said}], "STOP")})
        elif outcome in ("failed", "cancelled"):
            code, text = (3, "no") if outcome == "failed" else (1, "cancelled")
            found.append({"key": request["key"], "error": {"code": code, "message": text}})
    return found


def _inline(line: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"key": line["key"]}, **{name: line[name] for name in line if name != "key"}}


def _gemini_files(job: Taken) -> dict[str, list[bytes]]:
    if "fileName" not in job.told["batch"]["inputConfig"]:
        return {}
    return {"output": [json.dumps(line).encode() for line in _gemini_results(job)]}


def _words(content: Any) -> str:
    return str(content if isinstance(content, str) else content[0]["text"])


_TOLD: dict[str, Callable[[Taken], dict[str, Any]]] = {
    "openai": _openai, "anthropic": _anthropic, "gemini": _gemini, "mistral": _mistral,
}  # fmt: skip
_FILES: dict[str, Callable[[Taken], dict[str, list[bytes]]]] = {
    "openai": _openai_lines, "anthropic": lambda job: {}, "gemini": _gemini_files, "mistral": _mistral_files,
}  # fmt: skip
