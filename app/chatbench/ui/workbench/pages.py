"""Pages of the workbench that are about no single thing of it: linked folders, fragments, batch jobs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtWidgets import QMenu, QWidget

from chatbench.core.errors import StorageError
from chatbench.ui.workbench.jobs.page import JobsPage
from chatbench.ui.workbench.library.folderspage import FoldersPage
from chatbench.ui.workbench.library.fragmentspage import FragmentsPage
from chatbench.ui.workbench.library.watching import PromptWatch

if TYPE_CHECKING:
    from chatbench.services import Services
    from chatbench.ui.workbench.pane import WorkbenchPane

Page = FoldersPage | FragmentsPage | JobsPage


class Pages(QObject):
    """Part of a pane. A page's key is "page:" and its name."""

    def __init__(self, services: Services, pane: WorkbenchPane, *, follows_files: bool) -> None:
        super().__init__(pane)
        self._services = services
        self._pane = pane
        self.watch = PromptWatch(services, self)
        self.watch.conflicted.connect(self._tell_conflicts)
        self._titles = {
            "fragments": self.tr("Fragments"),
            "folders": self.tr("Linked folders"),
            "jobs": self.tr("Batch jobs"),
        }
        self._makers: dict[str, Callable[[], Page]] = {
            "fragments": self._fragments,
            "folders": self._folders,
            "jobs": self._jobs,
        }
        if follows_files:
            self.watch.begin()

    def title(self, name: str) -> str:
        """Raises StorageError for what is no page."""
        if name not in self._titles:
            raise StorageError(f"There is no page {name!r}.", "Open another.")
        return self._titles[name]

    def make(self, name: str) -> Page:
        """The page of a name that `title` knows."""
        page = self._makers[name]()
        page.open_wanted.connect(self._pane.open)
        page.told.connect(self._tell)
        return page

    def show_menu(self, anchor: QWidget) -> None:
        """What the list has no row for, below a button."""
        menu = QMenu(self._pane)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setAccessibleName(self.tr("More of the workbench"))
        menu.addAction(self.tr("New data set"), partial(self._pane.new_dataset, None))
        menu.addAction(self.tr("Import prompts, plans or data…"), self._pane.choose_files)
        menu.addAction(self.tr("Data set of a folder…"), self._pane.taking.choose_folder)
        menu.addSeparator()
        for name, title in self._titles.items():
            menu.addAction(title, partial(self._pane.open, f"page:{name}"))
        menu.addAction(self.tr("Trash"), self._pane.filing.show_trash)
        rtl = anchor.layoutDirection() == Qt.LayoutDirection.RightToLeft
        at = (
            anchor.rect().bottomRight() - QPoint(menu.sizeHint().width(), 0)
            if rtl
            else QPoint(0, anchor.height())
        )
        menu.popup(anchor.mapToGlobal(at))

    def release(self) -> None:
        """Watches the folders no more."""
        self.watch.release()

    def _folders(self) -> FoldersPage:
        return FoldersPage(self._services, self.watch, self._pane)

    def _fragments(self) -> FragmentsPage:
        return FragmentsPage(self._services, self._pane)

    def _jobs(self) -> JobsPage:
        return JobsPage(self._services, self._pane)

    async def new_fragment(self, text: str, source: str) -> None:
        """Opens the form of a new fragment, filled in so far."""
        await self._pane.opened("page:fragments")
        page = self._pane.view("page:fragments")
        assert isinstance(page, FragmentsPage)
        page.begin(text, source)

    def _tell(self, words: str, undo: Callable[[], object] | None) -> None:
        if undo is None:
            self._pane.tell(words)
        else:
            self._pane.tell(words, action=(self.tr("Undo"), undo))

    def _tell_conflicts(self, ids: list[str]) -> None:
        known = {entry.id: entry.name for entry in self._pane.sidebar.entries}
        names = ", ".join(known.get(one, "…") for one in ids[:3]) + (" …" if len(ids) > 3 else "")
        words = self.tr("Changed here and in its file: {0}").format(names)
        show = (self.tr("Look"), lambda: self._pane.open("page:folders"))
        self._pane.tell(words, kind="warning", action=show)
