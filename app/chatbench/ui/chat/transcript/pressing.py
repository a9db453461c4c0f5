"""What happens when something in a view is pressed, by pointer or keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication

from chatbench.rendering.nodes import Note
from chatbench.ui.chat.transcript.actions import actions_of
from chatbench.ui.chat.transcript.boxes.base import (
    Act,
    Box,
    CopyText,
    Effect,
    OpenFile,
    OpenLink,
    OpenPage,
    Rebuild,
    SaveText,
    ShowNote,
    ShowNumbers,
)
from chatbench.ui.chat.transcript.boxes.text import TextBox
from chatbench.ui.chat.transcript.item import Item
from chatbench.ui.chat.transcript.links import ask_before_opening
from chatbench.ui.chat.transcript.pages import pages
from chatbench.ui.chat.transcript.painter import ROW, Spot
from chatbench.ui.chat.transcript.selection import of_message
from chatbench.ui.widgets import announce

if TYPE_CHECKING:
    from chatbench.ui.chat.transcript.view import TranscriptView

_TICK_MS = 1_200


class Pressing:
    """Does what the spots of one view do."""

    def __init__(self, view: TranscriptView) -> None:
        self._view = view
        self._tick = QTimer(view)
        self._tick.setSingleShot(True)
        self._tick.setInterval(_TICK_MS)
        self._tick.timeout.connect(self._untick)

    def _untick(self) -> None:
        """What was copied was shown long enough."""
        self._view.marks.ticked = None
        self._view.viewport().update()

    def press(self, spot: Spot) -> None:
        """Do what a spot does."""
        item = self._view.stack.at_hand(spot.message)
        if item is None:
            return
        if spot.box == ROW:
            self._act(spot, item)
        elif spot.box < len(item.boxes):
            box = item.boxes[spot.box]
            self._carry_out(box.activate(spot.key), spot, item, box)

    def _carry_out(self, effect: Effect | None, spot: Spot, item: Item, box: Box) -> None:
        view = self._view
        if isinstance(effect, CopyText):
            QGuiApplication.clipboard().setText(effect.text)
            self._show_tick(spot)
        elif isinstance(effect, SaveText):
            view.save_requested.emit(effect.text, effect.name)
        elif isinstance(effect, OpenLink):
            dialog = ask_before_opening(effect.url, effect.words, view)
            if dialog is not None:
                dialog.chosen.connect(view.link_chosen)
        elif isinstance(effect, ShowNumbers):
            view.stack.hold(spot.message, spot.box)
            view.set_line_numbers(effect.on)
            view.line_numbers_changed.emit(effect.on)
        elif isinstance(effect, ShowNote):
            self._show_note(effect.label, spot, item)
        elif isinstance(effect, OpenPage):
            self._open_page(effect)
        elif isinstance(effect, OpenFile):
            view.file_opened.emit(effect)
        elif isinstance(effect, Act):
            view.action_requested.emit(item.id, effect.action)
        else:
            self._remake(spot, item, box, whole_part=isinstance(effect, Rebuild))

    def _show_note(self, label: str, spot: Spot, item: Item) -> None:
        for number, box in enumerate(item.boxes):
            node = box.block.node if isinstance(box, TextBox) and box.block is not None else None
            if isinstance(node, Note) and node.label == label:
                self._view.scrolling.reveal(spot.message, number, 0)
                announce(self._view, box.spoken)
                return

    def _open_page(self, effect: OpenPage) -> None:
        try:
            address = pages().write(effect.code, effect.language)
        except OSError as error:
            announce(self._view, self._view.tr("The page could not be written: {0}").format(error.strerror))
            return
        self._view.page_chosen.emit(address.toString())

    def _remake(self, spot: Spot, item: Item, box: Box, *, whole_part: bool) -> None:
        """Fold or unfold: what was pressed stays under the pointer, the rest grows downwards."""
        stack = self._view.stack
        stack.hold(spot.message, spot.box)
        if whole_part:
            item.rebuild_part_of(box)
        else:
            item.box_changed(box)
        stack.item_grew(spot.message)
        self._view.moved()
        stack.following = stack.at_end()

    def _act(self, spot: Spot, item: Item) -> None:
        view = self._view
        if spot.key == "copy":
            view.copying.start(of_message(spot.message))
            self._show_tick(spot)
        elif spot.key == "more":
            action = next(one for one in actions_of(item) if one.key == "more")
            row = next(row for row in view.stack.rows if row.index == spot.message)
            corner = action.rect.translated(0, row.top).bottomLeft().toPoint()
            view.more_requested.emit(item.id, view.viewport().mapToGlobal(corner))
        else:
            view.action_requested.emit(item.id, spot.key)

    def _show_tick(self, spot: Spot) -> None:
        """Show for a moment that something was copied."""
        self._view.marks.ticked = spot
        self._view.viewport().update()
        self._tick.start()
        announce(self._view, self._view.tr("Copied"))
