"""The workbench's main area: a tab for each prompt, data set and run that is open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QMenu, QStackedWidget, QVBoxLayout, QWidget

from chatbench.core.errors import ChatbenchError
from chatbench.ui.aio import ask, spawn
from chatbench.ui.theme import theme
from chatbench.ui.widgets import IconButton, Label, SegmentControl
from chatbench.ui.window.tabbar import Tab
from chatbench.ui.window.tabs import TabStrip
from chatbench.ui.workbench.arrangement import WorkbenchPlace
from chatbench.ui.workbench.filing import Filing
from chatbench.ui.workbench.pages import Pages
from chatbench.ui.workbench.rows import Row
from chatbench.ui.workbench.sidebar import WorkbenchSidebar
from chatbench.ui.workbench.taking import Taking
from chatbench.ui.workbench.views import DatasetView, PromptPage, RunView, View, make_view

if TYPE_CHECKING:
    from chatbench.services import Services
    from chatbench.ui.window import MainWindow
    from chatbench.ui.workbench.hands import Hands

_WIDE = 640
_CONTROL = Qt.KeyboardModifier.ControlModifier


class WorkbenchPane(QWidget):
    """`open_prompt`, `open_dataset` and `open_run` show what is open already, or open it in a new tab.
    `arranged()` when other things are open, or stand otherwise."""

    arranged = Signal()

    def __init__(
        self,
        services: Services,
        window: MainWindow,
        hands: Hands,
        was: WorkbenchPlace,
        *,
        follows_files: bool = False,
    ) -> None:
        """`follows_files`: what other programs do to linked folders is noticed."""
        super().__init__()
        self._services = services
        self.window_ = window
        self._hands = hands
        self._was = was
        self._views: dict[str, View] = {}
        self._wish = 0
        """How many times something was asked for; only the last of it comes into view."""
        self.sidebar = WorkbenchSidebar(services, was.folders)
        self.tabs = TabStrip(self, new_name=self.tr("New prompt"))
        self.layout_switch = SegmentControl(self._layouts(), name=self.tr("What the tab shows"))
        self.layout_switch.set_current(was.arrangement)
        self.layout_menu = IconButton("columns-2", self.tr("What the tab shows"))
        self.layout_menu.clicked.connect(self._open_layouts)
        self.stack = QStackedWidget(self)
        self._lay_out()
        self.filing = Filing(services, self)
        self.taking = Taking(services, self)
        self.pages = Pages(services, self, follows_files=follows_files)
        self._connect()
        self._show_current()
        spawn(self._reopen(), owner=self, name="workbench-reopen")

    def _lay_out(self) -> None:
        self.layout_menu.hide()
        self.tabs.add_button(self.layout_switch)
        self.tabs.add_button(self.layout_menu)
        self.nothing = Label(
            self.tr("Open a prompt, a data set or a run from the list, or begin a new prompt."),
            font="small", color="text3", wrap=True,
        )  # fmt: skip
        self.nothing.setContentsMargins(24, 20, 24, 20)
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignTop)
        self.stack.addWidget(self.nothing)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.tabs)
        column.addWidget(self.stack, 1)

    def _layouts(self) -> list[tuple[str, str]]:
        return [
            ("prompt", self.tr("Prompt")),
            ("both", self.tr("Prompt and run")),
            ("run", self.tr("Run")),
        ]

    def _connect(self) -> None:
        self.sidebar.opened.connect(self._open_row)
        self.sidebar.new_requested.connect(self.new_prompt)
        self.sidebar.more.clicked.connect(lambda: self.pages.show_menu(self.sidebar.more))
        self.sidebar.view.files_dropped.connect(self.taking.take)
        self.sidebar.read.connect(self._name_tabs)
        self.tabs.chosen.connect(self.turn_to)
        self.tabs.close_requested.connect(self.close_tab)
        self.tabs.new_requested.connect(self.new_prompt)
        self.tabs.moved.connect(lambda *_: self.arranged.emit())
        self.layout_switch.changed.connect(self._arrange)

    # Opening.

    def open_prompt(self, prompt_id: str) -> None:
        """Shows a prompt of the library."""
        self.open(f"prompt:{prompt_id}")

    def open_dataset(self, dataset_id: str) -> None:
        """Shows a data set."""
        self.open(f"dataset:{dataset_id}")

    def open_run(self, run_id: str) -> None:
        """Shows a run."""
        self.open(f"run:{run_id}")

    def open(self, key: str) -> None:
        """The same by its key: the kind, ":" and the id."""
        self._wish += 1
        spawn(self._open(key, self._wish), owner=self, name="workbench-open")

    async def opened(self, key: str) -> None:
        """The same, waited for. Raises StorageError for what is not there."""
        self._wish += 1
        await self._open(key, self._wish)

    def new_prompt(self) -> None:
        """A prompt of one message, in the folder of the one in view."""
        self.filing.new_prompt()

    def new_dataset(self, path: Path | None = None) -> None:
        """A data set: of a file, or with one empty row."""
        self.taking.new_dataset(path)

    def run_on_dataset(self) -> None:
        """Lets the reader plan a run of the prompt in view."""
        if prompt_id := self.prompt_in_view():
            spawn(self._plan_run(prompt_id), owner=self, name="plan-run")
        else:
            self.tell(self.tr("Open the prompt that is to be run first."))

    async def _plan_run(self, prompt_id: str) -> None:
        from chatbench.ui.workbench.runs.newrun import NewRunDialog

        page = self.view(f"prompt:{prompt_id}")
        if isinstance(page, PromptPage) and page.is_changed:
            self.tell(self.tr("Versions are run: what is not saved is not among them."), kind="warning")
        beside = page.beside_it() if isinstance(page, PromptPage) else ("", ())
        dialog = NewRunDialog(self._services, prompt_id, dataset_id=beside[0], models=beside[1], parent=self)
        begun: list[str] = []
        dialog.started.connect(begun.append)
        await ask(dialog)
        if not begun:
            return
        if isinstance(page, PromptPage):
            await page.show_run(begun[0])
            page.show_answers()
        else:
            self.open_run(begun[0])

    def choose_files(self) -> None:
        """Lets the reader choose files of prompts or data to take in."""
        self.taking.choose()

    def _open_row(self, row: Row) -> None:
        self.open(row.key)

    async def _open(self, key: str, wish: int) -> None:
        if key not in self._views:
            title = await self._title(key)
            if key not in self._views:
                self._add(key, title)
        if wish == self._wish:
            self.turn_to(key)

    async def _title(self, key: str) -> str:
        """Raises StorageError for what is not there."""
        kind, _, found = key.partition(":")
        if kind == "prompt":
            return (await self._services.prompts.get(found)).name
        if kind == "dataset":
            return (await self._services.datasets.get(found)).name
        if kind == "page":
            return self.pages.title(found)
        return self.tr("Run {0}").format((await self._services.runs.get(found)).number)

    def _add(self, key: str, title: str) -> View:
        kind, _, name = key.partition(":")
        is_page = kind == "page"
        view = self.pages.make(name) if is_page else make_view(key, self._services, self._hands, self)
        self._views[key] = view
        if isinstance(view, PromptPage):
            view.arrange(self._arrangement())
            view.run_wanted.connect(self.open_run)
            view.changed.connect(self._name_tabs)
            view.told.connect(self._offer_undo)
            view.answers_wanted.connect(self._show_both)
            view.export_wanted.connect(self.taking.export)
            view.dataset_wanted.connect(self.open_dataset)
            view.editor.run_dataset.clicked.connect(self.run_on_dataset)
        elif isinstance(view, DatasetView):
            view.opened.connect(self.open_dataset)
        elif isinstance(view, RunView):
            view.said.connect(self.tell)
        self.stack.addWidget(view)
        self.tabs.add_tab(Tab(key, title))
        self.arranged.emit()
        return view

    async def _reopen(self) -> None:
        """What was open, as far as it is still there."""
        wish = self._wish
        for key in self._was.tabs:
            try:
                title = await self._title(key)
            except ChatbenchError:
                continue
            if key not in self._views:
                self._add(key, title)
        if wish == self._wish and self._views:
            self.turn_to(self._was.current if self._was.current in self._views else self.tabs.current())

    def turn_to(self, key: str) -> None:
        """Shows an open tab."""
        if key in self._views:
            self.tabs.set_current(key)
            self._show_current()
            self.arranged.emit()

    def close_tab(self, key: str) -> None:
        """Takes a tab away; what was written in it is kept."""
        view = self._views.pop(key, None)
        if view is None:
            return
        if isinstance(view, PromptPage):
            spawn(view.keep_draft(), name="keep-prompt-draft")
        view.release()
        self.tabs.remove_tab(key)
        self.stack.removeWidget(view)
        view.hide()
        view.deleteLater()
        self._show_current()
        self.arranged.emit()

    def _show_current(self) -> None:
        key = self.tabs.current()
        view = self._views.get(key)
        self.stack.setCurrentWidget(view or self.nothing)
        self._show_layouts()
        self.sidebar.set_current(key, self.prompt_in_view())
        self.activate()

    def _show_layouts(self) -> None:
        """The switch where it has room, else a button that opens the same choice."""
        wanted = isinstance(self.current_view(), PromptPage)
        wide = self.width() >= theme().scaled(_WIDE)
        self.layout_switch.setVisible(wanted and wide)
        self.layout_menu.setVisible(wanted and not wide)

    def _open_layouts(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setAccessibleName(self.tr("What the tab shows"))
        for key, name in self._layouts():
            action = menu.addAction(name, partial(self._choose_layout, key))
            action.setCheckable(True)
            action.setChecked(key == self._arrangement())
        menu.popup(self.layout_menu.mapToGlobal(self.layout_menu.rect().bottomLeft()))

    def _choose_layout(self, key: str) -> None:
        self.layout_switch.set_current(key)
        self._arrange(key)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_layouts()

    def _arrangement(self) -> str:
        return self.layout_switch.current()

    def _arrange(self, arrangement: str) -> None:
        for view in self._views.values():
            if isinstance(view, PromptPage):
                view.arrange(arrangement)
        self.arranged.emit()

    def _show_both(self) -> None:
        self._choose_layout("both")

    def _name_tabs(self) -> None:
        """Names follow what the list has read; the tab of what is gone closes."""
        names = {row.key: row.title for row in self.sidebar.view.rows()}
        known = {f"prompt:{entry.id}" for entry in self.sidebar.entries}
        for key, view in list(self._views.items()):
            if key.startswith("prompt:") and key not in known:
                self.close_tab(key)
                continue
            title = names.get(key)
            if title is not None and not key.startswith("run:"):
                changed = isinstance(view, PromptPage) and view.is_changed
                self.tabs.update_tab(key, title=self.tr("• {0}").format(title) if changed else title)

    # What is in view.

    def current_view(self) -> View | None:
        return self._views.get(self.tabs.current())

    def view(self, key: str) -> View | None:
        """What is open under a key."""
        return self._views.get(key)

    def prompt_in_view(self) -> str:
        """The id of the prompt whose tab is in view, or ""."""
        kind, _, found = self.tabs.current().partition(":")
        return found if kind == "prompt" else ""

    def open_keys(self) -> list[str]:
        """In the order of the tabs."""
        return [tab.id for tab in self.tabs.tabs()]

    def activate(self) -> None:
        """The keyboard goes to what is in view."""
        view = self.current_view()
        if self.isVisible():
            first = view.editor.versions if isinstance(view, PromptPage) else view
            (first or self.sidebar.view).setFocus(Qt.FocusReason.OtherFocusReason)

    def event(self, event: QEvent) -> bool:
        # Keys of the window that mean a tab mean this one here.
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and _closes(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if _closes(event):
            self.close_tab(self.tabs.current())
        else:
            super().keyPressEvent(event)

    # The end.

    def place(self) -> WorkbenchPlace:
        """What is open, to be kept."""
        return WorkbenchPlace(
            tabs=tuple(self.open_keys()),
            current=self.tabs.current(),
            arrangement=self._arrangement(),  # type: ignore[arg-type]
            folders=tuple(sorted(self.sidebar.folders)),
        )

    async def keep_drafts(self) -> None:
        """Keeps what was written and not saved. Raises StorageError."""
        for view in self._views.values():
            if isinstance(view, PromptPage):
                await view.keep_draft()

    def release(self) -> None:
        """Stops listening."""
        self.pages.release()
        for view in self._views.values():
            view.release()

    def tell(self, words: str, **more: object) -> None:
        """A notice in the window."""
        self.window_.notices.show_notice(words, **more)  # type: ignore[arg-type]

    def _offer_undo(self, words: str, undo: Callable[[], object]) -> None:
        self.tell(words, action=(self.tr("Undo"), undo))

    def take(self, paths: Sequence[Path]) -> None:
        """Takes files of prompts or data in."""
        self.taking.take(list(paths))


def _closes(event: QKeyEvent) -> bool:
    return event.key() == Qt.Key.Key_W and event.modifiers() == _CONTROL
