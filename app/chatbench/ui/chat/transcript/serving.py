"""Serving the boxes of a view: they are arranged anew, and given pictures and what a file was before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakMethod

from PySide6.QtCore import QObject
from PySide6.QtGui import QImage

from chatbench.ui.chat.transcript.boxes.base import Box, Context
from chatbench.ui.chat.transcript.drawings import drawings
from chatbench.ui.chat.transcript.formulas import formulas

if TYPE_CHECKING:
    from chatbench.ui.chat.transcript.view import TranscriptView


class Serving(QObject):
    """Serves the boxes of one view; ``context`` is what they know of it."""

    def __init__(self, view: TranscriptView) -> None:
        super().__init__(view)
        self._view = view
        changed = WeakMethod(self.box_changed)
        thumbnail = WeakMethod(self._thumbnail)
        rearranged = WeakMethod(self._rearranged)
        earlier = WeakMethod(self._earlier)
        self.context = Context(
            changed=lambda box: (call := changed()) and call(box),
            thumbnail=lambda *asked: call(*asked) if (call := thumbnail()) else None,
            rearranged=lambda segment: (call := rearranged()) and call(segment),
            earlier=lambda *asked: call(*asked) if (call := earlier()) else None,
        )
        formulas().ready.connect(self._picture_ready)
        drawings().ready.connect(self._picture_ready)

    def urge(self, message_id: str) -> None:
        """The first way on from this failed message is what is most likely wanted; "": none is."""
        if message_id != self.context.urged:
            self.context.urged = message_id
            self._view.viewport().update()

    def box_changed(self, box: Box) -> None:
        """A box has another height or looks otherwise."""
        stack = self._view.stack
        for item in stack.items():
            if box in item.boxes:
                item.box_changed(box)
                index = stack.index_of(item.id)
                if index is not None:
                    stack.item_grew(index)
        self._view.invalidate()

    def _rearranged(self, segment: object) -> None:
        stack = self._view.stack
        for item in stack.items():
            if item.holds(segment):
                index = stack.index_of(item.id)
                if index is not None:
                    stack.rearrange(index)
        self._view.searching.again()
        self._view.invalidate()
        self._view.reshaped.emit()

    def _earlier(self, key: tuple[Any, ...], file: str) -> str | None:
        return self._view.versions.earlier(key, file)

    def _picture_ready(self, key: object) -> None:
        for box in self.context.wanted.pop(key, ()):
            box.stale()
            self.box_changed(box)

    def _thumbnail(self, sha256: str, width: int, height: int) -> QImage | None:
        return self._view.stack.source.thumbnail(sha256, width, height)
