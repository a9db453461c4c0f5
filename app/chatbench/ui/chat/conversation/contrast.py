"""What the answers of the other lanes say otherwise than those of one lane."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from chatbench.core.conversations import TreeMessage
from chatbench.core.messages import TextPart
from chatbench.ui.chat.conversation.settings import SettingsPopup
from chatbench.ui.chat.transcript.comparing import Compared

if TYPE_CHECKING:
    from chatbench.ui.chat.conversation.lane import LaneView
    from chatbench.ui.chat.conversation.view import ConversationView

EVERY_MS = 500
"""What is being written is compared anew no more often."""


class Contrast(QObject):
    """Words are compared by the transcripts, on their worker; this gives them what with."""

    def __init__(self, view: ConversationView) -> None:
        super().__init__(view)
        self._view = view
        self.baseline = ""
        """The id of the lane that the others are compared with; "" compares nothing."""
        self._growing: dict[str, tuple[float, Compared]] = {}
        self._timer = QTimer(self, interval=EVERY_MS)
        self._timer.timeout.connect(self._again)

    def listen(self) -> None:
        """Does what the line above the lanes offers."""
        self._view.bar.baseline_chosen.connect(self.choose)

    def listen_to(self, lane: LaneView) -> None:
        """A lane was made."""
        lane.source.loaded.connect(lambda _ids: self._loaded(lane))
        lane.head.facts.clicked.connect(lambda: self.show_settings(lane))
        self._dress(lane)

    def toggle(self, lane_id: str) -> None:
        """Compares with a lane, or no longer."""
        self.choose("" if self.baseline == lane_id else lane_id)

    def choose(self, lane_id: str) -> None:
        """Compares with another lane."""
        self.baseline = lane_id
        self._growing = {}
        self._view.bar.set_baseline(lane_id)
        self._view.lanes.together.align(bool(lane_id))
        for lane in self._view.lanes.views:
            self._dress(lane)
        self.refresh()

    def refresh(self) -> None:
        """The conversation was read anew."""
        base = self._base()
        if self.baseline and (base is None or self._view.lanes.alone):
            self.choose("")
            return
        for lane in self._view.lanes.views:
            lane.head.set_baseline(None if base is lane or base is None else base.lane)
        self._view.lanes.together.align_soon()
        self._again()

    def _base(self) -> LaneView | None:
        return self._view.lanes.view(self.baseline)

    def _dress(self, lane: LaneView) -> None:
        """A lane shows its answers beside the baseline's, or alone."""
        beside = bool(self.baseline) and lane.id != self.baseline
        lane.transcript.set_comparison(partial(self._compared, lane) if beside else None)

    def _loaded(self, lane: LaneView) -> None:
        if lane.id == self.baseline:
            self._again()

    def _again(self) -> None:
        base = self._base()
        if base is not None and base.live() is not None:
            self._timer.start()
        else:
            self._timer.stop()
        if base is not None:
            for lane in self._view.lanes.views:
                lane.transcript.compare_again()

    def _compared(self, lane: LaneView, message_id: str) -> Compared | None:
        """What an answer of a lane is shown beside: the baseline's in the same turn."""
        base, message = self._base(), lane.source.message(message_id)
        if base is None or message is None:
            return None
        other = base.answer_to(message.turn_id)
        if other is None or other.id == message_id:
            return None
        live = self._view.services.chat.live(other.id)
        if live is not None and live.state == "streaming":
            return self._grown(other.id)
        whole = base.source.at_hand(other.id)
        if whole is None:
            base.source.request([other.id])
            return None
        return Compared(_words(whole))

    def _grown(self, message_id: str) -> Compared:
        """What is being written, as it was a moment ago."""
        now = time.monotonic()
        known = self._growing.get(message_id)
        if known is not None and now - known[0] < EVERY_MS / 1000:
            return known[1]
        live = self._view.services.chat.live(message_id)
        texts = [part.text for part in live.parts() if isinstance(part, TextPart)] if live else []
        grown = Compared(max(texts, key=len, default=""), complete=False)
        self._growing = {message_id: (now, grown)}
        return grown

    def show_settings(self, lane: LaneView, base: LaneView | None = None) -> None:
        """Lists what a lane is asked with otherwise than another: the baseline, or the first."""
        others = [one for one in self._view.lanes.views if one is not lane]
        base = base or self._base()
        if self._view.names_hidden or not others:
            return
        base = base if base is not None and base is not lane else others[0]
        popup = SettingsPopup(self._view.services, base.lane, base.letter, lane.lane, lane.letter, lane.head)
        popup.closed.connect(popup.deleteLater)
        popup.open_beside(lane.head.facts)


def _words(message: TreeMessage) -> str:
    """The longest part of its words: that is what is compared."""
    texts = [part.text for part in message.parts if isinstance(part, TextPart)]
    return max(texts, key=len, default="")
