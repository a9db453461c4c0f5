"""The place of the workbench on the rail, and its actions. What is in it is imported when first shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QObject, Signal

from chatbench.ui.window.panes import PaneSpec
from chatbench.ui.workbench.arrangement import WorkbenchPlace

if TYPE_CHECKING:
    from chatbench.services import Services
    from chatbench.ui.window import MainWindow
    from chatbench.ui.window.panes import Builder, PaneParts
    from chatbench.ui.workbench.hands import Hands
    from chatbench.ui.workbench.pane import WorkbenchPane


def workbench_spec(build: Builder) -> PaneSpec:
    """The section's place on the rail, below the chats."""
    title = QCoreApplication.translate("Workbench", "Workbench")
    return PaneSpec("workbench", title, "flask-conical", build)


class Workbench(QObject):
    """The workbench of one window. `arranged()` when other things are open in it, or stand otherwise."""

    arranged = Signal()

    def __init__(
        self,
        services: Services,
        window: MainWindow,
        hands: Hands,
        was: WorkbenchPlace | None = None,
        *,
        follows_files: bool = False,
    ) -> None:
        """`follows_files`: what other programs do to linked folders is noticed."""
        super().__init__(window)
        self._follows_files = follows_files
        self._services = services
        self.window = window
        self._hands = hands
        self._was = was or WorkbenchPlace()
        self._pane: WorkbenchPane | None = None
        self._add_actions()

    def build(self, window: MainWindow) -> PaneParts:
        """Called once by the window, when the section is first shown."""
        from chatbench.ui.window.panes import PaneParts
        from chatbench.ui.workbench.pane import WorkbenchPane

        self._pane = pane = WorkbenchPane(
            self._services, window, self._hands, self._was, follows_files=self._follows_files
        )
        pane.arranged.connect(self.arranged)
        return PaneParts(main=pane, sidebar=pane.sidebar, tabs=pane.tabs, activate=pane.activate)

    def show(self) -> WorkbenchPane:
        """Brings the section into view."""
        self.window.show_section("workbench")
        assert self._pane is not None
        return self._pane

    def show_trash(self) -> None:
        """Shows what was deleted in it."""
        self.show().filing.show_trash()

    def place(self) -> WorkbenchPlace:
        """What is open; before the section was shown, what it would open."""
        return self._was if self._pane is None else self._pane.place()

    async def keep_drafts(self) -> None:
        """Keeps what was written and not saved. Raises StorageError."""
        if self._pane is not None:
            await self._pane.keep_drafts()

    def release(self) -> None:
        """Stops listening."""
        if self._pane is not None:
            self._pane.release()

    def _add_actions(self) -> None:
        tr = self._tr
        for key, text, icon, do in (
            ("new_prompt", tr("New prompt"), "file-plus", lambda: self.show().new_prompt()),
            ("new_dataset", tr("New data set"), "table-2", lambda: self.show().new_dataset()),
            ("run", tr("Run on a data set…"), "play", lambda: self.show().run_on_dataset()),
            ("import", tr("Import prompts, plans or data…"), "upload", lambda: self.show().choose_files()),
            ("fragments", tr("Fragments"), "text-quote", lambda: self.show().open("page:fragments")),
            ("folders", tr("Linked folders"), "folder-sync", lambda: self.show().open("page:folders")),
            ("trash", tr("Trash of the workbench"), "trash-2", self.show_trash),
            ("jobs", tr("Batch jobs"), "clock", lambda: self.show().open("page:jobs")),
        ):
            self.window.commands.add(f"workbench.{key}", text, do, icon=icon, place=tr("Workbench"))

    @staticmethod
    def _tr(text: str) -> str:
        return QCoreApplication.translate("Workbench", text)
