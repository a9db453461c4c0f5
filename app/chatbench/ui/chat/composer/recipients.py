"""To whom the words would go: the model of each lane, what it lacks, how it is chosen, what sending takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Final

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from chatbench.core.conversations import MOST_LANES, Draft
from chatbench.core.messages import user
from chatbench.core.models import GUIDE, ModelInfo, ModelRef
from chatbench.services import Services
from chatbench.services.models import Estimate
from chatbench.ui.chat.composer.line import WARN_FROM, ComposerLine, LaneLabel
from chatbench.ui.chat.picker import ModelPicker

ESTIMATE_AFTER_MS: Final = 150


class Recipients(QObject):
    """Keeps the line below the words at what holds. ``model_chosen(ModelRef)``,
    ``lane_added(ModelRef)``, ``lane_turned_to(id)`` and ``key_wanted(provider)`` are the reader's
    wishes: nothing is changed before the owner answers with ``set_model`` or ``set_lanes``."""

    model_chosen = Signal(object)
    lane_turned_to = Signal(str)
    lane_added = Signal(object)
    key_wanted = Signal(str)

    def __init__(
        self,
        services: Services,
        line: ComposerLine,
        draft: Callable[[], Draft],
        files: Callable[[ModelRef], tuple[int, int]],
        parent: QWidget,
    ) -> None:
        """`files` tells about how many tokens the attachments take at a model, and of how many nobody knows
        it."""
        super().__init__(parent)
        self._services = services
        self._line = line
        self._draft = draft
        self._files = files
        self._owner = parent
        self._picker: ModelPicker | None = None
        self._context_tokens = 0
        self._lanes: dict[str, ModelRef] = {}
        self._tokens_of_lanes: Mapping[str, int] = {}
        self._in_order: list[tuple[str, ModelRef]] = []
        self.blind = False
        """Whether nothing may tell which model is which."""
        self.info: ModelInfo = services.models.info(GUIDE)
        """The capability row of the model of the lane in use."""
        self.lane_count = 1
        self.estimating = QTimer(self)
        """Runs for a moment after the last key."""
        self.estimating.setSingleShot(True)
        self.estimating.timeout.connect(self._estimate)
        line.model_clicked.connect(self.open_picker)
        line.lane_clicked.connect(self._open_lane)
        line.add_clicked.connect(self._open_to_add)

    def lanes(self) -> list[tuple[str, ModelInfo]]:
        """To which models the words would go, by the letters of their lanes, the one in use first; without
        their names while these are hidden."""
        found = [("", self.info)]
        if len(self._in_order) > 1:
            models = self._services.models
            found = [(letter, models.info(ref)) for letter, ref in self._in_order]
        if not self.blind:
            return found
        return [(letter, msgspec.structs.replace(info, name=self.told.name)) for letter, info in found]

    @property
    def told(self) -> ModelInfo:
        """What may be told of that model."""
        if not self.blind:
            return self.info
        return msgspec.structs.replace(
            self.info, ref=ModelRef("", ""), name=self.tr("the model of this lane")
        )

    def set_model(self, ref: ModelRef) -> None:
        """The model of the lane in use."""
        self.info = self._services.models.info(ref)
        self._line.set_model(self.info, self._problem(ref))
        self.estimating.start(0)

    def set_lanes(self, lanes: Sequence[tuple[str, str, ModelRef]], current: str, *, blind: bool) -> None:
        """The open lanes as (id, letter, model), and which of them is in use."""
        models = self._services.models
        labels = [
            LaneLabel(id_, letter, models.info(ref), "" if blind else self._problem(ref))
            for id_, letter, ref in lanes
        ]
        self.blind = blind
        in_use = [(letter, ref) for id_, letter, ref in lanes if id_ == current]
        self._in_order = in_use + [(letter, ref) for id_, letter, ref in lanes if id_ != current]
        self._line.set_blind(blind)
        self._line.set_lanes(labels, current)
        self.lane_count = len(lanes)
        self._lanes = {id_: ref for id_, _, ref in lanes} if len(lanes) > 1 else {}
        self.estimating.start(0)
        self._line.add.setEnabled(len(lanes) < MOST_LANES)

    def set_context_tokens(self, tokens: int, of_lanes: Mapping[str, int]) -> None:
        """How many tokens go before the words: in the lane in use, and by id where several are sent to."""
        self._context_tokens = tokens
        self._tokens_of_lanes = of_lanes
        self.estimating.start(0)

    def estimate_soon(self) -> None:
        """The words have changed."""
        self.estimating.start(ESTIMATE_AFTER_MS)

    def open_picker(self) -> None:
        """Opens the list of models above the chip of the lane in use."""
        if self.blind:
            return
        chip = next((chip for chip in self._line.lanes.values() if chip.isChecked()), self._line.model)
        if self._picker is None:
            self._picker = ModelPicker(self._services, self._owner)
            self._picker.chosen.connect(self.model_chosen)
            self._picker.added.connect(self.lane_added)
            self._picker.key_wanted.connect(self.key_wanted)
        self._picker.open_for(self.info.ref, chip, lanes=True)

    def _open_lane(self, lane_id: str) -> None:
        self.lane_turned_to.emit(lane_id)
        self.open_picker()

    def _open_to_add(self) -> None:
        picker = ModelPicker(self._services, self._owner)
        picker.chosen.connect(self.lane_added)
        picker.added.connect(self.lane_added)
        picker.key_wanted.connect(self.key_wanted)
        picker.closed.connect(picker.deleteLater)
        picker.open_for(GUIDE if self.blind else self.info.ref, self._line.add)

    def _estimate(self) -> None:
        draft = self._draft()
        mine = [user(draft.text)] if draft.text or draft.attachments else []
        models = self._services.models
        lanes = self._lanes or {"": self.info.ref}
        each: list[Estimate] = []
        uncounted = 0
        for lane, ref in lanes.items():
            known, unknown = self._files(ref)
            before = self._tokens_of_lanes.get(lane, self._context_tokens)
            each.append(models.estimate(ref, mine, on_top_of=before + known))
            uncounted = max(uncounted, unknown)
        self._line.show_estimate(_together(each), lanes=len(each), uncounted=uncounted)

    def _problem(self, ref: ModelRef) -> str:
        """What is missing before a model can be used."""
        if ref == GUIDE:
            return ""
        key = self._services.models.key(ref.provider)
        if key is None:
            return self.tr("There is no provider called {0}").format(ref.provider)
        if key.state == "missing":
            return self.tr("No key yet")
        if key.state == "other_origin":
            return self.tr("The key was given for another address")
        return ""


def _together(each: Sequence[Estimate]) -> Estimate:
    """One for all lanes a send goes to. The lane with the fullest context stands alone where it warns."""
    fullest = max(each, key=lambda one: one.share or 0)
    if len(each) == 1 or (fullest.share or 0) >= WARN_FROM:
        return fullest
    cost: Decimal | None = Decimal(0)
    for one in each:
        price = Decimal(0) if one.free else one.cost
        cost = None if cost is None or price is None else cost + price
    return Estimate(
        tokens=sum(one.tokens for one in each),
        cost=cost,
        free=all(one.free for one in each),
        share=fullest.share,
    )
