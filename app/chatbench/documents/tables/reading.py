"""Tables by what their files are called."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from chatbench.core.errors import FormatError
from chatbench.documents.tables.json import JSON_LINES, JsonTable
from chatbench.documents.tables.parquet import read_parquet
from chatbench.documents.tables.separated import SeparatedTable
from chatbench.documents.tables.table import Ragged, Table, Tick, silent
from chatbench.documents.tables.workbook import read_workbook

_SEPARATED: Final = frozenset({".csv", ".tsv", ".tab", ".txt"})
ENDINGS: Final = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".xlsx", ".parquet")
"""Those a dialog for opening one offers."""


def read_table(
    path: Path,
    *,
    sheet: str = "",
    separator: str = "",
    encoding: str = "",
    header: bool = True,
    ragged: Ragged = "keep",
    tick: Tick = silent,
) -> Table:
    """Looks through a table: CSV, TSV, JSON lines, JSON, XLSX, Parquet. `sheet` is one of a workbook (""
    the first), `separator` and `encoding` of text are found where they are not told.

    Raises FormatError, which says what is wrong and where; whatever `tick` raises. Takes as long as the
    file is large, and no more memory than its longest row.
    """
    ending = path.suffix.lower()
    if not path.is_file():
        raise FormatError(f"{path} is no file.", "Check its name and place.")
    if ending in _SEPARATED:
        return SeparatedTable(
            path, separator=separator, encoding=encoding, header=header, ragged=ragged, tick=tick
        )
    if ending in JSON_LINES or ending == ".json":
        return JsonTable(path, encoding=encoding, ragged=ragged, tick=tick)
    if ending in (".xlsx", ".xlsm"):
        return read_workbook(path, sheet=sheet, header=header, tick=tick)
    if ending == ".parquet":
        return read_parquet(path, tick=tick)
    raise FormatError(
        f"{path.name} is of no kind that is known by its name.", f"Name it {', '.join(ENDINGS)}."
    )
