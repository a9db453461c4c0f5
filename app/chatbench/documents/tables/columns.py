"""Columns of a table whose cells are text: their names, what they hold, and values out of cells."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from chatbench.core.datasets import ColumnRole, ColumnType, DataColumn
from chatbench.documents.kinds import media_type_named

_LONGEST_NAME: Final = 200
# Numbers as JSON has them: "007" and "+49" are no numbers, nor is what a float cannot hold digit by digit.
_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?(?:[eE][+-]?\d{1,2})?")
_ROLES: Final[dict[str, ColumnRole]] = {
    "expected": "expected",
    "expected_output": "expected",
    "expected output": "expected",
    "expected answer": "expected",
    "__expected": "expected",
    "ideal": "expected",
    "reference": "expected",
    "ground_truth": "expected",
    "tags": "tags",
    "split": "split",
}


def names_of(header: Sequence[str]) -> tuple[list[str], list[str]]:
    """A name for each column, no two alike and none empty; and in words what had to be changed."""
    names: list[str] = []
    notes: list[str] = []
    taken: set[str] = set()
    for number, told in enumerate(header, 1):
        name = wanted = " ".join(told.split())[:_LONGEST_NAME] or f"column {number}"
        if not told.strip():
            notes.append(f"Column {number} had no name.")
        count = 1
        while name in taken:
            count += 1
            name = f"{wanted} {count}"
        if count > 1:
            notes.append(f"There was more than one column {wanted}: another is {name} now.")
        taken.add(name)
        names.append(name)
    return names, notes


def with_roles(columns: Iterable[DataColumn]) -> tuple[DataColumn, ...]:
    """With the roles that their names say: of each but `input` the first column only."""
    given: set[ColumnRole] = set()
    found: list[DataColumn] = []
    for column in columns:
        role = _ROLES.get(column.name.casefold(), "input")
        if role != "input" and role not in given and column.role == "input":
            given.add(role)
            column = msgspec.structs.replace(column, role=role)
        found.append(column)
    return tuple(found)


class Guess:
    """What the cells of a column are, told as they come: a number, a boolean or JSON each of them; names of
    files beside the table's; otherwise text."""

    __slots__ = ("_beside", "_left", "_pictures")

    def __init__(self, beside: Path | None = None) -> None:
        """`beside` is the folder whose files may be named; None: none may."""
        self._beside = beside
        self._left: list[ColumnType] | None = None
        self._pictures = True

    def see(self, cell: str) -> None:
        """A cell that is not empty."""
        left = self._left
        if left is None:
            self._left = [kind for kind in ("number", "boolean", "json", "file") if self._fits(kind, cell)]
        elif left:
            self._left = [kind for kind in left if self._fits(kind, cell)]

    @property
    def type(self) -> ColumnType:
        if not self._left:
            return "text"
        if self._left[0] == "file":
            return "image" if self._pictures else "file"
        return self._left[0]

    def _fits(self, kind: ColumnType, cell: str) -> bool:
        if kind == "number":
            return _NUMBER.fullmatch(cell) is not None
        if kind == "boolean":
            return cell.lower() in ("true", "false")
        if kind == "json":
            return is_json(cell)
        if file_beside(cell, self._beside) is None:
            return False
        self._pictures &= media_type_named(cell).startswith("image/")
        return True


def is_json(cell: str) -> bool:
    """Whether it is a JSON object or array."""
    if cell[:1] not in ("{", "["):
        return False
    try:
        msgspec.json.decode(cell)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return False
    return True


def file_beside(cell: str, folder: Path | None) -> Path | None:
    """The file in `folder` (or a folder in it) that a cell names; None for anything else. What leads out of
    the folder is none: a table from elsewhere must not fetch files of this computer."""
    if folder is None or not media_type_named(cell) or len(cell) > _LONGEST_NAME or "\n" in cell:
        return None
    if cell.startswith(("/", "\\", "~")) or ":" in cell:
        return None
    try:
        root = folder.resolve(strict=True)
        path = (root / cell.replace("\\", "/")).resolve(strict=True)
        return path if path.is_relative_to(root) and path.is_file() else None
    except (OSError, ValueError):
        return None


def reader_of(kind: ColumnType, beside: Path | None = None) -> Callable[[str], Any]:
    """What makes a value of a cell that is not empty. One that does not fit stays text; a file is its
    path."""
    match kind:
        case "number":
            return number_in
        case "boolean":
            return _boolean
        case "json":
            return _json
        case "file" | "image":
            return lambda cell: file_beside(cell, beside) or cell
    return str


def number_in(cell: str) -> Any:
    """The number that a cell is, or the cell."""
    if _NUMBER.fullmatch(cell) is None:
        return cell
    try:
        return int(cell)
    except ValueError:
        return float(cell)


def _boolean(cell: str) -> Any:
    return {"true": True, "false": False}.get(cell.lower(), cell)


def _json(cell: str) -> Any:
    return msgspec.json.decode(cell) if is_json(cell) else cell
