"""Runs written straight into the database, as they would be after many calls."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec

from chatbench.core.checks import Check, Verdict
from chatbench.core.errors import ErrorReport
from chatbench.core.prompts import Prompt, PromptMessage
from chatbench.core.runs import Cell, Plan, PlanData, PlanModel, PlanPrompt, Run, RunColumn, RunRow, RunState
from chatbench.core.usage import Usage
from chatbench.services import Services
from chatbench.storage.runs import DONE, FAILED, Finished, Tally, key_of

Made = Callable[[Run, int], Cell | None]
TICKETS: Final = (
    ("Charged twice for the same parcel, order 4711", "urgent", "billing"),
    ("Wo ist mein Paket? Seit drei Tagen „in Zustellung“", "normal", "delivery"),
    ("Please change the e-mail on my account", "low", "account"),
    ("配達先を変更できますか。今夜は不在です", "normal", "delivery"),
    ("Invoice shows the old VAT number, needed by Friday", "normal", "billing"),
    ("The app deleted my saved addresses", "urgent", "account"),
    ("Driver left the box in the rain, contents ruined", "urgent", "delivery"),
    ("How do I download all invoices of 2025?", "low", "billing"),
    ("Two of five parcels arrived, the rest is “lost”", "urgent", "delivery"),
    ("Ma facture est au mauvais nom de société", "normal", "billing"),
    ("لم يصل الطرد حتى الآن", "normal", "delivery"),
)
CHECKS: Final = (
    Check(kind="json_schema", value={"type": "object"}, name="matches the schema"),
    Check(kind="json_path", options={"path": "$.priority"}, name="same priority"),
    Check(kind="language", value="en", name="reason in the right language"),
)
PROMPT: Final = Prompt(
    messages=(
        PromptMessage(role="system", text="You sort support tickets. Answer with JSON only."),
        PromptMessage(text="Ticket:\n{{ticket}}"),
    )
)


def columns_of(models: Sequence[str], prompt_id: str = "") -> tuple[RunColumn, ...]:
    return tuple(
        RunColumn(
            index=at, label=f"Ticket triage v{7 if at < 2 else 6}", model=model, prompt=PROMPT,
            prompt_id=prompt_id, version=7 if at < 2 else 6, key=f"{model} {at}",
        )
        for at, model in enumerate(models)
    )  # fmt: skip


def triage_rows(count: int) -> list[RunRow]:
    told = [TICKETS[at % len(TICKETS)] for at in range(count)]
    return [
        RunRow(id=f"r{at}", values={"ticket": text}, expected={"priority": priority, "team": team})
        for at, (text, priority, team) in enumerate(told)
    ]


def triage_cells(seed: int, *, failing: float = 0.01) -> Made:
    """Answers of differing worth: the first column is the best, the second the quickest and dearest."""

    def made(run: Run, place: int) -> Cell:
        key = key_of(run, place)
        drawn = random.Random(f"{seed} {place}")
        if drawn.random() < failing:
            error = ErrorReport(kind="RateLimited", message="Rate limited", hint="Try again in a minute.")
            return Cell(key=key, state="failed", error=error, tries=3, total_ms=61_000)
        _, priority, team = TICKETS[key.row % len(TICKETS)]
        right = drawn.random() < (0.94, 0.9, 0.84)[key.column % 3]
        said = priority if right else drawn.choice(("urgent", "normal", "low"))
        verdicts = (
            Verdict(passed=True, score=1.0),
            Verdict(
                passed=said == priority,
                score=float(said == priority),
                reason="" if said == priority else f"“{said}” is not “{priority}”.",
            ),
            Verdict(passed=True, score=1.0) if drawn.random() < 0.95 else Verdict(passed=None),
        )
        reason = f"The customer writes about {team}, and it reads as {said}."
        return Cell(
            key=key,
            state="done",
            row_id=f"r{key.row}",
            text=json.dumps({"priority": said, "team": team, "reason": reason}),
            usage=Usage(input_tokens=140 + len(team), output_tokens=30 + drawn.randrange(20)),
            cost=(Decimal("0.0003"), Decimal("0.00063"), Decimal("0.00031"))[key.column % 3],
            first_ms=300,
            total_ms=round(drawn.lognormvariate((7.25, 6.8, 7.28)[key.column % 3], 0.3)),
            tries=1,
            verdicts=verdicts,
            score=sum(one.score for one in verdicts) / 3,
            passed=all(one.passed is not False for one in verdicts),
        )

    return made


async def stored(
    services: Services,
    rows: Sequence[RunRow],
    columns: Sequence[RunColumn],
    made: Made,
    *,
    state: RunState = "done",
    reason: str = "",
    **plan: Any,
) -> Run:
    """A run of these rows and columns, its cells as `made` has them; None: not asked."""
    store = services.runs._store
    models = tuple(PlanModel(model=column.model) for column in columns)
    fields: dict[str, Any] = {
        "name": "Ticket triage",
        "prompts": (PlanPrompt(prompt=PROMPT),),
        "models": models,
        "data": PlanData(name="Tickets, October"),
        "checks": CHECKS,
        **plan,
    }
    run = await store.create(Plan(**fields), columns)
    await store.add_rows(run, 0, rows)
    run = await store.claim((await store.settle(run, len(rows))).id)
    for first in range(0, run.total, 5_000):
        await _put(services, run, first, made)
    return await store.leave(run, state, reason)


async def _put(services: Services, run: Run, first: int, made: Made) -> None:
    cells = []
    for place in range(first, min(run.total, first + 5_000)):
        cell = made(run, place)
        if cell is not None:
            ticks = "".join("-" if one.passed is None else str(int(one.passed)) for one in cell.verdicts)
            state = DONE if cell.state == "done" else FAILED
            cells.append(Finished(place, msgspec.structs.replace(cell, ended_at=1), state, ticks))
    done = sum(one.state == DONE for one in cells)
    cost = sum((one.cell.cost for one in cells if one.cell.cost), Decimal(0))
    await services.runs._store.put(run, cells, Tally(done=done, failed=len(cells) - done, cost=cost))
