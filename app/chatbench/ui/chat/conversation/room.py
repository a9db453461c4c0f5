"""How a conversation shares its height: the words come first, and what stands around them folds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import QEvent, QObject

from chatbench.ui.chat.conversation.foot import Fold
from chatbench.ui.theme import theme

if TYPE_CHECKING:
    from chatbench.ui.chat.conversation.view import ConversationView

SHORT: Final = 600
"""A lower pane (in pixels at the usual text size) has a composer of one row."""
BESIDE_LANES: Final = (8, 6)
"""Above and below the composer, where several lanes stand over it."""


class _Folds(NamedTuple):
    """What of all around the words is folded."""

    head: bool
    foot: Fold
    strip: bool


_FOLDS: Final = (
    _Folds(head=False, foot="whole", strip=False),
    _Folds(head=False, foot="line", strip=False),
    _Folds(head=True, foot="line", strip=False),
    _Folds(head=True, foot="gone", strip=False),
    _Folds(head=True, foot="gone", strip=True),
)
"""From what takes most room to what takes least."""


class Room(QObject):
    """Of what is between the bar above the lanes and the composer, at least half belongs to the words. It
    goes by the height of the pane and of an empty composer, so that nothing folds while somebody writes."""

    def __init__(self, view: ConversationView) -> None:
        super().__init__(view)
        self._view = view
        view.installEventFilter(self)
        view.lanes.arranged.connect(self.share)
        self.share()

    def share(self) -> None:
        """Folds and unfolds, from the present sizes."""
        view = self._view
        lanes, bar = view.lanes, view.bar
        short = view.height() < theme().scaled(SHORT)
        view.composer.set_short(short)
        if lanes.alone:
            return
        around = bar.sizeHint().height() + BESIDE_LANES[0] + BESIDE_LANES[1]
        between = view.height() - around - view.composer.least_height(short=short)
        lanes.set_rest_height(between - view.strip.least_height())
        folds = self._fold(between)
        view.strip.set_folded(folds.strip)
        for lane in lanes.views:
            lane.set_folds(head=folds.head, foot=folds.foot)
        bar.set_arrangement(lanes.arrangement)
        bar.set_shown(lanes.shown, lanes.lacking)

    def _fold(self, between: int) -> _Folds:
        view, lanes = self._view, self._view.lanes
        lane = lanes.current
        for folds in _FOLDS:
            above = lanes.tabs_height + (0 if folds.strip else view.strip.least_height())
            around = lane.head.height_of(folded=folds.head) + lane.foot.height_of(folds.foot)
            if 2 * (between - above - lanes.rows * around) >= between:
                return folds
        return _FOLDS[-1]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.StyleChange):
            self.share()
        return False
