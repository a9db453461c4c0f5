"""One edit of a data set, in one transaction: what it may read and write."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import apsw
import msgspec

from chatbench.core.datasets import DataColumn
from chatbench.core.errors import StorageError
from chatbench.storage import rows
from chatbench.storage.datasetpieces import Pieces, numbers, row_digest
from chatbench.storage.datasetqueries import StoredColumn
from chatbench.storage.files import is_digest

Values = dict[str, Any]
"""Of a row, by the keys of its columns."""
_BATCH = 1000
_decode_values = msgspec.json.Decoder(Values).decode


def values_of(text: str) -> Values:
    """From the column of a stored row."""
    return _decode_values(text)


class Editing:
    """A data set during an edit. Rows are named by their number, which stays theirs."""

    def __init__(
        self,
        connection: apsw.Connection,
        dataset_id: str,
        columns: Sequence[StoredColumn],
        pieces: Pieces,
        next_row: int,
        next_key: int,
    ) -> None:
        self._connection = connection
        self._id = dataset_id
        self.columns = list(columns)
        self.pieces = pieces
        self.next_row = next_row
        self.next_key = next_key
        self.written = 0
        """Rows, so far."""

    def add_column(self, column: DataColumn, place: int | None = None) -> StoredColumn:
        """Under a key that no column of this data set ever had."""
        added = StoredColumn(str(self.next_key), column)
        self.next_key += 1
        self.columns.insert(len(self.columns) if place is None else place, added)
        return added

    def rows(self) -> Iterator[tuple[int, int, Values]]:
        """Every row in order: its `seq`, its number and its values, as the edit found them."""
        refs = self.pieces.refs()
        for start in range(0, len(refs), _BATCH):
            yield from self._read(refs[start : start + _BATCH])

    def found(self, wanted: Collection[int]) -> dict[int, tuple[int, Values]]:
        """`seq` and values of rows by number. Raises StorageError where one is gone."""
        refs = self._refs(wanted)
        return {number: (ref, values) for ref, number, values in self._read(list(refs.values()))}

    def replace(self, changed: Mapping[int, tuple[int, Values]]) -> None:
        """Other values for rows: number → (`seq`, values)."""
        refs = self._write([(number, values) for number, (_, values) in changed.items()])
        olds = [old for old, _ in changed.values()]
        self.pieces.replace(dict(zip(olds, refs, strict=True)))

    def rewrite(self, change: Callable[[int, Values], Values | None]) -> None:
        """Other values for any number of rows: what `change` makes of their place and values; None leaves
        one as it is."""
        changed: dict[int, int] = {}
        olds: list[int] = []
        written: list[tuple[int, Values]] = []

        def write() -> None:
            changed.update(zip(olds, self._write(written), strict=True))
            olds.clear()
            written.clear()

        for place, (ref, number, values) in enumerate(self.rows()):
            made = change(place, values)
            if made is not None:
                olds.append(ref)
                written.append((number, made))
            if len(written) == _BATCH:
                write()
        write()
        self.pieces.replace(changed)

    def add(self, added: Sequence[Values], place: int | None = None) -> list[int]:
        """New rows before the one at `place` (None: at the end); returns their numbers."""
        first = self.next_row
        self.next_row += len(added)
        refs = self._write([(first + at, values) for at, values in enumerate(added)])
        self.pieces.insert(len(self.pieces) if place is None else place, refs)
        return list(range(first, self.next_row))

    def remove(self, gone: Collection[int]) -> None:
        self.pieces.remove(set(self._refs(gone).values()))

    def move(self, moved: Sequence[int], before: int | None) -> None:
        """Puts rows, in this order, before another (None: at the end)."""
        taken = self._refs(moved)
        refs = [taken[number] for number in moved]
        self.pieces.remove(set(refs))
        place = len(self.pieces)
        if before is not None:
            (ref,) = self._refs([before]).values()
            place = self.pieces.refs().index(ref)
        self.pieces.insert(place, refs)

    def _refs(self, wanted: Collection[int]) -> dict[int, int]:
        here = set(self.pieces.refs())
        found: Any = self._connection.execute(
            "SELECT r.number, r.seq FROM json_each(?) AS e CROSS JOIN dataset_rows AS r "
            "ON r.dataset_id = ? AND r.number = e.value",
            (numbers(list(wanted)), self._id),
        )
        refs = {number: seq for number, seq in found if seq in here}
        if len(refs) < len(set(wanted)):
            raise StorageError("A row of the data set is no longer there.", "It was deleted meanwhile.")
        return refs

    def _read(self, refs: Sequence[int]) -> Iterator[tuple[int, int, Values]]:
        found: Any = self._connection.execute(
            'SELECT r.seq, r.number, r."values" FROM json_each(?) AS e CROSS JOIN dataset_rows AS r '
            "ON r.seq = e.value ORDER BY e.key",
            (numbers(refs),),
        ).fetchall()
        for seq, number, values in found:
            yield seq, number, values_of(values)

    def _write(self, written: Sequence[tuple[int, Values]]) -> list[int]:
        self.written += len(written)
        return write_rows(self._connection, self._id, self.columns, written)


def write_rows(
    connection: apsw.Connection,
    dataset_id: str,
    columns: Sequence[StoredColumn],
    written: Sequence[tuple[int, Values]],
) -> list[int]:
    """Stores numbered rows, and which files they show; returns their `seq`s."""
    row: Any = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'dataset_rows'").fetchone()
    first = (row[0] if row else 0) + 1
    keys = [one.key for one in columns]
    shown: set[str] = set()
    stored: list[tuple[int, str, int, str, bytes]] = []
    for at, (number, values) in enumerate(written):
        text = rows.encode({key: values[key] for key in keys if key in values})
        stored.append((first + at, dataset_id, number, text, row_digest(text)))
        shown.update(file_of(value) for value in values.values() if type(value) is dict)
    connection.executemany(
        'INSERT INTO dataset_rows (seq, dataset_id, number, "values", digest) VALUES (?, ?, ?, ?, ?)', stored
    )
    connection.executemany(
        "INSERT OR IGNORE INTO dataset_files (dataset_id, sha256) VALUES (?, ?)",
        [(dataset_id, sha256) for sha256 in shown if sha256],
    )
    return list(range(first, first + len(stored)))


def file_of(value: object) -> str:
    """The SHA-256 of the stored file that a value is; "" where it is none."""
    source = value.get("source") if isinstance(value, dict) else None
    if not isinstance(source, dict) or source.get("kind") != "stored":
        return ""
    sha256 = source.get("sha256")
    return sha256 if isinstance(sha256, str) and is_digest(sha256) else ""
