"""How a section plugs into the window: a specification, and the parts it builds when first shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

    from chatbench.ui.window.inspector import InspectorFrame
    from chatbench.ui.window.shell import MainWindow
    from chatbench.ui.window.tabs import TabStrip

    Builder = Callable[[MainWindow], "PaneParts"]


@dataclass(frozen=True)
class PaneParts:
    """The widgets of a section. The window places them and owns them from then on.

    ``tabs`` is the strip inside ``main``, if there is one: the window tells it whether it
    must offer the menu button (no sidebar in view) and be compact (no rail either). Without
    it the window draws a header with the menu button itself when one is needed.
    """

    main: QWidget
    sidebar: QWidget | None = None
    inspector: InspectorFrame | None = None
    tabs: TabStrip | None = None
    activate: Callable[[], None] | None = None
    """Called each time the section comes into view: put the focus where it belongs."""


@dataclass(frozen=True)
class PaneSpec:
    """A section of the window: its place on the rail, and how to build it.

    ``build`` runs once, when the section is first shown. It gets the window, from which it
    takes ``actions``, ``notices``, ``palette`` and ``status``; what else it needs (services)
    it has been given by whoever made the specification.
    """

    id: str
    title: str
    icon: str
    build: Builder
    shortcut: str = ""
    at_foot: bool = False
    """At the lower end of the rail (Settings)."""
