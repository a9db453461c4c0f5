"""What stands beside a prompt: the answers of running it once, or a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from chatbench.core.runs import Run
from chatbench.services import Services
from chatbench.ui.widgets import SegmentControl, Surface
from chatbench.ui.workbench.runs import RunView

if TYPE_CHECKING:
    from chatbench.ui.workbench.hands import Hands
    from chatbench.ui.workbench.prompts.trying import TrialPanel


class Beside(QWidget):
    """The switch between both is there while there is a run."""

    def __init__(
        self, services: Services, hands: Hands, panel: TrialPanel, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._services = services
        self._hands = hands
        self._panel = panel
        self.run: RunView | None = None
        self.switch = SegmentControl(
            [("run", self.tr("Run")), ("answers", self.tr("Run once"))], name=self.tr("What came of it")
        )
        self.switch.changed.connect(self._turn)
        row = QHBoxLayout()
        row.addWidget(self.switch)
        row.addStretch(1)
        self._head = Surface("page", lines=Qt.Edge.BottomEdge)
        self._head.set_layout(row, (14, 6, 14, 6))
        self._head.hide()
        self._stack = QStackedWidget(self)
        self._stack.addWidget(panel)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._head)
        column.addWidget(self._stack, 1)

    def show_newest(self, runs: Sequence[Run]) -> None:
        """The last of these, if there is one."""
        if runs:
            self.show_run(max(runs, key=lambda run: run.number))

    def show_run(self, run: Run) -> None:
        """Instead of the one before."""
        self.release()
        self.run = RunView(self._services, run.id, self, hands=self._hands)
        self._stack.addWidget(self.run)
        self.switch.set_label(
            "run", self.tr("Run {0}").format(run.number), self.tr("Run {0}").format(run.number)
        )
        self._head.show()
        self.switch.set_current("run")
        self._turn("run")

    def show_answers(self) -> None:
        """Those of running it once."""
        self.switch.set_current("answers")
        self._turn("answers")

    def _turn(self, key: str) -> None:
        self._stack.setCurrentWidget(self.run if key == "run" and self.run is not None else self._panel)

    def release(self) -> None:
        """Stops listening; the run goes on."""
        if self.run is not None:
            self.run.release()
            self._stack.removeWidget(self.run)
            self.run.hide()
            self.run.deleteLater()
            self.run = None
