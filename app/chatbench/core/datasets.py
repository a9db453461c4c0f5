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
    `created_at` and `updated_at` UTC milliseconds."""

    id: str
    name: str
    columns: tuple[DataColumn, ...] = ()
    rows: int = 0
    version: str = ""
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
