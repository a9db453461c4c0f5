"""One run of the program over one profile: its windows, made, remembered and ended."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable
from functools import partial
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QTimer
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
from chatbench.ui.otherprocess import OtherProcess
from chatbench.ui.quantities import AT_LEAST
from chatbench.ui.quantities import amount as amount_of
from chatbench.ui.quickchat import QuickChat
from chatbench.ui.window import MainWindow, bring_to_front
from chatbench.ui.wish import Wish

if TYPE_CHECKING:
    from chatbench.ui.chat.quick.window import QuickWindow

KEEP_AFTER_MS = 1000


class Session:
    """Owns the windows and the services behind them, from `start` to `aclose`.

    `ended` is set when the reader has closed the last window, or quits. Begun with the quick chat
    alone, it has no other window until one is asked for.
    """

    def __init__(self, services: Services, frame: Frame | None = None, *, quick: bool = False) -> None:
        self.services = services
        self.openings = Openings()
        self.ended = asyncio.Event()
        self.desks: list[Desk] = []
        self._watcher: OtherProcess | None = None
        self._ready = self._closing = False
        self._wishes: list[Wish] = []
        self._places = Places.of(services.preferences.current)
        self._shortcuts = services.preferences.current.shortcuts
        # What is open is kept while it is, so that a sudden end does not forget it.
        self._keep = QTimer(singleShot=True, interval=KEEP_AFTER_MS)
        self._keep.timeout.connect(self._remember)
        self.quick_chat = self._make_quick_chat()
        self._front: Desk | None = None if quick else self._add_desk(self._places.first, frame)
        self._icon = QIcon()
        if quick:
            self.quick_chat.make()
        self._ends = [
            services.changes.connect(self._changed),
            faults.catch_everything(self._telling),
        ]

    @property
    def window(self) -> MainWindow:
        """The main window that had the keyboard last."""
        assert self._front is not None
        return self._front.window

    @property
    def workspace(self) -> ChatWorkspace:
        """The chats of that window."""
        assert self._front is not None
        return self._front.workspace

    @property
    def quick(self) -> QuickWindow | None:
        """The quick chat's window, if it was wanted."""
        return self.quick_chat.window

    def _make_quick_chat(self) -> QuickChat:
        made = QuickChat(self.services, self.openings, self._places.quick, lambda: self._shortcuts)
        made.quit_requested.connect(self.ended.set)
        made.changed.connect(self._keep_soon)
        made.left.connect(self._end_if_out_of_reach)
        made.main_wanted.connect(lambda: spawn(self._main(), name="show-main"))
        made.chat_wanted.connect(
            lambda conversation_id: spawn(self._show_in_main(conversation_id), name="show-in-main")
        )
        made.settings_wanted.connect(
            lambda provider: spawn(self._show_settings(provider), name="show-settings")
        )
        return made

    def _telling(self) -> MainWindow:
        """The window that tells of what goes wrong."""
        if self.quick is not None and (self._front is None or self.quick.isActiveWindow()):
            return self.quick
        return self.window

    # Windows come and go.

    def _add_desk(self, place: WindowPlace, frame: Frame | None = None) -> Desk:
        frame = frame or Frame(self.services.preferences.current, place)
        desk = Desk(self.services, self.openings, frame, place, self.quick_chat.keys)
        self.desks.append(desk)
        window = desk.window
        window.commands.take_overrides(self._shortcuts)
        window.close_requested.connect(partial(self._close_asked, desk))
        window.quit_requested.connect(self.ended.set)
        window.activated.connect(partial(self._came_to_front, desk))
        place_name, show_quick = window.tr("Window"), self.quick_chat.show
        window.commands.add("window.quick", window.tr("Quick chat"), show_quick, icon="zap", place=place_name)
        window.commands.changed.connect(partial(self._share_shortcuts, desk))
        window.commands.add(
            "window.new",
            window.tr("New window"),
            lambda: spawn(self._open_window(), name="new-window"),
            icon="app-window",
            place=place_name,
        )
        desk.workspace.arranged.connect(self._keep_soon)
        desk.workbench.arranged.connect(self._keep_soon)
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
        """A chat leaves where it is open, if it is, for a window of its own."""
        if desk.workspace.holds(conversation_id):
            await desk.workspace.hand_on(conversation_id)
        else:
            await self.openings.let_go(conversation_id)
        self._beside_front().workspace.open(conversation_id)

    def _beside_front(self) -> Desk:
        assert self._front is not None
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
        if len(self.desks) > 1 or self.quick_chat.is_shown:
            spawn(self._close_desk(desk), name="close-window")
        else:
            self.ended.set()

    async def _close_desk(self, desk: Desk) -> None:
        """The program goes on in the other windows; the tabs of this one can be opened there again."""
        if not await desk.may_close() or desk not in self.desks:
            return
        if len(self.desks) > 1:
            desk.note_closed()
        elif self.quick_chat.is_shown:
            self._places = Places(**msgspec.structs.asdict(desk.place()))
        else:
            self.ended.set()
            return
        self.desks.remove(desk)
        if self._front is desk:
            self._front = self.desks[-1] if self.desks else None
        desk.release()
        desk.close()
        self._keep_soon()

    async def _use_quick_keys(self) -> None:
        if problem := await self.quick_chat.use_keys():
            self._telling().notices.show_notice(problem, "warning")

    def _end_if_out_of_reach(self) -> None:
        """Nothing runs on that nobody can see or reach."""
        if not (self._closing or self.desks or self.quick_chat.in_reach):
            self.ended.set()

    async def _main(self) -> Desk:
        """The main window in front, opened with what was in it if there is none."""
        if self._front is None:
            desk = self._front = self._add_desk(self._places.first)
            desk.start()
            await self._or_tell(desk.open())
            await self._or_tell(self._show_spent())
        bring_to_front(self._front.window)
        return self._front

    async def _show_in_main(self, conversation_id: str) -> None:
        desk = await self._main()
        await self.quick_chat.hand_on(conversation_id)
        desk.workspace.open(conversation_id)

    async def _show_settings(self, provider: str) -> None:
        desk = await self._main()
        desk.workspace.show_settings(provider)

    # The beginning.

    def start(self, wish: Wish | None = None) -> None:
        """Shows the window; what is slow follows after the first paint, and what was asked for."""
        if wish is not None:
            self._wishes.append(wish)
        if self._front is not None:
            self._front.start()
        else:
            self.quick_chat.show()
        QTimer.singleShot(0, self._keep, self._after_first_paint)

    def take(self, wish: Wish) -> None:
        """A later start asks for something: it gets the front, and the files when the tabs are open."""
        if self._closing:
            return
        if wish.activation:
            # Where the desktop decides who comes to the front, Qt shows it this leave.
            os.environ["XDG_ACTIVATION_TOKEN"] = wish.activation
        if wish.quick:
            self.quick_chat.show()
        elif self._front is not None:
            bring_to_front(self._front.window)
        self._wishes.append(wish)
        if self._ready:
            spawn(self._fulfil(), name="fulfil")

    async def _fulfil(self) -> None:
        wishes, self._wishes = self._wishes, []
        for wish in wishes:
            if wish.quick:
                await self.quick_chat.open(wish.paths())
                continue
            desk = await self._main() if self._front is None else self._front
            if wish.files:
                desk.attach(wish.paths())

    def _after_first_paint(self) -> None:
        if not self._closing:
            self._icon = QIcon(str(resource("icons", "chatbench.svg")))
            for desk in self.desks:
                desk.window.setWindowIcon(self._icon)
            self.quick_chat.set_icon(self._icon)
            spawn(self._open_profile(), name="open-profile")

    async def _open_profile(self) -> None:
        try:
            await self.services.profile.ready()
        except StorageError as error:
            if self._front is not None:
                self._front.workspace.show_problem(error)
            else:
                faults.show_error(self._telling(), error)
            return
        self.services.notifier.listen(lambda notice: faults.show_service_notice(self._telling(), notice))
        for problem in (self.services.preferences.problem, *self.services.endpoints.problems):
            if problem is not None:
                faults.show_error(self._telling(), problem)
        await self._or_tell(self.services.profile.mark_interrupted())
        if self._front is not None:
            await self._or_tell(self._front.open())
            await self._or_tell(self._open_others())
        self._ready = True
        await self._or_tell(self.quick_chat.make_ready())
        await self._or_tell(self._fulfil())
        await self._or_tell(self._show_spent())
        self._watcher = OtherProcess(self.services)
        self.quick_chat.show_tray()
        spawn(self._use_quick_keys(), name="quick-keys")
        self.services.profile.warm_up()
        await self._or_tell(self.services.profile.tidy())
        await self._or_tell(self._go_on_with_runs())

    async def _go_on_with_runs(self) -> None:
        """With those that were left while providers had batch jobs of theirs."""
        if await self.services.profile.jobs_left():
            await self.services.runs.resume_left()

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
            faults.show_error(self._telling(), error)

    @property
    def watching(self) -> bool:
        """Whether everything that follows the first paint has been made."""
        return self._watcher is not None

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
        amount = ("" if spent.complete else AT_LEAST) + amount_of(spent.amount)
        if not spent.amount and not spent.complete:
            amount = self._telling().tr("price unknown")
        for desk in self.desks:
            desk.show_spent(amount)

    def _keep_soon(self) -> None:
        if not self._closing:
            self._keep.start()

    def _remember(self) -> None:
        first, others = self._places.first, self._places.others
        if self.desks:
            first = self.desks[0].place()
        if self._ready and self.desks:
            others = tuple(desk.place() for desk in self.desks[1:])
        places = Places(**msgspec.structs.asdict(first), others=others, quick=self.quick_chat.place())
        try:
            self.services.preferences.replace(
                window=msgspec.to_builtins(places),
                shortcuts=self._shortcuts,
                initiator=self,
            )
        except (ChatbenchError, OSError):
            faults.log.warning("the window's place could not be kept", exc_info=True)

    # The end.

    async def may_close(self) -> bool:
        """Keeps the drafts of every window; False where one could not, and said so."""
        await self._or_tell(self.quick_chat.save_drafts())
        return all([await desk.may_close() for desk in self.desks])

    async def _save_drafts(self) -> None:
        saving = [desk.workspace.save_drafts() for desk in self.desks]
        saving += [desk.workbench.keep_drafts() for desk in self.desks]
        saving.append(self.quick_chat.save_drafts())
        for result in await asyncio.gather(*saving, return_exceptions=True):
            if isinstance(result, BaseException):
                raise result

    async def aclose(self) -> None:
        """Keeps drafts and the windows' places, then ends everything in order, whatever fails."""
        self._closing = True
        self._keep.stop()
        self.quick_chat.keys.release()
        self._remember()
        try:
            await self._save_drafts()
        except ChatbenchError:
            faults.log.exception("a draft could not be kept")
        for end in self._ends:
            end()
        for desk in self.desks:
            desk.release()
        self.quick_chat.release()
        if self._watcher is not None:
            # Not when the collector comes to it: a system has few watchers.
            self._watcher.deleteLater()
            self._watcher = None
        await cancel_spawned()
        await self.services.aclose()
        for desk in self.desks:
            desk.close()
        self.quick_chat.close()
