"""Blocks of cells copied to spreadsheets and pasted from them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

from PySide6.QtCore import QMimeData, QObject
from PySide6.QtWidgets import QApplication

from chatbench.rendering.tables import harmless
from chatbench.services import Services
from chatbench.services.datasets.values import text_of
from chatbench.ui.dropped import local_files
from chatbench.ui.quantities import number
from chatbench.ui.widgets import announce
from chatbench.ui.workbench.datasets.acts import Acts
from chatbench.ui.workbench.datasets.grid import GridView
from chatbench.ui.workbench.datasets.model import GridModel

CELLS_TYPE: Final = "application/x-chatbench-cells"
_PIECE: Final = 2_000


def as_tsv(rows: Iterable[Sequence[str]]) -> str:
    """Cells with tabs between them; those with tabs, quotes or line breaks in quotes."""
    out = io.StringIO()
    csv.writer(out, delimiter="\t", lineterminator="\n").writerows(rows)
    return out.getvalue()


class CellClipboard(QObject):
    """What leaves it cannot run in a spreadsheet; what comes back into a grid is what was copied."""

    def __init__(self, services: Services, model: GridModel, grid: GridView, acts: Acts) -> None:
        super().__init__(grid)
        self._services = services
        self._model = model
        self._grid = grid
        self._acts = acts

    def copy(self, *, cut: bool = False) -> None:
        """The block around what is chosen."""
        block = self._grid.block()
        if block is not None:
            self._acts.do(self._copy(block, cut=cut), "copy")

    async def _copy(self, block: tuple[int, int, int, int], *, cut: bool) -> None:
        top, bottom, left, right = block
        bottom = min(bottom, self._model.total - 1)
        names = [column.name for column in self._model.columns[left : right + 1]]
        cells: list[list[str]] = []
        for start in range(top, bottom + 1, _PIECE):
            rows = await self._services.datasets.rows(
                self._model.dataset_id, start, min(_PIECE, bottom + 1 - start),
                sort=self._model.order, where=self._model.where,
            )  # fmt: skip
            cells += [[text_of(row.values.get(name)) for name in names] for row in rows]
        mime = QMimeData()
        mime.setText(as_tsv([harmless(cell) for cell in row] for row in cells).removesuffix("\n"))
        mime.setData(CELLS_TYPE, as_tsv(cells).encode())
        QApplication.clipboard().setMimeData(mime)
        if cut:
            self._acts.clear()
        told = self.tr("{0} rows, {1} columns copied")
        announce(self._grid, told.format(number(len(cells)), number(len(names))))

    def paste(self) -> None:
        """At the current cell, downwards and to the side where columns go on; asks nothing."""
        mime = QApplication.clipboard().mimeData()
        if mime.hasFormat(CELLS_TYPE):
            text, html = bytes(mime.data(CELLS_TYPE).data()).decode(), ""
        elif not mime.hasText() or local_files(mime):
            if files := local_files(mime):
                self._grid.files_dropped.emit(files)
            return
        else:
            text, html = mime.text(), mime.html()
        self._acts.do(self._paste(text, html), "paste")

    async def _paste(self, text: str, html: str) -> None:
        datasets, model = self._services.datasets, self._model
        if not model.columns:
            await datasets.paste_rows(model.dataset_id, text, html)
            return
        cells = datasets.cells_of(text, html)
        current = self._grid.currentIndex()
        if not cells or not current.isValid():
            return
        block = self._grid.block()
        top, left = (block[0], block[2]) if block is not None else (current.row(), current.column())
        if len(cells) == 1 == len(cells[0]) and block is not None:
            cells = cells * (min(block[1], model.total - 1) - top + 1)
            cells = [row * (block[3] - left + 1) for row in cells]
        names = [column.name for column in model.columns[left : left + max(map(len, cells))]]
        if len(cells) > 1 and _names(cells[0]) == _names(names):
            cells = cells[1:]
        ids = await self._acts.ids([range(top, min(top + len(cells), model.total))])
        await datasets.put_block(model.dataset_id, ids, names, cells)
        told = self.tr("{0} rows pasted").format(number(len(cells)))
        announce(self._grid, told)


def _names(cells: Sequence[str]) -> list[str]:
    return [cell.strip().casefold() for cell in cells]
