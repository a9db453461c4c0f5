"""Actions: everything the window can do, each one QAction, in one registry per window.

Menus, toolbar buttons, the command palette and the shortcuts page all read this registry,
so an action added once is found everywhere::

    actions.add("chat.new", self.tr("New chat"), self.new_chat,
                icon="plus", shortcut="Ctrl+N", place=self.tr("Chats"))
    IconButton.for_action(actions["chat.new"])
    actions.menu(self, ["chat.new", None, "chat.export"])

An action keeps four dynamic properties: ``icon_name``, ``place`` (where it lives),
``default_shortcut`` and ``reason`` (why it is disabled).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from chatbench.ui import icons

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping


class ShortcutTaken(ValueError):
    """A shortcut belongs to another action already: ``action``."""

    def __init__(self, action: QAction) -> None:
        super().__init__(action.text())
        self.action = action


class Actions(QObject):
    """The actions of one window, in the order they were added.

    ``changed`` tells that actions came or went, or a shortcut moved. ``overrides`` are the
    reader's own shortcuts by action id ("" for none), also for actions added later.
    """

    changed = Signal()

    def __init__(self, window: QWidget, overrides: Mapping[str, str] | None = None) -> None:
        super().__init__(window)
        self._window = window
        self._overrides = dict(overrides or {})
        self._actions: dict[str, QAction] = {}
        self._conditions: dict[str, Callable[[], bool]] = {}

    def add(
        self,
        key: str,
        text: str,
        do: Callable[[], object],
        *,
        icon: str = "",
        shortcut: str = "",
        place: str = "",
        checkable: bool = False,
        in_palette: bool = True,
        scope: QWidget | None = None,
    ) -> QAction:
        """Register an action; ``do`` runs when it is triggered.

        ``text`` is a plain name without an ampersand mark. With ``scope`` the shortcut
        works only while the focus is inside that widget, and the action leaves the registry
        when the widget is destroyed. Raises ValueError if ``key`` is registered.
        """
        if key in self._actions:
            raise ValueError(f"an action {key!r} exists already")
        action = QAction(text.replace("&", "&&"), scope or self._window)
        action.setObjectName(key)
        action.setCheckable(checkable)
        action.setProperty("icon_name", icon)
        action.setProperty("place", place)
        action.setProperty("default_shortcut", shortcut)
        action.setProperty("in_palette", in_palette)
        if icon:
            action.setIcon(icons.icon(icon))
        action.setShortcut(QKeySequence(self._overrides.get(key, shortcut)))
        action.triggered.connect(lambda _checked=False: do())
        if scope is None:
            self._window.addAction(action)
        else:
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            scope.addAction(action)
            action.destroyed.connect(lambda: self._actions.pop(key, None))
        self._actions[key] = action
        self.changed.emit()
        return action

    def remove(self, key: str) -> None:
        """Take an action away; unknown keys are ignored."""
        action = self._actions.pop(key, None)
        self._conditions.pop(key, None)
        if action is not None:
            action.deleteLater()
            self.changed.emit()

    def __getitem__(self, key: str) -> QAction:
        return self._actions[key]

    def __contains__(self, key: object) -> bool:
        return key in self._actions

    def __iter__(self) -> Iterator[QAction]:
        return iter(list(self._actions.values()))

    def offer_when(self, key: str, holds: Callable[[], bool]) -> None:
        """Let the palette list an action only while ``holds()``; its shortcut works all the same."""
        self._conditions[key] = holds

    def offered(self, action: QAction) -> bool:
        """Whether the palette lists an action now."""
        if not (action.isEnabled() and action.isVisible() and action.property("in_palette")):
            return False
        holds = self._conditions.get(action.objectName())
        return holds is None or holds()

    def set_enabled(self, key: str, enabled: bool, reason: str = "") -> None:
        """Enable or disable; ``reason`` is shown in tooltips while disabled."""
        action = self._actions[key]
        action.setProperty("reason", "" if enabled else reason)
        action.setEnabled(enabled)

    def owner(self, shortcut: str) -> QAction | None:
        """The action a shortcut belongs to."""
        wanted = QKeySequence(shortcut)
        if wanted.isEmpty():
            return None
        return next((action for action in self._actions.values() if action.shortcut() == wanted), None)

    def set_shortcut(self, key: str, shortcut: str | None) -> None:
        """Give an action another shortcut, "" for none, None for its default.

        Raises ShortcutTaken when another action has it.
        """
        action = self._actions[key]
        default = str(action.property("default_shortcut"))
        wanted = default if shortcut is None else shortcut
        owner = self.owner(wanted)
        if owner is not None and owner is not action:
            raise ShortcutTaken(owner)
        if wanted == default:
            self._overrides.pop(key, None)
        else:
            self._overrides[key] = wanted
        action.setShortcut(QKeySequence(wanted))
        self.changed.emit()

    def overrides(self) -> dict[str, str]:
        """The shortcuts that differ from the defaults, to be kept in the preferences."""
        return dict(self._overrides)

    def take_overrides(self, overrides: Mapping[str, str]) -> None:
        """Follow another window, in which the reader has changed shortcuts."""
        if dict(overrides) == self._overrides:
            return
        self._overrides = dict(overrides)
        for key, action in self._actions.items():
            wanted = self._overrides.get(key, str(action.property("default_shortcut")))
            action.setShortcut(QKeySequence(wanted))
        self.changed.emit()

    def menu(self, parent: QWidget, keys: Iterable[str | None]) -> QMenu:
        """A menu of the named actions; None draws a line. Unknown keys are left out."""
        menu = QMenu(parent)
        for key in keys:
            if key is None:
                menu.addSeparator()
            elif key in self._actions:
                menu.addAction(self._actions[key])
        return menu


def name_of(action: QAction) -> str:
    """An action's name as people read it."""
    return action.text().replace("&&", "&")
