"""The window as it is first painted: its frame, before anything that goes into it is imported."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from chatbench.services.preferences import Preferences
from chatbench.ui.chat.section import chats_spec
from chatbench.ui.settings import settings_spec
from chatbench.ui.theme import theme
from chatbench.ui.window import MainWindow, PaneParts

if TYPE_CHECKING:
    from chatbench.ui.window.panes import Builder


class Frame:
    """The main window with its rail; a section can be shown once `builders` has its id."""

    def __init__(self, preferences: Preferences) -> None:
        self.builders: dict[str, Builder] = {}
        apply_preferences(preferences)
        self.window = MainWindow(
            [chats_spec(partial(self._build, "chats")), settings_spec(partial(self._build, "settings"))],
            shortcuts=preferences.shortcuts,
        )
        self._restore(preferences)

    def _build(self, section: str, window: MainWindow) -> PaneParts:
        return self.builders[section](window)

    def _restore(self, preferences: Preferences) -> None:
        remembered = preferences.window
        size = remembered.get("size")
        if isinstance(size, list) and len(size) == 2:
            self.window.resize(int(size[0]), int(size[1]))
        if remembered.get("maximized"):
            self.window.setWindowState(self.window.windowState().WindowMaximized)
        self.window.restore_areas(
            sidebar_open=bool(remembered.get("sidebar", True)),
            inspector_open=bool(remembered.get("inspector", False)),
        )


def apply_preferences(preferences: Preferences) -> None:
    """Takes colours, text size and motion from the preferences."""
    theme().apply(
        scheme=preferences.theme,
        text_factor=preferences.text_scale,
        motion="reduced" if preferences.reduced_motion else "system",
    )
