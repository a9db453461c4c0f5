"""The row of actions under a message: what stands in it and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRectF

from chatbench.ui.chat.picker.rows import left_to_right
from chatbench.ui.chat.transcript.boxes.controls import tr
from chatbench.ui.chat.transcript.frame import Frame
from chatbench.ui.chat.transcript.item import Item
from chatbench.ui.theme import theme

if TYPE_CHECKING:
    from chatbench.ui.chat.transcript.view import TranscriptView


@dataclass(frozen=True, slots=True)
class Action:
    """An action of the row under a message; ``label`` instead of an icon is the place among branches.

    ``always``: it is shown also while the others are hidden. ``rect`` is in the item's coordinates.
    """

    key: str
    icon: str
    name: str
    rect: QRectF
    enabled: bool = True
    label: str = ""
    always: bool = False


def actions_of(item: Item) -> list[Action]:
    """The row of a message in order; none while it is being written."""
    if item.live:
        return []
    wide, high = float(theme().scaled(28)), float(theme().control("icon-button-row"))
    frame = item.frame
    y = item.actions_top + (frame.actions - high) / 2
    x = frame.column_x - (wide - theme().icon_size(15)) / 2
    row: list[Action] = []
    if item.brief:
        if item.entry.count < 2:
            return []
        return _mirrored(_branches(item, QRectF(x, y, theme().scaled(20), high)), frame)

    def put(key: str, icon: str, name: str, width: float = wide) -> None:
        at = row[-1].rect.right() if row else x
        row.append(Action(key, icon, name, QRectF(at, y, width, high)))

    put("copy", "copy", tr("Copy"))
    if item.mine:
        put("edit", "pencil", tr("Edit"))
    else:
        put("regenerate", "refresh-cw", tr("Regenerate"))
        put("ways", "chevron-down", tr("Regenerate otherwise"), float(theme().scaled(18)))
    if item.entry.count > 1:
        row += _branches(item, QRectF(row[-1].rect.right() + 4, y, theme().scaled(20), high))
    # What there is no room for stands in the menu too.
    if row[-1].rect.right() + 3 * wide <= frame.column_x + frame.column:
        put("quote", "text-quote", tr("Quote"))
        put("fork", "git-fork", tr("Fork to a new chat"))
    put("more", "ellipsis", tr("More"))
    return _mirrored(row, frame)


def _mirrored(row: list[Action], frame: Frame) -> list[Action]:
    """The row from the side where reading begins."""
    if frame.rtl:
        across = 2 * frame.column_x + frame.column
        for action in row:
            action.rect.moveLeft(across - action.rect.right())
    return row


def below(view: TranscriptView, message_id: str, key: str) -> QPoint:
    """The place on the screen right under an action, for its menu; the view's own corner where the
    action is not in view."""
    index = view.stack.index_of(message_id)
    item = view.stack.at_hand(index) if index is not None else None
    row = next((row for row in view.stack.rows if row.index == index), None)
    action = next((one for one in actions_of(item) if one.key == key), None) if item is not None else None
    if row is None or action is None:
        return view.viewport().mapToGlobal(QPoint(0, 0))
    return view.viewport().mapToGlobal(action.rect.translated(0, row.top).bottomLeft().toPoint())


def _branches(item: Item, first: QRectF) -> list[Action]:
    at, count = item.entry.position, item.entry.count
    label = left_to_right(f"{at} / {count}")
    back, on = ("chevron-right", "chevron-left") if item.frame.rtl else ("chevron-left", "chevron-right")
    words = QRectF(first)
    words.moveLeft(first.right())
    words.setWidth(theme().metrics("small").horizontalAdvance(label) + 4.0)
    last = QRectF(first)
    last.moveLeft(words.right())
    place = tr("Branch {0} of {1}").format(at, count)
    return [
        Action("previous-branch", back, tr("Previous branch"), first, at > 1, always=True),
        Action("", "", place, words, False, label, always=True),
        Action("next-branch", on, tr("Next branch"), last, at < count, always=True),
    ]
