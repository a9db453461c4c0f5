"""From a plan to the columns of its table: prompts × models × combinations of their grids, each frozen."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol

import msgspec

from chatbench.core.errors import ChatbenchError, ConfigurationError
from chatbench.core.models import ModelRef
from chatbench.core.params import Parameters
from chatbench.core.prompts import Prompt, Variable
from chatbench.core.runs import Plan, PlanModel, PlanPrompt, RunColumn, RunRow
from chatbench.templates.prompts import variables_of


class Found(NamedTuple):
    """A prompt as a plan means it: what is sent, and which version of which prompt it is."""

    prompt: Prompt
    name: str = ""
    id: str = ""
    version: int | None = None


class PromptSource(Protocol):
    """Where prompts and fragments come from."""

    async def prompt(self, wanted: PlanPrompt) -> Found:
        """Raises ChatbenchError where there is none."""

    async def fragments(self, prompt: Prompt) -> dict[str, str]:
        """The texts of the fragments it names, by the names it uses. Raises ChatbenchError."""


class ModelSource(Protocol):
    """What names of models mean."""

    def resolve(self, text: str) -> ModelRef:
        """Raises UnknownModel with near names."""


class Columns(NamedTuple):
    """The columns of a plan, and what is wrong with it, in words."""

    columns: tuple[RunColumn, ...]
    problems: tuple[str, ...] = ()


async def columns_of(plan: Plan, prompts: PromptSource, models: ModelSource) -> Columns:
    """The columns, in the order of the plan. Never raises for what is wrong with the plan: it says so."""
    if not plan.prompts:
        return Columns((), ("The plan has no prompts.",))
    columns: list[RunColumn] = []
    problems: list[str] = []
    known: dict[str, ModelRef] = {}

    def resolved(name: str) -> ModelRef | None:
        if name not in known:
            try:
                known[name] = models.resolve(name)
            except ChatbenchError as error:
                problems.append(f"{name}: {error.message} {error.hint}".rstrip())
        return known.get(name)

    for model in plan.models:
        resolved(model.model)
    for planned, wanted in enumerate(plan.prompts):
        title = title_of(plan, planned)
        try:
            found = await prompts.prompt(wanted)
            variables_of(found.prompt)
            fragments = await prompts.fragments(found.prompt)
        except ChatbenchError as error:
            problems.append(f"{title}: {error.message} {error.hint}".rstrip())
            continue
        problems += _add_columns(columns, plan, planned, found, fragments, resolved)
    return Columns(tuple(columns), tuple(dict.fromkeys(problems)))


def _add_columns(
    columns: list[RunColumn],
    plan: Plan,
    planned: int,
    found: Found,
    fragments: dict[str, str],
    resolved: Callable[[str], ModelRef | None],
) -> list[str]:
    """Adds those of one prompt; returns what is wrong with them."""
    title, wanted = title_of(plan, planned), plan.prompts[planned]
    asked = plan.models or tuple(PlanModel(model=name) for name in found.prompt.models)
    problems = [] if asked else [f"{title}: no model is named, in the plan or in the prompt."]
    for model in asked:
        ref = resolved(model.model)
        if ref is None:
            continue
        for parameters in combinations(model):
            column = RunColumn(
                index=len(columns), label=_label(title, found, plan), model=str(ref),
                parameters=parameters, prompt=found.prompt, prompt_id=found.id, version=found.version,
                planned=planned, fragments=fragments,
            )  # fmt: skip
            linked, missing = _linked(column, wanted, plan, columns)
            problems += missing
            columns.append(msgspec.structs.replace(linked, key=_key(linked, wanted, columns)))
    return problems


def title_of(plan: Plan, planned: int) -> str:
    """What a plan calls its prompt."""
    wanted = plan.prompts[planned]
    return wanted.name or wanted.file.replace("\\", "/").rpartition("/")[2] or f"Prompt {planned + 1}"


def combinations(model: PlanModel) -> Iterator[Parameters]:
    """The parameters of each column of a model. Raises ConfigurationError for a value that is none."""
    names = tuple(model.grid)
    for values in itertools.product(*(model.grid[name] for name in names)):
        yield model.parameters.merged(Parameters.from_dict(dict(zip(names, values, strict=True))))


def values_of(wanted: PlanPrompt, prompt: Prompt, row: RunRow, outputs: Mapping[str, str]) -> dict[str, Any]:
    """What the variables of a prompt are filled with in one row; the plan's `columns` go before the prompt's
    own."""
    columns = {**prompt.columns, **wanted.columns}
    return {**row_values(wanted.values, columns, row.values), **outputs}


def row_values(
    values: Mapping[str, Any], columns: Mapping[str, str], row: Mapping[str, Any]
) -> dict[str, Any]:
    """A row's values by the names of variables, `values` where no column fills one; `columns` as in
    `Prompt`."""
    found = {**values, **row}
    for variable, column in columns.items():
        if column:
            if column in row:
                found[variable] = row[column]
        elif variable in values:
            found[variable] = values[variable]
        else:
            found.pop(variable, None)
    return found


def missing_in(variables: tuple[Variable, ...], values: Mapping[str, Any]) -> list[str]:
    """Variables that need a value and have none."""
    return [
        one.name
        for one in variables
        if not one.optional and one.default is None and values.get(one.name) is None
    ]


def _label(title: str, found: Found, plan: Plan) -> str:
    if found.version is not None:
        return f"{found.name or title} v{found.version}"
    return title if len(plan.prompts) > 1 or not title.startswith("Prompt ") else "Prompt"


def _linked(
    column: RunColumn, wanted: PlanPrompt, plan: Plan, before: list[RunColumn]
) -> tuple[RunColumn, list[str]]:
    """A chain goes on with what the same model, with the same parameters, has answered."""
    outputs: dict[str, int] = {}
    problems: list[str] = []
    for variable, name in wanted.outputs_of.items():
        source = next(
            (
                one.index
                for one in before
                if title_of(plan, one.planned) == name
                and (one.model, one.parameters) == (column.model, column.parameters)
            ),
            None,
        )
        if source is None:
            problems.append(f"{title_of(plan, column.planned)}: no earlier prompt of the plan is {name!r}.")
        else:
            outputs[variable] = source
    return msgspec.structs.replace(column, outputs_of=outputs), problems


def _key(column: RunColumn, wanted: PlanPrompt, columns: list[RunColumn]) -> str:
    told = (
        column.prompt, column.fragments, column.model, column.parameters, wanted.values, wanted.columns,
        {variable: columns[index].key for variable, index in column.outputs_of.items()},
    )  # fmt: skip
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()


def refuse(problems: tuple[str, ...]) -> None:
    """Raises ConfigurationError with all of them."""
    if problems:
        count = "a problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise ConfigurationError(f"The plan has {count}; nothing was sent.", "\n  ".join(problems))
