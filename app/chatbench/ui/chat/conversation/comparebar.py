"""The line above several lanes: how they stand, what of them is compared, what is done with all."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final, Literal, get_args

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QWidget

from chatbench.core.conversations import MOST_LANES
from chatbench.ui.chat.conversation.folding import FoldingRow
from chatbench.ui.chat.conversation.lanes import Arrangement
from chatbench.ui.chat.conversation.marked import Marked, MarkedLine
from chatbench.ui.quantities import number
from chatbench.ui.theme import theme
from chatbench.ui.widgets import Button, IconButton, Surface

_ICONS: Final[dict[Arrangement, str]] = {
    "columns": "columns-3",
    "grid": "layout-grid",
    "tabs": "app-window",
    "stacked": "rows-3",
}


class CompareBar(Surface):
    """``linked_changed(bool)``, ``arrangement_chosen(Arrangement)``, ``baseline_chosen(lane id or "")``,
    ``blind_changed(bool)``, ``tie_clicked()``, ``merge_clicked()``, ``figures_clicked()``,
    ``add_clicked()``.
    """

    linked_changed = Signal(bool)
    arrangement_chosen = Signal(str)
    baseline_chosen = Signal(str)
    blind_changed = Signal(bool)
    tie_clicked = Signal()
    merge_clicked = Signal()
    figures_clicked = Signal()
    add_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("page", lines=Qt.Edge.BottomEdge, parent=parent)
        self._lanes: list[tuple[str, str]] = []
        self._baseline = ""
        self._arrangement: Arrangement = "columns"
        self._answers = 0
        self._busy = self._hidden = self._tie_possible = False
        self.linked = Button(self.tr("Scroll together"), size="small", icon="link")
        self.linked.setCheckable(True)
        self.linked.setChecked(True)
        self.linked.clicked.connect(self.linked_changed)
        self.differences = Button("", size="small", icon="diff")
        self.differences.setCheckable(True)
        self.differences.clicked.connect(self._choose_baseline)
        self.legend = _Legend(self)
        self.arrangement = IconButton(_ICONS["columns"], self.tr("How the lanes stand"), size="row")
        self.arrangement.clicked.connect(self._choose_arrangement)
        self.figures = Button(self.tr("Figures"), size="small", icon="table-2")
        self.figures.clicked.connect(self.figures_clicked)
        self.blind = Button(self.tr("Blind"), size="small", icon="eye-off")
        self.blind.setCheckable(True)
        self.blind.setToolTip(self.tr("Hides names and prices until the answers are rated"))
        self.blind.toggled.connect(self.blind_changed)
        self.tie = Button(self.tr("Tie"), size="small", icon="equal")
        self.tie.setCheckable(True)
        self.tie.clicked.connect(self.tie_clicked)
        self.merge = Button(self.tr("Merge answers…"), size="small", icon="merge")
        self.merge.clicked.connect(self.merge_clicked)
        self.add = Button(self.tr("Lane"), size="small", icon="plus")
        self.add.setAccessibleName(self.tr("Add a lane"))
        self.add.clicked.connect(self.add_clicked)
        self._lay_out()
        self.setAccessibleName(self.tr("Comparing"))
        self.set_baseline("")

    def _lay_out(self) -> None:
        self._row = FoldingRow(self.tr("More for the lanes"), self)
        for widget, rank in (
            (self.linked, 3), (self.arrangement, 0), (self.differences, 1), (self.legend, 8),
            (self.figures, 2), (self.blind, 5), (self.tie, 6), (self.merge, 4), (self.add, 7),
        ):  # fmt: skip
            self._row.add(widget, rank)
        self._row.set_trailing(self.figures)
        row = QHBoxLayout()
        self.set_layout(row, (16, 6, 16, 6))
        row.addWidget(self._row)

    def is_folded(self, widget: QWidget) -> bool:
        """Whether a control stands in the menu, for want of room."""
        return self._row.is_folded(widget)

    def anchor(self, widget: QWidget) -> QWidget:
        """Where something that belongs to a control opens."""
        return self._row.anchor(widget)

    def set_lanes(self, lanes: Sequence[tuple[str, str]]) -> None:
        """The lanes as (id, letter)."""
        self._lanes = list(lanes)
        full = len(lanes) >= MOST_LANES
        self.add.setEnabled(not full)
        self.add.setToolTip(self.tr("There are as many lanes as can be") if full else "")
        self.set_baseline(self._baseline if self._baseline in dict(self._lanes) else "")

    def set_baseline(self, lane_id: str) -> None:
        """The lane the others are compared with; "" compares nothing."""
        self._baseline = lane_id
        letter = dict(self._lanes).get(lane_id, "")
        self.differences.setChecked(bool(letter))
        self.differences.set_label(
            self.tr("Differences from {0}").format(letter) if letter else self.tr("Differences…")
        )
        self.legend.set_letter(letter)
        self.differences.setToolTip(self.legend.text() if letter else "")
        self._row.set_wanted(self.legend, bool(letter))
        self._row.fold()

    def set_arrangement(self, arrangement: Arrangement) -> None:
        """How the lanes are to stand."""
        self._arrangement = arrangement

    def set_shown(self, shown: Arrangement, lacking: tuple[Literal["width", "height"], int] | None) -> None:
        """How the lanes do stand, and of what the arrangement asked for has how many pixels too few."""
        self.arrangement.set_icon(_ICONS[shown])
        if lacking is None:
            self.arrangement.set_name(self.tr("How the lanes stand: {0}").format(self._names()[shown]))
            return
        words = self._needs()[self._arrangement, lacking[0]].format(number(lacking[1]))
        instead = self.tr("shown one at a time") if shown == "tabs" else self.tr("shown as columns")
        self.arrangement.set_name(f"{words}: {instead}")

    def _names(self) -> dict[Arrangement, str]:
        return {
            "columns": self.tr("Columns"),
            "grid": self.tr("Grid"),
            "tabs": self.tr("One at a time"),
            "stacked": self.tr("Below each other"),
        }

    def _needs(self) -> dict[tuple[Arrangement, str], str]:
        return {
            ("columns", "width"): self.tr("Columns need {0} px of width"),
            ("columns", "height"): self.tr("Columns need {0} px of height"),
            ("grid", "width"): self.tr("A grid needs {0} px of width"),
            ("grid", "height"): self.tr("A grid needs {0} px of height"),
            ("stacked", "width"): self.tr("Lanes below each other need {0} px of width"),
            ("stacked", "height"): self.tr("Lanes below each other need {0} px of height"),
        }

    def set_linked(self, linked: bool) -> None:
        """Shows whether the lanes scroll together."""
        self.linked.setChecked(linked)

    def set_tie(self, tie: bool, *, possible: bool) -> None:
        """Whether the answers in view are rated as a tie, and could be."""
        self._tie_possible = possible
        self.tie.setChecked(tie)
        self._offer()

    def set_answers(self, count: int) -> None:
        """How many answers with words the turn in view has."""
        self._answers = count
        self._offer()

    def set_hidden(self, hidden: bool) -> None:
        """Whether the models' names are hidden: then nothing is offered that would tell them."""
        self._hidden = hidden
        self._offer()

    def set_busy(self, busy: bool) -> None:
        """While an answer is written nothing is rated or merged."""
        self._busy = busy
        self._offer()

    def _offer(self) -> None:
        busy = self.tr("An answer is still being written") if self._busy else ""
        few = "" if self._tie_possible else self.tr("There are no two whole answers to rate")
        hidden = self.tr("Shown when the answers are rated") if self._hidden else ""
        alone = "" if self._answers > 1 else self.tr("There are no two answers to merge")
        nothing = "" if self._answers else self.tr("Nothing was answered yet")
        for button, reason in (
            (self.tie, busy or few),
            (self.merge, busy or hidden or alone),
            (self.figures, hidden or nothing),
        ):
            button.setEnabled(not reason)
            button.setToolTip(reason)

    def _choose_baseline(self) -> None:
        self.differences.setChecked(bool(self._baseline))
        menu = self._menu()
        group = QActionGroup(menu)
        choices = [("", self.tr("No differences"))]
        choices += [(lane_id, self.tr("From lane {0}").format(letter)) for lane_id, letter in self._lanes]
        for lane_id, words in choices:
            chosen = lane_id == self._baseline
            self._choice(menu, group, words, partial(self.baseline_chosen.emit, lane_id), chosen)
        self._open_at(self.differences, menu)

    def _choose_arrangement(self) -> None:
        menu = self._menu()
        group = QActionGroup(menu)
        for choice in get_args(Arrangement):
            chosen = choice == self._arrangement
            act = partial(self.arrangement_chosen.emit, choice)
            self._choice(menu, group, self._names()[choice], act, chosen)
        self._open_at(self.arrangement, menu)

    def _open_at(self, widget: QWidget, menu: QMenu) -> None:
        anchor = self.anchor(widget)
        menu.popup(anchor.mapToGlobal(anchor.rect().bottomLeft()))

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return menu

    @staticmethod
    def _choice(menu: QMenu, group: QActionGroup, words: str, act: object, chosen: bool) -> None:
        action = QAction(words, group)
        action.setCheckable(True)
        action.setChecked(chosen)
        action.triggered.connect(act)
        menu.addAction(action)


class _Legend(MarkedLine):
    """What the colours and shapes of the differences mean."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent=parent)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_letter(self, letter: str) -> None:
        """The lane that the others are compared with."""
        here, there = self.tr("only here"), self.tr("only in {0}").format(letter)
        elsewhere = self.tr("elsewhere in {0}").format(letter)
        marks = [Marked(here, "added"), Marked(there, "removed"), Marked(elsewhere, "moved")]
        self.set_parts(marks, between="   ")

    def text(self) -> str:
        return self.tr(
            "Underlined: only here. Struck through: only in the lane compared with. Dashed: elsewhere in it."
        )

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), theme().control("button-small"))
