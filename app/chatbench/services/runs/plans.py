"""Plans as people write them: one TOML file, read with errors that name the line, written with comments."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from chatbench.core.errors import ConfigurationError, FormatError
from chatbench.core.params import Parameters
from chatbench.core.runs import Plan
from chatbench.services.codechecks import with_code
from chatbench.storage.textfiles import broken_toml, line_words

if TYPE_CHECKING:
    from tomlkit.items import Array, Item, Table

_LARGEST = 64 * 1024 * 1024
_SHORT = ("system", "text")
"""What a prompt with one question may say in place of `prompt`."""
_HEADER = (
    "A run of Chatbench: every row × prompt × model (with its grid) × repeat is asked once.",
    "`chatbench run --check FILE` says what it would take; `chatbench run FILE` does it.",
)
_COMMENTS = {
    "prompts": (
        "name, id or file names a prompt; version is a number, production or latest. values are for",
        "variables without a column, columns says variable = column, outputs_of variable = earlier prompt.",
    ),
    "data": (
        "name, id or file names a data set, or rows are written down here, the expected answer under",
        "`expected`. types: column = image or file, where values of a file name others beside it.",
        "select: tags, split, where, limit, sample and seed.",
    ),
    "models": ("provider/model-id or an alias. grid has several values for a parameter: a column for each.",),
    "checks": (
        "kind, and value: what the answer is held against (left out: the row's expected answer).",
        "negate, threshold, weight (1.0), required (true); grader and repeats where a model judges.",
    ),
    "limits": (
        "concurrent, requests_per_minute, tokens_per_minute, budget (US dollars), timeout (s), tries.",
    ),
    "user": (
        "Goes on after the first answer: says is a script; else model plays a person by instruction, for",
        "turns answers or until it says `until`.",
    ),
}
_SECTIONS = ("user", "limits", "data", "prompts", "models", "checks")


def read_plan(source: Path | str) -> Plan:
    """The plan in a file, or the text of one. Names of files in it are relative to its folder.

    Raises FormatError where the file cannot be read, ConfigurationError with the line for what is wrong.
    """
    if isinstance(source, Path):
        path, data = source, _bytes_of(source)
    else:
        path, data = Path("plan.toml"), source.encode()
    try:
        told = tomllib.loads(data.decode("utf-8-sig"))
        told = _written_out(told)
        _refuse_unknown(told, path, data)
        plan = msgspec.convert(told, Plan)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise broken_toml(path, data, error) from error
    _refuse_senseless(plan, path, data)
    return _placed(plan, path.parent) if isinstance(source, Path) else plan


def written_plan(plan: Plan) -> str:
    """The plan as TOML, with what each part of it means."""
    import tomlkit

    told: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(plan))
    document = tomlkit.document()
    for line in _HEADER:
        document.add(tomlkit.comment(line))
    document.add(tomlkit.nl())
    for name, value in told.items():
        if name not in _SECTIONS:
            document.add(name, _item(value))
    for name in _SECTIONS:
        if name not in told:
            continue
        document.add(tomlkit.nl())
        for line in _COMMENTS[name]:
            document.add(tomlkit.comment(line))
        if name == "limits" and plan.limits.budget is not None:
            told[name]["budget"] = plan.limits.budget
        document.add(name, _tables(told[name]) if isinstance(told[name], list) else _table(told[name]))
    return tomlkit.dumps(document)


# Reading


def _bytes_of(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise FormatError(f"{path} cannot be read: {error.strerror or error}.", "Check the file.") from error
    if len(data) > _LARGEST:
        raise FormatError(f"{path.name} is larger than 64 MiB.", "Put the rows into a file of their own.")
    return data


def _written_out(told: dict[str, Any]) -> dict[str, Any]:
    """What may be written short, as it is meant."""
    told = dict(told)
    models, prompts = told.get("models"), told.get("prompts")
    if isinstance(models, list):
        told["models"] = [{"model": one} if isinstance(one, str) else one for one in models]
    if isinstance(prompts, list):
        told["prompts"] = [_prompt(one) for one in prompts]
    return told


def _prompt(told: Any) -> Any:
    if isinstance(told, str):
        return {"prompt": {"messages": [{"text": told}]}}
    if not isinstance(told, dict) or "prompt" in told or not any(name in told for name in _SHORT):
        return told
    messages = [
        {"role": role, "text": told[name]}
        for name, role in (("system", "system"), ("text", "user"))
        if name in told
    ]
    rest = {name: value for name, value in told.items() if name not in _SHORT}
    return {**rest, "prompt": {"messages": messages}}


@cache
def _plan_type() -> Any:
    from msgspec import inspect

    return inspect.type_info(Plan)


def _refuse_unknown(told: Any, path: Path, data: bytes) -> None:
    """A name that is misspelt deep within would be passed over in silence."""
    from msgspec import inspect

    def walk(value: Any, kind: Any, *above: str) -> None:
        if isinstance(kind, inspect.UnionType):
            for one in kind.types:
                if isinstance(one, inspect.StructType) and isinstance(value, dict) and one.tag is None:
                    walk(value, one, *above)
        elif isinstance(kind, inspect.StructType) and isinstance(value, dict):
            fields = {field.encode_name: field.type for field in kind.fields}
            for name, inner in value.items():
                if name not in fields:
                    raise ConfigurationError(
                        f"{path.name}{line_words(data, name, *above)}: there is no {name!r} here.",
                        f"There are {', '.join(fields)}.",
                    )
                walk(inner, fields[name], name, *above)
        elif isinstance(kind, inspect.VarTupleType) and isinstance(value, list):
            for inner in value:
                walk(inner, kind.item_type, *above)

    walk(told, _plan_type())


def _refuse_senseless(plan: Plan, path: Path, data: bytes) -> None:
    """What has the right type and cannot be meant."""

    def wrong(what: str, hint: str, *keys: str) -> ConfigurationError:
        return ConfigurationError(f"{path.name}{line_words(data, *keys)}: {what}", hint)

    if plan.repeats < 1:
        raise wrong("repeats is less than 1.", "Write 1, or leave it out.", "repeats")
    if plan.limits.concurrent is not None and plan.limits.concurrent < 1:
        raise wrong("concurrent is less than 1.", "Write 1 or more, or leave it out.", "concurrent")
    budget = plan.limits.budget
    if budget is not None and not (budget.is_finite() and budget >= 0):
        raise wrong("budget is no amount of dollars.", "Write it as 2.50.", "budget")
    for model in plan.models:
        for name, values in model.grid.items():
            for value in values or (None,):
                try:
                    Parameters.from_dict({name: value})
                except ConfigurationError as error:
                    raise wrong(error.message, error.hint, name, "grid") from error


def _placed(plan: Plan, folder: Path) -> Plan:
    """With the names of files as they are found from anywhere."""

    def placed(name: str) -> str:
        return str((folder / name).absolute()) if name else ""

    prompts = tuple(msgspec.structs.replace(one, file=placed(one.file)) for one in plan.prompts)
    data = msgspec.structs.replace(plan.data, file=placed(plan.data.file))
    checks = with_code(plan.checks, folder)
    return msgspec.structs.replace(plan, prompts=prompts, data=data, checks=checks)


# Writing


def _tables(values: list[Any]) -> Any:
    import tomlkit

    tables = tomlkit.aot()
    for value in values:
        tables.append(_table(value))
    return tables


def _table(values: Mapping[str, Any]) -> Table:
    """Plain values first: what follows a table within it would belong to that."""
    import tomlkit

    table = tomlkit.table()
    known = {name: value for name, value in values.items() if value is not None}
    for name, value in known.items():
        if not _is_nested(value):
            table.add(name, _item(value))
    for name, value in known.items():
        if _is_nested(value):
            table.add(name, _tables(value) if isinstance(value, list) else _table(value))
    return table


def _is_nested(value: Any) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)
    )


def _item(value: Any) -> Item:
    import tomlkit

    if isinstance(value, Decimal):
        # As it was written: 2.50 stays 2.50.
        return tomlkit.float_(format(value, "f") if value % 1 else f"{value:.2f}")
    if isinstance(value, str) and "\n" in value and "\r" not in value:
        return tomlkit.string(value, multiline=True)
    if isinstance(value, dict):
        inline = tomlkit.inline_table()
        inline.update({name: _item(one) for name, one in value.items() if one is not None})
        return inline
    if isinstance(value, list):
        array: Array = tomlkit.array()
        for one in value:
            if one is not None:
                array.append(_item(one))
        return array
    item: Item = tomlkit.item(value)
    return item
