"""Batch jobs as OpenAI and Anthropic take them, in memory; answers have the shapes of their SDKs' types."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from tests.loopback import anthropic, openai_responses, replies
from tests.loopback.filestorage import FileShelf
from tests.loopback.replies import Reply

if TYPE_CHECKING:
    from tests.loopback.server import Asked

_FAILED = {"error": {"message": "no", "type": "invalid_request_error", "param": None, "code": None}}


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


class BatchShelf:
    """What one server has taken. `lose_next` answers: the job is taken, and nobody told so. With `at_once` a
    job has ended when it is first asked about. `now` is the server's clock, UTC seconds."""

    def __init__(self, files: FileShelf) -> None:
        self.taken: dict[str, Taken] = {}
        self.at_once = False
        self.lose_next = 0
        self.now = 0
        self.page = 100
        self._files = files

    def finish(
        self, job: Taken, status: str = "completed", outcomes: Mapping[int, str] | None = None
    ) -> None:
        """Ends a job: "completed", "expired", "cancelled" or "failed"."""
        job.status, job.outcomes = status, dict(outcomes or {})
        if job.vendor == "openai" and status != "failed":
            lines = _openai_lines(job)
            for name, found in lines.items():
                if found:
                    data = b"\n".join(found) + b"\n"
                    kept = self._files.put("openai", data, f"{name}.jsonl", "application/jsonl",
                                           purpose="batch_output")  # fmt: skip
                    job.files[name] = kept.id

    def answer(self, asked: Asked) -> Reply | None:
        """None for what is not about batch jobs."""
        before, found, behind = asked.path.partition("/batches")
        if not found or (behind and not behind.startswith("/")):
            return None
        vendor = "anthropic" if before.endswith("/messages") else "openai"
        if not behind:
            return self._submitted(vendor, asked) if asked.method == "POST" else self._listed(vendor, asked)
        job_id, _, act = behind[1:].partition("/")
        job = self.taken.get(job_id)
        if job is None or job.vendor != vendor:
            missing = anthropic.error_body("not_found_error", "no such batch")
            return replies.data(missing if vendor == "anthropic" else _FAILED, 404)
        if act == "cancel":
            job.status = "cancelling" if job.status == "working" else job.status
        elif act == "results":
            return Reply([_anthropic_lines(job)], 200, {"content-type": "application/x-jsonl"})
        elif self.at_once and job.status == "working":
            self.finish(job)
        return replies.data(_told(job))

    def _submitted(self, vendor: str, asked: Asked) -> Reply:
        told = asked.json
        if vendor == "anthropic":
            requests = told["requests"]
        else:
            lines = self._files.kept["openai"][told["input_file_id"]].data.splitlines()
            requests = [json.loads(line) for line in lines]
        number = len(self.taken) + 1
        prefix = "msgbatch" if vendor == "anthropic" else "batch"
        job = Taken(f"{prefix}_{number:03}", vendor, requests, told, self.now + number)
        self.taken[job.id] = job
        if self.lose_next:
            self.lose_next -= 1
            return Reply(never=True)
        return replies.data(_told(job))

    def _listed(self, vendor: str, asked: Asked) -> Reply:
        query = parse_qs(urlsplit(asked.target).query)
        jobs = [job for job in reversed(self.taken.values()) if job.vendor == vendor]
        token = "after_id" if vendor == "anthropic" else "after"
        after = query.get(token, [""])[0]
        start = next((place + 1 for place, job in enumerate(jobs) if job.id == after), 0)
        shown = jobs[start : start + self.page]
        return replies.data({
            "object": "list", "data": [_told(job) for job in shown],
            "has_more": start + self.page < len(jobs),
            "first_id": shown[0].id if shown else None, "last_id": shown[-1].id if shown else None,
        })  # fmt: skip


def _told(job: Taken) -> dict[str, Any]:
    return _anthropic(job) if job.vendor == "anthropic" else _openai(job)


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
            line["response"] = {"status_code": 400, "request_id": "q", "body": _FAILED}
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


def _anthropic_lines(job: Taken) -> bytes:
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
