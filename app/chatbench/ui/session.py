"""One run of the program over one profile: its windows, made, remembered and ended."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable
from functools import partial

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
from chatbench.ui.desk import Desk
from chatbench.ui.frame import Frame, Places, WindowPlace, apply_preferences
from chatbench.ui.window import MainWindow, bring_to_front
from chatbench.ui.wish import Wish

KEEP_AFTER_MS = 1000


class Session:
    """Owns the windows and the services behind them, from `start` to `aclose`.

    `ended` is set when the reader has closed the last window, or quits.
    """

    def __init__(self, services: Services, frame: Frame | None = None) -> None:
        self.services = services
        self.openings = Openings()
        self.ended = asyncio.Event()
        self.desks: list[Desk] = []
        self._watcher: QFileSystemWatcher | None = None
        self._ready = self._closing = False
        self._wishes: list[Wish] = []
        self._places = Places.of(services.preferences.current)
        self._shortcuts = services.preferences.current.shortcuts
        # What is open is kept while it is, so that a sudden end does not forget it.
        self._keep = QTimer(singleShot=True, interval=KEEP_AFTER_MS)
        self._keep.timeout.connect(self._remember)
        self._front = self._add_desk(self._places.first, frame)
        self._ends = [
            services.changes.connect(self._changed),
            faults.catch_everything(lambda: self.window),
        ]

    @property
    def window(self) -> MainWindow:
        """The window that had the keyboard last."""
        return self._front.window

    @property
    def workspace(self) -> ChatWorkspace:
        """The chats of that window."""
        return self._front.workspace

    # Windows come and go.

    def _add_desk(self, place: WindowPlace, frame: Frame | None = None) -> Desk:
        frame = frame or Frame(self.services.preferences.current, place)
        desk = Desk(self.services, self.openings, frame, place)
        self.desks.append(desk)
        window = desk.window
        window.commands.take_overrides(self._shortcuts)
        window.close_requested.connect(partial(self._close_asked, desk))
        window.quit_requested.connect(self.ended.set)
        window.activated.connect(partial(self._came_to_front, desk))
        window.commands.changed.connect(partial(self._share_shortcuts, desk))
        window.commands.add(
            "window.new",
            window.tr("New window"),
            lambda: spawn(self._open_window(), name="new-window"),
            icon="app-window",
            place=window.tr("Window"),
        )
        desk.workspace.arranged.connect(self._keep_soon)
        desk.workspace.detach_requested.connect(
            lambda conversation_id: spawn(self._detach(desk, conversation_id), name="detach")
        )
        return desk

    def _came_to_front(self, desk: Desk) -> None:
        if desk in self.desks:
            self._front = desk

    def _share_shortcuts(self, desk: Desk) -> None:
        self._shortcuts = desk.window.commands.overrides()
        for other in self.desks:
            if other is not desk:
                other.window.commands.take_overrides(self._shortcuts)

    async def _open_window(self) -> Desk:
        """Another window, as large as the one in front, with an empty chat."""
        desk = self._beside_front()
        desk.workspace.new_chat()
        return desk

    async def _detach(self, desk: Desk, conversation_id: str) -> None:
        """A chat leaves its window for one of its own."""
        await desk.workspace.hand_on(conversation_id)
        self._beside_front().workspace.open(conversation_id)

    def _beside_front(self) -> Desk:
        before = self._front.place()
        made = self._add_desk(
            WindowPlace(size=before.size, sidebar=before.sidebar, inspector=before.inspector)
        )
        made.start()
        made.make_ready()
        if made.workspace.sidebar is not None:
            made.workspace.sidebar.refresh()
        bring_to_front(made.window)
        self._front = made
        spawn(self._show_spent(), name="spent-today")
        self._keep_soon()
        return made

    def _close_asked(self, desk: Desk) -> None:
        if len(self.desks) > 1:
            spawn(self._close_desk(desk), name="close-window")
        else:
            self.ended.set()

    async def _close_desk(self, desk: Desk) -> None:
        """The program goes on in the other windows; the tabs of this one can be opened there again."""
        if not await desk.may_close() or desk not in self.desks or len(self.desks) == 1:
            return
        desk.note_closed()
        self.desks.remove(desk)
        if self._front is desk:
            self._front = self.desks[-1]
        desk.release()
        desk.close()
        self._keep_soon()

    # The beginning.

    def start(self, wish: Wish | None = None) -> None:
        """Shows the window; what is slow follows after the first paint, and what was asked for."""
        if wish is not None:
            self._wishes.append(wish)
        self._front.start()
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
        if self._ready:
            self._fulfil()

    def _fulfil(self) -> None:
        wishes, self._wishes = self._wishes, []
        for wish in wishes:
            if wish.files:
                self.window.show_section("chats")
                self.workspace.attach(wish.paths())

    def _after_first_paint(self) -> None:
        if not self._closing:
            icon = QIcon(str(resource("icons", "chatbench.svg")))
            for desk in self.desks:
                desk.window.setWindowIcon(icon)
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
        await self._or_tell(self._front.open())
        await self._or_tell(self._open_others())
        self._ready = True
        self._fulfil()
        await self._or_tell(self._show_spent())
        self._watch()
        self.services.profile.warm_up()
        await self._or_tell(self.services.profile.tidy())

    async def _open_others(self) -> None:
        """The other windows there were, of which anything is left."""
        for place in self._places.others:
            if not [key for key in place.tabs if await self.services.history.listed(key)]:
                continue
            desk = self._add_desk(place)
            desk.start()
            await desk.open()

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

    # What goes on.

    def _changed(self, changes: Changes) -> None:
        for conversation_id in changes.answered:
            # An answer that ends out of view leaves its chat unread.
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
        for desk in self.desks:
            desk.show_spent(amount)

    def _keep_soon(self) -> None:
        if not self._closing:
            self._keep.start()

    def _remember(self) -> None:
        first, *others = [desk.place() for desk in self.desks]
        left = self._places.others if not self._ready else tuple(others)
        try:
            self.services.preferences.replace(
                window=msgspec.to_builtins(Places(**msgspec.structs.asdict(first), others=left)),
                shortcuts=self._shortcuts,
                initiator=self,
            )
        except (ChatbenchError, OSError):
            faults.log.warning("the window's place could not be kept", exc_info=True)

    # The end.

    async def may_close(self) -> bool:
        """Keeps the drafts of every window; False where one could not, and said so."""
        return all([await desk.may_close() for desk in self.desks])

    async def _save_drafts(self) -> None:
        saving = [desk.workspace.save_drafts() for desk in self.desks]
        for result in await asyncio.gather(*saving, return_exceptions=True):
            if isinstance(result, BaseException):
                raise result

    async def aclose(self) -> None:
        """Keeps drafts and the windows' places, then ends everything in order, whatever fails."""
        self._closing = True
        self._keep.stop()
        self._remember()
        try:
            await self._save_drafts()
        except ChatbenchError:
            faults.log.exception("a draft could not be kept")
        for end in self._ends:
            end()
        for desk in self.desks:
            desk.release()
        self._watcher = None
        await cancel_spawned()
        await self.services.aclose()
        for desk in self.desks:
            desk.close()
