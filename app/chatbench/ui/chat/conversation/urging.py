"""The one primary button of a conversation: the way on from a failure, until something else is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

if TYPE_CHECKING:
    from chatbench.ui.chat.conversation.view import ConversationView


class Urging(QObject):
    """Follows the current lane and what stands in the composer."""

    def __init__(self, view: ConversationView) -> None:
        super().__init__(view)
        self._view = view
        view.changed.connect(self._urge)
        view.composer.draft_changed.connect(lambda _draft: self._urge())

    def _urge(self) -> None:
        composer = self._view.composer
        idle = composer.editor.is_blank() and not composer.attachments.parts
        for lane in self._view.lanes.views:
            last = lane.source.path[-1:]
            failed = any(message.state in ("failed", "interrupted") for message in last)
            way_on = failed and idle and lane is self._view.lanes.current
            lane.transcript.serving.urge(last[0].id if way_on else "")
