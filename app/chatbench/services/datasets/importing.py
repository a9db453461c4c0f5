"""Tables becoming data sets: read on a thread of their own, written piece by piece, shown when complete."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from chatbench.core.datasets import DataColumn, Dataset
from chatbench.core.errors import AttachmentRefused, StorageError
from chatbench.core.messages import MediaPart
from chatbench.documents.tables.table import Table, Tick
from chatbench.services.attachments import AttachmentService
from chatbench.services.datasets.values import keyed
from chatbench.storage.datasetedits import Values
from chatbench.storage.datasetpieces import PIECE_ROWS, Piece
from chatbench.storage.datasetqueries import StoredColumn
from chatbench.storage.datasets import DatasetStore

T = TypeVar("T")
_BATCH = 2 * PIECE_ROWS
_BREATH_S = 0.0005
"""A thread that computes lets go of the interpreter at each tick, so that the window keeps moving."""


class ImportProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How far an import is: looking through the file first, then writing (`stage`); `rows` so far, `share`
    (0–1) of this stage."""

    stage: str
    rows: int
    share: float


OnProgress = Callable[[ImportProgress], None]


class _Stopped(Exception):
    pass


async def on_thread(work: Callable[[Tick], T], on_progress: OnProgress | None, stage: str) -> T:
    """What `work` returns, done on a thread; whoever is cancelled meanwhile waits for its next tick, where
    it ends."""
    loop = asyncio.get_running_loop()
    stop = threading.Event()

    def tick(rows: int, share: float) -> None:
        if stop.wait(_BREATH_S):
            raise _Stopped
        if on_progress is not None:
            told = ImportProgress(stage=stage, rows=rows, share=share)
            loop.call_soon_threadsafe(on_progress, told)

    working = asyncio.ensure_future(asyncio.to_thread(work, tick))
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait({working})
        if not working.cancelled():
            working.exception()
        raise


class Importing:
    """Writes tables into a store. Files that rows name are stored with them."""

    def __init__(self, store: DatasetStore, attachments: AttachmentService) -> None:
        self._store = store
        self._attachments = attachments

    async def write(
        self, table: Table, name: str, what: str, on_progress: OnProgress | None = None
    ) -> Dataset:
        """All of it or nothing: also where it is cancelled. Raises FormatError, StorageError."""
        breath = threading.Event()
        rows = table.rows(lambda count, share: _breathe(breath))
        try:
            return await self._write(table.columns, rows, table.count, name, what, on_progress)
        finally:
            close = getattr(rows, "close", None)
            if close is not None:
                close()

    async def _write(
        self,
        told: Iterable[DataColumn],
        rows: Iterator[Mapping[str, Any]],
        total: int,
        name: str,
        what: str,
        on_progress: OnProgress | None,
    ) -> Dataset:
        columns = [StoredColumn(str(key), column) for key, column in enumerate(told)]
        with_files = any(one.column.type in ("file", "image") for one in columns)
        dataset_id = await self._store.begin(name)
        pieces: list[Piece] = []
        count = 0
        try:
            while batch := await on_thread(lambda tick: _batch(rows, columns, with_files), None, ""):
                values = (
                    [keyed(await self.with_files(row), columns) for row in batch] if with_files else batch
                )
                pieces += await self._store.append(dataset_id, columns, count + 1, values)
                count += len(batch)
                if on_progress is not None:
                    share = min(1.0, count / max(1, total))
                    on_progress(ImportProgress(stage="writing", rows=count, share=share))
            return await self._store.finish(dataset_id, columns, pieces, what)
        except BaseException:
            # Where even that fails, nobody sees it, and a later import deletes it.
            with suppress(StorageError):
                await asyncio.shield(self._store.forget_begun(dataset_id))
            raise

    async def with_files(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row whose paths are files of the store."""
        return {
            name: await self.stored(value) if isinstance(value, Path) else value
            for name, value in row.items()
        }

    async def stored(self, path: Path) -> MediaPart | str:
        """A file as a value; its name where it is of no kind that is known."""
        try:
            return await self._attachments.attach_path(path, None)
        except AttachmentRefused:
            return path.name


def _breathe(breath: threading.Event) -> None:
    breath.wait(_BREATH_S)


def _batch(rows: Iterator[Mapping[str, Any]], columns: list[StoredColumn], with_files: bool) -> list[Any]:
    taken = list(islice(rows, _BATCH))
    if with_files:
        return taken
    named = [(one.key, one.column.name) for one in columns]
    made: list[Values] = [{key: row[name] for key, name in named if name in row} for row in taken]
    return made
