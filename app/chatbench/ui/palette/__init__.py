"""The command palette (Ctrl+K): every action, chat and model by name, from pluggable sources.

A source is anything with ``title``, ``prefix`` and ``rows(query)`` (``PaletteSource``)::

    window.palette.add_source(ActionSource(actions, self.tr("Actions")))
    window.palette.add_source(chats_source)      # rows() may be a coroutine
    window.palette.search_inside = sidebar.search_messages
"""

from __future__ import annotations

from chatbench.ui.palette.overlay import CommandPalette
from chatbench.ui.palette.sources import ActionSource, PaletteRow, PaletteSource

__all__ = ["ActionSource", "CommandPalette", "PaletteRow", "PaletteSource"]
