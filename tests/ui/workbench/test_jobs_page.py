"""Batch jobs in the window: how they stand, what they cost, looked at, cancelled, asked again, written."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from tests.client.conftest import endpoint_at
from tests.loopback.server import LoopbackServer
from tests.ui.workbench.section_kit import Opened

from chatbench.core.endpoints import Quirks
from chatbench.core.jobs import Job, JobPiece
from chatbench.core.messages import user
from chatbench.core.models import ModelRef
from chatbench.core.requests import Request
from chatbench.services import Services
from chatbench.ui.workbench.jobs.card import JobCard, job_state, job_words
from chatbench.ui.workbench.jobs.page import JobsPage

Runner = Callable[[Coroutine[Any, Any, Any]], Any]
Do = Callable[[Callable[[], object]], None]


@pytest.fixture
def job(services: Services, server: LoopbackServer, run_async: Runner) -> Job:
    """Three questions that a provider has."""
    server.batches.now = int(time.time())
    quirks = Quirks(file_storage=True, batch_jobs=True)
    services.endpoints.save(endpoint_at(server, "openai_responses", id="loop", quirks=quirks))
    requests = [
        (str(at), Request(model=ModelRef("loop", "m"), messages=(user(f"q{at}"),))) for at in range(3)
    ]
    return run_async(services.jobs.submit(requests, name="Tickets"))  # type: ignore[no-any-return]


@pytest.fixture
def page(opened: Opened, job: Job, do: Do) -> JobsPage:
    do(opened.workbench.show)
    do(lambda: opened.pane.open("page:jobs"))
    found = opened.pane.current_view()
    assert isinstance(found, JobsPage)
    return found


def offered(card: JobCard) -> list[str]:
    return [button.label() for button in card.buttons() if not button.isHidden()]


def test_a_job_is_followed_to_its_end_and_its_answers_written(
    page: JobsPage,
    opened: Opened,
    job: Job,
    server: LoopbackServer,
    run_async: Runner,
    do: Do,
    tmp_path: Path,
) -> None:
    card = page.cards[job.id]
    assert card.fact.text() == "0 of 3 answered · sent today · loop/m"
    assert offered(card) == ["Look now", "Cancel it"]
    (taken,) = server.batches.taken.values()
    server.batches.finish(taken, outcomes={1: "failed"})
    do(card.look.click)
    assert card.fact.text().startswith("2 of 3 answered · 1 failed · ")
    assert offered(card) == ["Save the answers…", "Ask the missing again"]
    path = tmp_path / "answers.jsonl"
    run_async(page.write(job.id, path))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(one["id"], one["error"] is None) for one in lines] == [("0", True), ("1", False), ("2", True)]
    assert opened.pane.window_.notices.shown()[-1].text == "3 answers are written to answers.jsonl."
    do(card.again.click)
    assert offered(card) == ["Look now", "Save the answers…", "Cancel it"]


def test_a_job_is_cancelled(page: JobsPage, job: Job, server: LoopbackServer, do: Do) -> None:
    card = page.cards[job.id]
    do(card.cancel.click)
    (taken,) = server.batches.taken.values()
    assert taken.status != "in_progress"
    assert "Cancel it" not in offered(card)


def test_jobs_are_looked_at_when_they_come_into_view(
    page: JobsPage, opened: Opened, job: Job, server: LoopbackServer, do: Do
) -> None:
    (taken,) = server.batches.taken.values()
    server.batches.finish(taken)
    page.hide()
    do(page.show)
    assert page.cards[job.id].fact.text().startswith("3 of 3 answered")


def test_what_goes_wrong_stands_at_the_job(page: JobsPage, job: Job, server: LoopbackServer, do: Do) -> None:
    card = page.cards[job.id]
    server.batches.taken.clear()
    do(card.cancel.click)
    assert card.problem.text()
    assert not card.look.busy


def test_how_a_job_stands_in_words() -> None:
    piece = JobPiece(id="p", job_id="j", provider="loop", model="m", state="working", finished=4)
    job = Job(
        id="j", total=10, answered=3, failed=1, expired=1, cost="0.02", unpriced=1, pieces=(piece,),
        source="run:r",
    )  # fmt: skip
    told = "3 of 10 answered · 4 finished there · 1 failed · 1 expired · $0.0200 · price of 1 unknown"
    assert job_words(job).startswith(told)
    states = [("open", True), ("open", False), ("ended", False), ("cancelled", True)]
    assert [
        job_state(Job(id="j", total=1, state=state, stopped=stopped))[0]  # type: ignore[arg-type]
        for state, stopped in states
    ] == ["stopping", "under way", "incomplete", "cancelled"]
    assert job_state(Job(id="j", total=1, answered=1, state="ended")) == ("done", "success")


def test_a_job_of_a_run_leads_there(qtbot: Any) -> None:
    card = JobCard(Job(id="j", total=2, answered=1, state="ended", source="run:r"))
    qtbot.addWidget(card)
    assert offered(card) == ["Save the answers…", "Open the run"], "the run asks again what is missing"
