"""What can be done to a data set from its grid: each one edit, which Undo takes back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import QObject, QPersistentModelIndex

from chatbench.core.datasets import ColumnRole, ColumnType, DataColumn, RowOrder, RowSelection
from chatbench.core.errors import ChatbenchError
from chatbench.services import Services
from chatbench.services.notices import Notice
from chatbench.ui.aio import spawn
from chatbench.ui.quantities import number
from chatbench.ui.widgets import announce
from chatbench.ui.workbench.datasets.grid import GridView
from chatbench.ui.workbench.datasets.model import GridModel

_PIECE: Final = 2_000


class Acts(QObject):
    """Part of a view."""

    def __init__(self, services: Services, model: GridModel, grid: GridView) -> None:
        super().__init__(grid)
        self._services = services
        self._model = model
        self._grid = grid
        self._adding: asyncio.Task[list[str]] | None = None
        model.edited.connect(self._write)
        model.described.connect(self._forget_added)

    @property
    def _id(self) -> str:
        return self._model.dataset_id

    def do(self, work: Coroutine[Any, Any, Any], name: str) -> None:
        """Starts it; what is wrong is told."""
        spawn(work, owner=self, name=f"dataset-{name}", on_error=self.tell)

    def tell(self, error: BaseException) -> None:
        if not isinstance(error, ChatbenchError):
            raise error
        self._services.notifier.error(error)

    def say(self, text: str, undo: bool = False) -> None:
        """A notice, with Undo for the edit that was made last."""
        if not undo:
            self._services.notifier.say(Notice(text=text, kind="done"))
            return
        self.do(self._say_with_undo(text), "say")

    async def _say_with_undo(self, text: str) -> None:
        version = (await self._services.datasets.get(self._id)).version
        take_back = partial(self._undo_if, version)
        self._services.notifier.say(Notice(text=text, kind="done", action=self.tr("Undo"), run=take_back))

    def _undo_if(self, version: str) -> None:
        async def work() -> None:
            if (await self._services.datasets.get(self._id)).version == version:
                await self._services.datasets.undo(self._id)
            else:
                self.say(self.tr("There are other edits since; undo those first."))

        spawn(work(), name="dataset-undo", on_error=self.tell)

    # Cells.

    def _write(self, row_id: str, column: str, value: Any) -> None:
        if row_id:
            self.do(self._services.datasets.set_cells(self._id, [row_id], {column: value}), "edit")
        elif self._adding is None:
            adding = self._services.datasets.save_rows(self._id, [{column: value}])
            self._adding = spawn(adding, owner=self, name="dataset-add", on_error=self.tell)
            if self._model.where:
                self.say(self.tr("The new row stands at the end; what does not fit the filter is hidden."))
        else:
            self.do(self._write_added(self._adding, column, value), "edit")

    async def _write_added(self, adding: asyncio.Task[list[str]], column: str, value: Any) -> None:
        """Into the row that was begun a moment ago, and is not in the grid yet."""
        (row_id,) = await asyncio.shield(adding)
        await self._services.datasets.set_cells(self._id, [row_id], {column: value})

    def _forget_added(self) -> None:
        if self._adding is not None and self._adding.done():
            self._adding = None

    def put_file(self, index: QPersistentModelIndex, path: Path) -> None:
        """Stores a file, and shows it in a cell."""

        async def work() -> None:
            part = await self._services.attachments.attach_path(path, None)
            if not index.isValid():
                return
            name, row = self._model.columns[index.column()].name, self._model.row_at(index.row())
            if row is not None:
                await self._services.datasets.set_cells(self._id, [row.id], {name: part})
            else:
                await self._services.datasets.save_rows(self._id, [{name: part}])

        self.do(work(), "file")

    def clear(self) -> None:
        """Empties the cells that are chosen; whole rows are deleted."""
        if self._grid.whole_rows():
            self.delete_rows()
        elif (block := self._grid.block()) is not None:
            self.do(self._clear(block), "clear")

    async def _clear(self, block: tuple[int, int, int, int]) -> None:
        top, bottom, left, right = block
        names = [column.name for column in self._model.columns[left : right + 1]]
        ids = await self.ids([range(top, min(bottom, self._model.total - 1) + 1)])
        await self._services.datasets.set_cells(self._id, ids, dict.fromkeys(names))

    async def ids(self, rows: Sequence[range]) -> list[str]:
        """Of rows by their places in the grid."""
        found: list[str] = []
        for one in rows:
            for start in range(one.start, one.stop, _PIECE):
                found += [
                    row.id
                    for row in await self._services.datasets.rows(
                        self._id, start, min(_PIECE, one.stop - start),
                        sort=self._model.order, where=self._model.where,
                    )
                ]  # fmt: skip
        return found

    # Rows.

    def undo(self) -> None:
        self.do(
            self._step(self._services.datasets.undo, self._model.dataset.undoes, self.tr("Undone: {0}")),
            "undo",
        )

    def redo(self) -> None:
        self.do(
            self._step(self._services.datasets.redo, self._model.dataset.redoes, self.tr("Done again: {0}")),
            "redo",
        )

    async def _step(self, step: Callable[[str], Coroutine[Any, Any, Any]], what: str, words: str) -> None:
        await step(self._id)
        if what:
            announce(self._grid, words.format(what))

    def add_row(self) -> None:
        """Goes to where a new one is written."""
        if self._model.columns:
            self._grid.go_to(self._model.total, 0)
            self._grid.setFocus()
            self._grid.edit(self._grid.currentIndex())

    def delete_rows(self) -> None:
        rows = self._grid.chosen_rows()
        if rows:
            self.do(self._delete_rows(rows), "delete")

    async def _delete_rows(self, rows: Sequence[range]) -> None:
        count = sum(map(len, rows))
        if count == self._model.total:
            await self._services.datasets.delete_where(self._id, self._model.where)
        else:
            await self._services.datasets.delete_rows(self._id, await self.ids(rows))
        self._grid.clearSelection()
        self.say(
            self.tr("1 row deleted") if count == 1 else self.tr("{0} rows deleted").format(number(count)),
            undo=True,
        )

    def move_rows(self, step: int) -> None:
        """The chosen rows one place up (-1) or down (1)."""
        rows = self._grid.chosen_rows()
        if len(rows) != 1 or self._model.order or self._model.where:
            return
        (block,) = rows
        first = block.start + step
        if first < 0 or block.stop + step > self._model.total:
            return
        self.do(self._move_rows(block, step), "move")

    async def _move_rows(self, block: range, step: int) -> None:
        before = block.start - 1 if step < 0 else block.stop + 1
        place = await self.ids([range(before, before + 1)]) if before < self._model.total else []
        await self._services.datasets.move_rows(
            self._id, await self.ids([block]), place[0] if place else None
        )
        current = self._grid.currentIndex()
        self._grid.go_to(current.row() + step, current.column())

    def deduplicate(self, columns: Sequence[str]) -> None:
        async def work() -> None:
            count = await self._services.datasets.deduplicate(self._id, columns)
            if count:
                self.say(self.tr("{0} duplicates deleted").format(number(count)), undo=True)
            else:
                self.say(self.tr("There are no duplicates."))

        self.do(work(), "deduplicate")

    def tag(self, rows: Sequence[range], add: Sequence[str], remove: Sequence[str]) -> None:
        async def work() -> None:
            await self._services.datasets.tag(self._id, await self.ids(rows), add, remove)

        self.do(work(), "tag")

    def split(self, shares: dict[str, float], seed: int) -> None:
        async def work() -> None:
            found = await self._services.datasets.split(self._id, shares, seed=seed)
            told = ", ".join(f"{name} {number(count)}" for name, count in found.items())
            self.say(self.tr("Split: {0}").format(told), undo=True)

        self.do(work(), "split")

    def sample(self, count: int, seed: int, made: Callable[[str], None]) -> None:
        """A data set of its own of so many rows drawn at random."""

        async def work() -> None:
            dataset = await self._services.datasets.get(self._id)
            drawn = RowSelection(sample=count, seed=seed)
            rows = await self._services.datasets.select(self._id, drawn)
            name = self.tr("{0}, sample of {1}").format(dataset.name, number(len(rows)))
            found = await self._services.datasets.create(name, dataset.columns, [row.values for row in rows])
            made(found.id)

        self.do(work(), "sample")

    # Columns.

    def add_column(self, name: str, kind: ColumnType, role: ColumnRole, place: int | None = None) -> None:
        column = DataColumn(name=name, type=kind, role=role)
        self.do(self._services.datasets.add_column(self._id, column, place), "column")

    def rename_column(self, column: str, name: str) -> None:
        self.do(self._services.datasets.rename_column(self._id, column, name), "column")

    def retype_column(self, column: str, kind: ColumnType) -> None:
        self.do(self._services.datasets.retype_column(self._id, column, kind), "column")

    def set_role(self, column: str, role: ColumnRole) -> None:
        self.do(self._services.datasets.set_role(self._id, column, role), "column")

    def move_column(self, column: str, place: int) -> None:
        self.do(self._services.datasets.move_column(self._id, column, place), "column")

    def delete_column(self, column: str) -> None:
        async def work() -> None:
            await self._services.datasets.delete_column(self._id, column)
            self.say(self.tr("Column {0} deleted").format(column), undo=True)

        self.do(work(), "column")

    def order_by(self, column: str, descending: bool | None) -> None:
        """Shows the rows so; None: as they stand."""
        order = () if descending is None else (RowOrder(column=column, descending=descending),)
        self._model.arrange(order, self._model.where)
        self._grid.columns.viewport().update()

    def keep_order(self) -> None:
        """The order that is shown becomes theirs."""
        sort = self._model.order
        if not sort:
            return

        async def work() -> None:
            await self._services.datasets.sort_rows(self._id, sort)
            self._model.arrange((), self._model.where)
            self.say(self.tr("The rows are in this order now"), undo=True)

        self.do(work(), "sort")
