"""The menu at a place of a view: what is selected and under the pointer, then what its owner adds."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication
from PySide6.QtWidgets import QMenu

from chatbench.ui.chat.transcript.painter import Spot, spot_at
from chatbench.ui.chat.transcript.selection import row_at

if TYPE_CHECKING:
    from chatbench.ui.chat.transcript.view import TranscriptView


class PlaceMenu:
    """Opens the menu of one view, by pointer or by key."""

    def __init__(self, view: TranscriptView) -> None:
        self._view = view

    def open(self, event: QContextMenuEvent) -> None:
        """At the pointer, or by key at the message and the control the keyboard is at."""
        view = self._view
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        point = self._keyboard_point() if by_key else QPointF(event.pos())
        menu = QMenu(view)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._add_selection(menu)
        self._add_under(menu, point)
        row = row_at(view.stack, point.y())
        if row is not None:
            view.menu_opening.emit(view.stack.ids[row.index], menu)
        menu.addSeparator()
        menu.addAction(view.tr("Select all"), view.select_all)
        at = QPoint(round(point.x()), round(point.y()))
        menu.popup(view.viewport().mapToGlobal(at))

    def _keyboard_point(self) -> QPointF:
        view = self._view
        spot, index = view.marks.focused, view.keyboard.current()
        row = next((row for row in view.stack.rows if row.index == index), None)
        if row is None or row.item is None:
            return QPointF(view.stack.frame.column_x, 0)
        place = view.keyboard.focused_rect()
        if not place.isEmpty():
            return QPointF(place.center())
        y = row.top + row.item.content_top
        if spot is not None and 0 <= spot.box < len(row.item.boxes):
            y = row.top + row.item.tops[spot.box]
        return QPointF(view.stack.frame.column_x + 8, min(max(4.0, y + 4), view.viewport().height() - 4.0))

    def _add_selection(self, menu: QMenu) -> None:
        view, chosen = self._view, self._view.marks.selection
        if chosen is None or chosen.empty:
            return
        menu.addAction(view.tr("Copy"), view.copy)
        first = view.stack.ids[chosen.ordered()[0].message]
        menu.addAction(
            view.tr("Quote selection"), partial(view.action_requested.emit, first, "quote-selection")
        )

    def _add_under(self, menu: QMenu, point: QPointF) -> None:
        """Code, a formula, a table or a link at a point."""
        view = self._view
        under = view.pointer.box_under(point)
        found = spot_at(view.stack, view.painter, point)
        copies = under[0].copies(under[1]) if under is not None else []
        file = under[0].file_at(under[1]) if under is not None else None
        if file is not None:
            view.file_menu_opening.emit(file, menu)
        address = self._address(found[0]) if found is not None else ""
        if (copies or address) and not menu.isEmpty():
            menu.addSeparator()
        for words, text in copies:
            menu.addAction(words, partial(_put, text))
        if address:
            menu.addAction(view.tr("Copy link address"), partial(_put, address))

    def _address(self, spot: Spot) -> str:
        item = self._view.stack.at_hand(spot.message)
        if item is None or spot.box < 0:
            return ""
        spots = item.boxes[spot.box].hotspots()
        return next((one.link for one in spots if one.key == spot.key), "")


def _put(text: str) -> None:
    QGuiApplication.clipboard().setText(text)
