"""Parquet files, where the library that reads them is installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from chatbench.core.errors import FormatError
from chatbench.documents.tables.spool import SpooledTable, spooled
from chatbench.documents.tables.table import MAX_COLUMNS, MAX_ROWS, Oddities, Tick, silent

_BATCH: Final = 1000


def why_not() -> str:
    """Why Parquet files cannot be read here; "" where they can."""
    from importlib.util import find_spec

    if find_spec("pyarrow") is None:
        return "Parquet files need the library pyarrow: pip install 'chatbench[parquet]'."
    return ""


def read_parquet(path: Path, *, tick: Tick = silent) -> SpooledTable:
    """Raises FormatError, also where the library is not there."""
    if reason := why_not():
        raise FormatError(f"{path.name} cannot be read here.", reason)
    import pyarrow as pa
    from pyarrow import parquet

    odd = Oddities()
    try:
        with parquet.ParquetFile(path) as file:
            names = list(file.schema_arrow.names)
            if len(names) > MAX_COLUMNS:
                raise FormatError(
                    f"{path.name} has {len(names):,} columns; {MAX_COLUMNS:,} can be read.",
                    "Save it with fewer.",
                )
            return spooled(_rows(file, names, odd, tick), path.name, odd)
    except (pa.ArrowException, OSError) as error:
        raise FormatError(
            f"{path.name} is no Parquet file that can be read: {error}.", "Check the file."
        ) from error


def _rows(file: Any, names: list[str], odd: Oddities, tick: Tick) -> Iterator[list[Any]]:
    yield names
    total = max(1, file.metadata.num_rows)
    count = 0
    raw: set[str] = set()
    for batch in file.iter_batches(batch_size=_BATCH):
        columns = [column.to_pylist() for column in batch.columns]
        for cells in zip(*columns, strict=True):
            if count == MAX_ROWS:
                odd.add(f"Only the first {MAX_ROWS:,} rows are read.")
                return
            count += 1
            row = list(cells)
            for at, cell in enumerate(row):
                if isinstance(cell, bytes):
                    raw.add(names[at])
                    row[at] = None
            yield row
        tick(count, count / total)
    for name in sorted(raw):
        odd.add(f"{name} holds bytes, which were left out.")
