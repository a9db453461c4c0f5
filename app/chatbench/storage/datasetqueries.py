"""Rows of a data set chosen and sorted by SQLite: it does so without holding up the interpreter."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import apsw
import msgspec

from chatbench.core.datasets import DataColumn, RowFilter, RowOrder
from chatbench.core.errors import ConfigurationError
from chatbench.storage.datasetpieces import numbers
from chatbench.storage.rows import plain

_decode_refs = msgspec.json.Decoder(list[int]).decode
_FILES = ("file", "image")


class StoredColumn(msgspec.Struct, frozen=True, array_like=True):
    """A column and the `key` that its values have in the rows."""

    key: str
    column: DataColumn


class _Term(NamedTuple):
    sql: str
    arguments: tuple[Any, ...] = ()


def chosen(
    connection: apsw.Connection,
    refs: Sequence[int],
    columns: Sequence[StoredColumn],
    where: Sequence[RowFilter],
    sort: Sequence[RowOrder],
) -> array[int]:
    """The rows among `refs` (`seq`s in order) that fit every condition, sorted. Raises ConfigurationError
    where there is no such column."""
    by_name = {one.column.name: one for one in columns}
    connection.create_scalar_function("folded", _folded, 1, deterministic=True)
    conditions = [_condition(one, by_name) for one in where]
    orders = [_order(one, by_name) for one in sort]
    sql = (
        "SELECT json_group_array(ref) FROM (SELECT e.value AS ref FROM json_each(?) AS e "  # noqa: S608
        "CROSS JOIN dataset_rows AS r ON r.seq = e.value "
        + "".join(f"{'AND' if at else 'WHERE'} {one.sql} " for at, one in enumerate(conditions))
        + f"ORDER BY {''.join(one.sql + ', ' for one in orders)}e.key)"
    )
    arguments = [numbers(refs)]
    for one in (*conditions, *orders):
        arguments += one.arguments
    row: Any = connection.execute(sql, arguments).fetchone()
    return array("q", _decode_refs(row[0]))


def column_named(name: str, by_name: Mapping[str, StoredColumn]) -> StoredColumn:
    """Raises ConfigurationError, with the names there are."""
    found = by_name.get(name)
    if found is None:
        names = ", ".join(by_name) or "none"
        raise ConfigurationError(f"There is no column {name!r}.", f"The columns are: {names}.")
    return found


def _folded(*values: Any) -> Any:
    (text,) = values
    return text.casefold() if isinstance(text, str) else text


def _value(one: StoredColumn) -> _Term:
    """What is compared: of a file its name."""
    path = f'$."{one.key}"' + (".name" if one.column.type in _FILES else "")
    return _Term('json_extract(r."values", ?)', (path,))


def _text(one: StoredColumn) -> _Term:
    value = _value(one)
    if one.column.type == "boolean":
        path = value.arguments
        return _Term(
            "CASE json_type(r.\"values\", ?) WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' "
            f"ELSE {value.sql} END",
            (*path, *path),
        )
    return _Term(f"CAST({value.sql} AS TEXT)", value.arguments)


def _condition(condition: RowFilter, by_name: Mapping[str, StoredColumn]) -> _Term:
    columns = [column_named(condition.column, by_name)] if condition.column else list(by_name.values())
    terms = [_holds(condition, one) for one in columns]
    either = " OR ".join(f"coalesce({one.sql}, 0)" for one in terms) or "0"
    arguments = tuple(value for one in terms for value in one.arguments)
    return _Term(f"{'NOT ' if condition.negate else ''}({either})", arguments)


def _holds(condition: RowFilter, one: StoredColumn) -> _Term:
    if condition.kind == "empty":
        value = _value(one)
        return _Term(f"coalesce({value.sql}, '') = ''", value.arguments)
    if condition.kind in ("less", "greater"):
        return _compared(condition, one)
    needle = condition.value
    wanted = plain(str(needle).lower() if isinstance(needle, bool) else str(needle))
    text = _text(one)
    # SQLite's own knows ASCII only, and is much faster.
    fold = "lower" if wanted.isascii() else "folded"
    wanted = wanted.lower() if wanted.isascii() else wanted.casefold()
    folded = f"{fold}({text.sql})"
    match condition.kind:
        case "equals":
            number = _number(needle)
            if one.column.type == "number" and number is not None:
                value = _value(one)
                return _Term(f"{value.sql} = ?", (*value.arguments, number))
            return _Term(f"{folded} = ?", (*text.arguments, wanted))
        case "starts":
            return _Term(f"substr({folded}, 1, ?) = ?", (*text.arguments, len(wanted), wanted))
        case "ends":
            if not wanted:
                return _Term("1")
            return _Term(f"substr({folded}, -?) = ?", (*text.arguments, len(wanted), wanted))
    return _Term(f"instr({folded}, ?) > 0", (*text.arguments, wanted))


def _compared(condition: RowFilter, one: StoredColumn) -> _Term:
    value, number = _value(one), _number(condition.value)
    sign = "<" if condition.kind == "less" else ">"
    if number is not None:
        of_type = f"typeof({value.sql}) IN ('integer', 'real')"
        return _Term(f"{of_type} AND {value.sql} {sign} ?", (*value.arguments, *value.arguments, number))
    text = f"typeof({value.sql}) = 'text' AND {value.sql} <> '' AND {value.sql} COLLATE NOCASE {sign} ?"
    return _Term(text, (*value.arguments * 3, plain(str(condition.value))))


def _number(value: object) -> int | float | None:
    """A number, also in words; integers that SQLite cannot hold as nearly the same number."""
    if isinstance(value, bool):
        return None
    try:
        found = float(str(value))
    except ValueError:
        return None
    if found != found or abs(found) == float("inf"):
        return None
    return int(found) if found.is_integer() and abs(found) < 2**53 else found


def _order(order: RowOrder, by_name: Mapping[str, StoredColumn]) -> _Term:
    value = _value(column_named(order.column, by_name))
    direction = " DESC" if order.descending else ""
    return _Term(
        f"{value.sql} IS NULL, {value.sql} COLLATE NOCASE{direction}", (*value.arguments, *value.arguments)
    )
