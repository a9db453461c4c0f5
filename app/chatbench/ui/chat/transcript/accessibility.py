"""What assistive technology sees: a list of messages, each with its author, state and words, and below it
the parts it is made of.

Qt asks the factory for the view's interface; Python keeps the interfaces alive as long as the view. Qt owns
each interface it was given and asks again whenever the view's meta-object has changed, which it does while a
program runs: the same one given twice would be deleted twice.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, QRect, QRectF
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtWidgets import QAccessibleWidget, QWidget

from chatbench.ui.chat.transcript.actions import actions_of
from chatbench.ui.chat.transcript.boxes.controls import tr
from chatbench.ui.chat.transcript.reading import (
    LONGEST,
    BoxAccessible,
    Part,
    SpotAccessible,
    forget,
    on_screen,
)

if TYPE_CHECKING:
    from chatbench.ui.chat.transcript.item import Item
    from chatbench.ui.chat.transcript.view import TranscriptView

_CLASS = "TranscriptView"
_MOST_KEPT = 1_024
_kept: dict[QObject, list[TranscriptAccessible]] = {}
_installed = False


class TranscriptAccessible(QAccessibleWidget):
    """The transcript as a list."""

    def __init__(self, view: TranscriptView) -> None:
        super().__init__(view, QAccessible.Role.List)
        self._view = view
        self._children: dict[str, MessageAccessible] = {}

    def childCount(self) -> int:
        return len(self._view.stack.ids)

    def child(self, index: int) -> QAccessibleInterface | None:  # type: ignore[override]
        ids = self._view.stack.ids
        if not 0 <= index < len(ids):
            return None
        found = self._children.get(ids[index])
        if found is None:
            if len(self._children) > _MOST_KEPT:
                self.forget_children()
            found = self._children[ids[index]] = MessageAccessible(self._view, self, ids[index])
        return found

    def forget_children(self) -> None:
        """They are made again when they are asked for."""
        for message in self._children.values():
            message.forget_parts()
        forget(self._children.values())
        self._children.clear()

    def let_go(self) -> None:
        """The view is gone. Qt deletes the interface; Python's half of it stays, and would keep the view."""
        self.forget_children()
        del self._view

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        if isinstance(child, MessageAccessible):
            return child.index()
        return -1

    def childAt(self, x: int, y: int) -> QAccessibleInterface | None:  # type: ignore[override]
        point = self._view.viewport().mapFromGlobal(QPoint(x, y))
        for row in self._view.stack.rows:
            if row.top <= point.y() < row.top + self._view.stack.height_of(row.index):
                return self.child(row.index)
        return None

    def text(self, kind: QAccessible.Text) -> str:
        return self._view.accessibleName() if kind == QAccessible.Text.Name else super().text(kind)


class MessageAccessible(Part):
    """One message as an item of the list; its children are its boxes, then its row of actions."""

    def __init__(self, view: TranscriptView, parent: TranscriptAccessible, message_id: str) -> None:
        super().__init__()
        self.view = view
        self._parent = parent
        self._id = message_id
        self._boxes: dict[int, BoxAccessible] = {}
        self._row: dict[int, SpotAccessible] = {}

    def index(self) -> int:
        """Where the message stands; -1 if it is gone."""
        found = self.view.stack.index_of(self._id)
        return -1 if found is None else found

    def item(self) -> Item | None:
        """The message as it stands there, if its words are at hand."""
        index = self.index()
        return self.view.stack.item(index) if index >= 0 else None

    def on_screen(self, place: QRectF) -> QRect:
        """Where a place in the item stands on the screen."""
        return on_screen(self.view, self.index(), place)

    def forget_parts(self) -> None:
        """They are made again when they are asked for."""
        for box in self._boxes.values():
            forget(box.spots())
        forget((*self._boxes.values(), *self._row.values()))
        self._boxes.clear()
        self._row.clear()

    def isValid(self) -> bool:
        return self.index() >= 0

    def parent(self) -> QAccessibleInterface:
        return self._parent

    def childCount(self) -> int:
        item = self.item()
        return len(item.boxes) + len(actions_of(item)) if item is not None else 0

    def child(self, index: int) -> QAccessibleInterface | None:  # type: ignore[override]
        item = self.item()
        if item is None or not 0 <= index < self.childCount():
            return None
        if index < len(item.boxes):
            if index not in self._boxes:
                self._boxes[index] = BoxAccessible(self, index)
            return self._boxes[index]
        place = index - len(item.boxes)
        if place not in self._row:
            self._row[place] = SpotAccessible(self, None, place)
        return self._row[place]

    def role(self) -> QAccessible.Role:
        return QAccessible.Role.ListItem

    def rect(self) -> QRect:
        viewport = self.view.viewport()
        for row in self.view.stack.rows:
            if row.index == self.index():
                high = round(self.view.stack.height_of(row.index))
                return QRect(viewport.mapToGlobal(QPoint(0, round(row.top))), viewport.size()).adjusted(
                    0, 0, 0, high - viewport.height()
                )
        return QRect()

    def state(self) -> QAccessible.State:
        state = QAccessible.State()
        state.readOnly = True
        state.multiLine = True
        state.focusable = True
        state.offscreen = self.rect().isNull()
        state.focused = self.view.marks.current == self.index()
        return state

    def text(self, kind: QAccessible.Text) -> str:
        index = self.index()
        if index < 0 or kind != QAccessible.Text.Name:
            return ""
        item = self.view.stack.item(index)
        if item is None:
            return tr("A message that is being loaded")
        states = {
            "streaming": tr("being written"),
            "waiting": tr("waiting"),
            "stopped": tr("stopped"),
            "interrupted": tr("interrupted"),
            "failed": tr("failed"),
        }
        state = states.get(item.stands, "")
        head = ", ".join(filter(None, (item.entry.author, state, item.notes())))
        return f"{head}. {item.plain_text()}"[:LONGEST]


def _factory(class_name: str, found: QObject) -> QAccessibleInterface | None:
    if class_name != _CLASS or not isinstance(found, QWidget) or not hasattr(found, "stack"):
        return None
    if found not in _kept:
        _kept[found] = []
        found.destroyed.connect(partial(_gone, found))
    made = TranscriptAccessible(found)  # type: ignore[arg-type]
    _kept[found].append(made)
    return made


def _gone(view: QObject) -> None:
    for made in _kept.pop(view, []):
        made.let_go()


def install_accessibility() -> None:
    """Let Qt find the interface of every transcript. Harmless to call again."""
    global _installed
    if not _installed:
        _installed = True
        QAccessible.installFactory(_factory)
