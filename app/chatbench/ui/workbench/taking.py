"""Files taken into the workbench: chosen, or dropped on its list."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog

from chatbench.core.datasets import DataColumn
from chatbench.core.errors import ChatbenchError, StorageError
from chatbench.services import Services
from chatbench.services.prompts.exchange import MAX_BYTES, SUFFIXES, read_file, write
from chatbench.ui.aio import ask, spawn

if TYPE_CHECKING:
    from chatbench.ui.workbench.pane import WorkbenchPane

_PROMPTS: Final = frozenset({".toml", ".yaml", ".yml"})


class Taking(QObject):
    """Part of a pane."""

    def __init__(self, services: Services, pane: WorkbenchPane) -> None:
        super().__init__(pane)
        self._services = services
        self._pane = pane

    def choose(self) -> None:
        """Asks for files."""
        dialog = QFileDialog(self._pane.window(), self.tr("Import prompts or data"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(lambda names: self.take([Path(name) for name in names]))
        dialog.open()

    def take(self, paths: list[Path]) -> None:
        """Each as what it is: a prompt, or a table that becomes a data set."""
        spawn(self._take(paths), owner=self, name="workbench-import")

    def new_dataset(self, path: Path | None) -> None:
        """Of a file, or one that is empty."""
        if path is not None:
            self.take([path])
        else:
            spawn(self._new_dataset(), owner=self, name="new-dataset")

    async def _take(self, paths: list[Path]) -> None:
        failed: list[str] = []
        for path in paths:
            try:
                await self._one(path)
            except ChatbenchError as error:
                failed.append(f"{path.name}: {error.message} {error.hint}".strip())
        if failed:
            self._pane.tell("\n".join(failed), kind="error")

    async def _one(self, path: Path) -> None:
        if path.suffix.lower() in _PROMPTS or await asyncio.to_thread(_holds_prompt, path):
            await self._take_prompts(path)
        else:
            dataset = await self._services.datasets.import_file(path)
            self._pane.open_dataset(dataset.id)

    async def _take_prompts(self, path: Path) -> None:
        found = await asyncio.to_thread(read_file, path)
        saved = await self._services.prompts.add_all(found.prompts, self._folder())
        for one in saved:
            self._pane.open_prompt(one.prompt_id)
        if found.left_out:
            self._pane.tell(" ".join((self.tr("Left out of {0}:").format(path.name), *found.left_out)))

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


def _holds_prompt(path: Path) -> bool:
    """Whether a file of JSON is a prompt and no table."""
    if path.suffix.lower() != ".json":
        return False
    try:
        if path.stat().st_size > MAX_BYTES:
            return False
        told = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(told, dict) and bool(told.keys() & {"messages", "prompt", "input"})
