"""A message as assistive technology walks it: its paragraphs, headings, code and tables, and in them what
can be pressed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QAccessible, QAccessibleActionInterface, QAccessibleInterface, QColor
from shiboken6 import VoidPtr

from chatbench.ui.chat.transcript.actions import actions_of
from chatbench.ui.chat.transcript.boxes.base import Box, Hotspot
from chatbench.ui.chat.transcript.boxes.code import CodeBox
from chatbench.ui.chat.transcript.boxes.controls import tr
from chatbench.ui.chat.transcript.boxes.text import TextBox
from chatbench.ui.chat.transcript.painter import ROW, Spot

if TYPE_CHECKING:
    from chatbench.ui.chat.transcript.accessibility import MessageAccessible
    from chatbench.ui.chat.transcript.view import TranscriptView

LONGEST: Final = 20_000
"""Characters that are handed over at a time."""
_ROLES: Final = {
    "heading": QAccessible.Role.Heading,
    "question": QAccessible.Role.Heading,
    "list": QAccessible.Role.Section,
    "code": QAccessible.Role.Section,
    "table": QAccessible.Role.Section,
    "math": QAccessible.Role.Equation,
    "rule": QAccessible.Role.Separator,
}


class Part(QAccessibleInterface):
    """What boxes and their controls have in common: nothing of it is a widget."""

    def isValid(self) -> bool:
        return True

    def object(self) -> Any:
        return None

    def childCount(self) -> int:
        return 0

    def child(self, index: int) -> QAccessibleInterface | None:  # type: ignore[override]
        return None

    def childAt(self, x: int, y: int) -> QAccessibleInterface | None:  # type: ignore[override]
        for number in range(self.childCount()):
            found = self.child(number)
            if found is not None and found.rect().contains(x, y):
                return found
        return None

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        return next((n for n in range(self.childCount()) if self.child(n) is child), -1)

    def setText(self, kind: QAccessible.Text, text: str) -> None:
        """Nothing here is written."""

    def foregroundColor(self) -> QColor:
        return QColor()

    def backgroundColor(self) -> QColor:
        return QColor()


class BoxAccessible(Part):
    """One box of a message; its children are what can be pressed in it."""

    def __init__(self, message: MessageAccessible, number: int) -> None:
        super().__init__()
        self._message = message
        self.number = number
        self._spots: dict[int, SpotAccessible] = {}

    @property
    def box(self) -> Box | None:
        """The box as it is now; None when the message has fewer."""
        item = self._message.item()
        return item.boxes[self.number] if item is not None and self.number < len(item.boxes) else None

    def hotspots(self) -> list[Hotspot]:
        """What can be pressed now."""
        box = self.box
        return box.hotspots() if box is not None else []

    def spots(self) -> Iterable[SpotAccessible]:
        """The children that were asked for."""
        return self._spots.values()

    def isValid(self) -> bool:
        return self.box is not None

    def parent(self) -> QAccessibleInterface:
        return self._message

    def childCount(self) -> int:
        return len(self.hotspots())

    def child(self, index: int) -> QAccessibleInterface | None:  # type: ignore[override]
        if not 0 <= index < self.childCount():
            return None
        if index not in self._spots:
            self._spots[index] = SpotAccessible(self._message, self, index)
        return self._spots[index]

    def rect(self) -> QRect:
        item = self._message.item()
        if item is None or self.box is None:
            return QRect()
        return self._message.on_screen(item.box_rect(self.number))

    @property
    def kind(self) -> str:
        """What the box shows, as a block of Markdown is called; "" for what is none."""
        if isinstance(self.box, CodeBox):
            return "code"
        if self.box is not None and self.box.heading:
            return "question"
        return str(getattr(getattr(self.box, "block", None), "kind", ""))

    def role(self) -> QAccessible.Role:
        return _ROLES.get(self.kind, QAccessible.Role.Paragraph)

    def state(self) -> QAccessible.State:
        state = QAccessible.State()
        state.readOnly = True
        state.multiLine = True
        state.offscreen = self.rect().isNull()
        return state

    def text(self, kind: QAccessible.Text) -> str:
        box = self.box
        if box is None or kind not in (QAccessible.Text.Name, QAccessible.Text.Description):
            return ""
        if kind == QAccessible.Text.Name:
            return box.spoken[:LONGEST]
        if isinstance(box, TextBox) and box.block is not None and box.block.level:
            return tr("Heading of level {0}").format(box.block.level)
        names = {"question": tr("Question"), "code": tr("Code"), "table": tr("Table"), "list": tr("List")}
        return names.get(self.kind, "")


class SpotAccessible(Part):
    """A link or a button: in a box, or in the row of actions below a message."""

    def __init__(self, message: MessageAccessible, within: BoxAccessible | None, place: int) -> None:
        super().__init__()
        self._message = message
        self._within = within
        self._place = place
        self._press = PressAction(self)

    def _now(self) -> tuple[str, str, QRectF, bool, bool] | None:
        """Key, name, place in the item, whether it can be used and whether it is a link."""
        item = self._message.item()
        if item is None:
            return None
        if self._within is None:
            row = actions_of(item)
            if self._place >= len(row):
                return None
            one = row[self._place]
            return one.key, one.name or one.label, one.rect, one.enabled and bool(one.key), False
        spots = self._within.hotspots()
        if self._place >= len(spots):
            return None
        spot = spots[self._place]
        corner = item.box_rect(self._within.number).topLeft()
        place = spot.rects[0].translated(corner) if spot.rects else QRectF()
        return spot.key, spot.name, place, spot.enabled, bool(spot.link)

    def spot(self) -> Spot | None:
        """Where it is for whoever presses it."""
        now = self._now()
        if now is None:
            return None
        return Spot(self._message.index(), ROW if self._within is None else self._within.number, now[0])

    def press(self) -> None:
        """As if it were clicked."""
        now, spot = self._now(), self.spot()
        if now is not None and spot is not None and now[3]:
            self._message.view.pressing.press(spot)

    def isValid(self) -> bool:
        return self._now() is not None

    def parent(self) -> QAccessibleInterface:
        return self._message if self._within is None else self._within

    def rect(self) -> QRect:
        now = self._now()
        return self._message.on_screen(now[2]) if now is not None else QRect()

    def role(self) -> QAccessible.Role:
        now = self._now()
        return QAccessible.Role.Link if now is not None and now[4] else QAccessible.Role.Button

    def state(self) -> QAccessible.State:
        state = QAccessible.State()
        now = self._now()
        state.focusable = True
        state.disabled = now is None or not now[3]
        state.focused = self._message.view.marks.focused == self.spot()
        state.offscreen = self.rect().isNull()
        return state

    def text(self, kind: QAccessible.Text) -> str:
        now = self._now()
        return now[1] if now is not None and kind == QAccessible.Text.Name else ""

    def interface_cast(self, kind: QAccessible.InterfaceType) -> Any:
        # None would reach Qt as an address, not as a null pointer.
        return self._press if kind == QAccessible.InterfaceType.ActionInterface else VoidPtr(0)


class PressAction(QAccessibleActionInterface):
    """What can be done with a control: to press it."""

    def __init__(self, spot: SpotAccessible) -> None:
        super().__init__()
        self._spot = spot

    def actionNames(self) -> list[str]:
        return [QAccessibleActionInterface.pressAction()]

    def doAction(self, name: str) -> None:
        if name == QAccessibleActionInterface.pressAction():
            self._spot.press()

    def keyBindingsForAction(self, name: str) -> list[str]:
        return []


def on_screen(view: TranscriptView, index: int, place: QRectF) -> QRect:
    """Where a place in an item stands on the screen; empty when the item is not in view."""
    row = next((row for row in view.stack.rows if row.index == index), None)
    if row is None or place.isNull():
        return QRect()
    inside = place.translated(0, row.top).toAlignedRect()
    return QRect(view.viewport().mapToGlobal(inside.topLeft()), inside.size())


def forget(made: Iterable[QAccessibleInterface]) -> None:
    """Qt keeps what it handed to assistive technology until it is told that it is gone."""
    for one in made:
        QAccessible.deleteAccessibleInterface(QAccessible.uniqueId(one))
