"""Where the palette's rows come from: a protocol, and the window's actions as one source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from chatbench.ui.actions import Actions, name_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from PySide6.QtGui import QKeySequence


@dataclass(frozen=True)
class PaletteRow:
    """One thing that can be done: ``do`` on Enter, ``alternative`` on Ctrl+Enter."""

    title: str
    do: Callable[[], object]
    icon: str = ""
    detail: str = ""
    """Where it lives, or what it is: shown after the name in ``text3``."""
    keys: QKeySequence | None = None
    alternative: Callable[[], object] | None = None
    found: bool = False
    """Found by the source itself (full text): kept although the title does not match."""


class PaletteSource(Protocol):
    """Where rows come from: one group of the palette."""

    @property
    def title(self) -> str:
        """The group's head: "Actions", "Chats", "Models"."""

    @property
    def prefix(self) -> str:
        """The character that narrows to this group (``>``, ``#``, ``@``), or ""."""

    def rows(self, query: str) -> Sequence[PaletteRow] | Awaitable[Sequence[PaletteRow]]:
        """Candidates for ``query`` ("" when nothing is typed); the palette matches and ranks them.

        A source that answers later returns an awaitable: its group appears when it arrives.
        """


class ActionSource:
    """The window's actions as a source."""

    prefix = ">"

    def __init__(self, actions: Actions, title: str) -> None:
        self._actions = actions
        self.title = title

    def rows(self, query: str) -> Sequence[PaletteRow]:
        """The actions that belong in the palette now."""
        return [
            PaletteRow(
                name_of(action),
                action.trigger,
                icon=str(action.property("icon_name") or ""),
                detail=str(action.property("place") or ""),
                keys=action.shortcut(),
            )
            for action in self._actions
            if self._actions.offered(action)
        ]
