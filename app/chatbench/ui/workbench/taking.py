"""Files taken into the workbench: chosen, or dropped on its list."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog

from chatbench.core.datasets import DataColumn
from chatbench.core.errors import ChatbenchError, StorageError
from chatbench.core.prompts import PromptVersion
from chatbench.core.runs import Plan
from chatbench.services import Services
from chatbench.services.prompts.exchange import SUFFIXES, kind_of, read_file, write
from chatbench.ui.aio import ask, spawn
from chatbench.ui.quantities import number
from chatbench.ui.workbench.datasets.importing import ImportDialog

if TYPE_CHECKING:
    from chatbench.ui.workbench.pane import WorkbenchPane


class Taking(QObject):
    """Part of a pane."""

    def __init__(self, services: Services, pane: WorkbenchPane) -> None:
        super().__init__(pane)
        self._services = services
        self._pane = pane

    def choose(self) -> None:
        """Asks for files."""
        dialog = QFileDialog(self._pane.window(), self.tr("Import prompts, plans or data"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(lambda names: self.take([Path(name) for name in names]))
        dialog.open()

    def choose_folder(self) -> None:
        """Asks for a folder of files that become rows."""
        dialog = QFileDialog(self._pane.window(), self.tr("Data set of a folder"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.filesSelected.connect(lambda names: self.take_rows(Path(names[0])))
        dialog.open()

    def take_rows(self, folder: Path) -> None:
        """A data set with a row for each file of a folder."""
        spawn(self._take_rows(folder), owner=self, name="folder-to-dataset")

    def take(self, paths: list[Path]) -> None:
        """Each as what it is: prompts, a plan that can be run, or a table that becomes a data set. What is in
        a table is shown first where it is the only file."""
        spawn(self._take(paths), owner=self, name="workbench-import")

    def new_dataset(self, path: Path | None) -> None:
        """Of a file, or one that is empty."""
        if path is not None:
            self.take([path])
        else:
            spawn(self._new_dataset(), owner=self, name="new-dataset")

    async def _take(self, paths: list[Path]) -> None:
        failed: list[str] = []
        plans: list[tuple[Plan, Path]] = []
        for path in paths:
            try:
                plans += [(plan, path) for plan in await self._one(path, is_only=len(paths) == 1)]
            except ChatbenchError as error:
                failed.append(f"{path.name}: {error.message} {error.hint}".strip())
        if failed:
            self._pane.tell("\n".join(failed), kind="error")
        await self._offer_runs(plans)

    async def _one(self, path: Path, *, is_only: bool) -> list[Plan]:
        """Takes a file in, a folder of prompts, or one as a row for each of its files; returns what it would
        run."""
        kind = await asyncio.to_thread(kind_of, path)
        if kind == "prompts":
            return await self._take_prompts(path)
        if kind == "plan":
            return [await asyncio.to_thread(self._services.runs.load_plan, path)]
        if kind == "folder":
            await self._link(path)
        elif await asyncio.to_thread(path.is_dir):
            await self._take_rows(path)
        elif is_only:
            dialog = ImportDialog(self._services, path, None, self._pane)
            dialog.made.connect(self._pane.open_dataset)
            dialog.open()
        else:
            dataset = await self._services.datasets.import_file(path)
            self._pane.open_dataset(dataset.id)
        return []

    async def _take_rows(self, folder: Path) -> None:
        self._pane.open_dataset((await self._services.datasets.import_folder(folder)).id)

    async def _link(self, path: Path) -> None:
        """A folder of prompts is part of the library from now on."""
        prompts = self._services.prompts
        found = await prompts.link_folder(path)
        count = len(found.added)
        words = (
            self.tr("{0} is linked: {1} prompt.") if count == 1 else self.tr("{0} is linked: {1} prompts.")
        )

        def undo() -> None:
            spawn(prompts.unlink_folder(path), owner=self, name="unlink-folder")

        self._pane.tell(words.format(path.name, number(count)), action=(self.tr("Unlink"), undo))

    async def _take_prompts(self, path: Path) -> list[Plan]:
        found = await asyncio.to_thread(read_file, path)
        saved = await self._services.prompts.add_all(found.prompts, self._folder())
        for one in saved:
            self._pane.open_prompt(one.prompt_id)
        if found.left_out:
            self._pane.tell(" ".join((self.tr("Left out of {0}:").format(path.name), *found.left_out)))
        return [_of_library(plan, saved) for plan in found.plans]

    async def _offer_runs(self, plans: Sequence[tuple[Plan, Path]]) -> None:
        """Each in the form of a run, one after the other; none after one that is not wanted."""
        from chatbench.ui.workbench.runs.newrun import NewRunDialog

        for at, (plan, path) in enumerate(plans, 1):
            origin = self.tr("From {0}.").format(path)
            dialog = NewRunDialog(self._services, plan=plan, origin=origin, parent=self._pane)
            if len(plans) > 1:
                dialog.setWindowTitle(self.tr("Run a plan ({0} of {1})").format(at, len(plans)))
            begun: list[str] = []
            dialog.started.connect(begun.append)
            await ask(dialog)
            if not begun:
                return
            self._pane.open_run(begun[0])

    def _folder(self) -> str:
        """That of the prompt in view."""
        in_view = self._pane.prompt_in_view()
        return next((one.folder for one in self._pane.sidebar.entries if one.id == in_view), "")

    def export(self, prompt_id: str) -> None:
        """Asks where, and writes the newest version of a prompt as a file, in the format of its ending."""
        spawn(self._export(prompt_id), owner=self, name="export-prompt")

    async def _export(self, prompt_id: str) -> None:
        named = await self._services.prompts.named(prompt_id)
        dialog = QFileDialog(self._pane.window(), self.tr("Export {0}").format(named.name))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        kinds = {
            self.tr("Chatbench, TOML (*.toml)"): "toml",
            self.tr("Chatbench, YAML (*.yaml)"): "yaml",
            self.tr("OpenAI prompt, JSON (*.json)"): "openai",
            self.tr("Template of llm, YAML (*.yaml)"): "llm",
            self.tr("Configuration of promptfoo, YAML (*.yaml)"): "promptfoo",
        }
        dialog.setNameFilters(list(kinds))
        dialog.setDefaultSuffix("toml")
        dialog.filterSelected.connect(
            lambda chosen: dialog.setDefaultSuffix(SUFFIXES[kinds[chosen]].lstrip("."))  # type: ignore[index]
        )
        dialog.selectFile("".join("_" if sign in '/\\:*?"<>|' else sign for sign in named.name))
        chosen: list[tuple[Path, str]] = []
        dialog.filesSelected.connect(
            lambda names: chosen.append((Path(names[0]), kinds[dialog.selectedNameFilter()]))
        )
        if await ask(dialog) and chosen:
            await self.write(prompt_id, *chosen[0])

    async def write(self, prompt_id: str, path: Path, form: str) -> None:
        """Writes a prompt into a file. Raises FormatError for what the format cannot hold, StorageError."""
        text = write(await self._services.prompts.named(prompt_id), form)  # type: ignore[arg-type]
        try:
            await asyncio.to_thread(path.write_text, text, encoding="utf-8")
        except OSError as error:
            raise StorageError(
                f"{path} cannot be written: {error.strerror or error}.", "Choose another place."
            ) from error
        self._pane.tell(self.tr("Written to {0}").format(path.name))

    async def _new_dataset(self) -> None:
        taken = {one.name for one in await self._services.datasets.all()}
        name, count = self.tr("New data set"), 1
        while name in taken:
            count += 1
            name = self.tr("New data set {0}").format(count)
        columns = (DataColumn(name="input"), DataColumn(name="expected", role="expected"))
        dataset = await self._services.datasets.create(name, columns, ({"input": "", "expected": ""},))
        self._pane.open_dataset(dataset.id)


def _of_library(plan: Plan, saved: Sequence[PromptVersion]) -> Plan:
    """The plan with its prompts as they are in the library now."""
    prompts = tuple(
        msgspec.structs.replace(planned, prompt=None, id=one.prompt_id, version=one.number)
        for planned, one in zip(plan.prompts, saved, strict=True)
    )
    return msgspec.structs.replace(plan, prompts=prompts)
