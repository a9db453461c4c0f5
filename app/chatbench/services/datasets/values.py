"""Values of rows: as they are kept, and made into another type."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from chatbench.core.datasets import ColumnType, DataColumn
from chatbench.core.errors import ConfigurationError
from chatbench.core.messages import MediaPart
from chatbench.core.values import plain
from chatbench.documents.tables.columns import number_in, reader_of
from chatbench.documents.tables.json import type_of
from chatbench.storage.datasetedits import Values, file_of
from chatbench.storage.datasetqueries import StoredColumn


def kept(value: Any) -> Any:
    """As a data set keeps it: what JSON holds. Times are ISO 8601, a number that is none its words; a part
    of a message is told as plain values. Raises ConfigurationError for anything else."""
    match value:
        case float() if not math.isfinite(value):
            return str(value)
        case None | bool() | int() | float() | str():
            return value
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return str(value)
        case Decimal():
            return number_in(format(value, "f")) if value.is_finite() else str(value)
        case Mapping():
            return {str(name): kept(one) for name, one in value.items()}
        case list() | tuple():
            return [kept(one) for one in value]
        case msgspec.Struct():
            return plain(value)
    raise ConfigurationError(
        f"A data set cannot keep a {type(value).__name__}.",
        "Give text, numbers, lists, dictionaries or files.",
    )


def keyed(values: Mapping[str, Any], columns: Iterable[StoredColumn]) -> Values:
    """Values by the keys of columns; what belongs to no column is left out."""
    return {one.key: kept(values[one.column.name]) for one in columns if one.column.name in values}


def is_empty(value: Any) -> bool:
    return value is None or value == ""


def text_of(value: Any) -> str:
    """As a cell of text: what a person would write; of a file its name, of JSON its text."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case int() | float():
            return str(value)
        case dict() if file_of(value):
            return str(value.get("name", ""))
    return msgspec.json.encode(value).decode()


def converted(value: Any, kind: ColumnType) -> Any:
    """A value as one of this type; where it does not fit, as it is. Files stay files."""
    if value is None or (isinstance(value, dict) and file_of(value)) or kind in ("file", "image"):
        return value
    if kind == "text":
        return text_of(value)
    if type_of(value) == kind:
        return value
    if is_empty(value):
        return None
    made = reader_of(kind)(text_of(value).strip())
    return made if type_of(made) == kind else value


def part_of(value: Any) -> MediaPart | None:
    """The file that a value is, as a part of a message; None where it is none."""
    if not isinstance(value, dict) or not file_of(value):
        return None
    try:
        part: MediaPart = msgspec.convert(value, MediaPart)
    except msgspec.ValidationError:
        return None
    return part


def tags_of(value: Any) -> list[str]:
    """The tags in a cell: text with commas, or a list."""
    told = value if isinstance(value, list) else text_of(value).split(",")
    return [tag for one in told if (tag := text_of(one).strip())]


def guessed(name: str, values: Iterable[Any]) -> DataColumn:
    """A column for values that come without one."""
    kinds: set[ColumnType] = set()
    for value in values:
        part = part_of(value)
        if part is not None:
            kinds.add("image" if part.media_type.startswith("image/") else "file")
        elif (kind := type_of(value)) is not None:
            kinds.add(kind)
    if len(kinds) == 1:
        (only,) = kinds
        return DataColumn(name=name, type=only)
    if kinds and kinds <= {"file", "image"}:
        return DataColumn(name=name, type="file")
    return DataColumn(name=name, type="json" if "json" in kinds else "text")
