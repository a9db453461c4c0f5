"""One window over the profile: its frame, the chats that are open in it, and its status bar."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
from PySide6.QtWidgets import QWidget

from chatbench.core.errors import ChatbenchError
from chatbench.core.models import GUIDE, ModelRef
from chatbench.services import Services
from chatbench.ui import faults
from chatbench.ui.aio import spawn
from chatbench.ui.appearance import AppearanceActions
from chatbench.ui.chat.openings import Openings
from chatbench.ui.chat.pane import ChatWorkspace
from chatbench.ui.chat.picker import ModelPicker
from chatbench.ui.frame import Frame, WindowPlace
from chatbench.ui.globalkeys import GlobalShortcut
from chatbench.ui.handing import Handing
from chatbench.ui.online import Online
from chatbench.ui.palette_sources import ChatSource, ModelSource, PromptSource, WorkbenchSource
from chatbench.ui.settings import settings_builder
from chatbench.ui.workbench.hands import Hands
from chatbench.ui.workbench.section import Workbench


class Desk:
    """From `start` to `end`; `place` is where it stood when it was open last."""

    def __init__(
        self,
        services: Services,
        openings: Openings,
        frame: Frame,
        place: WindowPlace,
        quick_keys: GlobalShortcut,
    ) -> None:
        self._services = services
        self._openings = openings
        self._place = place
        self._online: Online | None = None
        self._told_of_drafts = False
        self.opened = False
        """Whether its tabs are open."""
        self.window = frame.window
        self.window.closes_itself = False
        self.workspace = ChatWorkspace(services, openings)
        AppearanceActions(services, self.window)
        hands = Hands(self._pick_model, self.workspace.open)
        self.workbench = Workbench(services, self.window, hands, place.workbench, follows_files=True)
        self.handing = Handing(services, self.workspace, self.workbench)
        frame.fill(
            chats=self.workspace.build,
            workbench=self.workbench.build,
            settings=settings_builder(services, quick_keys),
        )
        self.window.rail.files_dropped.connect(self.attach)
        self.window.commands.add(
            "settings.files",
            self.window.tr("Files at providers"),
            lambda: self.window.show_section("settings").main.show_page("files"),  # type: ignore[attr-defined]
            icon="files",
            place=self.window.tr("Settings"),
        )

    def start(self) -> None:
        """Shows the window; there are no tabs in it yet."""
        self.window.show_section("chats")
        self.window.status.set_profile(
            self.window.tr("Profile: {0}").format(self._services.profile.name),
            tip=str(self._services.profile.folder),
        )
        self.window.show()

    async def open(self) -> None:
        """Opens the tabs it had. Raises ChatbenchError."""
        try:
            await self.workspace.open_first(self._place)
        finally:
            self.make_ready()

    def make_ready(self) -> None:
        """Its tabs are open: the palette finds chats, the status bar tells of the network."""
        self.opened = True
        self.window.add_palette_source(ChatSource(self._services, self.workspace))
        self.window.add_palette_source(ModelSource(self._services, self.workspace))
        self.window.add_palette_source(PromptSource(self._services, self.workspace))
        self.window.add_palette_source(WorkbenchSource(self._services, self.workbench))
        self.window.set_search_inside(self.workspace.listed.search)
        self._online = Online(self.window.status)

    def attach(self, paths: list[Path]) -> None:
        """Attaches files to the draft of the chat in view."""
        self.window.show_section("chats")
        self.workspace.attach(paths)

    def _pick_model(
        self, anchor: QWidget, current: ModelRef | None, chosen: Callable[[ModelRef], None]
    ) -> None:
        """The chat's picker, for the workbench."""
        picker = ModelPicker(self._services, anchor)
        picker.chosen.connect(chosen)
        picker.key_wanted.connect(self.workspace.show_settings)
        picker.closed.connect(picker.deleteLater)
        picker.open_for(current or GUIDE, anchor)

    def show_spent(self, words: str) -> None:
        """What was spent today."""
        self.window.status.set_cost(self.window.tr("Today {0}").format(words))

    def place(self) -> WindowPlace:
        """Where it stands, and what is open; before its tabs were, those it would have opened."""
        place = self._place
        if self.opened:
            place = WindowPlace(**msgspec.structs.asdict(self.workspace.reopening.arrangement()))
        size = self.window.normalGeometry().size()
        return msgspec.structs.replace(
            place,
            size=(size.width(), size.height()),
            maximized=self.window.isMaximized(),
            sidebar=self.window.sidebar.open,
            inspector=self.window.inspector.open,
            workbench=self.workbench.place(),
        )

    async def may_close(self) -> bool:
        """Keeps the drafts. Where that fails, it is told, and False once: the words can still be
        copied."""
        if self._told_of_drafts:
            return True
        try:
            await self.workspace.save_drafts()
            await self.workbench.keep_drafts()
        except ChatbenchError as error:
            self._told_of_drafts = True
            faults.show_error(self.window, error)
            hint = self.window.tr(
                "What you have not sent could not be kept. Close again to close without it."
            )
            self.window.notices.show_notice(hint, "warning")
            return False
        return True

    def note_closed(self) -> None:
        """Its tabs can be opened again, one by one, in another window; temporary chats are gone."""
        kept = self.workspace.reopening.arrangement().tabs
        for conversation_id in self.workspace.open_ids():
            if conversation_id in kept:
                self._openings.note_closed(conversation_id)
            else:
                spawn(self._services.chat.forget(conversation_id), name="forget-temporary")

    def release(self) -> None:
        """Stops listening; answers go on without it."""
        self.window.hide()
        self.workspace.release()
        self.workbench.release()

    def close(self) -> None:
        """Takes the window away."""
        self.window.closes_itself = True
        self.window.close()
        self.window.deleteLater()
