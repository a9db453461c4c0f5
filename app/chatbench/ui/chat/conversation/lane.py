"""One lane of a conversation: its transcript, and beside others also its head and its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout

from chatbench.core.conversations import Conversation, Lane, TreeMessage
from chatbench.core.models import GUIDE
from chatbench.services import Services
from chatbench.services.answers import Answer
from chatbench.services.history import Extent
from chatbench.services.ratings import Rating
from chatbench.ui.chat.conversation.foot import Fold, LaneFoot
from chatbench.ui.chat.conversation.head import LaneHead
from chatbench.ui.chat.conversation.source import ConversationSource
from chatbench.ui.chat.transcript.view import ReadingWidth, TranscriptView
from chatbench.ui.widgets import Surface

FIGURES_EVERY_MS = 500
"""Running figures change twice a second: faster, nobody can read them."""


class LaneView(Surface):
    """Made for one lane; `show_lane` gives it everything anew.

    `activated`: the reader has turned to this lane. `scrolled`: what is in view has changed.
    """

    activated = Signal()
    scrolled = Signal()

    def __init__(self, services: Services, lane: Lane, parent: QObject | None = None) -> None:
        super().__init__("page")
        self._services = services
        self.lane = lane
        self.letter = "A"
        self.alone = True
        self._blind = False
        self._reading: ReadingWidth = "normal"
        self._has_room = True
        self._turn = ""
        """The turn that was asked for, until the reader scrolls: several may be in view."""
        self._turning = False
        self._answers: dict[str, TreeMessage] = {}
        self._ratings: Mapping[str, Rating] = {}
        self.source = ConversationSource(services, self)
        self.transcript = TranscriptView(self)
        self.head = LaneHead(services, self)
        self.foot = LaneFoot(services, self)
        self._lay_out()
        self._connect()
        self._figures = QTimer(self, interval=FIGURES_EVERY_MS)
        self._figures.timeout.connect(self.show_figures)
        self.set_alone(True)

    def _lay_out(self) -> None:
        # The scroll bar has its room from the start: nothing moves aside when it is first needed.
        self.transcript.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        column = QVBoxLayout()
        column.setSpacing(0)
        self.set_layout(column)
        column.addWidget(self.head)
        column.addWidget(self.transcript, 1)
        column.addWidget(self.foot)

    def _connect(self) -> None:
        self.source.loaded.connect(self.transcript.loaded)
        # In a new lane nothing need move when the words come.
        self.source.loaded.connect(self.show_figures)
        self.source.thumbnail_ready.connect(self.transcript.thumbnail_ready)
        self.transcript.set_source(self.source)
        self.transcript.find_bar.closed.connect(self.source.forget_find)
        self.transcript.scrolled.connect(self._scrolled)
        self.transcript.installEventFilter(self)

    @property
    def id(self) -> str:
        return self.lane.id

    def set_alone(self, alone: bool) -> None:
        """A chat with one lane has neither head nor figures: the margin says it all."""
        self.alone = alone
        self.head.setVisible(not alone)
        self.foot.setVisible(not alone and self.foot.fold != "gone")
        # Beside others it is enough to hear which lanes have ended: whole answers would talk over each other.
        self.transcript.living.reads_ended = alone
        self._tell_unsaid()

    def set_folds(self, *, head: bool, foot: Fold) -> None:
        """How much of head and foot gives its room to the words."""
        self.head.set_folded(head)
        self.foot.set_fold(foot)
        self.foot.setVisible(not self.alone and foot != "gone")

    def set_letter(self, letter: str) -> None:
        """What the lane is called among the others."""
        self.letter = letter
        self.head.set_letter(letter)
        self.foot.set_letter(letter)
        if self._blind:
            self.set_blind(True)
        self.transcript.setAccessibleName(
            self.tr("Conversation") if self.alone else self.tr("Lane {0}").format(letter)
        )

    def set_blind(self, blind: bool) -> None:
        """Whether nothing here may give away which model it is."""
        self._blind = blind
        self.head.set_blind(blind)
        self.source.unnamed_as = self.letter if blind else ""
        self.transcript.refresh()
        self.show_figures()

    def set_ratings(self, ratings: Mapping[str, Rating]) -> None:
        """What the answers of the conversation were rated, by message id."""
        self._ratings = ratings
        message = self.answer_in_view()
        self.foot.set_rating(ratings.get(message.id) if message is not None else None)

    def show_lane(
        self,
        conversation: Conversation,
        lane: Lane,
        extents: Mapping[str, Extent],
        fresh: Sequence[TreeMessage],
        shared: frozenset[str] = frozenset(),
    ) -> None:
        """Takes a newly read conversation. `shared` are questions that stand above all lanes."""
        if lane.leaf != self.lane.leaf:
            self._turn = ""
        self.lane = lane
        self.source.show(conversation, lane, extents, fresh, shared)
        self._answers = {m.turn_id: m for m in self.source.path if m.role == "assistant"}
        self.transcript.refresh()
        self._tell_unsaid()
        self.head.show_lane(lane)
        self.show_figures()

    def _tell_unsaid(self) -> None:
        """A chat in which nothing was said yet says what can be typed; lanes beside each other need not."""
        words = self.tr(
            "Nothing has been said here yet. Type / for a prompt, @ for a model, # for another chat."
        )
        self.transcript.context.unsaid = words if self.alone else ""
        self.transcript.setAccessibleDescription("" if self.source.path else self.transcript.context.unsaid)

    def live(self) -> Answer | None:
        """The answer that is coming in here, if one is."""
        answer = self._services.chat.live(self.lane.leaf) if self.lane.leaf else None
        return answer if answer is not None and answer.state == "streaming" else None

    def answer_to(self, turn_id: str) -> TreeMessage | None:
        """The answer this lane shows in a turn."""
        return self._answers.get(turn_id)

    def asked(self, message: TreeMessage | None) -> bool:
        """False for an answer at this lane's end that another one gave: it was added behind that."""
        path = self.source.path
        if message is None or not path or message.id != path[-1].id or message.model is None:
            return True
        return message.lane_id in ("", self.id)

    def _other_model(self, message: TreeMessage | None) -> str:
        """Who gave an answer, where that is not the lane's model; "" where it is."""
        if message is None or message.model in (None, self.lane.model or GUIDE):
            return ""
        if self._blind:
            return self.tr("another model")
        return self._services.models.info(message.model).title

    def answer_in_view(self) -> TreeMessage | None:
        """The answer the reader looks at: that of the turn that was asked for, else the first that
        reaches into the upper third, or the last."""
        if self._turn and (found := self.answer_to(self._turn)) is not None:
            return self.source.message(found.id)
        stack = self.transcript.stack
        if not stack.ids:
            return None
        if stack.following:
            return self.source.message(stack.ids[-1])
        edge = self.transcript.viewport().height() / 3
        for row in stack.rows:
            if row.top + stack.height_of(row.index) <= edge:
                continue
            message = self.source.message(stack.ids[row.index])
            if message is not None and message.role == "assistant":
                return message
        return self.source.message(stack.ids[-1])

    def show_figures(self) -> None:
        """Head and foot tell of the answer in view; while it comes in, twice a second."""
        if self.alone:
            self._figures.stop()
            return
        message = self.answer_in_view()
        live = self._services.chat.live(message.id) if message is not None else None
        streaming = live is not None and live.state == "streaming"
        by = self._other_model(message)
        if not self.asked(message):
            self.head.show_unasked()
            self.foot.show_unasked(by=by, ready=not streaming)
        elif by and message is not None and message.lane_id != self.id:
            self.head.show_unasked()
            self.foot.show_foreign(by)
        else:
            self.head.show_state(message, live if streaming else None)
            self.foot.show_answer(message, live if streaming else None, blind=self._blind, by=by)
        self.foot.set_rating(self._ratings.get(message.id) if message is not None else None)
        if streaming and self.isVisible():
            if not self._figures.isActive():
                self._figures.start()
        else:
            self._figures.stop()

    def show_turn(self, turn_id: str) -> bool:
        """Scrolls to the answer of a turn; False where the lane has none."""
        found = self.answer_to(turn_id)
        if found is None:
            return False
        self._turning = True
        self.transcript.show_message(found.id)
        self._turning, self._turn = False, turn_id
        self.show_figures()
        return True

    def set_reading_width(self, width: ReadingWidth) -> None:
        """How wide the column of words is; beside other lanes it takes all there is."""
        self._reading = width
        self.transcript.set_reading_width(width if self._has_room else "full")

    def set_has_room(self, has_room: bool) -> None:
        """Whether no other lane stands beside it."""
        if has_room != self._has_room:
            self._has_room = has_room
            self.set_reading_width(self._reading)

    def _scrolled(self) -> None:
        if not self._turning:
            self._turn = ""
        self.show_figures()
        self.scrolled.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusIn:
            self.activated.emit()
        elif event.type() in (QEvent.Type.Show, QEvent.Type.Hide):
            self.show_figures()
        return False
