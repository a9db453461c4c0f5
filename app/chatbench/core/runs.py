"""Runs of the workbench: a plan, the table it makes, and its cells."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

import msgspec

from chatbench.core.checks import Check, Verdict
from chatbench.core.datasets import RowSelection
from chatbench.core.errors import ErrorReport
from chatbench.core.params import Parameters
from chatbench.core.prompts import Prompt
from chatbench.core.usage import Usage
from chatbench.core.values import Plain, Written

RunState = Literal["waiting", "running", "paused", "done", "stopped"]
CellState = Literal["waiting", "running", "done", "failed"]
CellRating = Literal["up", "down", 1, 2, 3, 4, 5]
"""A person's judgement of an answer: thumbs, or marks of which 5 is the best."""


class PlanPrompt(
    Plain, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """A prompt of a plan: one of the library by `name` (folder included) or `id` and `version` (a number,
    "production" or "latest"), a `file`, or written down here. `values` are for variables that no column
    fills; `columns` variable → column where the names differ; `outputs_of` variable → the name of an
    earlier prompt of the plan whose answer it gets (a chain)."""

    name: str = ""
    id: str = ""
    version: int | Literal["production", "latest"] = "latest"
    file: str = ""
    prompt: Prompt | None = None
    values: dict[str, Any] = {}
    columns: dict[str, str] = {}
    outputs_of: dict[str, str] = {}


class PlanData(
    Plain, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """The rows of a plan: a data set of the library by `name` or `id`, a `file`, or `rows` written down
    here (the expected answer under `expected`). None of them: one row without values. `types` of a `file`:
    the columns whose values name images or files beside it, which are sent in their place; a column of which
    every value does is found without."""

    name: str = ""
    id: str = ""
    file: str = ""
    types: dict[str, Literal["file", "image"]] = {}
    rows: tuple[dict[str, Any], ...] = ()
    select: RowSelection = RowSelection()


class PlanModel(
    Plain, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """A model (`provider/model-id` or an alias) with parameters over the prompt's own. `grid` has several
    values for a parameter: every combination is a column of its own."""

    model: str
    parameters: Parameters = Parameters()
    grid: dict[str, tuple[Any, ...]] = {}


class PlanLimits(
    Plain, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """`concurrent` calls at once; a minute's requests and tokens; `budget` in US dollars, at which the run
    pauses; `timeout` seconds for a call; `tries` of each. None: what the endpoint says."""

    concurrent: int | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    budget: Decimal | None = None
    timeout: float | None = None
    tries: int | None = None


class PlanUser(
    Plain, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """Whoever goes on with the talk after the first answer: `says`, a script of templates one after the
    other, or a `model` that plays a person by `instruction`, for `turns` of its own, or until it says
    `until`."""

    says: tuple[str, ...] = ()
    model: str = ""
    instruction: str = ""
    turns: int = 3
    until: str = ""


class Plan(Written, frozen=True, kw_only=True):
    """Everything a run is made by: rows × prompts × models (with their grids) × repeats. `threshold` is the
    weighted score a cell needs to pass besides its required checks; `cache` answers from the response
    cache; `batch` sends it as provider batch jobs, where the models' providers take any; what expires there
    or fails in passing goes into the next job, or by `batch_again` "live" is asked as usual."""

    name: str = ""
    prompts: tuple[PlanPrompt, ...] = ()
    data: PlanData = PlanData()
    models: tuple[PlanModel, ...] = ()
    checks: tuple[Check, ...] = ()
    repeats: int = 1
    threshold: float | None = None
    user: PlanUser | None = None
    limits: PlanLimits = PlanLimits()
    cache: bool = False
    batch: bool = False
    batch_again: Literal["job", "live"] = "job"


class RunColumn(Plain, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One column of a run's table. `prompt` is what is sent, frozen when the run was made, as are the
    `fragments` it names (by the names it uses); `label` tells the prompt and its version, `parameters` are
    those of the model over the prompt's own; `key` (SHA-256, hex) is the same for the same column in
    another run. `planned` is the place of its prompt in the plan; `outputs_of` variable → the index of the
    column whose answer it gets."""

    index: int
    label: str
    model: str
    parameters: Parameters = Parameters()
    prompt: Prompt = Prompt()
    prompt_id: str = ""
    version: int | None = None
    key: str = ""
    planned: int = 0
    fragments: dict[str, str] = {}
    outputs_of: dict[str, int] = {}


class RunRow(Plain, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A row as it was when the run was made: `id` is that of the data set's row, `expected` the answer that
    checks compare with."""

    id: str = ""
    values: dict[str, Any] = {}
    expected: Any = None


class Run(Plain, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A run as it is listed. `number` counts from 1 in the profile; counts are of cells; `cost` US dollars
    spent (graders and simulated users included), `unpriced` calls whose price is unknown; times in UTC
    milliseconds. `reason` says why it paused by itself."""

    id: str
    number: int
    plan: Plan
    columns: tuple[RunColumn, ...] = ()
    state: RunState = "waiting"
    rows: int = 0
    done: int = 0
    failed: int = 0
    cost: Decimal = Decimal(0)
    unpriced: int = 0
    created_at: int = 0
    ended_at: int | None = None
    reason: str = ""

    @property
    def total(self) -> int:
        """How many cells it has."""
        return self.rows * len(self.columns) * self.plan.repeats


class CellKey(msgspec.Struct, frozen=True, order=True):
    """Where a cell stands: the row's place (from 0), the column's index, the repeat (from 0)."""

    row: int
    column: int
    repeat: int = 0


class Cell(Plain, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One answer of a run and what was found of it. `fingerprint` is that of its (first) request: a cell
    whose request has changed is asked again. `messages` is the whole talk as plain values, the answer
    last, where it has more than one answer; `tool_calls` name and arguments of the tools that were asked
    for. `passed` None: not checked, or nothing could be judged. `cost` is that of the column's own model;
    `job` the batch job that answered it; `rating` is a person's; times in milliseconds."""

    key: CellKey
    state: CellState = "waiting"
    row_id: str = ""
    fingerprint: str = ""
    text: str = ""
    messages: tuple[dict[str, Any], ...] = ()
    tool_calls: tuple[tuple[str, Any], ...] = ()
    refused: bool = False
    stop_reason: str = ""
    usage: Usage = Usage()
    cost: Decimal | None = None
    first_ms: int | None = None
    total_ms: int | None = None
    tries: int = 0
    from_cache: bool = False
    job: str = ""
    verdicts: tuple[Verdict, ...] = ()
    score: float | None = None
    passed: bool | None = None
    error: ErrorReport | None = None
    rating: CellRating | None = None
    note: str = ""
    ended_at: int | None = None
