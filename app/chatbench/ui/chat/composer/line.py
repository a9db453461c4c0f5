"""The line under the composer: which model, how much effort, and what sending would take."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import partial
from typing import Final, NamedTuple

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QResizeEvent
from PySide6.QtWidgets import QMenu, QSizePolicy, QStyle, QWidget

from chatbench.core.models import GUIDE, Effort, ModelInfo
from chatbench.services.models import Estimate
from chatbench.ui.chat.picker.rows import left_to_right
from chatbench.ui.quantities import ABOUT, AT_LEAST, number
from chatbench.ui.quantities import estimate as price_of
from chatbench.ui.quantities import tokens as tokens_of
from chatbench.ui.theme import ColorRole, theme
from chatbench.ui.widgets import Chip, ElidedLabel, IconButton, describe

WARN_FROM: Final = 0.8
"""Share of the context window from which the estimate warns."""
_GAP: Final = 6


def place_icon(info: ModelInfo) -> str:
    """Where the words would go: to the guide, nowhere, or out of this computer."""
    if info.ref == GUIDE:
        return "compass"
    return "hard-drive" if info.local else "cloud"


class LaneLabel(NamedTuple):
    """What the chip of a lane says: its letter, its model, and what is missing to use that."""

    id: str
    letter: str
    info: ModelInfo
    problem: str = ""


class ComposerLine(QWidget):
    """``model_clicked()``, ``lane_clicked(id)``, ``add_clicked()``, ``effort_chosen(Effort | None)``,
    ``stop_clicked()``.

    One chip a lane, then "+", then what shortens and leaves as room ends; Stop at the far end. Where
    the lanes themselves find no room, all but the current one are behind one chip.
    """

    model_clicked = Signal()
    lane_clicked = Signal(str)
    add_clicked = Signal()
    effort_chosen = Signal(object)
    stop_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._stops = False
        self._effort: Effort | None = None
        self._efforts: tuple[Effort, ...] = ()
        self._guide = False
        self._blind = False
        self._long, self._short = "", ""
        self._all_lanes = False
        self.model = Chip(menu=True, parent=self)
        self.model.clicked.connect(self.model_clicked)
        self.lanes: dict[str, Chip] = {}
        self.rest = Chip(menu=True, parent=self)
        """The lanes for which there is no room."""
        self.rest.clicked.connect(self._open_rest)
        self.rest.hide()
        self.add = IconButton("plus", self.tr("Add a lane"), size="code", parent=self)
        self.add.clicked.connect(self.add_clicked)
        self.effort = Chip(icon="gauge", bordered=False, parent=self)
        self.effort.clicked.connect(self._open_efforts)
        self.estimate = ElidedLabel(
            font="small", color="text3", align=Qt.AlignmentFlag.AlignTrailing, parent=self
        )
        self.stop = Chip(self.tr("Stop"), icon="square", parent=self)
        describe(self.stop, self.tr("Stop the answer; what has come is kept"))
        self.stop.clicked.connect(self.stop_clicked)
        self.stop.hide()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def offer_stop(self, offered: bool) -> None:
        """Whether Stop stands here, because something else stands in Send's place."""
        if offered != self._stops:
            self._stops = offered
            self.stop.setVisible(offered)
            self._arrange()

    def _room(self) -> int:
        return self.width() - (self.stop.sizeHint().width() + 2 * _GAP if self._stops else 0)

    def set_model(self, info: ModelInfo, problem: str = "") -> None:
        """Names the model; ``problem`` says what is missing to use it."""
        self._guide = info.ref == GUIDE
        title = self.tr("Guide, built in") if self._guide else info.title
        self.model.set_label(title)
        self.model.set_icon(place_icon(info))
        self.model.set_problem(problem)
        if not problem:
            self.model.setToolTip(f"{info.ref}")
        self.model.setAccessibleDescription(self.tr("Opens the list of models"))
        self._efforts = info.efforts
        self._arrange()

    def set_lanes(self, labels: Sequence[LaneLabel], current: str = "") -> None:
        """One chip for each of several lanes, the current one checked; the model's own for one."""
        labels = labels if len(labels) > 1 else ()
        if [label.id for label in labels] != list(self.lanes):
            for chip in self.lanes.values():
                chip.hide()
                chip.deleteLater()
            self.lanes = {label.id: self._lane_chip(label.id) for label in labels}
        for label in labels:
            chip = self.lanes[label.id]
            title = self.tr("hidden") if self._blind else label.info.title
            chip.set_label(f"{label.letter}  {title.removeprefix('Claude ')}")
            chip.set_icon("eye-off" if self._blind else place_icon(label.info))
            chip.set_problem(label.problem)
            if not label.problem and not self._blind:
                chip.setToolTip(str(label.info.ref))
            chip.setChecked(label.id == current)
            name = self.tr("Lane {0}: {1}").format(label.letter, title)
            chip.setAccessibleName(f"{name}. {label.problem}" if label.problem else name)
        self.model.setVisible(not labels)
        self._arrange()

    def _fold(self) -> None:
        """Shows the chips of all lanes if they fit with few letters each, else the current one's."""
        chips = list(self.lanes.values())
        least = sum(chip.minimumSizeHint().width() + _GAP for chip in chips)
        folded = least + self.add.sizeHint().width() > self._room()
        current = next((chip for chip in chips if chip.isChecked()), chips[0] if chips else None)
        for chip in chips:
            chip.setVisible(not folded or chip is current)
        self.rest.setVisible(folded and len(chips) > 1)
        if folded:
            hidden = len(chips) - 1
            self.rest.set_label(f"+{hidden}")
            words = self.tr("{0} more lane") if hidden == 1 else self.tr("{0} more lanes")
            describe(self.rest, words.format(hidden))

    def _open_rest(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setAccessibleName(self.rest.accessibleName())
        for lane_id, chip in self.lanes.items():
            if chip.isHidden():
                menu.addAction(chip.text(), partial(self.lane_clicked.emit, lane_id))
        menu.popup(self.rest.mapToGlobal(QPoint(0, -menu.sizeHint().height() - 6)))

    def set_blind(self, blind: bool) -> None:
        """Whether nothing may tell which model a lane has: neither names, nor efforts, nor prices."""
        self._blind = blind

    def _lane_chip(self, lane_id: str) -> Chip:
        chip = Chip(menu=True, checkable=True, parent=self)
        chip.clicked.connect(lambda: self.lane_clicked.emit(lane_id))
        chip.show()
        return chip

    def set_effort(self, effort: Effort | None) -> None:
        """The effort asked for; None is the model's default."""
        self._effort = effort
        self._arrange()

    def show_estimate(self, estimate: Estimate, *, lanes: int = 1, uncounted: int = 0) -> None:
        """What sending would take, to so many lanes; of so many files nobody knows it."""
        self._all_lanes = lanes > 1
        sign = AT_LEAST if uncounted else ABOUT
        about = left_to_right(sign + number(estimate.tokens))
        color: ColorRole = "text3"
        if estimate.free:
            self._long = self.tr("Stays on this computer · no charge")
            self._short = self.tr("no charge")
        else:
            price = left_to_right(price_of(None if uncounted else estimate.cost))
            self._long = f"{left_to_right(tokens_of(estimate.tokens, sign))} · {price}"
            self._short = f"{about} · {price}"
        if uncounted:
            more = self.tr("one file not counted") if uncounted == 1 else self.tr("{0} files not counted")
            self._long += f" · {more.format(number(uncounted))}"
        if estimate.share is not None and estimate.share >= WARN_FROM:
            color = "warning"
            share = round(100 * estimate.share)
            self._long = self.tr("{0} tokens, {1} % of the context window").format(about, share)
            self._short = self.tr("{0} % of the context").format(share)
        self.estimate.set_color(color)
        self._arrange()

    def sizeHint(self) -> QSize:
        return QSize(theme().scaled(400), theme().control("composer-line"))

    def minimumSizeHint(self) -> QSize:
        return QSize(self.model.minimumSizeHint().width(), theme().control("composer-line"))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _shown_effort(self) -> Effort | None:
        return self._effort if self._effort in self._efforts else None

    def _offers_effort(self) -> bool:
        """The guide's effort is of use to somebody who set it on purpose only."""
        return bool(self._efforts) and not self._blind and not (self._guide and self._shown_effort() is None)

    def _effort_words(self) -> tuple[str, str]:
        name = self.effort_name(self._shown_effort())
        return self.tr("Effort: {0}").format(name), name[:1].upper() + name[1:]

    def effort_name(self, effort: Effort | None) -> str:
        """An effort in words."""
        names: dict[Effort | None, str] = {
            None: self.tr("default"),
            "none": self.tr("none"),
            "minimal": self.tr("minimal"),
            "low": self.tr("low"),
            "medium": self.tr("medium"),
            "high": self.tr("high"),
            "xhigh": self.tr("very high"),
            "max": self.tr("highest"),
        }
        return names[effort]

    def _arrange(self) -> None:
        """The fullest form that fits: long words, short effort, short estimate, names of lanes
        shortened, no estimate, the effort as its mark alone."""
        self._fold()
        room = self._room()
        chips = self._chips()
        model = sum(chip.sizeHint().width() + _GAP for chip in chips) + self.add.sizeHint().width()
        long, short = self._effort_words()
        offered = self._offers_effort()
        metrics = theme().metrics("small")
        least = model - sum(chip.sizeHint().width() - chip.minimumSizeHint().width() for chip in chips)
        taken = needed = beside = 0
        whole = (long, self._long), (short, self._long), (short, self._short)
        squeezed = ((short, self._short), ("", self._short)) if self.lanes else ()
        forms = [*((*form, False) for form in whole), *((*form, True) for form in squeezed)]
        for effort, words, squeeze in (*forms, (short, "", True), ("", "", True)):
            self.effort.set_label(effort)
            self.effort.set_icon("gauge" if effort == long else "sliders-horizontal")
            self.effort.setAccessibleName(long)
            taken = model + (_GAP + self.effort.sizeHint().width() if offered else 0)
            needed = metrics.horizontalAdvance(words) + 2
            beside = _GAP * 2 + needed if words else 0
            if taken + beside - (model - least if squeeze else 0) <= room:
                break
        if self._blind:
            words = ""
            beside = 0
        self._place(min(model, room - beside - (taken - model)), needed if words else 0, words)

    def _chips(self) -> list[Chip]:
        if not self.lanes:
            return [self.model]
        chips = [chip for chip in self.lanes.values() if not chip.isHidden()]
        return chips if self.rest.isHidden() else [*chips, self.rest]

    def _place(self, model: int, estimate: int, words: str) -> None:
        def put(widget: QWidget, x: int, width: int, height: int) -> None:
            place = QRect(x, (self.height() - height) // 2, width, height)
            widget.setGeometry(QStyle.visualRect(self.layoutDirection(), self.rect(), place))

        chips = self._chips()
        wanted = [chip.sizeHint().width() for chip in chips]
        least = [chip.minimumSizeHint().width() for chip in chips]
        room = model - _GAP * len(chips) - self.add.sizeHint().width()
        x = 0
        for chip, width in zip(chips, _shared(wanted, least, room), strict=True):
            put(chip, x, width, chip.sizeHint().height())
            x += width + _GAP
        put(self.add, x, self.add.sizeHint().width(), self.add.sizeHint().height())
        model = x + self.add.sizeHint().width()
        hint = self.effort.sizeHint()
        self.effort.setVisible(self._offers_effort())
        put(self.effort, model + _GAP, hint.width(), hint.height())
        self.estimate.set_text(words)
        meaning = self.tr("Tokens in, if this is sent: the chat so far, and what is written here")
        if self._all_lanes:
            meaning = self.tr(
                "Tokens in, if this is sent, of all lanes: their chat so far, and what is written here"
            )
        self.estimate.setToolTip(f"{self._long}\n{meaning}" if words != self._long else meaning)
        self.estimate.setAccessibleName(self.tr("Before sending: {0}").format(self._long))
        self.estimate.setVisible(bool(words))
        put(self.estimate, self._room() - estimate, estimate, theme().line("small"))
        stop = self.stop.sizeHint()
        put(self.stop, self.width() - stop.width(), stop.width(), stop.height())

    def _open_efforts(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setAccessibleName(self.tr("Reasoning effort"))
        group = QActionGroup(menu)
        shown = self._shown_effort()
        for effort in (None, *self._efforts):
            name = self.effort_name(effort)
            words = self.tr("The model's default") if effort is None else name[:1].upper() + name[1:]
            action = QAction(words, group)
            action.setCheckable(True)
            action.setChecked(effort == shown)
            action.triggered.connect(lambda _checked=False, chosen=effort: self.effort_chosen.emit(chosen))
            menu.addAction(action)
        menu.popup(self.effort.mapToGlobal(QPoint(0, -menu.sizeHint().height() - 6)))


def _shared(wanted: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Widths that fit into the room as far as the least ones do: who wants most gives way first."""

    def capped(cap: int) -> list[int]:
        return [max(small, min(wide, cap)) for wide, small in zip(wanted, least, strict=True)]

    caps = range(max(wanted) + 1)
    return capped(max(0, bisect_right(caps, room, key=lambda cap: sum(capped(cap))) - 1))
