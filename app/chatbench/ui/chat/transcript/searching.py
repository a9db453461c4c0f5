"""Searching a view: marks what is found, walks through it, and keeps the bar up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from chatbench.ui.chat.transcript.find import Finding, hits_in

if TYPE_CHECKING:
    from chatbench.ui.chat.transcript.view import TranscriptView

_LONGEST_NEEDLE = 100


class Searching:
    """The search of one view."""

    def __init__(self, view: TranscriptView) -> None:
        self._view = view
        self._finding = Finding()
        self._waiting: tuple[int, int] | None = None
        bar = view.find_bar
        bar.searched.connect(view.search)
        bar.stepped.connect(self.step)
        bar.closed.connect(self.stop)

    def open(self) -> None:
        """Show the bar; a short selection is what is looked for."""
        view = self._view
        chosen = view.selected_text()
        if chosen and "\n" not in chosen and len(chosen) < _LONGEST_NEEDLE:
            view.find_bar.field.setText(chosen)
        view.find_bar.open()
        view.scrolling.place_children()
        self.start(view.find_bar.field.text())

    def start(self, needle: str) -> None:
        """Search all messages and go to the first hit from here."""
        view = self._view
        self._finding.start(needle, view.stack.source.matches(needle) if needle else ())
        view.marks.current_hit = None
        self._waiting = None
        self.step(1)
        self.again()

    def step(self, direction: int) -> None:
        """Go to the next or the previous hit."""
        rows = self._view.stack.rows
        place = self._finding.step(direction > 0, rows[0].index if rows else 0)
        if place is not None:
            self._go(*place)

    def loaded(self) -> None:
        """The message of the hit may be at hand now."""
        if self._waiting is not None:
            self._go(*self._waiting)

    def _go(self, index: int, which: int) -> None:
        view = self._view
        item = view.stack.item(index)
        if item is None:
            self._waiting = (index, which)
            view.stack.show(index)
            view.moved()
            return
        self._waiting = None
        hits = hits_in(index, item, self._finding.needle)
        if hits:
            view.marks.current_hit = hits[min(which, len(hits) - 1)]
            view.scrolling.reveal(index, view.marks.current_hit.box, view.marks.current_hit.start)
        self.again()

    def again(self) -> None:
        """Mark the hits anew: the messages have changed."""
        self._view.marks.hits.clear()
        self.mark()
        self._view.find_bar.show_count(self._finding.number, self._finding.total)
        self._view.viewport().update()

    def mark(self, only: int | None = None) -> None:
        """Mark the hits of the rows in view, or only of the message that grew."""
        view = self._view
        if not self._finding.needle:
            return
        for row in view.stack.rows:
            if row.item is not None and (only == row.index or row.index not in view.marks.hits):
                view.marks.hits[row.index] = hits_in(row.index, row.item, self._finding.needle)

    def stop(self) -> None:
        """Mark nothing any more."""
        view = self._view
        self._finding.start("", ())
        self._waiting = None
        view.marks.hits.clear()
        view.marks.current_hit = None
        view.viewport().update()
        if view.isVisible():
            view.setFocus(Qt.FocusReason.OtherFocusReason)
