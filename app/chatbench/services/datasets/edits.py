"""What an edit of a data set does to its rows and columns."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from chatbench.core.datasets import ColumnRole, ColumnType, DataColumn
from chatbench.core.errors import ConfigurationError
from chatbench.documents.tables.columns import Guess, with_roles
from chatbench.services.datasets.values import converted, guessed, is_empty, kept, keyed, tags_of
from chatbench.storage.datasetedits import Editing, Values
from chatbench.storage.datasetqueries import StoredColumn, column_named

_SINGLE: frozenset[ColumnRole] = frozenset({"expected", "tags", "split"})


def numbers_of(row_ids: Sequence[str]) -> list[int]:
    """Raises ConfigurationError for what is no id of a row."""
    try:
        return [int(one) for one in row_ids]
    except ValueError as error:
        raise ConfigurationError(
            f"This is no id of a row: {error}.", "Give ids as `rows` told them."
        ) from error


def column_of(editing: Editing, name: str) -> StoredColumn:
    """Raises ConfigurationError, with the names there are."""
    return column_named(name, {one.column.name: one for one in editing.columns})


def new_name(editing: Editing, name: str, *, but: str = "") -> str:
    """Raises ConfigurationError for a name that is empty or taken."""
    name = " ".join(name.split())
    if not name:
        raise ConfigurationError("A column needs a name.", "Give it one.")
    if name != but and any(one.column.name == name for one in editing.columns):
        raise ConfigurationError(f"There is a column {name} already.", "Give another name.")
    return name


def column_for_role(editing: Editing, role: ColumnRole) -> StoredColumn:
    """The column of a role; one is made where there is none."""
    found = next((one for one in editing.columns if one.column.role == role), None)
    if found is not None:
        return found
    taken = {one.column.name for one in editing.columns}
    name = next(
        name for name in (role, *(f"{role} {n}" for n in range(2, len(taken) + 3))) if name not in taken
    )
    return editing.add_column(DataColumn(name=name, role=role))


def set_values(editing: Editing, changes: Mapping[str, Mapping[str, Any]]) -> None:
    """Values by row id and column; None unsets. One that does not fit its column stays what it is."""
    columns = {name: column_of(editing, name) for row in changes.values() for name in row}
    wanted = dict(zip(numbers_of(list(changes)), changes.values(), strict=True))
    changed: dict[int, tuple[int, Values]] = {}
    for number, (ref, values) in editing.found(wanted).items():
        edited = dict(values)
        for name, value in wanted[number].items():
            column = columns[name]
            if value is None:
                edited.pop(column.key, None)
            else:
                edited[column.key] = converted(kept(value), column.column.type)
        if edited != values or any(type(edited[key]) is not type(values[key]) for key in edited):
            changed[number] = (ref, edited)
    editing.replace(changed)


def add_rows(editing: Editing, rows: Sequence[Mapping[str, Any]], before: str | None) -> list[str]:
    """Before a row (None: at the end). Names that no column has yet get one."""
    rows = [{name: kept(value) for name, value in row.items()} for row in rows]
    for name in dict.fromkeys(name for row in rows for name in row):
        if all(one.column.name != name for one in editing.columns):
            column = guessed(new_name(editing, name), (row.get(name) for row in rows))
            free = not any(one.column.role == role for one in editing.columns for role in _SINGLE)
            editing.add_column(with_roles([column])[0] if free else column)
    place = None
    if before is not None:
        ((ref, _),) = editing.found(numbers_of([before])).values()
        place = editing.pieces.refs().index(ref)
    return [str(number) for number in editing.add([keyed(row, editing.columns) for row in rows], place)]


def put_block(
    editing: Editing, row_ids: Sequence[str], names: Sequence[str], cells: Sequence[Sequence[str]]
) -> list[str]:
    """Cells into these rows and columns; where there are more of them, into rows at the end and columns that
    are made. An empty cell unsets."""
    columns = [column_of(editing, name) for name in names]
    width = max(map(len, cells), default=0)
    columns += [_column_of_cells(editing, cells, at) for at in range(len(columns), width)]
    told = [
        {one.key: converted(cell, one.column.type) if cell else None
         for one, cell in zip(columns, row, strict=False)}
        for row in cells
    ]  # fmt: skip
    rows = numbers_of(row_ids[: len(told)])
    changed: dict[int, tuple[int, Values]] = {}
    found = editing.found(rows)
    for number, pasted in zip(rows, told, strict=False):
        ref, values = found[number]
        changed[number] = (ref, _set(values | pasted))
    editing.replace(changed)
    return [str(number) for number in editing.add([_set(one) for one in told[len(rows) :]])]


def _set(values: Values) -> Values:
    return {key: value for key, value in values.items() if value is not None}


def _column_of_cells(editing: Editing, cells: Sequence[Sequence[str]], at: int) -> StoredColumn:
    taken = {one.column.name for one in editing.columns}
    number = len(taken) + 1
    while f"column {number}" in taken:
        number += 1
    guess = Guess()
    for row in cells:
        if at < len(row) and row[at]:
            guess.see(row[at])
    return editing.add_column(DataColumn(name=f"column {number}", type=guess.type))


def set_column(
    editing: Editing,
    name: str,
    *,
    called: str | None = None,
    kind: ColumnType | None = None,
    role: ColumnRole | None = None,
    place: int | None = None,
) -> None:
    """Another name, type (values are made into it where they fit), role or place."""
    old = column_of(editing, name)
    column = old.column
    if called is not None:
        column = msgspec.structs.replace(column, name=new_name(editing, called, but=column.name))
    if role is not None:
        column = msgspec.structs.replace(column, role=role)
    if kind is not None and kind != column.type:
        column = msgspec.structs.replace(column, type=kind)
        _convert(editing, old.key, kind)
    columns = [
        msgspec.structs.replace(one, column=msgspec.structs.replace(one.column, role="input"))
        if role in _SINGLE and one.column.role == role and one.key != old.key
        else one
        for one in editing.columns
    ]
    at = next(index for index, one in enumerate(columns) if one.key == old.key)
    del columns[at]
    columns.insert(at if place is None else place, StoredColumn(old.key, column))
    editing.columns = columns


def _convert(editing: Editing, key: str, kind: ColumnType) -> None:
    def change(place: int, values: Values) -> Values | None:
        if key not in values:
            return None
        made = converted(values[key], kind)
        same = made == values[key] and type(made) is type(values[key])
        return None if same else {**values, key: made}

    editing.rewrite(change)


def delete_column(editing: Editing, name: str) -> None:
    """The values stay in the rows, so that undoing it is cheap; nothing shows them."""
    gone = column_of(editing, name)
    editing.columns = [one for one in editing.columns if one.key != gone.key]


def sort_rows(editing: Editing, refs: Sequence[int]) -> None:
    editing.pieces.set(refs)


def duplicates(editing: Editing, names: Sequence[str]) -> list[int]:
    """The numbers of rows that say the same as one before them in these columns (none named: in all)."""
    columns = [column_of(editing, name) for name in names] if names else editing.columns
    keys = [one.key for one in columns]
    seen: set[bytes] = set()
    found: list[int] = []
    for _, number, values in editing.rows():
        told = fingerprint(values.get(key) for key in keys)
        if told in seen:
            found.append(number)
        seen.add(told)
    return found


def fingerprint(values: Any) -> bytes:
    """What tells values that are the same but for white space around them and letter case."""
    from hashlib import sha256

    told = [
        None if is_empty(one) else one.strip().casefold() if isinstance(one, str) else one for one in values
    ]
    return sha256(msgspec.json.encode(told)).digest()[:16]


def split_rows(editing: Editing, shares: Mapping[str, float], seed: int) -> dict[str, int]:
    """Writes into the column of that role which part each row belongs to, drawn with `seed`; the parts are
    as large as their shares say, to the row. Returns how many rows each got."""
    total = sum(shares.values())
    if not shares or min(shares.values()) < 0 or total <= 0 or not all(name.strip() for name in shares):
        raise ConfigurationError("A split needs parts with shares above 0.", "As in train 0.8, test 0.2.")
    column = column_for_role(editing, "split")
    count = len(editing.pieces)
    names: list[str] = []
    reached = 0.0
    for name, share in shares.items():
        reached += share
        names += [name] * (round(count * reached / total) - len(names))
    random.Random(seed).shuffle(names)

    def change(place: int, values: Values) -> Values | None:
        name = names[place]
        return None if values.get(column.key) == name else {**values, column.key: name}

    editing.rewrite(change)
    return {name: names.count(name) for name in shares}


def tag_rows(editing: Editing, row_ids: Sequence[str], add: Sequence[str], remove: Sequence[str]) -> None:
    """Adds tags to rows, and takes others from them."""
    column = column_for_role(editing, "tags")
    gone = {one.casefold() for one in remove}
    changed: dict[int, tuple[int, Values]] = {}
    for number, (ref, values) in editing.found(numbers_of(row_ids)).items():
        had = tags_of(values.get(column.key))
        tags = [tag for tag in had if tag.casefold() not in gone]
        here = {tag.casefold() for tag in tags}
        tags += [
            tag for tag in dict.fromkeys(one.strip() for one in add) if tag and tag.casefold() not in here
        ]
        if tags != had:
            changed[number] = (ref, {**values, column.key: ", ".join(tags)})
    editing.replace(changed)
