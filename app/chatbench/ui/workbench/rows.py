"""The rows of the sidebar: folders of prompts, data sets, and the runs of the prompt in view."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal

import msgspec
from PySide6.QtCore import (
    QAbstractListModel,
    QCoreApplication,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)

from chatbench.core.datasets import Dataset
from chatbench.core.prompts import PromptEntry
from chatbench.core.runs import Run
from chatbench.ui.quantities import number
from chatbench.ui.theme import ColorRole
from chatbench.ui.widgets import tip
from chatbench.ui.widgets.rowlist import ROW
from chatbench.ui.workbench.dates import day

Kind = Literal["folder", "head", "prompt", "dataset", "run", "fragment"]
_Index = QModelIndex | QPersistentModelIndex
_ROOT: Final = QModelIndex()
_MOST_RUNS: Final = 50


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """`fact` stands at its end; `fraction` (0 to 1) is how far a run that is under way has come. A folder's
    `id` is its path, "" at the top."""

    kind: Kind
    title: str
    id: str = ""
    fact: str = ""
    icon: str = ""
    tone: ColorRole = "text2"
    fraction: float | None = None
    said: str = ""
    """What a screen reader says behind the title where that is more than the fact."""

    @property
    def is_head(self) -> bool:
        return self.kind in ("folder", "head")

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.id}"


def tr(text: str) -> str:
    return QCoreApplication.translate("Workbench", text)


def prompt_rows(entries: Iterable[PromptEntry], folders: Iterable[str] = ()) -> list[Row]:
    """By folder, those without one first; `folders` are listed even if nothing is in them."""
    inside: dict[str, list[PromptEntry]] = {folder: [] for folder in folders}
    for entry in entries:
        inside.setdefault(entry.folder, []).append(entry)
    rows: list[Row] = []
    for folder in sorted(inside, key=str.casefold):
        title = folder.replace("/", " / ") or tr("Prompts")
        rows.append(Row(kind="folder", title=title, id=folder))
        rows += [_prompt(one) for one in sorted(inside[folder], key=lambda one: one.name.casefold())]
    return rows


def _prompt(entry: PromptEntry) -> Row:
    made = entry.production
    said = tr("version {0}").format(entry.latest)
    if made is not None:
        said += ", " + tr("production is version {0}").format(made)
    if entry.tags:
        said += ", " + tr("tags: {0}").format(", ".join(entry.tags))
    return Row(
        kind="prompt",
        title=entry.name,
        id=entry.id,
        fact=f"v{entry.latest}",
        icon="file-text",
        said=said,
    )


def dataset_rows(datasets: Sequence[Dataset]) -> list[Row]:
    """Nothing where there are none."""
    if not datasets:
        return []
    rows = [Row(kind="head", title=tr("Datasets"), id="datasets")]
    for one in datasets:
        count = number(one.rows)
        said = tr("{0} rows").format(count)
        rows.append(Row(kind="dataset", title=one.name, id=one.id, fact=count, icon="table-2", said=said))
    return rows


def run_rows(
    runs: Iterable[Run], prompt: PromptEntry | None, done: dict[str, int], most: int = _MOST_RUNS
) -> list[Row]:
    """Those in which a prompt is (None: all), the newest first, no more than `most`; `done` tells the cells
    of those under way."""
    wanted = [
        run
        for run in sorted(runs, key=lambda run: -run.number)
        if prompt is None or any(column.prompt_id == prompt.id for column in run.columns)
    ][:most]
    if not wanted:
        return []
    title = tr("Runs") if prompt is None else tr("Runs of {0}").format(prompt.name)
    return [Row(kind="head", title=title, id="runs"), *(_run(one, done.get(one.id)) for one in wanted)]


def _run(run: Run, done: int | None) -> Row:
    name = run.plan.name
    title = tr("Run {0}").format(run.number) + (f" · {name}" if name else "")
    if run.state in ("running", "waiting"):
        finished = run.done + run.failed if done is None else done
        fraction = finished / run.total if run.total else 0.0
        fact = tr("{0} %").format(int(100 * fraction))
        return Row(
            kind="run", title=title, id=run.id, fact=fact, icon="loader-circle", tone="accent",
            fraction=fraction, said=tr("under way, {0}").format(fact),
        )  # fmt: skip
    if run.state == "done":
        icon, tone, word = "circle-check", "success", tr("done")
        fact = day(run.ended_at or run.created_at)
    elif run.state == "paused":
        icon, tone, word = "circle-pause", "warning", tr("paused")
        fact = word
    else:
        icon, tone, word = "circle-stop", "text3", tr("stopped")
        fact = word
    shown: ColorRole = tone  # type: ignore[assignment]
    return Row(kind="run", title=title, id=run.id, fact=fact, icon=icon, tone=shown, said=f"{word} {fact}")


class RowsModel(QAbstractListModel):
    """The rows, which are replaced all together."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.rows: list[Row] = []

    def replace(self, rows: list[Row]) -> None:
        if rows == self.rows:
            return
        if [row.key for row in rows] == [row.key for row in self.rows]:
            self.rows = rows
            self.dataChanged.emit(self.index(0), self.index(len(rows) - 1))
            return
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def place(self, key: str) -> int:
        """The row with this key; -1 where there is none."""
        return next((at for at, row in enumerate(self.rows) if row.key == key), -1)

    def rowCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = self.rows[index.row()]
        if role == ROW:
            return row
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return row.title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join(filter(None, (row.title, row.said)))
        if role == Qt.ItemDataRole.ToolTipRole and row.said:
            return tip(row.title, reason=row.said)
        return None

    def flags(self, index: _Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        row = self.rows[index.row()]
        if row.is_head:
            return Qt.ItemFlag.ItemIsEnabled
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags | Qt.ItemFlag.ItemIsEditable if row.kind in ("prompt", "dataset") else flags
