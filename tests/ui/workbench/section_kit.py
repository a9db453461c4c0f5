"""The section of the workbench in a window of its own."""

from __future__ import annotations

from chatbench.core.models import ModelRef
from chatbench.services import Services
from chatbench.ui.window import MainWindow
from chatbench.ui.workbench.arrangement import WorkbenchPlace
from chatbench.ui.workbench.hands import Hands
from chatbench.ui.workbench.pane import WorkbenchPane
from chatbench.ui.workbench.section import Workbench, workbench_spec


class Opened:
    """A window with nothing but the workbench in it."""

    def __init__(self, services: Services, was: WorkbenchPlace | None = None) -> None:
        self.picked: list[ModelRef] = []
        self.chats: list[str] = []
        hands = Hands(lambda _anchor, _current, chosen: chosen(self.picked.pop(0)), self.chats.append)
        self.window = MainWindow([workbench_spec(lambda window: self.workbench.build(window))])
        self.workbench = Workbench(services, self.window, hands, was)

    @property
    def pane(self) -> WorkbenchPane:
        assert self.workbench._pane is not None
        return self.workbench._pane
