"""`chatbench jobs`, from a file of prompts to the answers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.harness.program import Ran
from tests.loopback.server import LoopbackServer

from chatbench.cli.command import main
from chatbench.main import build

Run = Callable[..., Ran]
VENDORS = {"loop": "openai_responses", "claude": "anthropic", "google": "gemini", "mistralai": "mistral"}
PLAN = """
name = "tides"
batch = true
models = ["claude/m", "plain/m"]
[[prompts]]
text = "Say {{n}}"
[data]
rows = [{ n = "one" }, { n = "two" }]
"""


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in this process."""

    def run_it(*arguments: str) -> Ran:
        code = main(arguments, build)
        return Ran(code, *capsys.readouterr())

    return run_it


@pytest.fixture
def prompts(home: Path, server: LoopbackServer) -> Path:
    """Three of them, and on this computer OpenAI as `loop`, the others by their names."""
    server.batches.now = int(time.time())
    folder = home / "profile" / "providers"
    folder.mkdir(parents=True)
    for name, wire in VENDORS.items():
        version = 'api_version = "v1beta"\n' if wire == "gemini" else ""
        (folder / f"{name}.toml").write_text(
            f'id = "{name}"\nname = "{name}"\nwire = "{wire}"\nauth = "none"\n'
            f'base_url = "{server.base_url(wire)}"\nmodels = ["m"]\n'
            f"[quirks]\nfile_storage = true\nbatch_jobs = true\n{version}",
            encoding="utf-8",
        )
    (folder / "plain.toml").write_text(
        'id = "plain"\nname = "plain"\nwire = "openai_chat"\nauth = "none"\n'
        f'base_url = "{server.base_url("openai_chat")}"\nmodels = ["m"]\n',
        encoding="utf-8",
    )
    path = home / "prompts.jsonl"
    path.write_text('{"prompt": "one", "id": "a"}\n\n{"prompt": "two"}\n{"prompt": "three"}\n')
    return path


def test_a_job_is_submitted_listed_waited_for_completed_and_written(
    run: Run, server: LoopbackServer, prompts: Path, home: Path
) -> None:
    assert run("jobs", "list").err.startswith("No batch jobs yet")
    job = run("jobs", "submit", str(prompts), "-m", "loop/m", "-s", "Be brief", "--json").json
    assert (job["state"], job["total"], job["due"], job["name"]) == ("open", 3, 3, "prompts.jsonl")
    (taken,) = server.batches.taken.values()
    assert job["pieces"][0]["id"] == taken.id
    assert taken.requests[0]["body"]["instructions"] == "Be brief"
    assert run("jobs", "results", job["id"]).out == ""
    server.batches.finish(taken, outcomes={1: "failed"})
    waited = run("jobs", "wait", job["id"][:20])
    assert waited.code == 1
    assert "2/3, 1 failed" in waited.out
    server.batches.at_once = True
    assert run("jobs", "again", job["id"]).code == 0
    assert run("jobs", "wait", job["id"]).code == 0
    out = home / "answers.jsonl"
    assert run("jobs", "results", job["id"], "--out", str(out)).code == 0
    told = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [(one["id"], one["text"], one["error"]) for one in told] == [
        ("a", "one", None), ("3", "two", None), ("4", "three", None),
    ]  # fmt: skip
    assert run("jobs", "results", job["id"], "--out", str(out)).code == 2
    assert "ended     3/3" in run("jobs", "list").out
    (listed,) = run("jobs", "list", "--json").json
    assert (listed["answered"], listed["unpriced"]) == (3, 3)


@pytest.mark.parametrize("vendor", list(VENDORS))
def test_every_vendor_takes_jobs_waits_lists_and_cancels(
    run: Run, server: LoopbackServer, prompts: Path, vendor: str
) -> None:
    first = run("jobs", "submit", str(prompts), "-m", f"{vendor}/m", "--json").json
    second = run("jobs", "submit", str(prompts), "-m", f"{vendor}/m", "--json").json
    taken, other = server.batches.taken.values()
    assert [one["pieces"][0]["id"] for one in (first, second)] == [taken.id, other.id]
    server.batches.finish(taken)
    assert run("jobs", "wait", first["id"]).code == 0
    results = run("jobs", "results", first["id"]).out.splitlines()
    assert [json.loads(line)["text"] for line in results] == ["one", "two", "three"]
    assert run("jobs", "cancel", second["id"]).code == 0
    assert other.status == "cancelling"
    server.batches.finish(other, "cancelled", dict.fromkeys(range(3), "cancelled"))
    assert run("jobs", "wait", second["id"]).code == 1
    assert [(one["state"], one["answered"]) for one in run("jobs", "list", "--json").json] == [
        ("cancelled", 0), ("ended", 3),
    ]  # fmt: skip


def test_a_plan_goes_by_jobs_where_it_says_so(
    run: Run, server: LoopbackServer, prompts: Path, home: Path
) -> None:
    plan = home / "plan.toml"
    plan.write_text(PLAN, encoding="utf-8")
    server.batches.at_once = True
    forecast = run("run", str(plan), "--check")
    assert "Note: plain/m takes no batch jobs: it is asked as usual." in forecast.out
    ended = run("run", str(plan))
    assert ended.code == 0, ended.err
    assert [len(job.requests) for job in server.batches.taken.values()] == [2]
    assert "4 of 4 cells answered" in ended.out
    (job,) = run("jobs", "list", "--json").json
    assert (job["name"], job["collected"]) == ("Run 1, tides", True)


def test_a_job_is_cancelled(run: Run, server: LoopbackServer, prompts: Path) -> None:
    job = run("jobs", "submit", str(prompts), "-m", "loop/m", "--json").json
    assert run("jobs", "cancel", job["id"]).code == 0
    (taken,) = server.batches.taken.values()
    assert taken.status == "cancelling"
    server.batches.finish(taken, "cancelled", dict.fromkeys(range(3), "cancelled"))
    assert run("jobs", "wait", job["id"]).code == 1
    assert "cancelled 0/3, 3 cancelled" in run("jobs", "list").out


def test_what_is_wrong_is_said(run: Run, server: LoopbackServer, prompts: Path) -> None:
    prompts.write_text('{"prompt": "one"}\n{"prompt": 3}\n')
    refused = run("jobs", "submit", str(prompts), "-m", "loop/m")
    assert refused.code == 1
    assert "prompts.jsonl, line 2" in refused.err
    assert server.asked == []
    unknown = run("jobs", "wait", "0123456")
    assert unknown.code == 1
    assert "no batch job" in unknown.err
