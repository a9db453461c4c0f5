"""The quick chat of one run: its window, its keys, and the entry in the tray."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QIcon

from chatbench.ui.aio import spawn
from chatbench.ui.globalkeys import GlobalShortcut

if TYPE_CHECKING:
    from pathlib import Path

    from chatbench.services import Services
    from chatbench.ui.chat.openings import Openings
    from chatbench.ui.chat.quick.place import QuickPlace
    from chatbench.ui.chat.quick.tray import Tray
    from chatbench.ui.chat.quick.window import QuickWindow


class QuickChat(QObject):
    """`window` is None until it is wanted, `tray` where this system has none.

    Signals: `changed()` where there is more to remember; `left()` when it may be out of reach now;
    `main_wanted()`, `chat_wanted(id)` and `settings_wanted(provider)` in a window of the usual kind;
    `quit_requested()`.
    """

    changed = Signal()
    left = Signal()
    main_wanted = Signal()
    chat_wanted = Signal(str)
    settings_wanted = Signal(str)
    quit_requested = Signal()

    def __init__(
        self,
        services: Services,
        openings: Openings,
        place: QuickPlace,
        shortcuts: Callable[[], Mapping[str, str]],
    ) -> None:
        """`place` is where it was; `shortcuts` gives the reader's own when the window is made."""
        super().__init__()
        self._services = services
        self._openings = openings
        self._place = place
        self._shortcuts = shortcuts
        self._icon = QIcon()
        self._ready = False
        self.window: QuickWindow | None = None
        self.tray: Tray | None = None
        self.keys = GlobalShortcut()
        self.keys.pressed.connect(self._toggle)
        self.keys.changed.connect(self.left)

    def make(self) -> QuickWindow:
        """The window, which is not shown yet."""
        # Imported when it is first wanted.
        from chatbench.ui.chat.quick.window import QuickWindow

        window = QuickWindow(self._services, self._openings, self._place, self._shortcuts())
        self.window = window
        window.setWindowIcon(self._icon)
        window.quit_requested.connect(self.quit_requested)
        window.hidden.connect(self.changed)
        window.hidden.connect(self.left)
        window.pane.changed.connect(self.changed)
        window.pane.main_wanted.connect(self.chat_wanted)
        window.pane.settings_wanted.connect(self.settings_wanted)
        return window

    def show(self) -> None:
        """Brings it to the front, with the chat that was in it last."""
        window = self.window or self.make()
        window.bring()
        self._fill(window)

    def _toggle(self, token: str) -> None:
        """Its keys were pressed, in whatever program."""
        if token:
            os.environ["XDG_ACTIVATION_TOKEN"] = token
        window = self.window or self.make()
        window.toggle()
        if window.isVisible():
            self._fill(window)

    def _fill(self, window: QuickWindow) -> None:
        if self._ready:
            spawn(self.open(), owner=window, name="open-quick-chat")

    async def make_ready(self) -> None:
        """The profile is open. Raises StorageError."""
        self._ready = True
        await self.open()

    async def open(self, files: list[Path] | None = None) -> None:
        """Opens the chat that was in it last, where there is a window, and attaches files. Raises
        StorageError."""
        if self.window is not None:
            await self.window.pane.open(self._place.chat)
            if files is not None:
                self.window.pane.attach(files)

    async def hand_on(self, conversation_id: str) -> None:
        """Another window is about to show this chat. Raises StorageError."""
        if self.window is not None:
            await self.window.pane.let_go(conversation_id)
            self.window.hide()

    async def use_keys(self) -> str:
        """Takes the keys of the preferences; why they do not work, "" where they do."""
        keys = self._services.preferences.current.quick_keys
        if keys and not await self.keys.use(keys) and self.keys.problem:
            return self.tr("The quick chat's keys do not work. {0}").format(self.keys.problem)
        return ""

    def set_icon(self, icon: QIcon) -> None:
        """The program's."""
        self._icon = icon
        if self.window is not None:
            self.window.setWindowIcon(icon)

    def show_tray(self) -> None:
        """Makes the entry, where there is a tray."""
        from chatbench.ui.chat.quick.tray import Tray, tray_is_there

        if tray_is_there():
            self.tray = Tray(self._icon, self.show, self.main_wanted.emit, self.quit_requested.emit)

    @property
    def is_shown(self) -> bool:
        return self.window is not None and self.window.isVisible()

    @property
    def in_reach(self) -> bool:
        """Whether somebody sees it, or can bring it."""
        return self.is_shown or self.tray is not None or self.keys.works

    def place(self) -> QuickPlace:
        """Where it is, or was, to be remembered."""
        return self._place if self.window is None else self.window.place()

    async def save_drafts(self) -> None:
        """Keeps what is written in it. Raises StorageError."""
        if self.window is not None:
            await self.window.pane.save_drafts()

    def release(self) -> None:
        """Shows and hears nothing more."""
        if self.window is not None:
            self.window.hide()
            self.window.pane.release()
        if self.tray is not None:
            self.tray.close()

    def close(self) -> None:
        """Ends it, after everything it used."""
        if self.window is not None:
            self.window.closes_itself = True
            self.window.close()
            self.window.deleteLater()
        self.deleteLater()
