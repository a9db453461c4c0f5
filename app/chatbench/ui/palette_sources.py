"""What the command palette finds besides actions: chats and models."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from chatbench.services import Services
from chatbench.services.history import SearchHit
from chatbench.ui.palette import PaletteRow

if TYPE_CHECKING:
    from chatbench.ui.chat.pane import ChatWorkspace
    from chatbench.ui.workbench.section import Workbench


_SEARCHED_FROM = 3
"""So many letters are looked for inside the chats, too."""
_MOST_FOUND = 8
_MOST_RUNS = 50


class ChatSource:
    """Conversations by title, and after them those in whose messages and files the words stand."""

    prefix = "#"

    def __init__(self, services: Services, workspace: ChatWorkspace) -> None:
        self._services = services
        self._workspace = workspace
        self.title = QCoreApplication.translate("palette", "Chats")

    async def _find(self, query: str) -> Sequence[PaletteRow]:
        summaries = await self._services.history.summaries(1000, begun=True)
        untitled = QCoreApplication.translate("palette", "New chat")
        rows = [
            PaletteRow(
                summary.title or untitled,
                partial(self._workspace.open, summary.id),
                icon="message-square",
            )
            for summary in summaries
        ]
        if len(query.strip()) >= _SEARCHED_FROM:
            hits = await self._services.history.search(query, _MOST_FOUND)
            rows += [self._found(hit, untitled) for hit in hits if hit.message_id is not None]
        return rows

    def _found(self, hit: SearchHit, untitled: str) -> PaletteRow:
        of = f"{hit.file}: " if hit.file else ""
        return PaletteRow(
            hit.title or untitled,
            partial(self._workspace.open, hit.conversation_id, hit.message_id or ""),
            icon="paperclip" if hit.file else "message-square",
            detail=of + " ".join(hit.snippet.split()),
            found=True,
        )

    def rows(self, query: str) -> Awaitable[Sequence[PaletteRow]]:
        return self._find(query)


class PromptSource:
    """Saved prompts: Enter puts one into the conversation that is open, Ctrl+Enter changes it."""

    prefix = "/"

    def __init__(self, services: Services, workspace: ChatWorkspace) -> None:
        self._templates = services.templates
        self._workspace = workspace
        self.title = QCoreApplication.translate("palette", "Prompts")

    async def _find(self) -> Sequence[PaletteRow]:
        view = self._workspace.current_view()
        if view is None:
            return ()
        return [
            PaletteRow(
                name,
                partial(view.prompting.use, name),
                icon="book-open",
                alternative=partial(view.prompting.edit, name),
            )
            for name in await asyncio.to_thread(self._templates.names)
        ]

    def rows(self, query: str) -> Awaitable[Sequence[PaletteRow]]:
        return self._find()


class WorkbenchSource:
    """What the workbench can show: prompts, data sets and runs."""

    prefix = ""

    def __init__(self, services: Services, workbench: Workbench) -> None:
        self._services = services
        self._workbench = workbench
        self.title = QCoreApplication.translate("palette", "Workbench")

    async def _find(self) -> Sequence[PaletteRow]:
        services = self._services
        table = QCoreApplication.translate("palette", "data set")
        run_title = QCoreApplication.translate("palette", "Run {0}")
        prompts, datasets = await services.prompts.entries(), await services.datasets.all()
        runs = (await services.runs.runs())[:_MOST_RUNS]
        return [
            *(self._row(one.name, f"prompt:{one.id}", "file-text", one.folder) for one in prompts),
            *(self._row(one.name, f"dataset:{one.id}", "table-2", table) for one in datasets),
            *(
                self._row(run_title.format(one.number), f"run:{one.id}", "flask-conical", one.plan.name)
                for one in runs
            ),
        ]

    def _row(self, title: str, key: str, icon: str, detail: str) -> PaletteRow:
        return PaletteRow(title, partial(self._open, key), icon=icon, detail=detail)

    def _open(self, key: str) -> None:
        self._workbench.show().open(key)

    def rows(self, query: str) -> Awaitable[Sequence[PaletteRow]]:
        return self._find()


class ModelSource:
    """Usable models, for the conversation that is open."""

    prefix = "@"

    def __init__(self, services: Services, workspace: ChatWorkspace) -> None:
        self._services = services
        self._workspace = workspace
        self.title = QCoreApplication.translate("palette", "Models")

    def rows(self, query: str) -> Sequence[PaletteRow]:
        return [
            PaletteRow(
                row.info.title,
                partial(self._workspace.choose_model, row.info.ref),
                icon="hard-drive" if group.endpoint.local else "cloud",
                detail=f"{row.info.ref}",
            )
            for group in self._services.models.groups()
            for row in group.rows
            if row.usable
        ]
