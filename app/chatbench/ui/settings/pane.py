"""The section of the settings on the rail. What is in it is imported when it is first shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from chatbench.ui.window.panes import PaneParts, PaneSpec

if TYPE_CHECKING:
    from chatbench.services import Services
    from chatbench.ui.globalkeys import GlobalShortcut
    from chatbench.ui.window import MainWindow
    from chatbench.ui.window.panes import Builder


def settings_spec(build: Builder) -> PaneSpec:
    """The section's place at the foot of the rail."""
    title = QCoreApplication.translate("Settings", "Settings")
    return PaneSpec("settings", title, "settings", build, shortcut="Ctrl+,", at_foot=True)


def settings_builder(services: Services, quick_keys: GlobalShortcut) -> Builder:
    """Builds the section; its main widget is a `SettingsWorkspace`: `show_page(id)`, `show_provider(id)`."""

    def build(window: MainWindow) -> PaneParts:
        from chatbench.ui.settings.workspace import SettingsWorkspace

        workspace = SettingsWorkspace(services, window, quick_keys)
        return PaneParts(main=workspace, sidebar=workspace.sidebar, activate=workspace.activate)

    return build
