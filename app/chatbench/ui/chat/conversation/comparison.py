"""What the reader does with the lanes: adds and closes them, continues with one of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QMenu
from shiboken6 import isValid

from chatbench.core.conversations import MOST_LANES, TreeMessage
from chatbench.core.errors import ChatbenchError
from chatbench.core.models import GUIDE, ModelRef
from chatbench.services.notices import Notice
from chatbench.ui.aio import spawn
from chatbench.ui.chat.conversation.contrast import Contrast
from chatbench.ui.chat.conversation.judging import Judging
from chatbench.ui.quantities import number

if TYPE_CHECKING:
    from chatbench.services.turns import Turn
    from chatbench.ui.chat.conversation.lane import LaneView
    from chatbench.ui.chat.conversation.lanes import Arrangement
    from chatbench.ui.chat.conversation.view import ConversationView


class Comparison(QObject):
    """The acts on the lanes of one conversation."""

    def __init__(self, view: ConversationView) -> None:
        super().__init__(view)
        self._view = view
        self._services = view.services
        self.judging = Judging(view)
        self.contrast = Contrast(view)

    def listen(self) -> None:
        """Does what the line above the lanes offers."""
        bar, lanes = self._view.bar, self._view.lanes
        bar.linked_changed.connect(self._link)
        bar.arrangement_chosen.connect(self.arrange)
        self.take_preferences()
        bar.figures_clicked.connect(self.show_figures)
        bar.merge_clicked.connect(self.show_merge)
        lanes.scrolled.connect(self.offer)
        bar.add_clicked.connect(self._view.composer.line.add.click)
        self.judging.listen()
        self.contrast.listen()
        self.judging.hidden_changed.connect(bar.set_hidden)

    def listen_to(self, lane: LaneView) -> None:
        """Does what the head and the foot of a lane offer."""
        lane.head.menu_wanted.connect(lambda: self.show_lane_menu(lane))
        lane.foot.continue_clicked.connect(lambda: self.continue_with(lane))
        lane.foot.ask_clicked.connect(lambda: self.ask_too(lane))
        self.judging.listen_to(lane)
        self.contrast.listen_to(lane)

    def refresh(self) -> None:
        """The conversation was read anew."""
        view = self._view
        view.bar.set_busy(view.streaming)
        self.offer()
        self.judging.refresh()
        self.contrast.refresh()

    def take_preferences(self) -> None:
        """How lanes stand, in all conversations."""
        now, bar, lanes = self._services.preferences.current, self._view.bar, self._view.lanes
        if lanes.arrangement != now.lanes:
            lanes.arrange(now.lanes)
        bar.set_arrangement(now.lanes)
        if lanes.together.linked != now.lanes_linked:
            lanes.together.link(now.lanes_linked)
        bar.set_linked(now.lanes_linked)

    def arrange(self, arrangement: Arrangement) -> None:
        """Lets the lanes stand otherwise, here and in every conversation; says so where there is no room."""
        self._view.lanes.arrange(arrangement)
        self._view.bar.set_arrangement(arrangement)
        self.keep(lanes=arrangement)
        if self._view.lanes.lacking is not None:
            self._services.notifier.say(Notice(text=f"{self._view.bar.arrangement.accessibleName()}."))

    def _link(self, linked: bool) -> None:
        self._view.lanes.together.link(linked)
        self.keep(lanes_linked=linked)

    def keep(self, **chosen: object) -> None:
        """Keeps what the reader chose here as a preference, for every conversation."""
        try:
            self._services.preferences.replace(**chosen)
        except ChatbenchError as error:
            self._services.notifier.error(error)

    def offer(self) -> None:
        """What can be done with the turn in view."""
        answered = [one for one in self._view.turns.answers(self._view.turns.in_view()).values()
                    if one.state not in ("streaming", "failed")]  # fmt: skip
        self._view.bar.set_answers(len(answered))

    # Dialogs.

    def show_figures(self) -> None:
        """First token, speed, tokens and cost, of the turn in view and of all."""
        if not self._view.names_hidden:
            spawn(self._show_figures(), owner=self, name="figures")

    async def _show_figures(self) -> None:
        from chatbench.ui.chat.conversation.figures import FiguresPopup, Line

        view = self._view
        turn_id = view.turns.in_view()
        shown = {lane_id: one.id for lane_id, one in view.turns.answers(turn_id).items()}
        given = [one.id for one in view.conversation.messages if one.role == "assistant"]
        whole = await self._services.history.messages(given)
        by_id = {one.id: one for one in whole}
        turn, every = [], []
        for lane in view.lanes.views:
            name, model = self.tr("Lane {0}").format(lane.letter), lane.head.model.label()
            here = [by_id[shown[lane.id]]] if shown.get(lane.id) in by_id else []
            turn.append(Line(name, model, here))
            every.append(Line(name, model, [one for one in whole if _counts(one) and one.lane_id == lane.id]))
        open_lanes = {lane.id for lane in view.lanes.views}
        if others := [one for one in whole if _counts(one) and one.lane_id not in open_lanes]:
            every.append(Line(self.tr("Closed lanes"), "–", others))
        popup = FiguresPopup(view.strip.place.text() or self.tr("This turn"), view)
        popup.closed.connect(popup.deleteLater)
        popup.show_lines(turn, every)
        popup.open_below(view.bar.anchor(view.bar.figures), view)

    def show_merge(self) -> None:
        """Asks how the answers of the turn in view are to be merged."""
        if not self._view.names_hidden:
            spawn(self._show_merge(), owner=self, name="merge")

    async def _show_merge(self) -> None:
        from chatbench.ui.chat.conversation.merging import MergeDialog

        view = self._view
        turn_id = view.turns.in_view()
        outline = view.conversation
        ids = [one.id for one in outline.messages if one.turn_id == turn_id]
        by_id = {one.id: one for one in await self._services.history.messages(ids)}
        messages = tuple(by_id.get(one.id, one) for one in outline.messages)
        prompt = self._services.chat.merge_prompt(
            msgspec.structs.replace(outline, messages=messages), turn_id
        )
        lanes = [(lane.id, lane.letter) for lane in view.lanes.views]
        model = view.lane.model or GUIDE
        dialog = MergeDialog(self._services, model, prompt, lanes, view.lane.id, view)
        dialog.key_wanted.connect(view.provider_wanted)
        dialog.merge_wanted.connect(partial(self._merge, turn_id))
        dialog.open()

    def _merge(self, turn_id: str, model: ModelRef, prompt: str, lane_id: str) -> None:
        self._view.questions.ask(partial(self._merged, turn_id, model, prompt, lane_id))

    async def _merged(self, turn_id: str, model: ModelRef, prompt: str, lane_id: str) -> Turn:
        view = self._view
        lane = view.lanes.view(lane_id)
        left = _below(lane.source.path, turn_id) if lane is not None else ()
        merge = self._services.chat.merge
        turn = await merge(view.id, turn_id, model=model, prompt=prompt, lane_id=lane_id)
        if left and isValid(view):
            self._tell_left(left)
        return turn

    def _tell_left(self, left: Sequence[TreeMessage]) -> None:
        """A lane that turns to another answer takes what stood below the first one out of view."""
        view, last = self._view, left[-1].id

        def show() -> None:
            spawn(view.show_message(last), owner=view, name="show-left")

        one = self.tr("1 message below the answer that stood here is in another branch now.")
        many = self.tr("{0} messages below the answer that stood here are in another branch now.")
        words = one if len(left) == 1 else many.format(number(len(left)))
        view.window_frame.notices.show_notice(words, action=(self.tr("Show"), show))

    def show_sweep(self, lane: LaneView) -> None:
        """Asks which parameter is to be swept over which values."""
        from chatbench.ui.chat.conversation.sweeping import SweepDialog

        view = self._view
        info = self._services.models.info(lane.lane.model or GUIDE)
        count = len(view.lanes.views)
        dialog = SweepDialog(lane.lane, info, open_lanes=count, asked=bool(lane.source.path), parent=view)
        dialog.sweep_wanted.connect(partial(self._sweep, lane))
        dialog.open()

    def _sweep(self, lane: LaneView, parameter: str, values: Sequence[object], ask: bool) -> None:
        self._write(self._swept(lane, parameter, values, ask), "sweep")

    async def _swept(self, lane: LaneView, parameter: str, values: Sequence[object], ask: bool) -> None:
        view, service = self._view, self._services.lanes
        last = lane.source.path[-1].id if lane.source.path else ""
        added = [one.id for one in await service.sweep(view.id, lane.id, parameter, values)]
        if not isValid(view):
            return

        def undo() -> None:
            self._write(service.close(view.id, *added), "close-lanes")

        one, many = self.tr("1 lane added."), self.tr("{0} lanes added.").format(len(added))
        words = one if len(added) == 1 else many
        view.window_frame.notices.show_notice(words, action=(self.tr("Undo"), undo))
        if ask and last:
            view.questions.ask(partial(self._services.chat.regenerate, view.id, last, lanes=tuple(added)))

    def send_to(self, lane: LaneView, other: LaneView) -> None:
        """Sends the answer in view of a lane to another one, as a question."""
        message = lane.answer_in_view()
        if message is not None:
            view = self._view
            view.questions.ask(partial(self._services.chat.ask_with_answer, view.id, message.id, other.id))

    def show_leaderboard(self) -> None:
        """Which models' answers were rated best, in all chats."""
        from chatbench.ui.chat.conversation.leaderboard import Leaderboard

        Leaderboard(self._services, self._view).open()

    def add_lane(self, model: ModelRef) -> None:
        """One more lane, which stands where the current one stands."""
        view = self._view
        adding = self._services.lanes.add(view.id, model=model, like=view.lane.id)
        self._write(adding, "add-lane")

    def name_model(self, model: ModelRef) -> None:
        """Has a model asked: beside the others, or in the place of one that nobody has chosen."""
        if self._view.is_unchosen:
            self._view.choose_model(model)
        else:
            self.add_lane(model)

    def ask_too(self, lane: LaneView) -> None:
        """Has a lane that was added later answer the question the others have answered."""
        message = lane.answer_in_view()
        if message is not None:
            view = self._view
            view.questions.ask(partial(self._services.chat.regenerate, view.id, message.id, lanes=(lane.id,)))

    def close(self, lane: LaneView) -> None:
        """Takes a lane away; its branch stays in the tree. With Undo."""
        closing = self._services.lanes.close(self._view.id, lane.id)
        words = self.tr("Lane {0} closed. Its answers stay as branches.").format(lane.letter)
        self._write(self._with_undo(closing, words), "close-lane")

    def continue_with(self, lane: LaneView) -> None:
        """Goes on with the answer in view in this lane alone. With Undo."""
        message = lane.answer_in_view()
        if message is None:
            return
        words = self.tr("The chat goes on with {0}. The other answers stay as branches.").format(lane.letter)
        going_on = self._services.lanes.continue_with(self._view.id, message.id)
        self._write(self._with_undo(going_on, words), "continue-with")

    async def _with_undo(self, closing: Awaitable[tuple[str, ...]], words: str) -> None:
        view, lanes = self._view, self._services.lanes
        closed = await closing

        def undo() -> None:
            self._write(lanes.reopen(view.id, *closed), "reopen-lanes")

        if closed:
            view.window_frame.notices.show_notice(words, action=(self.tr("Undo"), undo))

    def _write(self, work: Awaitable[object], name: str) -> None:
        async def done() -> None:
            await work

        spawn(done(), name=name)

    def show_lane_menu(self, lane: LaneView) -> None:
        """Everything that can be done with a lane."""
        menu = QMenu(self._view)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if lane.foot.fold == "gone":
            lane.foot.add_to(menu)
        for acts in (self._lane_acts(lane), self._sending_acts(lane), self._compare_acts(lane)):
            for words, act, offered in acts:
                action = menu.addAction(words, act)
                action.setEnabled(offered)
            menu.addSeparator()
        more = lane.head.more
        menu.popup(more.mapToGlobal(more.rect().bottomLeft()))

    def _sending_acts(self, lane: LaneView) -> list[tuple[str, Callable[[], object], bool]]:
        message = lane.answer_in_view()
        words = self.tr("Send this answer to lane {0}")
        over = message is not None and message.role == "assistant" and lane.live() is None
        return [
            (words.format(other.letter), partial(self.send_to, lane, other), over and other.live() is None)
            for other in self._view.lanes.views
            if other is not lane
        ]

    def _compare_acts(self, lane: LaneView) -> list[tuple[str, Callable[[], object], bool]]:
        offered = not self._view.names_hidden
        words = self.tr("Settings that differ from lane {0}…")
        return [
            (words.format(other.letter), partial(self.contrast.show_settings, lane, other), offered)
            for other in self._view.lanes.views
            if other is not lane
        ]

    def _lane_acts(self, lane: LaneView) -> list[tuple[str, Callable[[], object], bool]]:
        message = lane.answer_in_view()
        streaming = lane.live() is not None
        answered = message is not None and not streaming
        sweepable = not streaming and not self._view.names_hidden
        sweepable = sweepable and len(self._view.lanes.views) < MOST_LANES
        return [
            (self.tr("Regenerate"), partial(self._regenerate, lane), answered),
            (self.tr("Stop"), partial(self._view.stop_lane, lane), streaming),
            (self.tr("Continue with this lane"), partial(self.continue_with, lane), answered),
            (self.tr("Same question, other parameters…"), partial(self.show_sweep, lane), sweepable),
            (self.tr("Close this lane"), partial(self.close, lane), not streaming),
        ]

    def _regenerate(self, lane: LaneView) -> None:
        message = lane.answer_in_view()
        if message is not None:
            self._view.acts.regenerate(message)


def _below(path: Sequence[TreeMessage], turn_id: str) -> Sequence[TreeMessage]:
    """What follows the answer that a branch shows in a turn."""
    at = next((n for n, one in enumerate(path) if one.turn_id == turn_id and one.role == "assistant"), None)
    return path[at + 1 :] if at is not None else ()


def _counts(message: TreeMessage) -> bool:
    """Whether an answer was asked for here: a copy is counted where it was."""
    return message.role == "assistant" and message.model is not None and not message.copy_of
