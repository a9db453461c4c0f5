"""One run of the window over one profile: made, started, remembered, ended."""

from __future__ import annotations

import os
from collections.abc import Awaitable

import msgspec
from PySide6.QtCore import QFileSystemWatcher, QTimer
from PySide6.QtGui import QIcon

from chatbench.core.changes import Changes
from chatbench.core.errors import ChatbenchError, StorageError
from chatbench.core.resources import resource
from chatbench.services import Services
from chatbench.ui import faults
from chatbench.ui.aio import cancel_spawned, spawn
from chatbench.ui.chat.openings import Openings
from chatbench.ui.chat.pane import ChatWorkspace
from chatbench.ui.frame import Frame, WindowPlace, apply_preferences
from chatbench.ui.online import Online
from chatbench.ui.palette_sources import ChatSource, ModelSource
from chatbench.ui.settings import settings_builder
from chatbench.ui.window import bring_to_front
from chatbench.ui.wish import Wish

KEEP_AFTER_MS = 1000


class Session:
    """Owns the window and the services behind it, from `start` to `aclose`."""

    def __init__(self, services: Services, frame: Frame | None = None) -> None:
        self.services = services
        frame = frame or Frame(services.preferences.current)
        self.window = frame.window
        self.openings = Openings()
        self.workspace = ChatWorkspace(services, self.openings)
        frame.fill(chats=self.workspace.build, settings=settings_builder(services))
        self._watcher: QFileSystemWatcher | None = None
        self._online: Online | None = None
        self._opened = self._told_of_drafts = self._closing = False
        self._wishes: list[Wish] = []
        self._place = WindowPlace.of(services.preferences.current)
        # What is open is kept while it is, so that a sudden end does not forget it.
        self._keep = QTimer(self.window, singleShot=True, interval=KEEP_AFTER_MS)
        self._keep.timeout.connect(self._remember)
        self.workspace.arranged.connect(self._keep.start)
        self._ends = [
            services.changes.connect(self._changed),
            faults.catch_everything(self.window),
        ]

    def start(self, wish: Wish | None = None) -> None:
        """Shows the window; what is slow follows after the first paint, and what was asked for."""
        if wish is not None:
            self._wishes.append(wish)
        self.window.show_section("chats")
        self.window.status.set_profile(
            self.window.tr("Profile: {0}").format(self.services.profile.name),
            tip=str(self.services.profile.folder),
        )
        self.window.show()
        QTimer.singleShot(0, self.window, self._after_first_paint)

    def take(self, wish: Wish) -> None:
        """A later start asks for something: it gets the front, and the files when the tabs are open."""
        if self._closing:
            return
        if wish.activation:
            # Where the desktop decides who comes to the front, Qt shows it this leave.
            os.environ["XDG_ACTIVATION_TOKEN"] = wish.activation
        bring_to_front(self.window)
        self._wishes.append(wish)
        if self._opened:
            self._fulfil()

    def _fulfil(self) -> None:
        wishes, self._wishes = self._wishes, []
        for wish in wishes:
            if wish.files:
                self.window.show_section("chats")
                self.workspace.attach(wish.paths())

    def _after_first_paint(self) -> None:
        if not self._closing:
            self.window.setWindowIcon(QIcon(str(resource("icons", "chatbench.svg"))))
            spawn(self._open_profile(), name="open-profile")

    async def _open_profile(self) -> None:
        try:
            await self.services.profile.ready()
        except StorageError as error:
            self.workspace.show_problem(error)
            return
        self.services.notifier.listen(lambda notice: faults.show_service_notice(self.window, notice))
        for problem in (self.services.preferences.problem, *self.services.endpoints.problems):
            if problem is not None:
                faults.show_error(self.window, problem)
        await self._or_tell(self.services.profile.mark_interrupted())
        await self._or_tell(self.workspace.open_first(self._place))
        self._opened = True
        self._fulfil()
        self.window.add_palette_source(ChatSource(self.services, self.workspace))
        self.window.add_palette_source(ModelSource(self.services, self.workspace))
        self.window.set_search_inside(self.workspace.focus_search)
        await self._or_tell(self._show_spent())
        self._watch()
        self._online = Online(self.window.status)
        self.services.profile.warm_up()
        await self._or_tell(self.services.profile.tidy())

    async def _or_tell(self, step: Awaitable[object]) -> None:
        """A step that fails is told of, and the others go on."""
        try:
            await step
        except ChatbenchError as error:
            faults.show_error(self.window, error)

    @property
    def watching(self) -> bool:
        """Whether everything that follows the first paint has been made."""
        return self._watcher is not None

    def _watch(self) -> None:
        """Another process on the same profile is noticed by what it writes, never by a timer."""
        path = self.services.profile.database_path
        self._watcher = QFileSystemWatcher(
            [str(p) for p in (path, path.with_name(f"{path.name}-wal")) if p.exists()]
        )
        self._watcher.fileChanged.connect(
            lambda _path: spawn(self.services.profile.other_process_wrote(), name="other-process")
        )
        self._watcher.addPath(str(self.services.endpoints.folder))
        self._watcher.directoryChanged.connect(lambda _path: self.services.endpoints.reload())

    def _changed(self, changes: Changes) -> None:
        for conversation_id in changes.answered:
            if not self.openings.in_view(conversation_id):
                spawn(self.services.history.mark_read(conversation_id, unread=True), name="unread")
        if changes.usage:
            spawn(self._show_spent(), name="spent-today")
        if changes.preferences and changes.initiator is not self:
            apply_preferences(self.services.preferences.current)

    async def _show_spent(self) -> None:
        spent = await self.services.usage.today()
        about = "" if spent.complete else "≥ "
        amount = f"{about}${spent.amount:.2f}"
        if not spent.amount and not spent.complete:
            amount = self.window.tr("price unknown")
        if 0 < spent.amount < 1:
            amount = f"{about}${spent.amount:.4f}".rstrip("0")
        self.window.status.set_cost(self.window.tr("Today {0}").format(amount))

    def _remember(self) -> None:
        # Closed before the tabs were open, the window remembers those it would have opened.
        place = self._place
        if self._opened:
            place = WindowPlace(**msgspec.structs.asdict(self.workspace.arrangement()))
        size = self.window.normalGeometry().size()
        place = msgspec.structs.replace(
            place,
            size=(size.width(), size.height()),
            maximized=self.window.isMaximized(),
            sidebar=self.window.sidebar.open,
            inspector=self.window.inspector.open,
        )
        try:
            self.services.preferences.replace(
                window=msgspec.to_builtins(place),
                shortcuts=self.window.commands.overrides(),
                initiator=self,
            )
        except (ChatbenchError, OSError):
            faults.log.warning("the window's place could not be kept", exc_info=True)

    async def may_close(self) -> bool:
        """Keeps the drafts. Where that fails, it is told, and False once: the words can still be
        copied."""
        if self._told_of_drafts:
            return True
        try:
            await self.workspace.save_drafts()
        except ChatbenchError as error:
            self._told_of_drafts = True
            faults.show_error(self.window, error)
            hint = self.window.tr(
                "What you have not sent could not be kept. Close again to close without it."
            )
            self.window.notices.show_notice(hint, "warning")
            return False
        return True

    async def aclose(self) -> None:
        """Keeps drafts and the window's place, then ends everything in order, whatever fails."""
        self._closing = True
        self._keep.stop()
        self._remember()
        try:
            await self.workspace.save_drafts()
        except ChatbenchError:
            faults.log.exception("a draft could not be kept")
        self.window.hide()
        for end in self._ends:
            end()
        self.workspace.release()
        self._watcher = None
        await cancel_spawned()
        await self.services.aclose()
        self.window.closes_itself = True
        self.window.close()
        self.window.deleteLater()
