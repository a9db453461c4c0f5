"""The window's frame, and what plugs into it.

A section is a ``PaneSpec``; the frame builds it when it is first shown::

    def build(window: MainWindow) -> PaneParts:
        tabs = TabStrip(new_name=..., new_shortcut="Ctrl+N")
        tabs.add_button(IconButton.for_action(window.commands["view.inspector"]))
        return PaneParts(main=..., sidebar=..., inspector=InspectorFrame([...]), tabs=tabs)

    CHATS = PaneSpec("chats", "Chats", "messages-square", build)
    window = MainWindow([CHATS, SETTINGS])
    window.show_section("chats")
"""

from __future__ import annotations

from chatbench.ui.window.front import bring_to_front
from chatbench.ui.window.inspector import InspectorFrame
from chatbench.ui.window.panes import PaneParts, PaneSpec
from chatbench.ui.window.rail import Rail
from chatbench.ui.window.shell import MainWindow
from chatbench.ui.window.side import SideArea
from chatbench.ui.window.status import StatusBar
from chatbench.ui.window.tabbar import Tab, TabState, draw_state
from chatbench.ui.window.tabs import TabStrip

__all__ = [
    "InspectorFrame",
    "MainWindow",
    "PaneParts",
    "PaneSpec",
    "Rail",
    "SideArea",
    "StatusBar",
    "Tab",
    "TabState",
    "TabStrip",
    "bring_to_front",
    "draw_state",
]
