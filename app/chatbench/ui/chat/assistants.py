"""Named assistants: begun with, put on the chat in view, saved from it, changed and deleted."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QMenu, QWidget

from chatbench.core.presets import Preset
from chatbench.ui import icons
from chatbench.ui.aio import spawn
from chatbench.ui.chat.assistanteditor import AssistantEditor
from chatbench.ui.chat.assistantlist import AssistantList
from chatbench.ui.chat.assistantmark import icon_of, title_of
from chatbench.ui.palette import PaletteRow

if TYPE_CHECKING:
    from chatbench.services import Services
    from chatbench.ui.chat.pane import ChatWorkspace
    from chatbench.ui.window import MainWindow


class Assistants(QObject):
    """Those of the profile, for one workspace."""

    def __init__(self, services: Services, window: MainWindow, workspace: ChatWorkspace) -> None:
        super().__init__(workspace)
        self._services = services
        self._presets = services.presets
        self._window = window
        self._workspace = workspace

    def show_menu(self, anchor: QWidget) -> None:
        """New chats of other kinds than the usual one."""
        spawn(self._show_menu(anchor), owner=anchor, name="assistants")

    async def _show_menu(self, anchor: QWidget) -> None:
        presets = await self._presets.all()
        menu = QMenu(anchor)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setAccessibleName(self.tr("New chat with"))
        for preset in presets:
            icon = icon_of(preset)
            action = menu.addAction(title_of(preset), partial(self.begin, preset.id))
            if icon:
                action.setIcon(icons.icon(icon))
        if presets:
            menu.addSeparator()
        for key in ("chat.temporary", "chat.save-assistant", "chat.assistants"):
            menu.addAction(self._window.commands[key])
        menu.popup(anchor.mapToGlobal(anchor.rect().bottomLeft()))

    def begin(self, preset_id: str) -> None:
        """A new chat with an assistant."""

        async def make() -> None:
            made = await self._presets.new_conversation(preset_id)
            self._workspace.open(made.id)

        spawn(make(), owner=self, name="new-with-assistant")

    def apply(self, preset: Preset) -> None:
        """The lane in view asks with it from now on, with Undo."""
        view = self._workspace.current_view()
        if view is None:
            return
        lane_id = view.lane.id

        async def put() -> None:
            await view.settled()
            before = await self._presets.apply(view.id, lane_id, preset.id)

            def undo() -> None:
                spawn(self._services.history.update_lane(view.id, before), name="undo-assistant")

            words = self.tr("This chat goes on with {0}.").format(preset.name)
            self._window.notices.show_notice(words, action=(self.tr("Undo"), undo))

        spawn(put(), owner=view, name="apply-assistant")

    def save_current(self) -> None:
        """A new assistant from what the lane in view asks with."""
        view = self._workspace.current_view()
        if view is not None:
            lane = view.lane
            self.edit(Preset(name="", system=lane.system, model=lane.model, parameters=lane.parameters))

    def edit(self, preset: Preset) -> None:
        """Asks for its name, icon and words; one without an id is new."""
        editor = AssistantEditor(self._services, preset, self._workspace)
        editor.saved.connect(self._save)
        editor.open()

    def _save(self, preset: Preset) -> None:
        async def write() -> None:
            saved = await self._presets.save(preset)
            begin = (self.tr("New chat with it"), partial(self.begin, saved.id))
            self._window.notices.show_notice(
                self.tr("{0} is saved.").format(saved.name), "success", action=begin
            )

        spawn(write(), name="save-assistant")

    def delete(self, preset_id: str) -> None:
        """With Undo; chats that began with it keep what they have."""

        async def remove() -> None:
            deleted = await self._presets.delete(preset_id)

            def undo() -> None:
                spawn(self._presets.save(deleted), name="undo-delete-assistant")

            words = self.tr("{0} is deleted. Chats that use it stay as they are.").format(deleted.name)
            self._window.notices.show_notice(words, action=(self.tr("Undo"), undo))

        spawn(remove(), name="delete-assistant")

    def show_all(self) -> None:
        """The list of all of them."""
        listed = AssistantList(self._services, self._workspace)
        listed.begin_wanted.connect(self.begin)
        listed.apply_wanted.connect(self.apply)
        listed.edit_wanted.connect(self.edit)
        listed.delete_wanted.connect(self.delete)
        listed.new_wanted.connect(self.save_current)
        # Not modal: the Undo of a deletion stands in the window.
        listed.show()


class AssistantSource:
    """Assistants for the palette: Enter begins a new chat, Ctrl+Enter takes one for the chat in view."""

    prefix = ""

    def __init__(self, services: Services, assistants: Assistants) -> None:
        self._presets = services.presets
        self._assistants = assistants
        self.title = assistants.tr("Assistants")

    def rows(self, query: str) -> Awaitable[Sequence[PaletteRow]]:
        return self._rows()

    async def _rows(self) -> Sequence[PaletteRow]:
        return [
            PaletteRow(
                title_of(preset),
                partial(self._assistants.begin, preset.id),
                icon=icon_of(preset),
                detail=str(preset.model or ""),
                alternative=partial(self._assistants.apply, preset),
            )
            for preset in await self._presets.all()
        ]
