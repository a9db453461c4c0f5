"""What came of running a prompt once: a card for each model, which grows while it is written."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from chatbench.core.errors import ChatbenchError
from chatbench.core.models import ModelRef
from chatbench.services import Services
from chatbench.services.trials import MOST_MODELS, Trial
from chatbench.ui.aio import spawn
from chatbench.ui.quantities import amount, duration, tokens_out
from chatbench.ui.widgets import (
    Button,
    Chip,
    Divider,
    ElidedLabel,
    Gauge,
    Label,
    Surface,
    announce,
    flowing,
)
from chatbench.ui.widgets.rawtext import FittedText
from chatbench.ui.workbench.prompts.focused import FocusCard, scrolled

if TYPE_CHECKING:
    from chatbench.ui.workbench.hands import Hands

_EVERY_MS: Final = 100


class TrialPanel(Surface):
    """`models_changed()` when others are chosen; `again_wanted()` to run it once."""

    models_changed = Signal()
    again_wanted = Signal()

    def __init__(self, services: Services, hands: Hands, parent: QWidget | None = None) -> None:
        super().__init__("page", parent=parent)
        self._services = services
        self._hands = hands
        self.models: tuple[ModelRef, ...] = ()
        self._cards: list[TrialCard] = []
        self._chips = flowing()
        self.add_model = Button(self.tr("Model"), size="small", icon="plus")
        self.add_model.clicked.connect(self._pick)
        self.stop_all = Button(self.tr("Stop"), size="small", icon="square")
        self.stop_all.clicked.connect(self.stop)
        self.stop_all.hide()
        self.empty = Label(
            self.tr("Run the prompt once, or on a data set: the answers stand here."),
            font="small", color="text3", wrap=True,
        )  # fmt: skip
        self._clock = QTimer(self, interval=_EVERY_MS)
        self._clock.timeout.connect(self.pull)
        self._lay_out()

    def _lay_out(self) -> None:
        self._title = Label(self.tr("Answers"), weight=600)
        self._title.setMinimumHeight(self.add_model.sizeHint().height())
        self._head = flowing(self._title, self.add_model, self.stop_all, gap=8, end_from=1)
        head = QVBoxLayout()
        head.setContentsMargins(16, 8, 12, 8)
        head.setSpacing(4)
        head.addWidget(self._head)
        head.addWidget(self._chips)
        inside = Surface("page")
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(16, 12, 16, 12)
        self._column.setSpacing(10)
        self._column.addWidget(self.empty)
        self._column.addStretch(1)
        column = QVBoxLayout()
        column.setSpacing(0)
        self.set_layout(column)
        column.addLayout(head)
        column.addWidget(Divider())
        column.addWidget(scrolled(inside), 1)

    # Which models.

    def choose(self, models: Sequence[ModelRef]) -> None:
        """These, at most eight, each once."""
        chosen = tuple(dict.fromkeys(models))[:MOST_MODELS]
        if chosen != self.models:
            self.models = chosen
            self.models_changed.emit()
        self._show_models()

    def _show_models(self) -> None:
        flow = self._chips.layout()
        assert flow is not None
        while (item := flow.takeAt(0)) is not None:
            if (gone := item.widget()) is not None:
                gone.hide()
                gone.deleteLater()
        for model in self.models:
            title = self._services.models.info(model).title
            chip = Chip(title, icon="x")
            chip.setAccessibleName(self.tr("Do not ask {0}").format(title))
            chip.setToolTip(chip.accessibleName())
            chip.clicked.connect(partial(self._remove, model))
            flow.addWidget(chip)
        self.add_model.setEnabled(len(self.models) < MOST_MODELS)
        self.add_model.setToolTip(
            "" if self.add_model.isEnabled() else self.tr("Eight at once are the most.")
        )
        self._chips.setVisible(bool(self.models))
        self._chips.updateGeometry()

    def _remove(self, model: ModelRef) -> None:
        self.choose([one for one in self.models if one != model])

    def _pick(self) -> None:
        current = self.models[-1] if self.models else self._services.models.default()
        self._hands.pick_model(self.add_model, current, lambda model: self.choose([*self.models, model]))

    # Answers.

    @property
    def trials(self) -> list[Trial]:
        """Those whose cards are there."""
        return [card.trial for card in self._cards]

    def show_trials(self, trials: Sequence[Trial]) -> None:
        """Instead of those before."""
        self.clear()
        for place, trial in enumerate(trials):
            card = TrialCard(self._services, trial, self)
            self._cards.append(card)
            self._column.insertWidget(place + 1, card)
        self.empty.setVisible(not self._cards)
        self.pull()

    def clear(self) -> None:
        """Takes the cards away."""
        for card in self._cards:
            self._column.removeWidget(card)
            card.hide()
            card.deleteLater()
        self._cards = []

    def pull(self) -> None:
        """Shows how far they are; the clock runs only while one is under way."""
        for card in self._cards:
            card.pull()
        live = any(not card.trial.is_over for card in self._cards)
        self.stop_all.setVisible(live)
        if live and not self._clock.isActive():
            self._clock.start()
        elif not live and self._clock.isActive():
            self._clock.stop()

    def stop(self) -> None:
        """Stops all that is under way."""
        spawn(self._stop(), owner=self, name="stop-trials")

    async def _stop(self) -> None:
        for trial in self.trials:
            await self._services.trials.stop(trial)
        self.pull()


class TrialCard(FocusCard):
    """One answer: who gave it, how far it is, what it took."""

    def __init__(self, services: Services, trial: Trial, parent: QWidget) -> None:
        super().__init__(parent)
        self._services = services
        self.trial = trial
        self._told_end = False
        title = services.models.info(trial.model).title
        self._title = title
        self.gauge = Gauge()
        self.facts = Label(font="small", color="text2")
        self.stop = Button(self.tr("Stop"), size="small", icon="square")
        self.stop.setAccessibleName(self.tr("Stop {0}").format(title))
        self.stop.clicked.connect(lambda: spawn(self._stop(), owner=self, name="stop-trial"))
        self.text = FittedText(self.tr("Answer of {0}").format(title))
        self.follow(self.text)
        self.trouble = Label(font="small", color="danger", wrap=True)
        self.trouble.hide()
        head = QHBoxLayout()
        head.setContentsMargins(10, 3, 10, 3)
        head.setSpacing(6)
        head.addWidget(ElidedLabel(title, weight=600), 1)
        head.addWidget(self.gauge)
        head.addWidget(self.facts)
        head.addWidget(self.stop)
        self.lay_out(head, self.text, self.trouble)

    def pull(self) -> None:
        """Shows how far it is."""
        trial = self.trial
        self.text.set_text(trial.text())
        self.gauge.set_active(not trial.is_over)
        self.gauge.setVisible(not trial.is_over)
        self.stop.setVisible(not trial.is_over)
        self.facts.setText(" · ".join(self._facts()))
        if trial.error is not None:
            self.trouble.setText(f"{trial.error.message} {trial.error.hint}".strip())
            self.trouble.show()
            self.set_colors("dangersoft", "danger")
        if trial.is_over and not self._told_end:
            self._told_end = True
            words = self.tr("{0} failed") if trial.error is not None else self.tr("{0} has answered")
            announce(self, words.format(self._title))

    def _facts(self) -> list[str]:
        trial, told = self.trial, []
        if trial.state == "stopped":
            told.append(self.tr("stopped"))
        elif trial.state == "failed":
            told.append(self.tr("failed"))
        response = trial.response
        if response is not None:
            if response.usage is not None:
                told.append(tokens_out(response.usage.output_tokens))
            cost = trial.cost()
            told.append(self.tr("price unknown") if cost is None else amount(cost))
        told.append(duration(trial.seconds()))
        return told

    async def _stop(self) -> None:
        try:
            await self._services.trials.stop(self.trial)
        except ChatbenchError as error:
            self.trouble.setText(error.message)
        self.pull()
