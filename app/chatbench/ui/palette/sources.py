"""Where the palette's rows come from: a protocol, and the window's actions as one source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QCoreApplication

from chatbench.ui.actions import Actions, name_of
from chatbench.ui.palette.keywords import keywords

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from PySide6.QtGui import QAction, QKeySequence


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
    keywords: tuple[str, ...] = ()
    """Other words it is found by; they are not shown."""
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
                detail=self._detail(action),
                keys=action.shortcut(),
                keywords=keywords().get(action.objectName(), ()),
            )
            for action in self._actions
            if self._actions.offered(action)
        ]

    @staticmethod
    def _detail(action: QAction) -> str:
        """Where it lives, and whether it is on."""
        place = str(action.property("place") or "")
        if not action.isCheckable():
            return place
        on, off = QCoreApplication.translate("palette", "on"), QCoreApplication.translate("palette", "off")
        return " · ".join(filter(None, (place, on if action.isChecked() else off)))
