"""Batch jobs as OpenAI, Anthropic, Gemini and Mistral take them, in memory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from tests.loopback import anthropic, gemini, mistral, replies
from tests.loopback.batchshapes import FAILED, Taken, anthropic_lines, files_of, told
from tests.loopback.filestorage import FileShelf
from tests.loopback.replies import Reply

if TYPE_CHECKING:
    from tests.loopback.server import Asked

__all__ = ["BatchShelf", "Taken"]
_PREFIXES = {"openai": "batch_", "anthropic": "msgbatch_", "gemini": "batches/", "mistral": "job-"}


class BatchShelf:
    """What one server has taken. `lose_next` answers: the job is taken, and nobody told so. With `at_once` a
    job has ended when it is first asked about. `now` is the server's clock, UTC seconds; Gemini's jobs may be
    told `oldest_first`."""

    def __init__(self, files: FileShelf) -> None:
        self.taken: dict[str, Taken] = {}
        self.at_once = False
        self.lose_next = 0
        self.now = 0
        self.page = 100
        self.oldest_first = False
        self._files = files

    def finish(
        self, job: Taken, status: str = "completed", outcomes: Mapping[int, str] | None = None
    ) -> None:
        """Ends a job: "completed", "expired", "cancelled" or "failed"."""
        job.status, job.outcomes = status, dict(outcomes or {})
        if status == "failed":
            return
        for name, found in files_of(job).items():
            if found:
                data = b"\n".join(found) + b"\n"
                kept = self._files.put(job.vendor, data, f"{name}.jsonl", "application/jsonl",
                                       purpose="batch_output")  # fmt: skip
                job.files[name] = kept.id

    def answer(self, asked: Asked) -> Reply | None:
        """None for what is not about batch jobs."""
        found = _vendor_and_rest(asked.path)
        if found is None:
            return None
        vendor, rest = found
        if not rest:
            return self._submitted(vendor, asked) if asked.method == "POST" else self._listed(vendor, asked)
        prefix = "batches/" if vendor == "gemini" else ""
        job_id, _, act = rest.replace(":", "/").partition("/")
        job = self.taken.get(prefix + job_id)
        if job is None or job.vendor != vendor:
            return replies.data(_missing(vendor), 404)
        if act == "cancel":
            job.status = "cancelling" if job.status == "working" else job.status
            if vendor == "gemini":
                return replies.data({})
        elif act == "results":
            return Reply([anthropic_lines(job)], 200, {"content-type": "application/x-jsonl"})
        elif self.at_once and job.status == "working":
            self.finish(job)
        return replies.data(told(job))

    def _submitted(self, vendor: str, asked: Asked) -> Reply:
        wanted = asked.json
        if vendor == "gemini":
            wanted["model"] = asked.path.rpartition("/v1beta/")[2].partition(":")[0]
        number = len(self.taken) + 1
        requests = self._requests(vendor, wanted)
        job = Taken(f"{_PREFIXES[vendor]}{number:03}", vendor, requests, wanted, self.now + number)
        self.taken[job.id] = job
        if self.lose_next:
            self.lose_next -= 1
            return Reply(never=True)
        return replies.data(told(job))

    def _requests(self, vendor: str, wanted: dict[str, Any]) -> list[dict[str, Any]]:
        if vendor == "anthropic":
            return list(wanted["requests"])
        source = wanted["batch"]["inputConfig"] if vendor == "gemini" else {}
        if "requests" in source:
            return [{"key": one["metadata"]["key"], "request": one["request"]}
                    for one in source["requests"]["requests"]]  # fmt: skip
        file_id = {"gemini": lambda: source["fileName"], "mistral": lambda: wanted["input_files"][0]}.get(
            vendor, lambda: wanted["input_file_id"]
        )()
        return [json.loads(line) for line in self._files.kept[vendor][file_id].data.splitlines()]

    def _listed(self, vendor: str, asked: Asked) -> Reply:
        query = parse_qs(urlsplit(asked.target).query)
        jobs = [job for job in reversed(self.taken.values()) if job.vendor == vendor]
        if vendor == "mistral":
            size = int(query["page_size"][0])
            start = int(query["page"][0]) * size
            shown = [told(job) for job in jobs[start : start + size]]
            return replies.data({"object": "list", "total": len(jobs), "data": shown})
        if vendor == "gemini" and self.oldest_first:
            jobs.reverse()
        token = {"anthropic": "after_id", "gemini": "pageToken"}.get(vendor, "after")
        after = query.get(token, [""])[0]
        start = next((place + 1 for place, job in enumerate(jobs) if job.id == after), 0)
        page = jobs[start : start + self.page]
        more = start + self.page < len(jobs)
        if vendor == "gemini":
            following = {"nextPageToken": page[-1].id} if more else {}
            return replies.data({"operations": [told(job) for job in page], **following})
        return replies.data({
            "object": "list", "data": [told(job) for job in page], "has_more": more,
            "first_id": page[0].id if page else None, "last_id": page[-1].id if page else None,
        })  # fmt: skip


def _vendor_and_rest(path: str) -> tuple[str, str] | None:
    """Whose job it is about, and what stands behind the list of jobs."""
    if path.endswith(":batchGenerateContent"):
        return "gemini", ""
    for vendor, root in (("mistral", "/mistral/v1/batch/jobs"), ("gemini", "/v1beta/batches"),
                         ("anthropic", "/v1/messages/batches"), ("openai", "/v1/batches")):  # fmt: skip
        if path == root or path.startswith(f"{root}/"):
            return vendor, path[len(root) + 1 :]
    return None


def _missing(vendor: str) -> Any:
    missing: dict[str, Any] = {
        "anthropic": anthropic.error_body("not_found_error", "no such batch"),
        "gemini": gemini.error_body(404, "NOT_FOUND", "no such batch"),
        "mistral": mistral.error_body("2002", "no such job"),
    }
    return missing.get(vendor, FAILED)
