"""Data sets of the workbench: rows of typed values that prompts are run on."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from chatbench.core.values import Plain

ColumnType = Literal["text", "number", "boolean", "json", "file", "image"]
ColumnRole = Literal["input", "expected", "tags", "split"]


class DataColumn(Plain, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`role` tells what a run does with it: an `input` fills a variable, `expected` is what checks compare
    answers with, `tags` (several, a comma between them) and `split` (train, test …) choose rows."""

    name: str
    type: ColumnType = "text"
    role: ColumnRole = "input"


class DataRow(Plain, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`values` by the name of the column: text, int, float, bool, None, JSON values; a file or image is
    the `MediaPart` of the stored file as plain values. What is missing is unset. `id` stays when rows are
    moved, edited or added before it."""

    id: str
    values: dict[str, Any] = {}


class Dataset(Plain, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A data set as the library lists it: `version` (SHA-256, hex) tells the content, columns included;
    `undoes` and `redoes` what `undo` and `redo` would take back or do again ("": nothing); `created_at` and
    `updated_at` UTC milliseconds."""

    id: str
    name: str
    columns: tuple[DataColumn, ...] = ()
    rows: int = 0
    version: str = ""
    undoes: str = ""
    redoes: str = ""
    created_at: int = 0
    updated_at: int = 0


class RowSelection(Plain, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which rows of a data set, in their order: those with every one of `tags`, of the `split`, whose
    `where` (column name → text that it equals, letter case aside) holds; at most `limit` of them, or a
    random `sample` drawn with `seed`."""

    tags: tuple[str, ...] = ()
    split: str = ""
    where: dict[str, str] = {}
    limit: int | None = None
    sample: int | None = None
    seed: int = 0


FilterKind = Literal["equals", "contains", "starts", "ends", "less", "greater", "empty"]


class RowFilter(Plain, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A condition on the value in `column`, in any of them where that is "". Letter case does not count;
    `less` and `greater` compare numbers with a number and text with text, and leave out what is `empty`
    (unset, null or ""). `negate` turns it round."""

    column: str = ""
    kind: FilterKind = "contains"
    value: str | int | float | bool = ""
    negate: bool = False


class RowOrder(Plain, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """By the values of a column: numbers before text, what is unset last either way; rows that are alike
    stay as they stand."""

    column: str
    descending: bool = False


class DatasetVersion(Plain, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A content that a data set has or had. `number` counts the edits, `what` says which one made it,
    `created_at` is UTC milliseconds. `kept`: it stays, however many follow."""

    number: int
    sha256: str
    columns: tuple[DataColumn, ...] = ()
    rows: int = 0
    what: str = ""
    created_at: int = 0
    kept: bool = False
