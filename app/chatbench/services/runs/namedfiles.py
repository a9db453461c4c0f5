"""Columns of a table whose values name files beside it: pictures and documents that go with the question."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from chatbench.core.datasets import DataColumn, DataRow
from chatbench.core.errors import ConfigurationError
from chatbench.core.messages import StoredFile
from chatbench.documents.kinds import media_type_named
from chatbench.documents.parts import part_of
from chatbench.documents.tables.columns import file_beside

FILES: Final = ("file", "image")
_TOLD: Final = 10
_NOWHERE: Final = StoredFile(sha256="0" * 64)


def typed(
    columns: Iterable[DataColumn], types: Mapping[str, Literal["file", "image"]]
) -> tuple[DataColumn, ...]:
    """The columns with the types that a plan gives them. Raises ConfigurationError for one there is not."""
    found = {one.name: one for one in columns}
    for name, kind in types.items():
        if name not in found:
            raise ConfigurationError(
                f"The rows have no column {name!r}, of which the plan says that it is {kind}.",
                f"There are {', '.join(found)}.",
            )
        found[name] = msgspec.structs.replace(found[name], type=kind)
    return tuple(found.values())


def with_paths(rows: Sequence[DataRow], columns: Iterable[DataColumn], table: Path) -> list[DataRow]:
    """The rows with the paths of the files they name. Raises ConfigurationError with those that are not
    beside the table."""
    names = [one.name for one in columns if one.type in FILES]
    if not names:
        return list(rows)
    found: list[DataRow] = []
    missing: list[str] = []
    for row in rows:
        values = dict(row.values)
        for name in names:
            told = values.get(name)
            if told is None or told == "":
                continue
            path = file_beside(str(told), table.parent)
            if path is None:
                missing.append(f"Row {row.id}: there is no file {str(told)[:100]!r} beside {table.name}.")
            values[name] = path
        found.append(DataRow(id=row.id, values=values))
    if missing:
        more = [f"… and {len(missing) - _TOLD:,} more."] if len(missing) > _TOLD else []
        raise ConfigurationError(" ".join([*missing[:_TOLD], *more]), "Put them there, or correct the rows.")
    return found


def looked_at(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values with parts of the files they name, of which nobody has read more than the name."""
    return {
        name: part_of(_NOWHERE, media_type_named(value.name), value.name).to_dict()
        if isinstance(value, Path)
        else value
        for name, value in values.items()
    }
