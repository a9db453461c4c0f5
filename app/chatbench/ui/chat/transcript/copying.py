"""Copying: messages that are not at hand are loaded first, some at a time, then all is put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QGuiApplication

from chatbench.ui.chat.transcript.selection import Selection, mime_data

if TYPE_CHECKING:
    from chatbench.ui.chat.transcript.source import Entry
    from chatbench.ui.chat.transcript.view import TranscriptView

_AT_ONCE = 200


class Copying:
    """Puts selections of one view on the clipboard as rich text, Markdown and plain text."""

    def __init__(self, view: TranscriptView) -> None:
        self._view = view
        self._selection: Selection | None = None
        self._entries: dict[str, Entry] = {}

    def start(self, selection: Selection) -> None:
        """Copy; what has to be loaded first is asked for, and the clipboard changes when it is there."""
        self._selection = selection
        self._entries = {}
        self._go_on()

    def loaded(self) -> None:
        """Messages came in."""
        if self._selection is not None:
            self._go_on()

    def forget(self) -> None:
        """Another conversation is shown."""
        self._selection = None
        self._entries = {}

    def _go_on(self) -> None:
        stack, selection = self._view.stack, self._selection
        assert selection is not None
        low, high = selection.ordered()
        missing = []
        for at in range(low.message, min(high.message, len(stack.ids) - 1) + 1):
            message_id = stack.ids[at]
            if message_id in self._entries or stack.at_hand(at) is not None:
                continue
            entry = stack.source.entry(at)
            if entry is not None:
                self._entries[message_id] = entry
            else:
                missing.append(message_id)
            if len(missing) == _AT_ONCE:
                break
        if missing:
            stack.source.request(tuple(missing))
            return
        QGuiApplication.clipboard().setMimeData(mime_data(stack, selection, self._entries))
        self.forget()
        stack.trim()
