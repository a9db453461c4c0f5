"""What a run is planned with, and the pages of the workbench beside it, as they are photographed."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QScrollArea
from tests.scenarios.window import until
from tests.services.test_prompt_files import read_only
from tests.shots.stage import Stage, staged
from tests.shots.workbench import TRIAGE

from chatbench.core.checks import Check
from chatbench.core.errors import ReadOnly
from chatbench.core.jobs import Job, JobPiece
from chatbench.core.prompts import Prompt, PromptMessage
from chatbench.core.runs import Plan, PlanData, PlanLimits, PlanModel, PlanPrompt, PlanUser
from chatbench.ui.workbench.jobs.page import JobsPage
from chatbench.ui.workbench.library.folderspage import FoldersPage
from chatbench.ui.workbench.library.fragmentspage import FragmentsPage
from chatbench.ui.workbench.pane import WorkbenchPane
from chatbench.ui.workbench.runs.newrun import NewRunDialog

CODE = (
    "import json\n\n\ndef check(answer, row):\n"
    '    told = json.loads(answer)\n    return told["priority"] == row["expected"]\n'
)
MODELS = ("anthropic/claude-haiku-4-5", "openai/gpt-4o-mini")
STYLE = "Write plainly. No more than three sentences.\nAddress the customer by name, once."


def _plan() -> Plan:
    return Plan(
        name="Ticket triage, nightly",
        prompts=(
            PlanPrompt(prompt=TRIAGE, name="Ticket triage"),
            PlanPrompt(prompt=Prompt(messages=(PromptMessage(text="{{ticket}}"),)), name="Plain"),
        ),
        data=PlanData(rows=tuple({"ticket": f"Ticket {at}", "expected": "low"} for at in range(200))),
        models=tuple(PlanModel(model=model) for model in MODELS),
        checks=(
            Check(kind="is_json"),
            Check(kind="python", value=CODE, name="Priority as expected", required=True),
        ),
        user=PlanUser(says=("Shorter, please.", "In German.")),
        limits=PlanLimits(budget=Decimal("2.50"), concurrent=8),
    )


async def _pane(stage: Stage) -> WorkbenchPane:
    pane = stage.window.show_section("workbench").main
    assert isinstance(pane, WorkbenchPane)
    return pane


async def _planned(stage: Stage, name: str) -> None:
    """The form of a run of a prompt, and of a plan from elsewhere with code in it."""
    services = stage.session.services
    prompt = msgspec.structs.replace(TRIAGE, models=MODELS)
    first = await services.prompts.save(None, prompt, name="Ticket triage", folder="Support", note="Shorter")
    rows = [{"ticket": f"Ticket {number}", "tags": "mail", "expected": "low"} for number in range(240)]
    await services.datasets.create("Tickets, October", (), rows)
    pane = await _pane(stage)
    dialog = NewRunDialog(services, first.prompt_id, parent=pane)
    dialog.open()
    await dialog.asked()
    dialog.form.values.fields["customer_tier"].setText("gold")
    dialog.form.checks.set_checks([Check(kind="is_json"), Check(kind="contains", value="urgent")])
    await dialog.settled()
    await stage.shoot(name)
    _to_end(dialog)
    await stage.shoot(f"{name}-end")
    dialog.reject()
    given = NewRunDialog(services, plan=_plan(), origin="From /home/ann/evals/nightly.toml.", parent=pane)
    given.open()
    await given.asked()
    await given.settled()
    given.form.consent.cards[0].allow.setFocus()
    area = given.findChildren(QScrollArea)[0]
    area.ensureWidgetVisible(given.form.consent.cards[0])
    await stage.shoot(f"{name}-code")
    given.reject()


def _to_end(dialog: NewRunDialog) -> None:
    bar = dialog.findChildren(QScrollArea)[0].verticalScrollBar()
    bar.setValue(bar.maximum())


async def _folders(stage: Stage, profile: Path, name: str) -> None:
    """A folder that is read, one with broken files and one that was changed on both sides."""
    prompts = stage.session.services.prompts
    good, bad = profile.with_name("support-prompts"), profile.with_name("evals")
    for folder in (good, bad):
        folder.mkdir()
        for at in range(3):
            (folder / f"prompt-{at}.toml").write_text(f'prompt = "Reply number {at} to {{{{name}}}}"\n')
        await prompts.link_folder(folder)
    (bad / "broken.toml").write_text('prompt = "unfinished\n')
    (bad / "pyproject.toml").write_text("[project]\n")
    (bad / "many.yaml").write_text("prompt: [1, 2\n")
    entry = next(one for one in await prompts.entries() if one.path == "evals/prompt-1")
    with read_only(), suppress(ReadOnly):
        await prompts.save(entry.id, Prompt(messages=(PromptMessage(text="Mine"),)))
    (bad / "prompt-1.toml").write_text('prompt = "Theirs"\n')
    pane = await _pane(stage)
    await pane.opened("page:folders")
    page = pane.current_view()
    assert isinstance(page, FoldersPage)
    await until(lambda: bad in page.cards and page.cards[bad].rows, "what is wrong")
    await stage.shoot(name)


async def _fragments(stage: Stage, name: str) -> None:
    """One of three: its text, its versions, and who follows it."""
    prompts = stage.session.services.prompts
    first = await prompts.save_fragment("house style", "Write plainly.")
    await prompts.save_fragment("house style", STYLE)
    await prompts.save_fragment("refund rules", "Refunds within 14 days.")
    await prompts.save_fragment("JSON only", "Answer with JSON only.", source="https://example.com/json.txt")
    for at, used in enumerate(("house style", "house style", f"house style@{first.sha256[:12]}")):
        text = "{{ fragment('" + used + "') }} Answer {{ticket}}."
        made = Prompt(messages=(PromptMessage(text=text),))
        await prompts.save(None, made, name=("Reply", "Escalate", "Sum up")[at], folder="Support")
    pane = await _pane(stage)
    await pane.opened("page:fragments")
    page = pane.current_view()
    assert isinstance(page, FragmentsPage)
    page.show_fragment("house style")
    await until(lambda: page.form.use_rows, "the fragment")
    await stage.shoot(name)


async def _jobs(stage: Stage, name: str) -> None:
    """Under way, done for a run, incomplete, cancelled."""
    pane = await _pane(stage)
    await pane.opened("page:jobs")
    page = pane.current_view()
    assert isinstance(page, JobsPage)
    await stage.quiet()
    now = 1_790_000_000_000

    def piece(finished: int, reason: str = "", state: str = "working") -> tuple[JobPiece, ...]:
        return (
            JobPiece(
                id="p", job_id="j", provider="openai", model="gpt-5.5-mini", state=state,  # type: ignore[arg-type]
                finished=finished, reason=reason,
            ),
        )  # fmt: skip

    for at, job in enumerate((
        Job(id="a" * 32, name="Ticket triage, nightly", total=1200, created_at=now, pieces=piece(730),
            source="run:1"),
        Job(id="b" * 32, name="questions.jsonl", state="ended", total=240, answered=231, failed=7, expired=2,
            cost="0.4312", created_at=now, pieces=piece(240, "2 requests expired.", "ended")),
        Job(id="c" * 32, name="Summaries", state="ended", total=80, answered=80, cost="1.92", created_at=now,
            pieces=piece(80, state="ended"), source="run:2"),
        Job(id="d" * 32, state="cancelled", total=80, cancelled=80, created_at=now,
            pieces=piece(0, state="ended")),
    )):  # fmt: skip
        page.cards[job.id] = page._new_card(job)
        page._column.insertWidget(at, page.cards[job.id])
    page.fact.hide()
    await stage.shoot(name)


async def new_run(profile: Path, pictures: Path, scheme: str) -> None:
    """The form of a run."""
    async with staged(profile, pictures, scheme) as stage:
        await _planned(stage, "new-run")


async def workbench_pages(profile: Path, pictures: Path, scheme: str) -> None:
    """Linked folders, fragments, batch jobs; at 480 px."""
    async with staged(profile, pictures, scheme) as stage:
        await _folders(stage, profile, "folders")
        await _fragments(stage, "fragments")
        await _jobs(stage, "jobs")
        pane = await _pane(stage)
        stage.window.resize(480, 900)
        for name in ("folders", "fragments"):
            await pane.opened(f"page:{name}")
            await stage.shoot(f"{name}-narrow")


async def workbench_pages_large(profile: Path, pictures: Path, scheme: str) -> None:
    """All of it with text twice as large."""
    async with staged(profile, pictures, scheme, text_scale=2.0) as stage:
        await _planned(stage, "new-run-large")
        await _folders(stage, profile, "folders-large")
        await _fragments(stage, "fragments-large")
        await _jobs(stage, "jobs-large")


async def workbench_pages_arabic(profile: Path, pictures: Path, scheme: str) -> None:
    """All of it from right to left."""
    QApplication.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    async with staged(profile, pictures, scheme) as stage:
        await _planned(stage, "new-run-arabic")
        await _folders(stage, profile, "folders-arabic")
        await _fragments(stage, "fragments-arabic")
        await _jobs(stage, "jobs-arabic")


LIBRARY_SCENES = (new_run, workbench_pages, workbench_pages_large, workbench_pages_arabic)
