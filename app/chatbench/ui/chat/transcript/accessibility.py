"""What assistive technology sees: a list of messages, each with its author, state and words.

Qt asks the factory for the view's interface; Python keeps the interfaces alive as long as the view.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from PySide6.QtCore import QObject, QPoint, QRect
from PySide6.QtGui import QAccessible, QAccessibleInterface, QColor
from PySide6.QtWidgets import QAccessibleWidget, QWidget

from chatbench.ui.chat.transcript.boxes.controls import tr

if TYPE_CHECKING:
    from chatbench.ui.chat.transcript.view import TranscriptView

_CLASS = "TranscriptView"
_LONGEST = 20_000
_kept: WeakKeyDictionary[QObject, TranscriptAccessible] = WeakKeyDictionary()
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
            if len(self._children) > 4 * 256:
                self._children.clear()
            found = self._children[ids[index]] = MessageAccessible(self._view, self, ids[index])
        return found

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


class MessageAccessible(QAccessibleInterface):
    """One message as an item of the list."""

    def __init__(self, view: TranscriptView, parent: TranscriptAccessible, message_id: str) -> None:
        super().__init__()
        self._view = view
        self._parent = parent
        self._id = message_id

    def index(self) -> int:
        """Where the message stands; -1 if it is gone."""
        found = self._view.stack.index_of(self._id)
        return -1 if found is None else found

    def isValid(self) -> bool:
        return self.index() >= 0

    def object(self) -> Any:
        return None

    def parent(self) -> QAccessibleInterface:
        return self._parent

    def childCount(self) -> int:
        return 0

    def child(self, index: int) -> QAccessibleInterface | None:  # type: ignore[override]
        return None

    def childAt(self, x: int, y: int) -> QAccessibleInterface | None:  # type: ignore[override]
        return None

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        return -1

    def role(self) -> QAccessible.Role:
        return QAccessible.Role.ListItem

    def rect(self) -> QRect:
        viewport = self._view.viewport()
        for row in self._view.stack.rows:
            if row.index == self.index():
                high = round(self._view.stack.height_of(row.index))
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
        state.focused = self._view.marks.current == self.index()
        return state

    def text(self, kind: QAccessible.Text) -> str:
        index = self.index()
        if index < 0 or kind != QAccessible.Text.Name:
            return ""
        item = self._view.stack.item(index)
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
        return f"{head}. {item.plain_text()}"[:_LONGEST]

    def setText(self, kind: QAccessible.Text, text: str) -> None:
        """Messages are read only."""

    def foregroundColor(self) -> QColor:
        return QColor()

    def backgroundColor(self) -> QColor:
        return QColor()


def _factory(class_name: str, found: QObject) -> QAccessibleInterface | None:
    if class_name != _CLASS or not isinstance(found, QWidget) or not hasattr(found, "stack"):
        return None
    made = _kept.get(found)
    if made is None:
        made = _kept[found] = TranscriptAccessible(found)  # type: ignore[arg-type]
    return made


def install_accessibility() -> None:
    """Let Qt find the interface of every transcript. Harmless to call again."""
    global _installed
    if not _installed:
        _installed = True
        QAccessible.installFactory(_factory)
